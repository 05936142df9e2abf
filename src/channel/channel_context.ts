/**
 * What the channels of all connections of an endpoint share: options, time, counters, and pools of records and memory.
 *
 * Invariants: pools keep a bounded number of free things, what comes back beyond that is left to the garbage collector;
 * in steady traffic nothing is allocated for a message. A record of an outgoing message keeps its place for good, so
 * that a handle finds it.
 *
 * @module
 */
import { BlockPool } from "../bytes/block_pool.ts";
import { ParityTables } from "../fec/parity_tables.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { Clock } from "../time/clock.ts";
import { ChannelFrameReader } from "../wire/channel_frame_reader.ts";
import { CHANNEL_COUNTERS } from "./channel_counters.ts";
import type { ChannelSetConfig } from "./channel_options.ts";
import { InMessage } from "./in_message.ts";
import { NO_BLOCK, OutMessage, SentFrame, SentKind, SentState } from "./out_message.ts";

const SMALLEST_BLOCK = 64;
const LARGEST_BLOCK: number = 1 << 24;
const RETAINED_BYTES: number = 8 << 20;
const MAX_FREE = 65_536;

/** Up to this size bytes are copied one by one: a view would cost more. */
const LOOP_BYTES = 96;

/** The common ground of the channels of one endpoint. */
export class ChannelContext {
  /** The checked options. */
  readonly config: ChannelSetConfig;
  /** The endpoint's clock. */
  readonly clock: Clock;
  /** What each connection counts, by its slot. */
  readonly counters: CounterTable = new CounterTable(CHANNEL_COUNTERS, 1);
  /** The coefficients of parity. */
  readonly tables: ParityTables = new ParityTables();
  /** The id of the first message of each channel. */
  readonly firstId: number;
  /** Reads frames; one for all, as a frame is acted upon at once. */
  readonly reader: ChannelFrameReader = new ChannelFrameReader();
  readonly #blocks: BlockPool = new BlockPool({ classBytes: blockClasses(), retainBytes: RETAINED_BYTES });
  readonly #records: OutMessage[] = [];
  readonly #freeRecords: OutMessage[] = [];
  readonly #freeFrames: SentFrame[] = [];
  readonly #freeArrivals: InMessage[] = [];

  /**
   * Makes empty pools.
   *
   * @param config The checked options.
   * @param clock The endpoint's clock.
   * @param firstId The id of the first message of each channel; both ends must agree. Ids wrap at 2^32.
   */
  constructor(config: ChannelSetConfig, clock: Clock, firstId = 0) {
    this.config = config;
    this.clock = clock;
    this.firstId = firstId | 0;
  }

  /** How many bytes of blocks are in use. */
  get lentBytes(): number {
    return this.#blocks.lentBytes;
  }

  /** How many records of outgoing messages are in use. */
  get lentRecords(): number {
    return this.#records.length - this.#freeRecords.length;
  }

  /**
   * Hands out a block.
   *
   * @param bytes How many bytes it is to hold.
   * @returns A block of at least that size with arbitrary content; for 0 bytes, the empty one.
   */
  takeBlock(bytes: number): Uint8Array {
    return bytes === 0 ? NO_BLOCK : this.#blocks.take(this.#blocks.classFor(bytes));
  }

  /**
   * Takes a block back.
   *
   * @param block The block; its owner must not touch it any more.
   */
  giveBlock(block: Uint8Array): void {
    if (block.length > 0) this.#blocks.give(block);
  }

  /**
   * Hands out a record of an outgoing message.
   *
   * @returns A record that was reset.
   */
  takeMessage(): OutMessage {
    const free = this.#freeRecords.pop();
    if (free !== undefined) return free;
    const message = new OutMessage(this.#records.length);
    this.#records.push(message);
    return message;
  }

  /**
   * Takes such a record back.
   *
   * @param message The record; nothing holds it any more.
   */
  giveMessage(message: OutMessage): void {
    message.reset();
    this.#freeRecords.push(message);
  }

  /**
   * Finds a record.
   *
   * @param index Its place.
   * @returns The record, in use or not; `undefined`: there is none.
   */
  messageAt(index: number): OutMessage | undefined {
    return this.#records[index];
  }

  /**
   * Hands out a note.
   *
   * @returns A note with nothing in it.
   */
  takeFrame(): SentFrame {
    return this.#freeFrames.pop() ?? new SentFrame();
  }

  /**
   * Takes a note back.
   *
   * @param frame The note; nothing holds it any more.
   */
  giveFrame(frame: SentFrame): void {
    frame.kind = SentKind.Whole;
    frame.state = SentState.InFlight;
    frame.message = frame.group = frame.next = undefined;
    frame.first = frame.count = frame.holders = 0;
    if (this.#freeFrames.length < MAX_FREE) this.#freeFrames.push(frame);
  }

  /**
   * Hands out a record of an arriving message.
   *
   * @returns A record that was reset.
   */
  takeArrival(): InMessage {
    return this.#freeArrivals.pop() ?? new InMessage();
  }

  /**
   * Takes such a record back, with its block.
   *
   * @param message The record; nothing holds it any more.
   */
  giveArrival(message: InMessage): void {
    this.giveBlock(message.block);
    message.block = NO_BLOCK;
    message.reset();
    if (this.#freeArrivals.length < MAX_FREE) this.#freeArrivals.push(message);
  }
}

/**
 * Copies bytes.
 *
 * @param into Where to.
 * @param at The index of the first one there.
 * @param from Where from.
 * @param start The index of the first one.
 * @param end The index after the last one.
 */
export function copyBytes(into: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length > LOOP_BYTES) return into.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
  for (let i = 0; i < length; i++) into[at + i] = from[start + i]!;
}

function blockClasses(): number[] {
  const sizes: number[] = [];
  for (let size = SMALLEST_BLOCK; size <= LARGEST_BLOCK; size *= 2) sizes.push(size);
  return sizes;
}
