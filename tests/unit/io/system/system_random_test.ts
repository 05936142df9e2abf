/**
 * The platform's random source.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SystemRandom } from "../../../../src/io/system/system_random.ts";

Deno.test("SystemRandom.fillSecret() fills more than the platform does at a time", () => {
  const bytes = new Uint8Array(65_536 * 2 + 40);
  new SystemRandom().fillSecret(bytes);
  for (let at = 0; at < bytes.length - 40; at += 4_096) {
    assert(bytes.subarray(at, at + 40).some((byte) => byte !== 0), `all zero at ${at}`);
  }
  assert(bytes.subarray(-40).some((byte) => byte !== 0), "all zero at the end");
  assertNotEquals(bytes.slice(0, 40), bytes.slice(65_536, 65_576));
});

Deno.test("SystemRandom.fillSecret() leaves the memory around a view alone", () => {
  const around = new Uint8Array(100);
  new SystemRandom().fillSecret(around.subarray(30, 70));
  assert(around.subarray(30, 70).some((byte) => byte !== 0));
  assert(around.subarray(0, 30).every((byte) => byte === 0));
  assert(around.subarray(70).every((byte) => byte === 0));
  new SystemRandom().fillSecret(new Uint8Array(0));
});

Deno.test("SystemRandom.visibleFraction() draws different numbers of at least 0 and below 1", () => {
  const random = new SystemRandom();
  const draws = Array.from({ length: 1_000 }, () => random.visibleFraction());
  assert(draws.every((draw) => draw >= 0 && draw < 1));
  assertEquals(new Set(draws).size > 990, true);
});
