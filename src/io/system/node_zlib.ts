/**
 * Payload compression by `node:zlib`: Zstandard (RFC 8878) and zlib (RFC 1950), with bounded output.
 *
 * Invariant: whatever a peer sent, nothing throws, and never more than `maxBytes` come out or are allocated for it.
 *
 * @module
 */
import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { PayloadCompression } from "../../message/payload_compression.ts";
import { MessageCompression } from "../../wire/message_packet.ts";
import { NOT_ONE_FRAME, zstdContentBytes } from "./zstd_frame.ts";

const ZSTD: PayloadCompression = Object.freeze({
  code: MessageCompression.Zstd,
  compress: (payload: Uint8Array): Uint8Array => plain(zstdCompressSync(payload)),
  decompress: (compressed: Uint8Array, maxBytes: number): Uint8Array | undefined => {
    const stated = zstdContentBytes(compressed);
    if (stated === NOT_ONE_FRAME || stated > maxBytes) return undefined;
    const payload = attempt(zstdDecompressSync, compressed, maxBytes);
    return payload !== undefined && (stated < 0 || payload.length === stated) ? payload : undefined;
  },
});

const ZLIB: PayloadCompression = Object.freeze({
  code: MessageCompression.Zlib,
  compress: (payload: Uint8Array): Uint8Array => plain(deflateSync(payload)),
  decompress: (compressed: Uint8Array, maxBytes: number): Uint8Array | undefined =>
    attempt(inflateSync, compressed, maxBytes),
});

/** Both ways of compressing that message packets know. */
export const NODE_COMPRESSIONS: readonly PayloadCompression[] = Object.freeze([ZSTD, ZLIB]);

type Unpack = (input: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

function attempt(unpack: Unpack, compressed: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    const payload = plain(unpack(compressed, { maxOutputLength: Math.max(1, maxBytes) }));
    return payload.length <= maxBytes ? payload : undefined;
  } catch {
    return undefined;
  }
}

/** Why: a `Buffer` behaves unlike other arrays of bytes (its `slice` does not copy). */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
