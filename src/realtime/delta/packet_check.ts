/**
 * What a buffer of the caller must be: checked once a packet, because any other object would be written past, or for
 * ever.
 *
 * @module
 */

/**
 * Checks a buffer that the caller gave.
 *
 * @param buffer What was given.
 * @param name What it is for, for the message.
 * @throws {TypeError} When it is no `Uint8Array`.
 */
export function checkBytes(buffer: Uint8Array, name: string): void {
  if (!(buffer instanceof Uint8Array)) throw new TypeError(`The ${name} must be a Uint8Array: wrap memory in a view`);
}
