/**
 * Walks a MessagePack message (the MessagePack specification, 2017) without decoding it, and judges every length.
 *
 * Invariants: it recurses nowhere, allocates nothing, reads each byte at most twice and none outside of the message;
 * nothing is decoded that it did not pass. Why before decoding: the library's decoder has no limit of depth, and makes
 * an array of the announced length before it has seen one item.
 *
 * @module
 */
import type { MessagePackConfig } from "./message_pack_options.ts";
import { MessagePackRefusal } from "./message_pack_refusal.ts";
import { isUtf8 } from "./utf8.ts";

const TIMESTAMP_TYPE = 0xff;
const MAX_NANOSECONDS = 999_999_999;
/** What a `Date` can hold, in seconds. */
const MAX_DATE_SECONDS = 8.64e12;
/** The high words of the integers that a number holds exactly. */
const MAX_SAFE_HIGH = 0x1fffff;
const MIN_SAFE_HIGH = -0x200000;
const WORD = 2 ** 32;
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype"].map((key) => new TextEncoder().encode(key));

const { None, Truncated, TooManyItems, TextTooLong, BinaryTooLong } = MessagePackRefusal;

/** Judges messages; one serves any number of them, one after another. */
export class MessagePackScan {
  /** Whether the last message has a binary. */
  hasBinary = false;
  /** Whether the last message has an integer of 64 bits. */
  hasInt64 = false;
  readonly #config: MessagePackConfig;
  /** How many values each open array or map still waits for; for maps keys count too. */
  readonly #left: Int32Array;
  /** 1 for each open map. */
  readonly #isMap: Uint8Array;
  #depth = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /**
   * Makes a judge.
   *
   * @param config The limits.
   */
  constructor(config: MessagePackConfig) {
    this.#config = config;
    this.#left = new Int32Array(config.maxDepth + 1);
    this.#isMap = new Uint8Array(config.maxDepth + 1);
  }

  /**
   * Judges one message.
   *
   * @param bytes Any memory, such as a peer may fill; only read.
   * @param start Where the message starts.
   * @param end Where it ends.
   * @returns What is wrong with it.
   */
  scan(bytes: Uint8Array, start: number, end: number): MessagePackRefusal {
    const { maxBytes, maxValues } = this.#config;
    if (end - start > maxBytes) return MessagePackRefusal.TooLarge;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    this.hasBinary = this.hasInt64 = false;
    const left = this.#left;
    let values = 0;
    do {
      if (this.#at >= end) return Truncated;
      if (++values > maxValues) return MessagePackRefusal.TooManyValues;
      const refusal = this.#value();
      if (refusal !== None) return refusal;
      while (this.#depth > 0 && left[this.#depth] === 0) this.#depth--;
    } while (this.#depth > 0);
    return this.#at === end ? None : MessagePackRefusal.TrailingBytes;
  }

  /** Takes the value at the current place; of an array or map only the head. */
  #value(): MessagePackRefusal {
    const head = this.#bytes[this.#at++]!;
    const depth = this.#depth;
    if (depth > 0) {
      const isKey = this.#isMap[depth] === 1 && (this.#left[depth]! & 1) === 0;
      this.#left[depth]!--;
      if (isKey) return this.#key(head);
    }
    if (head < 0x80 || head >= 0xe0) return None;
    if (head < 0x90) return this.#open(head & 0x0f, true);
    if (head < 0xa0) return this.#open(head & 0x0f, false);
    if (head < 0xc0) return this.#text(head & 0x1f);
    switch (head) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return None;
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcb:
        return this.#skip(8);
      case 0xcf:
      case 0xd3:
        return this.#integer64(head === 0xd3);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#length(1 << (head - 0xd9)));
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#length(1 << (head - 0xc4)));
      case 0xdc:
      case 0xdd:
        return this.#open(this.#length(head === 0xdc ? 2 : 4), false);
      case 0xde:
      case 0xdf:
        return this.#open(this.#length(head === 0xde ? 2 : 4), true);
      case 0xc1:
        return MessagePackRefusal.ReservedByte;
      default:
        return this.#extension(head >= 0xd4 ? 1 << (head - 0xd4) : this.#length(1 << (head - 0xc7)));
    }
  }

  /** Reads a length of 1, 2 or 4 bytes; -1 where the message ends in it. */
  #length(width: number): number {
    const at = this.#at;
    if (width > this.#end - at) return -1;
    this.#at += width;
    let length = 0;
    for (let i = 0; i < width; i++) length = length * 256 + this.#bytes[at + i]!;
    return length;
  }

  #skip(count: number): MessagePackRefusal {
    if (count > this.#end - this.#at) return Truncated;
    this.#at += count;
    return None;
  }

  #open(count: number, isMap: boolean): MessagePackRefusal {
    if (count < 0) return Truncated;
    if (this.#depth === this.#config.maxDepth) return MessagePackRefusal.TooDeep;
    const values = isMap ? 2 * count : count;
    if (count > this.#config.maxItems || values > this.#end - this.#at) return TooManyItems;
    const depth = ++this.#depth;
    this.#left[depth] = values;
    this.#isMap[depth] = isMap ? 1 : 0;
    return None;
  }

  #text(length: number): MessagePackRefusal {
    if (length < 0) return Truncated;
    if (length > this.#config.maxTextBytes) return TextTooLong;
    const at = this.#at;
    if (length > this.#end - at) return Truncated;
    this.#at += length;
    return isUtf8(this.#bytes, at, at + length) ? None : MessagePackRefusal.BadText;
  }

  #key(head: number): MessagePackRefusal {
    if ((head & 0xe0) !== 0xa0 && (head < 0xd9 || head > 0xdb)) return MessagePackRefusal.BadKey;
    const length = head < 0xc0 ? head & 0x1f : this.#length(1 << (head - 0xd9));
    const at = this.#at;
    const refusal = this.#text(length);
    if (refusal !== None) return refusal;
    return isForbidden(this.#bytes, at, length) ? MessagePackRefusal.ForbiddenKey : None;
  }

  #binary(length: number): MessagePackRefusal {
    if (length < 0) return Truncated;
    if (length > this.#config.maxBinaryBytes) return BinaryTooLong;
    this.hasBinary = true;
    return this.#skip(length);
  }

  #integer64(isSigned: boolean): MessagePackRefusal {
    if (this.#end - this.#at < 8) return Truncated;
    this.hasInt64 = true;
    const low = this.#word(this.#at + 4);
    const high = isSigned ? this.#word(this.#at) | 0 : this.#word(this.#at);
    this.#at += 8;
    if (this.#config.int64 === "bigint") return None;
    const isSafe = high <= MAX_SAFE_HIGH && (high > MIN_SAFE_HIGH || (high === MIN_SAFE_HIGH && low > 0));
    return isSafe ? None : MessagePackRefusal.UnsafeInteger;
  }

  #extension(length: number): MessagePackRefusal {
    if (length < 0 || 1 + length > this.#end - this.#at) return Truncated;
    const at = this.#at + 1;
    this.#at += 1 + length;
    if (this.#bytes[at - 1] !== TIMESTAMP_TYPE) return MessagePackRefusal.UnknownExtension;
    return this.#isTimestamp(at, length) ? None : MessagePackRefusal.BadTimestamp;
  }

  #isTimestamp(at: number, length: number): boolean {
    if (length === 4) return true;
    if (length === 8) return this.#word(at) >>> 2 <= MAX_NANOSECONDS;
    const seconds = (this.#word(at + 4) | 0) * WORD + this.#word(at + 8);
    return length === 12 && this.#word(at) <= MAX_NANOSECONDS && Math.abs(seconds) < MAX_DATE_SECONDS;
  }

  /** Four bytes that are there, high byte first. */
  #word(at: number): number {
    const bytes = this.#bytes;
    return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
  }
}

function isForbidden(bytes: Uint8Array, at: number, length: number): boolean {
  // All of them have 9 or 11 bytes.
  if (length !== 9 && length !== 11) return false;
  return FORBIDDEN_KEYS.some((key) => key.length === length && key.every((byte, i) => bytes[at + i] === byte));
}
