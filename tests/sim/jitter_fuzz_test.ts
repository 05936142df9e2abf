/**
 * Any sequence of frames and polls: nothing throws, memory stays bounded, all counts add up.
 *
 * @module
 */
import { assert } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterBuffer } from "../../src/realtime/jitter/jitter_buffer.ts";
import { type JitterOptions, resolveJitterOptions } from "../../src/realtime/jitter/jitter_options.ts";
import { JitterOutcome } from "../../src/realtime/jitter/jitter_outcome.ts";
import { ClockCell } from "../../src/time/clock.ts";

const STEPS = 3000;

function randomOptions(random: SeededRandom): JitterOptions {
  const maxDelayMs = 20 + random.nextInt(500);
  const maxPayloadBytes = 1 + random.nextInt(600);
  return {
    sequenceBits: random.nextInt(2) === 0 ? 16 : 32,
    clockRateHz: [1, 60, 1000, 48_000, 90_000, 1e9][random.nextInt(6)]!,
    maxDelayMs,
    minDelayMs: random.nextInt(2) * random.nextInt(maxDelayMs),
    maxFrames: 2 ** (6 + random.nextInt(3)),
    maxConcealedRun: 1 + random.nextInt(60),
    maxPayloadBytes,
    maxBytes: Math.max(64, maxPayloadBytes) + random.nextInt(20_000),
    maxAgeMs: 1040 + random.nextInt(3000),
    maxJumpMs: 100 + random.nextInt(3000),
    shrinkHorizonMs: random.nextInt(2) * 6000,
    memoryMs: 100 + random.nextInt(5000),
  };
}

/** The numbers of a hostile sender: a stream, mixed with restarts, jumps, repetitions and noise. */
class HostileNumbers {
  readonly #random: SeededRandom;
  readonly #unitsPerFrame: number;
  sequence = 0;
  timestamp = 0;

  constructor(random: SeededRandom, clockRateHz: number) {
    this.#random = random;
    this.#unitsPerFrame = clockRateHz / 50;
  }

  next(): readonly [sequence: number, timestamp: number] {
    const random = this.#random;
    const move = (frames: number, slots: number) => {
      this.sequence = (this.sequence + frames) >>> 0;
      this.timestamp = (this.timestamp + slots * this.#unitsPerFrame) % 2 ** 32;
    };
    switch (random.nextInt(24)) {
      case 0:
        this.sequence = random.nextUint32();
        break;
      case 1:
        this.timestamp = random.nextUint32();
        break;
      case 2:
        return [random.nextUint32(), random.nextUint32()];
      case 3:
        move(1, 1 + random.nextInt(200));
        break;
      case 4:
        move(random.nextInt(600) - 300, 0);
        break;
      case 5: {
        const lost = random.nextInt(300);
        move(lost, lost);
        break;
      }
      case 6:
        return [this.sequence - random.nextInt(20), this.timestamp - random.nextInt(20) * this.#unitsPerFrame];
      case 7:
        return [[NaN, -1, 1.5, 1e300, -Infinity][random.nextInt(5)]!, [NaN, -1, 1.5, 1e300][random.nextInt(4)]!];
      default:
        move(1, 1);
    }
    return [this.sequence, this.timestamp];
  }
}

function check(buffer: JitterBuffer, polls: number, config: ReturnType<typeof resolveJitterOptions>, label: string) {
  const { counters: c, ...figures } = buffer.statistics();
  assert(figures.waitingFrames <= config.maxFrames, label);
  assert(figures.waitingBytes <= config.maxBytes, label);
  assert(figures.heldBytes <= 2 * config.maxBytes + 2 * Math.max(64, config.maxPayloadBytes), label);
  assert(Object.values(figures).every(Number.isFinite), `${label}: ${JSON.stringify(figures)}`);
  assert(figures.meanAddedDelayMs >= 0 && figures.concealmentShare >= 0 && figures.concealmentShare <= 1, label);
  const ended = c.played! + c.late! + c.duplicate! + c.tooLarge! + c.discontinuous! + c.flushed! + c.skipped! +
    c.overflowed! + c.aged!;
  assert(c.received === ended + figures.waitingFrames, `${label}: ${JSON.stringify({ ...c, ...figures })}`);
  assert(polls === c.frames! + c.concealed! + c.expanded! + c.accelerated! + c.silent!, label);
  assert(c.played === c.frames! + 2 * c.accelerated!, label);
  assert(c.concealedPause! <= c.concealed! && c.revived! <= c.concealed!, label);
}

Deno.test("jitter: any sequence of frames and polls keeps memory bounded and all counts right", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const options = randomOptions(random);
    const config = resolveJitterOptions(options);
    const clock = new ClockCell();
    const buffer = new JitterBuffer(clock, options);
    const numbers = new HostileNumbers(random, config.clockRateHz);
    const payload = new Uint8Array(config.maxPayloadBytes + 50);
    const isCalm = seed % 3 === 0;
    let polls = 0;
    for (let step = 0; step < STEPS; step++) {
      clock.advance(clock.now + (random.nextInt(isCalm ? 400 : 40) === 0 ? random.nextInt(5000) : random.nextInt(20)));
      if (random.nextInt(2) === 0) {
        const [sequence, timestamp] = numbers.next();
        const length = random.nextInt(8) === 0 ? random.nextInt(payload.length) : random.nextInt(40);
        buffer.handleFrame(sequence, timestamp, payload.subarray(0, length), random.nextInt(30) === 0);
      } else {
        polls++;
        const outcome = buffer.pollFrame();
        const { frame, merged } = buffer;
        const hasFrame = outcome === JitterOutcome.Frame || outcome === JitterOutcome.Accelerate;
        assert(frame.length <= (hasFrame ? config.maxPayloadBytes : 0), `seed ${seed}, step ${step}`);
        assert(merged.length <= (outcome === JitterOutcome.Accelerate ? config.maxPayloadBytes : 0), `seed ${seed}`);
      }
      if (step % 50 === 0) check(buffer, polls, config, `seed ${seed}, step ${step}`);
    }
    check(buffer, polls, config, `seed ${seed}`);
  }
});
