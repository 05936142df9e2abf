/**
 * Seeded fuzzing of what peers can send to the jitter buffer: any frames, at any times, between any polls.
 *
 * What must hold: nothing throws; no call reads the clock more often than frames can wait, however far the numbers lie
 * apart (a loop that does not read it shows as a case that does not end); every frame and every tick is counted once;
 * memory stays within the bounds, and in the end nothing waits.
 *
 * @module
 */
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import {
  type JitterConfig,
  type JitterOptions,
  resolveJitterOptions,
} from "../../src/realtime/jitter/jitter_options.ts";
import { JitterAdmission, JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";

const STEPS = 300;
const CHECK_EVERY = 25;
/** How often the clock may be read in one call: each loop over waiting frames reads it once a frame. */
const READS_PER_FRAME = 8;

/** A clock that throws when one call reads it without end. */
class BoundedClock {
  readonly #cell = new ClockCell();
  readonly #limit: number;
  #reads = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get now(): number {
    check(++this.#reads <= this.#limit, "a call without end");
    return this.#cell.now;
  }

  /** Lets time pass; a new call begins. */
  pass(ms: number): void {
    this.#reads = 0;
    this.#cell.advance(this.#cell.now + ms);
  }
}

/** Runs one case; throws when an invariant is broken. */
export class JitterFuzz {
  readonly #payload = new Uint8Array(1000);

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const options = drawOptions(random);
    const config = resolveJitterOptions(options);
    const clock = new BoundedClock(READS_PER_FRAME * config.maxFrames + 1000);
    const buffer = new JitterBuffer(clock, options);
    const numbers = new Numbers(random, config);
    const pollShare = random.nextInt(4);
    let polls = 0;
    let handed = 0;
    let refused = 0;
    for (let step = 0; step < STEPS; step++) {
      clock.pass(random.nextInt(20) === 0 ? random.nextInt(3000) : random.nextInt(3) * random.nextInt(25));
      if (random.nextInt(4) < pollShare) {
        polls++;
        checkOutcome(buffer, buffer.pollFrame(), config);
      } else {
        handed++;
        const length = random.nextInt(10) === 0 ? random.nextInt(this.#payload.length) : random.nextInt(30);
        const [sequence, timestamp] = numbers.next();
        const payload = this.#payload.subarray(0, length);
        const admission = buffer.handleFrame(sequence, timestamp, payload, random.nextInt(40) === 0);
        if (admission !== JitterAdmission.Accepted) refused++;
      }
      if (step % CHECK_EVERY === 0) checkFigures(buffer, config, polls, handed, refused);
    }
    // Without frames everything that waits is played or dropped.
    for (let tick = 0; tick < 3 * config.maxFrames + 200; tick++, polls++) {
      clock.pass(config.frameMs);
      checkOutcome(buffer, buffer.pollFrame(), config);
    }
    checkFigures(buffer, config, polls, handed, refused);
    check(buffer.statistics().waitingFrames === 0, "frames that wait for ever");
  }
}

function drawOptions(random: SeededRandom): JitterOptions {
  const maxPayloadBytes = 1 + random.nextInt(600);
  const maxDelayMs = 20 + random.nextInt(300);
  return {
    sequenceBits: random.nextInt(2) === 0 ? 16 : 32,
    clockRateHz: [60, 1000, 48_000, 90_000, 1e9][random.nextInt(5)]!,
    maxDelayMs,
    minDelayMs: random.nextInt(2) * random.nextInt(maxDelayMs),
    maxFrames: 32 << random.nextInt(4),
    maxConcealedRun: 1 + random.nextInt(32),
    maxPayloadBytes,
    maxBytes: Math.max(64, maxPayloadBytes) + random.nextInt(20_000),
    maxAgeMs: 700 + random.nextInt(3000),
    maxJumpMs: 100 + random.nextInt(20_000),
    shrinkHorizonMs: random.nextInt(2) * 6000,
  };
}

/** The numbers of a stream that jumps to the edges of the buffer's windows, starts anew and comes back. */
class Numbers {
  readonly #random: SeededRandom;
  readonly #window: number;
  readonly #units: number;
  /** Where the stream began last, and where it is. */
  #origin = 0;
  #at = 0;

  constructor(random: SeededRandom, { maxFrames, clockRateHz, frameMs }: JitterConfig) {
    this.#random = random;
    this.#window = maxFrames;
    this.#units = clockRateHz * frameMs / 1000;
  }

  next(): readonly [sequence: number, timestamp: number] {
    const random = this.#random;
    switch (random.nextInt(12)) {
      case 0:
        return this.#of(this.#at + this.#edge());
      case 1:
        return this.#of(this.#origin + this.#edge());
      case 2:
        return this.#of(this.#at += this.#window - 1 - random.nextInt(this.#window >> 1));
      case 3:
        return this.#of(this.#origin - random.nextInt(4) + 1);
      case 4:
        return this.#of(this.#at - random.nextInt(2 * this.#window));
      case 5:
        if (random.nextInt(4) > 0) break;
        return this.#of(this.#origin = this.#at = random.nextUint32());
      case 6:
        if (random.nextInt(4) > 0) break;
        return [random.nextUint32(), random.nextUint32()];
      case 7:
        if (random.nextInt(8) > 0) break;
        return [[NaN, -1, 1.5, 1e300, -Infinity][random.nextInt(5)]!, [NaN, -1, 1.5, 1e300][random.nextInt(4)]!];
    }
    return this.#of(++this.#at);
  }

  /** A distance that is on the border of one window or two, before or behind. */
  #edge(): number {
    const random = this.#random;
    const frames = (1 + random.nextInt(2)) * this.#window + random.nextInt(5) - 2;
    return random.nextInt(2) === 0 ? frames : -frames;
  }

  #of(position: number): readonly [sequence: number, timestamp: number] {
    return [position >>> 0, Math.round(position * this.#units)];
  }
}

function checkOutcome({ frame, merged }: JitterBuffer, outcome: JitterOutcome, config: JitterConfig): void {
  const isTwo = outcome === JitterOutcome.Accelerate;
  const hasFrame = isTwo || outcome === JitterOutcome.Frame;
  check(frame.length <= (hasFrame ? config.maxPayloadBytes : 0), "bytes without a frame");
  check(merged.length <= (isTwo ? config.maxPayloadBytes : 0), "bytes without a second frame");
  const bits = 32 - config.sequenceBits;
  check(!isTwo || (frame.sequence - merged.sequence) << bits >> bits === 1, "two frames that do not follow");
}

function checkFigures(
  buffer: JitterBuffer,
  config: JitterConfig,
  polls: number,
  handed: number,
  refused: number,
): void {
  const { counters: c, ...figures } = buffer.statistics();
  check(figures.waitingFrames <= config.maxFrames, "too many frames");
  check(figures.waitingBytes <= config.maxBytes, "too many bytes");
  check(figures.waitingFrames > 0 || figures.waitingBytes === 0, "bytes that were lost");
  check(figures.heldBytes <= 2 * config.maxBytes + 2 * Math.max(64, config.maxPayloadBytes), "too much memory");
  check(Object.values(figures).every(Number.isFinite), "a figure that is none");
  check(Object.values(c).every((count) => count >= 0), "a negative count");
  const atOnce = c.late! + c.duplicate! + c.tooLarge! + c.discontinuous!;
  const ended = c.played! + atOnce + c.flushed! + c.skipped! + c.overflowed! + c.aged!;
  check(c.received === handed && handed === ended + figures.waitingFrames, "frames that are not counted once");
  check(refused >= atOnce && refused <= atOnce + c.overflowed!, "refusals that are not counted");
  check(
    polls === c.frames! + c.concealed! + c.expanded! + c.accelerated! + c.silent!,
    "ticks that are not counted once",
  );
  check(c.played === c.frames! + 2 * c.accelerated!, "played frames without a tick");
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
