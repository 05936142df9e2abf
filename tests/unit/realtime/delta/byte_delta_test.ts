import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { BYTE_DELTA_HEADER_BYTES, ByteDelta, DeltaRefusal } from "../../../../src/realtime/delta/byte_delta.ts";
import { drawState, editState } from "./byte_edits.ts";

const MAX = 600;
const delta = new ByteDelta({ maxStateBytes: MAX });
const packet = new Uint8Array(MAX + BYTE_DELTA_HEADER_BYTES);

function encoded(base: Uint8Array, state: Uint8Array): Uint8Array {
  return packet.slice(0, delta.encode(base, state, packet));
}

function decoded(base: Uint8Array, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(MAX);
  const length = delta.decode(base, bytes, out);
  if (length < 0) throw new Error(`refused: ${length}`);
  return out.slice(0, length);
}

function counting(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) * 167 >>> 3);
}

Deno.test("ByteDelta decodes what it encoded, of any base and state, and never exceeds the state by more than its header", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 1500; round++) {
    const base = drawState(random, random.nextInt(MAX + 1));
    const state = editState(random, base, MAX);
    const bytes = encoded(base, state);
    assertEquals(decoded(base, bytes), state, `seed ${seed}, round ${round}`);
    assertLessOrEqual(bytes.length, state.length + BYTE_DELTA_HEADER_BYTES, `seed ${seed}, round ${round}`);
  }
});

Deno.test("ByteDelta.encode() writes an equal state as a length and nothing else", () => {
  assertEquals(encoded(counting(40), counting(40)), Uint8Array.of(1, 40));
});

Deno.test("ByteDelta.encode() writes changes in place as runs of XOR", () => {
  const state = counting(50);
  state[10]! ^= 0x11;
  state[13]! ^= 0x22; // two equal bytes between: cheaper inside the run
  state[17]! ^= 0x33; // three: a run of its own
  assertEquals(encoded(counting(50), state), Uint8Array.of(1, 50, 10, 4, 0x11, 0, 0, 0x22, 3, 1, 0x33));
});

Deno.test("ByteDelta.encode() writes a longer state as runs over zeros", () => {
  const state = new Uint8Array(60);
  state.set(counting(30));
  state[45] = 7;
  assertEquals(encoded(counting(30), state), Uint8Array.of(1, 60, 45, 1, 7));
});

Deno.test("ByteDelta.encode() writes a shorter state as its length", () => {
  assertEquals(encoded(counting(50), counting(30)), Uint8Array.of(1, 30));
});

Deno.test("ByteDelta.encode() writes content behind an insertion as a copy", () => {
  const base = counting(60);
  const state = Uint8Array.of(...base.subarray(0, 20), 9, 9, ...base.subarray(20));
  // Copy 20 from where it is expected, insert two, copy 40 from two before where they would replace something.
  assertEquals(encoded(base, state), Uint8Array.of(2, 62, 20, 0, 2, 9, 9, 40, 3, 0));
});

Deno.test("ByteDelta.encode() writes moved content as copies", () => {
  const base = counting(62);
  const bytes = encoded(base, Uint8Array.of(...base.subarray(31), ...base.subarray(0, 31)));
  assertEquals(bytes, Uint8Array.of(2, 62, 31, 62, 0, 31, 0x40, 123, 0));
});

Deno.test("ByteDelta.encode() writes a state without a base, or with nothing in common, whole", () => {
  const state = counting(30);
  assertEquals(encoded(new Uint8Array(0), state), Uint8Array.of(0, ...state));
  const noise = new Uint8Array(30);
  new SeededRandom(5).fillSecret(noise);
  assertEquals(encoded(noise, state), Uint8Array.of(0, ...state));
});

Deno.test("ByteDelta.encode() writes an empty state as one byte", () => {
  assertEquals(encoded(counting(9), new Uint8Array(0)), Uint8Array.of(0));
  assertEquals(decoded(counting(9), Uint8Array.of(0)), new Uint8Array(0));
});

Deno.test("ByteDelta.encode() writes at an offset and nothing else", () => {
  const [base, state] = [counting(40), counting(40)];
  state[39] = 1;
  for (const target of [state, new Uint8Array(0), Uint8Array.of(...base.subarray(20), ...base.subarray(0, 20))]) {
    const expected = encoded(base, target);
    const out = new Uint8Array(80).fill(0xee);
    assertEquals(delta.encode(base, target, out, 7), expected.length);
    assertEquals(out.subarray(7, 7 + expected.length), expected);
    assertEquals(out.subarray(0, 7), new Uint8Array(7).fill(0xee));
    assertEquals(out.subarray(7 + expected.length), new Uint8Array(73 - expected.length).fill(0xee));
  }
});

Deno.test("ByteDelta.encode() returns 0 and writes nothing when there is one byte too little", () => {
  const seed = 8;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const base = drawState(random, random.nextInt(200));
    const state = editState(random, base, 200);
    const length = encoded(base, state).length;
    const out = new Uint8Array(length + 2).fill(0xee);
    assertEquals(delta.encode(base, state, out, 3), 0, `seed ${seed}, round ${round}`);
    assertEquals(out, new Uint8Array(length + 2).fill(0xee), `seed ${seed}, round ${round}`);
    assertEquals(delta.encode(base, state, out, 2), length, `seed ${seed}, round ${round}`);
  }
});

Deno.test("ByteDelta.encode() refuses a base and a state beyond the maximum", () => {
  const long = new Uint8Array(MAX + 1);
  assertThrows(() => delta.encode(long, counting(3), packet), RangeError, "601 bytes");
  assertThrows(() => delta.encode(counting(3), long, packet), RangeError, "601 bytes");
});

Deno.test("ByteDelta refuses a maximum that is none", () => {
  for (const maxStateBytes of [0, -1, 1.5, NaN, 2 ** 28 + 1]) {
    assertThrows(() => new ByteDelta({ maxStateBytes }), RangeError);
  }
});

const BASE = counting(20);
const MALFORMED: readonly (readonly [string, readonly number[]])[] = [
  ["nothing", []],
  ["an unknown form", [3, 5]],
  ["an unknown form without a length", [255]],
  ["runs without a length", [1]],
  ["ranges without a length", [2]],
  ["a length that ends early", [1, 0x40]],
  ["a length beyond 2^53", [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ["runs that end before the second count", [1, 20, 3]],
  ["runs with an equal count that ends early", [1, 20, 0x40]],
  ["runs with a different count that ends early", [1, 20, 3, 0x80, 0]],
  ["runs that end before their bytes", [1, 20, 3, 2, 9]],
  ["runs that say nothing", [1, 20, 3, 0]],
  ["runs beyond the state", [1, 20, 18, 3, 1, 2, 3]],
  ["runs that are equal beyond the state", [1, 4, 4, 1, 9]],
  ["ranges without a shift", [2, 20, 20]],
  ["ranges without an insert count", [2, 20, 20, 0]],
  ["ranges with a shift that ends early", [2, 20, 20, 0x40]],
  ["ranges with a copy count that ends early", [2, 20, 0xc0]],
  ["ranges with an insert count that ends early", [2, 20, 20, 0, 0x40]],
  ["ranges that end before their bytes", [2, 3, 0, 3, 1, 2]],
  ["ranges that say nothing", [2, 20, 0, 0]],
  ["ranges that do not fill the state", [2, 20, 19, 0, 0]],
  ["ranges beyond the state", [2, 19, 20, 0, 0]],
  ["ranges beyond the state by an insertion", [2, 20, 20, 0, 1, 9]],
  ["a copy from before the base", [2, 5, 5, 1, 0]],
  ["a copy from behind the base", [2, 5, 5, 32, 0]],
  ["a second copy from behind the base", [2, 25, 20, 0, 0, 5, 0, 0]],
  ["ranges with a byte too many", [2, 20, 20, 0, 0, 0]],
];

for (const [name, bytes] of MALFORMED) {
  Deno.test(`ByteDelta.decode() refuses ${name} and changes nothing`, () => {
    const out = new Uint8Array(40).fill(0xee);
    assertEquals(delta.decode(BASE, Uint8Array.from(bytes), out), DeltaRefusal.Malformed);
    assertEquals(out, new Uint8Array(40).fill(0xee));
  });
}

Deno.test("ByteDelta.decode() takes what borders on malformed", () => {
  assertEquals(decoded(BASE, Uint8Array.of(1, 20, 18, 2, 1, 2)).length, 20);
  assertEquals(decoded(BASE, Uint8Array.of(2, 5, 5, 30, 0)), BASE.slice(15));
  assertEquals(decoded(BASE, Uint8Array.of(2, 3, 1, 4, 1, 9, 1, 0, 0)), Uint8Array.of(BASE[2]!, 9, BASE[4]!));
  assertEquals(decoded(BASE, Uint8Array.of(1, 0)).length, 0);
  assertEquals(decoded(BASE, Uint8Array.of(2, 0)).length, 0);
  assertEquals(
    decoded(BASE, Uint8Array.of(2, 6, 2, 8, 0, 4, 11, 0)),
    Uint8Array.of(BASE[4]!, BASE[5]!, ...BASE.slice(0, 4)),
  );
});

Deno.test("ByteDelta.decode() refuses a state beyond the maximum or the memory and changes nothing", () => {
  const small = new ByteDelta({ maxStateBytes: 20 });
  for (
    const bytes of [[1, 21], [2, 21, 20, 0, 1, 7], [0, ...counting(21)], [1, 0x80, 1, 0, 0], [
      1,
      0xc0,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
    ]]
  ) {
    const out = new Uint8Array(40).fill(0xee);
    assertEquals(small.decode(BASE, Uint8Array.from(bytes), out), DeltaRefusal.TooLarge, `${bytes}`);
    assertEquals(delta.decode(BASE, Uint8Array.from(bytes), out.subarray(0, 20)), DeltaRefusal.TooLarge, `${bytes}`);
    assertEquals(out, new Uint8Array(40).fill(0xee));
  }
});

Deno.test("ByteDelta.decode() writes the state and nothing behind it", () => {
  const state = BASE.slice();
  state[3] = 1;
  for (const bytes of [encoded(BASE, state), encoded(new Uint8Array(0), state), Uint8Array.of(2, 20, 20, 0, 0)]) {
    const out = new Uint8Array(30).fill(0xee);
    assertEquals(delta.decode(BASE, bytes, out), 20);
    assertEquals(out.subarray(20), new Uint8Array(10).fill(0xee));
  }
});

Deno.test("ByteDelta.decode() refuses to write over what it reads", () => {
  const memory = new Uint8Array(100);
  assertThrows(() => delta.decode(memory.subarray(0, 20), counting(3), memory.subarray(19)), RangeError, "in place");
  assertThrows(() => delta.decode(BASE, memory.subarray(50, 60), memory.subarray(0, 51)), RangeError, "in place");
  assertEquals(delta.decode(memory.subarray(0, 20), Uint8Array.of(1, 20), memory.subarray(20)), 20);
  assertEquals(delta.decode(memory.subarray(40, 60), Uint8Array.of(1, 20), memory.subarray(0, 40)), 20);
});
