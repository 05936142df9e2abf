/**
 * The peer id of a stream (src/wire/STANDARD.md, section 2): 1 to 127 printable ASCII bytes, announced in the first
 * frame and repeated by the server.
 *
 * @module
 */

/** The longest peer id in bytes. */
export const MAX_PEER_ID_BYTES = 127;

/**
 * Reads a peer id.
 *
 * @param from Holds it.
 * @param offset Where it starts.
 * @param length How many bytes.
 * @returns The id, or `undefined` when these bytes are no peer id.
 */
export function decodePeerId(from: Uint8Array, offset: number, length: number): string | undefined {
  if (length < 1 || length > MAX_PEER_ID_BYTES) return undefined;
  let id = "";
  for (let i = offset; i < offset + length; i++) {
    const byte = from[i]!;
    if (byte < 0x20 || byte > 0x7e) return undefined;
    id += String.fromCharCode(byte);
  }
  return id;
}

/**
 * Encodes a peer id.
 *
 * @param id The id.
 * @returns Its bytes.
 * @throws {TypeError} When it is no string.
 * @throws {RangeError} When it is empty, too long or not printable ASCII.
 */
export function encodePeerId(id: string): Uint8Array {
  if (typeof id !== "string") throw new TypeError("A peer id must be a string");
  const bytes = new TextEncoder().encode(id);
  if (decodePeerId(bytes, 0, bytes.length) === undefined) {
    throw new RangeError(`A peer id must be 1 to ${MAX_PEER_ID_BYTES} printable ASCII characters`);
  }
  return bytes;
}
