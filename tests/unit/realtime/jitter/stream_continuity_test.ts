import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { type JitterOptions, resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { Continuity, StreamContinuity } from "../../../../src/realtime/jitter/stream_continuity.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

const { Fits, Suspect, Restart } = Continuity;

/** A judge of frames of 20 ms at 1000 units a second, whose next turn is the one behind the last frame that fits. */
class Judge {
  readonly continuity: StreamContinuity;
  readonly clock = new ClockCell();
  #next = 0;

  constructor(options: JitterOptions = {}) {
    this.continuity = new StreamContinuity(resolveJitterOptions({ clockRateHz: 1000, ...options }), this.clock);
  }

  at(nowMs: number, sequence: number, timestamp: number): Continuity {
    this.clock.advance(nowMs);
    const verdict = this.continuity.judge(sequence, timestamp, this.#next);
    const ahead = (this.continuity.position - this.#next) | 0;
    if (verdict === Restart || verdict === Fits && ahead >= 0) this.#next = (this.continuity.position + 1) | 0;
    return verdict;
  }
}

Deno.test("StreamContinuity begins at the first frame, whatever it is", () => {
  const judge = new Judge();
  assertEquals(judge.at(5, 65_535, 4_294_967_295), Restart);
  assertEquals([judge.continuity.position, judge.continuity.mediaMs], [-1, 4_294_967_295]);
});

Deno.test("StreamContinuity goes on over the wrap of 16 bits and of the timestamp", () => {
  const judge = new Judge();
  judge.at(0, 65_534, 4_294_967_286);
  assertEquals(judge.at(20, 65_535, 10), Fits);
  assertEquals([judge.continuity.position, judge.continuity.mediaMs], [-1, 4_294_967_306]);
  assertEquals(judge.at(40, 0, 30), Fits);
  assertEquals([judge.continuity.position, judge.continuity.mediaMs], [0, 4_294_967_326]);
  assertEquals(judge.at(41, 65_533, 4_294_967_266), Fits, "an old one from before both wraps");
  assertEquals([judge.continuity.position, judge.continuity.mediaMs], [-3, 4_294_967_266]);
});

Deno.test("StreamContinuity goes on over the wrap of 32 bits", () => {
  const judge = new Judge({ sequenceBits: 32 });
  judge.at(0, 0xffff_ffff, 0);
  assertEquals(judge.at(20, 0, 20), Fits);
  assertEquals(judge.continuity.position, 0);
  const far = new Judge({ sequenceBits: 32 });
  far.at(0, 0x7fff_ffff, 0);
  assertEquals(far.at(20, 0x8000_0000, 20), Fits);
  assertEquals(far.continuity.position, -0x8000_0000);
});

Deno.test("StreamContinuity goes round sequence numbers and timestamps many times", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  for (let n = 1; n < 300_000; n++) {
    const verdict = judge.at(n * 20, n & 0xffff, (n * 20 * 1000) >>> 0);
    if (verdict !== Fits && n > 1) assertEquals(verdict, Fits, `frame ${n}`);
    if (n === 1) assertEquals(verdict, Suspect, "a thousand times too fast");
    if (n === 1) break;
  }
  const fair = new Judge({ clockRateHz: 1e9, frameMs: 500, maxDelayMs: 500 });
  for (let n = 0; n < 200_000; n++) {
    const verdict = fair.at(n * 500, n & 0xffff, (n * 5e8) % 2 ** 32);
    if (n > 0 && (verdict !== Fits || fair.continuity.position !== n || fair.continuity.mediaMs !== n * 500)) {
      assertEquals([verdict, fair.continuity.position, fair.continuity.mediaMs], [Fits, n, n * 500]);
    }
  }
});

Deno.test("StreamContinuity takes a pause as long as the receiver's clock confirms it", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  assertEquals(judge.at(60_000, 1, 60_000), Fits);
  assertEquals(judge.at(60_020, 2, 62_041), Suspect, "two seconds more than there were");
  assertEquals(judge.at(60_020, 2, 62_040), Fits);
});

Deno.test("StreamContinuity takes lost frames for the media time that they take", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  assertEquals(judge.at(0, 255, 255 * 20 + 2000), Fits);
  const other = new Judge();
  other.at(0, 0, 0);
  assertEquals(other.at(0, 255, 255 * 20 + 2001), Suspect);
});

Deno.test("StreamContinuity takes timestamps of later frames as reordered by up to eight frames", () => {
  const judge = new Judge();
  judge.at(0, 0, 1000);
  assertEquals(judge.at(20, 1, 839), Suspect);
  assertEquals(judge.at(20, 1, 840), Fits);
});

Deno.test("StreamContinuity takes late frames whose media time fits their number", () => {
  const judge = new Judge();
  judge.at(0, 100, 10_000);
  assertEquals(judge.at(0, 90, 9800), Fits);
  assertEquals(judge.at(0, 90, 7800), Fits);
  assertEquals(judge.at(0, 90, 7799), Suspect);
  assertEquals(judge.at(0, 90, 12_000), Fits);
  assertEquals(judge.at(0, 91, 12_001), Suspect);
});

Deno.test("StreamContinuity takes no frame that is a whole buffer ahead or behind", () => {
  const judge = new Judge();
  judge.at(0, 1000, 0);
  assertEquals(judge.at(0, 1000 + 256, 5120), Suspect);
  assertEquals(judge.at(0, 1000 + 255, 5100), Fits);
  const behind = new Judge();
  behind.at(0, 1000, 1e6);
  assertEquals(behind.at(0, 1001 - 257, 1e6 - 5120), Suspect);
  assertEquals(behind.at(0, 1001 - 256, 1e6 - 5100), Fits);
});

Deno.test("StreamContinuity starts anew at the second suspect frame in a row", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  assertEquals(judge.at(20, 30_000, 9_000_000), Suspect);
  assertEquals(judge.at(40, 30_001, 9_000_020), Restart);
  assertEquals([judge.continuity.position, judge.continuity.mediaMs], [30_001, 9_000_020]);
  assertEquals(judge.at(60, 30_002, 9_000_040), Fits);
});

Deno.test("StreamContinuity starts anew over the wrap of a new stream", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  assertEquals(judge.at(20, 65_535, 3_000_000_000), Suspect);
  assertEquals(judge.at(40, 0, 3_000_000_020), Restart);
});

const noFollower: readonly (readonly [string, number, number])[] = [
  ["the same number", 30_000, 9_000_020],
  ["a number between which one is missing", 30_002, 9_000_040],
  ["an earlier timestamp", 30_001, 8_999_999],
  ["a timestamp that jumps", 30_001, 9_002_001],
];
for (const [what, sequence, timestamp] of noFollower) {
  Deno.test(`StreamContinuity does not start anew at ${what}`, () => {
    const judge = new Judge();
    judge.at(0, 0, 0);
    judge.at(20, 30_000, 9_000_000);
    assertEquals(judge.at(40, sequence, timestamp), Suspect);
    assertEquals(judge.at(40, 1, 20), Fits, "the old stream goes on");
  });
}

Deno.test("StreamContinuity forgets a suspect when the stream goes on", () => {
  const judge = new Judge();
  judge.at(0, 0, 0);
  judge.at(20, 30_000, 9_000_000);
  judge.at(20, 1, 20);
  assertEquals(judge.at(40, 30_001, 9_000_020), Suspect);
});

Deno.test("StreamContinuity is not moved by random numbers", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const judge = new Judge();
    judge.at(0, 0, 0);
    for (let n = 1; n < 2000; n++) {
      judge.at(n * 20, random.nextInt(65_536), random.nextUint32());
      assertEquals(judge.at(n * 20, n, n * 20), Fits, `seed ${seed}, frame ${n}`);
    }
  }
});
