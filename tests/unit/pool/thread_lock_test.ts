import { assertEquals, assertRejects } from "@std/assert";
import { hasThreadLocks, holdUntilEnd, waitForEnd } from "../../../src/pool/thread_lock.ts";
import { settled } from "../ring/safety_timeout.ts";
import { holdLock } from "./fake_worker.ts";

Deno.test("hasThreadLocks() says that this platform has locks", () => {
  assertEquals(hasThreadLocks(), true);
});

Deno.test("hasThreadLocks() says that a platform without them has none", () => {
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  try {
    assertEquals(hasThreadLocks(), false);
  } finally {
    Reflect.deleteProperty(navigator, "locks");
  }
});

Deno.test("waitForEnd() resolves when the lock is free, and not before", async () => {
  const lock = await holdLock("thread_lock_test.end");
  let isOver: boolean | undefined;
  const waiting = waitForEnd("thread_lock_test.end", new AbortController().signal).then((over) => isOver = over);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(isOver, undefined);
  await lock.release();
  assertEquals(await settled(waiting, "the end"), true);
});

Deno.test("waitForEnd() resolves with false when its signal comes first, before or after the call", async () => {
  const lock = await holdLock("thread_lock_test.signal");
  const controller = new AbortController();
  const waiting = waitForEnd("thread_lock_test.signal", controller.signal);
  controller.abort();
  assertEquals(await settled(waiting, "the end of the wait"), false);
  assertEquals(await settled(waitForEnd("thread_lock_test.signal", controller.signal), "the refusal"), false);
  await lock.release();
});

Deno.test("waitForEnd() rejects with what the platform raises", async () => {
  // A name with a leading hyphen is reserved by the standard.
  await assertRejects(() => waitForEnd("-reserved", new AbortController().signal), DOMException);
  await assertRejects(() => holdUntilEnd("-reserved"), DOMException);
});

Deno.test("holdUntilEnd() resolves with false when the lock is taken, and does not wait for it", async () => {
  const lock = await holdLock("thread_lock_test.taken");
  assertEquals(await settled(holdUntilEnd("thread_lock_test.taken"), "the answer"), false);
  await lock.release();
});
