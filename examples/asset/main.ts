/**
 * `deno task asset serve DIR` and `deno task asset get NAME`: files from one machine to another, verified and resumable.
 *
 * What `serve` prints for a file is its BLAKE3 hash; given to `get` with `--root`, nothing else needs to be trusted.
 *
 * @module
 */
import { AssetClient, AssetServer } from "../../src/api/asset_mod.ts";
import { type FetchCommand, parseCommandLine, type ServeCommand, UsageError } from "./command_line.ts";
import { formatBytes, ProgressBar } from "./progress_bar.ts";

/** What the served folder is called. */
const FOLDER = "files";
/** How long nobody may answer, in ms. */
const CONNECT_LIMIT_MS = 10_000;
const WAITING_MS = 1000;

async function serve({ folder, hostname, port }: ServeCommand): Promise<void> {
  const server = new AssetServer({ hostname, port });
  const { root } = await server.register(await isFolder(folder) ? FOLDER : `${FOLDER}/${baseOf(folder)}`, folder);
  await server.start();
  console.log(`serving ${folder} on ${hostname}:${server.port}, root ${root.toHex()}; end with Ctrl+C`);
  await new Promise<void>((resolve) => Deno.addSignalListener("SIGINT", resolve));
  await server.stop();
}

async function fetchAsset({ name, to: where, hostname, port, root }: FetchCommand): Promise<void> {
  const to = name !== "." && await isFolder(where) ? `${where}/${baseOf(name)}` : where;
  const bar = new ProgressBar();
  const abort = new AbortController();
  Deno.addSignalListener("SIGINT", () => abort.abort(new Error("stopped; the same command goes on from here")));
  await using client = new AssetClient({ hostname, port, sourceTimeoutMs: CONNECT_LIMIT_MS });
  const waiting = setTimeout(() => console.error(`waiting for a server at ${hostname}:${port}`), WAITING_MS);
  // Whoever closes the client before there is a server is told by the download.
  client.connected.catch(() => {}).finally(() => clearTimeout(waiting));
  const result = await client.download(name === "." ? FOLDER : `${FOLDER}/${name}`, to, {
    signal: abort.signal,
    onProgress: (received, total) => bar.update(received, total),
    ...(root === undefined ? {} : { root }),
  });
  const { reusedBytes, receivedBytes } = result.statistics;
  bar.finish(receivedBytes - reusedBytes);
  const reused = reusedBytes > 0 ? `, ${formatBytes(reusedBytes)} of it were there` : "";
  console.log(`${to}: ${formatBytes(result.length)}${reused}, root ${result.root}`);
}

function baseOf(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== "") ?? path;
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

async function main(): Promise<number> {
  try {
    const command = parseCommandLine(Deno.args);
    await (command.command === "serve" ? serve(command) : fetchAsset(command));
    return 0;
  } catch (error) {
    // What is served has its folder's name before its own, of which nobody was told.
    console.error(`\n${error instanceof Error ? error.message.replaceAll(`"${FOLDER}/`, '"') : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

if (import.meta.main) Deno.exit(await main());
