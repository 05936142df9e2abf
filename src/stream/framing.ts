/**
 * What tells one framing from another: the closed set that `StreamMachine` runs over.
 *
 * A framing owns a specialised parser (its cursor) and a header encoder. Invariant: a cursor and the reference parser
 * in `tests/` find the same frames and the same fault in the same bytes.
 *
 * @module
 */
import { decodeInt32Header, encodeInt32Header, INT32_HEADER_BYTES, INT32_MAX_LENGTH } from "../wire/int32_frame.ts";
import { messagePacketBytes } from "../wire/message_packet.ts";
import {
  decodeUint32Header,
  encodeUint32Header,
  UINT32_HEADER_BYTES,
  UINT32_MAX_LENGTH,
} from "../wire/uint32_frame.ts";
import type { FrameLimits, FrameParser } from "./frame_cursor.ts";
import { Int32Cursor } from "./int32_cursor.ts";
import { MessageHeaderCursor } from "./message_header_cursor.ts";
import { Uint32Cursor } from "./uint32_cursor.ts";

/** One framing. */
export interface Framing {
  /** How many bytes stand before a payload. */
  readonly headerBytes: number;
  /** The largest payload that a header can announce. */
  readonly maxLength: number;
  /** Writes the header of a payload of `length` bytes at `at`. */
  encodeHeader(into: Uint8Array, at: number, length: number): void;
  /** Reads back the length in a header that this end wrote. */
  decodeLength(from: Uint8Array, at: number): number;
  /** Makes the specialised parser. */
  parser(limits: FrameLimits): FrameParser;
}

/** `int32 little-endian length | payload`: Faster.Transport, Zerio. */
export const INT32_FRAMING: Framing = Object.freeze({
  headerBytes: INT32_HEADER_BYTES,
  maxLength: INT32_MAX_LENGTH,
  encodeHeader: encodeInt32Header,
  decodeLength: decodeInt32Header,
  parser: (limits: FrameLimits): FrameParser => new Int32Cursor(limits),
});

/**
 * Message packets one after another: their lengths stand in their own headers, so that nothing is put before them. What
 * is sent under it must be whole packets, and must not be offered by reference.
 */
export const MESSAGE_HEADER_FRAMING: Framing = Object.freeze({
  headerBytes: 0,
  maxLength: UINT32_MAX_LENGTH,
  encodeHeader: (): void => {},
  decodeLength: messagePacketBytes,
  parser: (limits: FrameLimits): FrameParser => new MessageHeaderCursor(limits),
});

/** `uint32 big-endian length | packet`: message packets on a QUIC stream. */
export const UINT32_FRAMING: Framing = Object.freeze({
  headerBytes: UINT32_HEADER_BYTES,
  maxLength: UINT32_MAX_LENGTH,
  encodeHeader: encodeUint32Header,
  decodeLength: decodeUint32Header,
  parser: (limits: FrameLimits): FrameParser => new Uint32Cursor(limits),
});

/**
 * Encodes one frame into memory of its own.
 *
 * @param framing Writes the header.
 * @param payload Copied.
 * @returns Header and payload.
 */
export function encodeFrame(framing: Framing, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(framing.headerBytes + payload.length);
  framing.encodeHeader(frame, 0, payload.length);
  frame.set(payload, framing.headerBytes);
  return frame;
}
