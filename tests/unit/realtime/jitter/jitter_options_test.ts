import { assert, assertEquals, assertThrows } from "@std/assert";
import { type JitterOptions, resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";

Deno.test("resolveJitterOptions() has defaults for voice", () => {
  assertEquals(resolveJitterOptions(), {
    frameMs: 20,
    clockRateHz: 48_000,
    sequenceBits: 16,
    minDelayMs: 0,
    maxDelayMs: 500,
    initialDelayMs: 40,
    maxConcealmentShare: 0.01,
    memoryMs: 4000,
    shrinkHorizonMs: 6000,
    maxConcealedRun: 10,
    maxFrames: 256,
    maxPayloadBytes: 1500,
    maxBytes: 262_144,
    maxAgeMs: 2000,
    maxJumpMs: 2000,
  });
});

Deno.test("resolveJitterOptions() keeps what it is given and freezes it", () => {
  const given: Required<JitterOptions> = {
    frameMs: 1000 / 60,
    clockRateHz: 60,
    sequenceBits: 32,
    minDelayMs: 10,
    maxDelayMs: 100,
    initialDelayMs: 30,
    maxConcealmentShare: 0.02,
    memoryMs: 1000,
    shrinkHorizonMs: 0,
    maxConcealedRun: 3,
    maxFrames: 64,
    maxPayloadBytes: 64,
    maxBytes: 4096,
    maxAgeMs: 400,
    maxJumpMs: 500,
  };
  const config = resolveJitterOptions(given);
  assertEquals(config, given);
  assert(Object.isFrozen(config));
});

Deno.test("resolveJitterOptions() derives defaults from what it is given", () => {
  assertEquals(resolveJitterOptions({ frameMs: 1000 }).maxDelayMs, 1000);
  assertEquals(resolveJitterOptions({ minDelayMs: 100 }).initialDelayMs, 100);
  assertEquals(resolveJitterOptions({ frameMs: 400 }).initialDelayMs, 500);
  assertEquals(resolveJitterOptions({ maxDelayMs: 5000 }).maxFrames, 512);
  assertEquals(resolveJitterOptions({ maxDelayMs: 5000 }).maxAgeMs, 10_000);
  assertEquals(resolveJitterOptions({ maxPayloadBytes: 1 << 20 }).maxBytes, 8 << 20);
  assertEquals(resolveJitterOptions({ frameMs: 500, maxFrames: 2 }).maxConcealedRun, 2);
});

Deno.test("resolveJitterOptions() rounds maxFrames up to a power of two", () => {
  assertEquals(resolveJitterOptions({ maxFrames: 257 }).maxFrames, 512);
  assertEquals(resolveJitterOptions({ maxFrames: 512 }).maxFrames, 512);
});

const bounds: readonly (readonly [keyof JitterOptions, least: number, most: number, JitterOptions?])[] = [
  ["frameMs", 0.5, 10_000, { maxDelayMs: 0.5 }],
  ["clockRateHz", 1, 1e9],
  ["minDelayMs", 0, 500],
  ["maxDelayMs", 20, 60_000],
  ["initialDelayMs", 50, 500, { minDelayMs: 50 }],
  ["maxConcealmentShare", 0.0001, 0.5],
  ["memoryMs", 100, 600_000],
  ["shrinkHorizonMs", 0, 600_000],
  ["maxConcealedRun", 1, 256],
  ["maxFrames", 64, 16_384, { maxDelayMs: 640 }],
  ["maxPayloadBytes", 1, 16 << 20],
  ["maxBytes", 1500, 2 ** 32],
  ["maxAgeMs", 1000, 3_600_000],
  ["maxJumpMs", 100, 600_000],
];

for (const [name, least, most, others] of bounds) {
  Deno.test(`resolveJitterOptions() takes ${name} from ${least} to ${most} and nothing else`, () => {
    const fitting = name === "frameMs" ? (value: number) => ({ maxDelayMs: value }) : () => others ?? {};
    for (const value of [least, most]) {
      const config = resolveJitterOptions({ ...fitting(value), [name]: value });
      assertEquals(config[name], value);
    }
    for (const value of [least - 0.00001, most + 1, NaN, Infinity]) {
      assertThrows(() => resolveJitterOptions({ ...fitting(value), [name]: value }), RangeError, name, `${value}`);
    }
    const text = "20" as unknown as number;
    assertThrows(() => resolveJitterOptions({ ...others, [name]: text }), TypeError, name);
  });
}

Deno.test("resolveJitterOptions() takes sequence numbers of 16 and 32 bits only", () => {
  assertThrows(() => resolveJitterOptions({ sequenceBits: 24 as 32 }), RangeError, "sequenceBits");
  assertThrows(() => resolveJitterOptions({ sequenceBits: "16" as unknown as 16 }), TypeError, "sequenceBits");
});

Deno.test("resolveJitterOptions() refuses more frames than fit into the largest delay", () => {
  assertThrows(() => resolveJitterOptions({ frameMs: 5, maxDelayMs: 60_000 }), RangeError, "maxDelayMs");
});

Deno.test("resolveJitterOptions() refuses fewer frames than fit into twice the largest delay", () => {
  assertThrows(() => resolveJitterOptions({ maxDelayMs: 640, maxFrames: 63 }), RangeError, "maxFrames");
});

Deno.test("resolveJitterOptions() refuses options that it does not know", () => {
  assertThrows(() => resolveJitterOptions({ frameMS: 20 } as JitterOptions), TypeError, "frameMS");
});
