/**
 * Three nodes of a message bus in three processes: two clients find the third by its address, and each other by gossip.
 *
 * Each client sends commands whose answers are what it sent, and publishes events that the two other processes get.
 * Every process checks every record that comes to it; the last event of a client says how many there were.
 *
 * @module
 */
import { type CommandScope, defineCommand, defineEvent, MessageBus } from "@ringwire/ringwire/bus";
import type { Account } from "../account.ts";
import { RoundTrips } from "../round_trips.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals } from "../tcp_service.ts";
import { tickAccount, TickCheck } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";

const RECORD_BYTES = 64;
const CLIENTS = 2;
const EVENTS_PER_COMMAND = 4;
const END_LIMIT_MS = 4000;

interface End {
  /** The stream that has ended. */
  readonly stream: number;
  /** How many events there were. */
  readonly count: number;
}

const Echo = defineCommand<Uint8Array, Uint8Array>("demo.echo");
const Tick = defineEvent<Uint8Array>("demo.tick");
const Ended = defineEvent<End>("demo.ended");

/** The scenario. */
export const busMesh: Scenario = {
  name: "bus.mesh",
  transport: "Message bus, commands and events over a keyed mesh, three processes",
  clientCount: CLIENTS,
  serve,
  drive,
};

async function serve({ hostname, port, seed }: Setting): Promise<Service> {
  const arrivals = new Arrivals();
  const check = new TickCheck(seed, RECORD_BYTES);
  const onError = (error: unknown): void => void arrivals.faults.push(`the server failed: ${error}`);
  const bus = await MessageBus.start({ ...meshOf(seed, hostname), name: "server", publishPort: port, onError });
  const take = (record: Uint8Array): void => {
    arrivals.note();
    check.take(record, 0, record.length);
  };
  bus.eventDispatcher.subscribe(Tick, take);
  const ends = awaitEnds(bus, check, CLIENTS);
  bus.commandDispatcher.handle(Echo, (record) => {
    take(record);
    return record;
  });
  return {
    port: bus.gossipPort,
    async finish(): Promise<Account> {
      const faults = await ends;
      await bus.close();
      return {
        streams: check.streams(),
        seconds: arrivals.seconds,
        drops: 0,
        faults: [...arrivals.faults, ...check.faults, ...faults],
      };
    },
  };
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed, runMs, client, fault } = setting;
  const commands = new TickFeed(seed, client, RECORD_BYTES, fault);
  const events = new TickFeed(seed, CLIENTS + client, RECORD_BYTES);
  const answers = new TickCheck(seed, RECORD_BYTES);
  const others = new TickCheck(seed, RECORD_BYTES);
  const roundTrips = new RoundTrips();
  await using bus = await MessageBus.start({
    ...meshOf(seed, hostname),
    name: `client ${client}`,
    publishPort: 0,
    seeds: [hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`],
  });
  const { eventDispatcher } = bus;
  const { network } = bus.commandDispatcher;
  eventDispatcher.subscribe(Tick, (record) => others.take(record, 0, record.length));
  const ends = awaitEnds(bus, others, CLIENTS - 1);
  await allAreThere(bus, network);
  watch(() => commands.count + events.count);
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    for (let i = 0; i < EVENTS_PER_COMMAND; i++) await eventDispatcher.publish(Tick, events.next(), { toSelf: false });
    const sentMs = performance.now();
    const answer = await network.send(Echo, commands.next(), { timeoutMs: END_LIMIT_MS });
    roundTrips.record((performance.now() - sentMs) * 1000);
    answers.take(answer, 0, answer.length);
  }
  await eventDispatcher.publish(Ended, { stream: CLIENTS + client, count: events.count }, { toSelf: false });
  return {
    streams: {
      [client]: tickAccount(commands.count, RECORD_BYTES),
      [CLIENTS + client]: tickAccount(events.count, RECORD_BYTES),
    },
    seconds: 0,
    drops: 0,
    faults: [...await ends, ...answers.faults, ...others.faults],
    roundTrips: roundTrips.buckets(),
  };
}

/** What all three have in common. The halves share the seed, and so the key. */
function meshOf(seed: number, hostname: string) {
  return {
    machine: false,
    hostname: hostname.startsWith("127.") ? hostname : "0.0.0.0",
    discovery: false,
    key: `the key of the demo with the seed ${seed}`,
    membership: { gossipIntervalMs: 50 },
  } as const;
}

async function allAreThere({ eventDispatcher }: MessageBus, network: CommandScope): Promise<void> {
  const count = CLIENTS + 1;
  await Promise.all([
    network.whenHandled(Echo),
    eventDispatcher.whenSubscribed(Tick, { count }),
    eventDispatcher.whenSubscribed(Ended, { count }),
  ]);
}

/** Waits until so many clients have published their last event, and compares their counts with what came. */
function awaitEnds({ eventDispatcher }: MessageBus, check: TickCheck, count: number): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const faults: string[] = [];
  let left = count;
  eventDispatcher.subscribe(Ended, ({ stream, count }) => {
    const { messages } = check.streams()[stream] ?? { messages: 0 };
    if (messages !== count) faults.push(`${messages} of the ${count} events of stream ${stream} came`);
    if (--left === 0) resolve(faults);
  });
  return promise;
}
