import { assertEquals } from "@std/assert";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import {
  earlyRoot,
  earlySecret,
  helloSecrets,
  nextSecret,
  packetKeyOf,
  referenceProof,
  resumedSecrets,
} from "../../../src/session/key_schedule.ts";
import { ResetTokens } from "../../../src/session/reset_tokens.ts";
import { createHmac } from "node:crypto";
import { extract, hashOf, label, openPacket } from "../wire/standard_reader.ts";
import { encodeSessionHeader } from "../../../src/wire/packet_header.ts";
import { assertThrows } from "@std/assert";

function ramp(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

Deno.test("helloSecrets() derives what section 11 of the standard says", () => {
  const [a, b, one, two] = [ramp(32, 1), ramp(32, 2), ramp(100, 3), ramp(200, 4)];
  const hash = hashOf(one, two);
  const expected = { client: label(a, "client", hash, 32), server: label(b, "server", hash, 32) };
  assertEquals(helloSecrets(a, b, one, two), expected);
});

Deno.test("resumedSecrets() and earlySecret() derive what section 11 of the standard says", () => {
  const [secret, random, flight, reply, shared] = [ramp(32, 1), ramp(32, 2), ramp(150, 3), ramp(40, 4), ramp(32, 5)];
  const root = earlyRoot(secret, random);
  assertEquals(root, extract(random, secret));
  assertEquals(referenceProof(root), label(root, "reference", new Uint8Array(0), 32));
  assertEquals(earlySecret(root, flight), label(root, "early", hashOf(flight), 32));
  const main = extract(label(root, "derived", new Uint8Array(0), 32), shared);
  const hash = hashOf(flight, reply);
  const expected = { client: label(main, "client", hash, 32), server: label(main, "server", hash, 32) };
  assertEquals(resumedSecrets(root, shared, flight, reply), expected);
});

Deno.test("packetKeyOf() and nextSecret() seal what a reader of the standard opens", () => {
  const aead = new ChaCha20Poly1305();
  let secret = ramp(32, 9);
  for (let phase = 0; phase < 3; phase++) {
    const packet = new Uint8Array(17 + 5 + 16);
    encodeSessionHeader(packet, 0, phase & 1, 1, 2, 2 ** 40 + phase);
    packet.set([1, 2, 3, 4, 5], 17);
    packetKeyOf(aead, secret).seal(packet, 0, 17, 22, 2 ** 40 + phase);
    assertEquals(openPacket(packet, secret), Uint8Array.of(1, 2, 3, 4, 5));
    secret = nextSecret(secret);
    assertEquals(openPacket(packet, secret), undefined);
  }
});

Deno.test("ResetTokens are an HMAC of the id", () => {
  const key = ramp(32, 3);
  const expected = createHmac("sha256", key).update(Uint8Array.of(0, 0, 0, 1, 255, 255, 255, 254)).digest();
  assertEquals(new ResetTokens(key).tokenOf(1, -2), new Uint8Array(expected.subarray(0, 16)));
  assertThrows(() => new ResetTokens(new Uint8Array(31)), RangeError, "31 bytes");
});
