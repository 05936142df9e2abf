import { assertEquals } from "@std/assert";
import { Member } from "../../../../src/bus/member/member.ts";
import { SenderTable } from "../../../../src/bus/member/sender_table.ts";

const boot = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255, ...new Uint8Array(14));

Deno.test("SenderTable forgets contacts after ten seconds, unless they became members, and members when they go", () => {
  const senders = new SenderTable();
  for (const number of [1, 2]) senders.add(boot(number), 0, undefined, 0);
  assertEquals(senders.add(boot(1), 0, undefined, 0), undefined);
  const member = new Member(new Uint8Array(16), boot(1));
  senders.adopt(member);
  senders.expire(9999);
  assertEquals(senders.size, 2);
  senders.expire(10_000);
  assertEquals([senders.find(boot(1), 0)?.member, senders.find(boot(2), 0)], [member, undefined]);
  senders.remove(new Member(new Uint8Array(16), boot(1)));
  assertEquals(senders.size, 1);
  senders.remove(member);
  assertEquals(senders.size, 0);
});

Deno.test("SenderTable bounds contacts, and never members", () => {
  const senders = new SenderTable();
  for (let number = 0; number < 300; number++) senders.add(boot(number), 0, undefined, 0);
  assertEquals(senders.size, 256);
  senders.add(boot(500), 0, new Member(new Uint8Array(16), boot(500)), 0);
  assertEquals(senders.size, 257);
});
