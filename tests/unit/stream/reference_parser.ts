/**
 * What the int32 framing means, written to be read: one payload after another until something is wrong or missing.
 *
 * @module
 */
import { CloseCode } from "../../../src/error/close_code.ts";
import type { FrameLimits } from "../../../src/stream/frame_cursor.ts";

/** What a stream of bytes contains. */
export interface Parsed {
  /** Where each payload starts and ends, prefix excluded. */
  readonly payloads: readonly (readonly [start: number, end: number])[];
  /** Why the frame behind the last payload is refused; `undefined` when there is none or it is incomplete. */
  readonly fault: CloseCode | undefined;
  /** Where that frame starts. */
  readonly position: number;
}

/**
 * Parses a whole stream at once.
 *
 * @param bytes All of it.
 * @param limits What is accepted.
 * @returns What it contains.
 */
export function parseInt32(bytes: Uint8Array, limits: FrameLimits): Parsed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const payloads: [number, number][] = [];
  let position = 0;
  while (position + 4 <= bytes.length) {
    const length = view.getInt32(position, true);
    const fault = judge(length, limits);
    if (fault !== undefined) return { payloads, fault, position };
    const end = position + 4 + length;
    if (end > bytes.length) break;
    payloads.push([position + 4 + limits.prefixBytes, end]);
    position = end;
  }
  return { payloads, fault: undefined, position };
}

function judge(length: number, { minBytes, maxBytes, prefixBytes }: FrameLimits): CloseCode | undefined {
  if (length < 0) return CloseCode.NegativeLength;
  if (length > maxBytes) return CloseCode.FrameTooLarge;
  if (length < prefixBytes) return CloseCode.MissingTimestamp;
  if (length < minBytes) return CloseCode.EmptyFrame;
  return undefined;
}
