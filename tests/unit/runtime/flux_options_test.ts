import { assert, assertEquals, assertThrows } from "@std/assert";
import { type FluxOptions, resolveFluxOptions } from "../../../src/runtime/flux_options.ts";

Deno.test("resolveFluxOptions() completes and freezes", () => {
  const config = resolveFluxOptions({ port: 1 });
  assertEquals(config.producerRingBytes, 1 << 20);
  assertEquals(config.maxProducerCount, 64);
  assertEquals(config.particle.stream.sendPolicy, "wait");
  assert(Object.isFrozen(config));
  const given = resolveFluxOptions({ port: 1, producerRingBytes: 1024, maxProducerCount: 4096, sendPolicy: "wait" });
  assertEquals([given.producerRingBytes, given.maxProducerCount], [1024, 4096]);
});

Deno.test("resolveFluxOptions() refuses rings that are no power of two, and other policies than wait", () => {
  const wrong: Partial<FluxOptions>[] = [
    { producerRingBytes: 1000 },
    { producerRingBytes: 1025 },
    { producerRingBytes: 512 },
    { producerRingBytes: 2 ** 31 },
    { maxProducerCount: 0 },
    { maxProducerCount: 4097 },
    { sendPolicy: "dropNewest" },
    { sendPolicy: "dropOldest" },
    { sendPolicy: "conflate" },
    { sendPolicy: "close" },
  ];
  for (const part of wrong) assertThrows(() => resolveFluxOptions({ port: 1, ...part }), RangeError);
  assertThrows(() => resolveFluxOptions({ port: 1, parallelism: 2 } as FluxOptions), TypeError);
  assertThrows(() => resolveFluxOptions({ port: 1, producerRingBytes: "1" } as unknown as FluxOptions), TypeError);
});
