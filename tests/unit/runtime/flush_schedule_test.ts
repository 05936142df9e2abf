import { assertEquals } from "@std/assert";
import { type Flushable, FlushSchedule } from "../../../src/runtime/flush_schedule.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

/** Notes its name when it is flushed, and does something then. */
function noting(notes: string[], name: string, also: () => void = () => {}): Flushable {
  return {
    flushDue: () => {
      notes.push(name);
      also();
    },
  };
}

Deno.test("FlushSchedule.soon() flushes all in order, in one microtask behind what runs now", async () => {
  const scheduler = new ManualScheduler();
  const schedule = new FlushSchedule(scheduler);
  const notes: string[] = [];
  schedule.soon(noting(notes, "a"));
  schedule.soon(noting(notes, "b"));
  assertEquals(notes, []);
  await Promise.resolve();
  assertEquals(notes, ["a", "b"]);
  assertEquals(scheduler.turn(), 0);
});

Deno.test("FlushSchedule.later() flushes all in order, by one callback of the next turn", async () => {
  const scheduler = new ManualScheduler();
  const schedule = new FlushSchedule(scheduler);
  const notes: string[] = [];
  schedule.later(noting(notes, "a"));
  schedule.later(noting(notes, "b"));
  await Promise.resolve();
  assertEquals(notes, []);
  assertEquals(scheduler.turn(), 1);
  assertEquals(notes, ["a", "b"]);
});

Deno.test("FlushSchedule leaves what becomes due while it flushes to the next run, once", async () => {
  const scheduler = new ManualScheduler();
  const schedule = new FlushSchedule(scheduler);
  const notes: string[] = [];
  const again = noting(notes, "again");
  schedule.later(noting(notes, "first", () => schedule.later(again)));
  schedule.later(noting(notes, "second"));
  scheduler.turn();
  assertEquals(notes, ["first", "second"]);
  scheduler.turn();
  assertEquals(notes, ["first", "second", "again"]);
  assertEquals(scheduler.turn(), 0);
  const chain = noting(notes, "chain", () => schedule.soon(noting(notes, "end")));
  schedule.soon(chain);
  await Promise.resolve();
  assertEquals(notes.slice(3), ["chain"]);
  await Promise.resolve();
  assertEquals(notes.slice(3), ["chain", "end"]);
});
