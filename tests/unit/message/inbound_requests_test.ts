import { assertEquals } from "@std/assert";
import { InboundRequests } from "../../../src/message/inbound_requests.ts";

Deno.test("open() knows an id until it is closed", () => {
  const table = new InboundRequests(10);
  const slot = table.open(7, 100);
  assertEquals([table.slotOf(7), table.idOf(slot), table.slotOf(8), table.slotOf(0)], [slot, 7, -1, -1]);
  assertEquals(table.open(7, 100), -1);
  table.close(slot);
  table.close(slot);
  assertEquals([table.slotOf(7), table.idOf(slot), table.size, table.earliest()], [-1, 0, 0, Infinity]);
});

Deno.test("open() refuses what is beyond the most, and grows up to it", () => {
  const table = new InboundRequests(40);
  const slots = Array.from({ length: 41 }, (_, i) => table.open(i + 1, 10 + i));
  assertEquals([slots.at(-1), table.hasRoom, new Set(slots).size, table.earliest()], [-1, false, 41, 10]);
  assertEquals(slots.slice(0, 40).map((slot) => table.idOf(slot)), Array.from({ length: 40 }, (_, i) => i + 1));
});

Deno.test("popExpired() closes what has come, popAny() everything", () => {
  const table = new InboundRequests(10);
  const [first, second] = [table.open(1, 10), table.open(2, 20)];
  assertEquals([table.popExpired(9), table.popExpired(10), table.popExpired(10), table.size], [-1, first, -1, 1]);
  assertEquals([table.popAny(), table.popAny(), table.size], [second, -1, 0]);
});
