/**
 * The roles of a bus in the bench: a publisher and its subscribers, one who asks and one who answers, over the mesh or
 * over a NATS server.
 *
 * @module
 */

import { defineCommand, defineEvent, MessageBus, type MessageBusOptions } from "../../src/api/bus_mod.ts";
import { natsFabric } from "../../src/api/bus_nats_mod.ts";
import { Arrivals } from "../harness/arrivals.ts";
import { sendFlow } from "../harness/flow.ts";
import { awaitGo, report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

/** What carries the bus. */
export const Carrier = { OpenMesh: 0, KeyedMesh: 1, Machine: 2, Nats: 3, NatsTls: 4 } as const;

/** One of the values of {@linkcode Carrier}. */
export type Carrier = (typeof Carrier)[keyof typeof Carrier];

const Tick = defineEvent<Uint8Array>("bench.tick");
const Echo = defineCommand<Uint8Array, Uint8Array>("bench.echo");
const PRESENCE = { timeoutMs: 20_000 } as const;

/**
 * Where the certificate of a server lies.
 *
 * @param port The server's port.
 * @returns The path.
 */
export function certificatePath(port: number): string {
  return `/tmp/ringwire-bench-nats-${port}.pem`;
}

/**
 * The publisher: sends a known load to `subscriberCount` subscribers.
 *
 * @param settings Numbers `carrier`, `port`, `subscriberCount`, `payloadBytes`, `warmCount`, `count`.
 */
export async function publishingNode(settings: Settings): Promise<void> {
  const bus = await startBus(settings);
  await bus.eventDispatcher.whenSubscribed(Tick, { count: settings.of("subscriberCount"), ...PRESENCE });
  const payload = new Uint8Array(settings.of("payloadBytes"));
  const view = new DataView(payload.buffer);
  let sequence = 0;
  await sendFlow(settings, async (count) => {
    for (let i = 0; i < count; i++) {
      view.setUint32(0, sequence++, true);
      await bus.eventDispatcher.publish(Tick, payload);
    }
  });
  await awaitGo();
  await bus.close();
}

/**
 * A subscriber: counts what its handler gets, and checks the order.
 *
 * @param settings Numbers `carrier`, `port`, `payloadBytes`, `warmCount`, `count`.
 */
export async function subscribingNode(settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  const bus = await startBus(settings);
  let next = 0;
  let disorderedCount = 0;
  bus.eventDispatcher.subscribe(Tick, (payload) => {
    const sequence = payload[0]! + payload[1]! * 256 + payload[2]! * 65536 + payload[3]! * 16777216;
    if (sequence !== next) disorderedCount++;
    next = sequence + 1;
    arrivals.add(1, payload.length);
  });
  report("listening", { port: 0 });
  await awaitGo();
  arrivals.close(disorderedCount);
  await bus.close();
}

/**
 * Answers every command with what it got.
 *
 * @param settings Numbers `carrier`, `port`.
 */
export async function answeringNode(settings: Settings): Promise<void> {
  const bus = await startBus(settings);
  bus.commandDispatcher.handle(Echo, (payload) => payload);
  report("listening", { port: 0 });
  await awaitGo();
  await bus.close();
}

/**
 * Asks, one command in flight.
 *
 * @param settings Numbers `carrier`, `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function askingNode(settings: Settings, trips: RoundTrips): Promise<void> {
  const bus = await startBus(settings);
  const { machine, network } = bus.commandDispatcher;
  const scope = settings.of("carrier") === Carrier.Machine ? machine : network;
  await scope.whenHandled(Echo, PRESENCE);
  const payload = new Uint8Array(settings.of("payloadBytes"));
  while (trips.start(payload)) trips.finish(await scope.send(Echo, payload));
  await bus.close();
}

function startBus(settings: Settings): Promise<MessageBus> {
  return MessageBus.start(optionsFor(settings.of("carrier") as Carrier, settings.of("port")));
}

function optionsFor(carrier: Carrier, port: number): MessageBusOptions {
  const mesh = { machine: false, hostname: "127.0.0.1", publishPort: 0, discoveryPort: port } as const;
  switch (carrier) {
    case Carrier.OpenMesh:
      return { ...mesh, dangerouslyOpenMesh: true };
    case Carrier.KeyedMesh:
      return { ...mesh, key: `the key of the bench on port ${port}` };
    case Carrier.Machine:
      return { machine: `/tmp/ringwire-bench-${port}` };
    case Carrier.Nats:
      return { machine: false, fabric: natsFabric({ servers: `127.0.0.1:${port}` }) };
    case Carrier.NatsTls: {
      const ca = Deno.readTextFileSync(certificatePath(port));
      return { machine: false, fabric: natsFabric({ servers: `127.0.0.1:${port}`, tls: { ca } }) };
    }
  }
}
