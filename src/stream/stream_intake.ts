/**
 * The receiving side of one open stream: receive memory, the frames in it, and what is counted of them.
 *
 * Invariants: what was read from the link is in the end delivered, unread, discarded or still held, and counted as
 * such; a frame is judged only while the stream is open.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { BlockPool } from "../bytes/block_pool.ts";
import type { FrameParser } from "./frame_cursor.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { StreamCounter } from "./stream_counters.ts";

/** Receives for one stream. */
export class StreamIntake {
  /** Walks the received frames. */
  readonly frames: FrameParser;
  readonly #buffer: ReceiveBuffer;
  readonly #counters: CounterTable;
  readonly #slot: number;

  /**
   * @param frames Walks the received frames.
   * @param blocks The endpoint's read blocks.
   * @param counters Where this stream is counted.
   * @param slot The row in `counters`.
   */
  constructor(frames: FrameParser, blocks: BlockPool, counters: CounterTable, slot: number) {
    this.frames = frames;
    this.#buffer = new ReceiveBuffer(blocks);
    this.#counters = counters;
    this.#slot = slot;
  }

  /** How many bytes were received and not consumed. */
  get heldBytes(): number {
    return this.#buffer.end - this.#buffer.start;
  }

  /** Lends free memory, never empty; what was delivered before is void. */
  span(): Uint8Array {
    const buffer = this.#buffer;
    if (buffer.end === buffer.start) return buffer.span(0);
    this.load();
    return buffer.span(this.frames.pendingBytes());
  }

  /**
   * Takes what was read into the last span.
   *
   * @param count How many bytes.
   * @throws {RangeError} When the span had less room.
   */
  received(count: number): void {
    this.#buffer.received(count);
    this.#count(StreamCounter.BytesIn, count);
    this.#count(StreamCounter.Reads, 1);
  }

  /** Points the parser at what is held. */
  load(): void {
    const { bytes, start, end } = this.#buffer;
    this.frames.load(bytes, start, end);
  }

  /**
   * Looks at the first frame that is held.
   *
   * @returns Whether it is complete; if not, `frames.fault` says whether it is refused.
   */
  look(): boolean {
    this.load();
    const pending = this.frames.pendingBytes();
    if (pending > 0 && pending <= this.heldBytes) return true;
    // A refused header has no size either: the parser's next step says whether it is refused or incomplete.
    this.frames.next();
    return false;
  }

  /** Consumes everything up to the parser's position. */
  consume(): void {
    this.#buffer.start = this.frames.position;
  }

  /**
   * The application is done with what was delivered.
   *
   * @param open Whether what it did not read is judged and passed over; otherwise it is discarded.
   * @returns Why the frame that stopped the parser is refused, if it is.
   */
  finish(open: boolean): CloseCode | undefined {
    const { frames } = this;
    const read = frames.count;
    this.#count(StreamCounter.MessagesIn, read);
    while (open && frames.next());
    this.#count(StreamCounter.Unread, frames.count - read);
    this.consume();
    if (open) return frames.fault;
    this.discard();
    return undefined;
  }

  /** Throws away what is held. */
  discard(): void {
    this.#count(StreamCounter.DiscardedBytes, this.heldBytes);
    this.#buffer.start = this.#buffer.end;
  }

  /** Gives all memory back. */
  release(): void {
    this.#buffer.release();
  }

  #count(counter: number, n: number): void {
    if (n !== 0) this.#counters.add(this.#slot, counter, n);
  }
}
