/**
 * The sending side of one link: what is due becomes records, one after another, lent and confirmed piece by piece.
 *
 * Order: the handshake, the hello, then control before batches, and a close behind the last batch. A batch is everything
 * that waits when the stream has taken the one before, up to a record's worth: the busier a link, the fewer seals.
 * Invariants: at most one stretch is lent at a time and it does not change; each record is sealed once.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../../crypto/aead.ts";
import { lz4CompressBlock } from "../../codec/lz4_block.ts";
import { MisuseError } from "../../error/transport_error.ts";
import type { TransmitSpan } from "../../machine/transmit_span.ts";
import { LinkCounter } from "./link_counters.ts";
import type { LinkKey } from "./link_key.ts";
import type { LinkQueue } from "./link_queue.ts";
import {
  COMPRESSED_FLAG,
  COMPRESSED_HEADER_BYTES,
  encodeRecordHeader,
  MAX_TEXT_BYTES,
  RECORD_HEADER_BYTES,
  RecordType,
} from "./link_record.ts";
import type { NodeLinkSetup } from "./link_setup.ts";

const INITIAL_BYTES = 1024;
const MAX_RECORD_BYTES = RECORD_HEADER_BYTES + MAX_TEXT_BYTES + AEAD_TAG_BYTES;
/** Memory beyond this is given back when a link has been quiet for a while. */
const KEPT_BYTES = 4096;
/** How many batches go out as they are after one that did not shrink. */
const SKIPPED_BATCHES = 15;
const NOTHING = new Uint8Array(0);

/** Makes records of what is due. */
export class LinkOutflow {
  /** Whether a ping is due. */
  pingDue = false;
  /** Whether a pong is due. */
  pongDue = false;
  readonly #setup: NodeLinkSetup;
  #memory: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #isLending = false;
  #key: LinkKey | undefined = undefined;
  #queue: LinkQueue | undefined = undefined;
  #hello: Uint8Array | undefined = undefined;
  #closeCode = -1;
  #isClosed = false;
  #messages = 0;
  #keyBatches = 0;
  #keyBytes = 0;
  #skip = 0;

  /** @param setup What the link is made of. */
  constructor(setup: NodeLinkSetup) {
    this.#setup = setup;
  }

  /** Whether nothing is lent or due, a close included. */
  get isFlushed(): boolean {
    return this.#start === this.#end && !this.#isLending && this.#isClosed;
  }

  /** Whether the stream is asked to take something. */
  get isWriting(): boolean {
    return this.#start < this.#end;
  }

  /**
   * Sends a handshake message before everything else.
   *
   * @param frame Header and message.
   */
  sendRaw(frame: Uint8Array): void {
    this.#reserve(this.#end - this.#start + frame.length);
    this.#memory.set(frame, this.#end);
    this.#end += frame.length;
  }

  /**
   * Takes the keys: records can be made from now on.
   *
   * @param key The sending key; `undefined` where links are not sealed.
   */
  arm(key: LinkKey | undefined): void {
    this.#key = key;
  }

  /** Sends the hello. */
  sendHello(text: Uint8Array): void {
    this.#hello = text;
  }

  /** Sends what waits here from now on. */
  attach(queue: LinkQueue): void {
    this.#queue = queue;
  }

  /** Sends no more batches. */
  detach(): void {
    this.#queue = undefined;
  }

  /** Closes behind what is due. */
  sendClose(code: number): void {
    this.#closeCode = code;
  }

  /**
   * Lends the next bytes.
   *
   * @param span Filled in.
   * @returns How many bytes; 0 when there are none, or some are lent already.
   */
  lend(span: TransmitSpan): number {
    if (this.#isLending) return 0;
    if (this.#start === this.#end && !this.#makeRecord()) return 0;
    span.buffer = this.#memory;
    span.offset = this.#start;
    span.length = this.#end - this.#start;
    this.#isLending = true;
    return span.length;
  }

  /**
   * Takes back what was lent.
   *
   * @param count How many bytes were written.
   * @throws {MisuseError} When nothing is lent.
   * @throws {RangeError} When more were written than were lent.
   */
  confirm(count: number): void {
    if (!this.#isLending) throw new MisuseError("Cannot confirm a transmit: nothing is lent");
    const lent = this.#end - this.#start;
    if (!(count >= 0 && count <= lent)) throw new RangeError(`Cannot confirm ${count} of ${lent} bytes`);
    this.#isLending = false;
    this.#start += count;
    this.#count(LinkCounter.BytesOut, count);
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
    this.#count(LinkCounter.MessagesOut, this.#messages);
    this.#messages = 0;
  }

  /** Gives memory back on a quiet link. */
  trim(): void {
    if (this.#start === this.#end && this.#memory.length > KEPT_BYTES) this.#memory = NOTHING;
    this.#queue?.trim();
  }

  /** Ends all sending; messages that were taken and not written are lost and counted. */
  stop(): void {
    this.#count(LinkCounter.LostWithLink, this.#messages);
    this.#messages = 0;
    this.#key?.destroy();
    this.#key = undefined;
    this.#queue?.restart();
    this.#queue = undefined;
  }

  #makeRecord(): boolean {
    if (this.#isClosed) return false;
    const hello = this.#hello;
    if (hello !== undefined) {
      this.#hello = undefined;
      return this.#control(RecordType.Hello, hello);
    }
    if (this.pongDue) {
      this.pongDue = false;
      return this.#control(RecordType.Pong, NOTHING);
    }
    if (this.pingDue) {
      this.pingDue = false;
      this.#count(LinkCounter.Heartbeats, 1);
      return this.#control(RecordType.Ping, NOTHING);
    }
    if (this.#batch()) return true;
    if (this.#closeCode < 0) return false;
    this.#isClosed = true;
    return this.#control(RecordType.Close, Uint8Array.of(this.#closeCode));
  }

  #control(type: RecordType, text: Uint8Array): boolean {
    this.#reserve(RECORD_HEADER_BYTES + text.length + AEAD_TAG_BYTES);
    this.#memory.set(text, RECORD_HEADER_BYTES);
    this.#seal(0, type, 0, text.length);
    return true;
  }

  #batch(): boolean {
    const queue = this.#queue;
    const bytes = queue === undefined ? 0 : queue.peekBatch(MAX_TEXT_BYTES);
    if (queue === undefined || bytes === 0) return false;
    this.#reserve(2 * RECORD_HEADER_BYTES + bytes + 2 * AEAD_TAG_BYTES);
    const at = this.#rekey();
    const text = at + RECORD_HEADER_BYTES;
    let length = this.#compress(queue, bytes, text);
    const isCompressed = length > 0;
    if (!isCompressed) {
      const { memory, head } = queue;
      if (head === 0 && bytes === memory.length) this.#memory.set(memory, text);
      else this.#memory.set(memory.subarray(head, head + bytes), text);
      length = bytes;
    }
    this.#messages = queue.takeBatch(bytes);
    this.#count(LinkCounter.BatchesOut, 1);
    this.#keyBatches++;
    this.#keyBytes += length;
    this.#seal(at, RecordType.Batch, isCompressed ? COMPRESSED_FLAG : 0, length);
    return true;
  }

  /** Compresses the next batch to where its text stands; returns the text's length, 0 where it is not worth it. */
  #compress(queue: LinkQueue, bytes: number, at: number): number {
    if (bytes < this.#setup.config.compressFromBytes) return 0;
    if (this.#skip > 0) {
      this.#skip--;
      return 0;
    }
    const { memory, head } = queue;
    const limit = bytes - (bytes >>> 3) - COMPRESSED_HEADER_BYTES;
    const block = at + COMPRESSED_HEADER_BYTES;
    const { lz4 } = this.#setup;
    const length = lz4CompressBlock(memory, head, head + bytes, this.#memory, block, Math.max(0, limit), lz4);
    if (length === 0) {
      this.#skip = SKIPPED_BATCHES;
      return 0;
    }
    this.#memory[at] = bytes;
    this.#memory[at + 1] = bytes >>> 8;
    this.#count(LinkCounter.BatchesCompressed, 1);
    this.#count(LinkCounter.BytesSaved, bytes - length - COMPRESSED_HEADER_BYTES);
    return COMPRESSED_HEADER_BYTES + length;
  }

  /** Goes on to the next key where it is time; returns where the batch behind it starts. */
  #rekey(): number {
    const { rekeyAfterBatches, rekeyAfterBytes } = this.#setup.config;
    const key = this.#key;
    if (key === undefined || (this.#keyBatches < rekeyAfterBatches && this.#keyBytes < rekeyAfterBytes)) return 0;
    this.#seal(0, RecordType.Rekey, 0, 0);
    key.step();
    this.#keyBatches = this.#keyBytes = 0;
    this.#count(LinkCounter.Rekeys, 1);
    return this.#end;
  }

  /** Makes a record of a text that stands behind its header. */
  #seal(at: number, type: RecordType, flags: number, length: number): void {
    const text = at + RECORD_HEADER_BYTES;
    const end = text + length;
    const key = this.#key;
    encodeRecordHeader(this.#memory, at, type, flags, key === undefined ? length : length + AEAD_TAG_BYTES);
    if (key !== undefined) key.seal(this.#memory, at, text, end);
    this.#end = key === undefined ? end : end + AEAD_TAG_BYTES;
  }

  /** Makes sure that so many bytes fit. */
  #reserve(bytes: number): void {
    if (bytes <= this.#memory.length) return;
    let length = INITIAL_BYTES;
    while (length < bytes) length *= 2;
    const larger = new Uint8Array(Math.min(length, MAX_RECORD_BYTES + RECORD_HEADER_BYTES + AEAD_TAG_BYTES));
    larger.set(this.#memory.subarray(0, this.#end));
    this.#memory = larger;
  }

  #count(counter: number, n: number): void {
    if (n !== 0) this.#setup.counters.add(this.#setup.slot, counter, n);
  }
}
