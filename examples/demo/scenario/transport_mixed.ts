/**
 * One transport server on TCP, TLS and WebSocket at once; a client process for each, with the same code.
 *
 * Every second record is a request, whose answer is the record, the others are messages, which the server sends back:
 * both ends verify both. Where TLS and WebSocket listen, a client asks by TCP first, by a request too.
 *
 * @module
 */
import {
  developmentCertificate,
  tcp,
  tls,
  TransportClient,
  type TransportProtocol,
  TransportServer,
  webSocket,
} from "@ringwire/ringwire/transport";
import type { Account } from "../account.ts";
import { RoundTrips } from "../round_trips.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals } from "../tcp_service.ts";
import { tickAccount, TickCheck } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";

const RECORD_BYTES = 64;
const PROTOCOLS = ["tcp", "tls", "websocket"] as const;
/** Clients of another protocol than TCP have a connection by TCP before. */
const CONNECTIONS = 2 * PROTOCOLS.length - 1;
const PATH = "/demo";
/** What `businessType` says: a question where the server listens, or a record. */
const Business = { Places: 1, Record: 2 } as const;
/** How long an answer or a message may take before it counts as lost. */
const REPLY_LIMIT_MS = 3000;
/** How long the ends of connections may take once the clients say that they are done. */
const END_LIMIT_MS = 5000;

/** Where the server listens besides TCP, and how its certificate is known. */
interface Places {
  readonly tls: number;
  readonly websocket: number;
  readonly pin: string;
}

/** The scenario. */
export const transportMixed: Scenario = {
  name: "transport.mixed",
  transport: "Transport on TCP, TLS, WebSocket at once",
  clientCount: PROTOCOLS.length,
  serve,
  drive,
};

async function serve({ hostname, port, seed }: Setting): Promise<Service> {
  const { cert, key, pin } = developmentCertificate();
  const arrivals = new Arrivals();
  const check = new TickCheck(seed, RECORD_BYTES);
  const senders = new Map<number, string>();
  const allEnded = Promise.withResolvers<void>();
  let ended = 0;
  const take = (sessionId: number, record: Uint8Array): Uint8Array => {
    arrivals.note();
    senders.set(sessionId, server.session(sessionId)?.info.protocol ?? "none");
    check.take(record, 0, record.length);
    return record;
  };
  const next = (step: number): number => port === 0 ? 0 : port + step;
  const server = await TransportServer.listen({
    protocols: [
      tcp({ hostname, port }),
      tls({ hostname, port: next(1), listen: { cert, key } }),
      webSocket({ hostname, port: next(2), path: PATH }),
    ],
    request: ({ businessType, sessionId, data }) => {
      if (businessType === Business.Record) return take(sessionId, data);
      const places: Places = { tls: server.port("tls"), websocket: server.port("websocket"), pin };
      return new TextEncoder().encode(JSON.stringify(places));
    },
    messageReceived: async ({ sessionId, message }) => {
      await server.send(sessionId, take(sessionId, message.data));
    },
    connectionClosed: ({ reason }) => {
      if (reason.name !== "Normal") arrivals.faults.push(`a connection ended with ${reason.message}`);
      if (++ended === CONNECTIONS) allEnded.resolve();
    },
    transportError: ({ error }) => void arrivals.faults.push(`the server failed: ${error}`),
  });
  return {
    port: server.port("tcp"),
    async finish(): Promise<Account> {
      const timer = setTimeout(allEnded.resolve, END_LIMIT_MS);
      await allEnded.promise;
      clearTimeout(timer);
      await server.close();
      const faults = [...arrivals.faults, ...check.faults];
      if (ended !== CONNECTIONS) faults.push(`${ended} of ${CONNECTIONS} connections came and ended`);
      const used = [...senders.values()].sort().join(" ");
      if (used !== PROTOCOLS.join(" ")) faults.push(`records came by ${used}`);
      return { streams: check.streams(), seconds: arrivals.seconds, drops: 0, faults };
    },
  };
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { seed, runMs, client, fault } = setting;
  const feed = new TickFeed(seed, client, RECORD_BYTES, fault);
  const check = new TickCheck(seed, RECORD_BYTES);
  const roundTrips = new RoundTrips();
  let arrived = Promise.withResolvers<Uint8Array>();
  const connection = await TransportClient.connect({
    protocol: await protocolOf(setting),
    requestTimeoutMs: REPLY_LIMIT_MS,
    messageReceived: ({ message }) => arrived.resolve(message.data),
    disconnected: ({ reason }) => arrived.reject(new Error(`The connection ended with ${reason.message}`)),
  });
  arrived.promise.catch(() => {});
  watch(() => feed.count);
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    const sentMs = performance.now();
    const answer = await connection.request(feed.next(), { businessType: Business.Record });
    roundTrips.record((performance.now() - sentMs) * 1000);
    check.take(answer.data, 0, RECORD_BYTES);
    await connection.send(feed.next(), { businessType: Business.Record });
    const message = await within(arrived.promise);
    arrived = Promise.withResolvers();
    arrived.promise.catch(() => {});
    check.take(message, 0, message.length);
  }
  await connection.close();
  const streams = { [client]: tickAccount(feed.count, RECORD_BYTES) };
  return { streams, seconds: 0, drops: 0, faults: check.faults, roundTrips: roundTrips.buckets() };
}

/** By which protocol a client connects, and where that is. */
async function protocolOf({ hostname, port, client }: ClientSetting): Promise<TransportProtocol> {
  const direct = tcp({ hostname, port });
  if (client === 0) return direct;
  await using asking = await TransportClient.connect({ protocol: direct });
  const { data } = await asking.request(new Uint8Array(0), { businessType: Business.Places });
  const places = JSON.parse(new TextDecoder().decode(data)) as Places;
  return PROTOCOLS[client] === "tls"
    ? tls({ hostname, port: places.tls, connect: { pin: places.pin } })
    : webSocket({ hostname, port: places.websocket, path: PATH });
}

async function within<T>(promise: Promise<T>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error("A message was lost")), REPLY_LIMIT_MS);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
