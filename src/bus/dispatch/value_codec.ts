/**
 * Values as bytes: nothing for `undefined`, bytes as they are, everything else as MessagePack; compressed by LZ4 from a
 * size on, where that makes them shorter.
 *
 * ```text
 * encoding   bits 0-1: 0 nothing | 1 MessagePack | 2 bytes;  bit 7: compressed
 * compressed | size u32, little-endian | LZ4 block |
 * ```
 *
 * Invariant: decoding never throws and never makes more than the limits say: the size is judged before memory is taken
 * for it, and what breaks a limit is refused; the caller counts it. Why bytes have an encoding of their own: they need no
 * look at their content.
 *
 * @module
 */
import { lz4CompressBlock, lz4DecompressBlock } from "../../codec/lz4_block.ts";
import { Lz4Table } from "../../codec/lz4_table.ts";
import { MessagePack } from "../../codec/message_pack.ts";
import { resolveMessagePackOptions } from "../../codec/message_pack_options.ts";
import { MessagePackRefusal } from "../../codec/message_pack_refusal.ts";

/** How a value is encoded. */
export const ValueEncoding = { None: 0, MessagePack: 1, Bytes: 2 } as const;

/** Set in an encoding whose bytes are compressed. */
export const COMPRESSED = 0x80;

const SIZE_BYTES = 4;
const NOTHING = new Uint8Array(0);

/** Encodes and decodes values; one for each bus. */
export class ValueCodec {
  /** How the value was encoded that `encode` returned last. */
  encoding = 0;
  /** The value that `decode` accepted last. */
  value: unknown = undefined;
  readonly #pack: MessagePack;
  readonly #maxBytes: number;
  readonly #compressFromBytes: number;
  #table: Lz4Table | undefined = undefined;
  #compressed = NOTHING;

  /**
   * @param maxBytes The longest value, encoded and not compressed.
   * @param compressFromBytes From which size on values are compressed; `Infinity`: never.
   */
  constructor(maxBytes: number, compressFromBytes: number) {
    this.#pack = new MessagePack(resolveMessagePackOptions({ maxBytes }));
    this.#maxBytes = maxBytes;
    this.#compressFromBytes = compressFromBytes;
  }

  /**
   * Encodes a value.
   *
   * @param value The value.
   * @returns The bytes, lent until the next call; {@linkcode ValueCodec.encoding} says how they are encoded.
   * @throws {TypeError} When something in it cannot be carried.
   * @throws {RangeError} When it is too long.
   */
  encode(value: unknown): Uint8Array {
    if (value === undefined) return this.#as(ValueEncoding.None, NOTHING);
    if (value instanceof Uint8Array) {
      if (value.length <= this.#maxBytes) return this.#as(ValueEncoding.Bytes, value);
      throw new RangeError(`Cannot send ${value.length} bytes: a value has at most ${this.#maxBytes}`);
    }
    return this.#as(ValueEncoding.MessagePack, this.#pack.encode(value));
  }

  /**
   * Decodes a value.
   *
   * @param encoding How it is encoded.
   * @param buffer Where it lies.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns Whether it is a value; then it is in {@linkcode ValueCodec.value}, with memory of its own.
   */
  decode(encoding: number, buffer: Uint8Array, start: number, end: number): boolean {
    if ((encoding & COMPRESSED) === 0) return this.#decodePlain(encoding, buffer, start, end);
    if (end - start < SIZE_BYTES) return false;
    const at = start + SIZE_BYTES;
    const size = (buffer[start]! | buffer[start + 1]! << 8 | buffer[start + 2]! << 16 | buffer[start + 3]! << 24) >>> 0;
    // A byte of a block makes at most 255 bytes: whatever claims more is a bomb.
    if (size > this.#maxBytes || size > (end - at) * 255) return false;
    const plain = new Uint8Array(size);
    if (!lz4DecompressBlock(buffer, at, end, plain, 0, size)) return false;
    return this.#decodePlain(encoding & ~COMPRESSED, plain, 0, size);
  }

  #decodePlain(encoding: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (encoding === ValueEncoding.MessagePack) {
      if (this.#pack.decode(buffer, start, end) !== MessagePackRefusal.None) return false;
      this.value = this.#pack.takeValue();
      return true;
    }
    this.value = encoding === ValueEncoding.Bytes ? buffer.slice(start, end) : undefined;
    return encoding === ValueEncoding.Bytes && end - start <= this.#maxBytes ||
      encoding === ValueEncoding.None && start === end;
  }

  #as(encoding: number, bytes: Uint8Array): Uint8Array {
    this.encoding = encoding;
    return bytes.length >= this.#compressFromBytes ? this.#compress(bytes) : bytes;
  }

  #compress(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (this.#compressed.length < length) this.#compressed = new Uint8Array(length);
    const into = this.#compressed;
    this.#table ??= new Lz4Table();
    const count = lz4CompressBlock(bytes, 0, length, into, SIZE_BYTES, length - SIZE_BYTES - 1, this.#table);
    if (count === 0) return bytes;
    for (let i = 0; i < SIZE_BYTES; i++) into[i] = length >>> (8 * i);
    this.encoding |= COMPRESSED;
    return into.subarray(0, SIZE_BYTES + count);
  }
}
