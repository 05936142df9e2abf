/**
 * A sender that starts anew: the buffer follows it once, whatever its new numbers are.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { JitterRig } from "../unit/realtime/jitter/jitter_rig.ts";

/** Where the media time of the first stream begins, in frames. */
const FIRST_SLOT = 10_000;

/** Plays 100 frames of one stream and then 100 of another at given numbers, with a little jitter. */
function restartAt(seed: number, sequence: number, slot: number): { rig: JitterRig; played: string[] } {
  const random = new SeededRandom(seed);
  const rig = new JitterRig();
  const played: string[] = [];
  for (let n = 0; n < 200; n++) {
    const isNew = n >= 100;
    const jitterMs = random.visibleFraction() * 8;
    rig.expect([n * 20 + jitterMs, isNew ? (sequence + n - 100) % 65_536 : n, isNew ? slot + n - 100 : FIRST_SLOT + n]);
    played.push(rig.ticks(1));
  }
  return { rig, played };
}

Deno.test("jitter: a sender that starts anew is followed once", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const sequence = (1000 + random.nextInt(60_000)) % 65_536;
    const { rig, played } = restartAt(seed, sequence, random.nextInt(4_000_000));
    const { restarts, discontinuous, received, late } = rig.counters;
    assertEquals([restarts, discontinuous, received, late], [1, 1, 200, 0], `seed ${seed}`);
    assert(played.at(-1)!.startsWith("F"), `seed ${seed}: ${played.slice(-20)}`);
    const silent = played.slice(100).filter((what) => what === ".");
    assert(silent.length <= 4, `seed ${seed}: ${silent.length} ticks of silence`);
    assert(!played.slice(101).some((what) => what.startsWith("C")), `seed ${seed}: ${played.slice(100)}`);
  }
});

Deno.test("jitter: a timestamp that jumps is followed once, though the sequence goes on", () => {
  for (const jump of [10_000, 200, -200, -5000, 3_000_000]) {
    const { rig, played } = restartAt(7, 100, FIRST_SLOT + 100 + jump);
    const { restarts, discontinuous } = rig.counters;
    assertEquals([restarts, discontinuous], [1, 1], `a jump of ${jump} frames`);
    assert(played.at(-1)!.startsWith("F"), `a jump of ${jump} frames: ${played.slice(-20)}`);
  }
});

Deno.test("jitter: a sequence that jumps is followed once, though the timestamp goes on", () => {
  for (const sequence of [1000, 40_000, 65_000]) {
    const { rig, played } = restartAt(8, sequence, FIRST_SLOT + 100);
    const { restarts, discontinuous } = rig.counters;
    assertEquals([restarts, discontinuous], [1, 1], `to ${sequence}`);
    assert(played.at(-1)!.startsWith("F"), `to ${sequence}: ${played.slice(-20)}`);
  }
});

Deno.test("jitter: single frames with any numbers do not disturb the stream", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const rig = new JitterRig();
    const played: string[] = [];
    for (let n = 0; n < 300; n++) {
      rig.expect([n * 20, n], [n * 20 + 1, 2000 + random.nextInt(60_000), random.nextInt(4_000_000)]);
      played.push(rig.ticks(1));
    }
    assertEquals(rig.counters.restarts, 0, `seed ${seed}`);
    assertEquals(rig.counters.discontinuous, 300, `seed ${seed}`);
    assert(!played.some((what) => /[CE]/.test(what)), `seed ${seed}: ${played}`);
  }
});
