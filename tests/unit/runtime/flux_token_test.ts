import { assertEquals, assertThrows } from "@std/assert";
import { checkProducerToken } from "../../../src/runtime/flux_token.ts";

const TOKEN = {
  kind: "ringwire.flux.producer",
  version: 1,
  ring: new SharedArrayBuffer(64),
  doorbell: new SharedArrayBuffer(8),
  maxFrameBytes: 100,
  allowEmptyMessages: true,
  timestamps: false,
};

Deno.test("checkProducerToken() takes a token and its clone, and nothing else", () => {
  assertEquals(checkProducerToken(TOKEN) as unknown, TOKEN);
  assertEquals(checkProducerToken(structuredClone(TOKEN)).maxFrameBytes, 100);
  const wrong: unknown[] = [
    undefined,
    null,
    5,
    "token",
    {},
    [],
    { ...TOKEN, kind: "other" },
    { ...TOKEN, version: 2 },
    { ...TOKEN, ring: new ArrayBuffer(64) },
    { ...TOKEN, doorbell: undefined },
  ];
  for (const value of wrong) assertThrows(() => checkProducerToken(value), TypeError, "producer token");
});
