/**
 * The cryptography of every provider against the vectors of Project Wycheproof.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { hkdfExpand, hkdfExtract } from "../../src/crypto/kdf.ts";
import type { KeyExchange } from "../../src/crypto/key_exchange.ts";
import { NobleAead } from "../../src/crypto/noble_aead.ts";
import { NobleKeyExchange } from "../../src/crypto/noble_key_exchange.ts";
import { NodeAead } from "../../src/io/system/node_aead.ts";
import { NodeKeyExchange } from "../../src/io/system/node_key_exchange.ts";
import { bytesOf, wycheproof } from "./wycheproof.ts";

const aeads: readonly AeadProvider[] = [new ChaCha20Poly1305(), new NobleAead(), new NodeAead()];
const exchanges: readonly KeyExchange[] = [new NobleKeyExchange(), new NodeKeyExchange()];

type AeadFields = Record<"key" | "iv" | "aad" | "msg" | "ct" | "tag", string>;
type HkdfFields = Record<"ikm" | "salt" | "info" | "okm", string> & { readonly size: number };
type ExchangeFields = Record<"public" | "private" | "shared", string>;

/** The vectors whose nonce has 12 bytes, or those with another length, which no packet key can express. */
function aeadVectors(isOfOurLength: boolean): ReturnType<typeof wycheproof<AeadFields>> {
  return wycheproof<AeadFields>("chacha20_poly1305").filter(({ iv }) =>
    (iv.length === 2 * AEAD_NONCE_BYTES) === isOfOurLength
  );
}

for (const provider of aeads) {
  Deno.test(`wycheproof: packet keys (${provider.name}) seal what is valid, open it, and refuse what is not`, () => {
    const counts = { valid: 0, invalid: 0, acceptable: 0 };
    for (const { tcId, comment, result, key, iv, aad, msg, ct, tag } of aeadVectors(true)) {
      const packetKey = provider.packetKey(bytesOf(key), bytesOf(iv));
      const [head, text] = [bytesOf(aad), bytesOf(msg)];
      const end = head.length + text.length;
      const sealed = bytesOf(aad + ct + tag);
      const packet = Uint8Array.of(...head, ...text, ...new Uint8Array(AEAD_TAG_BYTES));
      packetKey.seal(packet, 0, head.length, end, 0);
      assertEquals(packet.join() === sealed.join(), result === "valid", `seal ${tcId}: ${comment}`);
      const before = sealed.slice();
      assertEquals(packetKey.open(sealed, 0, head.length, sealed.length, 0), result === "valid", `${tcId}: ${comment}`);
      const expected = result === "valid" ? Uint8Array.of(...head, ...text) : before;
      assertEquals(sealed.subarray(0, expected.length), expected, `${tcId}: ${comment}`);
      counts[result]++;
    }
    assertEquals(counts, { valid: 256, invalid: 60, acceptable: 0 });
  });

  Deno.test(`wycheproof: packet keys (${provider.name}) take no nonce of another length than 12 bytes`, () => {
    const vectors = aeadVectors(false);
    for (const { tcId, result, key, iv } of vectors) {
      assertEquals(result, "invalid", `${tcId}`);
      assertThrows(() => provider.packetKey(bytesOf(key), bytesOf(iv)), RangeError, "12 bytes", `${tcId}`);
    }
    assertEquals(vectors.length, 9);
  });
}

Deno.test("wycheproof: hkdfExtract() and hkdfExpand() give every key, and none that is too long", () => {
  const counts = { valid: 0, invalid: 0, acceptable: 0 };
  for (const { tcId, result, ikm, salt, info, size, okm } of wycheproof<HkdfFields>("hkdf_sha256")) {
    const secret = hkdfExtract(bytesOf(salt), bytesOf(ikm));
    const expand = (): Uint8Array => hkdfExpand(secret, bytesOf(info), size);
    if (result === "valid") assertEquals(expand(), bytesOf(okm), `${tcId}`);
    else assertThrows(expand, RangeError, "expand", `${tcId}`);
    counts[result]++;
  }
  assertEquals(counts, { valid: 83, invalid: 3, acceptable: 0 });
});

for (const exchange of exchanges) {
  Deno.test(`wycheproof: X25519 (${exchange.name}) gives every secret, and nothing where it would be zeros`, () => {
    const counts = { valid: 0, invalid: 0, acceptable: 0 };
    let zeros = 0;
    for (const vector of wycheproof<ExchangeFields>("x25519")) {
      const { tcId, comment, result } = vector;
      const shared = bytesOf(vector.shared);
      const isZero = shared.every((byte) => byte === 0);
      assert(!isZero || result === "acceptable", `${tcId}`);
      const secret = exchange.sharedSecret(bytesOf(vector.private), bytesOf(vector.public));
      assertEquals(secret, isZero ? undefined : shared, `${tcId}: ${comment}`);
      zeros += isZero ? 1 : 0;
      counts[result]++;
    }
    assertEquals(counts, { valid: 264, invalid: 0, acceptable: 254 });
    assertEquals(zeros, 31);
  });
}
