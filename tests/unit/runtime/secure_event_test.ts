import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ClosedError } from "../../../src/error/transport_error.ts";
import { describeSecureReason, explain, secureClosedError } from "../../../src/runtime/secure_event.ts";
import { SessionCloseCode } from "../../../src/session/session_close_code.ts";

Deno.test("describeSecureReason() tells number, name, origin, text, and a sentence", () => {
  const reason = describeSecureReason({ code: SessionCloseCode.StatelessReset, origin: "remote", text: "" });
  assertEquals(reason as unknown, {
    code: 66,
    name: "StatelessReset",
    origin: "remote",
    text: "",
    message: "StatelessReset (remote): the peer has lost the session",
  });
  assert(Object.isFrozen(reason));
  const own = describeSecureReason({ code: 40_000, origin: "local", text: "bye" });
  assertEquals([own.name, own.text, own.message], ["Application", "bye", "Application 40000 (local)"]);
});

Deno.test("explain() has a sentence for every code that is not plain from its name", () => {
  const plain: number[] = [SessionCloseCode.Normal, SessionCloseCode.GoingAway, SessionCloseCode.NumbersExhausted];
  for (const [name, code] of Object.entries(SessionCloseCode)) {
    const message = explain(code, "link");
    assert(message.startsWith(`${name} (link)`), message);
    assertEquals(message.includes(": "), !plain.includes(code), message);
  }
  assertEquals(explain(12_345, "remote"), "Unknown 12345 (remote)");
});

Deno.test("secureClosedError() is a ClosedError with the number and the sentence", () => {
  const error = secureClosedError({ code: SessionCloseCode.Replaced, origin: "remote", text: "" });
  assertInstanceOf(error, ClosedError);
  assertEquals([error.closeCode as number, error.origin, error.code], [67, "remote", "CLOSED"]);
  assertMatch(error.message, /^The session is closed: Replaced \(remote\): the same client has a newer session$/);
});
