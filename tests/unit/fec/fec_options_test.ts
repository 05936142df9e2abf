import { assertEquals, assertThrows } from "@std/assert";
import { type FecOptions, resolveFecOptions } from "../../../src/fec/fec_options.ts";

Deno.test("resolveFecOptions() fills in defaults by scheme", () => {
  const xor = resolveFecOptions();
  assertEquals([xor.scheme, xor.sources, xor.parities, xor.adaptive, xor.flushMs], ["xor", 4, 1, true, 60]);
  const rs = resolveFecOptions({ scheme: "reedSolomon" });
  assertEquals([rs.sources, rs.parities, rs.interleave, rs.maxOverhead], [8, 3, 1, 0.4]);
  assertEquals(resolveFecOptions({ sources: 2, adaptive: false }).maxOverhead, 0.5);
});

Deno.test("resolveFecOptions() refuses what is out of bounds or contradicts", () => {
  const wrong: FecOptions[] = [
    { sources: 0 },
    { sources: 65 },
    { parities: 2 },
    { scheme: "reedSolomon", parities: 9 },
    { maxOverhead: 0.01 },
    { maxOverhead: 1.01 },
    { sources: 4, adaptive: false, maxOverhead: 0.2 },
    { sources: 2, maxOverhead: 0.4 },
    { scheme: "reedSolomon", sources: 2, parities: 3, adaptive: false, maxOverhead: 1 },
    { flushMs: 0.5 },
    { flushMs: 1001 },
    { interleave: 9 },
    { targetLoss: -0.1 },
  ];
  for (const options of wrong) {
    assertThrows(() => resolveFecOptions(options), RangeError, undefined, JSON.stringify(options));
  }
  assertThrows(() => resolveFecOptions({ scheme: "raptor" as "xor" }), TypeError);
  assertThrows(() => resolveFecOptions({ size: 4 } as FecOptions), TypeError);
  assertThrows(() => resolveFecOptions({ maxOverhead: "1" as unknown as number }), TypeError);
});
