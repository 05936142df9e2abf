/**
 * The block functions of lz4js with types: what ours are held against. It must never see bytes of a stranger.
 *
 * @module
 */
import lz4js from "lz4js";

interface Lz4Js {
  compressBound(length: number): number;
  compressBlock(from: Uint8Array, into: Uint8Array, start: number, length: number, hashes: Uint32Array): number;
  decompressBlock(from: Uint8Array, into: Uint8Array, start: number, length: number, at: number): number;
}

const oracle = lz4js as Lz4Js;
const HASHES = 1 << 16;

/** Compresses with lz4js; `undefined` where it finds nothing to compress. */
export function oracleCompress(bytes: Uint8Array): Uint8Array | undefined {
  const into = new Uint8Array(oracle.compressBound(bytes.length));
  const length = oracle.compressBlock(bytes, into, 0, bytes.length, new Uint32Array(HASHES));
  return length === 0 ? undefined : into.subarray(0, length);
}

/** Decompresses a well-formed block with lz4js. */
export function oracleDecompress(block: Uint8Array, size: number): Uint8Array {
  const into = new Uint8Array(size);
  const length = oracle.decompressBlock(block, into, 0, block.length, 0);
  if (length !== size) throw new Error(`${length} bytes instead of ${size}`);
  return into;
}

/** Decompresses a well-formed block with lz4js into given memory. */
export function oracleDecompressInto(block: Uint8Array, length: number, into: Uint8Array): number {
  return oracle.decompressBlock(block, into, 0, length, 0);
}
