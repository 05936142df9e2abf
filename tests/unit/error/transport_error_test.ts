import { assert, assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import {
  AuthenticationError,
  ClosedError,
  ConnectError,
  MisuseError,
  ProtocolError,
  ResourceError,
  TimeoutError,
  TransportError,
} from "../../../src/error/transport_error.ts";

Deno.test("every error is a TransportError with its own name and code, and keeps its cause", () => {
  const cause = new Error("below");
  const options = { cause };
  const all: readonly (readonly [TransportError, string, string])[] = [
    [new MisuseError("m", options), "MisuseError", "MISUSE"],
    [new ProtocolError(CloseCode.NegativeLength, "m", options), "ProtocolError", "PROTOCOL"],
    [new AuthenticationError("m", options), "AuthenticationError", "AUTHENTICATION"],
    [new ConnectError("m", options), "ConnectError", "CONNECT"],
    [new TimeoutError("m", options), "TimeoutError", "TIMEOUT"],
    [new ClosedError(CloseCode.Aborted, "local", options), "ClosedError", "CLOSED"],
    [new ResourceError("m", options), "ResourceError", "RESOURCE"],
  ];
  for (const [error, name, code] of all) {
    assert(error instanceof TransportError && error instanceof Error);
    assertEquals([error.name, error.code, error.cause], [name, code, cause]);
  }
});

Deno.test("ClosedError says why the connection ended and who ended it", () => {
  const error = new ClosedError(CloseCode.IdleTimeout, "remote");
  assertEquals([error.closeCode, error.origin], [CloseCode.IdleTimeout, "remote"]);
  assertEquals(error.message, "The connection is closed: IdleTimeout (remote)");
  assertEquals(new ProtocolError(CloseCode.Truncated, "m").closeCode, CloseCode.Truncated);
});
