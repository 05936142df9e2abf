/**
 * What a tick brings: a frame, two, none, or a concealment.
 *
 * In talk every tick is the turn of one position. When its frame is not there, either its turn passes (it is concealed,
 * and late if it comes), or all turns are put off by a tick, which costs the listener the same and makes the delay
 * longer; the chooser decides. The delay gets shorter where two frames are there at once. Outside of talk time is free:
 * the first frame that is there waits until it has the delay that is best now (Ramjee, Kurose, Towsley and Schulzrinne,
 * INFOCOM 1994). Invariants: one outcome a tick; frames are played in order and at most once; a missing frame is
 * concealed once, unless a famine has concealed it and then ends before its turn comes again.
 *
 * @module
 */
import type { JitterFrame } from "./jitter_frame.ts";
import { type JitterParts, STALL_FRAMES } from "./jitter_parts.ts";
import { JitterOutcome } from "./jitter_outcome.ts";
import { JitterCounter } from "./jitter_statistics.ts";
import { PlayoutState } from "./playout_position.ts";

/** The least number of ticks from one accelerated tick to the next: time runs at most a fifth faster. */
const SHRINK_SPACING = 5;

/** Plays the frames of one stream. */
export class JitterPlayout {
  readonly #parts: JitterParts;
  readonly #frame: JitterFrame;
  readonly #merged: JitterFrame;
  readonly #sequenceShift: number;
  readonly #unitsPerMs: number;
  /** How many ticks in a row had nothing in the buffer, and how many passed since the last accelerated one. */
  #emptyRun = 0;
  #sinceShrink = 0;
  /** How many ticks were inserted with nothing in the buffer: disturbances, unless it was a pause. */
  #unsettled = 0;
  /** How much lateness the last tick of talk allowed. */
  #allowanceMs = 0;
  /** The sum over all played frames of what they waited. */
  #waitedMs = 0;

  /**
   * Plays from a store into two records.
   *
   * @param parts What the buffer is made of.
   * @param frame Filled with the frame of a tick.
   * @param merged Filled with the frame before it when a tick has two.
   */
  constructor(parts: JitterParts, frame: JitterFrame, merged: JitterFrame) {
    this.#parts = parts;
    this.#frame = frame;
    this.#merged = merged;
    this.#sequenceShift = 32 - parts.config.sequenceBits;
    this.#unitsPerMs = parts.config.clockRateHz / 1000;
  }

  /** The sum over all played frames of the time from arrival to play-out, in ms. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * Takes one tick.
   *
   * @returns Its outcome.
   */
  tick(): JitterOutcome {
    const { clock, config, position } = this.#parts;
    const nowMs = clock.now;
    this.#giveBack(this.#frame);
    this.#giveBack(this.#merged);
    const stalls = nowMs - position.pollMs > STALL_FRAMES * config.frameMs;
    position.isMistrusted = stalls;
    position.pollMs = position.activityMs = nowMs;
    if (stalls) this.#stall();
    position.dropAged();
    return position.state === PlayoutState.Talk ? this.#talk() : this.#start();
  }

  /** The outcome outside of talk: silence until the first frame that is there may play. */
  #start(): JitterOutcome {
    const { config, store, meter, chooser, position } = this.#parts;
    const { state } = position;
    if (store.count === 0) return this.#idle();
    if (state === PlayoutState.Starved || state === PlayoutState.Stalled) return this.#resume();
    const surplusMs = meter.allowance(store.mediaMs(store.first(position.next)));
    // Longer than any delay that would be chosen: nobody polled while frames came.
    if (surplusMs > config.maxDelayMs + config.frameMs) {
      this.#skipTo(surplusMs + chooser.best(surplusMs) * config.frameMs);
    }
    const first = store.first(position.next);
    this.#realign(first);
    if (state === PlayoutState.Fresh) position.next = first;
    const missing = (first - position.next) | 0;
    if (missing > config.maxConcealedRun || missing * config.frameMs > config.maxDelayMs) position.goTo(first);
    // What is missing before the first frame is concealed just before it.
    const startMs = store.mediaMs(first) - ((first - position.next) | 0) * config.frameMs;
    if (chooser.best(meter.allowance(startMs)) > 0) return this.#idle();
    this.#unsettled = 0;
    return this.#begin(startMs);
  }

  /**
   * The outcome after a famine or a stall: goes on with the delay of before, past the frames whose turn would be over.
   * When all frames are later than that the path has become longer, and the last one plays with the delay that it has.
   */
  #resume(): JitterOutcome {
    const { config, store, meter, position } = this.#parts;
    this.#skipTo(this.#allowanceMs);
    const first = store.first(position.next);
    position.goTo(first);
    if (this.#realign(first)) {
      position.state = PlayoutState.Silent;
      return this.#start();
    }
    const startMs = store.mediaMs(first);
    if (meter.allowance(startMs) < this.#allowanceMs - config.frameMs / 2) return this.#idle();
    return this.#begin(startMs);
  }

  /** Measures anew from a frame that is later than any delay: another path, or a media clock that stood still. */
  #realign(first: number): boolean {
    const { config, store, meter } = this.#parts;
    const arrivalMs = store.arrivalMs(first);
    const mediaMs = store.mediaMs(first);
    if (meter.lateness(arrivalMs, mediaMs) <= config.maxDelayMs) return false;
    meter.restart(arrivalMs, mediaMs);
    this.#parts.counters.add(0, JitterCounter.Realigned, 1);
    return true;
  }

  /** Drops frames, all but the last, that would play with more delay than a given one. */
  #skipTo(allowanceMs: number): void {
    const { config, store, meter, position } = this.#parts;
    const mostMs = allowanceMs + config.frameMs / 2;
    while (store.count > 1 && meter.allowance(store.mediaMs(store.first(position.next))) > mostMs) {
      position.dropFirst(JitterCounter.Skipped);
    }
  }

  #begin(startMs: number): JitterOutcome {
    const { position } = this.#parts;
    position.state = PlayoutState.Talk;
    position.dueMs = startMs;
    position.isBegun = true;
    this.#emptyRun = 0;
    return this.#talk();
  }

  /** The outcome when it is some position's turn. */
  #talk(): JitterOutcome {
    const { config, store, meter, chooser, position } = this.#parts;
    this.#allowanceMs = meter.allowance(position.dueMs);
    if (store.count === 0) return this.#starve();
    const first = store.first(position.next);
    const missing = (first - position.next) | 0;
    const gapMs = store.mediaMs(first) - position.dueMs;
    const half = config.frameMs / 2;
    // The frame is there but its time is not: a pause. What is further off than any delay can be is none of this talk.
    if (missing === 0 ? gapMs > half : gapMs > config.maxDelayMs + config.frameMs) {
      position.state = PlayoutState.Silent;
      return this.#start();
    }
    if (missing > 0 && gapMs > half) {
      position.guessed = 0;
      const outcome = this.#absent();
      if (outcome === JitterOutcome.Conceal) chooser.passed();
      else chooser.disturbed();
      return outcome;
    }
    position.goTo(first);
    return this.#play();
  }

  /** The outcome when nothing at all waits: a frame is late, or lost, or the sender pauses. */
  #starve(): JitterOutcome {
    const { config, position } = this.#parts;
    if (this.#emptyRun >= config.maxConcealedRun) {
      position.state = PlayoutState.Starved;
      return this.#idle();
    }
    this.#emptyRun++;
    const outcome = this.#absent();
    if (outcome === JitterOutcome.Conceal) position.guessed++;
    else this.#unsettled++;
    return outcome;
  }

  /** The outcome when the frame that is due is not there. */
  #absent(): JitterOutcome {
    const { chooser, position } = this.#parts;
    if (chooser.best(this.#allowanceMs) > 0) {
      return this.#count(JitterCounter.Expanded, JitterOutcome.Expand);
    }
    const sequence = (position.next << this.#sequenceShift) >>> this.#sequenceShift;
    this.#frame.empty(sequence, Math.round(position.dueMs * this.#unitsPerMs) >>> 0);
    position.pass();
    return this.#count(JitterCounter.Concealed, JitterOutcome.Conceal);
  }

  /** The outcome when the frame whose turn it is waits. */
  #play(): JitterOutcome {
    const { store, meter, chooser, position } = this.#parts;
    const mediaMs = store.mediaMs(position.next);
    const allowanceMs = meter.allowance(mediaMs);
    this.#sinceShrink++;
    if (!this.#mayShrink(allowanceMs) || !chooser.shrinks(allowanceMs)) {
      this.#lend(this.#frame);
      return this.#count(JitterCounter.Frames, JitterOutcome.Frame);
    }
    this.#lend(this.#merged);
    this.#lend(this.#frame);
    this.#sinceShrink = 0;
    chooser.disturbed();
    return this.#count(JitterCounter.Accelerated, JitterOutcome.Accelerate);
  }

  /** Whether the frame whose turn it is may share its tick with the next one. */
  #mayShrink(allowanceMs: number): boolean {
    const { config, store, position } = this.#parts;
    if (this.#sinceShrink < SHRINK_SPACING && allowanceMs <= config.maxDelayMs) return false;
    const after = (position.next + 1) | 0;
    if (!store.has(after)) return false;
    return store.mediaMs(after) - store.mediaMs(position.next) <= 1.5 * config.frameMs;
  }

  /** Hands out the frame whose turn it is, and goes to the next turn. */
  #lend(into: JitterFrame): void {
    const { clock, store, chooser, position } = this.#parts;
    const at = position.next;
    this.#waitedMs += clock.now - store.arrivalMs(at);
    if (store.endsSpurt(at)) position.state = PlayoutState.Silent;
    position.dueMs = store.mediaMs(at);
    position.pass();
    position.guessed = 0;
    this.#emptyRun = 0;
    into.sequence = (at << this.#sequenceShift) >>> this.#sequenceShift;
    store.lend(at, into);
    for (; this.#unsettled > 0; this.#unsettled--) chooser.disturbed();
    chooser.passed();
    this.#parts.counters.add(0, JitterCounter.Played, 1);
  }

  #giveBack(frame: JitterFrame): void {
    if (frame.block.length === 0) return;
    this.#parts.store.giveBack(frame.block);
    frame.empty(frame.sequence, frame.timestamp);
  }

  #stall(): void {
    const { position } = this.#parts;
    this.#parts.counters.add(0, JitterCounter.Stalls, 1);
    if (position.state === PlayoutState.Talk) position.state = PlayoutState.Stalled;
  }

  #idle(): JitterOutcome {
    return this.#count(
      JitterCounter.Silent,
      this.#parts.position.isBegun ? JitterOutcome.Silence : JitterOutcome.Empty,
    );
  }

  #count(counter: number, outcome: JitterOutcome): JitterOutcome {
    this.#parts.counters.add(0, counter, 1);
    return outcome;
  }
}
