/**
 * The frames of channels (STANDARD.md, section 12): their types and how each is written; `channel_frame_reader.ts`
 * reads them.
 *
 * Invariant: a frame is written whole or not at all; the caller has made sure of the room by the sizes that stand here.
 * Why offsets in bytes but on a grid: a fragment fills whatever room a packet has left, and yet the receiver needs no
 * more than a bit for every {@linkcode GRAIN_BYTES} of a message to know what is there.
 *
 * @module
 */
import { encodeNumber, encodeWord } from "./packet_header.ts";

/**
 * The types of the frames of channels; each frame is one byte of type and the fields behind the name, big-endian.
 *
 * ```text
 *  Message    0x10 | channel 1 | id 4 | length 2 | payload
 *  Fragment   0x12 | channel 1 | id 4 | total 3 | offset 3 | length 2 | payload
 *  Skip       0x13 | channel 1 | id 4 | total 3
 *  Credit     0x14 | channel 1 | limit 8
 *  Blocked    0x15 | channel 1
 *  Protected  0x16 | group 2 | index 1 | a Message or a Fragment
 *  Parity     0x17 | channel 1 | group 2 | index 1 | sources 1 | parities 1 | length 2 | parity
 *  Recovered  0x18 | channel 1 | group 2 | count 1 | indexes (count bytes)
 * ```
 */
export const ChannelFrameType = {
  /** A whole message. */
  Message: 0x10,
  /** A part of a message. */
  Fragment: 0x12,
  /** A message that will not be completed. */
  Skip: 0x13,
  /** How far the peer may send. */
  Credit: 0x14,
  /** The sender of this frame has more to send than it has credit. */
  Blocked: 0x15,
  /** The place of the frame behind it in a group of parity. */
  Protected: 0x16,
  /** Parity over the frames of a group. */
  Parity: 0x17,
  /** The frames of a group that parity gave back. */
  Recovered: 0x18,
} as const;

/** One of the values of {@linkcode ChannelFrameType}. */
export type ChannelFrameType = (typeof ChannelFrameType)[keyof typeof ChannelFrameType];

/** Fragments begin and, but for the last one, end on this grid. */
export const GRAIN_BYTES = 16;

/** The most bytes that a message can have: three bytes tell its size. */
export const MAX_TOTAL_BYTES = 0xff_ffff;

/** Channel numbers are below this; as a channel in Credit and Blocked it means the whole connection. */
export const CONNECTION = 0xff;

/** The most frames of a group of parity. */
export const MAX_GROUP_SOURCES = 64;

/** The most parities of a group. */
export const MAX_GROUP_PARITIES = 8;

/** How many bytes stand before the payload of a whole message. */
export const WHOLE_OVERHEAD_BYTES = 8;
/** How many bytes stand before the payload of a fragment. */
export const FRAGMENT_OVERHEAD_BYTES = 14;
/** The size of a skip. */
export const SKIP_FRAME_BYTES = 9;
/** The size of a credit. */
export const CREDIT_FRAME_BYTES = 10;
/** The size of a blocked. */
export const BLOCKED_FRAME_BYTES = 2;
/** How many bytes stand before the frame that is protected. */
export const PROTECTED_OVERHEAD_BYTES = 4;
/** How many bytes stand before the parity itself. */
export const PARITY_OVERHEAD_BYTES = 9;
/** How many bytes stand before the indexes of a recovered. */
export const RECOVERED_OVERHEAD_BYTES = 5;

/**
 * Whether a type belongs to channels.
 *
 * @param type The first byte of a frame.
 * @returns True for all values of {@linkcode ChannelFrameType}.
 */
export function isChannelFrame(type: number): boolean {
  return type === ChannelFrameType.Message || type >= ChannelFrameType.Fragment && type <= ChannelFrameType.Recovered;
}

/**
 * Writes what stands before the payload of a whole message.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254.
 * @param id The message's id; its low 32 bits are written.
 * @param length The payload's length in bytes, 0 to 65535.
 * @returns The index of the payload.
 */
export function encodeWhole(into: Uint8Array, at: number, channel: number, id: number, length: number): number {
  into[at] = ChannelFrameType.Message;
  into[at + 1] = channel;
  encodeWord(into, at + 2, id);
  encodeShort(into, at + 6, length);
  return at + WHOLE_OVERHEAD_BYTES;
}

/**
 * Writes what stands before the payload of a fragment.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254.
 * @param id The message's id; its low 32 bits are written.
 * @param total The message's length in bytes, 1 to {@linkcode MAX_TOTAL_BYTES}.
 * @param offset Where in the message the payload belongs, a multiple of {@linkcode GRAIN_BYTES}.
 * @param length The payload's length, at least 1; a multiple of the grid unless the message ends with it.
 * @returns The index of the payload.
 */
export function encodeFragment(
  into: Uint8Array,
  at: number,
  channel: number,
  id: number,
  total: number,
  offset: number,
  length: number,
): number {
  into[at] = ChannelFrameType.Fragment;
  into[at + 1] = channel;
  encodeWord(into, at + 2, id);
  encodeTriple(into, at + 6, total);
  encodeTriple(into, at + 9, offset);
  encodeShort(into, at + 12, length);
  return at + FRAGMENT_OVERHEAD_BYTES;
}

/**
 * Writes that a message will not be completed.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254.
 * @param id The message's id; its low 32 bits are written.
 * @param total The message's length in bytes.
 * @returns The index after the frame.
 */
export function encodeSkip(into: Uint8Array, at: number, channel: number, id: number, total: number): number {
  into[at] = ChannelFrameType.Skip;
  into[at + 1] = channel;
  encodeWord(into, at + 2, id);
  encodeTriple(into, at + 6, total);
  return at + SKIP_FRAME_BYTES;
}

/**
 * Writes how far the peer may send.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254, or {@linkcode CONNECTION}.
 * @param limit How much may be sent in all since the beginning, an integer up to 2^53 - 1.
 * @returns The index after the frame.
 */
export function encodeCredit(into: Uint8Array, at: number, channel: number, limit: number): number {
  into[at] = ChannelFrameType.Credit;
  into[at + 1] = channel;
  encodeNumber(into, at + 2, limit);
  return at + CREDIT_FRAME_BYTES;
}

/**
 * Writes that credit is short.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254, or {@linkcode CONNECTION}.
 * @returns The index after the frame.
 */
export function encodeBlocked(into: Uint8Array, at: number, channel: number): number {
  into[at] = ChannelFrameType.Blocked;
  into[at + 1] = channel;
  return at + BLOCKED_FRAME_BYTES;
}

/**
 * Writes what stands before a protected frame.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param group The group's id; its low 16 bits are written.
 * @param index The frame's place in the group.
 * @returns The index of the protected frame.
 */
export function encodeProtected(into: Uint8Array, at: number, group: number, index: number): number {
  into[at] = ChannelFrameType.Protected;
  encodeShort(into, at + 1, group);
  into[at + 3] = index;
  return at + PROTECTED_OVERHEAD_BYTES;
}

/**
 * Writes what stands before a parity.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254.
 * @param group The group's id; its low 16 bits are written.
 * @param index Which parity of the group.
 * @param sources How many frames the group has.
 * @param parities How many parities it has.
 * @param length The parity's length in bytes.
 * @returns The index of the parity itself.
 */
export function encodeParity(
  into: Uint8Array,
  at: number,
  channel: number,
  group: number,
  index: number,
  sources: number,
  parities: number,
  length: number,
): number {
  into[at] = ChannelFrameType.Parity;
  into[at + 1] = channel;
  encodeShort(into, at + 2, group);
  into[at + 4] = index;
  into[at + 5] = sources;
  into[at + 6] = parities;
  encodeShort(into, at + 7, length);
  return at + PARITY_OVERHEAD_BYTES;
}

/**
 * Writes what stands before the indexes of a recovered.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param channel 0 to 254.
 * @param group The group's id; its low 16 bits are written.
 * @param count How many indexes follow, 1 to {@linkcode MAX_GROUP_PARITIES}.
 * @returns The index of the first one.
 */
export function encodeRecovered(into: Uint8Array, at: number, channel: number, group: number, count: number): number {
  into[at] = ChannelFrameType.Recovered;
  into[at + 1] = channel;
  encodeShort(into, at + 2, group);
  into[at + 4] = count;
  return at + RECOVERED_OVERHEAD_BYTES;
}

function encodeShort(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8;
  into[at + 1] = value;
}

function encodeTriple(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 16;
  into[at + 1] = value >>> 8;
  into[at + 2] = value;
}
