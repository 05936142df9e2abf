/**
 * A ring of records for one producer thread and any number of consumer threads, each of which sees every record.
 *
 * The producer never waits: it writes over what is old, and a consumer that was too slow notices (the design is that
 * of Agrona's broadcast buffer). Consumers write nothing, so that one that died costs nothing.
 *
 * ```text
 * byte 0    magic · version · capacity                   createBroadcastRing writes them, once
 * byte 128  intent · tail · latest · producer state      the producer writes them; the consumers only read
 * byte 256  data, capacity bytes (a power of two)        the producer writes it
 *
 * record    | length · kind (int32) | number (float64) | payload, to a multiple of 8 |      length -1: padding
 *
 * producer  claim   intent = the claim's end, atomic store · fence · header, payload, plain
 *           commit  number, plain · tail = its end, atomic store · latest = its start, atomic store
 * consumer  next    tail, atomic load, when the last one is reached · header and payload: copied, plain
 *                   fence · intent, atomic load: what was copied is whole if intent - its start <= capacity
 * ```
 *
 * Positions are int32 in units of 8 bytes and wrap, 32 GiB apart. The intent never goes back, not even when a claim is
 * aborted, because what it covers is spoilt. A fence is an atomic store and an atomic load behind it: on machines that
 * let plain accesses pass one of them, none passes both. Records are numbered from 0, so that a consumer that was
 * lapped can say how many it missed.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { checkRecord } from "./record_layout.ts";
import { isRingCapacity } from "./spsc_layout.ts";

/** The first word of every such ring: the bytes `RWBC`. */
const MAGIC = 0x43425752;
const VERSION = 1;

const MAGIC_WORD = 0;
const VERSION_WORD = 1;
const CAPACITY_WORD = 2;
const INTENT = 32;
const TAIL = 33;
const LATEST = 34;
const PRODUCER_STATE = 35;
const DATA = 256;
const ATTACHED = 1;
const CLOSED = 2;

const HEADER_BYTES = 16;
const PADDING = -1;
/** A record takes at most this share of the ring, so that a consumer has time to copy it. */
const RECORDS_PER_RING = 8;

/**
 * Creates an empty ring, to be handed to its producer and its consumers.
 *
 * @param capacityBytes The size of its data region: a power of two from 1024 to 2^30. The largest record is an eighth.
 * @param startPosition Where positions start to count, in units of 8 bytes; tests cross the 32-bit wrap with it.
 * @default 0
 * @returns The shared memory of the ring.
 * @throws {RangeError} When the capacity is not such a power of two.
 */
export function createBroadcastRing(capacityBytes: number, startPosition = 0): SharedArrayBuffer {
  if (!isRingCapacity(capacityBytes)) {
    throw new RangeError(`Cannot create a ring of ${capacityBytes} bytes: not a power of two from 1024 to 2^30`);
  }
  const shared = new SharedArrayBuffer(DATA + capacityBytes);
  const words = new Int32Array(shared, 0, DATA / 4);
  words[MAGIC_WORD] = MAGIC;
  words[VERSION_WORD] = VERSION;
  words[CAPACITY_WORD] = capacityBytes;
  words[INTENT] = words[TAIL] = words[LATEST] = startPosition;
  return shared;
}

/**
 * The writing end of a ring, for one thread; a ring has one producer in its life.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BroadcastConsumer, BroadcastProducer, createBroadcastRing } from "./broadcast_ring.ts";
 *
 * const shared = createBroadcastRing(4096);
 * const producer = new BroadcastProducer(shared);
 * const consumers = [new BroadcastConsumer(shared), new BroadcastConsumer(shared)]; // each in a thread of its own
 * const offset = producer.claim(7, 4);
 * producer.view.setInt32(offset, 42, true);
 * producer.commit();
 * for (const consumer of consumers) {
 *   while (consumer.next()) assertEquals(consumer.view.getInt32(0, true), 42);
 * }
 * ```
 */
export class BroadcastProducer {
  /** The ring's data; write only inside the open claim. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The same bytes as words: a payload's first word is at `offset >> 2`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The longest payload, in bytes: an eighth of the ring's capacity less the header. */
  readonly maxPayloadBytes: number;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #capacity: number;
  readonly #mask: number;
  #intent: number;
  #tail: number;
  #start = 0; // of the open record
  #end: number; // of the open record; equal to #tail when there is none
  #number = 0;
  #closed = false;

  /**
   * Takes the producer's side of a ring.
   *
   * @param shared What {@linkcode createBroadcastRing} made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   * @throws {MisuseError} When the ring has or had a producer.
   */
  constructor(shared: SharedArrayBuffer) {
    const control = readControl(shared);
    if (Atomics.compareExchange(control, PRODUCER_STATE, 0, ATTACHED) !== 0) {
      throw new MisuseError("This ring has or had a producer already");
    }
    const bytes = control[CAPACITY_WORD]!;
    this.#control = control;
    this.#capacity = bytes / 8;
    this.#mask = this.#capacity - 1;
    this.data = new Uint8Array(shared, DATA, bytes);
    this.view = new DataView(shared, DATA, bytes);
    this.words = new Int32Array(shared, DATA, bytes / 4);
    this.#doubles = new Float64Array(shared, DATA, bytes / 8);
    this.maxPayloadBytes = bytes / RECORDS_PER_RING - HEADER_BYTES;
    this.#intent = this.#tail = this.#end = control[TAIL]!;
  }

  /**
   * Opens a record, which never fails for want of room: write its payload, then `commit` or `abort` it.
   *
   * @param kind What it is: an int32.
   * @param payloadBytes How long its payload is, from 0 to {@linkcode BroadcastProducer.maxPayloadBytes}.
   * @returns The payload's offset in {@linkcode BroadcastProducer.data}, a multiple of 8.
   * @throws {RangeError} When the kind is no int32, or a payload of that length never fits.
   * @throws {MisuseError} When a record is open or the producer is closed.
   */
  claim(kind: number, payloadBytes: number): number {
    checkRecord(kind, payloadBytes, this.maxPayloadBytes);
    if (this.#closed) throw new MisuseError("Cannot claim: this producer is closed");
    if (this.#end !== this.#tail) throw new MisuseError("The last record was not committed or aborted");
    const units = recordUnits(payloadBytes);
    const rest = this.#capacity - (this.#tail & this.#mask);
    this.#start = units <= rest ? this.#tail : (this.#tail + rest) | 0;
    this.#end = (this.#start + units) | 0;
    if (((this.#end - this.#intent) | 0) > 0) this.#intent = this.#end;
    Atomics.store(this.#control, INTENT, this.#intent);
    Atomics.load(this.#control, INTENT);
    if (this.#start !== this.#tail) this.words[(this.#tail & this.#mask) << 1] = PADDING;
    const first = (this.#start & this.#mask) << 1;
    this.words[first] = payloadBytes;
    this.words[first + 1] = kind;
    return (first << 2) + HEADER_BYTES;
  }

  /**
   * Makes the open record visible to all consumers; ring their doorbells after it.
   *
   * @throws {MisuseError} When no record is open.
   */
  commit(): void {
    if (this.#end === this.#tail) throw new MisuseError("No record is open");
    this.#doubles[(this.#start & this.#mask) + 1] = this.#number++;
    this.#tail = this.#end;
    Atomics.store(this.#control, TAIL, this.#tail);
    Atomics.store(this.#control, LATEST, this.#start);
  }

  /**
   * Drops the open record.
   *
   * @throws {MisuseError} When no record is open.
   */
  abort(): void {
    if (this.#end === this.#tail) throw new MisuseError("No record is open");
    this.#end = this.#tail;
  }

  /** Ends the stream: an open record is lost, what is committed stays. Ring the consumers' doorbells after it. */
  close(): void {
    this.#closed = true;
    this.#end = this.#tail;
    Atomics.store(this.#control, PRODUCER_STATE, CLOSED);
  }
}

/** One reading end of a ring, for one thread: it sees what is committed after it was made. */
export class BroadcastConsumer {
  /** A copy of the current record's payload, in unshared memory; overwritten by the next one. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<ArrayBuffer>;
  /** What the current record is. */
  kind = 0;
  /** How long its payload is, in bytes, from the start of {@linkcode BroadcastConsumer.data}. */
  length = 0;
  /** How many times the producer was a whole ring ahead, so that this end went on with the newest record. */
  lappedCount = 0;
  /** How many records were missed by that, counted from the first one that was read. */
  missedCount = 0;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #copy: Int32Array<ArrayBuffer>;
  readonly #fence = new Int32Array(1);
  readonly #capacity: number;
  readonly #mask: number;
  #position: number;
  #tail: number; // as last read
  #number = -1; // the next record's; -1 as long as none was read

  /**
   * Joins the consumers of a ring.
   *
   * @param shared What {@linkcode createBroadcastRing} made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length and its capacity do not match.
   */
  constructor(shared: SharedArrayBuffer) {
    const control = readControl(shared);
    const bytes = control[CAPACITY_WORD]!;
    this.#control = control;
    this.#capacity = bytes / 8;
    this.#mask = this.#capacity - 1;
    this.#words = new Int32Array(shared, DATA, bytes / 4);
    this.#doubles = new Float64Array(shared, DATA, bytes / 8);
    this.#copy = new Int32Array(bytes / RECORDS_PER_RING / 4);
    this.data = new Uint8Array(this.#copy.buffer);
    this.view = new DataView(this.#copy.buffer);
    this.#position = this.#tail = Atomics.load(control, TAIL);
  }

  /**
   * Moves on to the next record and copies it.
   *
   * @returns Whether there is one.
   */
  next(): boolean {
    for (;;) {
      if (this.#position === this.#tail) {
        this.#tail = Atomics.load(this.#control, TAIL);
        if (this.#position === this.#tail) return false;
      }
      const first = (this.#position & this.#mask) << 1;
      const length = this.#words[first]!;
      const kind = this.#words[first + 1]!;
      const number = this.#doubles[(this.#position + 1) & this.#mask]!;
      this.#copyPayload(first + HEADER_BYTES / 4, length);
      if (!this.#isWhole()) this.#jump();
      else if (length === PADDING) this.#position = (this.#position + this.#capacity - (first >> 1)) | 0;
      else {
        this.#position = (this.#position + recordUnits(length)) | 0;
        this.#accept(kind, length, number);
        return true;
      }
    }
  }

  /** Whether the producer closed its end and everything that it had committed was read. */
  get ended(): boolean {
    if (Atomics.load(this.#control, PRODUCER_STATE) !== CLOSED) return false;
    return Atomics.load(this.#control, TAIL) === this.#position;
  }

  /** Copies as much as a record of that length may have; the length may be anything, if the record is not whole. */
  #copyPayload(from: number, length: number): void {
    const words = Math.min((length + 3) >> 2, this.#copy.length, this.#words.length - from);
    for (let i = 0; i < words; i++) this.#copy[i] = this.#words[from + i]!;
  }

  /** Whether the producer has not begun to write over the record at the position. */
  #isWhole(): boolean {
    Atomics.store(this.#fence, 0, 0);
    return (Atomics.load(this.#control, INTENT) - this.#position) >>> 0 <= this.#capacity;
  }

  /** Goes on with the newest record. */
  #jump(): void {
    this.#position = Atomics.load(this.#control, LATEST);
    this.#tail = Atomics.load(this.#control, TAIL);
    this.lappedCount++;
  }

  #accept(kind: number, length: number, number: number): void {
    this.kind = kind;
    this.length = length;
    if (this.#number >= 0) this.missedCount += number - this.#number;
    this.#number = number + 1;
  }
}

function recordUnits(payloadBytes: number): number {
  return (payloadBytes + HEADER_BYTES + 7) >> 3;
}

function readControl(shared: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  if (!(shared instanceof SharedArrayBuffer)) throw new TypeError("A ring needs a SharedArrayBuffer");
  if (shared.byteLength < DATA) throw new RangeError(`A ring cannot have only ${shared.byteLength} bytes`);
  const control = new Int32Array(shared, 0, DATA / 4);
  if (control[MAGIC_WORD] !== MAGIC) {
    throw new TypeError("This memory is not a broadcast ring: createBroadcastRing() makes one");
  }
  if (control[VERSION_WORD] !== VERSION) {
    throw new TypeError(`This ring has the unknown version ${control[VERSION_WORD]}`);
  }
  const capacity = control[CAPACITY_WORD]!;
  if (!isRingCapacity(capacity) || shared.byteLength !== DATA + capacity) {
    throw new RangeError(`A ring of ${capacity} bytes cannot lie in ${shared.byteLength} bytes`);
  }
  return control;
}
