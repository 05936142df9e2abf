import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { ProtocolError } from "../../../src/error/transport_error.ts";
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
    isFinal: true,
  });
  assertEquals(describeReason({ code: CloseCode.LinkLost, origin: "link" }, 0, false).isFinal, false);
  assert(Object.isFrozen(reason));
  assertEquals(describeReason({ code: CloseCode.Normal, origin: "remote" }, 0).message, "Normal (remote)");
});

Deno.test("A peer that broke the protocol is told as a ProtocolError, others are not", () => {
  const { cause, message } = describeReason({ code: CloseCode.FrameTooLarge, origin: "remote" }, 0);
  assertInstanceOf(cause, ProtocolError);
  assertEquals([cause.closeCode, cause.code], [CloseCode.FrameTooLarge, "PROTOCOL"]);
  assertEquals(message, `FrameTooLarge (remote): ${cause.message}`);
  assertInstanceOf(closedError({ code: CloseCode.Truncated, origin: "remote" }).cause, ProtocolError);
  assertEquals("cause" in describeReason({ code: CloseCode.IdleTimeout, origin: "local" }, 0), false);
});

Deno.test("closedError() carries code, origin and cause", () => {
  const cause = new Error("on purpose");
  const error = closedError({ code: CloseCode.HandlerFailed, origin: "local", cause });
  assertEquals([error.closeCode, error.origin, error.cause], [CloseCode.HandlerFailed, "local", cause]);
  assertEquals("cause" in closedError({ code: CloseCode.Normal, origin: "local" }), false);
});
