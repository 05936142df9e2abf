/**
 * One group on the sending side: what its parities add up to.
 *
 * Invariants: every frame is added as its length in two bytes and then its bytes, so that lengths and headers come back
 * as well; a shorter frame counts as if zeros followed. Sums are kept instead of frames, a group takes the memory of its
 * parities. Why two ways: a single parity is XOR on words, several are summed four at a time in the bytes of one word.
 *
 * ```text
 *  symbol:  length 2 | frame (length bytes) | zeros
 * ```
 *
 * @module
 */
import { BANK_PARITIES, type ParityTables } from "./parity_tables.ts";

/** How many bytes stand before the frame in a symbol. */
export const SYMBOL_OVERHEAD_BYTES = 2;

/** Up to this size bytes are copied one by one: a view would cost more. */
const LOOP_BYTES = 96;

const NO_WORDS = new Int32Array(0);

/** The sums of one group; used again for later groups. */
export class ParityGroup {
  /** The group's id, 0 to 65535. */
  id = 0;
  /** How many frames were added. */
  sources = 0;
  /** How many frames it is to have. */
  maxSources = 0;
  /** How many parities it has. */
  parities = 0;
  /** The length of each parity: that of the longest symbol. */
  length = 0;
  /** The parity that is to be sent next. */
  nextParity = 0;
  /** The packet that a frame or a parity of it went into last. */
  packet: number = -1;
  /** When the group ends at the latest, in ms. */
  readonly deadline: Float64Array<ArrayBuffer> = new Float64Array(1);
  readonly #tables: ParityTables;
  #isXor = true;
  #words: Int32Array = NO_WORDS;
  #bytes: Uint8Array = new Uint8Array(0);
  #second: Int32Array = NO_WORDS;
  #scratch: Int32Array = NO_WORDS;
  #scratchBytes: Uint8Array = new Uint8Array(0);

  /**
   * Makes a group without memory.
   *
   * @param tables The coefficients.
   */
  constructor(tables: ParityTables) {
    this.#tables = tables;
  }

  /**
   * Begins a group.
   *
   * @param id Its id.
   * @param sources How many frames it is to have.
   * @param parities How many parities.
   */
  open(id: number, sources: number, parities: number): void {
    this.#words.fill(0);
    this.#second.fill(0);
    this.id = id;
    this.sources = 0;
    this.maxSources = sources;
    this.parities = parities;
    this.#isXor = parities === 1;
    this.length = 0;
    this.nextParity = 0;
    this.packet = -1;
  }

  /**
   * Adds the next frame.
   *
   * @param from The memory; read, not kept.
   * @param start Where the frame starts.
   * @param end Where it ends; at most 65535 bytes behind the start.
   */
  add(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const symbol = SYMBOL_OVERHEAD_BYTES + length;
    if (symbol > this.length) this.length = symbol;
    if (this.#isXor) this.#addWords(from, start, end);
    else {
      this.#words = fitting(this.#words, symbol);
      addPacked(this.#words, this.#tables.packed(0, this.sources), from, start, length);
      if (this.parities > BANK_PARITIES) {
        this.#second = fitting(this.#second, symbol);
        addPacked(this.#second, this.#tables.packed(1, this.sources), from, start, length);
      }
    }
    this.sources++;
  }

  /** Ends a group that is not full: it needs as many parities for a frame as a full one. */
  cut(): void {
    this.parities = Math.ceil(this.parities * this.sources / this.maxSources);
  }

  /**
   * Writes a parity, `length` bytes.
   *
   * @param parity Which.
   * @param into The memory.
   * @param at Where it starts.
   */
  writeParity(parity: number, into: Uint8Array, at: number): void {
    const { length } = this;
    if (this.#isXor) return into.set(this.#bytes.subarray(0, length), at);
    const words = parity < BANK_PARITIES ? this.#words : this.#second;
    const shift = 8 * (parity % BANK_PARITIES);
    for (let i = 0; i < length; i++) into[at + i] = words[i]! >>> shift;
  }

  #addWords(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const count = (SYMBOL_OVERHEAD_BYTES + length + 3) >> 2;
    if (this.#words.length < count || this.#bytes.buffer !== this.#words.buffer) {
      this.#words = fitting(this.#words, count);
      this.#bytes = new Uint8Array(this.#words.buffer);
    }
    if (this.#scratch.length < count) {
      this.#scratch = new Int32Array(this.#words.length);
      this.#scratchBytes = new Uint8Array(this.#scratch.buffer);
    }
    const [words, scratch, bytes] = [this.#words, this.#scratch, this.#scratchBytes];
    scratch[count - 1] = 0;
    bytes[0] = length >>> 8;
    bytes[1] = length;
    if (length > LOOP_BYTES) bytes.set(from.subarray(start, end), SYMBOL_OVERHEAD_BYTES);
    else for (let i = 0; i < length; i++) bytes[SYMBOL_OVERHEAD_BYTES + i] = from[start + i]!;
    for (let i = 0; i < count; i++) words[i] = words[i]! ^ scratch[i]!;
  }
}

function addPacked(words: Int32Array, table: Int32Array, from: Uint8Array, start: number, length: number): void {
  words[0] = words[0]! ^ table[length >>> 8]!;
  words[1] = words[1]! ^ table[length & 0xff]!;
  for (let i = 0; i < length; i++) {
    words[SYMBOL_OVERHEAD_BYTES + i] = words[SYMBOL_OVERHEAD_BYTES + i]! ^ table[from[start + i]!]!;
  }
}

/** The words, or more of them with the same content; the size doubles so that it soon stays. */
function fitting(words: Int32Array, count: number): Int32Array {
  if (words.length >= count) return words;
  let size = Math.max(64, words.length);
  while (size < count) size *= 2;
  const longer = new Int32Array(size);
  longer.set(words);
  return longer;
}
