/**
 * What the framings of messages mean, written to be read: one frame after another until something is wrong or missing.
 *
 * @module
 */
import { CloseCode } from "../../../src/error/close_code.ts";
import type { FrameLimits } from "../../../src/stream/frame_cursor.ts";
import type { Parsed } from "./reference_parser.ts";

/**
 * Parses message packets, which carry their lengths themselves.
 *
 * @param bytes All of the stream.
 * @param limits What is accepted.
 * @returns The packets, header included.
 */
export function parseMessages(bytes: Uint8Array, limits: FrameLimits): Parsed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const payloads: [number, number][] = [];
  let position = 0;
  while (position + 16 <= bytes.length) {
    const [version, compression, type] = bytes.subarray(position);
    if (version !== 1 || compression! > 2 || type! > 2) {
      return { payloads, fault: CloseCode.ProtocolViolation, position };
    }
    const payload = view.getUint32(position + 10);
    if (payload > limits.maxBytes) return { payloads, fault: CloseCode.FrameTooLarge, position };
    const end = position + 16 + view.getUint16(position + 8) + payload;
    if (end > bytes.length) break;
    payloads.push([position, end]);
    position = end;
  }
  return { payloads, fault: undefined, position };
}

/**
 * Parses frames behind a `uint32` length.
 *
 * @param bytes All of the stream.
 * @param limits What is accepted.
 * @returns The payloads.
 */
export function parseUint32(bytes: Uint8Array, limits: FrameLimits): Parsed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const payloads: [number, number][] = [];
  let position = 0;
  while (position + 4 <= bytes.length) {
    const length = view.getUint32(position);
    if (length > limits.maxBytes) return { payloads, fault: CloseCode.FrameTooLarge, position };
    if (length < limits.minBytes) return { payloads, fault: CloseCode.EmptyFrame, position };
    const end = position + 4 + length;
    if (end > bytes.length) break;
    payloads.push([position + 4, end]);
    position = end;
  }
  return { payloads, fault: undefined, position };
}
