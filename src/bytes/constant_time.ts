/**
 * Comparison of secrets: tags, cookies and keys.
 *
 * Invariant: how long it takes depends on the lengths only, never on where or whether the bytes differ, as far as a
 * language that is compiled at run time can promise it.
 *
 * @module
 */

/**
 * Compares two byte strings in a time that does not depend on their content.
 *
 * @param a One string; only read.
 * @param b The other; only read.
 * @returns Whether both have the same length and the same bytes; a difference in length is told at once.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
