/**
 * What every provider of packet keys checks before it touches a buffer: lengths, offsets and packet numbers.
 *
 * All of it is the caller's fault and a `RangeError`; nothing here depends on what a peer sent. Invariant: after a
 * check, every offset is an integer inside the buffer.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from "./aead.ts";

/**
 * Checks the material of a packet key.
 *
 * @param key Must have 32 bytes.
 * @param iv Must have 12 bytes.
 * @throws {RangeError} When one has another length.
 */
export function checkKeyMaterial(key: Uint8Array, iv: Uint8Array): void {
  if (key.length !== AEAD_KEY_BYTES) {
    throw new RangeError(`Cannot make a packet key: a key has ${AEAD_KEY_BYTES} bytes, not ${key.length}`);
  }
  if (iv.length !== AEAD_NONCE_BYTES) {
    throw new RangeError(`Cannot make a packet key: an IV has ${AEAD_NONCE_BYTES} bytes, not ${iv.length}`);
  }
}

/**
 * Checks the arguments of a seal.
 *
 * @param buffer The memory.
 * @param aadStart Where the associated data starts.
 * @param start Where the plaintext starts.
 * @param end Where it ends; 16 bytes must follow.
 * @param packetNumber The number of the packet.
 * @throws {RangeError} When one of them is out of its bounds.
 */
export function checkSeal(
  buffer: Uint8Array,
  aadStart: number,
  start: number,
  end: number,
  packetNumber: number,
): void {
  if (!(end <= buffer.length - AEAD_TAG_BYTES) || !areOrdered(aadStart, start, end)) {
    throw new RangeError(
      `Cannot seal ${aadStart}, ${start}, ${end}: these are no offsets in order, with room for a tag, in ${buffer.length} bytes`,
    );
  }
  if (!isPacketNumber(packetNumber)) throw new RangeError(`Cannot seal: ${packetNumber} is no packet number`);
}

/**
 * Checks the arguments of an open.
 *
 * @param buffer The memory.
 * @param aadStart Where the associated data starts.
 * @param start Where the ciphertext starts.
 * @param end Where its tag ends.
 * @param packetNumber The number of the packet.
 * @throws {RangeError} When one of them is out of its bounds.
 */
export function checkOpen(
  buffer: Uint8Array,
  aadStart: number,
  start: number,
  end: number,
  packetNumber: number,
): void {
  if (!(end <= buffer.length) || !areOrdered(aadStart, start, end)) {
    throw new RangeError(
      `Cannot open ${aadStart}, ${start}, ${end}: these are no offsets in order in ${buffer.length} bytes`,
    );
  }
  if (!isPacketNumber(packetNumber)) throw new RangeError(`Cannot open: ${packetNumber} is no packet number`);
}

/**
 * The error for a key that is used after its end.
 *
 * @returns The error, to be thrown.
 */
export function destroyedKeyError(): MisuseError {
  return new MisuseError("Cannot use a packet key after it was destroyed");
}

function areOrdered(aadStart: number, start: number, end: number): boolean {
  return aadStart >= 0 && aadStart <= start && start <= end && Number.isInteger(aadStart) && Number.isInteger(start) &&
    Number.isInteger(end);
}

function isPacketNumber(packetNumber: number): boolean {
  return Number.isSafeInteger(packetNumber) && packetNumber >= 0;
}
