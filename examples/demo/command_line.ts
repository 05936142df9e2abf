/**
 * What the command line of the demo says.
 *
 * @module
 */
import { scenarioNamed, SCENARIOS } from "./catalogue.ts";
import type { ClientSetting, Fault, Scenario } from "./scenario.ts";

/** Where to listen or to connect. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

/** How scenarios are driven. */
export interface Drive {
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  readonly runMs: number;
  readonly fault: Fault;
}

/** What is to be done. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "demo"; readonly drive: Drive }
  | { readonly kind: "listen"; readonly at: Endpoint; readonly supervised: boolean }
  | { readonly kind: "connect"; readonly to: Endpoint; readonly drive: Drive }
  | { readonly kind: "client"; readonly scenario: Scenario; readonly setting: ClientSetting };

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const HELP = `Moves real messages between real processes, verifies every byte, and prints one table.

    deno task demo                          both halves on this machine, about 10 s
    deno task demo --listen HOST:PORT       one half: waits for the other one, prints what it received and verified
    deno task demo --connect HOST:PORT      the other half: sends, and prints the table

The listening half uses PORT, PORT + 1 for the messages, and up to PORT + 3 where a transport has several (free ones, for
PORT 0). HOST may be an address of any network card, 0.0.0.0 to listen on all of them, or [::1] for IPv6. Both halves end when the connecting one is
done; the exit code is 0 when every byte was right and no message was missing, else 1.

    --quick         a fifth of a second each instead of one
    --only A,B      only these: ${SCENARIOS.map((scenario) => scenario.name).join(", ")}
    --seed N        what generated messages follow from (0 to 4294967295)
    --help          this text

To see that it would notice, one sender can do wrong on purpose in every scenario:

    --corrupt       one bit of one message is flipped
    --lose          one message is not sent
`;

const RUN_MS = 1000;
const QUICK_RUN_MS = 200;

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns What is to be done.
 * @throws {UsageError} When they make no sense.
 */
export function readCommandLine(args: readonly string[]): Command {
  if (args[0] === "--client") return readClient(args.slice(1));
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [name = "", inline] = args[i]!.split(/=(.*)/s);
    if (["--help", "-h", "--quick", "--corrupt", "--lose", "--supervised"].includes(name)) flags.add(name);
    else if (["--listen", "--connect", "--only", "--seed"].includes(name)) values.set(name, inline ?? args[++i] ?? "");
    else throw new UsageError(`There is no option ${name}`);
  }
  if (flags.has("--help") || flags.has("-h")) return { kind: "help" };
  const listen = values.get("--listen");
  const connect = values.get("--connect");
  if (listen !== undefined && connect !== undefined) throw new UsageError("A half either listens or connects");
  if (listen !== undefined) return { kind: "listen", at: endpoint(listen, 0), supervised: flags.has("--supervised") };
  const drive: Drive = {
    scenarios: scenarios(values.get("--only")),
    seed: seed(values.get("--seed")),
    runMs: flags.has("--quick") ? QUICK_RUN_MS : RUN_MS,
    fault: flags.has("--corrupt") ? "corrupt" : flags.has("--lose") ? "lose" : "none",
  };
  if (connect !== undefined) return { kind: "connect", to: endpoint(connect, 1), drive };
  return { kind: "demo", drive };
}

/**
 * The arguments that start a client process.
 *
 * @param scenario What it drives.
 * @param setting Where to and how.
 * @returns Arguments for `readCommandLine`.
 */
export function clientArguments(scenario: Scenario, setting: ClientSetting): string[] {
  return ["--client", scenario.name, JSON.stringify(setting)];
}

function readClient([name = "", json = ""]: readonly string[]): Command {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new UsageError(`There is no scenario ${name}`);
  return { kind: "client", scenario, setting: JSON.parse(json) as ClientSetting };
}

function endpoint(text: string, lowestPort: number): Endpoint {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  const port = Number(digits);
  if (hostname === undefined || !(port >= lowestPort && port <= 65534)) {
    throw new UsageError(`This is no HOST:PORT: "${text}"`);
  }
  return { hostname, port };
}

function scenarios(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return SCENARIOS;
  return only.split(",").map((name) => {
    const scenario = scenarioNamed(name);
    if (scenario === undefined) throw new UsageError(`There is no scenario "${name}"`);
    return scenario;
  });
}

function seed(text: string | undefined): number {
  if (text === undefined) return 20_260_101;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value <= 0xffffffff)) throw new UsageError(`This is no seed: "${text}"`);
  return value;
}
