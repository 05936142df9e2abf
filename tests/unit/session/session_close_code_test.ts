import { assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SessionCloseCode, sessionCloseCodeName } from "../../../src/session/session_close_code.ts";

Deno.test("SessionCloseCode never changes its numbers", () => {
  assertEquals(SessionCloseCode, {
    Normal: 0,
    GoingAway: 1,
    IdleTimeout: 8,
    HandshakeTimeout: 10,
    ProtocolViolation: 64,
    ForgeryLimit: 65,
    StatelessReset: 66,
    Replaced: 67,
    OptimisticAck: 68,
    VersionMismatch: 69,
    Busy: 70,
    BadHello: 71,
    NotAuthorized: 72,
    NumbersExhausted: 73,
  });
});

Deno.test("SessionCloseCode means what CloseCode means", () => {
  const general: Record<string, number> = CloseCode;
  for (const [name, code] of Object.entries(SessionCloseCode)) assertEquals(general[name], code, name);
});

Deno.test("sessionCloseCodeName() names every code", () => {
  assertEquals([0, 66, 32768, 65535, 500].map(sessionCloseCodeName), [
    "Normal",
    "StatelessReset",
    "Application",
    "Application",
    "Unknown",
  ]);
});
