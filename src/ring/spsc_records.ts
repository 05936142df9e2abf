/**
 * Records in an SPSC ring: one thread writes them in place, another reads them in place, in batches.
 *
 * ```text
 *            | length kind payload… | length kind payload… | length kind …
 * producer   claim   header, plain · payload, plain, by the caller        (watermark and tail as in spsc_ring.ts)
 *            stage   nothing · publish: tail, one atomic store for all that was staged
 * consumer   next    tail, atomic load, once a batch · headers, plain
 *            release head, one atomic store for the batch · doorbell "space": one load, and a wake-up if it sleeps
 * ```
 *
 * A batch is what the ring holds in one piece when the last one is used up, so that `next` comes to an end however
 * fast the producer is. Each side writes only its own words; no header is read before the tail that covers it, hence
 * headers and payloads need no order of their own.
 *
 * @module
 */
import { checkRecord, RECORD_HEADER_BYTES, recordBytes } from "./record_layout.ts";
import { SpscConsumer, SpscProducer } from "./spsc_ring.ts";

/**
 * The writing end of a ring of records, for one thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createSpscRing } from "./spsc_ring.ts";
 * import { SpscRecordConsumer, SpscRecordProducer } from "./spsc_records.ts";
 *
 * const shared = createSpscRing(64 * 1024);
 * const producer = new SpscRecordProducer(shared);
 * for (const value of [10, 20, 30]) {
 *   const offset = producer.claim(7, 4);
 *   if (offset < 0) break; // full: wait for space
 *   producer.view.setInt32(offset, value, true);
 *   producer.stage();
 * }
 * producer.publish();
 *
 * const consumer = new SpscRecordConsumer(shared); // in another thread
 * let sum = 0;
 * while (consumer.next()) sum += consumer.view.getInt32(consumer.offset, true);
 * consumer.release();
 * assertEquals(sum, 60);
 * ```
 */
export class SpscRecordProducer {
  /** The ring's data; write only inside the open claim. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The same bytes as words, the fastest way to write them: a payload's first word is at `offset >> 2`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The longest payload, in bytes: half of the ring's capacity less the header. */
  readonly maxPayloadBytes: number;
  readonly #ring: SpscProducer;

  /**
   * Takes the producer's side of a ring.
   *
   * @param shared What `createSpscRing()` made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   * @throws {MisuseError} When the ring has or had a producer.
   */
  constructor(shared: SharedArrayBuffer) {
    const ring = new SpscProducer(shared);
    this.#ring = ring;
    this.data = ring.data;
    this.view = ring.view;
    this.words = new Int32Array(shared, ring.data.byteOffset, ring.data.length >> 2);
    this.maxPayloadBytes = ring.maxClaimBytes - RECORD_HEADER_BYTES;
  }

  /**
   * Opens a record: write its payload, then `commit`, `stage` or `abort` it.
   *
   * @param kind What it is: an int32.
   * @param payloadBytes How long its payload is, from 0 to {@linkcode SpscRecordProducer.maxPayloadBytes}.
   * @returns The payload's offset in {@linkcode SpscRecordProducer.data}, a multiple of 8; -1 when the ring has no room
   * now (what was staged is published then) or the consumer closed.
   * @throws {RangeError} When the kind is no int32, or a payload of that length never fits.
   * @throws {MisuseError} When a record is open or the producer is closed.
   */
  claim(kind: number, payloadBytes: number): number {
    if ((kind | 0) !== kind || payloadBytes >>> 0 !== payloadBytes || payloadBytes > this.maxPayloadBytes) {
      checkRecord(kind, payloadBytes, this.maxPayloadBytes);
    }
    const at = this.#ring.claim(recordBytes(payloadBytes));
    if (at < 0) return -1;
    const word = at >> 2;
    this.words[word] = payloadBytes;
    this.words[word + 1] = kind;
    return at + RECORD_HEADER_BYTES;
  }

  /**
   * Makes the open record, and those that were staged before, visible to the consumer; ring its doorbell after it.
   *
   * @returns Whether the consumer had not closed before.
   * @throws {MisuseError} When no record is open.
   */
  commit(): boolean {
    return this.#ring.commit();
  }

  /**
   * Ends the open record without showing it yet; {@linkcode SpscRecordProducer.publish} before you wait for anything.
   *
   * @throws {MisuseError} When no record is open.
   */
  stage(): void {
    this.#ring.stage();
  }

  /**
   * Makes all staged records visible with one atomic store; ring the consumer's doorbell after it.
   *
   * @returns Whether the consumer had not closed before.
   */
  publish(): boolean {
    return this.#ring.publish();
  }

  /**
   * Drops the open record; its room is free again.
   *
   * @throws {MisuseError} When no record is open.
   */
  abort(): void {
    this.#ring.abort();
  }

  /**
   * Publishes, then waits on the event loop for the consumer to release something; claim again afterwards, in a loop.
   *
   * @param payloadBytes The length of the payload that found no room.
   * @returns `"not-equal"` when there is room by now or the consumer closed, else a promise that settles when the
   * consumer releases or closes. It does not keep the process alive.
   * @throws {RangeError} When a payload of that length never fits.
   */
  waitForSpace(payloadBytes: number): Promise<"ok" | "timed-out"> | "not-equal" {
    checkRecord(0, payloadBytes, this.maxPayloadBytes);
    return this.#ring.waitForSpace(recordBytes(payloadBytes));
  }

  /**
   * Publishes, then blocks this thread until a record has room; never for the main thread.
   *
   * @param payloadBytes The length of the payload that found no room.
   * @param timeoutMs How long to wait for a consumer that releases nothing at all, in milliseconds.
   * @returns Whether it has room now; false when no release came within that time, or the consumer closed.
   * @throws {RangeError} When a payload of that length never fits, or the time is negative or not finite.
   */
  waitForSpaceBlocking(payloadBytes: number, timeoutMs: number): boolean {
    checkRecord(0, payloadBytes, this.maxPayloadBytes);
    return this.#ring.waitForSpaceBlocking(recordBytes(payloadBytes), timeoutMs);
  }

  /** Whether the consumer closed its end: nobody will read what is committed from now on. */
  isConsumerClosed(): boolean {
    return this.#ring.isConsumerClosed();
  }

  /** Ends the stream: an open record is lost, staged ones are published. Ring the consumer's doorbell after it. */
  close(): void {
    this.#ring.close();
  }
}

/**
 * The reading end of a ring of records, for one thread: `while (next()) …`, then `release`, again and again.
 */
export class SpscRecordConsumer {
  /** The ring's data; a record that was read is the consumer's until it is released. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The same bytes as words: a payload's first word is at `offset >> 2`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** What the current record is. */
  kind = 0;
  /** Where its payload starts in {@linkcode SpscRecordConsumer.data}. */
  offset = 0;
  /** How long its payload is, in bytes. */
  length = 0;
  readonly #ring: SpscConsumer;
  #at = 0;
  #end = 0; // of the batch
  #released = 0;

  /**
   * Takes the consumer's side of a ring.
   *
   * @param shared What `createSpscRing()` made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   * @throws {MisuseError} When the ring has or had a consumer.
   */
  constructor(shared: SharedArrayBuffer) {
    const ring = new SpscConsumer(shared);
    this.#ring = ring;
    this.data = ring.data;
    this.view = new DataView(shared, ring.data.byteOffset, ring.data.length);
    this.words = new Int32Array(shared, ring.data.byteOffset, ring.data.length >> 2);
  }

  /**
   * Moves on to the next record of the batch.
   *
   * @returns Whether there is one; if not, release the batch: the ring may hold more behind it.
   */
  next(): boolean {
    const at = this.#at;
    if (at === this.#end) return this.#nextBatch();
    const word = at >> 2;
    const length = this.words[word]!;
    this.kind = this.words[word + 1]!;
    this.offset = at + RECORD_HEADER_BYTES;
    this.length = length;
    this.#at = at + recordBytes(length);
    return true;
  }

  /** Gives all records that were read back to the producer and wakes it if it waits for room. */
  release(): void {
    const bytes = this.#at - this.#released;
    if (bytes === 0) return;
    this.#released = this.#at;
    this.#ring.release(bytes);
  }

  /**
   * Counts the records that the producer has published, read or not.
   *
   * @returns The sum; exact as long as fewer than 2^32 are published between two looks at the ring.
   */
  recordsCommitted(): number {
    return this.#ring.recordsCommitted();
  }

  /** Whether the producer closed its end; what it had published may still be in the ring. */
  get producerClosed(): boolean {
    return this.#ring.producerClosed;
  }

  /** Whether the producer closed its end and everything that it had published was released. */
  get ended(): boolean {
    return this.#ring.ended;
  }

  /** Closes this end and wakes a producer that waits for room; what was published before can still be read. */
  close(): void {
    this.#ring.close();
  }

  #nextBatch(): boolean {
    if (this.#released !== this.#end) return false;
    const bytes = this.#ring.peek();
    if (bytes === 0) return false;
    this.#at = this.#released = this.#ring.spanOffset;
    this.#end = this.#at + bytes;
    return this.next();
  }
}
