import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { AckNews, AckRanges } from "../../../src/reliability/ack_ranges.ts";

type Range = [smallest: number, largest: number];

function rangesOf(set: AckRanges): Range[] {
  return Array.from({ length: set.count }, (_, i): Range => [set.smallestAt(i), set.largestAt(i)]);
}

/** The reference: a set of numbers, cut to the newest ranges after every addition. */
class SimpleRanges {
  readonly numbers = new Set<number>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(number: number): void {
    this.numbers.add(number);
    const ranges = this.ranges();
    for (const [smallest, largest] of ranges.slice(this.#most)) {
      for (let n = smallest; n <= largest; n++) this.numbers.delete(n);
    }
  }

  ranges(): Range[] {
    const result: Range[] = [];
    for (const number of [...this.numbers].sort((a, b) => b - a)) {
      const last = result.at(-1);
      if (last !== undefined && last[0] === number + 1) last[0] = number;
      else result.push([number, number]);
    }
    return result;
  }
}

Deno.test("AckRanges.add() keeps the newest ranges of any order, as a simple set does", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const most = 1 + random.nextInt(9);
    const set = new AckRanges(most);
    const simple = new SimpleRanges(most);
    const start = seed % 2 === 0 ? 0 : 2 ** 40;
    let newest = start;
    for (let i = 0; i < 150; i++) {
      newest += random.nextInt(4) === 0 ? 1 + random.nextInt(3) : 0;
      const number = Math.max(0, newest - random.nextInt(12));
      const wasThere = simple.numbers.has(number);
      const largest = set.largest;
      const isNew = set.add(number) !== AckNews.Known;
      simple.add(number);
      assertEquals(rangesOf(set), simple.ranges(), `seed ${seed}, number ${number}`);
      assertEquals(isNew, !wasThere && simple.numbers.has(number), `seed ${seed}, number ${number}`);
      assertEquals([set.has(number), set.largest], [simple.numbers.has(number), Math.max(largest, number)]);
    }
  }
});

Deno.test("AckRanges.add() says what a number is to those before", () => {
  const set = new AckRanges(8);
  const { Known, Next, Ahead, Behind } = AckNews;
  assertEquals([5, 6, 6, 9, 8, 5, 10].map((number) => set.add(number)), [
    Next,
    Next,
    Known,
    Ahead,
    Behind,
    Known,
    Next,
  ]);
  assertEquals(rangesOf(set), [[8, 10], [5, 6]]);
});

Deno.test("AckRanges.has() knows the ends of ranges and the gaps between", () => {
  const set = new AckRanges(8);
  for (const number of [3, 4, 5, 9]) set.add(number);
  assertEquals([2, 3, 5, 6, 8, 9, 10].map((number) => set.has(number)), [false, true, true, false, false, true, false]);
});

Deno.test("AckRanges.add() survives 33 and 300 losses in a row", () => {
  for (const lost of [33, 300]) {
    const set = new AckRanges(4);
    for (let number = 0; number < 10; number++) set.add(number);
    set.add(10 + lost);
    assertEquals(rangesOf(set), [[10 + lost, 10 + lost], [0, 9]]);
    for (let number = 10; number < 10 + lost; number++) assert(set.add(number) === AckNews.Behind);
    assertEquals(rangesOf(set), [[0, 10 + lost]]);
  }
});

Deno.test("AckRanges.add() takes no number below all ranges when there is no room for a range", () => {
  const set = new AckRanges(2);
  for (const number of [10, 20]) set.add(number);
  assertEquals([set.add(5), set.add(9), set.add(15)], [AckNews.Known, AckNews.Behind, AckNews.Behind]);
  assertEquals(rangesOf(set), [[20, 20], [15, 15]]);
});

Deno.test("AckRanges.forgetTo() forgets whole ranges and never the newest", () => {
  const set = new AckRanges(8);
  for (const number of [1, 2, 5, 6, 9]) set.add(number);
  set.forgetTo(1);
  assertEquals(rangesOf(set), [[9, 9], [5, 6], [1, 2]]);
  set.forgetTo(5);
  assertEquals(rangesOf(set), [[9, 9], [5, 6]]);
  set.forgetTo(100);
  assertEquals(rangesOf(set), [[9, 9]]);
  set.clear();
  assertEquals([set.count, set.largest, set.add(3)], [0, -1, AckNews.Next]);
});
