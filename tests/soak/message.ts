/**
 * The messages of the soak: each says who sent it, where it stands in line, and what its bytes must be.
 *
 * ```text
 * uint32 sender | uint32 number | uint32 line | uint32 length | length bytes that follow from sender and number
 * ```
 *
 * Messages of one sender and one line keep their order. Why there are lines: under the policy that keeps the newest
 * message of each key, only messages of one key do.
 *
 * @module
 */

const HEADER_BYTES = 16;

/** What a message says. */
export interface ReadMessage {
  /** Sender and line, as a key. */
  readonly line: string;
  /** Its number within the line. */
  readonly number: number;
  /** Whether its bytes are what they must be. */
  readonly isWhole: boolean;
}

/**
 * Makes a message.
 *
 * @param sender Who sends it.
 * @param number Its number.
 * @param line Its line.
 * @param length How many bytes follow the header.
 * @returns The payload.
 */
export function writeMessage(sender: number, number: number, line: number, length: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(HEADER_BYTES + length).fill((sender + number) & 255, HEADER_BYTES);
  new Uint32Array(payload.buffer, 0, 4).set([sender, number, line, length]);
  return payload;
}

/**
 * Reads a message.
 *
 * @param payload What arrived.
 * @returns What it says, or `undefined` when it is too short to be one.
 */
export function readMessage(payload: Uint8Array): ReadMessage | undefined {
  if (payload.length < HEADER_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const sender = view.getUint32(0, true);
  const number = view.getUint32(4, true);
  const isWhole = payload.length === HEADER_BYTES + view.getUint32(12, true) &&
    payload.subarray(HEADER_BYTES).every((byte) => byte === ((sender + number) & 255));
  return { line: `${sender}/${view.getUint32(8, true)}`, number, isWhole };
}
