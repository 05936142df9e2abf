import { assertAlmostEquals, assertEquals } from "@std/assert";
import { LatenessHistogram } from "../../../../src/realtime/jitter/lateness_histogram.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

/** The same thing said plainly: every record multiplies all that was there. */
class ReferenceHistogram {
  readonly #shares: number[];
  readonly #memoryFrames: number;
  #count = 0;

  constructor(buckets: number, memoryFrames: number) {
    this.#shares = new Array(buckets).fill(0);
    this.#memoryFrames = memoryFrames;
  }

  record(lateness: number): void {
    const share = 1 / Math.min(++this.#count, this.#memoryFrames);
    this.#shares.forEach((_, i) => this.#shares[i]! *= 1 - share);
    this.#shares[Math.min(this.#shares.length - 1, Math.floor(lateness))]! += share;
  }

  shift(by: number): void {
    const before = [...this.#shares];
    this.#shares.fill(0);
    const last = before.length - 1;
    before.forEach((share, i) => this.#shares[Math.max(0, Math.min(last, i + by))]! += share);
  }

  shareAbove(lateness: number): number {
    const last = this.#shares.length - 1;
    return this.#shares.reduce((sum, share, i) => {
      if (i === last) return sum + (lateness < last + 1 ? share : 0);
      return sum + share * Math.max(0, Math.min(1, i + 1 - lateness));
    }, 0);
  }
}

Deno.test("LatenessHistogram is empty at first", () => {
  const histogram = new LatenessHistogram(4, 10);
  assertEquals(histogram.shareAbove(0), 0);
  assertEquals(histogram.shareAbove(-1), 0);
});

Deno.test("LatenessHistogram weighs the first records alike", () => {
  const histogram = new LatenessHistogram(8, 100);
  for (const lateness of [0, 1, 2, 3]) histogram.record(lateness);
  assertEquals(histogram.shareAbove(1), 0.75);
  assertEquals(histogram.shareAbove(3), 0.25);
  assertEquals(histogram.shareAbove(4), 0);
});

Deno.test("LatenessHistogram spreads a bucket evenly, but not the last one", () => {
  const histogram = new LatenessHistogram(4, 100);
  histogram.record(1.9);
  histogram.record(99);
  assertEquals(histogram.shareAbove(1.25), 0.875);
  assertEquals(histogram.shareAbove(3.99), 0.5);
  assertEquals(histogram.shareAbove(4), 0);
  assertEquals(histogram.shareAbove(-3), 1);
});

Deno.test("LatenessHistogram forgets to 1/e in its memory", () => {
  const memory = 200;
  const histogram = new LatenessHistogram(4, memory);
  for (let i = 0; i < 1000; i++) histogram.record(2);
  for (let i = 0; i < memory; i++) histogram.record(0);
  assertAlmostEquals(histogram.shareAbove(1), 1 / Math.E, 0.002);
});

Deno.test("LatenessHistogram lasts when its weights have grown very large", () => {
  const histogram = new LatenessHistogram(4, 2);
  for (let i = 0; i < 5000; i++) histogram.record(i % 2);
  assertAlmostEquals(histogram.shareAbove(1), 2 / 3, 1e-12);
});

Deno.test("LatenessHistogram equals its reference", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const buckets = 2 + random.nextInt(12);
    const memory = 2 + random.nextInt(40);
    const histogram = new LatenessHistogram(buckets, memory);
    const reference = new ReferenceHistogram(buckets, memory);
    for (let step = 0; step < 300; step++) {
      if (random.nextInt(8) === 0) {
        const by = random.nextInt(2 * buckets + 5) - buckets - 2;
        histogram.shift(by);
        reference.shift(by);
      } else {
        const lateness = random.visibleFraction() * (buckets + 3);
        histogram.record(lateness);
        reference.record(lateness);
      }
      const at = random.visibleFraction() * (buckets + 2);
      assertAlmostEquals(histogram.shareAbove(at), reference.shareAbove(at), 1e-9, `seed ${seed}, step ${step}`);
    }
  }
});
