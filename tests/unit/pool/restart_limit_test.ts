import { assertEquals } from "@std/assert";
import { RestartLimit, type RestartLimitConfig } from "../../../src/pool/restart_limit.ts";

function open(config: Partial<RestartLimitConfig>): RestartLimit {
  return new RestartLimit({ maxCrashCount: 3, crashWindowMs: 1000, restartDelayMs: 10, ...config });
}

Deno.test("RestartLimit is exceeded by one failure more than maxCrashCount within the window", () => {
  const limit = open({});
  for (const [nowMs, isExceeded] of [[0, false], [1, false], [998, false], [999, true]] as const) {
    limit.handleFailure(nowMs);
    assertEquals([limit.isExceeded, nowMs], [isExceeded, nowMs]);
  }
  assertEquals(limit.failureCount, 4);
});

Deno.test("RestartLimit forgets a failure when the window has passed", () => {
  const limit = open({});
  for (const nowMs of [0, 1, 2, 1000]) limit.handleFailure(nowMs);
  assertEquals([limit.isExceeded, limit.failureCount], [false, 3]);
  limit.handleFailure(2002);
  assertEquals([limit.isExceeded, limit.failureCount], [false, 1]);
});

Deno.test("RestartLimit doubles the delay up to its part of the window", () => {
  const limit = open({ maxCrashCount: 8, crashWindowMs: 1600 });
  const delays = [1, 2, 3, 4, 5, 6].map((nowMs) => {
    limit.handleFailure(nowMs);
    return limit.delayMs;
  });
  assertEquals(delays, [10, 20, 40, 80, 100, 100]);
});

Deno.test("RestartLimit shortens no delay that is longer than its part of the window", () => {
  const limit = open({ restartDelayMs: 500 });
  limit.handleFailure(0);
  limit.handleFailure(1);
  assertEquals(limit.delayMs, 500);
});

Deno.test("RestartLimit starts anew with the delay when the failures are forgotten", () => {
  const limit = open({});
  for (const nowMs of [0, 1, 5000]) limit.handleFailure(nowMs);
  assertEquals(limit.delayMs, 10);
});

Deno.test("RestartLimit gives up at the first failure where maxCrashCount is 0, and never where the window is", () => {
  const never = open({ maxCrashCount: 0 });
  assertEquals(never.isExceeded, false);
  never.handleFailure(0);
  assertEquals(never.isExceeded, true);
  const always = open({ crashWindowMs: 0 });
  for (let i = 0; i < 100; i++) always.handleFailure(5);
  assertEquals([always.isExceeded, always.failureCount, always.delayMs], [false, 1, 10]);
});
