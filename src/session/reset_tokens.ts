/**
 * The stateless reset tokens of connection ids: an HMAC of the id under a key that outlives the process (RFC 9000
 * section 10.3.2).
 *
 * Invariant: the same key and id give the same token, so that an endpoint which lost everything but the key can still
 * end the sessions that it does not know any more.
 *
 * @module
 */
import { hmacSha256 } from "../crypto/kdf.ts";
import { CONNECTION_ID_BYTES, encodeWord } from "../wire/packet_header.ts";
import { RESET_TOKEN_BYTES } from "../wire/session_frame.ts";

/** How many bytes a reset key has. */
export const RESET_KEY_BYTES = 32;

/** Makes tokens under one key. */
export class ResetTokens {
  readonly #key: Uint8Array;
  readonly #id = new Uint8Array(CONNECTION_ID_BYTES);

  /**
   * Takes the key.
   *
   * @param key {@linkcode RESET_KEY_BYTES} secret bytes; copied.
   * @throws {RangeError} When the key has another length.
   */
  constructor(key: Uint8Array) {
    if (key.length !== RESET_KEY_BYTES) {
      throw new RangeError(`Cannot make reset tokens with a key of ${key.length} bytes: it has ${RESET_KEY_BYTES}`);
    }
    this.#key = key.slice();
  }

  /**
   * Makes the token of an id.
   *
   * @param high The upper half of the id.
   * @param low The lower half.
   * @returns 16 bytes that belong to the caller.
   */
  tokenOf(high: number, low: number): Uint8Array {
    encodeWord(this.#id, 0, high);
    encodeWord(this.#id, 4, low);
    return hmacSha256(this.#key, this.#id).subarray(0, RESET_TOKEN_BYTES);
  }
}
