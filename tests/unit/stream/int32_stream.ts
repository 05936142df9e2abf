/**
 * Seeded streams of int32 frames for tests: sound ones, and ones that break a rule somewhere.
 *
 * @module
 */
import type { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { FrameLimits } from "../../../src/stream/frame_cursor.ts";

/** Limits with and without a prefix, with and without empty messages, narrow and wide. */
export const LIMITS: readonly FrameLimits[] = [
  { minBytes: 0, maxBytes: 100, prefixBytes: 0 },
  { minBytes: 1, maxBytes: 100, prefixBytes: 0 },
  { minBytes: 8, maxBytes: 108, prefixBytes: 8 },
  { minBytes: 9, maxBytes: 108, prefixBytes: 8 },
  { minBytes: 1, maxBytes: 1, prefixBytes: 0 },
  { minBytes: 0, maxBytes: 0x7fff_ffff, prefixBytes: 0 },
];

/**
 * One frame.
 *
 * @param payload Copied.
 * @param length What its header says.
 * @returns Header and payload.
 */
export function frameOf(payload: Uint8Array, length = payload.length): Uint8Array {
  const frame = new Uint8Array(4 + payload.length);
  new DataView(frame.buffer).setInt32(0, length, true);
  frame.set(payload, 4);
  return frame;
}

/**
 * All parts, one behind the other.
 *
 * @param parts Copied.
 * @returns A new array.
 */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * A stream of a few frames; in one of two somewhere a header at or beyond a limit, or a cut.
 *
 * @param random Where chance comes from.
 * @param limits What the receiver accepts.
 * @returns The bytes.
 */
export function randomStream(random: SeededRandom, limits: FrameLimits): Uint8Array {
  const most = Math.min(limits.maxBytes, 200);
  const parts: Uint8Array[] = [];
  for (let n = random.nextInt(12); n > 0; n--) {
    const payload = new Uint8Array(limits.minBytes + random.nextInt(most - limits.minBytes + 1));
    random.fillSecret(payload);
    parts.push(frameOf(payload));
  }
  if (random.nextInt(2) === 0) {
    const odd = [-1, 0, 1, limits.prefixBytes, limits.minBytes - 1, limits.maxBytes, limits.maxBytes + 1, 0x7fff_ffff];
    const payload = new Uint8Array(random.nextInt(20));
    parts.splice(random.nextInt(parts.length + 1), 0, frameOf(payload, odd[random.nextInt(odd.length)]! | 0));
  }
  const all = joined(parts);
  return random.nextInt(3) === 0 ? all.subarray(0, random.nextInt(all.length + 1)) : all;
}
