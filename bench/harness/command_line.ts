/**
 * The command line of the bench: `[--only NAME] [--quick] [--json]`.
 *
 * @module
 */

/** What the command line asks for. */
export interface BenchOptions {
  /** Beginning of the names of the scenarios to run; empty for all. */
  readonly only: string;
  /** One round and fewer messages. */
  readonly quick: boolean;
  /** One JSON object a line instead of the table. */
  readonly json: boolean;
}

/** A command line that makes no sense; its message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the command line.
 *
 * @param args The arguments after the program.
 * @param names The names of all scenarios.
 * @returns The options.
 * @throws {UsageError} When an option or a name is unknown.
 */
export function parseCommandLine(args: readonly string[], names: readonly string[]): BenchOptions {
  let only = "";
  let quick = false;
  let json = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--quick") quick = true;
    else if (arg === "--json") json = true;
    else if (arg === "--only") only = nameOf(args[++i], names);
    else if (arg.startsWith("--only=")) only = nameOf(arg.slice("--only=".length), names);
    else throw new UsageError(`Unknown option "${arg}": the options are --only NAME, --quick and --json`);
  }
  return { only, quick, json };
}

function nameOf(name: string | undefined, names: readonly string[]): string {
  if (name === undefined || name === "") throw new UsageError("--only needs the beginning of a scenario's name");
  if (names.some((known) => known.startsWith(name))) return name;
  throw new UsageError(`No scenario's name begins with "${name}": there are ${names.join(", ")}`);
}
