import { assertEquals, assertThrows } from "@std/assert";
import { Histogram, HISTOGRAM_CELLS } from "../../../src/metric/histogram.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

const MAX_RELATIVE_ERROR = 1 / 64;

function record(histogram: Histogram, values: readonly number[]): void {
  for (const value of values) histogram.record(value);
}

Deno.test("Histogram is all zeros when empty", () => {
  const nothing = { count: 0, min: 0, max: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 };
  assertEquals(new Histogram().snapshot(), nothing);
  assertEquals([new Histogram().percentile(0), new Histogram().percentile(100)], [0, 0]);
});

Deno.test("Histogram keeps count, minimum, maximum and mean exactly", () => {
  const histogram = new Histogram();
  record(histogram, [3.25, 1000.5, 7]);
  assertEquals([histogram.count, histogram.min, histogram.max], [3, 3.25, 1000.5]);
  assertEquals(histogram.mean, (3.25 + 1000.5 + 7) / 3);
  assertEquals([histogram.percentile(0), histogram.percentile(100)], [3.25, 1000.5]);
});

Deno.test("Histogram shows a single value exactly at every percentile", () => {
  for (const value of [0, 0.25, 1, 63.5, 123_456.789, 2 ** 40, 2 ** 50]) {
    const histogram = new Histogram();
    histogram.record(value);
    assertEquals([0, 50, 99.9, 100].map((p) => histogram.percentile(p)), [value, value, value, value]);
  }
});

/** The middle one of three values: neither end is it, so it must come out of its bucket. */
function middleOf(value: number): number {
  const histogram = new Histogram();
  record(histogram, [0, value, 2 ** 52]);
  return histogram.percentile(50);
}

Deno.test("Histogram places values within 1.6 % over the whole range and at every edge of a bucket", () => {
  for (let power = 0; power < 40; power++) {
    for (let sub = 0; sub < 64; sub++) {
      const low = 2 ** power * (1 + sub / 64);
      const high = 2 ** power * (1 + (sub + 1) / 64) * (1 - 2 ** -52);
      for (const value of [low, high]) {
        const error = Math.abs(middleOf(value) - value) / value;
        assertEquals(error <= MAX_RELATIVE_ERROR, true, `${value} is off by ${error}`);
      }
      assertEquals(middleOf(low), middleOf(high), `${low} and ${high} share a bucket`);
    }
  }
  assertEquals(Math.abs(middleOf(2 ** 40) / 2 ** 40 - 1) <= MAX_RELATIVE_ERROR, true);
});

Deno.test("Histogram puts values on both sides of a power of two into different buckets", () => {
  for (let power = 0; power <= 40; power++) {
    assertEquals(middleOf(2 ** power) > middleOf(2 ** power * (1 - 2 ** -53)), true, `2^${power}`);
  }
});

Deno.test("Histogram tells values below 1 from others with an error below 1", () => {
  for (const value of [0, 5e-324, 0.001, 0.999]) assertEquals(Math.abs(middleOf(value) - value) < 1, true);
  assertEquals(middleOf(0.5) < 1, true);
  assertEquals(middleOf(1) >= 1, true);
});

Deno.test("Histogram clamps values above the range but keeps the exact maximum and mean", () => {
  const histogram = new Histogram();
  record(histogram, [1, 2 ** 45, 2 ** 45, 2 ** 60]);
  assertEquals([histogram.count, histogram.rejected, histogram.max], [4, 0, 2 ** 60]);
  assertEquals(histogram.mean, (1 + 2 ** 46 + 2 ** 60) / 4);
  const median = histogram.percentile(50);
  assertEquals(Math.abs(median / 2 ** 40 - 1) <= MAX_RELATIVE_ERROR, true, `${median}`);
  assertEquals(histogram.percentile(100), 2 ** 60);
});

Deno.test("Histogram only counts what is negative or not finite", () => {
  const histogram = new Histogram();
  record(histogram, [-1, -5e-324, NaN, Infinity, -Infinity]);
  assertEquals([histogram.rejected, histogram.count, histogram.min, histogram.max, histogram.mean], [5, 0, 0, 0, 0]);
  histogram.record(8);
  assertEquals([histogram.rejected, histogram.count, histogram.min, histogram.max], [5, 1, 8, 8]);
});

Deno.test("Histogram.percentile() takes the nearest rank without rounding up", () => {
  // Values that are buckets of their own, so that a rank shows as a value.
  const histogram = new Histogram();
  record(histogram, Array.from({ length: 10 }, (_, i) => 2 ** i));
  const rankAt = (p: number): number => Math.floor(Math.log2(histogram.percentile(p))) + 1;
  assertEquals([0, 5, 10, 10.1, 50, 50.1, 90, 91, 100].map(rankAt), [1, 1, 1, 2, 5, 6, 9, 10, 10]);

  const thousand = new Histogram();
  for (let i = 0; i < 999; i++) thousand.record(10);
  thousand.record(1000);
  assertEquals(Math.round(thousand.percentile(99.9)), 10);
  assertEquals(thousand.percentile(99.95), 1000);
});

Deno.test("Histogram.percentile() refuses what is no percentage", () => {
  for (const p of [-0.1, 100.1, NaN]) assertThrows(() => new Histogram().percentile(p), RangeError);
});

const SHAPES: readonly [string, (random: SeededRandom) => number][] = [
  ["uniform", (random) => 1 + random.visibleFraction() * 1000],
  ["log-uniform", (random) => 2 ** (random.visibleFraction() * 40)],
  ["integers", (random) => 1 + random.nextInt(300)],
  ["two peaks", (random) => (random.nextInt(10) === 0 ? 50_000 : 20) * (1 + random.visibleFraction())],
];

for (const [name, draw] of SHAPES) {
  Deno.test(`Histogram agrees with a sorted array: ${name}`, () => {
    const seed = 4096;
    const random = new SeededRandom(seed);
    const histogram = new Histogram();
    const values = Array.from({ length: 5000 }, () => draw(random));
    record(histogram, values);
    values.sort((a, b) => a - b);
    for (const p of [0, 0.01, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100]) {
      const exact = values[Math.max(0, Math.ceil(p * 50) - 1)]!;
      const shown = histogram.percentile(p);
      const error = Math.abs(shown - exact) / exact;
      assertEquals(error <= MAX_RELATIVE_ERROR, true, `seed ${seed}, p${p}: ${shown} for ${exact}`);
    }
    const snapshot = histogram.snapshot();
    assertEquals([snapshot.count, snapshot.min, snapshot.max], [5000, values[0], values[4999]]);
    assertEquals(
      [snapshot.p50, snapshot.p90, snapshot.p99, snapshot.p999],
      [50, 90, 99, 99.9].map((p) => histogram.percentile(p)),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assertEquals(Math.abs(snapshot.mean / mean - 1) < 1e-9, true, `seed ${seed}`);
  });
}

Deno.test("Histogram.merge() gives what recording everything in one would have given", () => {
  const seed = 21;
  const random = new SeededRandom(seed);
  const [all, a, b] = [new Histogram(), new Histogram(), new Histogram()];
  for (let i = 0; i < 2000; i++) {
    // Integers, so that the sums are exact in any order.
    const value = random.nextInt(100_000) - 10;
    all.record(value);
    (i % 3 === 0 ? a : b).record(value);
  }
  const before = b.snapshot();
  a.merge(b);
  assertEquals(a.snapshot(), all.snapshot(), `seed ${seed}`);
  assertEquals(a.rejected, all.rejected, `seed ${seed}`);
  assertEquals(b.snapshot(), before, `seed ${seed}`);
});

Deno.test("Histogram.merge() with an empty side keeps minimum and maximum", () => {
  const [full, empty] = [new Histogram(), new Histogram()];
  record(full, [5, 9]);
  full.merge(empty);
  assertEquals([full.count, full.min, full.max], [2, 5, 9]);
  empty.merge(full);
  assertEquals([empty.count, empty.min, empty.max], [2, 5, 9]);
});

Deno.test("Histogram.reset() forgets everything", () => {
  const histogram = new Histogram();
  record(histogram, [1, 100, 2 ** 45, -1]);
  histogram.reset();
  assertEquals([histogram.snapshot(), histogram.rejected], [new Histogram().snapshot(), 0]);
  histogram.record(50);
  assertEquals([histogram.count, histogram.min, histogram.max], [1, 50, 50]);
});

Deno.test("Histogram lives in the memory that it is given, shared memory too", () => {
  const cells = new Float64Array(new SharedArrayBuffer(HISTOGRAM_CELLS * 8));
  const writer = new Histogram(cells);
  const reader = new Histogram(cells);
  record(writer, [10, 20, 30, -1]);
  assertEquals([reader.snapshot(), reader.rejected], [writer.snapshot(), 1]);
  assertEquals(reader.count, 3);
  for (const length of [0, HISTOGRAM_CELLS - 1, HISTOGRAM_CELLS + 1]) {
    assertThrows(() => new Histogram(new Float64Array(length)), RangeError);
  }
});

Deno.test("Histogram shows the maximum to a reader that sees the count ahead of the buckets", () => {
  const cells = new Float64Array(HISTOGRAM_CELLS);
  const histogram = new Histogram(cells);
  record(histogram, [10, 20]);
  cells[0] = 10;
  assertEquals([histogram.count, histogram.percentile(90)], [10, 20]);
});
