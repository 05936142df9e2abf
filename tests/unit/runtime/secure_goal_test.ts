import { assertEquals } from "@std/assert";
import { isSent, SecureGoal } from "../../../src/runtime/secure_goal.ts";
import type { SecureOutbox } from "../../../src/runtime/secure_outbox.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

Deno.test("reach() ends when the goal is met behind a drain, at once when it is met, or with its time", async () => {
  const scheduler = new ManualScheduler();
  const goal = new SecureGoal(scheduler);
  let isMet = false;
  let ended = 0;
  void goal.reach(() => isMet, scheduler.tick() + 100).then(() => ended++);
  await scheduler.settle(50);
  goal.check();
  await scheduler.settle(1);
  assertEquals(ended, 0);
  isMet = true;
  goal.check();
  await scheduler.settle(1);
  assertEquals(ended, 1);
  void goal.reach(() => true, Infinity).then(() => ended++);
  await scheduler.settle(0);
  assertEquals(ended, 2);
  void goal.reach(() => false, scheduler.tick() + 30).then(() => ended++);
  await scheduler.settle(29);
  assertEquals(ended, 2);
  await scheduler.settle(2);
  assertEquals(ended, 3);
});

Deno.test("isSent() asks each session until nothing of it is left or it is gone, and not again", () => {
  const sessions = [1, 2, 3].map((id) => ({ id }) as SessionMachine);
  const peers = new Map(sessions.map((session) => [session.id, session]));
  const holding = new Set([1, 2]);
  const asked: number[] = [];
  const outbox = {
    holds: ({ id }: SessionMachine) => {
      asked.push(id);
      return holding.has(id);
    },
  } as unknown as SecureOutbox;
  const sent = isSent(peers, outbox);
  assertEquals(sent(), false);
  holding.delete(1);
  assertEquals(sent(), false);
  peers.delete(2);
  assertEquals([sent(), sent()], [true, true]);
  assertEquals(asked, [1, 1, 2, 3]);
});
