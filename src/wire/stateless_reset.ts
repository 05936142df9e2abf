/**
 * The stateless reset (STANDARD.md, section 8; RFC 9000 section 10.3): how an end that lost its state says so.
 *
 * ```text
 *  0      1                        9                          n - 16             n
 *  +------+------------------------+--------------------------+------------------+
 *  | 1101 | connection id of the   | at least 16 random bytes | reset token      |
 *  | 000p | packet that triggered  |                          | of that id       |
 *  +------+------------------------+--------------------------+------------------+
 * ```
 *
 * Invariant: a reset is shorter than what triggers it, so that two ends without state do not answer each other forever.
 *
 * @module
 */
import { encodeWord, firstByte, ID_OFFSET, PacketType } from "./packet_header.ts";
import { RESET_TOKEN_BYTES } from "./session_frame.ts";

/** The shortest reset. */
export const MIN_RESET_BYTES = 41;

/** The longest reset that is sent. */
export const MAX_RESET_BYTES = 60;

/**
 * How long the reset for a packet is.
 *
 * @param triggerBytes How long the packet is that triggers it.
 * @returns The length, or 0 when the packet is too short to be answered.
 */
export function resetLength(triggerBytes: number): number {
  const length = Math.min(triggerBytes - 1, MAX_RESET_BYTES);
  return length < MIN_RESET_BYTES ? 0 : length;
}

/**
 * Makes a reset of memory that holds random bytes.
 *
 * @param into The memory; the random bytes of the datagram are there already.
 * @param at Where the datagram starts.
 * @param length How long it is, as {@linkcode resetLength} said.
 * @param idHigh The connection id of the packet that triggered it, upper half.
 * @param idLow Lower half.
 * @param token The token of that id.
 */
export function encodeReset(
  into: Uint8Array,
  at: number,
  length: number,
  idHigh: number,
  idLow: number,
  token: Uint8Array,
): void {
  into[at] = firstByte(PacketType.Session, into[at]! & 1);
  encodeWord(into, at + ID_OFFSET, idHigh);
  encodeWord(into, at + ID_OFFSET + 4, idLow);
  into.set(token, at + length - RESET_TOKEN_BYTES);
}
