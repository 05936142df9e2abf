/**
 * The port behind which two ends agree on a secret: X25519 (RFC 7748 section 6.1).
 *
 * Invariant: a result of zeros, which a peer can force with a point of low order, never becomes a secret. Why a port:
 * the platform's own X25519 is six times as fast as the one in the language.
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";

/** The length of private keys, public keys and shared secrets. */
export const KEY_EXCHANGE_BYTES = 32;

/** What one end makes for one exchange. */
export interface KeyPair {
  /** 32 bytes for the peer. */
  readonly publicKey: Uint8Array;
  /** 32 bytes that stay here; whoever holds the pair overwrites them when the exchange is over. */
  readonly privateKey: Uint8Array;
}

/** Makes key pairs and shared secrets. */
export interface KeyExchange {
  /** What it is called in statistics and benches. */
  readonly name: string;

  /**
   * Makes a fresh pair.
   *
   * @param random Where the private key is drawn from.
   * @returns The pair, which belongs to the caller.
   */
  keyPair(random: RandomSource): KeyPair;

  /**
   * Computes what both ends share.
   *
   * @param privateKey 32 bytes of this end; only read.
   * @param publicKey 32 bytes from the peer, whatever they are; only read.
   * @returns 32 bytes that belong to the caller, or `undefined` where they would be zeros (RFC 7748 6.1).
   * @throws {RangeError} When a key has another length.
   */
  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
}

/**
 * Checks the lengths of the keys of an exchange.
 *
 * @param privateKey Must have 32 bytes.
 * @param publicKey Must have 32 bytes.
 * @throws {RangeError} When one has another length.
 */
export function checkExchangeKeys(privateKey: Uint8Array, publicKey: Uint8Array): void {
  if (privateKey.length !== KEY_EXCHANGE_BYTES || publicKey.length !== KEY_EXCHANGE_BYTES) {
    throw new RangeError(
      `Cannot agree on a secret: keys have ${KEY_EXCHANGE_BYTES} bytes, not ${privateKey.length} and ${publicKey.length}`,
    );
  }
}

/**
 * Passes a shared secret on unless it is all zeros; how long that takes does not depend on its bytes.
 *
 * @param secret What an exchange gave.
 * @returns The same, or `undefined`.
 */
export function nonZero(secret: Uint8Array): Uint8Array | undefined {
  let bits = 0;
  for (let i = 0; i < secret.length; i++) bits |= secret[i]!;
  return bits === 0 ? undefined : secret;
}
