import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import {
  ACK_RANGES,
  ACK_RANGES_ECN,
  AckFrameReader,
  encodeAckRanges,
  LEAST_ACK_RANGES_BYTES,
  MAX_ACK_RANGES,
} from "../../../src/wire/ack_frame.ts";

type Range = readonly [smallest: number, largest: number];

function source(ranges: readonly Range[]) {
  return {
    count: ranges.length,
    largestAt: (i: number): number => ranges[i]![1],
    smallestAt: (i: number): number => ranges[i]![0],
  };
}

function read(bytes: Uint8Array, at: number, end: number): { length: number; ranges: Range[]; reader: AckFrameReader } {
  const reader = new AckFrameReader();
  const length = reader.load(bytes, at, end);
  const ranges: Range[] = [];
  while (reader.next()) ranges.push([reader.smallest, reader.largest]);
  return { length, ranges, reader };
}

/** Ranges from the newest down, some long, some far apart, below `top`. */
function drawRanges(random: SeededRandom, top: number, most: number): Range[] {
  const ranges: Range[] = [];
  let largest = top - random.nextInt(3);
  for (let i = random.nextInt(most); i >= 0 && largest >= 0; i--) {
    const smallest = Math.max(0, largest - random.nextInt(random.nextInt(4) === 0 ? 100_000 : 3));
    ranges.push([smallest, largest]);
    largest = smallest - 2 - random.nextInt(random.nextInt(4) === 0 ? 20_000 : 2);
  }
  return ranges;
}

Deno.test("encodeAckRanges() writes what AckFrameReader reads, at any place and up to 2^53 - 1", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed);
    const top = [200, 1e6, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER][seed % 4]!;
    const ranges = drawRanges(random, top, 40);
    const ecn = seed % 3 === 0 ? { ect0: seed, ect1: 0, ce: seed * 1000 } : undefined;
    const bytes = new Uint8Array(2000);
    const end = encodeAckRanges(bytes, 5, 2000, source(ranges), 1.5, ecn);
    const { length, ranges: found, reader } = read(bytes, 5, end);
    assertEquals([length, found], [end - 5, ranges], `seed ${seed}`);
    assertEquals(
      [bytes[5], reader.delayMicros, reader.ect0],
      [ecn ? ACK_RANGES_ECN : ACK_RANGES, 1500, ecn?.ect0 ?? -1],
    );
    if (ecn !== undefined) assertEquals([reader.ect1, reader.ce], [0, ecn.ce]);
  }
});

Deno.test("encodeAckRanges() leaves out the oldest ranges that do not fit and never passes the limit", () => {
  const ranges: Range[] = Array.from({ length: 100 }, (_, i): Range => [5000 - 10 * i, 5000 - 10 * i + 3]);
  for (let room = LEAST_ACK_RANGES_BYTES; room < 120; room++) {
    const ecn = room % 2 === 0 ? { ect0: 2 ** 40, ect1: 0, ce: 70 } : undefined;
    const bytes = new Uint8Array(400).fill(0xee);
    const end = encodeAckRanges(bytes, 3, 3 + room, source(ranges), 0, ecn);
    const { length, ranges: found } = read(bytes, 3, end);
    assertEquals([length, found], [end - 3, ranges.slice(0, found.length)]);
    assertEquals([end <= 3 + room, bytes[3 + room]], [true, 0xee]);
    const spare = 3 + room - end;
    assertEquals(spare < 2, true, `room ${room}: ${spare} bytes of it were left`);
  }
});

Deno.test("encodeAckRanges() writes no more ranges than a frame holds", () => {
  const ranges: Range[] = Array.from({ length: 300 }, (_, i): Range => [9000 - 2 * i, 9000 - 2 * i]);
  const bytes = new Uint8Array(2000);
  const end = encodeAckRanges(bytes, 0, 2000, source(ranges), 1e12);
  const { ranges: found, reader } = read(bytes, 0, end);
  assertEquals([found.length, reader.delayMicros], [MAX_ACK_RANGES, 0xffff_ffff]);
});

Deno.test("AckFrameReader.load() refuses a frame that is cut anywhere", () => {
  for (const ecn of [undefined, { ect0: 100, ect1: 0, ce: 7 }]) {
    const bytes = new Uint8Array(100);
    const end = encodeAckRanges(bytes, 0, 100, source([[400, 500], [100, 300], [7, 7]]), 3, ecn);
    for (let cut = 0; cut < end; cut++) assertEquals(read(bytes, 0, cut).length, 0, `cut at ${cut}`);
    assertEquals(read(bytes, 0, end).length, end);
  }
});

Deno.test("AckFrameReader.load() refuses ranges below 0 and numbers beyond 2^53 - 1", () => {
  const frame = (low: number, ...rest: number[]) =>
    Uint8Array.of(ACK_RANGES, 0, 0, 0, 0, 0, 0, 0, low, 0, 0, 0, 0, ...rest);
  const lengthOf = (bytes: Uint8Array) => read(bytes, 0, bytes.length).length;
  assertEquals([lengthOf(frame(5, 0, 5)), lengthOf(frame(5, 0, 6))], [15, 0]);
  assertEquals([lengthOf(frame(5, 1, 0, 2, 1)), lengthOf(frame(5, 1, 0, 2, 2))], [17, 0]);
  assertEquals([lengthOf(frame(5, 1, 0, 3, 0)), lengthOf(frame(5, 1, 0, 4, 0))], [17, 0]);
  const huge = frame(0, 0, 0);
  huge.fill(0xff, 1, 9);
  assertEquals(lengthOf(huge), 0);
});

Deno.test("AckFrameReader.load() takes any bytes without an exception, and what it takes is in falling order", () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = new SeededRandom(seed);
    const bytes = new Uint8Array(random.nextInt(60));
    random.fillSecret(bytes);
    if (bytes.length > 13) {
      bytes[0] = seed % 2 === 0 ? ACK_RANGES : ACK_RANGES_ECN;
      bytes.fill(0, 1, 4);
      bytes[13] = bytes[13]! & 7;
    }
    const { length, ranges } = read(bytes, 0, bytes.length);
    assertEquals(length <= bytes.length && (length > 0 || ranges.length === 0), true, `seed ${seed}`);
    for (const [i, [smallest, largest]] of ranges.entries()) {
      const isSound = smallest >= 0 && smallest <= largest && (i === 0 || largest < ranges[i - 1]![0] - 1);
      assertEquals(isSound, true, `seed ${seed}`);
    }
  }
});
