/**
 * Clients ask over encrypted UDP, the server returns: 64 bytes there and back, one at a time.
 *
 * The keys come out of TLS 1.3, to a server with a certificate that it made when it started. Channel 1 may lose
 * messages; on one machine, with one in flight, it has no reason to, so that a lost one is a fault here.
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

const RECORD_BYTES = 64;
const CLIENTS = 2;
const CHANNEL = 1;

/** How long a reply may take before it counts as lost. */
const REPLY_LIMIT_MS = 3000;

/** The scenario. */
export const secureEcho: Scenario = {
  name: "secure.echo",
  transport: `Encrypted UDP, ${CLIENTS} clients, echo of 64 B`,
  clientCount: CLIENTS,
  serve,
  drive,
};

async function serve({ hostname, port, seed }: Setting): Promise<Service> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname, udp: port, tcp: port, cert, key });
  const arrivals = new Arrivals();
  const check = new TickCheck(seed, RECORD_BYTES);
  let ended = 0;
  const serving = (async () => {
    for await (const event of socket) {
      if (event.type === "data") {
        arrivals.note();
        check.take(event.data, 0, event.data.length);
        await socket.send(event.peerId, event.channel, event.data);
      } else if (event.type === "disconnected") {
        if (event.reason.name !== "Normal") arrivals.faults.push(`a session ended with ${event.reason.message}`);
        if (++ended === CLIENTS) break;
      }
    }
  })();
  return {
    port: socket.tcpPort,
    async finish(): Promise<Account> {
      await serving;
      await socket.close();
      const faults = [...arrivals.faults, ...check.faults];
      return { streams: check.streams(), seconds: arrivals.seconds, drops: 0, faults };
    },
  };
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed, runMs, client, fault } = setting;
  const feed = new TickFeed(seed, client, RECORD_BYTES, fault);
  const check = new TickCheck(seed, RECORD_BYTES);
  const roundTrips = new RoundTrips();
  // The halves share no file: nobody could have told this process which certificate the other one has made.
  const socket = await SecureSocket.connect({ hostname, port, dangerouslyAcceptAnyCertificate: true });
  const events = socket[Symbol.asyncIterator]();
  watch(() => feed.count);
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    const sentMs = performance.now();
    await socket.send(1, CHANNEL, feed.next());
    const reply = await replyFrom(events);
    roundTrips.record((performance.now() - sentMs) * 1000);
    check.take(reply, 0, reply.length);
  }
  await socket.close();
  return {
    streams: { [client]: tickAccount(feed.count, RECORD_BYTES) },
    seconds: 0,
    drops: 0,
    faults: check.faults,
    roundTrips: roundTrips.buckets(),
  };
}

async function replyFrom(events: ReturnType<SecureSocket[typeof Symbol.asyncIterator]>): Promise<Uint8Array> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error("A message was lost")), REPLY_LIMIT_MS);
  try {
    for (;;) {
      const { done, value: event } = await Promise.race([events.next(), limit.promise]);
      if (done || event.type === "disconnected") throw new Error("The session ended");
      if (event.type === "data") return event.data;
    }
  } finally {
    clearTimeout(timer);
  }
}
