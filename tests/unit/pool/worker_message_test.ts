import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  checkInitMessage,
  copyError,
  type ErrorCopy,
  failedNotice,
  type InitMessage,
  MAX_CAUSES,
  MESSAGE_VERSION,
  noticeOf,
  readyNotice,
  restoreError,
  stoppedNotice,
} from "../../../src/pool/worker_message.ts";

const MESSAGE: InitMessage = {
  kind: "ringwire.init",
  version: MESSAGE_VERSION,
  index: 1,
  incarnation: 2,
  board: new SharedArrayBuffer(8),
  lock: "lock",
  mode: "yield",
  heartbeatMs: 500,
  init: { any: "thing" },
};

/** How many links a chain of causes has. */
function causesOf(error: unknown): number {
  let causes = 0;
  for (let at = error; at instanceof Error && at.cause !== undefined; at = at.cause) causes++;
  return causes;
}

Deno.test("checkInitMessage() takes a message of this version and freezes it", () => {
  const message = { ...MESSAGE };
  assertStrictEquals(checkInitMessage(message), message);
  assertEquals(Object.isFrozen(message), true);
});

Deno.test("checkInitMessage() refuses what is no init message", () => {
  for (const data of [undefined, null, 5, "ringwire.init", {}, { ...MESSAGE, kind: "ringwire.ready" }]) {
    assertThrows(() => checkInitMessage(data), TypeError, "no init message");
  }
});

Deno.test("checkInitMessage() refuses another version and names both", () => {
  assertThrows(
    () => checkInitMessage({ ...MESSAGE, version: 2 }),
    TypeError,
    "Cannot start this worker: its pool speaks version 2, this worker speaks 1",
  );
});

Deno.test("checkInitMessage() refuses a message with a part of the wrong shape", () => {
  for (
    const part of [
      { index: undefined },
      { index: 1.5 },
      { incarnation: "2" },
      { board: new ArrayBuffer(8) },
      { lock: undefined },
      { mode: "sleep" },
      { heartbeatMs: 0 },
      { heartbeatMs: "500" },
    ]
  ) {
    assertThrows(() => checkInitMessage({ ...MESSAGE, ...part }), TypeError, "incomplete", JSON.stringify(part));
  }
});

Deno.test("noticeOf() knows the notices as they arrive", () => {
  for (const notice of [readyNotice(), stoppedNotice(), failedNotice("rejected", new Error("no"))]) {
    assertEquals(noticeOf(structuredClone(notice)), notice);
  }
});

Deno.test("noticeOf() passes over everything else", () => {
  const failed = failedNotice("thrown", new Error("no", { cause: new Error("why") }));
  for (
    const data of [
      undefined,
      null,
      7,
      "ringwire.ready",
      {},
      { kind: "ringwire.ready" },
      { ...readyNotice(), version: MESSAGE_VERSION + 1 },
      { ...readyNotice(), kind: "ready" },
      { ...failed, error: undefined },
      { ...failed, error: { name: "Error", message: "no" } },
      { ...failed, error: { name: "Error", message: "no", stack: "", cause: 3 } },
      { ...failed, how: "exited" },
    ]
  ) {
    assertEquals(noticeOf(data), undefined, JSON.stringify(data));
  }
});

Deno.test("noticeOf() passes over a chain of causes that is longer than any that is sent", () => {
  let error: ErrorCopy = { name: "Error", message: "", stack: "" };
  for (let i = 0; i < MAX_CAUSES; i++) error = { ...error, cause: error };
  const notice = { ...failedNotice("thrown", 0), error };
  assertEquals(noticeOf(notice), notice as unknown as ReturnType<typeof noticeOf>);
  assertEquals(noticeOf({ ...notice, error: { ...error, cause: error } }), undefined);
});

Deno.test("An error crosses with its name, message, stack and causes", () => {
  class OwnError extends TypeError {
    override readonly name = "OwnError";
  }
  const error = new OwnError("outer", { cause: new RangeError("inner") });
  const restored = restoreError(structuredClone(copyError(error)));
  assertEquals([restored.name, restored.message, restored.stack], ["OwnError", "outer", error.stack]);
  assertEquals(Object.keys(restored), []);
  const cause = restored.cause as Error;
  assertEquals([cause.name, cause.message, cause.cause], ["RangeError", "inner", undefined]);
  assertEquals("cause" in restoreError(copyError(new Error("alone"))), false);
});

Deno.test("copyError() cuts a chain of causes, even one without an end", () => {
  const error = new Error("round");
  error.cause = error;
  assertEquals(causesOf(restoreError(copyError(error))), MAX_CAUSES);
});

Deno.test("copyError() makes an error of whatever is thrown", () => {
  for (
    const [thrown, message] of [
      ["text", "text"],
      [undefined, "undefined"],
      [null, "null"],
      [42, "42"],
      [Symbol("s"), "Symbol(s)"],
      [{ toString: () => "shown" }, "shown"],
      [Object.create(null), "A value that cannot be shown was thrown"],
    ]
  ) {
    assertEquals(copyError(thrown), { name: "Error", message: message as string, stack: "" });
  }
});

Deno.test("copyError() survives an error whose properties throw", () => {
  const error = new Error("hidden");
  Object.defineProperty(error, "message", {
    get: () => {
      throw new Error("no");
    },
  });
  assertEquals(copyError(error).message, "A value that cannot be shown was thrown");
  const odd = Object.assign(new Error(), { message: 5, stack: undefined, name: null });
  structuredClone(copyError(odd));
  assertEquals(noticeOf(failedNotice("thrown", odd))?.kind, "ringwire.failed");
});
