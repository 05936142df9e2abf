/**
 * A byte ring in shared memory for one producer thread and one consumer thread: contiguous claims, no record header.
 *
 * ```text
 *           watermark: where this lap's data ends
 *                      v
 * |bbbb......aaaaaaaaaapadding|   a was claimed first, b did not fit behind it and went to the start of the next lap
 *      ^tail ^head
 *
 * claim    [watermark, plain, when the claim reaches or passes the region's end] · the bytes, plain
 * stage    nothing: the claim is done, and stays invisible until the next publish or commit
 * publish  records, plain · tail, atomic store: what is before tail is visible, all else is lost with the producer
 * commit   stage and publish in one
 * peek     tail, atomic load · [watermark, plain, only when tail is in the next lap] · the bytes, plain
 * release  head, atomic store · ring "space"
 * ```
 *
 * Positions are int32 and wrap: only differences count, and they are at most the capacity, 2^30. (Why signed: V8 keeps
 * such a field unboxed.) Each side reads the other's position only when its own copy of it says full or empty.
 *
 * The watermark needs no order of its own: a claim that sets it for lap n ends at most `capacity` after head, so head
 * is in lap n already and the consumer is done with lap n - 1. It is set before every change of lap, so it is never
 * stale. A claim of at most half the capacity always finds room in an empty ring, before the end or, when the tail is
 * past the middle, at the start: this is the largest claim, and the reason that waiting for room cannot deadlock.
 *
 * Why: both ends are in one file, because what one side stores is safe only by the order in which the other side reads.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { Doorbell } from "./doorbell.ts";
import {
  attachToRing,
  CAPACITY_WORD,
  CLOSED,
  CONSUMER_STATE,
  DATA,
  HEAD,
  isRingCapacity,
  MAGIC,
  MAGIC_WORD,
  PRODUCER_STATE,
  RECORDS,
  SPACE_DOORBELL,
  TAIL,
  VERSION,
  VERSION_WORD,
  WATERMARK,
} from "./spsc_layout.ts";

/**
 * Creates an empty ring, to be handed to one producer and one consumer thread.
 *
 * @param capacityBytes The size of its data region: a power of two from 1024 to 2^30. The largest claim is half of it.
 * @param startPosition Where positions start to count; tests cross the 32-bit wrap with it. @default 0
 * @returns The shared memory of the ring.
 * @throws {RangeError} When the capacity is not such a power of two.
 */
export function createSpscRing(capacityBytes: number, startPosition = 0): SharedArrayBuffer {
  if (!isRingCapacity(capacityBytes)) {
    throw new RangeError(`Cannot create a ring of ${capacityBytes} bytes: not a power of two from 1024 to 2^30`);
  }
  const shared = new SharedArrayBuffer(DATA + capacityBytes);
  const words = new Int32Array(shared, 0, DATA / 4);
  words[MAGIC_WORD] = MAGIC;
  words[VERSION_WORD] = VERSION;
  words[CAPACITY_WORD] = capacityBytes;
  words[TAIL] = startPosition;
  words[HEAD] = startPosition;
  return shared;
}

/**
 * The writing end of a ring, for one thread; a ring has one producer in its life.
 *
 * @example
 * ```ts
 * import { createSpscRing, SpscConsumer, SpscProducer } from "./spsc_ring.ts";
 *
 * const shared = createSpscRing(64 * 1024);
 * const consumer = new SpscConsumer(shared); // in another thread
 * const producer = new SpscProducer(shared);
 * const offset = producer.claim(8);
 * if (offset >= 0) {
 *   producer.view.setInt32(offset, 4, true);
 *   producer.data.fill(7, offset + 4, offset + 8);
 *   producer.commit();
 * }
 * consumer.peek(); // 8
 * ```
 */
export class SpscProducer {
  /** The data region; write only inside the open claim. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same region for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The largest claim, in bytes: half of the capacity. */
  readonly maxClaimBytes: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #space: Doorbell;
  readonly #capacity: number;
  readonly #mask: number;
  #tail: number;
  #end: number; // the open claim's end; equal to #tail when there is none
  #limit: number; // a claim that ends before this position needs no look at the head and no wrap
  #head: number; // as last read
  #published: number; // the tail that the consumer can see
  #stagedRecords = 0;
  #closed = false;

  /**
   * Takes the producer's side of a ring.
   *
   * @param shared What {@linkcode createSpscRing} made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   * @throws {MisuseError} When the ring has or had a producer.
   */
  constructor(shared: SharedArrayBuffer) {
    const words = attachToRing(shared, PRODUCER_STATE);
    this.#words = words;
    this.#capacity = words[CAPACITY_WORD]!;
    this.#mask = this.#capacity - 1;
    this.data = new Uint8Array(shared, DATA, this.#capacity);
    this.view = new DataView(shared, DATA, this.#capacity);
    this.maxClaimBytes = this.#capacity / 2;
    this.#space = new Doorbell(shared, SPACE_DOORBELL);
    this.#tail = this.#end = words[TAIL]!;
    this.#limit = this.#published = this.#tail;
    this.#head = Atomics.load(words, HEAD);
  }

  /**
   * Opens a claim: contiguous room that stays invisible to the consumer until {@linkcode SpscProducer.commit}.
   *
   * @param bytes How many, from 1 to {@linkcode SpscProducer.maxClaimBytes}.
   * @returns The claim's offset in {@linkcode SpscProducer.data}, or -1 when the ring has no room now or the consumer
   * closed.
   * @throws {RangeError} When `bytes` is no such number.
   * @throws {MisuseError} When a claim is open or the producer is closed.
   */
  claim(bytes: number): number {
    const tail = this.#tail;
    // A plain load: it may be late by an instant, and costs a tenth of an atomic one.
    if (this.#words[CONSUMER_STATE] === CLOSED) return -1;
    if (this.#end === tail && bytes > 0 && bytes < ((this.#limit - tail) | 0) && (bytes | 0) === bytes) {
      this.#end = (tail + bytes) | 0;
      return tail & this.#mask;
    }
    return this.#claimSlowly(bytes);
  }

  /**
   * Makes the open claim, and what was staged before it, visible to the consumer; ring its doorbell after it.
   *
   * @param recordCount How many records the claim holds: a whole number for statistics. @default 1
   * @returns Whether the consumer had not closed before: if it had, nobody may ever read the claim.
   * @throws {MisuseError} When no claim is open.
   */
  commit(recordCount = 1): boolean {
    this.stage(recordCount);
    return this.publish();
  }

  /**
   * Ends the open claim without showing it to the consumer yet, so that many claims share one atomic store.
   *
   * Whoever stages publishes before it waits for anything; a claim that finds no room does it by itself.
   *
   * @param recordCount How many records the claim holds: a whole number for statistics. @default 1
   * @throws {MisuseError} When no claim is open.
   */
  stage(recordCount = 1): void {
    const end = this.#end;
    if (end === this.#tail) throwNoClaim();
    this.#tail = end;
    this.#stagedRecords = (this.#stagedRecords + recordCount) | 0;
  }

  /**
   * Makes all that was staged visible to the consumer; ring its doorbell after it. An open claim stays open.
   *
   * @returns Whether the consumer had not closed before.
   */
  publish(): boolean {
    const words = this.#words;
    const tail = this.#tail;
    if (tail !== this.#published) {
      this.#published = tail;
      words[RECORDS] = (words[RECORDS]! + this.#stagedRecords) | 0;
      this.#stagedRecords = 0;
      Atomics.store(words, TAIL, tail);
    }
    return words[CONSUMER_STATE] !== CLOSED;
  }

  /**
   * Drops the open claim; its room is free again.
   *
   * @throws {MisuseError} When no claim is open.
   */
  abort(): void {
    if (this.#end === this.#tail) throwNoClaim();
    this.#end = this.#limit = this.#tail; // the limit may belong to the next lap
  }

  /**
   * Waits on the event loop for the consumer to release something; claim again afterwards, in a loop.
   *
   * @param bytes The size of the claim that found no room.
   * @returns `"not-equal"` when there is room by now or the consumer closed, else a promise that settles when the
   * consumer releases or closes. It does not keep the process alive.
   * @throws {RangeError} When a claim of this size is never possible.
   */
  waitForSpace(bytes: number): Promise<"ok" | "timed-out"> | "not-equal" {
    this.#checkSize(bytes);
    this.publish();
    this.#space.prepareWait();
    if (this.#hasRoom(bytes) || this.isConsumerClosed()) {
      this.#space.cancelWait();
      return "not-equal";
    }
    return this.#space.wait();
  }

  /**
   * Blocks this thread until a claim has room; never for the main thread.
   *
   * @param bytes The size of the claim that found no room.
   * @param timeoutMs How long to wait for a consumer that releases nothing at all, in milliseconds.
   * @returns Whether the claim has room now; false when no release came within that time, or the consumer closed.
   * @throws {RangeError} When a claim of this size is never possible, or the time is negative or not finite.
   */
  waitForSpaceBlocking(bytes: number, timeoutMs: number): boolean {
    this.#checkSize(bytes);
    this.publish();
    for (;;) {
      this.#space.prepareWait();
      const hasRoom = this.#hasRoom(bytes);
      if (hasRoom || this.isConsumerClosed()) {
        this.#space.cancelWait();
        return hasRoom;
      }
      if (this.#space.waitBlocking(timeoutMs) === "timed-out") return false;
    }
  }

  /** Whether the consumer closed its end: nobody will read what is committed from now on. */
  isConsumerClosed(): boolean {
    return Atomics.load(this.#words, CONSUMER_STATE) === CLOSED;
  }

  /** Ends the stream: an open claim is lost, what is committed or staged stays. Ring the consumer's doorbell after it. */
  close(): void {
    this.#closed = true;
    this.#end = this.#limit = this.#tail;
    this.publish();
    Atomics.store(this.#words, PRODUCER_STATE, CLOSED);
  }

  /** The claim that needs the consumer's position, the end of the region, or an error. */
  #claimSlowly(bytes: number): number {
    if (this.#closed) throw new MisuseError("Cannot claim: this producer is closed");
    if (this.#end !== this.#tail) throw new MisuseError("Cannot claim: the last claim was not committed or aborted");
    this.#checkSize(bytes);
    if (!this.#hasRoom(bytes)) {
      this.publish();
      return -1;
    }
    const tail = this.#tail;
    const room = this.#capacity - (tail & this.#mask);
    let start = tail;
    let lapEnd = (tail + room) | 0;
    if (bytes > room) {
      this.#words[WATERMARK] = tail;
      start = lapEnd;
      lapEnd = (lapEnd + this.#capacity) | 0;
    } else if (bytes === room) {
      this.#words[WATERMARK] = lapEnd;
    }
    const full = (this.#head + this.#capacity) | 0;
    this.#end = (start + bytes) | 0;
    this.#limit = ((full - lapEnd) | 0) < 0 ? full : lapEnd;
    return start & this.#mask;
  }

  #hasRoom(bytes: number): boolean {
    const tail = this.#tail;
    const room = this.#capacity - (tail & this.#mask);
    const mostUsed = this.#capacity - (bytes > room ? room + bytes : bytes);
    if (((tail - this.#head) | 0) <= mostUsed) return true;
    this.#head = Atomics.load(this.#words, HEAD);
    return ((tail - this.#head) | 0) <= mostUsed;
  }

  #checkSize(bytes: number): void {
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > this.maxClaimBytes) {
      throw new RangeError(`Cannot claim ${bytes} bytes: this ring takes 1 to ${this.maxClaimBytes}`);
    }
  }
}

/**
 * The reading end of a ring, for one thread; a ring has one consumer in its life.
 *
 * @example
 * ```ts
 * import { createSpscRing, SpscConsumer, SpscProducer } from "./spsc_ring.ts";
 *
 * const shared = createSpscRing(64 * 1024);
 * const producer = new SpscProducer(shared); // in another thread
 * producer.claim(100);
 * producer.commit();
 * const consumer = new SpscConsumer(shared);
 * let total = 0;
 * for (let bytes = consumer.peek(); bytes > 0; bytes = consumer.peek()) {
 *   const span = consumer.data.subarray(consumer.spanOffset, consumer.spanOffset + bytes);
 *   total += span.length;
 *   consumer.release(bytes);
 * }
 * ```
 */
export class SpscConsumer {
  /** The data region; what lies in the span is the consumer's until it is released. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #space: Doorbell;
  readonly #capacity: number;
  readonly #mask: number;
  #head: number;
  #tail: number; // as last read
  #span = 0;
  #recordsRead = 0; // the records word as last read
  #records = 0;

  /**
   * Takes the consumer's side of a ring.
   *
   * @param shared What {@linkcode createSpscRing} made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   * @throws {MisuseError} When the ring has or had a consumer.
   */
  constructor(shared: SharedArrayBuffer) {
    const words = attachToRing(shared, CONSUMER_STATE);
    this.#words = words;
    this.#capacity = words[CAPACITY_WORD]!;
    this.#mask = this.#capacity - 1;
    this.data = new Uint8Array(shared, DATA, this.#capacity);
    this.#space = new Doorbell(shared, SPACE_DOORBELL);
    this.#head = this.#tail = words[HEAD]!;
  }

  /**
   * Looks at the next span: committed bytes in one piece, whole claims but for what was released of the first.
   *
   * @returns Its length in bytes; 0 when the ring is empty.
   */
  peek(): number {
    if (this.#tail === this.#head) {
      this.#tail = Atomics.load(this.#words, TAIL);
      this.#countRecords();
    }
    let unread = (this.#tail - this.#head) | 0;
    const room = this.#capacity - (this.#head & this.#mask);
    if (unread > room) {
      const beforeWatermark = (this.#words[WATERMARK]! - this.#head) | 0;
      if (beforeWatermark > 0) {
        unread = beforeWatermark;
      } else {
        this.#head = (this.#head + room) | 0;
        unread -= room;
      }
    }
    this.#span = unread;
    return unread;
  }

  /** Where the span of the last {@linkcode SpscConsumer.peek} starts in {@linkcode SpscConsumer.data}. */
  get spanOffset(): number {
    return this.#head & this.#mask;
  }

  /**
   * Gives the first bytes of the span back to the producer and wakes it if it waits for room.
   *
   * @param bytes How many, from 0 to what is left of the span; they need not end with a claim.
   * @throws {RangeError} When `bytes` is no such number.
   */
  release(bytes: number): void {
    if ((bytes | 0) !== bytes || bytes < 0 || bytes > this.#span) {
      throw new RangeError(`Cannot release ${bytes} bytes of a span of ${this.#span}`);
    }
    this.#span -= bytes;
    this.#head = (this.#head + bytes) | 0;
    Atomics.store(this.#words, HEAD, this.#head);
    this.#space.ring();
  }

  /**
   * Counts the records that the producer has committed, drained or not.
   *
   * @returns The sum of all record counts; exact as long as fewer than 2^32 are committed between two looks at the
   * ring.
   */
  recordsCommitted(): number {
    this.#countRecords();
    return this.#records;
  }

  /** Whether the producer closed its end; what it had committed may still be in the ring. */
  get producerClosed(): boolean {
    return Atomics.load(this.#words, PRODUCER_STATE) === CLOSED;
  }

  /** Whether the producer closed its end and everything that it had committed was released. */
  get ended(): boolean {
    return this.producerClosed && Atomics.load(this.#words, TAIL) === this.#head;
  }

  /**
   * Closes this end and wakes a producer that waits for room: nothing new is claimed. What was committed before can
   * still be read.
   */
  close(): void {
    Atomics.store(this.#words, CONSUMER_STATE, CLOSED);
    this.#space.ring();
  }

  #countRecords(): void {
    const now = Atomics.load(this.#words, RECORDS);
    this.#records += (now - this.#recordsRead) >>> 0;
    this.#recordsRead = now;
  }
}

function throwNoClaim(): never {
  throw new MisuseError("No claim is open");
}
