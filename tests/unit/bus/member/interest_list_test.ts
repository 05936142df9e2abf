import { assertEquals, assertThrows } from "@std/assert";
import { decodeInterest, InterestKind, interestKindOf, OwnInterest } from "../../../../src/bus/member/interest_list.ts";
import { ResourceError } from "../../../../src/error/transport_error.ts";

Deno.test("OwnInterest.encode() gives what decodeInterest() reads", () => {
  const own = new OwnInterest(1000);
  assertEquals(own.add(InterestKind.Topic, "orders.created"), true);
  assertEquals(own.add(InterestKind.Topic, "orders.created"), false);
  own.add(InterestKind.Prefix, "");
  own.add(InterestKind.Prefix, "orders.");
  own.add(InterestKind.Command, "ping");
  own.add(InterestKind.Command, "pong");
  assertEquals([own.remove(InterestKind.Command, "pong"), own.remove(InterestKind.Command, "pong")], [true, false]);
  assertEquals(decodeInterest(own.encode()), [["orders.created"], ["", "orders."], ["ping"]]);
});

Deno.test("OwnInterest.add() refuses what does not fit, and removing makes room", () => {
  const own = new OwnInterest(8);
  own.add(InterestKind.Topic, "abcd");
  assertThrows(() => own.add(InterestKind.Topic, "x"), ResourceError);
  own.remove(InterestKind.Topic, "abcd");
  assertEquals(own.add(InterestKind.Topic, "abcdef"), true);
});

Deno.test("decodeInterest() refuses kinds, lengths and characters that are none", () => {
  const bad = [[0, 1, 97], [4, 1, 97], [1, 2, 97], [1], [1, 0], [3, 0], [1, 1, 32], [1, 1, 42], [1, 1, 0x80], [2, 201]];
  for (const bytes of bad) assertEquals(decodeInterest(Uint8Array.from(bytes)), undefined, bytes.join());
  const long = new Uint8Array(203).fill(97);
  long[0] = 1;
  long[1] = 201;
  assertEquals(decodeInterest(long), undefined);
  assertEquals(decodeInterest(new Uint8Array(0)), [[], [], []]);
});

Deno.test("interestKindOf() tells topics, prefixes and commands apart and refuses the rest", () => {
  assertEquals(["a.b", "a.*", "*"].map((text) => interestKindOf(text, false)), [1, 2, 2]);
  assertEquals(interestKindOf("a.b", true), InterestKind.Command);
  for (const text of ["", "a b", "a*b", "é", "x".repeat(201)]) {
    assertThrows(() => interestKindOf(text, false), RangeError);
  }
  assertThrows(() => interestKindOf("a.*", true), RangeError);
  assertThrows(() => interestKindOf(7 as unknown as string, false), TypeError);
});
