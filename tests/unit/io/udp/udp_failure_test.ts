import { assertEquals } from "@std/assert";
import { isSocketGone, MAX_RECEIVE_FAILURES, receivePauseMs, sendFailure } from "../../../../src/io/udp/udp_failure.ts";

const address = { hostname: "192.0.2.1", port: 9 };

Deno.test("sendFailure() tells from the code what failed", () => {
  const kinds = {
    EPERM: "not permitted",
    EACCES: "not permitted",
    EMSGSIZE: "too long",
    ENOBUFS: "no buffers",
    ENOMEM: "no buffers",
    EAGAIN: "no buffers",
    ECONNREFUSED: "unreachable",
    ECONNRESET: "unreachable",
    EHOSTUNREACH: "unreachable",
    ENETUNREACH: "unreachable",
    ENETDOWN: "unreachable",
    EHOSTDOWN: "unreachable",
    EADDRNOTAVAIL: "unreachable",
    EAFNOSUPPORT: "unreachable",
    EINVAL: "unreachable",
    EIO: "other",
  };
  for (const [code, kind] of Object.entries(kinds)) {
    assertEquals(sendFailure(Object.assign(new Error("x"), { code }), address), kind, code);
  }
});

Deno.test("sendFailure() takes whatever was thrown", () => {
  for (const thrown of [undefined, null, "text", 5, {}, new Error("x")]) {
    assertEquals(sendFailure(thrown, address), "other");
  }
});

Deno.test("sendFailure() looks up the permission where the code says nothing", () => {
  const error = Object.assign(new Error("send UNKNOWN"), { code: "UNKNOWN" });
  assertEquals(sendFailure(error, address), "not permitted");
  assertEquals(sendFailure(error, { hostname: "2001:db8::1", port: 9 }), "not permitted");
});

Deno.test("receivePauseMs() is short at first, grows, and ends", () => {
  const pauses = Array.from({ length: MAX_RECEIVE_FAILURES }, (_, i) => receivePauseMs(i + 1));
  assertEquals(pauses.slice(0, 17), [0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 100, 100, 100]);
  assertEquals(pauses.slice(-2), [100, -1]);
});

Deno.test("isSocketGone() knows the errors of a closed socket", () => {
  assertEquals(isSocketGone(new Deno.errors.BadResource("x")), true);
  assertEquals(isSocketGone(new Deno.errors.Interrupted("x")), true);
  assertEquals(isSocketGone(new Deno.errors.ConnectionRefused("x")), false);
  assertEquals(isSocketGone(undefined), false);
});
