/**
 * Random byte strings and random edits of them, such as states of games undergo.
 *
 * @module
 */
import type { SeededRandom } from "../../../../src/random/seeded_random.ts";

/**
 * Draws bytes, with runs of zeros between noise.
 *
 * @param random Where chance comes from.
 * @param length How many bytes.
 * @returns The bytes.
 */
export function drawState(random: SeededRandom, length: number): Uint8Array {
  const state = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const end = Math.min(length, at + 1 + random.nextInt(40));
    if (random.nextInt(2) === 0) random.fillSecret(state.subarray(at, end));
    at = end;
  }
  return state;
}

/**
 * Makes a state from another one by a few edits: bytes changed in place, inserted, removed or moved.
 *
 * @param random Where chance comes from.
 * @param base The state to start from; not changed.
 * @param maxLength How long the result may be.
 * @returns The new state.
 */
export function editState(random: SeededRandom, base: Uint8Array, maxLength: number): Uint8Array {
  let bytes = [...base];
  for (let edits = random.nextInt(6); edits > 0; edits--) {
    const at = random.nextInt(bytes.length + 1);
    const count = 1 + random.nextInt(random.nextInt(4) === 0 ? 60 : 6);
    const draw = random.nextInt(6);
    if (draw <= 2) { for (let i = at; i < Math.min(bytes.length, at + count); i++) bytes[i] = random.nextInt(256); }
    else if (draw === 3) bytes.splice(at, 0, ...drawState(random, count));
    else if (draw === 4) bytes.splice(at, count);
    else bytes = [...bytes.slice(at), ...bytes.slice(0, at)];
  }
  if (random.nextInt(30) === 0) bytes = [...drawState(random, random.nextInt(maxLength + 1))];
  return Uint8Array.from(bytes.slice(0, maxLength));
}
