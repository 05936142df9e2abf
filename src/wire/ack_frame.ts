/**
 * Acknowledgements of many ranges: how they are written and read (after RFC 9000 section 19.3).
 *
 * The newest range comes first, and a writer that runs out of room leaves out the oldest. Invariants: a frame is read only
 * after the whole of it was found sound, so that the walk over its ranges cannot fail; nothing is allocated, and nothing
 * outside of the packet is read, whatever a peer wrote.
 *
 * ```text
 * type 1 | largest 8 | delay in µs 4 | n 1 | count varint | n times: gap varint, count varint | with ECN: 3 varints
 * ```
 *
 * A count says how many numbers directly below the largest of its range were received too; a gap, how many numbers less
 * one are missing before the next range. The counts of ECN are those of `ECT(0)`, `ECT(1)` and `CE`.
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../bytes/varint.ts";
import { decodeNumber, decodeWord, encodeNumber, encodeWord } from "./packet_header.ts";

/** An acknowledgement of ranges. */
export const ACK_RANGES = 0x0c;

/** The same with the counts of explicit congestion notification. */
export const ACK_RANGES_ECN = 0x0d;

/** The most ranges of one frame. */
export const MAX_ACK_RANGES = 256;

/** How much room the writer asks for at least: one range, with counts of ECN. */
export const LEAST_ACK_RANGES_BYTES: number = 14 + 8 + 3 * 8;

const MAX_UINT32 = 0xffff_ffff;
const FIRST_COUNT = 14;

/** What is written: ranges of packet numbers from the newest down. */
export interface AckRangeSource {
  /** How many there are, at least 1. */
  readonly count: number;
  /** The largest number of a range; 0 is the newest. */
  largestAt(range: number): number;
  /** The smallest number of a range. */
  smallestAt(range: number): number;
}

/** Counts of packets by their marks of explicit congestion notification. */
export interface EcnCounts {
  /** How many came under `ECT(0)`. */
  readonly ect0: number;
  /** How many came under `ECT(1)`. */
  readonly ect1: number;
  /** How many came marked with congestion. */
  readonly ce: number;
}

/**
 * Writes an acknowledgement of ranges.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param limit Where it must end; at least {@linkcode LEAST_ACK_RANGES_BYTES} further on.
 * @param ranges What was received.
 * @param delayMs For how long the largest has been waiting to be acknowledged.
 * @param ecn The counts of marks; `undefined`: none are told.
 * @returns The index after the frame.
 */
export function encodeAckRanges(
  into: Uint8Array,
  at: number,
  limit: number,
  ranges: AckRangeSource,
  delayMs: number,
  ecn?: EcnCounts,
): number {
  const end = limit - (ecn === undefined ? 0 : ecnBytes(ecn));
  into[at] = ecn === undefined ? ACK_RANGES : ACK_RANGES_ECN;
  encodeNumber(into, at + 1, ranges.largestAt(0));
  encodeWord(into, at + 9, Math.min(Math.round(delayMs * 1000), MAX_UINT32));
  let next = at + FIRST_COUNT;
  next += encodeVarint(ranges.largestAt(0) - ranges.smallestAt(0), into, next);
  const most = Math.min(ranges.count, MAX_ACK_RANGES);
  let written = 1;
  for (; written < most; written++) {
    const gap = ranges.smallestAt(written - 1) - ranges.largestAt(written) - 2;
    const count = ranges.largestAt(written) - ranges.smallestAt(written);
    if (next + varintLength(gap) + varintLength(count) > end) break;
    next += encodeVarint(gap, into, next);
    next += encodeVarint(count, into, next);
  }
  into[at + 13] = written - 1;
  if (ecn === undefined) return next;
  next += encodeVarint(ecn.ect0, into, next);
  next += encodeVarint(ecn.ect1, into, next);
  return next + encodeVarint(ecn.ce, into, next);
}

/**
 * Reads acknowledgements of ranges; one reader serves many frames.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new AckFrameReader();
 * const frame = Uint8Array.of(0x0c, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 1, 1, 0, 2);
 * assertEquals(reader.load(frame, 0, frame.length), 17);
 * assertEquals([reader.next(), reader.smallest, reader.largest], [true, 8, 9]);
 * assertEquals([reader.next(), reader.smallest, reader.largest], [true, 4, 6]);
 * assertEquals(reader.next(), false);
 * ```
 */
export class AckFrameReader {
  /** The smallest number of the range. */
  smallest = 0;
  /** Its largest. */
  largest = 0;
  /** For how many µs the peer held the acknowledgement back. */
  delayMicros = 0;
  /** The peer's count of `ECT(0)`; -1: it told none. */
  ect0: number = -1;
  /** Its count of `ECT(1)`. */
  ect1 = 0;
  /** Its count of marks of congestion. */
  ce = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #left = 0;
  #isFirst = true;

  /**
   * Checks a frame as a whole and starts at its newest range.
   *
   * @param buffer The memory; borrowed until the last range was read.
   * @param at Where the frame starts.
   * @param end The index after the last byte that may be read.
   * @returns The frame's length in bytes; 0 when it breaks the format.
   */
  load(buffer: Uint8Array, at: number, end: number): number {
    this.#left = 0;
    if (at + FIRST_COUNT >= end) return 0;
    const largest = decodeNumber(buffer, at + 1);
    const ranges = 1 + buffer[at + 13]!;
    this.#buffer = buffer;
    this.#end = end;
    this.#at = at + FIRST_COUNT;
    this.delayMicros = decodeWord(buffer, at + 9) >>> 0;
    if (largest < 0) return 0;
    if (!this.#walk(largest, ranges)) return 0;
    if (buffer[at] === ACK_RANGES_ECN && !this.#readEcn()) return 0;
    if (buffer[at] === ACK_RANGES) this.ect0 = -1;
    const length = this.#at - at;
    this.#at = at + FIRST_COUNT;
    this.#left = ranges;
    this.#isFirst = true;
    this.largest = largest;
    return length;
  }

  /**
   * Steps to the next older range.
   *
   * @returns Whether there is one.
   */
  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    if (!this.#isFirst) this.largest = this.smallest - this.#take() - 2;
    this.#isFirst = false;
    this.smallest = this.largest - this.#take();
    return true;
  }

  /** Whether all ranges are sound; leaves the place behind them. */
  #walk(largest: number, ranges: number): boolean {
    let next = largest;
    for (let i = 0; i < ranges; i++) {
      if (i > 0) {
        const gap = this.#take();
        if (gap < 0) return false;
        next -= gap + 2;
      }
      const count = this.#take();
      if (count < 0 || next - count < 0) return false;
      next -= count;
    }
    return true;
  }

  #readEcn(): boolean {
    this.ect0 = this.#take();
    this.ect1 = this.#take();
    this.ce = this.#take();
    return this.ect0 >= 0 && this.ect1 >= 0 && this.ce >= 0;
  }

  /** The next integer, or less than 0. */
  #take(): number {
    const value = decodeVarint(this.#buffer, this.#at, this.#end);
    if (value >= 0) this.#at += varintLengthFrom(this.#buffer[this.#at]!);
    return value;
  }
}

function ecnBytes(ecn: EcnCounts): number {
  return varintLength(ecn.ect0) + varintLength(ecn.ect1) + varintLength(ecn.ce);
}
