import { assertEquals } from "@std/assert";
import { referenceBlock, referenceNonce, referenceSeal, referenceTag, referenceXor } from "./reference_aead.ts";
import { CIPHERTEXTS, KEYSTREAMS, SEALED, TAGS } from "./rfc8439_vectors.ts";
import { hex } from "./hex.ts";

Deno.test("referenceBlock() passes the vectors of RFC 8439", () => {
  for (const { section, key, counter, nonce, keystream } of KEYSTREAMS) {
    assertEquals(referenceBlock(key, counter, nonce).subarray(0, keystream.length), keystream, section);
  }
});

Deno.test("referenceXor() passes the vectors of RFC 8439", () => {
  for (const { section, key, counter, nonce, plaintext, ciphertext } of CIPHERTEXTS) {
    assertEquals(referenceXor(key, counter, nonce, plaintext), ciphertext, section);
  }
});

Deno.test("referenceTag() passes the vectors of RFC 8439", () => {
  for (const { section, key, text, tag } of TAGS) assertEquals(referenceTag(key, text), tag, section);
});

Deno.test("referenceSeal() passes the vectors of RFC 8439", () => {
  for (const { section, key, nonce, aad, plaintext, ciphertext, tag } of SEALED) {
    assertEquals(referenceSeal(key, nonce, aad, plaintext), Uint8Array.of(...ciphertext, ...tag), section);
  }
});

Deno.test("referenceNonce() is that of the example of RFC 9001 A.5", () => {
  assertEquals(referenceNonce(hex("e0459b3474bdd0e44a41c144"), 654360564), hex("e0459b3474bdd0e46d417eb0"));
});
