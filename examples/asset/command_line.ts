/**
 * What the asset command is asked for.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** Serve a folder. */
export interface ServeCommand {
  readonly command: "serve";
  readonly folder: string;
  readonly hostname: string;
  readonly port: number;
}

/** Get an asset. */
export interface FetchCommand {
  readonly command: "get";
  readonly name: string;
  readonly to: string;
  readonly hostname: string;
  readonly port: number;
  readonly root: string | undefined;
}

/** The command line makes no sense. */
export class UsageError extends Error {}

const USAGE = `Usage:
  deno task asset serve DIR [--host HOST] [--port N]         serve a folder, as a whole and file by file; or one file
  deno task asset get NAME [--to PATH] [--host HOST] [--port N] [--root HASH]
                                                             get a file of it, or "." for the whole folder, which
                                                             goes to ./asset; again, it goes on where it was`;
const DEFAULT_PORT = "7878";

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns The command.
 * @throws {UsageError} When they make no sense.
 */
export function parseCommandLine(args: readonly string[]): ServeCommand | FetchCommand {
  const { values, positionals } = parsed(args);
  const [command, what] = positionals;
  const port = Number(values.port);
  if (positionals.length !== 2 || what === undefined) throw new UsageError(USAGE);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port takes 0 to 65535\n${USAGE}`);
  const hostname = values.host;
  if (command === "serve") return { command, folder: what, hostname, port };
  if (command !== "get") throw new UsageError(USAGE);
  const to = values.to ?? (what === "." ? "asset" : what.split("/").at(-1)!);
  return { command, name: what, to, hostname, port, root: values.root };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        host: { type: "string", default: "127.0.0.1" },
        port: { type: "string", default: DEFAULT_PORT },
        to: { type: "string" },
        root: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}
