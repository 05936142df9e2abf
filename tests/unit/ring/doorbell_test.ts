/**
 * The doorbell, its rings and waits brought into every order that one thread can bring them into.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import { settled } from "./safety_timeout.ts";

/** A doorbell's two ends and its memory. */
function bells(): { ringer: Doorbell; waiter: Doorbell; words: Int32Array<SharedArrayBuffer> } {
  const shared = new SharedArrayBuffer(DOORBELL_BYTES);
  return { ringer: new Doorbell(shared), waiter: new Doorbell(shared), words: new Int32Array(shared) };
}

/** Runs `during` in the middle of the next waking ring: after the sequence moved and before the flag is cleared. */
function interruptNextNotify(during: () => void, run: () => void): void {
  const notify = Atomics.notify;
  Atomics.notify = ((words: Int32Array, index: number, count?: number) => {
    Atomics.notify = notify;
    const woken = notify(words, index, count);
    during();
    return woken;
  }) as typeof notify;
  try {
    run();
  } finally {
    Atomics.notify = notify;
  }
}

Deno.test("Doorbell.ring() writes nothing while nobody sleeps", () => {
  const { ringer, words } = bells();
  ringer.ring();
  assertEquals([...words], [0, 0]);
});

Deno.test("Doorbell.ring() between prepareWait() and the wait makes the wait return at once", () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  ringer.ring();
  assertEquals(waiter.waitBlocking(60_000), "not-equal");
  waiter.prepareWait();
  ringer.ring();
  assertEquals(waiter.wait(), "not-equal");
  assertEquals(words[1], 0);
});

Deno.test("Doorbell.wait() settles with the next ring, and the ring wakes only once", async () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  const waiting = waiter.wait();
  assert(waiting instanceof Promise);
  ringer.ring();
  assertEquals(await settled(waiting, "the wake-up"), "ok");
  const sequence = words[0];
  ringer.ring();
  assertEquals([...words], [sequence, 0], "nobody sleeps any more");
});

Deno.test("Doorbell.wait() is settled by the waiter's own ring", async () => {
  const { waiter } = bells();
  waiter.prepareWait();
  const waiting = waiter.wait();
  waiter.ring();
  assertEquals(await settled(waiting, "the wake-up"), "ok");
});

Deno.test("Doorbell.waitBlocking() gives up after its time, and the next rings are cheap again", () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  assertEquals(waiter.waitBlocking(1), "timed-out");
  ringer.ring();
  assertEquals([...words], [0, 0]);
});

Deno.test("Doorbell.cancelWait() makes rings cheap again, and a wait after it is out of order", () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  waiter.cancelWait();
  ringer.ring();
  assertEquals([...words], [0, 0]);
  assertThrows(() => waiter.wait(), MisuseError, "prepareWait");
});

Deno.test("Doorbell.wait() and waitBlocking() need a prepared wait each", () => {
  const { ringer, waiter } = bells();
  assertThrows(() => waiter.wait(), MisuseError, "prepareWait");
  waiter.prepareWait();
  ringer.ring();
  waiter.wait();
  assertThrows(() => waiter.waitBlocking(0), MisuseError, "prepareWait");
});

Deno.test("A ringer that is slow to finish does not clear the flag of a later sleep", () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  interruptNextNotify(
    () => {
      waiter.cancelWait(); // it woke and found nothing more
      waiter.prepareWait();
    },
    () => ringer.ring(),
  );
  assert(words[1] !== 0, "the second sleep is still announced");
  new Doorbell(words.buffer).ring();
  assertEquals(waiter.waitBlocking(60_000), "not-equal");
});

Deno.test("A ringer that dies before it clears the flag leaves it for the next ringer", () => {
  const { ringer, waiter, words } = bells();
  waiter.prepareWait();
  const died = (): never => {
    throw new Error("died");
  };
  assertThrows(() => interruptNextNotify(died, () => ringer.ring()), Error, "died");
  assert(words[1] !== 0, "the sleep is still announced");
  const sequence = words[0]!;
  ringer.ring();
  assertEquals([...words], [sequence + 2, 0], "the next ringer wakes the waiter");
});

Deno.test("Doorbell keeps working across the wrap of its sequence", () => {
  const { ringer, waiter, words } = bells();
  words[0] = 2 ** 31 - 4;
  for (let i = 0; i < 4; i++) {
    waiter.prepareWait();
    assert(words[1] !== 0);
    ringer.ring();
    assertEquals(waiter.waitBlocking(60_000), "not-equal");
  }
  words[0] = -4;
  for (let i = 0; i < 4; i++) {
    waiter.prepareWait();
    assert(words[1] !== 0);
    ringer.ring();
    assertEquals(waiter.waitBlocking(60_000), "not-equal");
  }
  assertEquals(words[0], 4);
});

Deno.test("Doorbell refuses memory that it does not fit and times without a bound", () => {
  assertThrows(() => new Doorbell(new ArrayBuffer(8) as unknown as SharedArrayBuffer), TypeError, "SharedArrayBuffer");
  assertThrows(() => new Doorbell(new SharedArrayBuffer(4)), RangeError);
  assertThrows(() => new Doorbell(new SharedArrayBuffer(16), 2), RangeError);
  const { waiter } = bells();
  waiter.prepareWait();
  for (const time of [-1, NaN, Infinity]) assertThrows(() => waiter.waitBlocking(time), RangeError, "bounded");
});
