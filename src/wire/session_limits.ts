/**
 * What an end of a session accepts from its peer, as both tell each other (STANDARD.md, section 6).
 *
 * @module
 */
import { BASE_DATAGRAM_BYTES, decodeWord, encodeWord } from "./packet_header.ts";

/**
 * ```text
 *  0                    2                  4                8           12
 *  +--------------------+------------------+----------------+-----------+
 *  | max datagram bytes | max ack delay ms | idle timeout ms| features  |
 *  | uint16             | uint16           | uint32         | uint32    |
 *  +--------------------+------------------+----------------+-----------+
 * ```
 */
export const LIMITS_BYTES = 12;

/** The limits of one end. */
export interface SessionLimits {
  /** The largest datagram that it accepts, in bytes, 1200 to 65535. */
  readonly maxDatagramBytes: number;
  /** How long it holds back an acknowledgement at most, in ms, 0 to 65535. */
  readonly maxAckDelayMs: number;
  /** After how many ms without a packet it gives the session up, 0 to 2^32 - 1; 0: never. */
  readonly idleTimeoutMs: number;
  /** A bit for each optional feature that it knows; both ends use what both have. */
  readonly features: number;
}

/**
 * Writes limits.
 *
 * @param into The memory; {@linkcode LIMITS_BYTES} bytes from `at` are overwritten.
 * @param at Where they start.
 * @param limits The limits; every field within its bounds.
 */
export function encodeLimits(into: Uint8Array, at: number, limits: SessionLimits): void {
  encodeWord(into, at, (limits.maxDatagramBytes << 16) | limits.maxAckDelayMs);
  encodeWord(into, at + 4, limits.idleTimeoutMs);
  encodeWord(into, at + 8, limits.features);
}

/**
 * Reads limits.
 *
 * @param from The memory; it must hold {@linkcode LIMITS_BYTES} bytes from `at`.
 * @param at Where they start.
 * @returns The limits, or `undefined` when the peer accepts less than every link carries.
 */
export function decodeLimits(from: Uint8Array, at: number): SessionLimits | undefined {
  const sizes = decodeWord(from, at);
  const maxDatagramBytes = sizes >>> 16;
  if (maxDatagramBytes < BASE_DATAGRAM_BYTES) return undefined;
  const idleTimeoutMs = decodeWord(from, at + 4) >>> 0;
  return { maxDatagramBytes, maxAckDelayMs: sizes & 0xffff, idleTimeoutMs, features: decodeWord(from, at + 8) >>> 0 };
}
