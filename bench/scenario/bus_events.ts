/**
 * `bus.events.plain` and `bus.events.secured`: events of 100 bytes from one publisher to three subscriber processes, by
 * direct links, beside the same dispatchers over a NATS server, without and with encryption. The figure is events a
 * second that every one of the three handlers got, in order.
 *
 * @module
 */

import { Carrier } from "../product/bus_nodes.ts";
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { startNatsServer } from "../raw/nats_server.ts";

const LOAD = { warmCount: 200_000, count: 1_000_000, payloadBytes: 100, subscriberCount: 3 } as const;

const scenario = {
  metric: "rate",
  unit: "events/s",
  rounds: 3,
  lessBaseline: false,
} as const;

/** An open mesh, whose links are not encrypted, beside NATS without encryption. */
export const busEventsPlain: Scenario = {
  ...scenario,
  name: "bus.events.plain",
  target: { of: "ratio", bound: "at least", limit: 2 },
  baseline: (context) => overNats(Carrier.Nats, context),
  product: (context) => flow(Carrier.OpenMesh, anyPort(), context),
};

/** A mesh with a key beside NATS with TLS. */
export const busEventsSecured: Scenario = {
  ...scenario,
  name: "bus.events.secured",
  target: { of: "ratio", bound: "at least", limit: 1.5 },
  baseline: (context) => overNats(Carrier.NatsTls, context),
  product: (context) => flow(Carrier.KeyedMesh, anyPort(), context),
};

/** The processes of one host by unix sockets, beside NATS without encryption; only stated. */
export const busEventsMachine: Scenario = {
  ...scenario,
  name: "bus.events.machine",
  target: undefined,
  baseline: (context) => overNats(Carrier.Nats, context),
  product: (context) => flow(Carrier.Machine, anyPort(), context),
};

async function overNats(carrier: Carrier, context: RunContext): Promise<Sample> {
  await using server = await startNatsServer(carrier === Carrier.NatsTls);
  return await flow(carrier, server.port, context);
}

function flow(carrier: Carrier, port: number, { quick }: RunContext): Promise<Sample> {
  const load = quick ? { ...LOAD, warmCount: 50_000, count: 300_000 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const settings = { ...load, carrier, port };
    const subscribers = Array.from({ length: load.subscriberCount }, () => spawn("subscriber", settings));
    await Promise.all(subscribers.map((one) => one.expect("listening")));
    const publisher = spawn("publisher", settings);
    await publisher.expect("warmed");
    await Promise.all(subscribers.map((one) => one.expect("warm")));
    await publisher.go();
    const started = await publisher.expect("started");
    const dones = await Promise.all(subscribers.map((one) => one.expect("done")));
    await publisher.expect("sent");
    for (const one of subscribers) {
      await one.go();
      const { messages, disordered } = await one.expect("closed");
      if (messages !== load.warmCount + load.count || disordered !== 0) {
        throw new Error(`A handler got ${messages} events, ${disordered} of them out of order`);
      }
    }
    await publisher.go();
    await Promise.all([...subscribers, publisher].map((one) => one.ended()));
    const last = Math.max(...dones.map(({ at }) => Number(at)));
    return { value: load.count / ((last - Number(started.at)) / 1000) };
  });
}

function anyPort(): number {
  return 20_000 + Math.floor(Math.random() * 10_000);
}

if (import.meta.main) {
  const nodes = await import("../product/bus_nodes.ts");
  await play({ publisher: nodes.publishingNode, subscriber: nodes.subscribingNode });
}
