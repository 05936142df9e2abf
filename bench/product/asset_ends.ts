/**
 * The server and the client of the asset scenarios.
 *
 * @module
 */

import { AssetClient, AssetServer } from "../../src/api/asset_mod.ts";
import { statusBytes } from "../harness/machine.ts";
import { awaitGo, report, type Settings, wallClockMs } from "../harness/role.ts";
import { assetPath, removeAsset } from "./asset_file.ts";

/**
 * Serves files until it is told to end; reports its memory above the start then.
 *
 * @param settings Numbers `folder`, `files`.
 */
export async function assetServer(settings: Settings): Promise<void> {
  const before = statusBytes("VmRSS");
  await using server = new AssetServer();
  for (let i = 0; i < settings.of("files"); i++) await server.register(`file${i}`, assetPath(settings, i));
  await server.start();
  report("listening", { port: server.port });
  let most = 0;
  const timer = setInterval(() => most = Math.max(most, statusBytes("VmRSS") - before), 50);
  await awaitGo();
  clearInterval(timer);
  report("done", { resident: Math.max(most, statusBytes("VmRSS") - before) });
}

/**
 * Downloads all files at once.
 *
 * @param settings Numbers `port`, `folder`, `files`, `bytes`.
 */
export async function assetClient(settings: Settings): Promise<void> {
  await using client = new AssetClient({ port: settings.of("port") });
  await client.connected;
  const files = Array.from({ length: settings.of("files") }, (_, i) => i);
  for (const i of files) await removeAsset(`${assetPath(settings, i)}.copy`);
  report("ready");
  await awaitGo();
  const start = wallClockMs();
  const results = await Promise.all(files.map((i) => client.download(`file${i}`, `${assetPath(settings, i)}.copy`)));
  const seconds = (wallClockMs() - start) / 1000;
  const bytes = results.reduce((sum, { statistics }) => sum + statistics.receivedBytes, 0);
  const wire = results.reduce((sum, { statistics }) => sum + statistics.wireBytes, 0);
  report("done", { bytes, seconds, wire, root: results[0]!.root });
  for (const i of files) await removeAsset(`${assetPath(settings, i)}.copy`);
}

/**
 * Downloads one file and reports what is on disk, until it is killed or has all.
 *
 * @param settings Numbers `port`, `folder`, `bytes`, `until`: the bytes after which it stands still for its end.
 */
export async function resumingClient(settings: Settings): Promise<void> {
  await using client = new AssetClient({ port: settings.of("port") });
  await client.connected;
  let isTold = false;
  const { statistics } = await client.download("file0", `${assetPath(settings, 0)}.copy`, {
    onProgress: (received) => {
      if (isTold || received < settings.of("until")) return;
      isTold = true;
      report("half", { received });
    },
  });
  const { chunksReceived, reusedBytes, receivedBytes } = statistics;
  report("done", { chunksReceived, reusedBytes, receivedBytes });
}
