/**
 * One end of an asset transfer as a process of its own, so that it can be killed at any moment.
 *
 * `server PORT FILE` prints its port and serves the file as `asset` until it is killed; `client PORT FILE` downloads it
 * and prints a line for every step: what was there already, what is on disk, and the end. Both are ready first and begin
 * with the first byte on standard input, so that nobody waits for the start of a process.
 *
 * @module
 */
import { AssetClient, AssetServer } from "../../src/api/asset_mod.ts";

function print(line: string): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}

async function go(): Promise<void> {
  if (await Deno.stdin.read(new Uint8Array(1)) === null) Deno.exit(0);
}

async function serve(port: number, path: string): Promise<void> {
  const server = new AssetServer({ port });
  await server.register("asset", path);
  await go();
  await server.start();
  print(`port ${server.port}`);
}

async function fetchInto(port: number, path: string): Promise<void> {
  await go();
  await using client = new AssetClient({ port, windowCount: 2, sync: false });
  const transfer = client.download("asset", path, {
    onProgress: (received) => {
      const { reusedBytes } = client.getTransferStats(transfer.id)!;
      print(`disk ${received} reused ${reusedBytes}`);
    },
  });
  const { root, statistics } = await transfer;
  print(`done ${root} reused ${statistics.reusedBytes} chunks ${statistics.chunksReceived}`);
}

if (import.meta.main) {
  const [role, port = "0", path = ""] = Deno.args;
  await (role === "server" ? serve(Number(port), path) : fetchInto(Number(port), path));
}
