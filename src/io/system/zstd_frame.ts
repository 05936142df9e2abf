/**
 * Whether some bytes are exactly one Zstandard frame, and how much it says that it holds (RFC 8878, section 3.1.1).
 *
 * Nothing is unpacked: blocks are walked by their lengths. Why: the platform's decoder gives what it has of a frame that
 * was cut off, and passes over what stands behind it, without a word.
 *
 * ```text
 * | magic 4 | descriptor 1 | window 0-1 | dictionary 0-4 | content size 0-8 | blocks: header 3, data … | checksum 0 or 4 |
 * ```
 *
 * @module
 */

/** What {@linkcode zstdContentBytes} returns for a frame that does not say how much it holds. */
export const CONTENT_UNSTATED = -1;
/** What {@linkcode zstdContentBytes} returns for bytes that are not exactly one frame. */
export const NOT_ONE_FRAME = -2;

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const BLOCK_HEADER_BYTES = 3;

/**
 * Looks at a frame.
 *
 * @param bytes What a peer sent.
 * @returns How many bytes the frame says that it holds, {@linkcode CONTENT_UNSTATED} or {@linkcode NOT_ONE_FRAME}.
 */
export function zstdContentBytes(bytes: Uint8Array): number {
  if (bytes.length < 6 || little(bytes, 0, 4) !== 0xfd2f_b528) return NOT_ONE_FRAME;
  const descriptor = bytes[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = descriptor >>> 6 === 0 && isSingle ? 1 : SIZE_BYTES[descriptor >>> 6]!;
  const sizeAt = 5 + (isSingle ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3]!;
  const blocksAt = sizeAt + sizeBytes;
  if (blocksAt > bytes.length) return NOT_ONE_FRAME;
  const end = blocksEnd(bytes, blocksAt);
  if (end + ((descriptor & 4) === 0 ? 0 : 4) !== bytes.length) return NOT_ONE_FRAME;
  if (sizeBytes === 0) return CONTENT_UNSTATED;
  return little(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

/** Where the last block ends; beyond the end of the bytes when it is not there. */
function blocksEnd(bytes: Uint8Array, first: number): number {
  for (let at = first; at + BLOCK_HEADER_BYTES <= bytes.length;) {
    const header = little(bytes, at, BLOCK_HEADER_BYTES);
    const type = (header >>> 1) & 3;
    if (type === RESERVED_BLOCK) break;
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >>> 3);
    if ((header & 1) !== 0) return at;
  }
  return bytes.length + 1;
}

function little(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}
