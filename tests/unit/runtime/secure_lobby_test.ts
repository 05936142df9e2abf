import { assertEquals } from "@std/assert";
import { SecureLobby } from "../../../src/runtime/secure_lobby.ts";
import { bytes, text } from "./secure_ends.ts";

Deno.test("leave() gives out what a client said while it waited, once, as copies in order", () => {
  const lobby = new SecureLobby(100);
  lobby.enter(7);
  const first = bytes("first");
  assertEquals([lobby.keep(7, 1, first, true), lobby.keep(7, 1, bytes("second"), false)], [true, true]);
  first.fill(0);
  const held = lobby.leave(7);
  assertEquals(held.map(({ channel, data, isEarly }) => [channel, text(data), isEarly]), [
    [1, "first", true],
    [1, "second", false],
  ]);
  assertEquals([lobby.leave(7), lobby.has(7), lobby.count], [[], false, 0]);
});

Deno.test("keep() takes nothing of a client that does not wait", () => {
  const lobby = new SecureLobby(100);
  assertEquals([lobby.keep(7, 1, bytes("x"), false), lobby.has(7)], [false, false]);
});

Deno.test("keep() takes 32 messages of one client, and as many bytes of all as it may", () => {
  const lobby = new SecureLobby(40);
  lobby.enter(1);
  lobby.enter(2);
  const taken = Array.from({ length: 33 }, () => lobby.keep(1, 1, bytes("x"), false));
  assertEquals([taken.indexOf(false), lobby.count], [32, 2]);
  assertEquals([lobby.keep(2, 1, bytes("123456789"), false), lobby.keep(2, 1, bytes("12345678"), false)], [
    false,
    true,
  ]);
  lobby.leave(1);
  assertEquals(lobby.keep(2, 1, new Uint8Array(32), false), true, "room that was given back is used again");
});

Deno.test("keep() takes every message that has credit, and gives the credit out with it", () => {
  const lobby = new SecureLobby(40);
  lobby.enter(1);
  for (let n = 0; n < 33; n++) assertEquals(lobby.keep(1, 0, bytes("reliable"), false, 72), true);
  assertEquals(lobby.keep(1, 1, bytes("x"), false), false);
  assertEquals(lobby.leave(1).map(({ credit }) => credit), new Array(33).fill(72));
});
