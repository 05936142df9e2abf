/**
 * Makes records in memory that is used again and again.
 *
 * Invariant: a record is whole in `buffer` from 0 to the returned length until the next one is made.
 *
 * @module
 */
import {
  encodeAnswerHead,
  encodeCommandHead,
  encodeEventHead,
  type FailureCode,
  MAX_HEAD_BYTES,
  RecordKind,
} from "./bus_record.ts";
import type { FailureRecord } from "./command_error.ts";
import type { ValueCodec } from "./value_codec.ts";

const INITIAL_BYTES = 4096;
/** Memory that one large record needed is given back behind it. */
const RETAINED_BYTES = 256 << 10;

/** Writes records. */
export class RecordWriter {
  /** Where the record lies. */
  buffer: Uint8Array = new Uint8Array(INITIAL_BYTES);
  readonly #codec: ValueCodec;
  readonly #maxBytes: number;

  /**
   * @param codec Encodes values.
   * @param maxBytes The longest record.
   */
  constructor(codec: ValueCodec, maxBytes: number) {
    this.#codec = codec;
    this.#maxBytes = maxBytes;
  }

  /**
   * Makes an event.
   *
   * @param scope The scope's number.
   * @param topic The topic.
   * @param value Its value.
   * @returns The record's length.
   * @throws {RangeError} When the record is too long. Throws what the encoder throws, too.
   */
  event(scope: number, topic: string, value: unknown): number {
    const bytes = this.#codec.encode(value);
    this.#make(bytes.length);
    return this.#append(encodeEventHead(this.buffer, this.#codec.encoding, scope, topic), bytes);
  }

  /**
   * Makes a command.
   *
   * @param scope The scope's number.
   * @param name The command's name.
   * @param value Its value.
   * @param request The request's number.
   * @param timeoutMs What is left of its time.
   * @returns The record's length.
   * @throws {RangeError} When the record is too long. Throws what the encoder throws, too.
   */
  command(scope: number, name: string, value: unknown, request: number, timeoutMs: number): number {
    const bytes = this.#codec.encode(value);
    this.#make(bytes.length);
    const { encoding } = this.#codec;
    return this.#append(encodeCommandHead(this.buffer, encoding, scope, name, request, timeoutMs), bytes);
  }

  /**
   * Makes a result.
   *
   * @param request The request's number.
   * @param value The result.
   * @returns The record's length.
   * @throws {RangeError} When the record is too long. Throws what the encoder throws, too.
   */
  result(request: number, value: unknown): number {
    const bytes = this.#codec.encode(value);
    this.#make(bytes.length);
    return this.#append(encodeAnswerHead(this.buffer, RecordKind.Result, this.#codec.encoding, 0, request), bytes);
  }

  /**
   * Makes a failure. Data that cannot be carried is left out.
   *
   * @param request The request's number.
   * @param code Why there is no result.
   * @param failure What the handler threw, where it did.
   * @returns The record's length.
   */
  failure(request: number, code: FailureCode, failure?: FailureRecord): number {
    let bytes: Uint8Array;
    try {
      bytes = this.#codec.encode(failure);
      this.#make(bytes.length);
    } catch {
      bytes = this.#codec.encode({ name: failure?.name, message: failure?.message });
      this.#make(bytes.length);
    }
    return this.#append(encodeAnswerHead(this.buffer, RecordKind.Failure, this.#codec.encoding, code, request), bytes);
  }

  /**
   * Makes a cancel.
   *
   * @param request The request's number.
   * @returns The record's length.
   */
  cancel(request: number): number {
    return encodeAnswerHead(this.buffer, RecordKind.Cancel, 0, 0, request);
  }

  #append(at: number, bytes: Uint8Array): number {
    this.buffer.set(bytes, at);
    return at + bytes.length;
  }

  #make(valueBytes: number): void {
    const needed = MAX_HEAD_BYTES + valueBytes;
    if (needed > this.#maxBytes) {
      throw new RangeError(`Cannot send a value of ${valueBytes} bytes: a record has at most ${this.#maxBytes}`);
    }
    const { length } = this.buffer;
    if (length >= needed && (length <= RETAINED_BYTES || needed > RETAINED_BYTES)) return;
    this.buffer = new Uint8Array(Math.max(needed, INITIAL_BYTES));
  }
}
