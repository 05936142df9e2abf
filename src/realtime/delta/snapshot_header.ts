/**
 * The header of every snapshot packet, and the arithmetic of snapshot numbers.
 *
 * Numbers are 16 bits on the wire and compare as in RFC 1982 (serial number arithmetic): what is less than 2^15 ahead
 * is newer. Both ends count on in ordinary integers and only differences come off the wire. Invariant: a header whose
 * fields are out of their bounds is refused before anybody looks at the body.
 *
 * ```text
 *  0         1          3         5                        …                 …
 * | 0101 cckk | number   | epoch   | base distance, varint | checksum, 4 B  | body
 *   kk  00 bytes, 01 world                  0: needs no base    only when cc = 01
 * ```
 *
 * The epoch tells the snapshots of one sender from those of another, such as a server that was started again and counts
 * from 0 anew. In a world it goes together with the schema: {@linkcode worldEpoch}.
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLengthFrom } from "../../bytes/varint.ts";

/** What an acknowledgement says when there is no snapshot to build on: the sender is asked for a full one. */
export const NO_SNAPSHOT: number = -1;

/** How far back a base may lie: what two bytes of varint hold. */
export const MAX_BASE_DISTANCE = 0x3fff;

/** The longest header in bytes. */
export const MAX_HEADER_BYTES = 11;

/** What a packet carries. */
export const SnapshotKind = { Bytes: 0, World: 1 } as const;

/** One of the values of {@linkcode SnapshotKind}. */
export type SnapshotKind = (typeof SnapshotKind)[keyof typeof SnapshotKind];

const SIGNATURE = 0x50;
const CHECKED = 0x04;
const FIXED_BYTES = 5;
const CHECKSUM_BYTES = 4;

/**
 * How far one number is ahead of another.
 *
 * @param number A snapshot number; its low 16 bits count.
 * @param than The number that it is compared with.
 * @returns -2^15 to 2^15 - 1; positive when `number` is newer.
 */
export function serialDistance(number: number, than: number): number {
  return ((number - than) << 16) >> 16;
}

/**
 * The epoch that the packets of a world carry: another for another schema, and for another start of the server.
 *
 * @param fingerprint The fingerprint of the schema.
 * @param epoch The number of the start.
 * @returns 16 bits.
 */
export function worldEpoch(fingerprint: number, epoch: number): number {
  return (fingerprint ^ (fingerprint >>> 16) ^ epoch) & 0xffff;
}

/** A header as it was read; one record serves all packets of a receiver. */
export class SnapshotHeader {
  /** The number of the snapshot, 0 to 2^16 - 1. */
  number = 0;
  /** Which sender it is from, 0 to 2^16 - 1. */
  epoch = 0;
  /** How many numbers back the base lies; 0 when there is none. */
  distance = 0;
  /** Whether the packet has a checksum. */
  isChecked = false;
  /** The checksum, an integer from 0 to 2^32 - 1. */
  checksum = 0;
  /** Where the body begins. */
  bodyOffset = 0;

  /**
   * Reads the header of a packet.
   *
   * @param packet The packet; borrowed for the call.
   * @param kind What it must carry.
   * @returns Whether it is a header of this kind; if not, the fields mean nothing.
   */
  decode(packet: Uint8Array, kind: SnapshotKind): boolean {
    if (packet.length <= FIXED_BYTES) return false;
    const flags = packet[0]!;
    if ((flags & ~CHECKED) !== (SIGNATURE | kind)) return false;
    this.number = (packet[1]! << 8) | packet[2]!;
    this.epoch = (packet[3]! << 8) | packet[4]!;
    this.distance = decodeVarint(packet, FIXED_BYTES);
    if (this.distance < 0 || this.distance > MAX_BASE_DISTANCE) return false;
    this.bodyOffset = FIXED_BYTES + varintLengthFrom(packet[FIXED_BYTES]!);
    this.isChecked = (flags & CHECKED) !== 0;
    if (!this.isChecked) return true;
    const at = this.bodyOffset;
    this.bodyOffset = at + CHECKSUM_BYTES;
    if (this.bodyOffset > packet.length) return false;
    this.checksum = ((packet[at]! << 24) | (packet[at + 1]! << 16) | (packet[at + 2]! << 8) | packet[at + 3]!) >>> 0;
    return true;
  }
}

/**
 * Writes a header.
 *
 * @param kind What the packet carries.
 * @param number The number of the snapshot; its low 16 bits are written.
 * @param epoch Which sender it is from; its low 16 bits are written.
 * @param distance How many numbers back the base lies, 0 to {@linkcode MAX_BASE_DISTANCE}; 0 when there is none.
 * @param checksum The checksum, or -1 for none; {@linkcode writeChecksum} sets it later, too.
 * @param out The packet, written from its start.
 * @returns The length of the header, or 0 when there is no room; then what was written means nothing.
 */
export function encodeHeader(
  kind: SnapshotKind,
  number: number,
  epoch: number,
  distance: number,
  checksum: number,
  out: Uint8Array,
): number {
  if (out.length <= FIXED_BYTES) return 0;
  out[0] = SIGNATURE | kind | (checksum < 0 ? 0 : CHECKED);
  out[1] = number >>> 8;
  out[2] = number;
  out[3] = epoch >>> 8;
  out[4] = epoch;
  const written = encodeVarint(distance, out, FIXED_BYTES);
  const length = FIXED_BYTES + written;
  if (written === 0 || checksum < 0) return written === 0 ? 0 : length;
  if (length + CHECKSUM_BYTES > out.length) return 0;
  writeChecksum(out, length + CHECKSUM_BYTES, checksum);
  return length + CHECKSUM_BYTES;
}

/**
 * Overwrites the checksum of a header that has one.
 *
 * @param out The packet.
 * @param headerBytes What {@linkcode encodeHeader} returned.
 * @param checksum The checksum.
 */
export function writeChecksum(out: Uint8Array, headerBytes: number, checksum: number): void {
  const at = headerBytes - CHECKSUM_BYTES;
  out[at] = checksum >>> 24;
  out[at + 1] = checksum >>> 16;
  out[at + 2] = checksum >>> 8;
  out[at + 3] = checksum;
}
