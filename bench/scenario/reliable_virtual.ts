/**
 * `reliable.p99.*`, `reliable.goodput.*`, `reliable.input` and `fairness`: two endpoint machines over a link in virtual
 * time, with real packets and seals, so that every figure is exact and repeats itself.
 *
 * The link counts the bytes of datagrams; where it has a rate, its queue is one bandwidth-delay product and drops what
 * does not fit. Losses are independent and fall on both directions alike.
 *
 * @module
 */
import { NobleKeyExchange } from "../../src/crypto/noble_key_exchange.ts";
import { systemAead } from "../../src/io/system/system_aead.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { DatagramTransmit } from "../../src/session/datagram_transmit.ts";
import { EndpointMachine } from "../../src/session/endpoint_machine.ts";
import { type EndpointOptions, resolveEndpointOptions } from "../../src/session/endpoint_options.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { DatagramConditioner } from "../../src/testing/datagram_conditioner.ts";
import { ManualScheduler } from "../../src/testing/manual_scheduler.ts";
import type { Alarm } from "../../src/time/scheduler.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import type { Sample, Scenario } from "../harness/scenario.ts";

const PORT = 4433;
const DATAGRAM_BYTES = 2048;
const ONE_WAY_MS = 25;
const LINK_BYTES_PER_SECOND = 1_250_000;
const QUEUE_BYTES = 62_500;

/** What a link is like, each way. */
interface Link {
  readonly lossShare?: number;
  readonly bytesPerSecond?: number;
  readonly queueBytes?: number;
}

const NARROW: Link = { bytesPerSecond: LINK_BYTES_PER_SECOND, queueBytes: QUEUE_BYTES };

/** Called with every message: its session, its channel and its bytes, which are lent. */
type Receiver = (session: SessionMachine, channel: number, bytes: Uint8Array) => void;

/** Virtual time and the two directions of a link that all connections share. */
class World {
  readonly scheduler = new ManualScheduler();
  readonly #lines: readonly DatagramConditioner[];
  readonly #ends: End[] = [];

  constructor(link: Link, seed: number) {
    this.#lines = [1, 2].map((direction) =>
      new DatagramConditioner({
        ...link,
        scheduler: this.scheduler,
        random: new SeededRandom(seed * 10 + direction),
        delayMs: ONE_WAY_MS,
      })
    );
  }

  /** A client, or the server if it is the first. */
  add(options: EndpointOptions, receive: Receiver): End {
    const end = new End(this, this.#ends.length, options, receive);
    this.#ends.push(end);
    return end;
  }

  /** Carries a datagram: clients to the server by one direction, the server to clients by the other. */
  carry(from: End, bytes: Uint8Array, to: DatagramAddress): void {
    const target = this.#ends[to.port - PORT]!;
    this.#lines[from.index === 0 ? 1 : 0]!.send(bytes, (datagram) => target.take(datagram, from.address));
  }
}

/** An endpoint machine and its driver. */
class End {
  readonly machine: EndpointMachine;
  readonly address = new DatagramAddress();
  readonly index: number;
  readonly #world: World;
  readonly #receive: Receiver;
  readonly #alarm: Alarm;
  readonly #target = new DatagramTransmit(new Uint8Array(DATAGRAM_BYTES));
  readonly #inbox = new Uint8Array(DATAGRAM_BYTES);
  /** Called when a queue that was full has room. */
  onDrained: () => void = () => {};

  constructor(world: World, index: number, options: EndpointOptions, receive: Receiver) {
    this.#world = world;
    this.index = index;
    this.#receive = receive;
    this.address.parse(`192.0.2.${index + 1}`, PORT + index);
    const { clock } = world.scheduler;
    this.machine = new EndpointMachine({
      config: resolveEndpointOptions(options),
      clock,
      wallClock: world.scheduler,
      random: new SeededRandom(index + 1),
      aead: systemAead(),
      keyExchange: new NobleKeyExchange(),
    });
    this.#alarm = world.scheduler.alarm(() => {
      this.machine.handleTimeout();
      this.drain();
    });
    this.drain();
  }

  /** Polls the machine until there is nothing. */
  drain(): void {
    const { machine } = this;
    const target = this.#target;
    do {
      for (let length = machine.pollTransmit(target); length > 0; length = machine.pollTransmit(target)) {
        this.#world.carry(this, target.buffer.subarray(0, length), target.address);
      }
      this.#alarm.arm(machine.pollTimeout());
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        if (event === SessionEvent.Message) this.#read();
        else if (event === SessionEvent.Drained) this.onDrained();
      }
    } while (!machine.drained);
  }

  /** A datagram arrives. */
  take(datagram: Uint8Array, from: DatagramAddress): void {
    this.#inbox.set(datagram);
    this.machine.handleDatagram(0, from, this.#inbox, 0, datagram.length);
    this.drain();
  }

  /** Hellos as if inside TLS; a second later the session stands. */
  connect(server: End): SessionMachine {
    const session = this.machine.openClient();
    const { record } = server.machine.acceptHello(session.writeHello(), this.address, server.address.port);
    session.handleHello(record, 0, server.address, 2 * ONE_WAY_MS);
    server.drain();
    this.drain();
    return session;
  }

  #read(): void {
    const { session, messageBuffer, messageChannel, messageLength, messageOffset } = this.machine;
    const bytes = messageBuffer.subarray(messageOffset, messageOffset + messageLength);
    this.#receive(session!, messageChannel, bytes);
  }
}

/** Times that messages took, from the number in their first four bytes. */
class Delays {
  readonly #sentAt: number[] = [];
  readonly #delays: number[] = [];

  /** A message that is sent now. */
  stamp(bytes: number, now: number): Uint8Array {
    const payload = new Uint8Array(bytes);
    new DataView(payload.buffer).setUint32(0, this.#sentAt.push(now) - 1);
    return payload;
  }

  /** It came. */
  note(payload: Uint8Array, now: number): void {
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    this.#delays.push(now - this.#sentAt[number]!);
  }

  /** The delay in ms that this share of the messages did not exceed; a message that is missing took for ever. */
  quantile(share: number): number {
    const sorted = this.#delays.toSorted((a, b) => a - b);
    return sorted[Math.ceil(share * this.#sentAt.length) - 1] ?? Infinity;
  }

  /** How many came. */
  get count(): number {
    return this.#delays.length;
  }
}

const MESSAGE_BYTES = 200;
const MESSAGE_COUNT = 30_000;
const MESSAGES_PER_SECOND = 60;

/** How 60 messages a second fare at 5 % loss. */
interface Delivery {
  readonly p99: number;
  readonly p999: number;
  readonly counters: Readonly<Record<string, number>>;
}

function deliver(channel: number, options: EndpointOptions, seed = 1): Delivery {
  const world = new World({ lossShare: 0.05 }, seed);
  const { clock } = world.scheduler;
  const delays = new Delays();
  const server = world.add(options, (_, __, bytes) => delays.note(bytes, clock.now));
  const client = world.add(options, () => {});
  const session = client.connect(server);
  world.scheduler.advance(5000);
  let next = clock.now;
  for (let n = 0; n < MESSAGE_COUNT; n++) {
    session.send(channel, delays.stamp(MESSAGE_BYTES, clock.now));
    client.drain();
    next += 1000 / MESSAGES_PER_SECOND;
    world.scheduler.advance(next - clock.now);
  }
  world.scheduler.advance(5000);
  if (delays.count !== MESSAGE_COUNT) throw new Error(`${delays.count} of ${MESSAGE_COUNT} messages came`);
  return { p99: delays.quantile(0.99), p999: delays.quantile(0.999), counters: session.statistics().channels };
}

/** The figure of one kind of delivery, with what the same is on channel 0. */
function delivery(name: string, limit: number, on: (channel: number) => EndpointOptions): Scenario {
  return {
    name,
    metric: "p99",
    unit: "ms",
    target: { of: "ratio", bound: "at most", limit },
    rounds: 3,
    lessBaseline: false,
    baseline: () => Promise.resolve({ value: ONE_WAY_MS }),
    product: () => {
      const [unordered, ordered] = [deliver(2, on(2)), deliver(0, on(0))];
      const { bytesResent, bytesRepeated, parityBytesOut, protectedBytesOut } = unordered.counters;
      const source = MESSAGE_BYTES * MESSAGE_COUNT;
      const share = (bytes: number): string => `${(100 * bytes / source).toFixed(1)} %`;
      const ofFrames = (100 * parityBytesOut! / protectedBytesOut!).toFixed(1);
      const parity = parityBytesOut! > 0 ? `, parity ${ofFrames} % of its frames, ${share(parityBytesOut!)}` : "";
      const repeated = bytesRepeated! > 0 ? `, repeated ${share(bytesRepeated!)}` : "";
      const note = `p99.9 ${unordered.p999.toFixed(0)} ms; channel 0: ${ordered.p99.toFixed(0)} and ` +
        `${ordered.p999.toFixed(0)} ms; of the payload: resent ${share(bytesResent!)}${parity}${repeated}`;
      return Promise.resolve({ value: unordered.p99, note });
    },
  };
}

/** 99 of 100 messages arrive within so many ms. */
export const reliableP99Plain: Scenario = delivery("reliable.p99.plain", 4, () => ({}));

/** The same with parity. */
export const reliableP99Parity: Scenario = delivery("reliable.p99.parity", 2.6, (channel) => ({
  channels: { [channel]: { fec: true } },
}));

/** The same with repetition. */
export const reliableP99Redundant: Scenario = delivery("reliable.p99.redundant", 1.8, (channel) => ({
  channels: { [channel]: { redundancyBytes: 1000 } },
}));

const BULK_BYTES = 20 << 20;
const BULK_MESSAGE_BYTES = 1 << 16;

/** Keeps a queue filled, up to a number of messages. */
function feed(end: End, session: SessionMachine, channel: number, count: number): void {
  const payload = new Uint8Array(BULK_MESSAGE_BYTES).fill(7);
  let left = count;
  const more = (): void => {
    while (left > 0 && session.send(channel, payload) === 0) left--;
  };
  end.onDrained = more;
  more();
  end.drain();
}

/** The share of the link that 20 MiB fill. */
function goodput(lossShare: number, options: EndpointOptions, seed: number): number {
  const world = new World({ ...NARROW, lossShare }, seed);
  const { clock } = world.scheduler;
  const count = BULK_BYTES / BULK_MESSAGE_BYTES;
  let came = 0;
  const server = world.add(options, () => came++);
  const client = world.add(options, () => {});
  const session = client.connect(server);
  world.scheduler.advance(3000);
  const start = clock.now;
  feed(client, session, 0, count);
  while (came < count && clock.now - start < 600_000) world.scheduler.advance(1);
  return BULK_BYTES * (came / count) / (LINK_BYTES_PER_SECOND * (clock.now - start) / 1000);
}

function transfer(name: string, lossShare: number, limit: number): Scenario {
  return {
    name,
    metric: "share",
    unit: "",
    target: { of: "value", bound: "at least", limit },
    rounds: 3,
    lessBaseline: false,
    baseline: () => Promise.resolve({ value: 1 }),
    product: (): Promise<Sample> => {
      const cubic = goodput(lossShare, { congestionControl: "cubic" }, 1);
      return Promise.resolve({ value: goodput(lossShare, {}, 1), note: `cubic ${cubic.toFixed(3)}` });
    },
  };
}

/** The share without loss. */
export const reliableGoodput0: Scenario = transfer("reliable.goodput.0", 0, 0.92);

/** With 1 % loss. */
export const reliableGoodput1: Scenario = transfer("reliable.goodput.1", 0.01, 0.87);

/** With 5 % loss. */
export const reliableGoodput5: Scenario = transfer("reliable.goodput.5", 0.05, 0.78);

const INPUT_BYTES = 64;
const INPUT_SECONDS = 60;

/** The p99 delay of input at 60 Hz in the lane `critical`, beside bulk in the lane `low` or alone. */
function input(hasBulk: boolean, options: EndpointOptions): number {
  const world = new World(NARROW, 1);
  const { clock } = world.scheduler;
  const delays = new Delays();
  const all: EndpointOptions = {
    ...options,
    channels: { 0: { delivery: "reliableOrdered", lane: "low" }, 1: { delivery: "unreliable", lane: "critical" } },
  };
  const server = world.add(all, (_, channel, bytes) => channel === 1 && delays.note(bytes, clock.now));
  const client = world.add(all, () => {});
  const session = client.connect(server);
  world.scheduler.advance(3000);
  if (hasBulk) feed(client, session, 0, Infinity);
  // The bulk finds its rate first.
  world.scheduler.advance(5000);
  let next = clock.now;
  for (let n = 0; n < 60 * INPUT_SECONDS; n++) {
    session.send(1, delays.stamp(INPUT_BYTES, clock.now));
    client.drain();
    next += 1000 / 60;
    world.scheduler.advance(next - clock.now);
  }
  world.scheduler.advance(1000);
  return delays.quantile(0.99);
}

/** What bulk costs input. */
export const reliableInput: Scenario = {
  name: "reliable.input",
  metric: "p99",
  unit: "ms",
  target: { of: "ratio", bound: "at most", limit: 2 },
  rounds: 3,
  lessBaseline: false,
  baseline: () => Promise.resolve({ value: input(false, {}) }),
  product: () => {
    const cubic = input(true, { congestionControl: "cubic" });
    return Promise.resolve({ value: input(true, {}), note: `cubic ${cubic.toFixed(1)} ms` });
  },
};

/** Jain's index over what connections that share a narrow place have got in a minute. */
function fairnessOf(count: number, options: EndpointOptions): { index: number; used: number } {
  const world = new World(NARROW, 1);
  const { clock } = world.scheduler;
  const bytes = new Map<SessionMachine, number>();
  let counts = false;
  const server = world.add(options, (session, _, { length }) => {
    if (counts) bytes.set(session, (bytes.get(session) ?? 0) + length);
  });
  const clients = Array.from({ length: count }, () => world.add(options, () => {}));
  const sessions = clients.map((client) => client.connect(server));
  world.scheduler.advance(3000);
  const start = clock.now;
  clients.forEach((client, i) => feed(client, sessions[i]!, 0, Infinity));
  counts = true;
  world.scheduler.advance(60_000);
  const got = [...bytes.values()];
  const sum = got.reduce((a, b) => a + b, 0);
  const index = sum ** 2 / (count * got.reduce((a, b) => a + b * b, 0));
  return { index, used: sum / (LINK_BYTES_PER_SECOND * (clock.now - start) / 1000) };
}

/** How evenly four connections share a link. */
export const fairness: Scenario = {
  name: "fairness",
  metric: "share",
  unit: "",
  target: { of: "value", bound: "at least", limit: 0.95 },
  rounds: 3,
  lessBaseline: false,
  baseline: () => Promise.resolve({ value: 1 }),
  product: () => {
    const { index, used } = fairnessOf(4, {});
    const cubic = fairnessOf(4, { congestionControl: "cubic" });
    const note = `${(100 * used).toFixed(0)} % of the link; cubic ${cubic.index.toFixed(3)}`;
    return Promise.resolve({ value: index, note });
  },
};
