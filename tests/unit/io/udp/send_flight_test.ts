import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { NOWHERE } from "../../../../src/io/udp/destination_cache.ts";
import { SendFlight, type SendSlot } from "../../../../src/io/udp/send_flight.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

const MAX_COUNT = 5;
const MAX_BYTES = 9_000;

Deno.test("SendFlight keeps exact sums within its limits, and every datagram as it was taken", () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const flight = new SendFlight(MAX_COUNT, MAX_BYTES);
  const underWay: [SendSlot, Uint8Array][] = [];
  for (let step = 0; step < 20_000; step++) {
    const hint = `seed ${random.seed}, step ${step}`;
    if (random.nextInt(2) === 0 && underWay.length > 0) {
      const [[slot, expected]] = underWay.splice(random.nextInt(underWay.length), 1) as [[SendSlot, Uint8Array]];
      assertEquals(slot.bytes, expected, hint);
      flight.give(slot);
    } else {
      const memory = new Uint8Array(random.nextInt(5_000));
      random.fillSecret(memory);
      const start = random.nextInt(memory.length + 1);
      const expected = memory.slice(start);
      const sum = underWay.reduce((total, [, bytes]) => total + bytes.length, 0);
      const fits = underWay.length < MAX_COUNT && sum + expected.length <= MAX_BYTES;
      assertEquals(flight.admits(expected.length), fits, hint);
      if (!fits) continue;
      const slot = flight.take(memory, start, memory.length, NOWHERE);
      assert(!underWay.some(([other]) => other === slot), hint);
      memory.fill(0);
      underWay.push([slot, expected]);
    }
    const bytes = underWay.reduce((total, [, one]) => total + one.length, 0);
    assertEquals([flight.count, flight.bytes], [underWay.length, bytes], hint);
    assertEquals(flight.isHalfEmpty, underWay.length * 2 <= MAX_COUNT && bytes * 2 <= MAX_BYTES, hint);
  }
});

Deno.test("SendFlight gives the slot out next that came back last, with the same memory and view", () => {
  const flight = new SendFlight(4, 10_000);
  const first = flight.take(new Uint8Array(100), 0, 100, NOWHERE);
  const second = flight.take(new Uint8Array(100), 0, 100, NOWHERE);
  flight.give(second);
  flight.give(first);
  const view = first.bytes;
  const again = flight.take(Uint8Array.of(1, 2, 3).subarray(0), 0, 3, NOWHERE);
  assertStrictEquals(again, first);
  assertStrictEquals(again.bytes.buffer, view.buffer);
  flight.give(again);
  const same = flight.take(Uint8Array.of(4, 5, 6), 0, 3, NOWHERE);
  assertStrictEquals(same.bytes, again.bytes);
  assertEquals([...same.bytes], [4, 5, 6]);
});

Deno.test("SendFlight lets go of the memory of a long datagram", () => {
  const flight = new SendFlight(4, 100_000);
  const slot = flight.take(new Uint8Array(60_000), 0, 60_000, NOWHERE);
  const { bytes } = slot;
  flight.give(slot);
  assertEquals([flight.bytes, slot.bytes.length], [0, 0]);
  const again = flight.take(new Uint8Array(60_000), 0, 60_000, NOWHERE);
  assertNotStrictEquals(again.bytes.buffer, bytes.buffer);
});

Deno.test("SendFlight takes datagrams out of shared memory", () => {
  const flight = new SendFlight(4, 100_000);
  for (const length of [3, 5_000]) {
    const shared = new Uint8Array(new SharedArrayBuffer(length)).fill(7);
    const slot = flight.take(shared, 0, length, NOWHERE);
    assert(slot.bytes.buffer instanceof ArrayBuffer);
    assert(slot.bytes.every((byte) => byte === 7));
    assertEquals(slot.bytes.length, length);
  }
});
