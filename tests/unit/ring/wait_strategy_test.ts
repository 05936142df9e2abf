import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import {
  openWaitStrategy,
  resolveWaitOptions,
  type WaitOptions,
  type WaitStrategy,
} from "../../../src/ring/wait_strategy.ts";
import { settled } from "./safety_timeout.ts";

interface Thread {
  readonly strategy: WaitStrategy;
  readonly ringer: Doorbell;
  /** Sequence and ticket of the doorbell. */
  readonly words: Int32Array<SharedArrayBuffer>;
}

function thread(options: WaitOptions, isMainThread = false): Thread {
  const shared = new SharedArrayBuffer(DOORBELL_BYTES);
  const strategy = openWaitStrategy(resolveWaitOptions(options), { doorbell: new Doorbell(shared), isMainThread });
  return { strategy, ringer: new Doorbell(shared), words: new Int32Array(shared) };
}

/** Runs something and lists the waits and pauses that it made: the timeouts of waits, "async" and "pause". */
function spy(run: () => void): (number | string)[] {
  const seen: (number | string)[] = [];
  const { wait, waitAsync, pause } = Atomics;
  Atomics.wait = ((_words: Int32Array, _index: number, _value: number, timeoutMs: number) => {
    seen.push(timeoutMs);
    return "timed-out";
  }) as typeof wait;
  Atomics.waitAsync = ((words: Int32Array, index: number, value: number) => {
    seen.push("async");
    return waitAsync(words, index, value);
  }) as typeof waitAsync;
  Atomics.pause = () => {
    seen.push("pause");
  };
  try {
    run();
  } finally {
    Object.assign(Atomics, { wait, waitAsync, pause });
  }
  return seen;
}

Deno.test("idle() of spin pauses when there was nothing to do, and never waits", () => {
  const { strategy, words } = thread({ wait: "spin", spinCount: 1 });
  assertEquals(spy(() => [0, 0, 0, 1, 0].forEach((workCount) => strategy.idle(workCount))), Array(4).fill("pause"));
  assertEquals([...words], [0, 0]);
});

Deno.test("idle() of yield pauses spinCount times, then sleeps for moments, until there is work", () => {
  const { strategy, words } = thread({ wait: "yield", spinCount: 2 });
  const counts = [0, 0, 0, 0, 3, 0, 0, 0];
  const seen = spy(() => counts.forEach((workCount) => strategy.idle(workCount)));
  assertEquals(seen, ["pause", "pause", 0.001, 0.001, "pause", "pause", 0.001]);
  assertEquals([...words], [0, 0]);
});

Deno.test("idle() of block pauses spinCount times, arms, lets the thread look again, then blocks with its bound", () => {
  const { strategy, words } = thread({ wait: "block", spinCount: 1, maxBlockMs: 7 });
  assertEquals(spy(() => strategy.idle(0)), ["pause"]);
  assertEquals([spy(() => strategy.idle(0)), words[1]], [[], 1]);
  assertEquals([spy(() => strategy.idle(0)), words[1]], [[7], 0]);
  assertEquals([spy(() => strategy.idle(0)), words[1]], [[], 1], "no pauses again before there was work");
  assertEquals([spy(() => strategy.idle(0)), words[1]], [[7], 0]);
});

Deno.test("idle() of block and event-loop disarms when the last look found something", () => {
  for (const wait of ["block", "event-loop"] as const) {
    const { strategy, words } = thread({ wait, spinCount: 0 });
    strategy.idle(0);
    assertEquals(words[1], 1);
    const seen = spy(() => {
      assertEquals(strategy.idle(1), undefined);
      assertEquals(words[1], 0, wait);
      assertEquals(strategy.idle(0), undefined);
    });
    assertEquals([seen, words[1]], [[], 1], wait);
  }
});

Deno.test("idle() of block and event-loop pauses spinCount times again after there was work", () => {
  for (const wait of ["block", "event-loop"] as const) {
    const { strategy } = thread({ wait, spinCount: 2 });
    const seen = spy(() => [0, 0, 0, 1, 0, 0, 0].forEach((workCount) => strategy.idle(workCount)));
    assertEquals(seen, Array(4).fill("pause"), wait);
  }
});

Deno.test("idle() of block does not sleep when it was rung after the last look", () => {
  const { strategy, ringer, words } = thread({ wait: "block", spinCount: 0, maxBlockMs: 60_000 });
  strategy.idle(0);
  ringer.ring();
  strategy.idle(0);
  assertEquals([...words], [2, 0]);
});

Deno.test("idle() of block ends after its bound when nobody rings", () => {
  const { strategy, words } = thread({ wait: "block", spinCount: 0, maxBlockMs: 1 });
  for (let i = 0; i < 6; i++) strategy.idle(0);
  assertEquals([...words], [0, 0]);
});

Deno.test("idle() of event-loop gives a promise that one ring settles, and that later rings do not touch", async () => {
  const { strategy, ringer, words } = thread({ wait: "event-loop", spinCount: 1 }, true);
  assertEquals([strategy.idle(0), strategy.idle(0)], [undefined, undefined]);
  const waiting = strategy.idle(0);
  assert(waiting instanceof Promise);
  ringer.ring();
  ringer.ring();
  assertEquals(await settled(waiting, "the ring"), "ok");
  assertEquals([...words], [2, 0], "one wake-up for two rings");
  assertEquals(Atomics.notify(words, 0), 0, "nobody waits any more");
});

Deno.test("idle() of event-loop gives no promise when it was rung after the last look", () => {
  const { strategy, ringer, words } = thread({ wait: "event-loop", spinCount: 0 }, true);
  strategy.idle(0);
  ringer.ring();
  assertEquals(strategy.idle(0), undefined);
  assertEquals([words[1], Atomics.notify(words, 0)], [0, 0]);
});

Deno.test("idle() of event-loop leaves no wait behind after many rounds", async () => {
  const { strategy, ringer, words } = thread({ wait: "event-loop", spinCount: 0 }, true);
  for (let round = 0; round < 1000; round++) {
    strategy.idle(0);
    if (round % 3 === 0) {
      strategy.idle(1);
      continue;
    }
    if (round % 3 === 1) ringer.ring();
    const waiting = strategy.idle(0);
    assertEquals(waiting === undefined, round % 3 === 1);
    ringer.ring();
    if (waiting !== undefined) await settled(waiting, `the ring of round ${round}`);
  }
  assertEquals(Atomics.notify(words, 0), 0);
});

Deno.test("openWaitStrategy() refuses to block the main thread", () => {
  for (const wait of ["yield", "block"] as const) {
    assertThrows(() => thread({ wait }, true), MisuseError, `Cannot wait by "${wait}" on the main thread`);
  }
  assertEquals(thread({ wait: "spin" }, true).strategy.idle(1), undefined);
});

Deno.test("resolveWaitOptions() has defaults, checks bounds and refuses what it does not know", () => {
  assertEquals(resolveWaitOptions({}), { wait: "block", spinCount: 100, maxBlockMs: 50 });
  const extremes = [{ wait: "spin", spinCount: 0, maxBlockMs: 1 }, { spinCount: 2 ** 30, maxBlockMs: 60_000 }] as const;
  assertEquals(extremes.map((options) => resolveWaitOptions(options)), [
    { wait: "spin", spinCount: 0, maxBlockMs: 1 },
    { wait: "block", spinCount: 2 ** 30, maxBlockMs: 60_000 },
  ]);
  assert(Object.isFrozen(resolveWaitOptions({})));
  const wrong = [{ spinCount: -1 }, { spinCount: 2 ** 30 + 1 }, { spinCount: 0.5 }, { maxBlockMs: 0 }, {
    maxBlockMs: 60_001,
  }];
  for (const options of wrong) assertThrows(() => resolveWaitOptions(options), RangeError);
  assertThrows(() => resolveWaitOptions({ wait: "sleep" as "spin" }), TypeError, "one of spin, yield, block");
  assertThrows(() => resolveWaitOptions({ maxBlockms: 5 } as WaitOptions), TypeError, "no option maxBlockms");
});
