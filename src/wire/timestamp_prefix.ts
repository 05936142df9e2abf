/**
 * The optional prefix that carries when a message was sent (STANDARD.md, section 3): an unsigned 64-bit little-endian
 * count of microseconds since 1970. Exact as a number until the year 2255.
 *
 * @module
 */
import { decodeInt32Header, encodeInt32Header } from "./int32_frame.ts";

/** The size of the prefix in bytes. */
export const TIMESTAMP_BYTES = 8;

const TWO_32 = 0x1_0000_0000;

/**
 * Writes a prefix.
 *
 * @param into The memory; eight bytes from `at` are overwritten.
 * @param at Where the prefix starts.
 * @param wallMs The sender's wall clock in milliseconds since 1970, with a fraction.
 */
export function encodeTimestamp(into: Uint8Array, at: number, wallMs: number): void {
  const micros = Math.floor(wallMs * 1000);
  encodeInt32Header(into, at, micros % TWO_32 | 0);
  encodeInt32Header(into, at + 4, Math.floor(micros / TWO_32) | 0);
}

/**
 * Reads a prefix.
 *
 * @param from The memory; it must hold eight bytes from `at`.
 * @param at Where the prefix starts.
 * @returns Milliseconds since 1970, with a fraction; whatever a hostile peer wrote, never `NaN` and never negative.
 */
export function decodeTimestamp(from: Uint8Array, at: number): number {
  const low = decodeInt32Header(from, at) >>> 0;
  const high = decodeInt32Header(from, at + 4) >>> 0;
  return (high * TWO_32 + low) / 1000;
}
