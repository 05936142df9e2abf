/**
 * The connecting half: has client processes drive one scenario after another, and puts the table together.
 *
 * @module
 */
import { Particle } from "@ringwire/ringwire";
import { type Account, settle, type Verdict } from "./account.ts";
import type { ClientLine } from "./client_process.ts";
import { clientArguments, type Drive, type Endpoint } from "./command_line.ts";
import { type Answer, decodeControl, encodeControl, type Question } from "./control.ts";
import type { Child, Family } from "./family.ts";
import type { Progress } from "./progress.ts";
import { RoundTrips } from "./round_trips.ts";
import type { ClientSetting, Scenario } from "./scenario.ts";
import { type Rows, rowText } from "./table.ts";

/** How long a scenario may take beyond its running time before it counts as hung. */
const SPARE_MS = 6000;

/**
 * Drives all scenarios.
 *
 * @param to Where the listening half is.
 * @param drive What to drive, and how.
 * @param family Takes the client processes.
 * @param progress Shows how far it is.
 * @returns The rows of the table. A scenario that failed is a row with faults, and the last one.
 */
export async function connectHalf(to: Endpoint, drive: Drive, family: Family, progress: Progress): Promise<Rows> {
  await using control = new ControlLink(to);
  await control.connected;
  const rows: (readonly [string, Verdict])[] = [];
  for (const scenario of drive.scenarios) {
    progress.begin(scenario.transport);
    const run = new ScenarioRun(scenario, to.hostname, drive, control, family, progress);
    const verdict = await run.verdict();
    rows.push([scenario.transport, verdict]);
    progress.end(rowText(scenario.transport, verdict));
    if (run.isBroken) break;
  }
  return rows;
}

/** The connection on which the halves talk about what they do. */
class ControlLink implements AsyncDisposable {
  readonly #particle: Particle;
  #pending: PromiseWithResolvers<Answer> = Promise.withResolvers();

  constructor({ hostname, port }: Endpoint) {
    this.#pending.promise.catch(() => {});
    this.#particle = new Particle({
      hostname,
      port,
      onReceived: (bytes) => this.#pending.resolve(decodeControl<Answer>(bytes)),
      onDisconnected: ({ message }) => this.#pending.reject(new Error(`the listening half is gone: ${message}`)),
    });
  }

  get connected(): Promise<void> {
    return this.#particle.connected;
  }

  async ask<Kind extends Answer["kind"]>(question: Question, kind: Kind): Promise<Answer & { kind: Kind }> {
    this.#pending = Promise.withResolvers();
    await this.#particle.send(encodeControl(question));
    const answer = await this.#pending.promise;
    if (answer.kind === kind) return answer as Answer & { kind: Kind };
    throw new Error(answer.kind === "refused" ? `the listening half refused: ${answer.why}` : `got ${answer.kind}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#particle.close();
  }
}

/** One scenario, driven by its clients. */
class ScenarioRun {
  /** Whether it did not come to its end, so that the listening half is not ready for another one. */
  isBroken = false;
  readonly #scenario: Scenario;
  readonly #hostname: string;
  readonly #drive: Drive;
  readonly #control: ControlLink;
  readonly #family: Family;
  readonly #progress: Progress;
  readonly #counts: number[] = [];

  constructor(
    scenario: Scenario,
    hostname: string,
    drive: Drive,
    control: ControlLink,
    family: Family,
    progress: Progress,
  ) {
    this.#scenario = scenario;
    this.#hostname = hostname;
    this.#drive = drive;
    this.#control = control;
    this.#family = family;
    this.#progress = progress;
  }

  async verdict(): Promise<Verdict> {
    const children: Child[] = [];
    const limitMs = this.#drive.runMs + SPARE_MS;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error(`no end within ${limitMs / 1000} s`)), limitMs);
    try {
      return await Promise.race([this.#run(children), limit.promise]);
    } catch (error) {
      this.isBroken = true;
      return failure(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.ended));
    }
  }

  async #run(children: Child[]): Promise<Verdict> {
    const { seed, runMs, fault } = this.#drive;
    const begin: Question = { kind: "begin", scenario: this.#scenario.name, seed, runMs, fault };
    const { port } = await this.#control.ask(begin, "ready");
    for (let client = 0; client < this.#scenario.clientCount; client++) {
      const ownFault = client === 0 ? fault : "none";
      const setting: ClientSetting = { hostname: this.#hostname, port, seed, runMs, fault: ownFault, client };
      children.push(this.#family.start(clientArguments(this.#scenario, setting)));
    }
    const accounts = await Promise.all(children.map((child, client) => this.#account(child, client)));
    const { account } = await this.#control.ask({ kind: "end", accounts }, "report");
    return settle(account, accounts);
  }

  async #account(child: Child, client: number): Promise<Account> {
    let account: Account | undefined;
    for await (const line of child.lines()) {
      const report = JSON.parse(line) as ClientLine;
      if ("account" in report) account = report.account;
      else this.#moved(client, report.messages);
    }
    const code = await child.ended;
    if (code !== 0 || account === undefined) throw new Error(`client ${client} ended with code ${code}`);
    return account;
  }

  #moved(client: number, messages: number): void {
    this.#counts[client] = messages;
    this.#progress.moved(this.#counts.reduce((sum, one) => sum + (one ?? 0), 0));
  }
}

function failure(fault: string): Verdict {
  return { messages: 0, bytes: 0, seconds: 0, drops: 0, faults: [fault], roundTrips: new RoundTrips() };
}
