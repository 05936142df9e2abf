/**
 * The receiving side of one link: bytes become handshake messages, then records that are opened in place.
 *
 * Invariants: a record is looked at when it is whole and opened, and each number is opened once, so that what was
 * changed, repeated, left out or put elsewhere ends the link; memory grows with what arrived, never with what was
 * announced, to the size of two records at most, and not at all before the peer has shown that it has the key.
 *
 * @module
 */
import { lz4DecompressBlock } from "../../codec/lz4_block.ts";
import { AEAD_TAG_BYTES } from "../../crypto/aead.ts";
import type { LinkKey } from "./link_key.ts";
import {
  COMPRESSED_FLAG,
  COMPRESSED_HEADER_BYTES,
  HANDSHAKE_HEADER_BYTES,
  MAX_HANDSHAKE_BYTES,
  MAX_TEXT_BYTES,
  RECORD_HEADER_BYTES,
  RecordType,
} from "./link_record.ts";

const INITIAL_BYTES = 4096;
const MAX_BYTES = 2 * (RECORD_HEADER_BYTES + MAX_TEXT_BYTES + AEAD_TAG_BYTES);
const GROWTH = 4;
const NOTHING = new Uint8Array(0);

/** What `next` found. */
export const InflowStatus = {
  /** No whole record. */
  Incomplete: 0,
  /** A record: its type, flags and text are on fields. */
  Record: 1,
  /** One that does not open. */
  NotAuthentic: 2,
  /** One that opens and is none of ours. */
  Bad: 3,
} as const;

/** One of the values of {@linkcode InflowStatus}. */
export type InflowStatus = (typeof InflowStatus)[keyof typeof InflowStatus];

/** Takes bytes apart. */
export class LinkInflow {
  /** The type of the last record. */
  type = 0;
  /** Where its text lies, decompressed where it was compressed; until the next `span`, `next` or `trim`. */
  text: Uint8Array = NOTHING;
  /** Where the text starts. */
  textStart = 0;
  /** Where it ends. */
  textEnd = 0;
  #memory: Uint8Array = NOTHING;
  #inflated: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #isFilled = false;
  #isQuiet = false;
  #isArmed = false;
  #maxLength = MAX_HANDSHAKE_BYTES;
  #key: LinkKey | undefined = undefined;

  /** How many bytes are here that were not looked at whole. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /**
   * Lends memory to read into; texts of records before are void.
   *
   * @returns Free memory, never empty.
   */
  span(): Uint8Array {
    const held = this.#end - this.#start;
    const { length } = this.#memory;
    if (this.#isQuiet && held === 0 && length > INITIAL_BYTES) {
      this.#replace(INITIAL_BYTES);
    } else if (length === 0 || held === length || (this.#isFilled && length < MAX_BYTES)) {
      this.#replace(Math.min(MAX_BYTES, Math.max(INITIAL_BYTES, GROWTH * length)));
    } else if (this.#start > 0) {
      if (held > 0) this.#memory.copyWithin(0, this.#start, this.#end);
      this.#start = 0;
      this.#end = held;
    }
    this.#isFilled = this.#isQuiet = false;
    return this.#end === 0 ? this.#memory : this.#memory.subarray(this.#end);
  }

  /**
   * Bytes arrived in the lent memory.
   *
   * @param count How many.
   * @throws {RangeError} When it had less room.
   */
  received(count: number): void {
    const room = this.#memory.length - this.#end;
    if (!(count >= 0 && count <= room)) throw new RangeError(`Cannot take ${count} bytes: the span had ${room}`);
    this.#end += count;
    this.#isFilled = count === room;
  }

  /**
   * Takes a handshake message.
   *
   * @returns It, in received memory; `undefined` while it is not whole; `null` when it is longer than any of ours.
   */
  takeHandshake(): Uint8Array | undefined | null {
    const held = this.#end - this.#start;
    if (held < HANDSHAKE_HEADER_BYTES) return undefined;
    const length = this.#memory[this.#start]! | this.#memory[this.#start + 1]! << 8;
    if (length > MAX_HANDSHAKE_BYTES) return null;
    if (held < HANDSHAKE_HEADER_BYTES + length) return undefined;
    const at = this.#start + HANDSHAKE_HEADER_BYTES;
    this.#start = at + length;
    return this.#memory.subarray(at, at + length);
  }

  /**
   * Takes the keys: records follow.
   *
   * @param key The receiving key; `undefined` where links are not sealed.
   */
  arm(key: LinkKey | undefined): void {
    this.#key = key;
    this.#isArmed = true;
  }

  /**
   * Takes the next record.
   *
   * @returns What it found.
   */
  next(): InflowStatus {
    const held = this.#end - this.#start;
    if (held < RECORD_HEADER_BYTES || !this.#isArmed) return InflowStatus.Incomplete;
    const memory = this.#memory;
    const at = this.#start;
    const start = at + RECORD_HEADER_BYTES;
    const length = memory[at + 2]! | memory[at + 3]! << 8;
    if (length > this.#maxLength) return InflowStatus.NotAuthentic;
    if (held < RECORD_HEADER_BYTES + length) return InflowStatus.Incomplete;
    let end = start + length;
    this.#start = end;
    const key = this.#key;
    if (key !== undefined) {
      if (!key.open(memory, at, start, end)) return InflowStatus.NotAuthentic;
      end -= AEAD_TAG_BYTES;
    }
    this.type = memory[at]!;
    this.text = memory;
    this.textStart = start;
    this.textEnd = end;
    return this.#judge(memory[at + 1]!);
  }

  /** The peer has shown that it has the key: long records may come from now on. */
  trust(): void {
    this.#maxLength = Infinity;
  }

  /** Goes on to the next receiving key; only where links are sealed. */
  rekey(): boolean {
    this.#key?.step();
    return this.#key !== undefined;
  }

  /** Gives memory back on a quiet link; what a read is pending in goes with the next `span`. */
  trim(): void {
    this.text = NOTHING;
    this.#inflated = NOTHING;
    this.#isQuiet = true;
  }

  /** Ends all receiving. */
  stop(): void {
    this.#key?.destroy();
    this.#key = undefined;
    this.#isArmed = false;
    this.#start = this.#end;
  }

  #judge(flags: number): InflowStatus {
    if (this.type === RecordType.Batch && flags === COMPRESSED_FLAG) return this.#inflate();
    const { Batch, Close } = RecordType;
    const isKnown = this.type >= Batch && this.type <= Close && flags === 0;
    return isKnown && this.textEnd - this.textStart <= MAX_TEXT_BYTES ? InflowStatus.Record : InflowStatus.Bad;
  }

  #inflate(): InflowStatus {
    const block = this.textStart + COMPRESSED_HEADER_BYTES;
    if (block > this.textEnd) return InflowStatus.Bad;
    const size = this.text[this.textStart]! | this.text[this.textStart + 1]! << 8;
    if (size > MAX_TEXT_BYTES) return InflowStatus.Bad;
    if (size > this.#inflated.length) this.#inflated = new Uint8Array(Math.min(MAX_TEXT_BYTES, 2 * size));
    if (!lz4DecompressBlock(this.text, block, this.textEnd, this.#inflated, 0, size)) return InflowStatus.Bad;
    this.text = this.#inflated;
    this.textStart = 0;
    this.textEnd = size;
    return InflowStatus.Record;
  }

  #replace(bytes: number): void {
    const memory = new Uint8Array(bytes);
    memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#memory = memory;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
