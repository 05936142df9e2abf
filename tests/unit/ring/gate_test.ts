import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { Gate, GATE_BYTES } from "../../../src/ring/gate.ts";
import { settled } from "./safety_timeout.ts";

function gates(): { opener: Gate; waiters: [Gate, Gate]; words: Int32Array<SharedArrayBuffer> } {
  const shared = new SharedArrayBuffer(GATE_BYTES);
  return {
    opener: new Gate(shared, 0),
    waiters: [new Gate(shared, 0), new Gate(shared, 0)],
    words: new Int32Array(shared),
  };
}

/** Does something in the middle of the next opening, before or after the sequence moves. */
function interruptNextOpening(when: "before" | "after", during: () => void, run: () => void): void {
  const add = Atomics.add;
  Atomics.add = ((words: Int32Array, index: number, value: number) => {
    Atomics.add = add;
    if (when === "before") during();
    const old = add(words, index, value);
    if (when === "after") during();
    return old;
  }) as typeof add;
  try {
    run();
  } finally {
    Atomics.add = add;
  }
}

Deno.test("Gate.open() writes nothing while nobody waits", () => {
  const { opener, words } = gates();
  opener.open();
  assertEquals([...words], [0, 0]);
});

Deno.test("Gate.wait() settles for all waiters with one opening", async () => {
  const { opener, waiters } = gates();
  const waits = waiters.map((waiter) => {
    waiter.prepareWait();
    return waiter.wait();
  });
  assert(waits.every((wait) => wait instanceof Promise));
  opener.open();
  assertEquals(await settled(Promise.all(waits), "the opening"), ["ok", "ok"]);
});

Deno.test("Gate.open() between prepareWait() and the wait makes the wait return at once", () => {
  const { opener, waiters: [waiter] } = gates();
  waiter.prepareWait();
  opener.open();
  assertEquals(waiter.wait(), "not-equal");
  waiter.prepareWait();
  opener.open();
  assertEquals(waiter.waitBlocking(60_000), true);
});

Deno.test("Gate.prepareWait() in the middle of an opening for another is not missed", () => {
  const { opener, waiters: [first, second], words } = gates();
  first.prepareWait();
  interruptNextOpening("before", () => second.prepareWait(), () => opener.open());
  assertEquals(second.waitBlocking(60_000), true);
  second.prepareWait();
  assertEquals(words[1], 1);
  opener.open();
  assertEquals(second.wait(), "not-equal");
  first.prepareWait();
  interruptNextOpening("after", () => second.prepareWait(), () => opener.open());
  assertEquals(words[1], 1, "the next opening is for the second");
});

Deno.test("Gate.open() in the middle of prepareWait() is not missed", () => {
  const { opener, waiters: [waiter] } = gates();
  const store = Atomics.store;
  Atomics.store = ((words: Int32Array, index: number, value: number) => {
    Atomics.store = store;
    const stored = store(words, index, value);
    opener.open();
    return stored;
  }) as typeof store;
  try {
    waiter.prepareWait();
  } finally {
    Atomics.store = store;
  }
  assertEquals(waiter.wait(), "not-equal");
});

Deno.test("Gate.open() wakes a waiter that falls asleep in the middle of it", async () => {
  const { opener, waiters: [first, second] } = gates();
  first.prepareWait();
  let waiting: ReturnType<Gate["wait"]> | undefined;
  interruptNextOpening("before", () => {
    second.prepareWait();
    waiting = second.wait();
    assert(waiting instanceof Promise);
  }, () => opener.open());
  assertEquals(await settled(waiting!, "the opening"), "ok");
});

Deno.test("Gate.waitBlocking() gives up after its time, and the next opening goes through", () => {
  const { opener, waiters: [waiter], words } = gates();
  waiter.prepareWait();
  assertEquals(waiter.waitBlocking(1), false);
  opener.open();
  assertEquals([...words], [1, 0]);
  opener.open();
  assertEquals([...words], [1, 0]);
});

Deno.test("Gate.wait() and waitBlocking() need a prepared wait each, and a bounded time", () => {
  const { waiters: [waiter], opener } = gates();
  assertThrows(() => waiter.wait(), MisuseError, "prepareWait");
  waiter.prepareWait();
  opener.open();
  waiter.wait();
  assertThrows(() => waiter.waitBlocking(0), MisuseError, "prepareWait");
  waiter.prepareWait();
  for (const timeoutMs of [-1, NaN, Infinity]) {
    assertThrows(() => waiter.waitBlocking(timeoutMs), RangeError, "bounded");
  }
});

Deno.test("Gate refuses an offset at which it does not fit", () => {
  const shared = new SharedArrayBuffer(16);
  for (const offset of [2, 12, 16, -4]) assertThrows(() => new Gate(shared, offset), RangeError);
});
