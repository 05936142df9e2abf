/**
 * The keys of a link: from the key of the mesh to the shared key of a handshake, and from what a handshake ends in to
 * the keys of the records.
 *
 *     psk         = expand(extract("", mesh key), "bus link psk")
 *     secret 0    = what the handshake gives for one direction
 *     key n, iv n = expand(secret n, "bus link key"), expand(secret n, "bus link iv")
 *     secret n+1  = expand(secret n, "bus link next")
 *
 * Invariants: a key seals each number once; what was stepped over is overwritten, so that who takes a secret later
 * cannot read what went before.
 *
 * @module
 */
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, type AeadProvider, type PacketKey } from "../../crypto/aead.ts";
import { HASH_BYTES, hkdfExpandLabel, hkdfExtract, hmacSha256 } from "../../crypto/kdf.ts";
import { NOISE_PSK_BYTES } from "../../crypto/noise_nnpsk0.ts";

const NOTHING = new Uint8Array(0);
const MIN_KEY_BYTES = 16;

/**
 * Derives the shared key of handshakes from the key of a mesh.
 *
 * @param meshKey At least 16 bytes that nobody can guess; only read.
 * @returns 32 bytes; the caller's.
 * @throws {RangeError} When the key is shorter.
 */
export function linkPsk(meshKey: Uint8Array): Uint8Array {
  if (meshKey.length < MIN_KEY_BYTES) {
    throw new RangeError(`Cannot use a mesh key of ${meshKey.length} bytes: it has at least ${MIN_KEY_BYTES}`);
  }
  return hkdfExpandLabel(hkdfExtract(NOTHING, meshKey), "bus link psk", NOTHING, NOISE_PSK_BYTES);
}

/**
 * What one end shows to prove that it has the key of its cluster: good in one handshake and one direction only.
 *
 * @param clusterKey The key; only read.
 * @param name The cluster's name as UTF-8; only read.
 * @param handshakeHash What names the handshake; only read.
 * @param isDialer Whether the end that proves it dialled.
 * @returns 32 bytes; the caller's. Compare them with `constantTimeEqual`.
 */
export function clusterProof(
  clusterKey: Uint8Array,
  name: Uint8Array,
  handshakeHash: Uint8Array,
  isDialer: boolean,
): Uint8Array {
  const key = hkdfExpandLabel(hkdfExtract(NOTHING, clusterKey), "bus link cluster", NOTHING, HASH_BYTES);
  const text = new Uint8Array(1 + HASH_BYTES + name.length);
  text[0] = isDialer ? 1 : 0;
  text.set(handshakeHash, 1);
  text.set(name, 1 + HASH_BYTES);
  return hmacSha256(key, text);
}

/** The keys of one direction, one after another. */
export class LinkKey {
  /** The number of the next record under the present key. */
  number = 0;
  readonly #aead: AeadProvider;
  #secret: Uint8Array;
  #key: PacketKey;

  /**
   * @param aead Makes the keys.
   * @param secret 32 bytes; taken over.
   */
  constructor(aead: AeadProvider, secret: Uint8Array) {
    this.#aead = aead;
    this.#secret = secret;
    this.#key = this.#derive();
  }

  /** Seals a record in place; see {@linkcode PacketKey.seal}. */
  seal(buffer: Uint8Array, aadStart: number, start: number, end: number): void {
    this.#key.seal(buffer, aadStart, start, end, this.number++);
  }

  /** Opens the next record in place; see {@linkcode PacketKey.open}. */
  open(buffer: Uint8Array, aadStart: number, start: number, end: number): boolean {
    return this.#key.open(buffer, aadStart, start, end, this.number++);
  }

  /** Goes on to the next key. */
  step(): void {
    const next = hkdfExpandLabel(this.#secret, "bus link next", NOTHING, HASH_BYTES);
    this.destroy();
    this.#secret = next;
    this.#key = this.#derive();
    this.number = 0;
  }

  /** Overwrites what is secret; the key is of no use any more. */
  destroy(): void {
    this.#secret.fill(0);
    this.#key.destroy();
  }

  #derive(): PacketKey {
    const key = hkdfExpandLabel(this.#secret, "bus link key", NOTHING, AEAD_KEY_BYTES);
    const packetKey = this.#aead.packetKey(
      key,
      hkdfExpandLabel(this.#secret, "bus link iv", NOTHING, AEAD_NONCE_BYTES),
    );
    key.fill(0);
    return packetKey;
  }
}
