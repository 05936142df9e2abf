/**
 * The LZ4 block format as simply as it can be read: one list of bytes, one byte at a time.
 *
 * @module
 */

/**
 * Decompresses a block.
 *
 * @param block The block.
 * @param size How many bytes it must give.
 * @returns The bytes, `undefined` where the block is not well formed or has another size.
 */
export function referenceDecompress(block: Uint8Array, size: number): Uint8Array | undefined {
  const bytes: number[] = [];
  const rest = [...block];
  while (rest.length > 0) {
    const token = rest.shift()!;
    const literals = lengthOf(token >> 4, rest);
    if (literals === undefined || literals > rest.length || literals > size - bytes.length) return undefined;
    bytes.push(...rest.splice(0, literals));
    if (rest.length === 0) return bytes.length === size ? Uint8Array.from(bytes) : undefined;
    if (rest.length < 2) return undefined;
    const offset = rest.shift()! + 256 * rest.shift()!;
    const match = lengthOf(token & 15, rest);
    if (match === undefined || offset === 0 || offset > bytes.length) return undefined;
    if (bytes.length + match + 4 > size - 5) return undefined;
    for (let i = 0; i < match + 4; i++) bytes.push(bytes[bytes.length - offset]!);
  }
  return undefined;
}

function lengthOf(nibble: number, rest: number[]): number | undefined {
  let length = nibble;
  for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) {
    if (rest.length === 0) return undefined;
    more = rest.shift()!;
  }
  return length;
}
