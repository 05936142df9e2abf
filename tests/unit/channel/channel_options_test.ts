import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ChannelSetOptions, resolveChannelSetOptions } from "../../../src/channel/channel_options.ts";

Deno.test("resolveChannelSetOptions() gives four channels and what they need", () => {
  const config = resolveChannelSetOptions();
  assertEquals(config.channels.map((channel) => channel?.delivery), [
    "reliableOrdered",
    "unreliable",
    "reliableUnordered",
    "sequenced",
  ]);
  assertEquals(config.channels.map((c) => [c!.isReliable, c!.isOrdered, c!.isSequenced, c!.lane]), [
    [true, true, false, 2],
    [false, false, false, 2],
    [true, false, false, 2],
    [false, false, true, 2],
  ]);
  assertEquals([config.maxMessageBytes, config.laneWeights], [1 << 20, [8, 4, 2, 1]]);
  assert(config.channels[0]!.windowBytes >= 2 * config.maxMessageBytes);
  assert(config.windowBytes >= config.channels[0]!.windowBytes && Object.isFrozen(config));
});

Deno.test("resolveChannelSetOptions() adds and changes channels", () => {
  const config = resolveChannelSetOptions({
    maxMessageBytes: 2000,
    channels: { 1: { lane: "critical" }, 254: { delivery: "sequenced", redundancyBytes: 100 }, 2: { fec: true } },
    laneWeights: { low: 3 },
  });
  assertEquals([config.channels.length, config.channels[4]], [255, undefined]);
  assertEquals([config.channels[1]!.lane, config.channels[254]!.isSequenced], [0, true]);
  assertEquals([config.channels[2]!.fec!.scheme, config.channels[0]!.fec], ["xor", undefined]);
  assertEquals([config.laneWeights, config.windowBytes, config.maxUnreadBytes], [[8, 4, 2, 3], 1 << 19, 4128]);
});

Deno.test("resolveChannelSetOptions() refuses what is out of bounds or contradicts", () => {
  const wrong: ChannelSetOptions[] = [
    { maxMessageBytes: 1023 },
    { maxMessageBytes: 1 << 24 },
    { maxQueuedBytes: 1 << 20 },
    { windowBytes: 1 << 20 },
    { maxReassemblyBytes: 1000 },
    { maxReassemblyMessages: 0 },
    { reassemblyTimeoutMs: 0 },
    { maxUnreadBytes: 1000 },
    { laneWeights: { low: 0 } },
    { laneWeights: { low: 65 } },
    { laneWeights: { low: 1.5 } },
    { channels: { 255: { delivery: "unreliable" } } },
    { channels: { [-1]: { delivery: "unreliable" } } },
    { channels: { 0: { windowBytes: 1 << 20 } } },
    { channels: { 0: { ttlMs: -1 } } },
    { channels: { 0: { redundancyBytes: 1025 } } },
    { channels: { 0: { redundancyBytes: 1, fec: true } } },
    { channels: { 0: { fec: { sources: 0 } } } },
  ];
  for (const options of wrong) {
    assertThrows(() => resolveChannelSetOptions(options), RangeError, undefined, JSON.stringify(options));
  }
  const misshapen: unknown[] = [
    { channel: {} },
    { channels: { 4: {} } },
    { channels: { 0: { delivery: "sometimes" } } },
    { channels: { 0: { lane: "fast" } } },
    { channels: { 0: { weight: 1 } } },
    { laneWeights: { urgent: 1 } },
    { channels: null },
    null,
  ];
  for (const options of misshapen) {
    assertThrows(() => resolveChannelSetOptions(options as ChannelSetOptions), TypeError, undefined, `${options}`);
  }
});
