import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveStreamOptions, type StreamConfig, type StreamOptions } from "../../../src/stream/stream_options.ts";

type Row = readonly [option: keyof StreamOptions, byDefault: number, min: number, max: number];

const integers: readonly Row[] = [
  ["maxFrameBytes", 16_777_216, 1, 2_147_483_639],
  ["readBufferBytes", 65_536, 512, 16_777_216],
  ["maxQueuedBytes", 1_048_576, 1024, 2 ** 40],
  ["maxWaitingBytes", 8_388_608, 0, 2 ** 40],
  ["highWaterBytes", 1_048_576, 1, 1_048_576],
  ["lowWaterBytes", 524_288, 0, 1_048_576],
  ["minFrameBytesPerSecond", 1024, 0, 2 ** 40],
];
const durations: readonly (readonly [keyof StreamOptions, number])[] = [
  ["idleTimeoutMs", 0],
  ["frameGraceMs", 5000],
  ["handshakeTimeoutMs", 5000],
  ["closeTimeoutMs", 2000],
  ["sendStallTimeoutMs", 0],
];
const flags: readonly (readonly [keyof StreamOptions, boolean])[] = [
  ["allowEmptyMessages", true],
  ["copyPayloads", false],
  ["allowHalfOpen", false],
  ["timestamps", false],
];

const resolve = (option: string, value: unknown): StreamConfig => resolveStreamOptions({ [option]: value });

Deno.test("resolveStreamOptions() has defaults for everything and freezes the result", () => {
  const config = resolveStreamOptions({});
  assert(Object.isFrozen(config));
  const expected = Object.fromEntries([...integers, ...durations, ...flags].map(([option, value]) => [option, value]));
  assertEquals<Record<string, unknown>>({ ...config }, { ...expected, sendPolicy: "wait", referenceBytes: 65_536 });
});

for (const [option, , min, max] of integers) {
  Deno.test(`resolveStreamOptions() takes integers from ${min} to ${max} as ${option}`, () => {
    for (const value of [min, max]) assertEquals(resolve(option, value)[option], value);
    for (const value of [min - 1, max + 1, min + 0.5, NaN, Infinity, -Infinity]) {
      assertThrows(() => resolve(option, value), RangeError, option);
    }
    for (const value of ["512", null, true, {}]) assertThrows(() => resolve(option, value), TypeError, option);
  });
}

for (const [option] of durations) {
  Deno.test(`resolveStreamOptions() takes a finite time as ${option}`, () => {
    for (const value of [0, 0.5, 86_400_000]) assertEquals(resolve(option, value)[option], value);
    for (const value of [-1, NaN, Infinity]) assertThrows(() => resolve(option, value), RangeError, option);
    for (const value of ["1s", null, true]) assertThrows(() => resolve(option, value), TypeError, option);
  });
}

for (const [option] of flags) {
  Deno.test(`resolveStreamOptions() takes a boolean as ${option}`, () => {
    for (const value of [true, false]) assertEquals(resolve(option, value)[option], value);
    for (const value of [0, "true", null]) assertThrows(() => resolve(option, value), TypeError, option);
  });
}

Deno.test("resolveStreamOptions() takes the five policies as sendPolicy", () => {
  for (const policy of ["wait", "dropNewest", "dropOldest", "conflate", "close"]) {
    assertEquals<string>(resolve("sendPolicy", policy).sendPolicy, policy);
  }
  for (const value of ["drop", "", 0, null]) assertThrows(() => resolve("sendPolicy", value), TypeError, "sendPolicy");
});

Deno.test("resolveStreamOptions() takes numbers of at least 1024 as referenceBytes, Infinity too", () => {
  for (const value of [1024, 5000.5, Infinity]) assertEquals(resolve("referenceBytes", value).referenceBytes, value);
  for (const value of [1023, 0, -1, NaN]) assertThrows(() => resolve("referenceBytes", value), RangeError);
  for (const value of ["2048", null]) assertThrows(() => resolve("referenceBytes", value), TypeError);
});

Deno.test("resolveStreamOptions() has no referenceBytes without the policy wait", () => {
  assertEquals(resolveStreamOptions({ sendPolicy: "close" }).referenceBytes, Infinity);
  assertEquals(resolveStreamOptions({ sendPolicy: "close", referenceBytes: Infinity }).referenceBytes, Infinity);
  assertThrows(
    () => resolveStreamOptions({ sendPolicy: "dropOldest", referenceBytes: 4096 }),
    RangeError,
    "dropOldest",
  );
});

Deno.test("resolveStreamOptions() derives the marks from the bound, and holds them to it", () => {
  const marks = ({ maxQueuedBytes, highWaterBytes, lowWaterBytes }: StreamConfig): number[] => [
    maxQueuedBytes,
    highWaterBytes,
    lowWaterBytes,
  ];
  assertEquals(marks(resolveStreamOptions({ maxQueuedBytes: 4001 })), [4001, 4001, 2000]);
  assertEquals(marks(resolveStreamOptions({ highWaterBytes: 1001 })), [1_048_576, 1001, 500]);
  assertEquals(marks(resolveStreamOptions({}, 1 << 24)), [1 << 24, 1 << 24, 1 << 23]);
  assertThrows(
    () => resolveStreamOptions({ maxQueuedBytes: 4000, highWaterBytes: 4001 }),
    RangeError,
    "highWaterBytes",
  );
  assertThrows(() => resolveStreamOptions({ highWaterBytes: 900, lowWaterBytes: 901 }), RangeError, "lowWaterBytes");
});
