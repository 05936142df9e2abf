/**
 * The provider of packet keys that a program on this platform takes: ours, and `node:crypto` for long texts.
 *
 * @module
 */
import type { AeadProvider } from "../../crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../crypto/chacha20_poly1305.ts";
import { pickingAead } from "../../crypto/picking_aead.ts";
import { NodeAead } from "./node_aead.ts";

/**
 * Makes the default provider; each thread takes its own.
 *
 * @returns The provider.
 */
export function systemAead(): AeadProvider {
  return pickingAead(new ChaCha20Poly1305(), new NodeAead());
}
