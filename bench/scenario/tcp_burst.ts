/**
 * `tcp.burst.*`: an unawaited producer against a reactor, beside the best loops on bare sockets.
 *
 * @module
 */

import { type Load, runFlow } from "../harness/flow.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const SMALL = { warmCount: 4_000_000, count: 40_000_000, payloadBytes: 64 } as const;
const LARGE = { warmCount: 65_536, count: 524_288, payloadBytes: 8192 } as const;

/** Burst client to batch handler, 64-byte payloads. */
export const tcpBurst64: Scenario = {
  name: "tcp.burst.64",
  metric: "rate",
  unit: "/s",
  target: { of: "ratio", bound: "at least", limit: 0.75 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => rate("bare", "bare", context),
  product: (context) => rate("batch", "burst", context),
};

/** Burst client to the handler that is called for every message. */
export const tcpBurst64View: Scenario = {
  ...tcpBurst64,
  name: "tcp.burst.64.view",
  target: { of: "ratio", bound: "at least", limit: 0.45 },
  product: (context) => rate("view", "burst", context),
};

/** Burst client to batch handler, 8 KiB payloads. */
export const tcpBurst8192: Scenario = {
  ...tcpBurst64,
  name: "tcp.burst.8192",
  metric: "bytes_rate",
  unit: "B/s",
  target: { of: "ratio", bound: "at least", limit: 0.9 },
  baseline: (context) => bytesRate("stream", "stream", context, 256 * 1024),
  product: (context) => bytesRate("batch", "burst", context),
};

/**
 * The same beside a harder baseline: a bare server that reads 64 KiB at a time, which stays in the cache. What is left
 * is the one copy of each payload into the send queue.
 */
export const tcpBurst8192Cached: Scenario = {
  ...tcpBurst8192,
  name: "tcp.burst.8192.cached",
  baseline: (context) => bytesRate("stream", "stream", context, 64 * 1024),
};

async function rate(server: string, client: string, context: RunContext): Promise<Sample> {
  const figures = await flow(server, client, context.quick ? { ...SMALL, count: 5_000_000 } : SMALL);
  return { value: figures.messagesPerSecond };
}

async function bytesRate(server: string, client: string, context: RunContext, readBytes?: number): Promise<Sample> {
  const load = context.quick ? { ...LARGE, count: 131_072 } : LARGE;
  const figures = await flow(server, client, readBytes === undefined ? load : { ...load, readBytes });
  return { value: figures.bytesPerSecond };
}

function flow(server: string, client: string, load: Load): ReturnType<typeof runFlow> {
  return runFlow({ program: import.meta.url, server: `${server}-server`, client: `${client}-client` }, load);
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => (await import("../raw/hand_packed.ts")).packedServer(settings),
    "bare-client": async (settings) => (await import("../raw/hand_packed.ts")).packedClient(settings),
    "stream-server": async (settings) => (await import("../raw/stream.ts")).streamServer(settings),
    "stream-client": async (settings) => (await import("../raw/stream.ts")).streamClient(settings),
    "batch-server": async (settings) => (await import("../product/receiving_server.ts")).batchServer(settings),
    "view-server": async (settings) => (await import("../product/receiving_server.ts")).viewServer(settings),
    "burst-client": async (settings) => (await import("../product/burst_client.ts")).burstClient(settings),
  });
}
