import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  RELIABILITY_OPTION_NAMES,
  type ReliabilityOptions,
  resolveReliabilityOptions,
} from "../../../src/reliability/reliability_options.ts";

Deno.test("resolveReliabilityOptions() fills in the defaults and freezes", () => {
  const config = resolveReliabilityOptions();
  assertEquals(config, {
    congestionControl: "delay-bounded",
    maxQueueDelayMs: 10,
    maxPacketsInFlight: 4096,
    maxAckDelayMs: 25,
    ackEveryPackets: 2,
    maxAckRanges: 64,
    initialRttMs: 100,
  });
  assert(Object.isFrozen(config));
  assertEquals(Object.keys(config), [...RELIABILITY_OPTION_NAMES]);
});

Deno.test("resolveReliabilityOptions() takes the extremes and refuses what is beyond them", () => {
  const bounds: [keyof ReliabilityOptions, number, number][] = [
    ["maxQueueDelayMs", 1, 1000],
    ["maxPacketsInFlight", 64, 65_536],
    ["maxAckDelayMs", 0, 1000],
    ["ackEveryPackets", 1, 128],
    ["maxAckRanges", 1, 256],
    ["initialRttMs", 1, 1000],
  ];
  for (const [name, least, most] of bounds) {
    for (const value of [least, most]) assertEquals(resolveReliabilityOptions({ [name]: value })[name], value);
    for (const value of [least - 1, most + 1, NaN]) {
      assertThrows(() => resolveReliabilityOptions({ [name]: value }), RangeError, name);
    }
  }
});

Deno.test("resolveReliabilityOptions() refuses unknown controllers and names", () => {
  const wrong = (options: object) => resolveReliabilityOptions(options as ReliabilityOptions);
  assertThrows(() => wrong({ congestionControl: "reno" }), TypeError, "congestionControl");
  assertThrows(() => wrong({ congestion: "cubic" }), TypeError, "congestion");
  assertThrows(() => wrong({ maxAckRanges: "8" }), TypeError, "maxAckRanges");
});
