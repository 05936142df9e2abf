/**
 * One direction of an in-memory link: a bounded ring of bytes between one writer and one reader.
 *
 * Invariants: bytes are copied in and copied out, so that a caller's memory is its own again when its promise settles;
 * the ring never holds more than its capacity and starts empty, so that an idle link costs little; after the end of
 * the stream the reader still gets everything that was taken before.
 *
 * @module
 */
import { MisuseError } from "../../error/transport_error.ts";
import type { Scheduler } from "../../time/scheduler.ts";

/** The first ring that is allocated, if the capacity allows. */
const FIRST_RING_BYTES = 1_024;

/**
 * Every so many writes, one settles in the next turn. Why: writer and reader settle each other in microtasks, and while
 * two of them never pause, no timer and no socket of the thread would be served.
 */
const WRITES_PER_TURN = 256;

interface PendingRead {
  readonly into: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: Error) => void;
}

interface PendingWrite {
  readonly from: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/** A bounded stream of bytes with waiting on both sides. */
export class BytePipe {
  readonly #capacityBytes: number;
  readonly #scheduler: Scheduler | undefined;
  #ring = new Uint8Array(0);
  #start = 0;
  #count = 0;
  #writeCount = 0;
  #pendingRead: PendingRead | undefined;
  #pendingWrite: PendingWrite | undefined;
  /** Set once nothing more will be written: the error that follows the last byte, or `null` for a proper end. */
  #end: Error | null | undefined;
  #readFailure: Error | undefined;
  #writeFailure: Error | undefined;

  /**
   * Makes an empty pipe.
   *
   * @param capacityBytes The most that it holds, at least 1.
   * @param scheduler Whose turns a busy writer waits for now and then; without one it never does.
   */
  constructor(capacityBytes: number, scheduler?: Scheduler) {
    this.#capacityBytes = capacityBytes;
    this.#scheduler = scheduler;
  }

  /**
   * Takes bytes out, waiting for at least one.
   *
   * @param into Written from its start.
   * @returns How many bytes were read, or `null` after the proper end.
   */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#readFailure !== undefined) return Promise.reject(this.#readFailure);
    if (this.#pendingRead !== undefined) return Promise.reject(new MisuseError("Cannot read: a read is pending"));
    if (into.length === 0) return Promise.resolve(0);
    if (this.#count > 0) {
      const count = this.#copyOut(into);
      this.#admitPendingWrite();
      return Promise.resolve(count);
    }
    if (this.#end === null) return Promise.resolve(null);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#pendingRead = { into, resolve, reject });
  }

  /**
   * Puts bytes in, waiting for room for at least one.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start.
   */
  write(from: Uint8Array): Promise<number> {
    if (this.#writeFailure !== undefined) return Promise.reject(this.#writeFailure);
    if (this.#pendingWrite !== undefined) return Promise.reject(new MisuseError("Cannot write: a write is pending"));
    if (this.#end !== undefined) return Promise.reject(new MisuseError("Cannot write: this side's stream was ended"));
    if (from.length === 0) return Promise.resolve(0);
    if (this.#count === this.#capacityBytes) {
      return new Promise((resolve, reject) => this.#pendingWrite = { from, resolve, reject });
    }
    const count = this.#copyIn(from);
    this.#servePendingRead();
    if (!this.#isTurnDue()) return Promise.resolve(count);
    return new Promise((resolve) => this.#scheduler!.nextTurn(() => resolve(count)));
  }

  /**
   * Ends the stream after what was written, a pending write included. A second call does nothing.
   *
   * @param error What the reader gets after the last byte; `null` for a proper end.
   */
  end(error: Error | null): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#servePendingRead();
  }

  /**
   * Fails the pending read and every later one, and drops what was not read.
   *
   * @param error What they reject with. The first one stays.
   */
  failReads(error: Error): void {
    if (this.#readFailure !== undefined) return;
    this.#readFailure = error;
    this.#ring = new Uint8Array(0);
    this.#start = this.#count = 0;
    this.#pendingRead?.reject(error);
    this.#pendingRead = undefined;
  }

  /**
   * Fails the pending write and every later one.
   *
   * @param error What they reject with. The first one stays.
   */
  failWrites(error: Error): void {
    if (this.#writeFailure !== undefined) return;
    this.#writeFailure = error;
    this.#pendingWrite?.reject(error);
    this.#pendingWrite = undefined;
  }

  #servePendingRead(): void {
    const read = this.#pendingRead;
    if (read === undefined || (this.#count === 0 && this.#end === undefined)) return;
    this.#pendingRead = undefined;
    if (this.#count > 0) read.resolve(this.#copyOut(read.into));
    else if (this.#end instanceof Error) read.reject(this.#end);
    else read.resolve(null);
  }

  #admitPendingWrite(): void {
    const write = this.#pendingWrite;
    if (write === undefined) return;
    this.#pendingWrite = undefined;
    const count = this.#copyIn(write.from);
    if (this.#isTurnDue()) this.#scheduler!.nextTurn(() => write.resolve(count));
    else write.resolve(count);
  }

  #isTurnDue(): boolean {
    return this.#scheduler !== undefined && ++this.#writeCount % WRITES_PER_TURN === 0;
  }

  #copyIn(from: Uint8Array): number {
    const count = Math.min(from.length, this.#capacityBytes - this.#count);
    if (this.#count + count > this.#ring.length) this.#grow(this.#count + count);
    const ring = this.#ring;
    const at = (this.#start + this.#count) % ring.length;
    const head = Math.min(count, ring.length - at);
    ring.set(from.subarray(0, head), at);
    ring.set(from.subarray(head, count), 0);
    this.#count += count;
    return count;
  }

  #copyOut(into: Uint8Array): number {
    const ring = this.#ring;
    const count = Math.min(into.length, this.#count);
    const head = Math.min(count, ring.length - this.#start);
    into.set(ring.subarray(this.#start, this.#start + head), 0);
    into.set(ring.subarray(0, count - head), head);
    this.#count -= count;
    this.#start = this.#count === 0 ? 0 : (this.#start + count) % ring.length;
    return count;
  }

  #grow(neededBytes: number): void {
    let length = Math.max(this.#ring.length, FIRST_RING_BYTES);
    while (length < neededBytes) length *= 2;
    const ring = new Uint8Array(Math.min(length, this.#capacityBytes));
    const count = this.#copyOut(ring);
    this.#ring = ring;
    this.#start = 0;
    this.#count = count;
  }
}
