import { assertEquals, assertThrows } from "@std/assert";
import { atLeast, choice, duration, flag, integer, onlyKnown } from "../../../src/error/option_check.ts";

const wrong = (value: unknown): never => value as never;

Deno.test("integer() takes integers within its bounds, and the default for undefined", () => {
  assertEquals(integer("size", undefined, 7, 1, 10), 7);
  assertEquals(integer("size", 1, 7, 1, 10), 1);
  assertEquals(integer("size", 10, 7, 1, 10), 10);
  for (const value of [0, 11, 1.5, NaN, Infinity]) {
    assertThrows(() => integer("size", value, 7, 1, 10), RangeError, "option size");
  }
  for (const value of ["5", null, true]) {
    assertThrows(() => integer("size", wrong(value), 7, 1, 10), TypeError, "option size");
  }
});

Deno.test("duration() takes finite times of at least 0", () => {
  assertEquals(duration("waitMs", undefined, 50), 50);
  assertEquals(duration("waitMs", 0, 50), 0);
  assertEquals(duration("waitMs", 0.5, 50), 0.5);
  for (const value of [-1, NaN, Infinity, 1e13]) {
    assertThrows(() => duration("waitMs", value, 50), RangeError, "option waitMs");
  }
  assertThrows(() => duration("waitMs", wrong("1s"), 50), TypeError, "option waitMs");
});

Deno.test("atLeast() takes Infinity, but nothing below its bound", () => {
  assertEquals(atLeast("size", undefined, 3, 2), 3);
  assertEquals(atLeast("size", 2, 3, 2), 2);
  assertEquals(atLeast("size", Infinity, 3, 2), Infinity);
  for (const value of [1, NaN]) assertThrows(() => atLeast("size", value, 3, 2), RangeError, "option size");
  assertThrows(() => atLeast("size", wrong("9"), 3, 2), TypeError, "option size");
});

Deno.test("flag() takes booleans only", () => {
  assertEquals(flag("copy", undefined, true), true);
  assertEquals(flag("copy", false, true), false);
  for (const value of [1, "yes", null]) assertThrows(() => flag("copy", wrong(value), true), TypeError, "option copy");
});

Deno.test("choice() takes one of the names", () => {
  const all = ["wait", "drop"] as const;
  assertEquals(choice("policy", undefined, "wait", all), "wait");
  assertEquals(choice("policy", "drop", "wait", all), "drop");
  assertThrows(() => choice("policy", wrong("lose"), "wait", all), TypeError, "wait, drop: got lose");
});

Deno.test("onlyKnown() refuses a misspelt option and what is no object", () => {
  const known = new Set(["size"]);
  onlyKnown("reactor", { size: 1 }, known);
  onlyKnown("reactor", {}, known);
  assertThrows(() => onlyKnown("reactor", { sise: 1 }, known), TypeError, "reactor has no option sise");
  for (const value of [null, 5, "size"]) assertThrows(() => onlyKnown("reactor", wrong(value), known), TypeError);
});
