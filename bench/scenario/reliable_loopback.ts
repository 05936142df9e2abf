/**
 * Reliable channels over real sockets of one machine: `reliable.rtt.64`, the median round trip of 64 bytes on channel 0
 * beside the same on channel 1; `reliable.throughput`, the payload rate of messages of 64 KiB on channel 0 beside
 * encrypted datagrams that carry one message each and wait for nobody but the receiver's own credit.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const TRIPS = { warmCount: 4_000, count: 20_000, payloadBytes: 64 } as const;
const FLAGS = ["--unstable-net"];

/** What a packet of 1200 bytes leaves to one message. */
const DATAGRAM_PAYLOAD_BYTES = 1159;
const MESSAGE_BYTES = 64 << 10;

/** How much is sent one way: the warm-up and the measured part. */
const WARM_BYTES = 24e6;
const BYTES = 160e6;
const QUICK_BYTES = 48e6;

/** One message in flight, echoed on channel 0. */
export const reliableRtt64: Scenario = {
  name: "reliable.rtt.64",
  metric: "p50",
  unit: "µs",
  target: { of: "ratio", bound: "at most", limit: 1.1 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => roundTrip("unreliable-client", context),
  product: (context) => roundTrip("reliable-client", context),
};

/** One client, one server, as fast as the channel takes messages. */
export const reliableThroughput: Scenario = {
  name: "reliable.throughput",
  metric: "bytes_rate",
  unit: "B/s",
  target: { of: "ratio", bound: "at least", limit: 0.75 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => flow("datagrams", DATAGRAM_PAYLOAD_BYTES, context),
  product: (context) => flow("bulk", MESSAGE_BYTES, context),
};

function roundTrip(client: string, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...TRIPS, count: 5_000 } : TRIPS;
  return cast(import.meta.url, async (spawn) => {
    const pong = spawn("echo-server", load, FLAGS);
    const { port } = await pong.expect("listening");
    const ping = spawn(client, { ...load, port: Number(port) }, FLAGS);
    const { p50, p99, count } = await ping.expect("measured");
    if (count !== load.count) throw new Error(`${count} of ${load.count} round trips were made`);
    await Promise.all([ping.ended(), pong.ended()]);
    return { value: Number(p50), note: `p99 ${Number(p99).toFixed(0)} µs` };
  });
}

/** Runs one flow; thrown away unless the receiver got every message. */
function flow(side: string, payloadBytes: number, { quick }: RunContext): Promise<Sample> {
  const warmCount = 32 * Math.ceil(WARM_BYTES / payloadBytes / 32);
  const count = 32 * Math.ceil((quick ? QUICK_BYTES : BYTES) / payloadBytes / 32);
  const load = { warmCount, count, payloadBytes };
  return cast(import.meta.url, async (spawn) => {
    const receiver = spawn(`${side}-receiver`, load, FLAGS);
    const { port } = await receiver.expect("listening");
    const sender = spawn(`${side}-sender`, { ...load, port: Number(port) }, FLAGS);
    await sender.expect("warmed");
    await receiver.expect("warm");
    await sender.go();
    const started = await sender.expect("started");
    const done = await receiver.expect("done");
    await sender.expect("sent");
    const closed = await receiver.expect("closed");
    if (closed.messages !== warmCount + count) throw new Error(`${closed.messages} messages arrived`);
    await Promise.all([sender.ended(), receiver.ended()]);
    return { value: count * payloadBytes / (Number(done.at) - Number(started.at)) * 1000 };
  });
}

if (import.meta.main) {
  const ping = async (settings: ConstructorParameters<typeof RoundTrips>[0], channel: number): Promise<void> => {
    const trips = new RoundTrips(settings);
    await (await import("../product/secure_ping_pong.ts")).securePing(settings, trips, channel);
    trips.close();
  };
  await play({
    "echo-server": async () => (await import("../product/secure_ping_pong.ts")).securePong(),
    "unreliable-client": (settings) => ping(settings, 1),
    "reliable-client": (settings) => ping(settings, 0),
    "datagrams-sender": async (settings) => (await import("../product/secure_flow.ts")).secureSender(settings),
    "datagrams-receiver": async (settings) => {
      const { Arrivals } = await import("../harness/arrivals.ts");
      await (await import("../product/secure_flow.ts")).secureReceiver(new Arrivals(settings));
    },
    "bulk-sender": async (settings) => (await import("../product/secure_bulk.ts")).secureBulkSender(settings),
    "bulk-receiver": async (settings) => {
      const { Arrivals } = await import("../harness/arrivals.ts");
      await (await import("../product/secure_bulk.ts")).secureBulkReceiver(new Arrivals(settings));
    },
  });
}
