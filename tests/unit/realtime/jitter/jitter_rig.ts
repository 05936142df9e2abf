/**
 * A jitter buffer in virtual time, with a short notation for what its ticks bring.
 *
 * `F7` frame 7, `C7` frame 7 concealed, `A6+7` both at one tick, `E` a tick inserted, `.` silence, `-` nothing yet.
 *
 * @module
 */
import { JitterBuffer } from "../../../../src/realtime/jitter/jitter_buffer.ts";
import type { JitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { JitterAdmission, JitterOutcome } from "../../../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

/** How long a frame of the rig plays, and how far its timestamps are apart. */
export const FRAME_MS = 20;
export const UNITS = 960;

/** A frame on its way: when it comes, its sequence number, and its media time in frames where that differs. */
export type Arrival = readonly [atMs: number, sequence: number, slot?: number];

/** One buffer with its clock. */
export class JitterRig {
  readonly clock: ClockCell = new ClockCell();
  readonly buffer: JitterBuffer;
  readonly #pending: Arrival[] = [];
  #tickMs: number;

  /**
   * Makes a buffer whose first tick is at a given time.
   *
   * @param options Options of the buffer.
   * @param firstTickMs When the first tick is; the others follow every 20 ms.
   */
  constructor(options: JitterOptions = {}, firstTickMs = 10) {
    this.buffer = new JitterBuffer(this.clock, options);
    this.#tickMs = firstTickMs;
  }

  /** When the next tick is. */
  get tickMs(): number {
    return this.#tickMs;
  }

  /** The buffer's counters. */
  get counters(): Readonly<Record<string, number>> {
    return this.buffer.statistics().counters;
  }

  /**
   * Hands in a frame at this moment. Its payload is its sequence number, in four bytes.
   *
   * @param sequence Its sequence number.
   * @param slot Its media time in frames.
   * @param endsSpurt Whether the sender pauses after it.
   * @returns What became of it, by name.
   */
  frame(sequence: number, slot: number = sequence, endsSpurt = false): string {
    const payload = new Uint8Array(Uint32Array.of(sequence).buffer);
    const admission = this.buffer.handleFrame(sequence, slot * UNITS, payload, endsSpurt);
    return Object.entries(JitterAdmission).find(([, value]) => value === admission)![0];
  }

  /**
   * Lets frames come at their times during the next ticks.
   *
   * @param arrivals The frames, in the order of their times.
   * @returns This rig.
   */
  expect(...arrivals: readonly Arrival[]): this {
    this.#pending.push(...arrivals);
    return this;
  }

  /**
   * Lets frames come one every 20 ms.
   *
   * @param from The first sequence number, which is also its media time.
   * @param to The last one.
   * @param delayMs How long after its media time each comes.
   * @returns This rig.
   */
  stream(from: number, to: number, delayMs = 0): this {
    for (let n = from; n <= to; n++) this.#pending.push([n * FRAME_MS + delayMs, n]);
    return this;
  }

  /**
   * Takes ticks.
   *
   * @param count How many.
   * @returns What they brought.
   */
  ticks(count: number): string {
    return Array.from({ length: count }, () => this.#tick()).join(" ");
  }

  /**
   * Lets time pass without ticks; frames come.
   *
   * @param untilMs Until when.
   */
  sleep(untilMs: number): void {
    this.#receive(untilMs);
    this.clock.advance(untilMs);
    this.#tickMs = untilMs;
  }

  #tick(): string {
    this.#receive(this.#tickMs);
    this.clock.advance(this.#tickMs);
    this.#tickMs += FRAME_MS;
    const { buffer } = this;
    const { frame, merged } = buffer;
    switch (buffer.pollFrame()) {
      case JitterOutcome.Empty:
        return "-";
      case JitterOutcome.Frame:
        return `F${frame.sequence}`;
      case JitterOutcome.Conceal:
        return `C${frame.sequence}`;
      case JitterOutcome.Expand:
        return "E";
      case JitterOutcome.Accelerate:
        return `A${merged.sequence}+${frame.sequence}`;
      case JitterOutcome.Silence:
        return ".";
    }
  }

  #receive(untilMs: number): void {
    while (this.#pending.length > 0 && this.#pending[0]![0] <= untilMs) {
      const [atMs, sequence, slot] = this.#pending.shift()!;
      this.clock.advance(atMs);
      this.frame(sequence, slot);
    }
  }
}
