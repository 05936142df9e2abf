import { assertEquals, assertLess } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { BitReader } from "../../../../src/realtime/delta/bit_reader.ts";
import { BitWriter } from "../../../../src/realtime/delta/bit_writer.ts";
import {
  gapParameter,
  GAPS_MALFORMED,
  GAPS_TOO_MANY,
  readGaps,
  widthOf,
  writeGaps,
} from "../../../../src/realtime/delta/gap_list.ts";
import { binary, packed, riceCode } from "./bit_string.ts";

const bytes = new Uint8Array(100_000);
const writer = new BitWriter();
const reader = new BitReader();

function write(places: readonly number[], end: number): number {
  writer.reset(bytes, 0, bytes.length);
  writeGaps(writer, Int32Array.from(places), places.length, end);
  return writer.finish();
}

function read(length: number, end: number, most = end): number | number[] {
  const places = new Int32Array(most);
  reader.reset(bytes, 0, length);
  const count = readGaps(reader, places, end);
  return count < 0 ? count : [...places.subarray(0, count)];
}

function readDigits(digits: string, end: number, most = end): number | number[] {
  bytes.set(packed(digits));
  return read(packed(digits).length, end, most);
}

Deno.test("widthOf() counts the bits of the largest integer", () => {
  assertEquals([0, 1, 2, 255, 256, 2 ** 32 - 1, -1].map(widthOf), [0, 1, 2, 8, 9, 32, 32]);
});

Deno.test("readGaps() reads the places that writeGaps() wrote", () => {
  const seed = 6;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 120; round++) {
    const end = 1 + random.nextInt([1, 8, 300, 300, 9000][random.nextInt(5)]!);
    const share = [0, 0.001, 0.05, 0.5, 0.95, 1][random.nextInt(6)]!;
    const places: number[] = [];
    for (let place = 0; place < end; place++) if (random.visibleFraction() < share) places.push(place);
    assertEquals(read(write(places, end), end), places, `seed ${seed}, round ${round}`);
    assertEquals(reader.isAtEnd, true, `seed ${seed}, round ${round}`);
  }
});

Deno.test("writeGaps() writes nothing for a list without places, and one bit for no place", () => {
  assertEquals(write([], 0), 0);
  assertEquals(write([], 9), 1);
  assertEquals(bytes[0], 0);
  assertEquals(read(0, 0), []);
});

Deno.test("writeGaps() writes gaps in the Rice code", () => {
  const length = write([0, 7, 9], 10);
  const digits = "1" + binary(2, 4) + binary(1, 5) + riceCode(0, 1, 4) + riceCode(6, 1, 4) + riceCode(1, 1, 4);
  assertEquals(bytes.slice(0, length), packed(digits));
});

Deno.test("writeGaps() spends less on few places and on nearly all places than a mask does", () => {
  assertLess(write([5, 300, 700], 1000), 8);
  assertLess(write(Array.from({ length: 999 }, (_, i) => i), 1000), 1000 / 8 + 4);
  assertLess(write(Array.from({ length: 500 }, (_, i) => 2 * i), 1000), 1.1 * 1000 / 8 + 4);
});

Deno.test("gapParameter() is the best one for gaps that are all alike or nearly so", () => {
  for (const [count, end] of [[1, 1], [10, 10], [10, 20], [10, 30], [10, 100], [3, 1000], [1, 65_536]] as const) {
    const mean = (end - count) / count;
    // The mean length of a code for geometrically distributed gaps.
    const cost = (k: number): number => 1 + k + 1 / ((1 + 1 / Math.max(mean, 1e-9)) ** (2 ** k) - 1);
    const best = Math.min(...Array.from({ length: 17 }, (_, k) => cost(k)));
    assertLess(cost(gapParameter(count, end)), best + 0.1, `${count} of ${end}`);
  }
});

Deno.test("readGaps() refuses more places than there are", () => {
  assertEquals(
    readDigits("1" + binary(10, 4) + binary(0, 5) + "0".repeat(11), 11, 20).valueOf(),
    Array.from({ length: 11 }, (_, i) => i),
  );
  assertEquals(readDigits("1" + binary(11, 4) + binary(0, 5) + "0".repeat(12), 11, 20), GAPS_MALFORMED);
});

Deno.test("readGaps() refuses a place beyond the end", () => {
  assertEquals(readDigits("1" + binary(0, 4) + binary(0, 5) + riceCode(9, 0, 4), 10), [9]);
  assertEquals(readDigits("1" + binary(0, 4) + binary(0, 5) + riceCode(10, 0, 4), 10), GAPS_MALFORMED);
  assertEquals(
    readDigits("1" + binary(1, 4) + binary(0, 5) + riceCode(8, 0, 4) + riceCode(1, 0, 4), 10),
    GAPS_MALFORMED,
  );
  assertEquals(readDigits("1" + binary(0, 4) + binary(31, 5) + "10" + "0".repeat(31), 10), GAPS_MALFORMED);
});

Deno.test("readGaps() refuses more places than there is room for", () => {
  const length = write([1, 3, 5], 10);
  assertEquals(read(length, 10, 3), [1, 3, 5]);
  assertEquals(read(length, 10, 2), GAPS_TOO_MANY);
});
