/**
 * Reads the vectors of Project Wycheproof that lie in `vectors/`, one a line.
 *
 * @module
 */

/** What every vector has. */
export interface WycheproofVector {
  readonly tcId: number;
  readonly comment?: string;
  /** `acceptable`: an implementation may refuse it. */
  readonly result: "valid" | "invalid" | "acceptable";
}

/**
 * Reads the vectors of one algorithm.
 *
 * @param algorithm The part of a file's name after `wycheproof_`.
 * @returns All vectors, in their order.
 */
export function wycheproof<Fields>(algorithm: string): readonly (WycheproofVector & Fields)[] {
  const text = Deno.readTextFileSync(new URL(`./vectors/wycheproof_${algorithm}.jsonl`, import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/**
 * Reads bytes.
 *
 * @param digits Pairs of hexadecimal digits.
 * @returns The bytes.
 */
export function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
