/**
 * `asset.resume`: how many bytes are fetched again after the client was killed in the middle of a download.
 *
 * The client says how much is verified and on disk, is killed at half, and a new one goes on. Bytes fetched again are
 * those that the second one received beyond what the first one had not told.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { makeAsset, newFolder, removeAssets } from "../product/asset_file.ts";

const MIB = 1 << 20;
const CHUNK = 65_536;

/** One source: at most one chunk. */
export const assetResume: Scenario = {
  name: "asset.resume",
  metric: "alloc",
  unit: "B again",
  target: { of: "value", bound: "at most", limit: CHUNK },
  rounds: 3,
  lessBaseline: false,
  baseline: () => Promise.resolve({ value: 0 }),
  product: fetchedAgain,
};

async function fetchedAgain({ quick }: RunContext): Promise<Sample> {
  const bytes = (quick ? 64 : 512) * MIB;
  const folder = newFolder();
  try {
    await makeAsset(folder, 0, bytes, false);
    return await cast(import.meta.url, async (spawn) => {
      const server = spawn("asset-server", { folder, files: 1 });
      const port = Number((await server.expect("listening"))["port"]);
      const first = spawn("client", { folder, bytes, port, until: bytes / 2 });
      const told = Number((await first.expect("half"))["received"]);
      await first.kill();
      const second = spawn("client", { folder, bytes, port, until: 2 * bytes });
      const done = await second.expect("done");
      if (done["receivedBytes"] !== bytes) throw new Error(`${done["receivedBytes"]} of ${bytes} bytes have come`);
      const fetched = Number(done["chunksReceived"]) * CHUNK;
      const reused = Number(done["reusedBytes"]);
      return { value: Math.max(0, fetched - (bytes - told)), note: `${(reused / bytes * 100).toFixed(1)} % reused` };
    });
  } finally {
    await removeAssets(folder);
  }
}

if (import.meta.main) {
  await play({
    "asset-server": async (settings) => (await import("../product/asset_ends.ts")).assetServer(settings),
    "client": async (settings) => (await import("../product/asset_ends.ts")).resumingClient(settings),
  });
}
