import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { DatagramConditioner, type DatagramConditionerOptions } from "../../../src/testing/datagram_conditioner.ts";
import { DatagramNetwork } from "../../../src/testing/datagram_network.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

type Knobs = Partial<Omit<DatagramConditionerOptions, "scheduler" | "random">>;

/** Sends numbered datagrams one ms apart; what arrived when. */
function run(knobs: Knobs, count = 1000, seed = 1): { at: number; number: number; bytes: Uint8Array }[] {
  const scheduler = new ManualScheduler();
  const line = new DatagramConditioner({ ...knobs, scheduler, random: new SeededRandom(seed) });
  const arrived: { at: number; number: number; bytes: Uint8Array }[] = [];
  for (let i = 0; i < count; i++) {
    const datagram = new Uint8Array(20).fill(i);
    new DataView(datagram.buffer).setUint32(0, i);
    line.send(datagram, (bytes) => {
      const number = new DataView(bytes.buffer).getUint32(0);
      arrived.push({ at: scheduler.clock.now - i, number, bytes });
    });
    datagram.fill(0xff);
    scheduler.advance(1);
  }
  scheduler.advance(10_000);
  return arrived;
}

Deno.test("DatagramConditioner without knobs delivers everything in order, copied, in the next turn", () => {
  const arrived = run({});
  assertEquals(arrived.map(({ number }) => number), Array.from({ length: 1000 }, (_, i) => i));
  assert(arrived.every(({ at, bytes, number }) => at === 0 && bytes[19] === (number & 255)));
});

Deno.test("DatagramConditioner loses the share that was asked for", () => {
  for (const lossShare of [0, 0.1, 0.5, 1]) {
    const { length } = run({ lossShare }, 4000);
    assert(Math.abs(length / 4000 - (1 - lossShare)) < 0.03, `${lossShare}: ${length} arrived`);
  }
});

Deno.test("DatagramConditioner delays, and reorders by jitter", () => {
  assert(run({ delayMs: 30 }).every(({ at }) => at === 30));
  const arrived = run({ delayMs: 30, jitterMs: 20 });
  assert(arrived.every(({ at }) => at >= 30 && at <= 50));
  const times = arrived.map(({ at }) => at);
  assert(Math.min(...times) < 32 && Math.max(...times) > 48, "the whole range is used");
  const overtaken = arrived.filter(({ number }, i) => i > 0 && number < arrived[i - 1]!.number).length;
  assert(overtaken > 200, `${overtaken} were overtaken`);
});

Deno.test("DatagramConditioner holds back the share that was asked for", () => {
  const arrived = run({ delayMs: 5, reorderShare: 0.2, reorderMs: 40 }, 4000);
  const late = arrived.filter(({ at }) => at === 45).length;
  assert(late > 700 && late < 900 && arrived.every(({ at }) => at === 5 || at === 45), `${late} were held back`);
});

Deno.test("DatagramConditioner repeats the share that was asked for, each with a delay of its own", () => {
  const arrived = run({ delayMs: 5, jitterMs: 10, duplicateShare: 0.25 }, 4000);
  assert(arrived.length > 4900 && arrived.length < 5100, `${arrived.length} arrived`);
  const times = new Map<number, number[]>();
  for (const { at, number } of arrived) times.set(number, [...times.get(number) ?? [], at]);
  assert([...times.values()].some(([first, second]) => second !== undefined && first !== second));
});

Deno.test("DatagramConditioner corrupts one bit of the share that was asked for", () => {
  const arrived = run({ corruptShare: 0.3 }, 4000);
  const flips = arrived.map(({ bytes }, i) => {
    const expected = new Uint8Array(20).fill(i);
    new DataView(expected.buffer).setUint32(0, i);
    return bytes.reduce((sum, byte, at) => sum + (byte ^ expected[at]!).toString(2).replaceAll("0", "").length, 0);
  });
  assert(flips.every((count) => count <= 1));
  const corrupted = flips.filter((count) => count === 1).length;
  assert(corrupted > 1100 && corrupted < 1300, `${corrupted} were corrupted`);
});

Deno.test("DatagramConditioner drops what is longer than the MTU, and counts everything", () => {
  const scheduler = new ManualScheduler();
  const knobs = { mtuBytes: 100, duplicateShare: 1 };
  const line = new DatagramConditioner({ ...knobs, scheduler, random: new SeededRandom(1) });
  let arrived = 0;
  for (const length of [0, 1, 100, 101, 1500]) line.send(new Uint8Array(length), () => arrived++);
  scheduler.advance(10);
  assertEquals(arrived, 6);
  assertEquals(line.tally, { sent: 5, lost: 0, oversize: 2, overflowed: 0, corrupted: 0, duplicated: 3, delivered: 6 });
});

Deno.test("DatagramConditioner repeats a run from its seed, and one knob does not change another's chances", () => {
  const knobs = { lossShare: 0.2, jitterMs: 30, duplicateShare: 0.1, corruptShare: 0.1 };
  assertEquals(run(knobs), run(knobs));
  const survivors = (
    more: Knobs,
  ): number[] => [...new Set(run({ lossShare: 0.2, ...more }).map(({ number }) => number))];
  assertEquals(survivors({ delayMs: 5 }).length, survivors({ delayMs: 5, duplicateShare: 0.5 }).length);
});

Deno.test("DatagramConditioner refuses knobs that are out of range", () => {
  const scheduler = new ManualScheduler();
  const random = new SeededRandom(1);
  for (const name of ["lossShare", "reorderShare", "duplicateShare", "corruptShare"] as const) {
    for (const value of [-0.1, 1.1, NaN]) {
      assertThrows(() => new DatagramConditioner({ scheduler, random, [name]: value }), RangeError, name);
    }
  }
  for (const name of ["delayMs", "jitterMs", "reorderMs"] as const) {
    for (const value of [-1, Infinity, NaN]) {
      assertThrows(() => new DatagramConditioner({ scheduler, random, [name]: value }), RangeError, name);
    }
  }
  assertThrows(() => new DatagramConditioner({ scheduler, random, mtuBytes: 65_508 }), RangeError, "mtuBytes");
});

Deno.test("DatagramNetwork delivers to who has the address when a datagram arrives", () => {
  const scheduler = new ManualScheduler();
  const network = new DatagramNetwork({ scheduler, random: new SeededRandom(1), delayMs: 10 });
  const log: string[] = [];
  const one = network.attach("10.0.0.1", 1, (bytes, from) => log.push(`one ${bytes[0]} ${from.hostname}:${from.port}`));
  const two = network.attach("10.0.0.2", 2, (bytes, from) => log.push(`two ${bytes[0]} ${from.hostname}:${from.port}`));
  one.send(Uint8Array.of(1), two.address);
  two.send(Uint8Array.of(2), one.address);
  scheduler.advance(5);
  one.rebind("10.0.0.1", 9);
  one.send(Uint8Array.of(3), two.address);
  scheduler.advance(100);
  assertEquals(log, ["two 1 10.0.0.1:1", "two 3 10.0.0.1:9"]);
  two.detach();
  one.send(Uint8Array.of(4), two.address);
  scheduler.advance(100);
  assertEquals([log.length, network.tally.delivered], [2, 4]);
  assertThrows(() => one.rebind("nowhere", 1), RangeError, "nowhere");
});

Deno.test("DatagramNetwork shows everything to its tap, which may hold it back or put it in again", () => {
  const scheduler = new ManualScheduler();
  const network = new DatagramNetwork({ scheduler, random: new SeededRandom(1) });
  let arrived = 0;
  const one = network.attach("10.0.0.1", 1, () => {});
  const two = network.attach("10.0.0.2", 2, () => arrived++);
  network.tap = (datagram) => {
    if (datagram.bytes[0] === 2) network.inject(datagram);
    return datagram.bytes[0] !== 1;
  };
  for (const byte of [1, 2, 3]) one.send(Uint8Array.of(byte), two.address);
  scheduler.advance(10);
  assertEquals(arrived, 3);
});
