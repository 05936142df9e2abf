/**
 * `asset.hash`: the tree hash of assets on one core, beside the fastest libraries.
 *
 * Everything runs in this one process. Ours hashes groups of 64 KiB where they lie, as a download does, with all parents
 * up to the root; a library is handed the same memory and gives the same root, or there is no figure.
 *
 * @module
 */

import { blake3 } from "@noble/hashes/blake3.js";
import { createBLAKE3 } from "hash-wasm";
import { ChunkTree } from "../../src/asset/chunk_tree.ts";
import type { GroupHasher } from "../../src/asset/group_hasher.ts";
import { PlainHasher } from "../../src/asset/plain_hasher.ts";
import { SimdHasher } from "../../src/io/file/simd_hasher.ts";
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { FileHasher } from "../../src/runtime/asset_file_hasher.ts";
import { type HashLanes, InlineLanes } from "../../src/runtime/asset_hash_lane.ts";
import { HashTeam } from "../../src/runtime/asset_hash_team.ts";
import type { StoredFile } from "../../src/transport/file_store.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const CHUNK = 65_536;
const BYTES = 64 << 20;
const WORKERS = 2;

/** Ours on vectors beside `hash-wasm`. */
export const assetHash: Scenario = {
  name: "asset.hash",
  metric: "bytes_rate",
  unit: "B/s",
  target: { of: "ratio", bound: "at least", limit: 1 },
  rounds: 5,
  lessBaseline: false,
  baseline: wasmRate,
  product: (context) => treeRate(new SimdHasher(), context),
};

/** Ours on vectors beside `@noble/hashes`. */
export const assetHashNoble: Scenario = {
  ...assetHash,
  name: "asset.hash.noble",
  target: { of: "ratio", bound: "at least", limit: 5 },
  baseline: nobleRate,
};

/** Ours in plain TypeScript, for platforms without vectors, beside `hash-wasm`. */
export const assetHashPlain: Scenario = {
  ...assetHash,
  name: "asset.hash.plain",
  target: undefined,
  product: (context) => treeRate(new PlainHasher(), context),
};

/** A file over two workers beside this thread alone; only the bytes are in memory, everything else is as with files. */
export const assetHashWorkers: Scenario = {
  ...assetHash,
  name: "asset.hash.workers",
  target: undefined,
  baseline: (context) => fileRate(new InlineLanes(new SimdHasher()), context),
  product: (context) => fileRate(new HashTeam(WORKERS, new SimdHasher(), new SystemScheduler()), context),
};

function fill(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i += 4) bytes[i] = i >>> 8;
  return bytes;
}

let expected = "";

/** The rate of a hash function that gives the root in hexadecimal digits. */
function rated(bytes: number, { quick }: RunContext, hash: () => string): Sample {
  hash();
  const rounds = quick ? 2 : 6;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    const root = hash();
    if (bytes === BYTES) expected ||= root;
    if (bytes === BYTES && root !== expected) throw new Error("Two hashes of the same bytes differ");
  }
  return { value: rounds * bytes / (performance.now() - start) * 1000 };
}

function treeRate(hasher: GroupHasher, context: RunContext): Promise<Sample> {
  const memory = fill(hasher.claim(BYTES));
  const sample = rated(BYTES, context, () => {
    const tree = new ChunkTree(BYTES, hasher);
    for (let i = 0; i < tree.chunkCount; i++) tree.addChunk(i, memory, i * CHUNK, (i + 1) * CHUNK);
    tree.finish();
    return tree.root.toHex();
  });
  return Promise.resolve(sample);
}

async function fileRate(lanes: HashLanes, { quick }: RunContext): Promise<Sample> {
  const content = fill(new Uint8Array(BYTES));
  const file = {
    read: (into: Uint8Array, position: number) => {
      into.set(content.subarray(position, position + into.length));
      return Promise.resolve(into.length);
    },
  } as Pick<StoredFile, "read"> as StoredFile;
  const hasher = new FileHasher(lanes);
  const span = { length: BYTES, first: 0, end: BYTES / CHUNK, offset: 0 };
  const tree = new ChunkTree(BYTES, new SimdHasher());
  const run = async (): Promise<string> => {
    await hasher.hash(file, span, (index, leaves, at) => tree.setLeaf(index, leaves, at));
    tree.finish();
    return tree.root.toHex();
  };
  expected ||= await run();
  await run();
  const rounds = quick ? 2 : 6;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) if (await run() !== expected) throw new Error("Two hashes of the same bytes differ");
  const value = rounds * BYTES / (performance.now() - start) * 1000;
  await lanes.stop();
  return { value };
}

async function wasmRate(context: RunContext): Promise<Sample> {
  const hasher = await createBLAKE3();
  const memory = fill(new Uint8Array(BYTES));
  return rated(BYTES, context, () => hasher.init().update(memory).digest());
}

function nobleRate(context: RunContext): Promise<Sample> {
  const memory = fill(new Uint8Array(BYTES / 8));
  return Promise.resolve(rated(BYTES / 8, context, () => blake3(memory).toHex()));
}
