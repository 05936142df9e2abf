/**
 * The packet of `pool.scale`, and what both ends of its rings agree on.
 *
 * @module
 */
import { AEAD_TAG_BYTES, type PacketKey } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";

/** What one worker gets. */
export interface SealerInit {
  /** The ring that it is fed by. */
  readonly ring: SharedArrayBuffer;
  /** Where it counts, a double a worker. */
  readonly done: SharedArrayBuffer;
  /** Which worker it is. */
  readonly index: number;
}

/** Header, text and tag. */
export const PACKET_BYTES = 1200;
/** The associated data before the text. */
export const HEADER_BYTES = 20;
/** The number under which the packet is sealed. */
export const PACKET_NUMBER = 1;

/**
 * Makes the key of the packet.
 *
 * @returns A key of its own, the same material each time.
 */
export function packetKey(): PacketKey {
  return new ChaCha20Poly1305().packetKey(new Uint8Array(32).fill(1), new Uint8Array(12).fill(2));
}

/**
 * Makes the packet that is fed.
 *
 * @returns It, sealed.
 */
export function sealedPacket(): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES).map((_, i) => i);
  packetKey().seal(packet, 0, HEADER_BYTES, PACKET_BYTES - AEAD_TAG_BYTES, PACKET_NUMBER);
  return packet;
}
