/**
 * A ring of records for many producer threads and one consumer thread, for control: it reads in the order of claims.
 *
 * ```text
 *   released, all zero | committed | open, word 0 | committed | free, all zero
 *                    ^head         ^the consumer waits here  ^tail
 *
 * claim     [head, atomic load] · own block: position, then -length, plain
 *           tail, compare-exchange: the claim is made · own block: length, plain
 *           [first word of the padding, atomic store, when the record goes to the start of the next lap]
 *           kind, plain · the payload, plain, by the caller
 * commit    the record's first word, atomic store: owner and length, never 0 · own block: length 0, plain
 * next      first word, atomic load, until it is 0 · kind and payload, plain
 * release   what was read, zeroed, plain · head, atomic store · gate "space"
 * ```
 *
 * A first word that is not 0 is a commit, because all that is free is zero: the consumer clears what it gives back, and
 * a claim cannot be made before the head says so. Why clearing and no lap number: the words of an old payload could
 * look like any number.
 *
 * An owner announces a claim in its own block before it tries for it (`mpsc_owners.ts`), so that the claim of a thread
 * that died is known by position and length, whenever it died. It is passed over only when the consumer was told that
 * this owner is gone: a claim of an owner that is only slow is waited for, whatever happens behind it.
 *
 * Positions wrap as int32, 32 GiB apart, and only differences count. A producer first expects the tail where it left it
 * (one compare-exchange and no load, as long as no other claims in between), and reads the head anew when it is not
 * there. So only its own claims have moved the tail since it read the head, and its copy is at most too careful. What
 * remains is that others claim exactly 32 GiB, to the byte, between two of its claims, and the ring is full just then.
 *
 * Why: both ends are in one file, because what one side stores is safe only by the order in which the other side reads.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { Gate } from "./gate.ts";
import {
  ATTACHED,
  CAPACITY_WORD,
  CLAIM_LENGTH,
  CLAIM_POSITION,
  CLOSED,
  CONSUMER_STATE,
  FREE,
  HEAD,
  isMpscShape,
  MAGIC,
  MAGIC_WORD,
  OWNER_BYTES,
  OWNER_STATE,
  OWNERS,
  OWNERS_WORD,
  readMpscMemory,
  REFUSED_DOUBLE,
  SPACE_GATE,
  TAIL,
  VERSION,
  VERSION_WORD,
} from "./mpsc_layout.ts";
import { freeOwner, isOwnerGone, MpscOwners, ownerBlock, takeOwner } from "./mpsc_owners.ts";
import { checkRecord, RECORD_HEADER_BYTES, recordBytes } from "./record_layout.ts";

/** A record's first word: the owner's number and 1 above these bits, the length in them. No owner: padding. */
const LENGTH_BITS = 24;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
/** A batch ends after this share of the ring, so that producers get room while the consumer is at work. */
const BATCHES_PER_RING = 4;

/**
 * Creates an empty ring, to be handed to its producers and its consumer.
 *
 * @param capacityBytes The size of its data region: a power of two from 1024 to 2^24. The largest record is half of it.
 * @param owners How many producers it may have at a time, from 1 to 254; 128 bytes each.
 * @param startPosition Where positions start to count, in units of 8 bytes; tests cross the 32-bit wrap with it.
 * @default 0
 * @returns The shared memory of the ring.
 * @throws {RangeError} When the capacity or the owners are out of these bounds.
 */
export function createMpscRing(capacityBytes: number, owners: number, startPosition = 0): SharedArrayBuffer {
  if (!isMpscShape(capacityBytes, owners)) {
    throw new RangeError(
      `Cannot create a ring of ${capacityBytes} bytes and ${owners} owners: ` +
        "the capacity is a power of two from 1024 to 2^24, and there are 1 to 254 owners",
    );
  }
  const shared = new SharedArrayBuffer(OWNERS + owners * OWNER_BYTES + capacityBytes);
  const words = new Int32Array(shared, 0, OWNERS / 4);
  words[MAGIC_WORD] = MAGIC;
  words[VERSION_WORD] = VERSION;
  words[CAPACITY_WORD] = capacityBytes / 8;
  words[OWNERS_WORD] = owners;
  words[TAIL] = startPosition;
  words[HEAD] = startPosition;
  return shared;
}

/**
 * One owner's writing end of a ring, for one thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createMpscRing, MpscConsumer, MpscProducer } from "./mpsc_ring.ts";
 *
 * const shared = createMpscRing(64 * 1024, 2);
 * const first = new MpscProducer(shared, 0); // each in a thread of its own
 * const second = new MpscProducer(shared, 1);
 * for (const producer of [first, second]) {
 *   const offset = producer.claim(7, 4);
 *   if (offset < 0) continue; // full: try again later
 *   producer.view.setInt32(offset, 42, true);
 *   producer.commit();
 * }
 * const consumer = new MpscConsumer(shared);
 * const owners: number[] = [];
 * while (consumer.next()) owners.push(consumer.owner);
 * consumer.release();
 * assertEquals(owners, [0, 1]);
 * ```
 */
export class MpscProducer {
  /** The ring's data; write only inside the open claim. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The same bytes as words, the fastest way to write them: a payload's first word is at `offset >> 2`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The longest payload, in bytes: half of the ring's capacity less the header. */
  readonly maxPayloadBytes: number;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #block: Int32Array<SharedArrayBuffer>;
  readonly #refused: Float64Array<SharedArrayBuffer>;
  readonly #space: Gate;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #tag: number; // the owner's bits in a first word
  readonly #state: number; // the owner's state word as long as it is this producer
  #tail: number; // where the ring was claimed to when this producer last claimed
  #head: number; // as last read
  #open = -1; // the index of the open record's first word
  #length = 0; // of the open record's payload

  /**
   * Takes an owner's side of a ring.
   *
   * @param shared What {@linkcode createMpscRing} made.
   * @param owner The owner's number, from 0; no other producer may have it as long as this one is not closed or
   * skipped.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length does not match, or it has no such owner.
   * @throws {MisuseError} When that owner is taken.
   */
  constructor(shared: SharedArrayBuffer, owner: number) {
    const { words, capacity, owners, dataOffset } = readMpscMemory(shared);
    this.#control = words;
    this.#block = ownerBlock(shared, owner, owners);
    this.#refused = new Float64Array(shared, this.#block.byteOffset, OWNER_BYTES / 8);
    this.#state = takeOwner(this.#block, owner);
    this.#space = new Gate(shared, SPACE_GATE);
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#tag = (owner + 1) << LENGTH_BITS;
    this.data = new Uint8Array(shared, dataOffset, capacity * 8);
    this.view = new DataView(shared, dataOffset, capacity * 8);
    this.words = new Int32Array(shared, dataOffset, capacity * 2);
    this.maxPayloadBytes = capacity * 4 - RECORD_HEADER_BYTES;
    this.#tail = Atomics.load(words, TAIL);
    this.#head = Atomics.load(words, HEAD);
  }

  /**
   * Opens a record: write its payload, then `commit` or `abort` it, soon: all later records wait for it.
   *
   * @param kind What it is: an int32.
   * @param payloadBytes How long its payload is, from 0 to {@linkcode MpscProducer.maxPayloadBytes}.
   * @returns The payload's offset in {@linkcode MpscProducer.data}, a multiple of 8; -1 when the ring has no room now,
   * which is counted, or the consumer closed.
   * @throws {RangeError} When the kind is no int32, or a payload of that length never fits.
   * @throws {MisuseError} When a record is open, or the producer is closed or was skipped.
   */
  claim(kind: number, payloadBytes: number): number {
    if ((kind | 0) !== kind || payloadBytes >>> 0 !== payloadBytes || payloadBytes > this.maxPayloadBytes) {
      checkRecord(kind, payloadBytes, this.maxPayloadBytes);
    }
    const block = this.#block;
    // Plain loads: they may be late by an instant, and cost a tenth of atomic ones.
    if (this.#open >= 0 || block[OWNER_STATE] !== this.#state) this.#throwNoTurn();
    if (this.#control[CONSUMER_STATE] === CLOSED) return -1;
    const units = recordBytes(payloadBytes) >> 3;
    let tail = this.#tail;
    for (;;) {
      const rest = this.#capacity - (tail & this.#mask);
      const length = units <= rest ? units : rest + units;
      if (((tail + length - this.#head) | 0) > this.#capacity && !this.#hasRoom(tail, length)) return this.#refuse();
      block[CLAIM_POSITION] = tail;
      block[CLAIM_LENGTH] = -length;
      const found = Atomics.compareExchange(this.#control, TAIL, tail, (tail + length) | 0);
      if (found === tail) {
        block[CLAIM_LENGTH] = length;
        this.#tail = (tail + length) | 0;
        return this.#start(tail, length === units ? 0 : rest, kind, payloadBytes);
      }
      tail = found;
      this.#head = Atomics.load(this.#control, HEAD);
    }
  }

  /**
   * Makes the open record visible to the consumer; ring its doorbell after it.
   *
   * @returns Whether the consumer had not closed before: if it had, nobody may ever read the record.
   * @throws {MisuseError} When no record is open, or the producer was skipped: its claim is not its own any more.
   */
  commit(): boolean {
    this.#end(this.#tag | this.#length);
    return this.#control[CONSUMER_STATE] !== CLOSED;
  }

  /**
   * Turns the open record into padding that the consumer passes over; ring its doorbell after it, for the padding takes
   * room until then.
   *
   * @throws {MisuseError} When no record is open, or the producer was skipped.
   */
  abort(): void {
    this.#end(recordBytes(this.#length));
  }

  /**
   * Waits on the event loop for the consumer to release something; claim again afterwards, in a loop.
   *
   * @param payloadBytes The length of the payload that found no room.
   * @returns `"not-equal"` when there is room by now or the consumer closed, else a promise that settles when the
   * consumer releases or closes, or a producer closes. It does not keep the process alive.
   * @throws {RangeError} When a payload of that length never fits.
   */
  waitForSpace(payloadBytes: number): Promise<"ok" | "timed-out"> | "not-equal" {
    checkRecord(0, payloadBytes, this.maxPayloadBytes);
    this.#space.prepareWait();
    return this.#mayClaim(payloadBytes) || this.isConsumerClosed() ? "not-equal" : this.#space.wait();
  }

  /**
   * Blocks this thread until the consumer releases something; never for the main thread.
   *
   * @param payloadBytes The length of the payload that found no room.
   * @param timeoutMs The longest time to block, in milliseconds.
   * @returns Whether a claim may find room now: others may be faster.
   * @throws {RangeError} When a payload of that length never fits, or the time is negative or not finite.
   */
  waitForSpaceBlocking(payloadBytes: number, timeoutMs: number): boolean {
    checkRecord(0, payloadBytes, this.maxPayloadBytes);
    this.#space.prepareWait();
    if (this.#mayClaim(payloadBytes)) return true;
    if (!this.isConsumerClosed()) this.#space.waitBlocking(timeoutMs);
    return this.#mayClaim(payloadBytes);
  }

  /** Whether the consumer closed its end: nobody will read what is committed from now on. */
  isConsumerClosed(): boolean {
    return Atomics.load(this.#control, CONSUMER_STATE) === CLOSED;
  }

  /**
   * Ends this producer: an open record becomes padding, and its owner's number may be taken again. Ring the consumer's
   * doorbell after it.
   */
  close(): void {
    if (this.#block[OWNER_STATE] !== this.#state) return;
    if (this.#open >= 0) this.abort();
    freeOwner(this.#block);
    this.#space.open();
  }

  /** Writes what belongs to a claim that was made. */
  #start(tail: number, padding: number, kind: number, payloadBytes: number): number {
    let first = (tail & this.#mask) << 1;
    if (padding > 0) {
      Atomics.store(this.words, first, padding << 3);
      first = 0;
    }
    this.words[first + 1] = kind;
    this.#open = first;
    this.#length = payloadBytes;
    return (first << 2) + RECORD_HEADER_BYTES;
  }

  #end(firstWord: number): void {
    const open = this.#open;
    if (open < 0 || this.#block[OWNER_STATE] !== this.#state) this.#throwNoTurn();
    this.#open = -1;
    Atomics.store(this.words, open, firstWord);
    this.#block[CLAIM_LENGTH] = 0;
  }

  #hasRoom(tail: number, length: number): boolean {
    this.#head = Atomics.load(this.#control, HEAD);
    return ((tail + length - this.#head) | 0) <= this.#capacity;
  }

  #mayClaim(payloadBytes: number): boolean {
    const units = recordBytes(payloadBytes) >> 3;
    const tail = Atomics.load(this.#control, TAIL);
    const rest = this.#capacity - (tail & this.#mask);
    return this.#hasRoom(tail, units <= rest ? units : rest + units);
  }

  #refuse(): number {
    this.#block[CLAIM_LENGTH] = 0;
    this.#refused[REFUSED_DOUBLE]! += 1;
    return -1;
  }

  #throwNoTurn(): never {
    if (isOwnerGone(this.#block)) throw new MisuseError("This producer's thread was declared gone");
    if (this.#block[OWNER_STATE] !== this.#state) throw new MisuseError("This producer is closed");
    throw new MisuseError(this.#open < 0 ? "No record is open" : "The last record was not committed or aborted");
  }
}

/**
 * The reading end of a ring, for one thread; a ring has one consumer in its life.
 *
 * Read with `while (next()) …`, then `release`, again and again.
 */
export class MpscConsumer {
  /** The ring's data; a record that was read is the consumer's until it is released. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** The same bytes for numbers. */
  readonly view: DataView<SharedArrayBuffer>;
  /** The same bytes as words: a payload's first word is at `offset >> 2`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** What the current record is. */
  kind = 0;
  /** Who wrote it. */
  owner = 0;
  /** Where its payload starts in {@linkcode MpscConsumer.data}. */
  offset = 0;
  /** How long its payload is, in bytes. */
  length = 0;
  /** How many claims of owners that were gone have been passed over. */
  skippedCount = 0;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #owners: MpscOwners;
  readonly #units: Float64Array<SharedArrayBuffer>;
  readonly #space: Gate;
  readonly #capacity: number;
  readonly #mask: number;
  #position: number; // up to where the ring was read
  #head: number; // up to where it was released
  #isHolding = false; // whether a record was read and not released

  /**
   * Takes the consumer's side of a ring.
   *
   * @param shared What {@linkcode createMpscRing} made.
   * @throws {TypeError} When it is no ring of this version.
   * @throws {RangeError} When its length does not match.
   * @throws {MisuseError} When the ring has or had a consumer.
   */
  constructor(shared: SharedArrayBuffer) {
    const { words, capacity, owners, dataOffset } = readMpscMemory(shared);
    if (Atomics.compareExchange(words, CONSUMER_STATE, FREE, ATTACHED) !== FREE) {
      throw new MisuseError("This ring has or had a consumer already");
    }
    this.#control = words;
    this.#owners = new MpscOwners(shared, owners);
    this.#space = new Gate(shared, SPACE_GATE);
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.data = new Uint8Array(shared, dataOffset, capacity * 8);
    this.view = new DataView(shared, dataOffset, capacity * 8);
    this.words = new Int32Array(shared, dataOffset, capacity * 2);
    this.#units = new Float64Array(shared, dataOffset, capacity);
    this.#position = this.#head = words[HEAD]!;
  }

  /**
   * Moves on to the next record of the batch.
   *
   * @returns Whether there is one; if not, release the batch: the ring may hold more behind it.
   */
  next(): boolean {
    for (;;) {
      if (((this.#position - this.#head) | 0) >= this.#capacity / BATCHES_PER_RING) {
        if (this.#isHolding) return false;
        this.release(); // padding only: the ring may be full of it, and must not look empty
      }
      const first = (this.#position & this.#mask) << 1;
      const word = Atomics.load(this.words, first);
      if (word === 0) {
        if (this.#owners.goneCount === 0 || !this.#skipGone()) return false;
        continue;
      }
      const length = word & LENGTH_MASK;
      const tag = word >>> LENGTH_BITS;
      if (tag === 0) {
        this.#position = (this.#position + (length >> 3)) | 0;
        continue;
      }
      this.owner = tag - 1;
      this.kind = this.words[first + 1]!;
      this.offset = (first << 2) + RECORD_HEADER_BYTES;
      this.length = length;
      this.#position = (this.#position + (recordBytes(length) >> 3)) | 0;
      this.#isHolding = true;
      return true;
    }
  }

  /** Gives all that was read back to the producers and wakes those that wait for room. */
  release(): void {
    const length = (this.#position - this.#head) | 0;
    if (length === 0) return;
    this.#isHolding = false;
    const from = this.#head & this.#mask;
    this.#units.fill(0, from, Math.min(from + length, this.#capacity));
    if (from + length > this.#capacity) this.#units.fill(0, 0, from + length - this.#capacity);
    this.#head = this.#position;
    Atomics.store(this.#control, HEAD, this.#head);
    this.#space.open();
  }

  /**
   * Says that the thread of an owner has ended, so that its open claim, if it has one, is passed over.
   *
   * Only for a thread that can never run again: `terminate()` alone does not stop a thread that is busy. The owner's
   * number is free again once the consumer has read past its claim.
   *
   * @param owner Its number. An owner that is not attached is left alone.
   * @throws {RangeError} When there is no such owner.
   */
  skipOwner(owner: number): void {
    this.#owners.declareGone(owner);
    this.#owners.forgetGone(this.#position, this.isEmpty());
  }

  /**
   * Tells whether an owner's number is taken: by a producer that is not closed, or by one that was skipped and whose
   * claim has not been passed yet.
   *
   * @param owner Its number.
   * @returns Whether it is.
   * @throws {RangeError} When there is no such owner.
   */
  isOwnerTaken(owner: number): boolean {
    return this.#owners.isTaken(owner);
  }

  /**
   * Counts the claims that found no room; every try counts.
   *
   * @returns The sum over all owners, in the life of the ring.
   */
  refusedCount(): number {
    return this.#owners.refusedCount();
  }

  /** Whether nothing is in the ring that was not read: no record, and no open claim of anybody. */
  isEmpty(): boolean {
    return Atomics.load(this.#control, TAIL) === this.#position;
  }

  /** Closes this end and wakes all who wait for room: nothing new is claimed. What was committed can still be read. */
  close(): void {
    Atomics.store(this.#control, CONSUMER_STATE, CLOSED);
    this.#space.open();
  }

  /** Passes over the claim at the position, if it is one of an owner that is gone. */
  #skipGone(): boolean {
    const length = this.isEmpty() ? 0 : this.#owners.goneClaim(this.#position);
    if (length > 0) {
      this.#position = (this.#position + length) | 0;
      this.skippedCount++;
    }
    this.#owners.forgetGone(this.#position, this.isEmpty());
    return length > 0;
  }
}
