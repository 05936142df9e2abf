import { assertEquals } from "@std/assert";
import { SecureCredit } from "../../../src/runtime/secure_credit.ts";
import type { SecureDriver } from "../../../src/runtime/secure_driver.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

function world(): {
  readonly credit: SecureCredit;
  readonly scheduler: ManualScheduler;
  readonly peers: Map<number, SessionMachine>;
  readonly given: string[];
} {
  const scheduler = new ManualScheduler();
  const given: string[] = [];
  const peers = new Map([1, 2].map((id) => {
    const handleConsumed = (channel: number, credit: number): number => given.push(`${id} ${channel} ${credit}`);
    return [id, { handleConsumed } as unknown as SessionMachine];
  }));
  const driver = { drain: () => void given.push("drain") } as unknown as SecureDriver;
  return { credit: new SecureCredit(peers, driver, scheduler), scheduler, peers, given };
}

Deno.test("add() gives back in portions of 16 KiB, once, and drains behind it", () => {
  const { credit, given } = world();
  credit.add(1, 0, 16_383, false);
  assertEquals(given, []);
  credit.add(1, 0, 1, false);
  credit.add(1, 0, 5, false);
  assertEquals(given, ["1 0 16384", "drain"]);
});

Deno.test("add() gives back at once what is the last that waits, and in the next turn what is not", async () => {
  const { credit, scheduler, given } = world();
  credit.add(1, 0, 70, true);
  assertEquals(given.splice(0), ["1 0 70", "drain"]);
  for (let turn = 0; turn < 3; turn++) {
    credit.add(1, 0, 10, false);
    credit.add(1, 0, 11, false);
    assertEquals(given, []);
    await scheduler.settle(1);
    assertEquals(given.splice(0), ["1 0 21", "drain"]);
  }
});

Deno.test("add() keeps peers and channels apart, and gives nothing to a peer that is gone", async () => {
  const { credit, scheduler, peers, given } = world();
  credit.add(1, 0, 10, false);
  credit.add(1, 2, 20, false);
  credit.add(2, 2, 30, false);
  credit.add(1, 2, 40, false);
  assertEquals(given.filter((one) => one !== "drain"), ["1 0 10", "1 2 20", "2 2 30"]);
  given.length = 0;
  peers.delete(1);
  await scheduler.settle(1);
  assertEquals(given, []);
});
