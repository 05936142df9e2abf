/**
 * Reed–Solomon as plainly as can be: products bit by bit, the scaled Cauchy matrix by its definition, parities as sums of
 * products, lost symbols by trying nothing clever: Gaussian elimination on whole symbols.
 *
 * @module
 */

/** Multiplies bit by bit modulo 0x11d. */
export function slowMultiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a << bit;
  }
  for (let bit = 15; bit >= 8; bit--) {
    if ((product >> bit) & 1) product ^= 0x11d << (bit - 8);
  }
  return product;
}

/** Finds the quotient by trying all elements. */
export function slowDivide(a: number, b: number): number {
  for (let q = 0; q < 256; q++) if (slowMultiply(q, b) === a) return q;
  throw new Error("a division by zero");
}

/** The coefficient of a source in a parity. */
export function slowCoefficient(parity: number, source: number): number {
  return slowDivide(255 ^ source, (255 - parity) ^ source);
}

/** A frame as a symbol of a length. */
export function symbolOf(frame: Uint8Array, length: number): Uint8Array {
  const symbol = new Uint8Array(length);
  symbol[0] = frame.length >> 8;
  symbol[1] = frame.length & 0xff;
  symbol.set(frame, 2);
  return symbol;
}

/** All parities of a group. */
export function slowParities(frames: readonly Uint8Array[], parities: number): Uint8Array[] {
  const length = 2 + Math.max(...frames.map((frame) => frame.length));
  return Array.from({ length: parities }, (_, p) => {
    const sum = new Uint8Array(length);
    frames.forEach((frame, i) => {
      const factor = slowCoefficient(p, i);
      symbolOf(frame, length).forEach((byte, at) => sum[at]! ^= slowMultiply(factor, byte));
    });
    return sum;
  });
}
