import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { Alarm } from "../../../src/time/scheduler.ts";

/** A scheduler, and a list of what ran at what time. */
class Recorder {
  readonly scheduler = new ManualScheduler();
  readonly log: string[] = [];

  note(name: string): void {
    this.log.push(`${name}@${this.scheduler.clock.now}`);
  }

  alarm(name: string, then?: () => void): Alarm {
    return this.scheduler.alarm(() => {
      this.note(name);
      then?.();
    });
  }
}

Deno.test("ManualScheduler fires alarms in order of time and shows each its own time", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  recorder.alarm("late").arm(300);
  recorder.alarm("early").arm(100.5);
  recorder.alarm("never").arm(1001);
  recorder.alarm("same").arm(300);
  assertEquals([log, scheduler.pendingAlarms], [[], 4]);
  scheduler.advance(1000);
  assertEquals(log, ["early@100.5", "late@300", "same@300"]);
  assertEquals([scheduler.clock.now, scheduler.tick(), scheduler.pendingAlarms], [1000, 1000, 1]);
  scheduler.advanceTo(1001);
  assertEquals(log.at(-1), "never@1001");
});

Deno.test("ManualScheduler.wallNow() keeps step with the clock from a fixed date", () => {
  const scheduler = new ManualScheduler();
  assertEquals(scheduler.wallNow(), Date.UTC(2024, 0, 1));
  scheduler.advance(12.5);
  assertEquals(scheduler.wallNow(), Date.UTC(2024, 0, 1) + 12.5);
});

Deno.test("ManualScheduler fires an alarm once and again when it is armed again", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  const alarm = recorder.alarm("a");
  alarm.arm(10);
  scheduler.advance(100);
  assertEquals([log, scheduler.pendingAlarms], [["a@10"], 0]);
  alarm.arm(150);
  scheduler.advance(100);
  assertEquals(log, ["a@10", "a@150"]);
});

Deno.test("ManualScheduler: arming replaces the earlier time, disarm() and Infinity take it away", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  const [moved, disarmed, endless] = [recorder.alarm("moved"), recorder.alarm("disarmed"), recorder.alarm("endless")];
  for (const alarm of [moved, disarmed, endless]) alarm.arm(10);
  moved.arm(20);
  disarmed.disarm();
  disarmed.disarm();
  endless.arm(Infinity);
  assertEquals(scheduler.pendingAlarms, 1);
  scheduler.advance(100);
  assertEquals(log, ["moved@20"]);
  assertThrows(() => moved.arm(NaN), RangeError);
});

Deno.test("ManualScheduler fires an alarm for a time that has passed at the next turn", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  scheduler.advance(100);
  recorder.alarm("passed").arm(50);
  assertEquals(log, []);
  assertEquals(scheduler.turn(), 1);
  assertEquals(log, ["passed@100"]);
  recorder.alarm("second").arm(60);
  recorder.alarm("first").arm(50);
  scheduler.advance(0);
  assertEquals(log, ["passed@100", "first@100", "second@100"]);
});

Deno.test("ManualScheduler lets an alarm arm others and itself while time advances", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  const second = recorder.alarm("second");
  const tick: Alarm = recorder.alarm("tick", () => {
    tick.arm(scheduler.clock.now + 40);
    if (scheduler.clock.now === 40) second.arm(50);
  });
  tick.arm(40);
  scheduler.advance(100);
  assertEquals(log, ["tick@40", "second@50", "tick@80"]);
  assertEquals(scheduler.pendingAlarms, 1);
});

Deno.test("ManualScheduler does not fire an alarm that another one of the same time disarmed or moved", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  const [gone, moved] = [recorder.alarm("gone"), recorder.alarm("moved")];
  recorder.alarm("first", () => {
    gone.disarm();
    moved.arm(30);
  }).arm(10);
  gone.arm(10);
  moved.arm(10);
  scheduler.advance(20);
  assertEquals(log, ["first@10"]);
  scheduler.advance(20);
  assertEquals(log, ["first@10", "moved@30"]);
});

Deno.test("ManualScheduler.turn() runs what waited, and leaves what that schedules to the next turn", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  scheduler.nextTurn(() => {
    recorder.note("one");
    scheduler.nextTurn(() => recorder.note("three"));
    recorder.alarm("due").arm(0);
  });
  scheduler.nextTurn(() => recorder.note("two"));
  assertEquals(log, []);
  assertEquals(scheduler.turn(), 2);
  assertEquals(log, ["one@0", "two@0"]);
  assertEquals(scheduler.turn(), 2);
  assertEquals(log, ["one@0", "two@0", "due@0", "three@0"]);
  assertEquals(scheduler.turn(), 0);
});

Deno.test("ManualScheduler.advance() runs turns before, between and after the alarms", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  scheduler.nextTurn(() => recorder.note("before"));
  recorder.alarm("alarm", () => {
    scheduler.nextTurn(() => {
      recorder.note("turn");
      scheduler.nextTurn(() => recorder.note("turn of a turn"));
    });
  }).arm(10);
  recorder.alarm("last", () => scheduler.nextTurn(() => recorder.note("after"))).arm(20);
  scheduler.advance(20);
  assertEquals(log, ["before@0", "alarm@10", "turn@10", "turn of a turn@10", "last@20", "after@20"]);
});

Deno.test("ManualScheduler.advance(0) runs what is due now and leaves the time", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  recorder.alarm("now").arm(0);
  recorder.alarm("later").arm(1);
  scheduler.nextTurn(() => recorder.note("turn"));
  scheduler.advance(0);
  assertEquals([log, scheduler.clock.now], [["now@0", "turn@0"], 0]);
});

Deno.test("ManualScheduler refuses to go back, to go on for ever, and to be advanced from a callback", async () => {
  const scheduler = new ManualScheduler();
  scheduler.advance(10);
  for (const ms of [-1, NaN, Infinity]) {
    assertThrows(() => scheduler.advance(ms), RangeError);
    await assertRejects(() => scheduler.settle(ms), RangeError);
  }
  assertThrows(() => scheduler.advanceTo(9), RangeError);
  assertEquals(scheduler.clock.now, 10);

  let inner: unknown;
  scheduler.nextTurn(() => {
    inner = assertThrows(() => scheduler.advance(1), MisuseError);
  });
  scheduler.advance(1);
  assertEquals(inner instanceof MisuseError, true);
});

Deno.test("ManualScheduler throws instead of hanging when turns never end", async () => {
  const scheduler = new ManualScheduler();
  const again = (): void => scheduler.nextTurn(again);
  again();
  assertThrows(() => scheduler.advance(1), MisuseError, "turns followed one another");

  const other = new ManualScheduler();
  const alarm: Alarm = other.alarm(() => alarm.arm(0));
  alarm.arm(0);
  await assertRejects(() => other.settle(1), MisuseError, "turns followed one another");
});

Deno.test("ManualScheduler goes on after a callback that threw", () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  scheduler.nextTurn(() => {
    throw new Error("broken");
  });
  scheduler.nextTurn(() => recorder.note("next"));
  assertThrows(() => scheduler.advance(5), Error, "broken");
  scheduler.advance(5);
  assertEquals(log, ["next@0"]);
});

Deno.test("ManualScheduler.settle() lets promise code run at each step of the time", async () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  const sleep = (ms: number): Promise<void> => {
    return new Promise((resolve) => scheduler.alarm(resolve).arm(scheduler.clock.now + ms));
  };
  const turn = (): Promise<void> => new Promise((resolve) => scheduler.nextTurn(resolve));
  const program = (async () => {
    await sleep(10);
    recorder.note("slept");
    await turn();
    await sleep(10);
    recorder.note("slept again");
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await sleep(5);
    recorder.note("done");
  })();
  await scheduler.settle(24);
  assertEquals(log, ["slept@10", "slept again@20"]);
  assertEquals(scheduler.clock.now, 24);
  await scheduler.settle(1);
  assertEquals(log.at(-1), "done@25");
  await program;
});

Deno.test("ManualScheduler.settle() without a time runs turns and promises that feed each other", async () => {
  const { scheduler, log, ...recorder } = expose(new Recorder());
  let left = 5;
  const step = async (): Promise<void> => {
    await Promise.resolve();
    recorder.note(`step ${left}`);
    if (--left > 0) scheduler.nextTurn(step);
  };
  scheduler.nextTurn(step);
  await scheduler.settle();
  assertEquals(log, ["step 5@0", "step 4@0", "step 3@0", "step 2@0", "step 1@0"]);
});

/** Takes a recorder apart, its methods bound. */
function expose(recorder: Recorder): Pick<Recorder, "scheduler" | "log" | "note" | "alarm"> {
  const { scheduler, log } = recorder;
  return { scheduler, log, note: recorder.note.bind(recorder), alarm: recorder.alarm.bind(recorder) };
}

Deno.test("ManualScheduler with a lazy clock shows the time of the last tick or callback", () => {
  const scheduler = new ManualScheduler({ lazyClock: true });
  scheduler.advance(100);
  assertEquals([scheduler.clock.now, scheduler.tick(), scheduler.clock.now], [0, 100, 100]);
  const seen: number[] = [];
  scheduler.alarm(() => seen.push(scheduler.clock.now)).arm(250);
  scheduler.advance(50);
  scheduler.nextTurn(() => seen.push(scheduler.clock.now));
  scheduler.advance(200);
  assertEquals([seen, scheduler.clock.now, scheduler.tick()], [[150, 250], 250, 350]);
});
