/**
 * Hashes and key derivation: SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), and HKDF-Expand-Label in the way
 * of TLS 1.3 (RFC 8446 7.1) with a prefix of our own, so that no key of ours is ever one of TLS.
 *
 *     label of a derivation:  length (2) | n (1) | "ringwire " and the label (n) | m (1) | context (m)
 *
 * Invariant: two different labels or contexts never give the same input to HKDF, because both carry their lengths.
 * Why a library: this runs at handshakes and key changes, never per packet.
 *
 * @module
 */
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";

/** The length of a hash, and so of an extracted secret. */
export const HASH_BYTES = 32;

/** The most that one secret expands to (RFC 5869 2.3). */
export const MAX_EXPANDED_BYTES = 255 * HASH_BYTES;

/** What every label starts with. */
const LABEL_PREFIX = "ringwire ";

const MAX_FIELD_BYTES = 255;

/**
 * Hashes bytes with SHA-256.
 *
 * @param message Any bytes; only read.
 * @returns 32 bytes that belong to the caller.
 */
export function sha256(message: Uint8Array): Uint8Array {
  return nobleSha256(message);
}

/**
 * Authenticates bytes with HMAC-SHA-256.
 *
 * @param key Any bytes; only read.
 * @param message Any bytes; only read.
 * @returns 32 bytes that belong to the caller. Compare them with `constantTimeEqual`.
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, message);
}

/**
 * Concentrates what is secret in some bytes into a key (HKDF-Extract).
 *
 * @param salt Any bytes, secret or not; empty counts as 32 zeros.
 * @param ikm The input keying material; only read.
 * @returns 32 bytes that belong to the caller.
 */
export function hkdfExtract(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return extract(nobleSha256, ikm, salt);
}

/**
 * Derives key material from an extracted secret (HKDF-Expand).
 *
 * @param secret An extracted secret; only read.
 * @param info What the result is for; only read.
 * @param length How many bytes, 0 to {@linkcode MAX_EXPANDED_BYTES}.
 * @returns So many bytes, which belong to the caller.
 * @throws {RangeError} When the length is none of these.
 */
export function hkdfExpand(secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > MAX_EXPANDED_BYTES) {
    throw new RangeError(`Cannot expand a secret to ${length} bytes: 0 to ${MAX_EXPANDED_BYTES} are possible`);
  }
  return length === 0 ? new Uint8Array(0) : expand(nobleSha256, secret, info, length);
}

/**
 * Derives key material for one named purpose (RFC 8446 7.1, with the prefix `ringwire `).
 *
 * @param secret An extracted or derived secret; only read.
 * @param label What the result is for; with the prefix at most 255 bytes of UTF-8.
 * @param context What else the result depends on, such as a transcript hash; at most 255 bytes, only read.
 * @param length How many bytes, 0 to {@linkcode MAX_EXPANDED_BYTES}.
 * @returns So many bytes, which belong to the caller.
 * @throws {RangeError} When one of these is too long.
 */
export function hkdfExpandLabel(secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
  const name = new TextEncoder().encode(LABEL_PREFIX + label);
  if (name.length > MAX_FIELD_BYTES || context.length > MAX_FIELD_BYTES) {
    throw new RangeError(
      `Cannot derive a key: its label of ${name.length} bytes or its context of ${context.length} is above 255`,
    );
  }
  const info = new Uint8Array(2 + 1 + name.length + 1 + context.length);
  info[0] = length >>> 8;
  info[1] = length;
  info[2] = name.length;
  info.set(name, 3);
  info[3 + name.length] = context.length;
  info.set(context, 4 + name.length);
  return hkdfExpand(secret, info, length);
}
