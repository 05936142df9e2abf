/**
 * What the command line of the arena says.
 *
 * @module
 */

/** What is to be done. */
export interface Command {
  readonly hostname: string;
  /** The port; `undefined`: the usual one, or another where that is taken. */
  readonly port: number | undefined;
  readonly entities: number;
  readonly bots: number;
  /** After how many seconds it ends; `Infinity`: when it is told to. */
  readonly seconds: number;
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const HELP = `An arena of a few hundred that move, to be seen in a browser.

    deno task arena [options]

    --port N        where the page is served (0: any free port)          8000, or a free one
    --host NAME     0.0.0.0 lets phones and friends in the same network in   127.0.0.1
    --entities N    how many move by themselves, 1 to 2000                300
    --bots N        how many bots play over framed TCP, 0 to 64           8
    --seconds N     ends by itself
    --help          this text
`;

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  "--port": [0, 65_535],
  "--entities": [1, 2000],
  "--bots": [0, 64],
  "--seconds": [0.1, 1e6],
};

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns What is to be done, `undefined` when it is to be explained.
 * @throws {UsageError} When they make no sense.
 */
export function readCommandLine(args: readonly string[]): Command | undefined {
  const numbers = new Map<string, number>();
  let hostname = "127.0.0.1";
  for (let i = 0; i < args.length; i++) {
    const [name = "", inline] = args[i]!.split(/=(.*)/s);
    if (name === "--help" || name === "-h") return undefined;
    const range = RANGES[name];
    if (range === undefined && name !== "--host") throw new UsageError(`There is no option ${name}`);
    const value = inline ?? args[++i] ?? "";
    if (range === undefined) hostname = hostOf(value);
    else numbers.set(name, numberOf(name, value, range));
  }
  return {
    hostname,
    port: numbers.get("--port"),
    entities: numbers.get("--entities") ?? 300,
    bots: numbers.get("--bots") ?? 8,
    seconds: numbers.get("--seconds") ?? Infinity,
  };
}

function hostOf(text: string): string {
  if (text === "") throw new UsageError("The option --host needs a name or an address");
  return text;
}

function numberOf(name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  const isWhole = Number.isInteger(value) || name === "--seconds";
  if (isWhole && value >= min && value <= max) return value;
  throw new UsageError(`The option ${name} must be a number from ${min} to ${max}: got "${text}"`);
}
