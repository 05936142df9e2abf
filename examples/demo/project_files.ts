/**
 * The mixed load: the project's own files as payloads, with empty messages and messages of 1 MiB between them.
 *
 * Contents cannot be generated anew on another machine, so both ends keep a digest of all payloads in order.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { StreamAccount } from "./account.ts";

const ROOT = new URL("../../", import.meta.url);
const LARGE_BYTES = 1 << 20;
const FILES_PER_EMPTY = 10;
const FILES_PER_LARGE = 24;

/**
 * Reads the payloads.
 *
 * @returns At least one file, one empty message and one of 1 MiB, in the same order every time.
 */
export async function readPayloads(): Promise<Uint8Array[]> {
  const files = await Promise.all((await findFiles()).map((url) => Deno.readFile(url)));
  const large = new Uint8Array(LARGE_BYTES);
  for (let at = 0, i = 0; at < LARGE_BYTES; i++) {
    const file = files[i % files.length]!;
    large.set(file.subarray(0, LARGE_BYTES - at), at);
    at += file.length;
  }
  return files.flatMap((file, i) => [
    file,
    ...(i % FILES_PER_EMPTY === 0 ? [new Uint8Array(0)] : []),
    ...(i % FILES_PER_LARGE === 0 ? [large] : []),
  ]);
}

/** Counts the payloads of one stream and keeps their digest. */
export class PayloadDigest {
  readonly #hash: Hash = createHash("sha256");
  readonly #length = new DataView(new ArrayBuffer(4));
  #messages = 0;
  #bytes = 0;

  /**
   * Takes the next payload.
   *
   * @param payload Only read.
   */
  add(payload: Uint8Array): void {
    this.#length.setUint32(0, payload.length);
    this.#hash.update(new Uint8Array(this.#length.buffer));
    this.#hash.update(payload);
    this.#messages++;
    this.#bytes += payload.length;
  }

  /**
   * Ends the stream.
   *
   * @returns What it was.
   */
  account(): StreamAccount {
    return { messages: this.#messages, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}

async function findFiles(): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isFile } of Deno.readDir(ROOT)) {
    if (isFile && /\.(ts|md)$|^LICENSE$|^deno\.json$/.test(name)) found.push(new URL(name, ROOT));
  }
  await findSources(new URL("src/", ROOT), found);
  return found.sort((a, b) => a.href < b.href ? -1 : 1);
}

async function findSources(folder: URL, found: URL[]): Promise<void> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await findSources(new URL(`${name}/`, folder), found);
    else if (isFile && /\.(ts|md)$/.test(name)) found.push(new URL(name, folder));
  }
}
