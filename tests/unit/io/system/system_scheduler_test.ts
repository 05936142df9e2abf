/**
 * Real time behind the scheduler's port: once against the platform, the finer points against a platform that the test
 * plays.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemScheduler } from "../../../../src/io/system/system_scheduler.ts";

const MAX_DELAY_MS = 2 ** 31 - 1;

/** Stands in for the platform's clock and timers. */
class FakePlatform {
  nowMs = 1_000;
  readonly delays: number[] = [];
  readonly timers = new Map<number, () => void>();
  readonly turns = new Map<number, () => void>();
  cleared = 0;
  #id = 0;

  /** Fires the only timer there is. */
  fire(nowMs: number): void {
    this.nowMs = nowMs;
    assertEquals(this.timers.size, 1, "exactly one timer is set");
    const [[id, callback]] = [...this.timers] as [[number, () => void]];
    this.timers.delete(id);
    callback();
  }

  runTurns(): void {
    for (const [id, callback] of [...this.turns]) if (this.turns.delete(id)) callback();
  }

  setTimer(callback: () => void, delayMs: number): number {
    this.delays.push(delayMs);
    this.timers.set(++this.#id, callback);
    return this.#id;
  }

  setTurn(callback: (argument: unknown) => void, argument: unknown): number {
    this.turns.set(++this.#id, () => callback(argument));
    return this.#id;
  }

  clear(id: number): void {
    this.cleared++;
    this.timers.delete(id);
    this.turns.delete(id);
  }
}

function withFakePlatform(test: (platform: FakePlatform, scheduler: SystemScheduler) => void): void {
  const platform = new FakePlatform();
  const global = globalThis as unknown as Record<string, unknown>;
  const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;
  Object.assign(global, {
    setTimeout: platform.setTimer.bind(platform),
    clearTimeout: platform.clear.bind(platform),
    setImmediate: platform.setTurn.bind(platform),
    clearImmediate: platform.clear.bind(platform),
  });
  Object.defineProperty(performance, "now", { value: () => platform.nowMs, configurable: true });
  try {
    test(platform, new SystemScheduler());
  } finally {
    Object.assign(global, { setTimeout, clearTimeout, setImmediate, clearImmediate });
    delete (performance as { now?: unknown }).now;
  }
}

Deno.test("SystemScheduler.tick() reads the real time into the clock and never goes back", () => {
  withFakePlatform((platform, scheduler) => {
    assertEquals(scheduler.clock.now, 1_000);
    platform.nowMs = 1_500.25;
    assertEquals(scheduler.clock.now, 1_000);
    assertEquals(scheduler.tick(), 1_500.25);
    assertEquals(scheduler.clock.now, 1_500.25);
    platform.nowMs = 1_400;
    assertEquals(scheduler.tick(), 1_500.25);
  });
});

Deno.test("SystemScheduler.wallNow() counts from 1970", () => {
  const apart = Math.abs(new SystemScheduler().wallNow() - Date.now());
  assert(apart < 86_400_000, `${apart} ms from the system's date`);
});

Deno.test("SystemScheduler.alarm() fires once, not before its time, with the clock ticked", async () => {
  const scheduler = new SystemScheduler();
  const atMs = scheduler.tick() + 4.5;
  const seen: number[] = [];
  await new Promise<void>((resolve) => {
    scheduler.alarm(() => {
      seen.push(scheduler.clock.now);
      resolve();
    }).arm(atMs);
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(seen.length, 1);
  assert(seen[0]! >= atMs, `fired at ${seen[0]}, armed for ${atMs}`);
});

Deno.test("SystemScheduler.alarm() sets one timer however often it is pushed back", () => {
  withFakePlatform((platform, scheduler) => {
    const fired: number[] = [];
    const alarm = scheduler.alarm(() => fired.push(scheduler.clock.now));
    for (let i = 0; i < 1_000; i++) alarm.arm(1_010 + i);
    assertEquals([platform.delays, platform.cleared], [[10], 0]);
    platform.fire(1_010.5);
    assertEquals(fired, []);
    assertEquals([platform.delays, platform.cleared], [[10, 999], 0]);
    platform.fire(2_010);
    assertEquals(fired, [2_010]);
    assertEquals(platform.timers.size, 0);
  });
});

Deno.test("SystemScheduler.alarm() moves to an earlier time", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    const alarm = scheduler.alarm(() => fired++);
    alarm.arm(5_000);
    alarm.arm(1_020);
    assertEquals([platform.delays, platform.cleared, platform.timers.size], [[4_000, 20], 1, 1]);
    platform.fire(1_020);
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() fires a time that has passed in the next turn", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    const alarm = scheduler.alarm(() => fired++);
    for (const atMs of [1_000, 10, -Infinity]) alarm.arm(atMs);
    assertEquals([fired, platform.timers.size, platform.turns.size], [0, 0, 1]);
    platform.runTurns();
    platform.runTurns();
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() that waits for a turn can still be pushed back", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    const alarm = scheduler.alarm(() => fired++);
    alarm.arm(0);
    alarm.arm(1_100);
    platform.runTurns();
    assertEquals([fired, platform.delays], [0, [100]]);
    platform.fire(1_100);
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() that is disarmed holds no timer and does not fire", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    const alarm = scheduler.alarm(() => fired++);
    alarm.disarm();
    alarm.arm(1_050);
    alarm.disarm();
    assertEquals(platform.timers.size, 0);
    alarm.arm(1_060);
    alarm.arm(Infinity);
    assertEquals(platform.timers.size, 0);
    alarm.arm(0);
    alarm.disarm();
    platform.runTurns();
    assertEquals(fired, 0);
    alarm.arm(1_070);
    platform.fire(1_070);
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() waits longer than the platform's timers can", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    const alarm = scheduler.alarm(() => fired++);
    const atMs = 1_000 + 2 * MAX_DELAY_MS + 500;
    alarm.arm(atMs);
    platform.fire(1_000 + MAX_DELAY_MS);
    platform.fire(1_000 + 2 * MAX_DELAY_MS);
    assertEquals([fired, platform.delays], [0, [MAX_DELAY_MS, MAX_DELAY_MS, 500]]);
    platform.fire(atMs);
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() goes back to sleep when the timer is early by a fraction", () => {
  withFakePlatform((platform, scheduler) => {
    let fired = 0;
    scheduler.alarm(() => fired++).arm(1_004.5);
    assertEquals(platform.delays, [5]);
    platform.fire(1_004.4);
    assertEquals([fired, platform.delays], [0, [5, 1]]);
    platform.fire(1_004.5);
    assertEquals(fired, 1);
  });
});

Deno.test("SystemScheduler.alarm() fires once after the machine slept through many deadlines", () => {
  withFakePlatform((platform, scheduler) => {
    const fired: number[] = [];
    const alarm = scheduler.alarm(() => {
      fired.push(scheduler.clock.now);
      alarm.arm(scheduler.clock.now + 100);
    });
    alarm.arm(1_100);
    platform.fire(90_000_000);
    assertEquals(fired, [90_000_000]);
    assertEquals(platform.delays.at(-1), 100);
    platform.fire(90_000_100);
    assertEquals(fired, [90_000_000, 90_000_100]);
    alarm.disarm();
  });
});

Deno.test("SystemScheduler.alarm() refuses a time that is not a number", () => {
  assertThrows(() => new SystemScheduler().alarm(() => {}).arm(NaN), RangeError);
});

Deno.test("SystemScheduler.nextTurn() runs callbacks in order, after promises", async () => {
  const scheduler = new SystemScheduler();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    scheduler.nextTurn(() => order.push("first"));
    scheduler.nextTurn(() => {
      order.push("second");
      scheduler.nextTurn(() => {
        order.push("third");
        resolve();
      });
    });
    Promise.resolve().then(() => order.push("promise"));
    order.push("now");
  });
  assertEquals(order, ["now", "promise", "first", "second", "third"]);
});

Deno.test("SystemScheduler.nextTurn() ticks the clock before the callback", () => {
  withFakePlatform((platform, scheduler) => {
    const seen: number[] = [];
    scheduler.nextTurn(() => seen.push(scheduler.clock.now));
    platform.nowMs = 1_777;
    platform.runTurns();
    assertEquals(seen, [1_777]);
  });
});
