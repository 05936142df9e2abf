/**
 * What both threads of `micro_rings.ts` agree on, and the bare ring that the rings of records are held against.
 *
 * The bare ring has slots of 64 bytes and nothing else: no lengths, no kinds, no claims that can be dropped.
 *
 * @module
 */

/** The payload of every record. */
export const PAYLOAD_BYTES = 60;
/** How many records one atomic store makes visible. */
export const PUBLISH_EVERY = 64;
/** Index of the word that counts the threads that are ready. */
export const READY = 0;
/** Index of the word that starts them. */
export const GO = 1;
/** Index of the word that holds the number of the last question. */
export const ASKED = 0;
/** Index of the word that holds the number of the last answer. */
export const ANSWERED = 0;

const PAYLOAD_WORDS = PAYLOAD_BYTES / 4;

/**
 * Writes a payload.
 *
 * @param words The ring's data.
 * @param first The index of its first word.
 * @param number What it follows from.
 */
export function fillRecord(words: Int32Array, first: number, number: number): void {
  words[first] = number;
  for (let i = 1; i < PAYLOAD_WORDS; i++) words[first + i] = number + i;
}

/**
 * Checks the first and the last but one word of a payload.
 *
 * @param words The ring's data.
 * @param first The index of its first word.
 * @param number What it must follow from.
 * @throws {Error} When it does not.
 */
export function checkRecord(words: Int32Array, first: number, number: number): void {
  if (words[first] !== number || words[first + PAYLOAD_WORDS - 3] !== ((number + PAYLOAD_WORDS - 3) | 0)) {
    throw new Error(`Record ${words[first]} came where ${number} was due`);
  }
}

/** One thread's handle on a ring of slots of 16 words; the first is a stamp, the others the payload. */
export class BareRing {
  /** Index of the tail, or the next ticket. */
  static readonly TAIL = 32;
  /** Index of the head. */
  static readonly HEAD = 64;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly data: Int32Array<SharedArrayBuffer>;
  readonly slots: number;
  readonly mask: number;

  /** @param shared What {@linkcode BareRing.create} made. */
  constructor(shared: SharedArrayBuffer) {
    this.words = new Int32Array(shared, 0, 128);
    this.data = new Int32Array(shared, 512);
    this.slots = this.data.length >> 4;
    this.mask = this.slots - 1;
  }

  /**
   * Makes the memory of a ring.
   *
   * @param capacityBytes A power of two.
   * @returns The memory.
   */
  static create(capacityBytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(512 + capacityBytes);
  }
}
