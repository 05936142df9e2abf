/**
 * The adaptive jitter buffer: frames in as the network brings them, one outcome out at every tick of the application.
 *
 * It knows no protocol: a sequence number, a media timestamp and bytes are all that it takes, in the shape that RFC 3550
 * gives them. `jitter_intake.ts` says what is kept, `lateness_meter.ts` how late it was, `delay_chooser.ts` which delay
 * that is worth, `jitter_playout.ts` what a tick brings. Invariants: every poll has exactly one outcome, frames come out
 * in order and never twice, and memory is bounded whatever comes. Why no drain guard: there is nothing to transmit and
 * no timeout, so polls and frames may come in any order.
 *
 * @module
 */
import { CounterTable } from "../../metric/counter_table.ts";
import type { Clock } from "../../time/clock.ts";
import { DelayChooser } from "./delay_chooser.ts";
import { FrameStore } from "./frame_store.ts";
import { JitterFrame } from "./jitter_frame.ts";
import { JitterIntake } from "./jitter_intake.ts";
import { type JitterOptions, resolveJitterOptions } from "./jitter_options.ts";
import type { JitterAdmission, JitterOutcome } from "./jitter_outcome.ts";
import type { JitterParts } from "./jitter_parts.ts";
import { JitterPlayout } from "./jitter_playout.ts";
import { JITTER_COUNTERS, JitterCounter, type JitterStatistics } from "./jitter_statistics.ts";
import { LatenessMeter } from "./lateness_meter.ts";
import { PlayoutPosition, PlayoutState } from "./playout_position.ts";

/**
 * An adaptive jitter buffer for one stream of voice, video or input.
 *
 * Poll once for every frame's time. How much delay there is adapts to the network: in pauses freely, and inside talk by
 * one frame at a time, as `Expand` (a tick without a frame) and `Accelerate` (a tick with two). How these sound is the
 * application's matter: a voice decoder stretches and mixes, a game holds and applies both inputs.
 *
 * @example A voice receiver
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../../time/clock.ts";
 * import { JitterBuffer } from "./jitter_buffer.ts";
 * import { JitterOutcome } from "./jitter_outcome.ts";
 *
 * const clock = new ClockCell();
 * const voice = new JitterBuffer(clock, { frameMs: 20, clockRateHz: 48_000, initialDelayMs: 40 });
 *
 * const played: string[] = [];
 * function playTick(): void {
 *   const outcome = voice.pollFrame();
 *   if (outcome === JitterOutcome.Frame) played.push(`decode ${voice.frame.payload}`);
 *   else if (outcome === JitterOutcome.Accelerate) played.push(`mix ${voice.merged.payload} and ${voice.frame.payload}`);
 *   else if (outcome === JitterOutcome.Conceal) played.push(`conceal ${voice.frame.sequence}`);
 *   else if (outcome === JitterOutcome.Expand) played.push("stretch");
 *   else played.push("silence");
 * }
 *
 * // Six frames, 20 ms of 48 kHz each. Frame 2 is lost, frames 3 and 4 change places, and the sender then pauses.
 * const arrivals = [[0, 0], [20, 1], [61, 4], [63, 3], [100, 5]] as const;
 * let next = 0;
 * for (let tickMs = 10; tickMs <= 170; tickMs += 20) {
 *   for (; next < arrivals.length && arrivals[next]![0] <= tickMs; next++) {
 *     const [arrivalMs, sequence] = arrivals[next]!;
 *     clock.advance(arrivalMs);
 *     voice.handleFrame(sequence, sequence * 960, Uint8Array.of(sequence), sequence === 5);
 *   }
 *   clock.advance(tickMs);
 *   playTick();
 * }
 * assertEquals(played, [
 *   "silence",
 *   "silence",
 *   "decode 0",
 *   "decode 1",
 *   "conceal 2",
 *   "decode 3",
 *   "decode 4",
 *   "decode 5",
 *   "silence",
 * ]);
 * ```
 *
 * @example Inputs of a game
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../../time/clock.ts";
 * import { JitterBuffer } from "./jitter_buffer.ts";
 * import { JitterOutcome } from "./jitter_outcome.ts";
 *
 * // 60 inputs a second, numbered by the client's tick, which is the timestamp too. Nothing may be later than 100 ms.
 * const clock = new ClockCell();
 * const inputs = new JitterBuffer(clock, {
 *   frameMs: 1000 / 60,
 *   clockRateHz: 60,
 *   sequenceBits: 32,
 *   maxDelayMs: 100,
 *   maxPayloadBytes: 64,
 * });
 *
 * let position = 0;
 * let held = 0; // the keys that are down
 * function simulateTick(): void {
 *   const outcome = inputs.pollFrame();
 *   if (outcome === JitterOutcome.Accelerate) position += held = inputs.merged.block[0]!; // both count
 *   if (outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate) held = inputs.frame.block[0]!;
 *   // Conceal: the input is lost, most likely the same keys are down. Expand: it is still to come, so nothing moves.
 *   if (outcome !== JitterOutcome.Expand) position += held;
 * }
 *
 * for (let tick = 0; tick < 60; tick++) {
 *   clock.advance(tick * 1000 / 60 + 3);
 *   inputs.handleFrame(tick, tick, Uint8Array.of(1));
 *   clock.advance(tick * 1000 / 60 + 5);
 *   simulateTick();
 * }
 * const { counters, targetDelayMs } = inputs.statistics();
 * assertEquals(position, counters.played);
 * assertEquals(counters.late, 0);
 * assertEquals(targetDelayMs <= 100, true);
 * ```
 */
export class JitterBuffer {
  /** The frame of the last `Frame` or `Accelerate`; after `Conceal` it has the numbers of the missing one. */
  readonly frame: JitterFrame = new JitterFrame();
  /** After `Accelerate` the frame before {@linkcode JitterBuffer.frame}. */
  readonly merged: JitterFrame = new JitterFrame();
  readonly #parts: JitterParts;
  readonly #intake: JitterIntake;
  readonly #playout: JitterPlayout;

  /**
   * Makes an empty buffer.
   *
   * @param clock The time of frames and polls; the buffer only reads it.
   * @param options See {@linkcode JitterOptions}.
   * @throws {TypeError} When an option has the wrong type, or there is no option of that name.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(clock: Clock, options: JitterOptions = {}) {
    const config = resolveJitterOptions(options);
    const store = new FrameStore(config, clock);
    const meter = new LatenessMeter(config, clock);
    const chooser = new DelayChooser(config, meter);
    const counters = new CounterTable(JITTER_COUNTERS, 1);
    const position = new PlayoutPosition(store, counters, config, clock);
    this.#parts = { clock, config, store, meter, chooser, position, counters };
    this.#intake = new JitterIntake(this.#parts);
    this.#playout = new JitterPlayout(this.#parts, this.frame, this.merged);
  }

  /**
   * Takes a frame that came at this moment; nothing that it says makes this throw.
   *
   * @param sequence Its sequence number as it was on the wire; of more bits than there are the lowest count.
   * @param timestamp Its media timestamp as it was on the wire, of which the lowest 32 bits count: what the sender's
   * media clock showed when the frame began. It runs on in pauses.
   * @param payload Its bytes; borrowed for the call and copied.
   * @param endsSpurt Whether the sender says that it pauses after this frame. Without it the first frames of a pause
   * cannot be told from lost ones: up to `maxConcealedRun` are concealed. @default false
   * @returns What became of it.
   */
  handleFrame(sequence: number, timestamp: number, payload: Uint8Array, endsSpurt = false): JitterAdmission {
    return this.#intake.take(sequence, timestamp, payload, endsSpurt);
  }

  /**
   * Takes one tick: says what is to be played now. What the last poll lent is taken back.
   *
   * @returns Exactly one outcome; the frames are in {@linkcode JitterBuffer.frame} and
   * {@linkcode JitterBuffer.merged}, valid until the next poll.
   */
  pollFrame(): JitterOutcome {
    return this.#playout.tick();
  }

  /**
   * The figures at this moment.
   *
   * @returns A new object.
   */
  statistics(): JitterStatistics {
    const { config, store, meter, chooser, position, counters } = this.#parts;
    const played = counters.at(0, JitterCounter.Played);
    const missed = counters.at(0, JitterCounter.Concealed) - counters.at(0, JitterCounter.ConcealedPause);
    const turns = Math.max(1, played + missed);
    const isTalk = position.state === PlayoutState.Talk;
    const allowanceMs = isTalk ? meter.lateness(position.pollMs, position.dueMs) : 0;
    return {
      targetDelayMs: allowanceMs + chooser.best(allowanceMs) * config.frameMs,
      meanAddedDelayMs: this.#playout.waitedMs / Math.max(1, played),
      concealmentShare: missed / turns,
      disturbanceShare: chooser.disturbances / turns,
      driftPpm: meter.driftPpm,
      waitingFrames: store.count,
      waitingBytes: store.bytes,
      heldBytes: store.heldBytes,
      counters: counters.snapshot(0),
    };
  }
}
