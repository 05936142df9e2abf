import { assertEquals } from "@std/assert";
import { CloseCode, closeCodeName } from "../../../src/error/close_code.ts";

/** What was published. Lines may be added at the end; none may ever change. */
const published: readonly (readonly [string, number])[] = [
  ["Normal", 0],
  ["GoingAway", 1],
  ["Aborted", 2],
  ["LinkLost", 3],
  ["Truncated", 4],
  ["NegativeLength", 5],
  ["FrameTooLarge", 6],
  ["EmptyFrame", 7],
  ["IdleTimeout", 8],
  ["TooSlow", 9],
  ["HandshakeTimeout", 10],
  ["BadPeerId", 11],
  ["DuplicatePeerId", 12],
  ["HandshakeMismatch", 13],
  ["HandlerFailed", 14],
  ["SendQueueFull", 15],
  ["CloseTimeout", 16],
  ["ConnectFailed", 17],
  ["MissingTimestamp", 18],
  ["HandshakeRefused", 19],
  ["SendStalled", 20],
  ["UnknownPeer", 21],
  ["ProtocolViolation", 64],
  ["ForgeryLimit", 65],
  ["StatelessReset", 66],
  ["Replaced", 67],
  ["OptimisticAck", 68],
  ["VersionMismatch", 69],
  ["Busy", 70],
  ["BadHello", 71],
  ["NotAuthorized", 72],
  ["NumbersExhausted", 73],
];

Deno.test("CloseCode keeps every number that was published", () => {
  assertEquals(Object.entries(CloseCode).slice(0, published.length), published.map(([name, code]) => [name, code]));
});

Deno.test("CloseCode gives no number twice", () => {
  const codes = Object.values(CloseCode);
  assertEquals(new Set(codes).size, codes.length);
});

Deno.test("closeCodeName() knows every code, and says so when it does not", () => {
  for (const [name, code] of Object.entries(CloseCode)) assertEquals<string>(closeCodeName(code), name);
  for (const code of [-1, 0.5, 9999, NaN]) assertEquals(closeCodeName(code), "Unknown");
});
