import { assertEquals, assertThrows } from "@std/assert";
import { type HybridClientOptions, resolveHybridClientOptions } from "../../../src/runtime/hybrid_options.ts";

const TARGET = { hostname: "game.example", port: 7778 };

function resolve(options: Partial<HybridClientOptions> = {}): ReturnType<typeof resolveHybridClientOptions> {
  return resolveHybridClientOptions({ ...TARGET, ...options });
}

Deno.test("resolveHybridClientOptions() fills in the defaults and hands the rest on", () => {
  const { paths, secure } = resolve({ closeTimeoutMs: 77 });
  assertEquals(paths, {
    wanted: "udp",
    isHybrid: true,
    fallbackDelayMs: 200,
    darkProbesCount: 2,
    retryDelayMs: 1000,
    maxRetryDelayMs: 30_000,
    streamKeepAliveMs: 30_000,
  });
  assertEquals([secure.closeTimeoutMs, secure.tls.hostname, secure.endpoint.keepAliveMs], [77, "game.example", 5000]);
  assertEquals(Object.isFrozen(paths), true);
});

Deno.test("resolveHybridClientOptions() keeps the keepalive below half of the idle timeout", () => {
  const keepAliveOf = (options: Partial<HybridClientOptions>): number => resolve(options).secure.endpoint.keepAliveMs;
  assertEquals(keepAliveOf({ idleTimeoutMs: 4000 }), 2000);
  assertEquals(keepAliveOf({ idleTimeoutMs: 0 }), 5000);
  assertEquals(keepAliveOf({ idleTimeoutMs: 10_000 }), 5000);
  assertEquals(keepAliveOf({ keepAliveMs: 0 }), 0);
});

Deno.test("resolveHybridClientOptions() knows which paths are used", () => {
  const modes = ([options]: [Partial<HybridClientOptions>]) => {
    const { wanted, isHybrid } = resolve(options).paths;
    return [wanted, isHybrid];
  };
  assertEquals(modes([{ prefer: "tcp" }]), ["tcp", true]);
  assertEquals(modes([{ only: "tcp" }]), ["tcp", false]);
  assertEquals(modes([{ only: "udp", prefer: "udp" }]), ["udp", false]);
  assertEquals(resolve({ retryDelayMs: 60_000 }).paths.maxRetryDelayMs, 60_000);
});

Deno.test("resolveHybridClientOptions() refuses what makes no sense", () => {
  const bad: [Partial<HybridClientOptions>, ErrorConstructor][] = [
    [{ only: "tcp", prefer: "udp" }, TypeError],
    [{ only: "tcp", ticket: new Uint8Array(100) }, TypeError],
    [{ prefer: "sctp" as "udp" }, TypeError],
    [{ only: 1 as unknown as "udp" }, TypeError],
    [{ fallbackDelayMs: -1 }, RangeError],
    [{ darkProbesCount: 0 }, RangeError],
    [{ darkProbesCount: 9 }, RangeError],
    [{ retryDelayMs: 9 }, RangeError],
    [{ retryDelayMs: 100, maxRetryDelayMs: 99 }, RangeError],
    [{ streamKeepAliveMs: -1 }, RangeError],
    [{ turbo: true } as object, TypeError],
  ];
  for (const [options, error] of bad) assertThrows(() => resolve(options), error, "", JSON.stringify(options));
  assertThrows(() => resolveHybridClientOptions(null as unknown as HybridClientOptions), TypeError);
});
