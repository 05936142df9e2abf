/**
 * The packet of messages: a 16-byte header, an extension header, a payload (msgtrans 1.x, byte for byte).
 *
 * Encode and decode only, stateless. What carries the packets decides how they follow one another: a byte stream has them
 * one after another, a WebSocket one in each binary message, QUIC behind a `uint32` length (`uint32_frame.ts`).
 * Invariant: a header is judged whole before anything is allocated for what it announces.
 *
 * ```text
 *  0         1             2      3          4            8            10              14      16
 *  +---------+-------------+------+----------+------------+------------+---------------+-------+-----------+---------+
 *  | version | compression | type | business | message id | ext length | payload bytes | flags | extension | payload |
 *  | 1       | 0, 1, 2     |0,1,2 | any      | uint32     | uint16     | uint32        | uint16| ext length| …       |
 *  +---------+-------------+------+----------+------------+------------+---------------+-------+-----------+---------+
 *  big-endian; the payload is compressed, the extension header never
 * ```
 *
 * @module
 */

/** How long the header is. */
export const MESSAGE_HEADER_BYTES = 16;

/** The only version. */
export const MESSAGE_VERSION = 1;

/** The longest extension header that the header can announce. */
export const MAX_EXTENSION_BYTES = 0xffff;

/** The largest message id; 1 follows it. */
export const MAX_MESSAGE_ID = 0xffff_ffff;

/** How a payload is compressed. */
export const MessageCompression = {
  /** Not at all. */
  None: 0,
  /** Zstandard (RFC 8878). */
  Zstd: 1,
  /** zlib (RFC 1950). */
  Zlib: 2,
} as const;

/** One of the values of {@linkcode MessageCompression}. */
export type MessageCompression = (typeof MessageCompression)[keyof typeof MessageCompression];

/** What a packet is. */
export const MessageType = {
  /** Wants no answer. */
  OneWay: 0,
  /** Wants an answer with the same id. */
  Request: 1,
  /** Answers the request with the same id. */
  Response: 2,
} as const;

/** One of the values of {@linkcode MessageType}. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** The bits of the flags; unknown ones are ignored. */
export const MessageFlag = {
  /** A part of a message; not used in version 1. */
  Fragmented: 1 << 0,
  /** The application calls it urgent. */
  HighPriority: 1 << 1,
  /** The extension header begins with a route tag of the application. */
  RouteTag: 1 << 2,
  /** The extension header is a list of control fields; only together with `UnderstandsControl`. */
  Control: 1 << 14,
  /** The sender understands control; set on every packet of this implementation. */
  UnderstandsControl: 1 << 15,
} as const;

/** What is wrong with a header. */
export const MessageHeaderFault = {
  /** Nothing. */
  None: 0,
  /** The version is not 1. */
  Version: 1,
  /** The compression is none of the known ones. */
  Compression: 2,
  /** The type is none of the known ones. */
  Type: 3,
} as const;

/** One of the values of {@linkcode MessageHeaderFault}. */
export type MessageHeaderFault = (typeof MessageHeaderFault)[keyof typeof MessageHeaderFault];

/** A decoded header; one record is reused for all packets. */
export class MessageHeader {
  /** How the payload is compressed; whatever the byte says when the header is at fault. */
  compression = 0;
  /** What the packet is; whatever the byte says when the header is at fault. */
  type = 0;
  /** The application's own number, 0 to 255. */
  businessType = 0;
  /** The id. */
  id = 0;
  /** How long the extension header is. */
  extensionBytes = 0;
  /** How long the payload is on the wire. */
  payloadBytes = 0;
  /** The flags, see {@linkcode MessageFlag}. */
  flags = 0;

  /**
   * Reads a header.
   *
   * @param from The memory; it must hold 16 bytes from `at`.
   * @param at Where the header starts.
   * @returns What is wrong with it; only without a fault do the other fields mean anything.
   */
  decode(from: Uint8Array, at: number): MessageHeaderFault {
    this.compression = from[at + 1]!;
    this.type = from[at + 2]!;
    this.businessType = from[at + 3]!;
    this.id = uint32(from, at + 4);
    this.extensionBytes = (from[at + 8]! << 8) | from[at + 9]!;
    this.payloadBytes = uint32(from, at + 10);
    this.flags = (from[at + 14]! << 8) | from[at + 15]!;
    return messageHeaderFault(from, at);
  }

  /**
   * Writes the header.
   *
   * @param into The memory; 16 bytes from `at` are overwritten.
   * @param at Where the header starts.
   */
  encode(into: Uint8Array, at: number): void {
    const { id, extensionBytes, payloadBytes, flags } = this;
    into[at] = MESSAGE_VERSION;
    into[at + 1] = this.compression;
    into[at + 2] = this.type;
    into[at + 3] = this.businessType;
    into[at + 4] = id >>> 24;
    into[at + 5] = id >>> 16;
    into[at + 6] = id >>> 8;
    into[at + 7] = id;
    into[at + 8] = extensionBytes >>> 8;
    into[at + 9] = extensionBytes;
    into[at + 10] = payloadBytes >>> 24;
    into[at + 11] = payloadBytes >>> 16;
    into[at + 12] = payloadBytes >>> 8;
    into[at + 13] = payloadBytes;
    into[at + 14] = flags >>> 8;
    into[at + 15] = flags;
  }
}

/**
 * Judges a header.
 *
 * @param from The memory; it must hold 16 bytes from `at`.
 * @param at Where the header starts.
 * @returns What is wrong with it.
 */
export function messageHeaderFault(from: Uint8Array, at: number): MessageHeaderFault {
  if (from[at] !== MESSAGE_VERSION) return MessageHeaderFault.Version;
  if (from[at + 1]! > MessageCompression.Zlib) return MessageHeaderFault.Compression;
  if (from[at + 2]! > MessageType.Response) return MessageHeaderFault.Type;
  return MessageHeaderFault.None;
}

/**
 * How long a packet's payload is on the wire.
 *
 * @param from The memory; it must hold 16 bytes from `at`.
 * @param at Where the packet starts.
 * @returns Its length.
 */
export function messagePayloadBytes(from: Uint8Array, at: number): number {
  return uint32(from, at + 10);
}

/**
 * How long a packet is with everything.
 *
 * @param from The memory; it must hold 16 bytes from `at`.
 * @param at Where the packet starts.
 * @returns Header, extension header and payload together.
 */
export function messagePacketBytes(from: Uint8Array, at: number): number {
  return MESSAGE_HEADER_BYTES + ((from[at + 8]! << 8) | from[at + 9]!) + uint32(from, at + 10);
}

function uint32(from: Uint8Array, at: number): number {
  return ((from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!) >>> 0;
}
