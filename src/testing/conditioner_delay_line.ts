/**
 * The line between the wrapped link and its reader: bytes enter when they arrive and leave when they are due.
 *
 * Invariants: order is kept (what is due early waits for what arrived before it); at most `WINDOW_BYTES` are on the line, and while
 * it is full nothing is read from the link, so that back-pressure reaches the other end; the alarm is armed only
 * where somebody waits for bytes that are on the line.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import type { StreamConditionerConfig } from "./conditioner_options.ts";

/** The most bytes on the line. */
const WINDOW_BYTES = 262_144;

/** The most bytes that are taken from the link at a time, one packet's worth: due times are as fine as this. */
const SEGMENT_BYTES = 1_460;

/** Bytes, or how the stream ended, and when the reader may learn of it. */
interface Segment {
  readonly dueMs: number;
  bytes: Uint8Array;
  readonly end: { readonly error: unknown } | null | undefined;
}

interface PendingRead {
  readonly into: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads a link and delivers late. */
export class DelayLine {
  readonly #link: StreamLink;
  readonly #config: StreamConditionerConfig;
  readonly #alarm: Alarm;
  readonly #segments: Segment[] = [];
  #onLineBytes = 0;
  /** When the last byte so far has passed the place that limits the rate. */
  #rateFreeMs = 0;
  #pendingRead: PendingRead | undefined;
  #wakeIntake: (() => void) | undefined;
  #closed = false;

  /**
   * @param link Read from here on, by nobody else; closing it stays with the owner.
   * @param config Delay, jitter and rate, and where time and chance come from.
   */
  constructor(link: StreamLink, config: StreamConditionerConfig) {
    this.#link = link;
    this.#config = config;
    this.#alarm = config.scheduler.alarm(() => this.#deliver());
    this.#takeIn();
  }

  /**
   * Delivers what is due, waiting for at least one byte.
   *
   * @param into Written from its start.
   * @returns How many bytes, or `null` at the end of the stream.
   */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#pendingRead !== undefined) return Promise.reject(new MisuseError("Cannot read: a read is pending"));
    return new Promise((resolve, reject) => {
      this.#pendingRead = { into, resolve, reject };
      this.#deliver();
    });
  }

  /** Stops: a pending read rejects and the alarm is disarmed. The owner closes the link. */
  close(): void {
    this.#closed = true;
    this.#alarm.disarm();
    this.#pendingRead?.reject(new Error("The line was closed"));
    this.#pendingRead = undefined;
  }

  async #takeIn(): Promise<void> {
    while (!this.#closed) {
      const bytes = new Uint8Array(Math.min(SEGMENT_BYTES, WINDOW_BYTES - this.#onLineBytes));
      const outcome = await this.#link.read(bytes).catch((error: unknown) => ({ error }));
      if (typeof outcome !== "number") return this.#push(new Uint8Array(0), outcome);
      this.#push(bytes.slice(0, outcome), undefined);
      if (this.#onLineBytes === WINDOW_BYTES) await new Promise<void>((resolve) => this.#wakeIntake = resolve);
    }
  }

  #push(bytes: Uint8Array, end: Segment["end"]): void {
    const { scheduler, random, delayMs, jitterMs, bytesPerSecond } = this.#config;
    this.#rateFreeMs = Math.max(scheduler.tick(), this.#rateFreeMs) + bytes.length * 1_000 / bytesPerSecond;
    const jitter = jitterMs > 0 ? random.visibleFraction() * jitterMs : 0;
    this.#segments.push({ dueMs: this.#rateFreeMs + delayMs + jitter, bytes, end });
    this.#onLineBytes += bytes.length;
    this.#deliver();
  }

  #deliver(): void {
    const read = this.#pendingRead;
    const first = this.#segments[0];
    if (read === undefined || first === undefined || this.#closed) return;
    const nowMs = this.#config.scheduler.tick();
    if (first.dueMs > nowMs) return this.#alarm.arm(first.dueMs);
    this.#pendingRead = undefined;
    // The end stays on the line: a later read gets it again.
    if (first.end === null) read.resolve(null);
    else if (first.end !== undefined) read.reject(first.end.error);
    else read.resolve(this.#moveDue(read.into, nowMs));
  }

  #moveDue(into: Uint8Array, nowMs: number): number {
    let count = 0;
    for (
      let segment = this.#segments[0];
      segment !== undefined && segment.dueMs <= nowMs;
      segment = this.#segments[0]
    ) {
      if (segment.end !== undefined || count === into.length) break;
      const moved = segment.bytes.subarray(0, into.length - count);
      into.set(moved, count);
      count += moved.length;
      segment.bytes = segment.bytes.subarray(moved.length);
      if (segment.bytes.length === 0) this.#segments.shift();
    }
    this.#onLineBytes -= count;
    if (count > 0) this.#wakeIntake?.();
    this.#wakeIntake = undefined;
    return count;
  }
}
