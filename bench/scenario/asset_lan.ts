/**
 * `asset.lan`, `asset.text`: one file from disk to disk over loopback, verified chunk by chunk against its root, beside
 * the same bytes on a bare socket, hashed whole by `hash-wasm`; and what serving many files takes in memory.
 *
 * Server and client are processes of their own; the clock runs in the client from the request (the bare one: from the
 * connect) until everything is verified, written and synced to the disk. The tree of the served file is made before.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { linkAsset, makeAsset, newFolder, removeAssets } from "../product/asset_file.ts";

const MIB = 1 << 20;

/** Incompressible data. */
export const assetLan: Scenario = {
  name: "asset.lan",
  metric: "bytes_rate",
  unit: "B/s",
  target: { of: "ratio", bound: "at least", limit: 0.7 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => bare(context, false),
  product: (context) => product(context, false),
};

/** Compressible data, in bytes of the file. */
export const assetText: Scenario = {
  ...assetLan,
  name: "asset.text",
  target: undefined,
  baseline: (context) => bare(context, true),
  product: (context) => product(context, true),
};

/** Resident memory of a server above its start while it makes the trees of ten files and serves them all at once. */
export const assetMemory: Scenario = {
  name: "asset.memory",
  metric: "resident",
  unit: "B",
  target: { of: "value", bound: "at most", limit: 256 * MIB },
  rounds: 3,
  lessBaseline: false,
  baseline: () => Promise.resolve({ value: 0 }),
  product: (context) => resident(context),
};

async function bare({ quick }: RunContext, isText: boolean): Promise<Sample> {
  const bytes = (quick ? 128 : 1024) * MIB;
  return await withFiles(1, bytes, isText, (folder) =>
    cast(import.meta.url, async (spawn) => {
      const server = spawn("bare-server", { folder, bytes });
      const { port } = await server.expect("listening");
      const client = spawn("bare-client", { folder, bytes, port: Number(port) });
      await client.expect("ready");
      await client.go();
      return rate(await client.expect("done"), bytes);
    }));
}

async function product({ quick }: RunContext, isText: boolean): Promise<Sample> {
  const bytes = (quick ? 128 : 1024) * MIB;
  return await withFiles(1, bytes, isText, (folder) =>
    cast(import.meta.url, async (spawn) => {
      const server = spawn("asset-server", { folder, files: 1 });
      const { port } = await server.expect("listening");
      const client = spawn("asset-client", { folder, bytes, files: 1, port: Number(port) });
      await client.expect("ready");
      await client.go();
      const done = await client.expect("done");
      return { ...rate(done, bytes), note: `${(Number(done["wire"]) / bytes * 100).toFixed(1)} % on the wire` };
    }));
}

async function resident({ quick }: RunContext): Promise<Sample> {
  const bytes = (quick ? 64 : 1024) * MIB;
  return await withFiles(10, bytes, false, (folder) =>
    cast(import.meta.url, async (spawn) => {
      const server = spawn("asset-server", { folder, files: 10 });
      const { port } = await server.expect("listening");
      const client = spawn("asset-client", { folder, bytes, files: 10, port: Number(port) });
      await client.expect("ready");
      await client.go();
      rate(await client.expect("done"), 10 * bytes);
      await server.go();
      const { resident } = await server.expect("done");
      return { value: Number(resident) };
    }));
}

function rate(done: { readonly [figure: string]: number | string }, bytes: number): Sample {
  if (done["bytes"] !== bytes) throw new Error(`${done["bytes"]} of ${bytes} bytes have come`);
  return { value: bytes / Number(done["seconds"]) };
}

async function withFiles<T>(
  count: number,
  bytes: number,
  isText: boolean,
  run: (folder: number) => Promise<T>,
): Promise<T> {
  const folder = newFolder();
  try {
    await makeAsset(folder, 0, bytes, isText);
    for (let i = 1; i < count; i++) await linkAsset(folder, i);
    return await run(folder);
  } finally {
    await removeAssets(folder);
  }
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => (await import("../raw/file_stream.ts")).fileServer(settings),
    "bare-client": async (settings) => (await import("../raw/file_stream.ts")).fileClient(settings),
    "asset-server": async (settings) => (await import("../product/asset_ends.ts")).assetServer(settings),
    "asset-client": async (settings) => (await import("../product/asset_ends.ts")).assetClient(settings),
  });
}
