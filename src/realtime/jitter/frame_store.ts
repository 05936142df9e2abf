/**
 * The frames that wait for their turn, by sequence number, and what became of those before them.
 *
 * A ring of twice `maxFrames` entries: what is to come and what is over share it. Every entry has its own sequence
 * number, so that a number that is a lap away is never taken for it. Payloads are copied into pooled blocks. Invariant:
 * at most `maxFrames` frames and `maxBytes` bytes of blocks wait, whatever comes, and no frame takes the place of one
 * that waits.
 *
 * Positions are sequence numbers on a scale of 32 bits that wraps: only differences, `(a - b) | 0`, mean something.
 *
 * @module
 */
import { BlockPool } from "../../bytes/block_pool.ts";
import type { Clock } from "../../time/clock.ts";
import type { JitterFrame } from "./jitter_frame.ts";
import type { JitterConfig } from "./jitter_options.ts";

const SMALLEST_BLOCK = 64;
const BLOCK_GROWTH = 4;

/** What is known of a position. */
const NEVER_SEEN = 0;
const WAITING = 1;
/** It came, and was played or dropped or too late. */
const OVER = 2;

/** Holds the frames of one stream. */
export class FrameStore {
  readonly #clock: Clock;
  readonly #mask: number;
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  readonly #pool: BlockPool;
  readonly #state: Uint8Array;
  readonly #position: Int32Array;
  readonly #timestamp: Uint32Array;
  readonly #mediaMs: Float64Array;
  readonly #arrivalMs: Float64Array;
  readonly #length: Int32Array;
  readonly #endsSpurt: Uint8Array;
  readonly #block: (Uint8Array | undefined)[];
  #count = 0;
  #bytes = 0;

  /**
   * Makes an empty store.
   *
   * @param config How many frames and bytes, and how large a payload may be.
   * @param clock When frames come.
   */
  constructor(config: JitterConfig, clock: Clock) {
    this.#clock = clock;
    const size = 2 * config.maxFrames;
    this.#mask = size - 1;
    this.#maxFrames = config.maxFrames;
    this.#maxBytes = config.maxBytes;
    this.#pool = new BlockPool({ classBytes: blockSizes(config.maxPayloadBytes), retainBytes: config.maxBytes });
    this.#state = new Uint8Array(size);
    this.#position = new Int32Array(size);
    this.#timestamp = new Uint32Array(size);
    this.#mediaMs = new Float64Array(size);
    this.#arrivalMs = new Float64Array(size);
    this.#length = new Int32Array(size);
    this.#endsSpurt = new Uint8Array(size);
    this.#block = new Array(size).fill(undefined);
  }

  /** How many frames wait. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes the blocks of the waiting frames take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many bytes of blocks there are: waiting, lent and kept for reuse. */
  get heldBytes(): number {
    return this.#pool.lentBytes + this.#pool.retainedBytes;
  }

  /**
   * Whether a frame waits.
   *
   * @param position Which one.
   * @returns Whether it is here.
   */
  has(position: number): boolean {
    const at = position & this.#mask;
    return this.#state[at] === WAITING && this.#position[at] === position;
  }

  /**
   * Whether a frame came before.
   *
   * @param position Which one.
   * @returns Whether it waits or is over, as far back as the ring goes.
   */
  knows(position: number): boolean {
    const at = position & this.#mask;
    return this.#state[at] !== NEVER_SEEN && this.#position[at] === position;
  }

  /**
   * The first frame that waits; looks at each entry of the ring once at most.
   *
   * @param from Where to look first; one must wait here or behind it, less than a lap away.
   * @returns Its position.
   */
  first(from: number): number {
    const state = this.#state;
    const mask = this.#mask;
    for (let i = 0; i <= mask; i++) {
      const at = (from + i) & mask;
      if (state[at] === WAITING) return this.#position[at]!;
    }
    return from;
  }

  /**
   * The media time of a frame that waits.
   *
   * @param position Which one.
   * @returns In ms, on the scale of the stream.
   */
  mediaMs(position: number): number {
    return this.#mediaMs[position & this.#mask]!;
  }

  /**
   * When a frame came that waits.
   *
   * @param position Which one.
   * @returns The time in ms.
   */
  arrivalMs(position: number): number {
    return this.#arrivalMs[position & this.#mask]!;
  }

  /**
   * Whether the sender said that silence follows a frame that waits.
   *
   * @param position Which one.
   * @returns What it said.
   */
  endsSpurt(position: number): boolean {
    return this.#endsSpurt[position & this.#mask] === 1;
  }

  /**
   * Whether one more frame has room.
   *
   * @param bytes How long its payload is, at most `maxPayloadBytes`.
   * @returns Whether neither bound would be passed.
   */
  hasRoom(bytes: number): boolean {
    const block = this.#pool.classBytes(this.#pool.classFor(bytes));
    return this.#count < this.#maxFrames && this.#bytes + block <= this.#maxBytes;
  }

  /**
   * Copies a frame in that has just come; it must have room and not be known.
   *
   * @param position Its position.
   * @param timestamp Its timestamp as it was on the wire.
   * @param mediaMs Its media time.
   * @param payload Borrowed for the call.
   * @param endsSpurt Whether silence follows it.
   * @returns `false` when a frame waits in its place, which stays: the same one, or one a lap away.
   */
  insert(
    position: number,
    timestamp: number,
    mediaMs: number,
    payload: Uint8Array,
    endsSpurt: boolean,
  ): boolean {
    const at = position & this.#mask;
    if (this.#state[at] === WAITING) return false;
    const block = this.#pool.take(this.#pool.classFor(payload.length));
    block.set(payload);
    this.#block[at] = block;
    this.#length[at] = payload.length;
    this.#state[at] = WAITING;
    this.#position[at] = position;
    this.#timestamp[at] = timestamp;
    this.#mediaMs[at] = mediaMs;
    this.#arrivalMs[at] = this.#clock.now;
    this.#endsSpurt[at] = endsSpurt ? 1 : 0;
    this.#count++;
    this.#bytes += block.length;
    return true;
  }

  /**
   * Notes that a frame came that is not kept, unless one a lap away waits in its place.
   *
   * @param position Which one.
   */
  pass(position: number): void {
    const at = position & this.#mask;
    if (this.#state[at] === WAITING) return;
    this.#state[at] = OVER;
    this.#position[at] = position;
  }

  /**
   * Lends a frame that waits; its block is the borrower's until {@linkcode FrameStore.giveBack}.
   *
   * @param position Which one.
   * @param into What to fill, all but the sequence number.
   */
  lend(position: number, into: JitterFrame): void {
    const at = position & this.#mask;
    into.timestamp = this.#timestamp[at]!;
    into.length = this.#length[at]!;
    into.block = this.#takeOut(at);
  }

  /**
   * Takes the block of a frame back.
   *
   * @param block What was lent.
   */
  giveBack(block: Uint8Array): void {
    this.#pool.give(block);
  }

  /**
   * Drops a frame that waits.
   *
   * @param position Which one.
   */
  drop(position: number): void {
    this.#pool.give(this.#takeOut(position & this.#mask));
  }

  /** Drops all frames and forgets what came before. */
  clear(): void {
    for (let at = 0; at <= this.#mask; at++) {
      if (this.#state[at] === WAITING) this.#pool.give(this.#takeOut(at));
      this.#state[at] = NEVER_SEEN;
    }
  }

  #takeOut(at: number): Uint8Array {
    const block = this.#block[at]!;
    this.#block[at] = undefined;
    this.#state[at] = OVER;
    this.#count--;
    this.#bytes -= block.length;
    return block;
  }
}

/** Sizes that grow by a factor up to the largest payload. */
function blockSizes(maxPayloadBytes: number): number[] {
  const sizes: number[] = [];
  for (let size = SMALLEST_BLOCK; size < maxPayloadBytes; size *= BLOCK_GROWTH) sizes.push(size);
  sizes.push(Math.max(SMALLEST_BLOCK, maxPayloadBytes));
  return sizes;
}
