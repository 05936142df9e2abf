import { assert, assertEquals, assertThrows } from "@std/assert";
import { type BurstOptions, resolveBurstOptions } from "../../../src/runtime/burst_runtime.ts";

Deno.test("resolveBurstOptions() completes, freezes, and shares the queue out among the lanes", () => {
  const one = resolveBurstOptions({ port: 1 });
  assertEquals(one.parallelism, 1);
  assertEquals(one.particle.stream.maxQueuedBytes, 16 << 20);
  assertEquals(one.particle.stream.highWaterBytes, 1 << 20);
  assertEquals(one.particle.stream.sendPolicy, "dropNewest");
  assert(Object.isFrozen(one));
  const many = resolveBurstOptions({ port: 1, parallelism: 32, maxQueuedBytes: 3_200_000 });
  assertEquals(many.parallelism, 32);
  assertEquals(many.particle.stream.maxQueuedBytes, 100_000);
  assertEquals(many.particle.stream.highWaterBytes, 100_000);
});

Deno.test("resolveBurstOptions() takes the other policies that do not wait", () => {
  for (const sendPolicy of ["dropOldest", "conflate", "close"] as const) {
    assertEquals(resolveBurstOptions({ port: 1, sendPolicy }).particle.stream.sendPolicy, sendPolicy);
  }
});

Deno.test("resolveBurstOptions() refuses to wait, and values out of bounds", () => {
  const wrong: Partial<BurstOptions>[] = [
    { sendPolicy: "wait" },
    { parallelism: 0 },
    { parallelism: 257 },
    { parallelism: 1.5 },
    { parallelism: 4, maxQueuedBytes: 4095 },
    { referenceBytes: 4096 },
  ];
  for (const part of wrong) assertThrows(() => resolveBurstOptions({ port: 1, ...part }), RangeError);
  assertThrows(() => resolveBurstOptions({ port: 1, lanes: 2 } as BurstOptions), TypeError);
  assertThrows(() => resolveBurstOptions({ port: 1, parallelism: "2" } as unknown as BurstOptions), TypeError);
});
