/**
 * The queue policy that keeps the newest message per key: for feeds where an old value is worth nothing.
 *
 * Messages wait here, not in the send queue, so that a newer one can take an older one's place; only when the send
 * queue has run empty does the next write's worth move over. A replaced message keeps its place in line, so that a key
 * that changes often never starves. Invariant: bytes held here and in the send queue together keep the bound.
 *
 * @module
 */
import type { WallClock } from "../time/clock.ts";
import { encodeTimestamp, TIMESTAMP_BYTES } from "../wire/timestamp_prefix.ts";
import type { Framing } from "./framing.ts";
import type { SendQueue } from "./send_queue.ts";

/** What messages are conflated by. */
export type ConflationKey = string | number;

/** How many bytes move over at a time, at most: one write's worth. */
const BATCH_BYTES = 256 << 10;
/** From this size on a frame's own memory is written instead of a copy. */
const OWNED_BYTES = 4096;

interface Entry {
  frame: Uint8Array;
  length: number;
}

/** Messages by key, oldest key first. */
export class Conflation {
  readonly #framing: Framing;
  readonly #maxBytes: number;
  // Never more than half is being written: keys that fit the other half together are never refused.
  readonly #batchBytes: number;
  readonly #wallClock: WallClock | undefined;
  readonly #entries = new Map<ConflationKey | symbol, Entry>();
  #bytes = 0;

  /**
   * @param framing Writes the headers.
   * @param maxBytes The bound on queued bytes, headers included.
   * @param wallClock Where timestamps come from, if messages carry one.
   */
  constructor(framing: Framing, maxBytes: number, wallClock?: WallClock) {
    this.#framing = framing;
    this.#maxBytes = maxBytes;
    this.#batchBytes = Math.min(BATCH_BYTES, maxBytes >>> 1);
    this.#wallClock = wallClock;
  }

  /** How many bytes wait here, headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many messages wait here. */
  get count(): number {
    return this.#entries.size;
  }

  /**
   * Queues a message, in place of an older one with the same key.
   *
   * @param payload Copied.
   * @param key What it replaces; `undefined`: nothing.
   * @param queued How many bytes the send queue holds.
   * @returns 0 when it was queued, 1 when it replaced another message, -1 when there is no room.
   */
  offer(payload: Uint8Array, key: ConflationKey | undefined, queued: number): -1 | 0 | 1 {
    const body = this.#framing.headerBytes + (this.#wallClock === undefined ? 0 : TIMESTAMP_BYTES);
    const length = body + payload.length;
    const old = key === undefined ? undefined : this.#entries.get(key);
    const others = queued + this.#bytes - (old?.length ?? 0);
    if (others > 0 && others + length > this.#maxBytes) return -1;
    const frame = old !== undefined && fits(old.frame, length) ? old.frame : new Uint8Array(length);
    this.#framing.encodeHeader(frame, 0, length - this.#framing.headerBytes);
    if (this.#wallClock !== undefined) encodeTimestamp(frame, body - TIMESTAMP_BYTES, this.#wallClock.wallNow());
    frame.set(payload, body);
    this.#bytes += length - (old?.length ?? 0);
    if (old === undefined) this.#entries.set(key ?? Symbol(), { frame, length });
    else Object.assign(old, { frame, length });
    return old === undefined ? 0 : 1;
  }

  /**
   * Moves the oldest messages, one write's worth, to the send queue; call it when that is empty.
   *
   * @param queue Takes them.
   */
  moveTo(queue: SendQueue): void {
    let moved = 0;
    for (const [key, { frame, length }] of this.#entries) {
      if (moved > 0 && moved + length > this.#batchBytes) break;
      const isWhole = length >= OWNED_BYTES && length === frame.length;
      if (!(isWhole ? queue.appendOwned(frame) : queue.appendFrames(frame, 0, length, 1))) break;
      this.#entries.delete(key);
      moved += length;
    }
    this.#bytes -= moved;
  }

  /**
   * Drops everything.
   *
   * @returns How many messages that were.
   */
  clear(): number {
    const count = this.#entries.size;
    this.#entries.clear();
    this.#bytes = 0;
    return count;
  }
}

/** Whether a frame's memory can be used again without wasting more than it holds. */
function fits(frame: Uint8Array, length: number): boolean {
  return frame.length >= length && frame.length <= length * 2;
}
