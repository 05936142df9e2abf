import { assertEquals } from "@std/assert";
import { ReceiveCredit, SendCredit } from "../../../src/channel/credit.ts";

Deno.test("SendCredit allows up to the limit, which never falls", () => {
  const credit = new SendCredit(100);
  assertEquals([credit.allows(100), credit.allows(101)], [true, false]);
  credit.spend(60);
  assertEquals([credit.allows(40), credit.allows(41), credit.raise(100), credit.raise(90)], [
    true,
    false,
    false,
    false,
  ]);
  assertEquals([credit.raise(101), credit.allows(41), credit.allows(42)], [true, true, false]);
});

Deno.test("ReceiveCredit tells a window ahead of what was consumed, and only when it is worth it", () => {
  const credit = new ReceiveCredit(100, 400);
  assertEquals([credit.receive(100), credit.isDue, credit.receive(1)], [true, true, false]);
  assertEquals([credit.tell(), credit.isDue, credit.held], [400, false, 100]);
  assertEquals([credit.receive(300), credit.receive(1), credit.isDue], [true, false, false]);
  credit.consume(99);
  assertEquals(credit.isDue, false);
  credit.consume(1);
  assertEquals([credit.isDue, credit.tell(), credit.held], [true, 500, 300]);
  credit.consume(1e9);
  assertEquals([credit.held, credit.tell()], [0, 800]);
});
