/**
 * The layout of what travels over a link (../LINKS.md is normative).
 *
 *     handshake message:  length (2) | message of the handshake
 *     record:             type (1) | flags (1) | length (2) | text | tag (16, where links are sealed)
 *                         |—————— associated data ——————|
 *     batch text:         length (4) | message | length (4) | message | …    a message may go on in the next batch
 *     compressed batch:   decompressed length (2) | LZ4 block
 *
 * All integers are little-endian; `length` of a record counts text and tag. Invariant: every length is bounded by its
 * own field, so nothing has to be allocated for one that was only announced.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../../crypto/aead.ts";

/** What a record is. */
export const RecordType = {
  /** Messages. */
  Batch: 1,
  /** Who this end is; the first record of each end. */
  Hello: 2,
  /** Asks for a `Pong`; no text. */
  Ping: 3,
  /** Answers a `Ping`; no text. */
  Pong: 4,
  /** The next record is sealed under the next key; no text. */
  Rekey: 5,
  /** Nothing comes after this; the text is one byte, the reason. */
  Close: 6,
} as const;

/** One of the values of {@linkcode RecordType}. */
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** The flag of a compressed batch. */
export const COMPRESSED_FLAG = 1;

/** What stands before a handshake message. */
export const HANDSHAKE_HEADER_BYTES = 2;

/** What stands before a record's text. */
export const RECORD_HEADER_BYTES = 4;

/** The most text of one record, decompressed or not. */
export const MAX_TEXT_BYTES = 65_535 - AEAD_TAG_BYTES;

/** What stands before a message in a batch. */
export const MESSAGE_HEADER_BYTES = 4;

/** What stands before the block of a compressed batch. */
export const COMPRESSED_HEADER_BYTES = 2;

/** The most that a handshake message of ours has; a longer one is not looked at. */
export const MAX_HANDSHAKE_BYTES = 256;

/**
 * Writes a record's header.
 *
 * @param into The memory.
 * @param at Where the header starts.
 * @param type What the record is.
 * @param flags Its flags.
 * @param length How many bytes of text and tag follow.
 */
export function encodeRecordHeader(
  into: Uint8Array,
  at: number,
  type: RecordType,
  flags: number,
  length: number,
): void {
  into[at] = type;
  into[at + 1] = flags;
  into[at + 2] = length;
  into[at + 3] = length >>> 8;
}
