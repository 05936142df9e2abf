import { assertEquals, assertThrows } from "@std/assert";
import {
  MEMBERSHIP_OPTION_NAMES,
  type MembershipOptions,
  resolveMembershipOptions,
} from "../../../../src/bus/member/membership_options.ts";

Deno.test("resolveMembershipOptions() completes, freezes and knows every name", () => {
  const config = resolveMembershipOptions({ probeIntervalMs: 1000 });
  assertEquals(new Set(Object.keys(config)), MEMBERSHIP_OPTION_NAMES);
  assertEquals([config.probeTimeoutMs, Object.isFrozen(config)], [400, true]);
});

Deno.test("resolveMembershipOptions() refuses what is out of bounds, of another type or unknown", () => {
  const outOfBounds: MembershipOptions[] = [
    { probeTimeoutMs: 501 },
    { maxDatagramBytes: 1401 },
    { maxDatagramBytes: 1199 },
    { maxMembers: 1 },
    { keyOverlapMs: -1 },
  ];
  for (const options of outOfBounds) assertThrows(() => resolveMembershipOptions(options), RangeError);
  const mistyped = [{ dangerouslyOpenMesh: 1 }, { probeInterval: 5 }];
  for (const options of mistyped) assertThrows(() => resolveMembershipOptions(options as MembershipOptions), TypeError);
});
