/**
 * Every provider of packet keys, for tests that hold them to one contract.
 *
 * @module
 */
import type { AeadProvider } from "../../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleAead } from "../../../src/crypto/noble_aead.ts";
import { pickingAead } from "../../../src/crypto/picking_aead.ts";
import { NodeAead } from "../../../src/io/system/node_aead.ts";
import { systemAead } from "../../../src/io/system/system_aead.ts";

/**
 * Makes one of each.
 *
 * @returns The providers: ours, both libraries, a picking one that changes over at 100 bytes, and the default.
 */
export function aeadProviders(): readonly AeadProvider[] {
  const picking = pickingAead(new ChaCha20Poly1305(), new NodeAead(), 100);
  return [new ChaCha20Poly1305(), new NobleAead(), new NodeAead(), picking, systemAead()];
}
