import { assertEquals, assertThrows } from "@std/assert";
import { type EndpointOptions, resolveEndpointOptions } from "../../../src/session/endpoint_options.ts";

Deno.test("resolveEndpointOptions() fills in the defaults and freezes", () => {
  const config = resolveEndpointOptions();
  assertEquals([config.maxDatagramBytes, config.idleTimeoutMs, config.keepAliveMs], [1200, 30_000, 15_000]);
  assertEquals([config.handshakeTimeoutMs, config.maxAckDelayMs, config.ackEveryPackets], [10_000, 25, 16]);
  assertEquals([config.initialRttMs, config.rotateAfterPackets, config.rotateAfterBytes], [100, 2 ** 22, 2 ** 32]);
  assertEquals([config.rotateAfterMs, config.maxForgedPackets, config.maxQueuedBytes], [600_000, 2 ** 36, 2 ** 18]);
  assertEquals([config.clientFollows, config.serverFollows], [false, true]);
  assertEquals([config.maxSessions, config.maxHalfOpen, config.cookieFromHalfOpen], [131_072, 4096, 1024]);
  assertEquals([config.ticketLifetimeMs, config.ticketRotationMs], [3_600_000, 7_200_000]);
  assertEquals(config.limits, { maxDatagramBytes: 65535, maxAckDelayMs: 25, idleTimeoutMs: 30_000, features: 0 });
  assertEquals([Object.isFrozen(config), Object.isFrozen(config.limits)], [true, true]);
});

Deno.test("resolveEndpointOptions() derives defaults from what was given", () => {
  const config = resolveEndpointOptions({ idleTimeoutMs: 4000, maxSessions: 100, ticketLifetimeMs: 5000 });
  assertEquals([config.keepAliveMs, config.maxHalfOpen, config.cookieFromHalfOpen], [2000, 100, 25]);
  assertEquals(config.ticketRotationMs, 10_000);
  assertEquals(resolveEndpointOptions({ idleTimeoutMs: 0 }).keepAliveMs, 15_000);
  const { clientFollows, serverFollows } = resolveEndpointOptions({ followPeer: true });
  assertEquals([clientFollows, serverFollows], [true, true]);
  assertEquals(resolveEndpointOptions({ followPeer: false }).serverFollows, false);
});

const edges: readonly (readonly [keyof EndpointOptions, number, number])[] = [
  ["maxDatagramBytes", 1200, 1452],
  ["maxAckDelayMs", 0, 1000],
  ["ackEveryPackets", 1, 128],
  ["initialRttMs", 1, 1000],
  ["rotateAfterPackets", 16, 2 ** 40],
  ["rotateAfterBytes", 4096, 2 ** 50],
  ["maxForgedPackets", 1, 2 ** 36],
  ["maxQueuedBytes", 2048, 2 ** 30],
  ["maxSessions", 1, 2 ** 22],
  ["cookieLifetimeMs", 100, 60_000],
  ["firstFlightsPerSecond", 1, 1e6],
  ["firstFlightsBurst", 1, 1e6],
  ["resetsPerSecond", 0, 1e6],
  ["answersPerSecond", 1, 1e6],
  ["maxUsedTickets", 1, 2 ** 22],
  ["earlyFreshnessMs", 100, 60_000],
];

for (const [name, min, max] of edges) {
  Deno.test(`resolveEndpointOptions() takes ${name} from ${min} to ${max}`, () => {
    for (const value of [min, max]) {
      assertEquals(resolveEndpointOptions({ [name]: value })[name as "maxSessions"], value);
    }
    for (const value of [min - 1, max + 1, NaN, min + 0.5]) {
      assertThrows(() => resolveEndpointOptions({ [name]: value }), RangeError, name);
    }
    assertThrows(() => resolveEndpointOptions({ [name]: "1" } as unknown as EndpointOptions), TypeError, name);
  });
}

Deno.test("resolveEndpointOptions() refuses options that contradict each other", () => {
  const refused: readonly (readonly [EndpointOptions, string])[] = [
    [{ idleTimeoutMs: 1000, keepAliveMs: 1000 }, "keepAliveMs"],
    [{ idleTimeoutMs: 2 ** 32 }, "idleTimeoutMs"],
    [{ handshakeTimeoutMs: 0 }, "handshakeTimeoutMs"],
    [{ maxSessions: 10, maxHalfOpen: 11 }, "maxHalfOpen"],
    [{ maxHalfOpen: 0 }, "maxHalfOpen"],
    [{ maxHalfOpen: 10, cookieFromHalfOpen: 11 }, "cookieFromHalfOpen"],
    [{ ticketLifetimeMs: 604_800_001 }, "ticketLifetimeMs"],
    [{ ticketLifetimeMs: 1000, ticketRotationMs: 999 }, "ticketRotationMs"],
    [{ rotateAfterMs: -1 }, "rotateAfterMs"],
  ];
  for (const [options, name] of refused) assertThrows(() => resolveEndpointOptions(options), RangeError, name);
  resolveEndpointOptions({
    idleTimeoutMs: 2 ** 32 - 1,
    handshakeTimeoutMs: 1,
    ticketLifetimeMs: 0,
    ticketRotationMs: 0,
  });
  resolveEndpointOptions({ maxHalfOpen: 10, cookieFromHalfOpen: 10, ticketLifetimeMs: 1000, ticketRotationMs: 1000 });
});

Deno.test("resolveEndpointOptions() refuses options that nobody knows", () => {
  assertThrows(() => resolveEndpointOptions({ maxSession: 1 } as EndpointOptions), TypeError, "maxSession");
  assertThrows(() => resolveEndpointOptions({ followPeer: 1 } as unknown as EndpointOptions), TypeError, "followPeer");
});

Deno.test("resolveEndpointOptions() hands options of channels and of loss recovery on, with its own defaults", () => {
  const plain = resolveEndpointOptions();
  const { maxAckDelayMs, ackEveryPackets, initialRttMs, congestionControl } = plain.reliability;
  assertEquals([maxAckDelayMs, ackEveryPackets, initialRttMs, congestionControl], [25, 16, 100, "delay-bounded"]);
  assertEquals(plain.channelSet.maxMessageBytes, 1 << 20);
  const given = resolveEndpointOptions({
    ackEveryPackets: 3,
    maxAckRanges: 7,
    congestionControl: "cubic",
    maxMessageBytes: 5000,
    channels: { 9: { delivery: "sequenced" } },
  });
  assertEquals([given.reliability.ackEveryPackets, given.reliability.maxAckRanges], [3, 7]);
  assertEquals([given.reliability.congestionControl, given.channelSet.maxMessageBytes], ["cubic", 5000]);
  assertEquals(given.channelSet.channels[9]?.delivery, "sequenced");
  assertThrows(() => resolveEndpointOptions({ channels: { 9: {} } }), TypeError);
  assertThrows(() => resolveEndpointOptions({ maxAckRanges: 0 }), RangeError);
});

Deno.test("resolveEndpointOptions() lets a channel with nothing queued take any message", () => {
  const least = resolveEndpointOptions({ maxQueuedBytes: 2048 });
  assertEquals([least.maxQueuedBytes, least.channelSet.maxQueuedBytes], [2048, (1 << 20) + 64]);
  const more = resolveEndpointOptions({ maxQueuedBytes: 5_000_000 });
  assertEquals([more.maxQueuedBytes, more.channelSet.maxQueuedBytes], [5_000_000, 5_000_000]);
});

Deno.test("resolveEndpointOptions() finds the channels whose messages need no more than a packet", () => {
  const { plainChannels, unreliableChannels } = resolveEndpointOptions({
    channels: {
      1: { ttlMs: 100 },
      4: { delivery: "unreliable" },
      5: { delivery: "unreliable", fec: true },
      6: { delivery: "unreliable", redundancyBytes: 100 },
    },
  });
  assertEquals(Array.from(plainChannels.subarray(0, 8)), [0, 0, 0, 0, 1, 0, 0, 0]);
  assertEquals(Array.from(unreliableChannels.subarray(0, 8)), [0, 1, 0, 0, 1, 1, 1, 0]);
});
