/**
 * One client sends blocks of 64 KiB on channel 0, in the lane `low` and as fast as they go, beside input of 64 bytes on
 * channel 1, 60 times a second in the lane `critical`; the server returns each input at once.
 *
 * Every block must arrive, in order. Channel 1 may lose messages: each carries the newest ones before it again, and what
 * is lost all the same are the drops of the table. At the end the client asks how many came.
 *
 * @module
 */
import { developmentCertificate, SecureSocket } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import { RoundTrips } from "../round_trips.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals } from "../tcp_service.ts";
import { tickAccount, TickCheck } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";

const BLOCK_BYTES = 64 << 10;
const INPUT_BYTES = 64;
const INPUT_MS = 1000 / 60;
/** The streams of both; each number belongs to one feed. */
const BLOCKS = 0;
const INPUTS = 1;

const BULK_CHANNEL = 0;
const INPUT_CHANNEL = 1;
const CHANNELS = { 0: { lane: "low" }, 1: { lane: "critical", redundancyBytes: 256 } } as const;

/** How long the answer to the question at the end may take. */
const ANSWER_LIMIT_MS = 5000;

/** The scenario. */
export const secureLanes: Scenario = {
  name: "secure.lanes",
  transport: "Encrypted UDP, 60 Hz input beside bulk",
  clientCount: 1,
  serve,
  drive,
};

async function serve({ hostname, port, seed }: Setting): Promise<Service> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname, udp: port, tcp: port, cert, key, channels: CHANNELS });
  const arrivals = new Arrivals();
  const blocks = new TickCheck(seed, BLOCK_BYTES);
  const inputs = new InputCheck(seed);
  const serving = (async () => {
    for await (const event of socket) {
      if (event.type === "disconnected") break;
      if (event.type !== "data") continue;
      const { peerId, channel, data } = event;
      if (data.length === 0) {
        await socket.send(peerId, BULK_CHANNEL, new Uint8Array(Uint32Array.of(inputs.count).buffer));
        continue;
      }
      arrivals.note();
      if (channel === BULK_CHANNEL) blocks.take(data, 0, data.length);
      else {
        socket.trySend(peerId, INPUT_CHANNEL, data);
        inputs.take(data);
      }
    }
  })();
  return {
    port: socket.tcpPort,
    async finish(): Promise<Account> {
      await serving;
      await socket.close();
      const streams = { ...blocks.streams(), [INPUTS]: tickAccount(inputs.count, INPUT_BYTES) };
      const faults = [...arrivals.faults, ...blocks.faults, ...inputs.faults];
      return { streams, seconds: arrivals.seconds, drops: 0, faults };
    },
  };
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed, runMs, fault } = setting;
  const blocks = new TickFeed(seed, BLOCKS, BLOCK_BYTES, fault);
  const inputs = new TickFeed(seed, INPUTS, INPUT_BYTES);
  const sentMs: number[] = [];
  const roundTrips = new RoundTrips();
  // The halves share no file: nobody could have told this process which certificate the other one has made.
  const socket = await SecureSocket.connect({
    hostname,
    port,
    dangerouslyAcceptAnyCertificate: true,
    channels: CHANNELS,
  });
  watch(() => blocks.count + inputs.count);
  const arrived = Promise.withResolvers<number>();
  const reading = (async () => {
    for await (const event of socket) {
      if (event.type !== "data") continue;
      const view = new DataView(event.data.buffer, event.data.byteOffset, event.data.byteLength);
      if (event.channel === BULK_CHANNEL) arrived.resolve(view.getUint32(0, true));
      else roundTrips.record((performance.now() - sentMs[view.getUint32(4, true)]!) * 1000);
    }
    arrived.reject(new Error("The session ended"));
  })();
  const endMs = performance.now() + runMs;
  const bulk = (async () => {
    while (performance.now() < endMs) await socket.send(1, BULK_CHANNEL, blocks.next());
  })();
  for (let at = performance.now(); at < endMs; at += INPUT_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
    sentMs.push(performance.now());
    socket.trySend(1, INPUT_CHANNEL, inputs.next());
  }
  await bulk;
  await socket.send(1, BULK_CHANNEL, new Uint8Array(0));
  const limit = setTimeout(() => arrived.reject(new Error("No answer at the end")), ANSWER_LIMIT_MS);
  const received = await arrived.promise.finally(() => clearTimeout(limit));
  await socket.close();
  await reading;
  const lost = inputs.count - received;
  return {
    streams: {
      [BLOCKS]: tickAccount(blocks.count, BLOCK_BYTES),
      [INPUTS]: tickAccount(received, INPUT_BYTES),
    },
    seconds: 0,
    drops: lost,
    faults: lost * 4 > inputs.count ? [`${lost} of ${inputs.count} inputs were lost`] : [],
    roundTrips: roundTrips.buckets(),
  };
}

/** Compares inputs of which some may be missing or late; each may come once. */
class InputCheck {
  /** What was wrong. */
  readonly faults: string[] = [];
  readonly #feed: TickFeed;
  readonly #expected: Uint8Array[] = [];
  readonly #seen = new Set<number>();

  constructor(seed: number) {
    this.#feed = new TickFeed(seed, INPUTS, INPUT_BYTES);
  }

  /** How many came. */
  get count(): number {
    return this.#seen.size;
  }

  take(bytes: Uint8Array): void {
    const sequence = bytes.length === INPUT_BYTES
      ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
      : -1;
    if (sequence < 0 || sequence > 1e6 || this.#seen.has(sequence)) {
      this.faults.push(`input ${sequence} came twice, or is none`);
      return;
    }
    while (this.#expected.length <= sequence) this.#expected.push(this.#feed.next().slice());
    this.#seen.add(sequence);
    const wrongAt = this.#expected[sequence]!.findIndex((byte, at) => byte !== bytes[at]);
    if (wrongAt >= 0) this.faults.push(`input ${sequence} differs at byte ${wrongAt}`);
  }
}
