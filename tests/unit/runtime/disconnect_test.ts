import { assert, assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { closedError, describeReason } from "../../../src/runtime/disconnect.ts";

Deno.test("describeReason() tells code, origin, what was lost, and why in words", () => {
  const cause = new Error("connection reset");
  const reason = describeReason({ code: CloseCode.LinkLost, origin: "link", cause }, 3);
  assertEquals(reason as unknown, {
    code: CloseCode.LinkLost,
    origin: "link",
    cause,
    message: "LinkLost (link): connection reset",
    unsentCount: 3,
  });
  assert(Object.isFrozen(reason));
  assertEquals(describeReason({ code: CloseCode.Normal, origin: "remote" }, 0).message, "Normal (remote)");
});

Deno.test("closedError() carries code, origin and cause", () => {
  const cause = new Error("on purpose");
  const error = closedError({ code: CloseCode.HandlerFailed, origin: "local", cause });
  assertEquals([error.closeCode, error.origin, error.cause], [CloseCode.HandlerFailed, "local", cause]);
  assertEquals("cause" in closedError({ code: CloseCode.Normal, origin: "local" }), false);
});
