/**
 * X25519 (RFC 7748) by `@noble/curves`: the key exchange that needs no platform.
 *
 * Invariant: the library's refusal of a result of zeros becomes `undefined`, and so does nothing else: lengths, the
 * only other thing that it refuses, are checked before.
 *
 * @module
 */
import { x25519 } from "@noble/curves/ed25519.js";
import type { RandomSource } from "../random/random_source.ts";
import { checkExchangeKeys, KEY_EXCHANGE_BYTES, type KeyExchange, type KeyPair, nonZero } from "./key_exchange.ts";

/**
 * Makes key pairs and secrets with `@noble/curves`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SystemRandom } from "../io/system/system_random.ts";
 * import { NobleKeyExchange } from "./noble_key_exchange.ts";
 *
 * const exchange = new NobleKeyExchange();
 * const [ours, theirs] = [exchange.keyPair(new SystemRandom()), exchange.keyPair(new SystemRandom())];
 * assertEquals(
 *   exchange.sharedSecret(ours.privateKey, theirs.publicKey),
 *   exchange.sharedSecret(theirs.privateKey, ours.publicKey),
 * );
 * ```
 */
export class NobleKeyExchange implements KeyExchange {
  /** The name of this provider. */
  readonly name = "noble";

  /**
   * Makes a fresh pair.
   *
   * @param random Where the private key is drawn from.
   * @returns The pair, which belongs to the caller.
   */
  keyPair(random: RandomSource): KeyPair {
    const privateKey = new Uint8Array(KEY_EXCHANGE_BYTES);
    random.fillSecret(privateKey);
    return { publicKey: x25519.getPublicKey(privateKey), privateKey };
  }

  /**
   * Computes what both ends share.
   *
   * @param privateKey 32 bytes of this end; only read.
   * @param publicKey 32 bytes from the peer, whatever they are; only read.
   * @returns 32 bytes that belong to the caller, or `undefined` where they would be zeros.
   * @throws {RangeError} When a key has another length.
   */
  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    checkExchangeKeys(privateKey, publicKey);
    try {
      return nonZero(x25519.getSharedSecret(privateKey, publicKey));
    } catch {
      return undefined;
    }
  }
}
