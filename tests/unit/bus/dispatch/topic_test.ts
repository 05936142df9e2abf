import { assertEquals, assertThrows } from "@std/assert";
import { checkName, isName, isPattern, MAX_NAME_BYTES, prefixOf } from "../../../../src/bus/dispatch/topic.ts";

Deno.test("isName() takes parts between dots and nothing else", () => {
  const good = ["a", "user.created", "A-1_$:.b", "x".repeat(MAX_NAME_BYTES), new Array(16).fill("p").join(".")];
  const bad = [
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a b",
    "a*",
    "é",
    "a>b",
    "x".repeat(201),
    new Array(17).fill("p").join("."),
  ];
  assertEquals(good.filter((name) => !isName(name)), []);
  assertEquals(bad.filter(isName), []);
});

Deno.test("isPattern() takes names, prefixes and everything", () => {
  assertEquals(["*", "a", "a.*", "user.created.*"].filter((one) => !isPattern(one)), []);
  assertEquals(["", "a*", "*.a", "a.*.b", ".*", "**", "a..*"].filter(isPattern), []);
});

Deno.test("prefixOf() gives what topics must begin with", () => {
  assertEquals(["*", "user.*", "user"].map(prefixOf), ["", "user.", undefined]);
});

Deno.test("checkName() tells shape from content", () => {
  assertEquals(checkName("A topic", "a.b"), "a.b");
  assertThrows(() => checkName("A topic", 7 as unknown as string), TypeError, "A topic must be a string");
  assertThrows(() => checkName("A topic", "a b"), RangeError, 'got "a b"');
});
