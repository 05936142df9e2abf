/**
 * The form of a byte delta for moved content: ranges copied from anywhere in the base, and new bytes between them.
 *
 * Greedy matching with a hash table over the base, as in xdelta (MacDonald, 2000). A copy names its place by how far it
 * is from where the last one would have gone on, so that content behind an insertion costs one small number. Invariant:
 * {@linkcode areRangesSound} is asked first; what it passes, {@linkcode applyRanges} reads and writes within bounds.
 *
 * ```text
 * | copy count, varint | shift, varint, zigzag, only when copy > 0 | insert count, varint | the inserted bytes | …
 * expected place: the base's start, then the end of the last copy plus what was inserted since
 * ```
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../../bytes/varint.ts";
import { copyBytes } from "./copy_bytes.ts";

/** A copy from the expected place costs three bytes. */
const SHORTEST_COPY_BYTES = 4;
/** A copy from anywhere else costs up to six more, to get there and to get back. */
const SHORTEST_MOVE_BYTES = 10;
/** The table holds every fourth place of the base: fewer to enter, and most of a long copy is still found. */
const STRIDE = 4;
const MAX_TABLE_BITS = 16;
const MIN_TABLE_BITS = 8;
/** 2^32 over the golden ratio. */
const GOLDEN = 0x9e37_79b1;

/** Writes ranges; keeps its table between calls. */
export class RangeEncoder {
  /** By hash of four bytes: their place in the base plus 1, or 0. */
  #table = new Int32Array(1 << MIN_TABLE_BITS);
  #shift = 32 - MIN_TABLE_BITS;

  /**
   * Writes the ranges, giving up as soon as they are not short enough.
   *
   * @param base The base.
   * @param state The new state.
   * @param out Where they go, from its start; must hold `below` bytes.
   * @param below What their length has to stay below.
   * @returns Their length, or -1 when it is not below.
   */
  encode(base: Uint8Array, state: Uint8Array, out: Uint8Array, below: number): number {
    if (base.length < STRIDE) return -1;
    this.#index(base);
    let written = 0;
    let copyFrom = 0;
    let copyLength = 0;
    let expected = 0;
    let insertFrom = 0; // the end of the copy that waits to be written
    let at = 0;
    while (at < state.length) {
      const place = this.#find(base, state, at, copyFrom + copyLength + at - insertFrom);
      if (place < 0) {
        at++;
        continue;
      }
      const back = extendBack(base, state, place, at, insertFrom);
      const from = place - back;
      const start = at - back;
      written = writeOp(copyFrom, copyLength, expected, state, insertFrom, start, out, written, below);
      if (written < 0) return -1;
      expected = copyFrom + copyLength + start - insertFrom;
      copyFrom = from;
      copyLength = extend(base, state, from, start, state.length);
      insertFrom = at = start + copyLength;
    }
    return writeOp(copyFrom, copyLength, expected, state, insertFrom, state.length, out, written, below);
  }

  #index(base: Uint8Array): void {
    const bits = Math.min(MAX_TABLE_BITS, Math.max(MIN_TABLE_BITS, 32 - Math.clz32(base.length >>> 1)));
    if (this.#table.length < 1 << bits) this.#table = new Int32Array(1 << bits);
    else this.#table.fill(0, 0, 1 << bits);
    this.#shift = 32 - bits;
    const table = this.#table;
    for (let at = 0; at + STRIDE <= base.length; at += STRIDE) table[this.#hash(base, at)] = at + 1;
  }

  #hash(bytes: Uint8Array, at: number): number {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    return Math.imul(word, GOLDEN) >>> this.#shift;
  }

  /** A place in the base from which enough bytes are the same, the expected one first; -1 for none. */
  #find(base: Uint8Array, state: Uint8Array, at: number, expected: number): number {
    if (at + SHORTEST_COPY_BYTES > state.length) return -1;
    if (extend(base, state, expected, at, SHORTEST_COPY_BYTES) === SHORTEST_COPY_BYTES) return expected;
    const place = this.#table[this.#hash(state, at)]! - 1;
    if (place < 0) return -1;
    return extend(base, state, place, at, SHORTEST_MOVE_BYTES) === SHORTEST_MOVE_BYTES ? place : -1;
  }
}

/**
 * Checks ranges without applying them.
 *
 * @param baseLength How long the base is.
 * @param delta The delta.
 * @param from Where its ranges begin.
 * @param length How long the state is.
 * @returns Whether they end with the delta, fill the state exactly and copy only from inside the base.
 */
export function areRangesSound(baseLength: number, delta: Uint8Array, from: number, length: number): boolean {
  let at = from;
  let done = 0;
  let expected = 0;
  while (at < delta.length) {
    const copy = decodeVarint(delta, at);
    if (copy < 0) return false;
    at += varintLengthFrom(delta[at]!);
    if (copy > 0) {
      const shift = decodeVarint(delta, at);
      if (shift < 0) return false;
      at += varintLengthFrom(delta[at]!);
      expected += unzigzag(shift);
      if (expected < 0 || expected + copy > baseLength) return false;
    }
    const insert = decodeVarint(delta, at);
    if (insert < 0 || copy + insert === 0) return false;
    at += varintLengthFrom(delta[at]!) + insert;
    expected += copy + insert;
    done += copy + insert;
    if (at > delta.length || done > length) return false;
  }
  return done === length;
}

/**
 * Applies ranges that {@linkcode areRangesSound} passed.
 *
 * @param base The base.
 * @param delta The delta.
 * @param from Where its ranges begin.
 * @param out Where the state goes, from its start.
 */
export function applyRanges(base: Uint8Array, delta: Uint8Array, from: number, out: Uint8Array): void {
  let done = 0;
  let expected = 0;
  for (let at = from; at < delta.length;) {
    const copy = decodeVarint(delta, at);
    at += varintLengthFrom(delta[at]!);
    if (copy > 0) {
      expected += unzigzag(decodeVarint(delta, at));
      at += varintLengthFrom(delta[at]!);
      copyBytes(base, expected, expected + copy, out, done);
    }
    const insert = decodeVarint(delta, at);
    at += varintLengthFrom(delta[at]!);
    copyBytes(delta, at, at + insert, out, done + copy);
    at += insert;
    done += copy + insert;
    expected += copy + insert;
  }
}

/** One copy and what is inserted behind it; returns where the next one goes, or -1 when there is no room below. */
function writeOp(
  copyFrom: number,
  copyLength: number,
  expected: number,
  state: Uint8Array,
  insertFrom: number,
  insertEnd: number,
  out: Uint8Array,
  offset: number,
  below: number,
): number {
  const insert = insertEnd - insertFrom;
  if (copyLength + insert === 0) return offset;
  const shift = zigzag(copyFrom - expected);
  let length = varintLength(copyLength) + varintLength(insert) + insert;
  if (copyLength > 0) length += varintLength(shift);
  if (offset + length >= below) return -1;
  let at = offset + encodeVarint(copyLength, out, offset);
  if (copyLength > 0) at += encodeVarint(shift, out, at);
  at += encodeVarint(insert, out, at);
  copyBytes(state, insertFrom, insertEnd, out, at);
  return at + insert;
}

/** How many bytes are the same from two places on, counted up to a limit. */
function extend(base: Uint8Array, state: Uint8Array, place: number, at: number, limit: number): number {
  const most = Math.min(limit, base.length - place, state.length - at);
  let length = 0;
  while (length < most && base[place + length] === state[at + length]) length++;
  return length;
}

/** How many bytes are the same before two places, down to a floor of the state. */
function extendBack(base: Uint8Array, state: Uint8Array, place: number, at: number, floor: number): number {
  const most = Math.min(place, at - floor);
  let length = 0;
  while (length < most && base[place - length - 1] === state[at - length - 1]) length++;
  return length;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
