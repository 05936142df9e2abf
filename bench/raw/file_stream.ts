/**
 * The bytes of a file over a bare socket: hashed whole by `hash-wasm` and written to disk at the other end.
 *
 * Reading, hashing and writing overlap as far as one thread can: while a block is written the next one is read.
 *
 * @module
 */

import { createBLAKE3 } from "hash-wasm";
import { awaitGo, report, type Settings, wallClockMs } from "../harness/role.ts";
import { assetPath, removeAsset } from "../product/asset_file.ts";
import { acceptOne, connect, writeAll } from "./loopback.ts";

const BLOCK_BYTES = 256 * 1024;

/**
 * The server: writes the file to whoever connects.
 *
 * @param settings Numbers `folder`, `bytes`.
 */
export async function fileServer(settings: Settings): Promise<void> {
  using connection = await acceptOne();
  using file = await Deno.open(assetPath(settings, 0));
  const block = new Uint8Array(BLOCK_BYTES);
  for (let read = await file.read(block); read !== null; read = await file.read(block)) {
    await writeAll(connection, block.subarray(0, read));
  }
  await awaitGo();
}

/**
 * The client: takes the file, hashes it and writes it.
 *
 * @param settings Numbers `port`, `folder`, `bytes`.
 */
export async function fileClient(settings: Settings): Promise<void> {
  const hasher = await createBLAKE3();
  const path = `${assetPath(settings, 0)}.bare`;
  await removeAsset(path);
  using file = await Deno.open(path, { write: true, createNew: true });
  report("ready");
  await awaitGo();
  const start = wallClockMs();
  using connection = await connect(settings);
  const blocks = [new Uint8Array(BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)];
  let writing: Promise<void> = Promise.resolve();
  let bytes = 0;
  for (let turn = 0;; turn = 1 - turn) {
    const read = await connection.read(blocks[turn]!);
    if (read === null) break;
    bytes += read;
    const part = blocks[turn]!.subarray(0, read);
    hasher.update(part);
    await writing;
    writing = write(file, part);
    if (bytes === settings.of("bytes")) break;
  }
  await writing;
  await file.sync();
  const root = hasher.digest();
  const seconds = (wallClockMs() - start) / 1000;
  report("done", { bytes, seconds, root });
  await removeAsset(path);
}

async function write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}
