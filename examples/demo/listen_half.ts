/**
 * The listening half: serves one scenario after another for one connecting half, and prints what it received and
 * verified.
 *
 * @module
 */
import { type Connection, Reactor } from "@ringwire/ringwire";
import { settle } from "./account.ts";
import { scenarioNamed } from "./catalogue.ts";
import type { Endpoint } from "./command_line.ts";
import { type Answer, decodeControl, encodeControl, type Question } from "./control.ts";
import type { Scenario, Service } from "./scenario.ts";
import { rowText } from "./table.ts";

/** The line that tells where the half listens; the rest of it is the address. */
export const LISTENING = "Listening on ";

/** Connections on which nobody asks for anything may come and go: the port may be open to a network. */
const MAX_CONNECTIONS = 16;

/**
 * Serves until the connecting half is gone.
 *
 * @param at Where to listen.
 * @returns Whether every byte was right and the other half came to its end.
 */
export async function listenHalf(at: Endpoint): Promise<boolean> {
  const gone = Promise.withResolvers<void>();
  const half = new ListenHalf(at);
  let other: Connection | undefined;
  await using control = new Reactor({
    ...at,
    maxConnectionCount: MAX_CONNECTIONS,
    onReceived: async (connection: Connection, payload: Uint8Array) => {
      const question = decodeControl<Question>(payload);
      if (question.kind === "begin") other ??= connection;
      const isOther = other === connection;
      await connection.send(encodeControl(isOther ? await half.answer(question) : refusal("another half is here")));
    },
    onDisconnected: (connection) => {
      if (connection === other) gone.resolve();
    },
    onError: (error) => console.error(`A connection was closed: ${error}`),
  });
  await control.start();
  const host = at.hostname.includes(":") ? `[${at.hostname}]` : at.hostname;
  console.log(`${LISTENING}${host}:${control.port}`);
  await gone.promise;
  return half.succeeded();
}

function refusal(why: string): Answer {
  return { kind: "refused", why };
}

class ListenHalf {
  readonly #hostname: string;
  readonly #dataPort: number;
  #running: { readonly scenario: Scenario; readonly service: Service } | undefined = undefined;
  #rows = 0;
  #wrong = 0;

  constructor({ hostname, port }: Endpoint) {
    this.#hostname = hostname;
    this.#dataPort = port === 0 ? 0 : port + 1;
  }

  /** Whether something ran, all of it was right, and nothing was broken off. */
  succeeded(): boolean {
    if (this.#running !== undefined) console.log(`${this.#running.scenario.transport}: broken off by the other half`);
    return this.#running === undefined && this.#rows > 0 && this.#wrong === 0;
  }

  async answer(question: Question): Promise<Answer> {
    try {
      return question.kind === "begin" ? await this.#begin(question) : await this.#end(question);
    } catch (error) {
      return refusal(error instanceof Error ? error.message : String(error));
    }
  }

  async #begin(question: Question & { kind: "begin" }): Promise<Answer> {
    const scenario = scenarioNamed(question.scenario);
    if (scenario === undefined) return refusal(`there is no scenario ${question.scenario} here`);
    if (this.#running !== undefined) return refusal("another scenario is running");
    const { seed, runMs, fault } = question;
    const service = await scenario.serve({ hostname: this.#hostname, port: this.#dataPort, seed, runMs, fault });
    this.#running = { scenario, service };
    return { kind: "ready", port: service.port };
  }

  async #end({ accounts }: Question & { kind: "end" }): Promise<Answer> {
    if (this.#running === undefined) return refusal("no scenario is running");
    const { scenario, service } = this.#running;
    const account = await service.finish();
    this.#running = undefined;
    const verdict = settle(account, accounts);
    this.#rows++;
    if (verdict.faults.length > 0) this.#wrong++;
    console.log([rowText(scenario.transport, verdict), ...verdict.faults.map((fault) => `  ${fault}`)].join("\n"));
    return { kind: "report", account };
  }
}
