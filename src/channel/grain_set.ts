/**
 * Which grains of a message are there: a bit for each `GRAIN_BYTES`.
 *
 * Invariant: ranges end inside of the size that was given to `clear`. Why words and masks: a fragment is some seventy
 * grains, and four operations on words do for all of them.
 *
 * @module
 */
import { GRAIN_BYTES } from "../wire/channel_frame.ts";

const FIRST_WORDS = 8;

/** Sets of this many words or fewer keep their memory for the next message. */
const KEPT_WORDS = 128;

/**
 * How many grains a message has.
 *
 * @param bytes Its length.
 * @returns The number; the last grain may be short.
 */
export function grainsOf(bytes: number): number {
  return Math.ceil(bytes / GRAIN_BYTES);
}

/** A set of grains. */
export class GrainSet {
  #words: Int32Array<ArrayBuffer> = new Int32Array(FIRST_WORDS);

  /** How many bytes the set takes. */
  get heldBytes(): number {
    return 4 * this.#words.length;
  }

  /**
   * Empties the set.
   *
   * @param size How many grains the message has.
   */
  clear(size: number): void {
    const words = (size + 31) >>> 5;
    if (this.#words.length < words) this.#words = new Int32Array(words);
    else this.#words.fill(0, 0, words);
  }

  /** Gives memory back that only a large message needs. */
  shrink(): void {
    if (this.#words.length > KEPT_WORDS) this.#words = new Int32Array(FIRST_WORDS);
  }

  /**
   * Adds a range.
   *
   * @param first Its first grain.
   * @param count How many grains.
   * @returns How many of them were not in the set.
   */
  add(first: number, count: number): number {
    let added = 0;
    const end = first + count;
    for (let at = first; at < end;) {
      const next = Math.min(end, (at | 31) + 1);
      const bits = maskOf(at, next) & ~this.#words[at >>> 5]!;
      this.#words[at >>> 5]! |= bits;
      added += ones(bits);
      at = next;
    }
    return added;
  }

  /**
   * Takes a range out.
   *
   * @param first Its first grain.
   * @param count How many grains.
   * @returns How many of them were in the set.
   */
  remove(first: number, count: number): number {
    let removed = 0;
    const end = first + count;
    for (let at = first; at < end;) {
      const next = Math.min(end, (at | 31) + 1);
      const bits = maskOf(at, next) & this.#words[at >>> 5]!;
      this.#words[at >>> 5]! ^= bits;
      removed += ones(bits);
      at = next;
    }
    return removed;
  }

  /**
   * Finds a grain.
   *
   * @param isIn Whether to look for one in the set or for one that is not.
   * @param from The first grain to look at.
   * @param end Where to stop.
   * @returns The first such grain; `end`: there is none.
   */
  find(isIn: boolean, from: number, end: number): number {
    for (let at = from; at < end;) {
      const next = Math.min(end, (at | 31) + 1);
      const word = this.#words[at >>> 5]!;
      const bits = maskOf(at, next) & (isIn ? word : ~word);
      if (bits !== 0) return (at & ~31) + 31 - Math.clz32(bits & -bits);
      at = next;
    }
    return end;
  }
}

/** The bits of a range that lies in one word. */
function maskOf(from: number, end: number): number {
  return (-1 >>> (32 - (end - from))) << (from & 31);
}

function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
