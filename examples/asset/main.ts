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

async function serve({ folder, hostname, port }: ServeCommand): Promise<void> {
  const server = new AssetServer({ hostname, port });
  const { root } = await server.register(FOLDER, folder);
  await server.start();
  console.log(`serving ${folder} on ${hostname}:${server.port}, root ${root.toHex()}; end with Ctrl+C`);
  await new Promise<void>((resolve) => Deno.addSignalListener("SIGINT", resolve));
  await server.stop();
}

async function fetchAsset({ name, to, hostname, port, root }: FetchCommand): Promise<void> {
  const bar = new ProgressBar();
  const abort = new AbortController();
  Deno.addSignalListener("SIGINT", () => abort.abort(new Error("stopped; the same command goes on from here")));
  await using client = new AssetClient({ hostname, port });
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

async function main(): Promise<number> {
  try {
    const command = parseCommandLine(Deno.args);
    await (command.command === "serve" ? serve(command) : fetchAsset(command));
    return 0;
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

if (import.meta.main) Deno.exit(await main());
