import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ParticleOptions, resolveParticleOptions } from "../../../src/runtime/particle_options.ts";

Deno.test("resolveParticleOptions() completes and freezes", () => {
  const config = resolveParticleOptions({ port: 5555 });
  const { stream, ...rest } = config;
  assertEquals(rest, {
    hostname: "127.0.0.1",
    port: 5555,
    peerId: undefined,
    connectTimeoutMs: 10_000,
    reconnect: undefined,
    noDelay: true,
    keepAlive: true,
    signal: undefined,
    workers: 0,
  });
  assertEquals(stream.maxQueuedBytes, 1 << 20);
  assert(Object.isFrozen(config) && Object.isFrozen(stream));
});

Deno.test("resolveParticleOptions() takes the owner's bound on the queue where none is given", () => {
  assertEquals(resolveParticleOptions({ port: 1 }, 5000).stream.maxQueuedBytes, 5000);
  assertEquals(resolveParticleOptions({ port: 1, maxQueuedBytes: 6000 }, 5000).stream.maxQueuedBytes, 6000);
});

Deno.test("resolveParticleOptions() gives no more workers than can be made use of", () => {
  assertEquals(resolveParticleOptions({ port: 1, workers: 5 }).workers, 1);
  assertEquals(resolveParticleOptions({ port: 1, workers: 5 }, undefined, 4).workers, 4);
  assertEquals(resolveParticleOptions({ port: 1, workers: 0 }).workers, 0);
  assertThrows(() => resolveParticleOptions({ port: 1, workers: -1 }), RangeError);
});

Deno.test("resolveParticleOptions() completes reconnect", () => {
  const defaults = { baseMs: 100, maxMs: 30_000, stableMs: 5000, maxAttempts: Infinity, whileDisconnected: "queue" };
  assertEquals(resolveParticleOptions({ port: 1, reconnect: true }).reconnect as unknown, defaults);
  assertEquals(resolveParticleOptions({ port: 1, reconnect: {} }).reconnect as unknown, defaults);
  assertEquals(resolveParticleOptions({ port: 1, reconnect: false }).reconnect, undefined);
  const { reconnect } = resolveParticleOptions({ port: 1, reconnect: { baseMs: 7, whileDisconnected: "refuse" } });
  assertEquals(reconnect as unknown, { ...defaults, baseMs: 7, whileDisconnected: "refuse" });
});

Deno.test("resolveParticleOptions() refuses wrong types and unknown names", () => {
  const wrong: Record<string, unknown>[] = [
    { hots: "127.0.0.1" },
    { peerIds: true },
    { hostname: 1 },
    { hostname: "" },
    { port: "80" },
    { port: undefined },
    { peerId: 5 },
    { connectTimeoutMs: "soon" },
    { reconnect: { bse: 1 } },
    { reconnect: "yes" },
    { reconnect: { whileDisconnected: "drop" } },
    { noDelay: 1 },
    { keepAlive: "yes" },
    { signal: {} },
    { onReceived: "me" },
    { onConnected: 1 },
    { onReceived: () => {}, onBatch: () => {} },
    { sendPolicy: "never" },
  ];
  for (const part of wrong) {
    assertThrows(() => resolveParticleOptions({ port: 1, ...part } as ParticleOptions), TypeError);
  }
  assertThrows(() => resolveParticleOptions(null as unknown as ParticleOptions), TypeError);
  assertThrows(() => resolveParticleOptions("x" as unknown as ParticleOptions), TypeError);
});

Deno.test("resolveParticleOptions() refuses values out of bounds", () => {
  const wrong: Partial<ParticleOptions>[] = [
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { port: NaN },
    { peerId: "" },
    { peerId: "a\nb" },
    { peerId: "x".repeat(128) },
    { connectTimeoutMs: -1 },
    { connectTimeoutMs: Infinity },
    { reconnect: { baseMs: 0 } },
    { reconnect: { baseMs: 100, maxMs: 50 } },
    { reconnect: { stableMs: -1 } },
    { reconnect: { maxAttempts: 0 } },
    { maxFrameBytes: 0 },
    { maxQueuedBytes: 10 },
  ];
  for (const part of wrong) assertThrows(() => resolveParticleOptions({ port: 1, ...part }), RangeError);
});
