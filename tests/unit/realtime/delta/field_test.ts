import { assertEquals, assertThrows } from "@std/assert";
import {
  angle,
  bool,
  bytes,
  choice,
  float,
  int,
  text,
  uint,
  vec2,
  vec3,
} from "../../../../src/realtime/delta/field.ts";

const range = { min: -1, max: 1, precision: 0.5 };

Deno.test("fields are what they were told to be", () => {
  assertEquals(bool(), { kind: "bool", initial: false });
  assertEquals(bool(true).initial, true);
  assertEquals(uint(3), { kind: "integer", min: 0, max: 7, initial: 0, blending: "step" });
  assertEquals(uint(32).max, 2 ** 32 - 1);
  assertEquals(int(2, { initial: -2, blending: "linear" }), {
    kind: "integer",
    min: -2,
    max: 1,
    initial: -2,
    blending: "linear",
  });
  assertEquals(float(range), { kind: "float", ...range, blending: "linear", velocity: "", initial: 0 });
  assertEquals(vec2({ ...range, initial: [1, -1] }).initial, [1, -1]);
  assertEquals(vec3(range).initial, [0, 0, 0]);
  assertEquals(vec3({ ...range, initial: [1, 0, -1], velocity: "v", blending: "hermite" }).blending, "hermite");
  assertEquals(angle(), { kind: "angle", bits: 10, initial: 0, blending: "linear" });
  assertEquals(choice(["a", "b"]), { kind: "choice", values: ["a", "b"], initial: "a" });
  assertEquals(choice(["a", "b"], "b").initial, "b");
  assertEquals(text(5), { kind: "text", maxBytes: 5 });
  assertEquals(bytes(6), { kind: "bytes", maxBytes: 6 });
});

Deno.test("numbers start at 0 or at the nearest value to it", () => {
  assertEquals(float({ min: 3, max: 5, precision: 1 }).initial, 3);
  assertEquals(vec2({ min: -5, max: -3, precision: 1 }).initial, [-3, -3]);
});

const REFUSED: readonly (readonly [string, () => unknown, new () => Error])[] = [
  ["a flag that is no boolean", () => bool(1 as unknown as boolean), TypeError],
  ["no bits", () => uint(0), RangeError],
  ["33 bits", () => uint(33), RangeError],
  ["half a bit", () => uint(0.5), RangeError],
  ["one bit with a sign", () => int(1), RangeError],
  ["33 bits with a sign", () => int(33), RangeError],
  ["an initial value out of range", () => uint(3, { initial: 8 }), RangeError],
  ["an initial value below the range", () => int(3, { initial: -5 }), RangeError],
  ["an initial fraction", () => uint(3, { initial: 0.5 }), RangeError],
  ["a curve of integers", () => uint(3, { blending: "hermite" as "linear" }), TypeError],
  ["an unknown option", () => uint(3, { intial: 1 } as object), TypeError],
  ["an empty range", () => float({ min: 1, max: 1, precision: 1 }), RangeError],
  ["a range that is turned round", () => float({ min: 1, max: 0, precision: 1 }), RangeError],
  ["an infinite range", () => float({ min: 0, max: Infinity, precision: 1 }), RangeError],
  ["a range that is too wide for a number", () => float({ min: -1e308, max: 1e308, precision: 1e300 }), RangeError],
  ["an infinite precision", () => float({ min: 0, max: 1, precision: Infinity }), RangeError],
  ["values that are too close", () => float({ min: 0, max: 1e-300, precision: 1e-309 }), RangeError],
  ["a range from NaN", () => float({ min: NaN, max: 1, precision: 1 }), RangeError],
  ["no precision", () => float({ ...range, precision: 0 }), RangeError],
  ["a precision of NaN", () => float({ ...range, precision: NaN }), RangeError],
  ["too fine a precision", () => float({ min: 0, max: 2 ** 30, precision: 1 }), RangeError],
  ["an initial number out of range", () => float({ ...range, initial: 2 }), RangeError],
  ["an initial text", () => float({ ...range, initial: "1" as unknown as number }), TypeError],
  ["an initial component out of range", () => vec2({ ...range, initial: [0, 2] }), RangeError],
  ["an initial third component out of range", () => vec3({ ...range, initial: [0, 0, -2] }), RangeError],
  ["a curve without a velocity", () => vec2({ ...range, blending: "hermite" }), RangeError],
  ["an unknown blending", () => vec2({ ...range, blending: "cubic" as "step" }), TypeError],
  ["an unknown option of a vector", () => vec2({ ...range, bits: 3 } as typeof range), TypeError],
  ["an angle of one bit", () => angle({ bits: 1 }), RangeError],
  ["an angle of 31 bits", () => angle({ bits: 31 }), RangeError],
  ["an endless angle", () => angle({ initial: Infinity }), RangeError],
  ["a curve of angles", () => angle({ blending: "hermite" as "step" }), TypeError],
  ["an unknown option of an angle", () => angle({ min: 3 } as object), TypeError],
  ["one choice", () => choice(["a"]), RangeError],
  ["no choice", () => choice([]), RangeError],
  ["a choice twice", () => choice(["a", "b", "a"]), RangeError],
  ["a first choice that is none", () => choice(["a", "b"], "c" as "a"), RangeError],
  ["text without room", () => text(0), RangeError],
  ["bytes without end", () => bytes(1025), RangeError],
];

for (const [name, make, error] of REFUSED) {
  Deno.test(`fields refuse ${name}`, () => {
    assertThrows(make, error);
  });
}

Deno.test("fields are taken at their limits", () => {
  assertEquals(float({ min: 0, max: 2 ** 30 - 1, precision: 1 }).max, 2 ** 30 - 1);
  assertEquals([angle({ bits: 2 }).bits, angle({ bits: 30 }).bits], [2, 30]);
  assertEquals(choice(Array.from({ length: 65_536 }, (_, i) => `${i}`)).values.length, 65_536);
  assertThrows(() => choice(Array.from({ length: 65_537 }, (_, i) => `${i}`)), RangeError);
  assertEquals([text(1024).maxBytes, bytes(1).maxBytes], [1024, 1]);
});
