/**
 * LZ4 blocks (the "LZ4 Block Format Description" of the lz4 project): a fast compressor and a bounded decompressor.
 *
 * Invariants: the decompressor reads and writes only inside of the stretches that it was given, whatever the bytes are,
 * in time linear in both; it succeeds only when the block ends exactly where the caller said. The last 5 bytes are
 * literals, as the format demands: that leaves room to copy matches in whole words. Why a compressor of ours: none of
 * the libraries writes into memory of the caller without allocating.
 *
 *     sequence:  token | literal lengths of 15 + … | literals | offset (2, low byte first) | match lengths of 15 + …
 *     token:     literal length (4 bits) | match length - 4 (4 bits)
 *     a block:   sequences, the last of which ends after its literals
 *
 * @module
 */
import type { Lz4Table } from "./lz4_table.ts";

const MIN_MATCH = 4;
/** The last bytes of a block are literals. */
const LAST_LITERALS = 5;
/** The last match starts so many bytes before the end, or earlier. */
const MATCH_LIMIT = 12;
const MAX_OFFSET = 65_535;
/** The largest value that fits a half of a token; it says that more follows. */
const NIBBLE = 15;
/** After so many misses (as a power of two) the search takes longer steps. */
const SKIP_BITS = 6;
/** From this length on the platform's copy is faster than a loop. */
const LONG_COPY = 96;

/**
 * The size that a block has at most, whatever the source is.
 *
 * @param length How many bytes are compressed.
 * @returns How many bytes the block takes at most.
 */
export function lz4MaxBlockBytes(length: number): number {
  return length + Math.floor(length / 255) + 16;
}

/**
 * Compresses bytes into one LZ4 block.
 *
 * @param source Holds the bytes; only read.
 * @param sourceStart Where they start.
 * @param sourceEnd Where they end; at most 2^30 bytes.
 * @param into Takes the block; must not overlap with the source.
 * @param at Where the block starts.
 * @param limit How many bytes the block may have; give one less than the source has to compress only what shrinks.
 * @param table The memory of the search; one serves any number of calls.
 * @returns How many bytes were written; 0 when the block does not fit, then the bytes up to the limit are undefined.
 * @throws {RangeError} When a stretch is not inside of its buffer.
 */
export function lz4CompressBlock(
  source: Uint8Array,
  sourceStart: number,
  sourceEnd: number,
  into: Uint8Array,
  at: number,
  limit: number,
  table: Lz4Table,
): number {
  checkStretch("compress", source, sourceStart, sourceEnd);
  checkStretch("compress", into, at, at + limit);
  const cells = table.cells;
  const shift = table.shift;
  const base = table.open(sourceEnd - sourceStart) - sourceStart;
  const floor = base + sourceStart;
  const view = table.viewOf(source);
  const stop = at + limit;
  const lastStart = sourceEnd - MATCH_LIMIT;
  const matchEnd = sourceEnd - LAST_LITERALS;
  let to = at;
  let anchor = sourceStart;
  let from = sourceStart;
  let misses = 1 << SKIP_BITS;
  while (from <= lastStart) {
    const word = view.getInt32(from, true);
    const cell = Math.imul(word, -1640531535) >>> shift;
    const known = cells[cell]!;
    cells[cell] = base + from;
    let match = known - base;
    if (known < floor || from - match > MAX_OFFSET || view.getInt32(match, true) !== word) {
      from += misses++ >>> SKIP_BITS;
      continue;
    }
    const offset = from - match;
    while (from > anchor && match > sourceStart && source[from - 1] === source[match - 1]) {
      from--;
      match--;
    }
    let end = from + MIN_MATCH;
    while (end + 4 <= matchEnd && view.getInt32(end, true) === view.getInt32(end - offset, true)) end += 4;
    while (end < matchEnd && source[end] === source[end - offset]) end++;
    to = writeSequence(source, anchor, from, into, to, stop, offset, end - from - MIN_MATCH);
    if (to < 0) return 0;
    anchor = from = end;
    misses = 1 << SKIP_BITS;
    // The place just before is a good one to be found by what follows.
    if (from <= lastStart) cells[Math.imul(view.getInt32(from - 2, true), -1640531535) >>> shift] = base + from - 2;
  }
  to = writeLiterals(source, anchor, sourceEnd, into, to, stop, 0);
  return to < 0 ? 0 : to - at;
}

/**
 * Decompresses one LZ4 block whose decompressed size is known.
 *
 * @param source Holds the block, such as a peer may send; only read.
 * @param start Where it starts.
 * @param end Where it ends.
 * @param into Takes the bytes; must not overlap with the source. Nothing outside of `at` to `at + size` is touched.
 * @param at Where the bytes start.
 * @param size How many bytes there must be: what the caller has bounded and made room for.
 * @returns Whether the block is well formed and gives exactly so many bytes; when not, what stands there is undefined.
 * @throws {RangeError} When a stretch is not inside of its buffer.
 */
export function lz4DecompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  size: number,
): boolean {
  checkStretch("decompress", source, start, end);
  checkStretch("decompress", into, at, at + size);
  const stop = at + size;
  // A match ends here at the latest, so that a copy of whole words stays inside.
  const matchStop = stop - LAST_LITERALS;
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  let from = start;
  let to = at;
  while (from < end) {
    const token = source[from++]!;
    let length = token >>> 4;
    if (length === NIBBLE) {
      let more = 255;
      while (more === 255) {
        if (from >= end || length > size) return false;
        more = source[from++]!;
        length += more;
      }
    }
    if (length > end - from || length > stop - to) return false;
    if (length > LONG_COPY) {
      into.set(source.subarray(from, from + length), to);
      from += length;
      to += length;
    } else {
      for (const literalEnd = to + length; to < literalEnd;) into[to++] = source[from++]!;
    }
    if (from === end) return to === stop;
    if (end - from < 2) return false;
    const offset = source[from]! | source[from + 1]! << 8;
    from += 2;
    if (offset === 0 || offset > to - at) return false;
    length = (token & NIBBLE) + MIN_MATCH;
    if (length === NIBBLE + MIN_MATCH) {
      let more = 255;
      while (more === 255) {
        if (from >= end || length > size) return false;
        more = source[from++]!;
        length += more;
      }
    }
    const matchEnd = to + length;
    if (matchEnd > matchStop) return false;
    if (offset >= 4) {
      if (length > LONG_COPY && offset >= length) into.copyWithin(to, to - offset, matchEnd - offset);
      else for (; to < matchEnd; to += 4) view.setInt32(to, view.getInt32(to - offset, true), true);
      to = matchEnd;
    } else if (offset === 1 && length > LONG_COPY) {
      into.fill(into[to - 1]!, to, matchEnd);
      to = matchEnd;
    } else {
      for (; to < matchEnd; to++) into[to] = into[to - offset]!;
    }
  }
  return false;
}

/** Writes literals and a match behind them; returns where it ends, -1 when there is no room. */
function writeSequence(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  stop: number,
  offset: number,
  extra: number,
): number {
  let to = writeLiterals(source, start, end, into, at, stop, extra < NIBBLE ? extra : NIBBLE);
  if (to < 0 || stop - to < 2) return -1;
  into[to++] = offset;
  into[to++] = offset >>> 8;
  return extra < NIBBLE ? to : writeLength(extra - NIBBLE, into, to, stop);
}

/** Writes a token and literals; returns where they end, -1 when there is no room. */
function writeLiterals(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  stop: number,
  matchNibble: number,
): number {
  const length = end - start;
  if (stop - at < 1 + length) return -1;
  let to = at + 1;
  if (length < NIBBLE) into[at] = length << 4 | matchNibble;
  else {
    into[at] = NIBBLE << 4 | matchNibble;
    to = writeLength(length - NIBBLE, into, to, stop);
    if (to < 0 || stop - to < length) return -1;
  }
  if (length > LONG_COPY) {
    into.set(source.subarray(start, end), to);
    return to + length;
  }
  for (let from = start; from < end;) into[to++] = source[from++]!;
  return to;
}

/** Writes what a nibble could not hold; returns where it ends, -1 when there is no room. */
function writeLength(rest: number, into: Uint8Array, at: number, stop: number): number {
  let to = at;
  let left = rest;
  for (; left >= 255; left -= 255) {
    if (to >= stop) return -1;
    into[to++] = 255;
  }
  if (to >= stop) return -1;
  into[to++] = left;
  return to;
}

function checkStretch(verb: string, buffer: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= buffer.length)) {
    throw new RangeError(`Cannot ${verb}: ${start} to ${end} is not inside of ${buffer.length} bytes`);
  }
}
