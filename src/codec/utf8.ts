/**
 * Whether bytes are well-formed UTF-8 (RFC 3629; the table of well-formed sequences is 3-7 of the Unicode Standard).
 *
 * Invariant: overlong forms, surrogates, what is above U+10FFFF and sequences that the end cuts are refused. Why it is
 * checked at all: a lenient decoder makes one text of many byte strings, and so lets a forbidden key through, and reads
 * past the end of a text that is cut.
 *
 * @module
 */

/**
 * Checks a stretch of bytes.
 *
 * @param bytes Any memory; only read.
 * @param start Where the text starts.
 * @param end Where it ends.
 * @returns Whether it is well-formed UTF-8.
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (more > end - at) return false;
    const next = bytes[at]!;
    if (next < lowest(lead) || next > highest(lead)) return false;
    for (let i = 1; i < more; i++) {
      if ((bytes[at + i]! & 0xc0) !== 0x80) return false;
    }
    at += more;
  }
  return true;
}

/** The lowest byte that may follow a lead byte: what is below would be overlong. */
function lowest(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

/** The highest byte that may follow a lead byte: what is above would be a surrogate, or above U+10FFFF. */
function highest(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}
