/**
 * Payloads that say what they are, so that a test can tell one that is missing, doubled, out of order or damaged.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Encodes text.
 *
 * @param text The text.
 * @returns Its bytes.
 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * Decodes text.
 *
 * @param payload Its bytes.
 * @returns The text.
 */
export function textOf(payload: Uint8Array): string {
  return decoder.decode(payload);
}

/**
 * A payload with a number in it; every byte behind the number follows from it.
 *
 * @param number The number, 0 to 2^32 - 1.
 * @param length How many bytes, at least 4.
 * @returns The payload.
 */
export function numbered(number: number, length = 4): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(length);
  for (let i = 4; i < length; i++) payload[i] = number + i;
  new DataView(payload.buffer).setUint32(0, number, true);
  return payload;
}

/**
 * The number in a payload.
 *
 * @param payload One that {@linkcode numbered} made.
 * @returns The number, or -1 when a byte of it is damaged.
 */
export function numberOf(payload: Uint8Array): number {
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  for (let i = 4; i < payload.length; i++) if (payload[i] !== ((number + i) & 255)) return -1;
  return number;
}

/**
 * The numbers from 0.
 *
 * @param count How many.
 * @returns 0, 1, …, `count - 1`.
 */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
