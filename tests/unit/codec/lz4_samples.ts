/**
 * Bytes to compress: JSON-like records, runs, noise and mixtures, all from a seed.
 *
 * @module
 */
import { SeededRandom } from "../../../src/random/seeded_random.ts";

const NAMES = ["Ada", "Grace", "Linus", "Edsger", "Barbara", "Ken"];
const CITIES = ["Berlin", "Lisbon", "Osaka", "Quito"];

/** What a bus carries: JSON records of one shape with changing values. */
export function jsonSample(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  let text = "";
  while (text.length < length) {
    const [name, city] = [NAMES[random.nextInt(6)]!, CITIES[random.nextInt(4)]!];
    text += JSON.stringify({
      id: random.nextInt(1e7),
      user: { name: `${name} ${random.nextInt(1000)}`, city },
      active: random.nextInt(2) === 0,
      score: random.nextInt(10_000) / 100,
      tags: [`t${random.nextInt(20)}`, `t${random.nextInt(20)}`],
      created: `2026-11-${10 + random.nextInt(20)}T10:${10 + random.nextInt(50)}:00.000Z`,
    });
  }
  return new TextEncoder().encode(text.slice(0, length));
}

/** Runs, repeats at all distances and noise, one after another. */
export function mixedSample(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const end = Math.min(length, at + 1 + random.nextInt(random.nextInt(4) === 0 ? 1000 : 40));
    const kind = random.nextInt(4);
    const distance = 1 + random.nextInt(random.nextInt(2) === 0 ? 8 : 70_000);
    const value = random.nextInt(256);
    for (; at < end; at++) {
      if (kind === 0) bytes[at] = random.nextInt(256);
      else if (kind === 1) bytes[at] = value;
      else bytes[at] = bytes[Math.max(0, at - distance)]!;
    }
  }
  return bytes;
}
