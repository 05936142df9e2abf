/**
 * Hybrid sockets on real sockets of this process: UDP by a relay that can be blocked, TLS directly.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type HybridClientOptions,
  type HybridEvent,
  HybridSocket,
  MisuseError,
  SecureSocket,
} from "../../src/api/secure_mod.ts";
import { BlockingRelay } from "./hybrid_relay.ts";
import { bytesOf, numbered, numberOf, upTo } from "./payloads.ts";
import { certificate } from "./secure_ends.ts";
import { eventually } from "./waiting.ts";

const { cert, key, pin } = certificate;
const hostname = "127.0.0.1";

/** A socket and what it told. */
class Watched implements AsyncDisposable {
  readonly socket: HybridSocket;
  readonly events: HybridEvent[] = [];
  readonly #reading: Promise<void>;

  constructor(socket: HybridSocket, echoes = false) {
    this.socket = socket;
    this.#reading = (async () => {
      for await (const event of socket) {
        this.events.push(event);
        if (echoes && event.type === "data") void socket.send(event.peerId, event.channel, event.data);
      }
    })();
  }

  get numbers(): number[] {
    return this.events.flatMap((event) => event.type === "data" ? [numberOf(event.data)] : []);
  }

  /** What carried sessions, in order. */
  modes(): string[] {
    return this.events.flatMap((event) => event.type === "transportMode" ? [event.mode] : []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket.close();
    await this.#reading;
  }
}

async function openEcho(relay: BlockingRelay): Promise<Watched> {
  const options = { hostname, cert, key, advertisedUdpPort: relay.port };
  const server = new Watched(await HybridSocket.bindServer(options), true);
  relay.serverPort = server.socket.udpPort;
  return server;
}

async function join(server: Watched, options: Partial<HybridClientOptions> = {}): Promise<Watched> {
  return new Watched(await HybridSocket.connect({ hostname, port: server.socket.tcpPort, pin, ...options }));
}

Deno.test("HybridSocket uses UDP where it works, and keeps the TLS link", async () => {
  await using relay = await BlockingRelay.open();
  await using server = await openEcho(relay);
  // A machine that is held up for long must not look like a network that is blocked.
  await using client = await join(server, { fallbackDelayMs: 8000, darkProbesCount: 8 });
  await client.socket.send(1, 0, numbered(1, 64));
  await eventually("the echo came", () => client.numbers.length === 1);
  assertEquals([client.socket.transportMode, server.socket.transportModeOf(1)], ["udp", "udp"]);
  assertEquals(server.socket.statistics().handshakes.streamsKept, 1);
  assertEquals([client.socket.peers, client.socket.peerStatistics(1)!.mode], [[1], "udp"]);
  assertThrows(() => server.socket.transportMode, MisuseError);
  assertThrows(() => client.socket.tcpPort, MisuseError);
});

Deno.test("HybridSocket connects where UDP is blocked, moves to UDP when it is let through, and back", async () => {
  await using relay = await BlockingRelay.open();
  await using server = await openEcho(relay);
  relay.blocked = true;
  await using client = await join(server, { retryDelayMs: 50, maxRetryDelayMs: 100 });
  assertEquals(client.socket.transportMode, "tcp");
  let sent = 0;
  const talkUntil = (what: string, holds: () => boolean): Promise<void> =>
    eventually(what, () => {
      if (sent - client.numbers.length < 64) void client.socket.send(1, 0, numbered(sent++, 300));
      return holds();
    });
  await talkUntil("some echoes came by TLS", () => client.numbers.length > 20);
  assertEquals([relay.passed, server.socket.transportModeOf(1)], [0, "tcp"]);
  const [first] = server.events;
  assertEquals(first?.type === "connected" && first.address.transport, "tcp");
  const areBothOn = (mode: string): boolean =>
    client.socket.transportMode === mode && server.socket.transportModeOf(1) === mode;
  for (let round = 1; round <= 2; round++) {
    relay.blocked = false;
    await talkUntil("the session is back on UDP", () => areBothOn("udp"));
    relay.blocked = true;
    await talkUntil("the session is on TLS", () => areBothOn("tcp"));
  }
  await eventually("all echoes came", () => client.numbers.length === sent);
  assertEquals(client.numbers, upTo(sent));
  // Each end saw both returns and both fallbacks; a machine that is held up may have made more of them.
  for (const end of [client, server]) {
    await eventually("the moves were told", () => end.modes().length >= 4);
    assertEquals(end.modes(), end.modes().map((_, n) => n % 2 === 0 ? "udp" : "tcp"));
  }
});

Deno.test("HybridSocket with only one path uses that alone", async () => {
  await using relay = await BlockingRelay.open();
  await using server = await openEcho(relay);
  await using stream = await join(server, { only: "tcp" });
  await stream.socket.send(1, 2, numbered(5, 64));
  await eventually("the echo came by TLS", () => stream.numbers.length === 1);
  assertEquals([stream.socket.transportMode, relay.passed], ["tcp", 0]);
  assertThrows(() => stream.socket.udpPort, MisuseError);
  await using datagrams = await join(server, { only: "udp" });
  await datagrams.socket.send(1, 2, numbered(6, 64));
  await eventually("the echo came by UDP", () => datagrams.numbers.length === 1);
  assertEquals(datagrams.socket.transportMode, "udp");
  await eventually("its TLS link is closed", () => server.socket.statistics().handshakes.streamsKept === 1);
});

Deno.test("HybridSocket serves a client that speaks UDP alone", async () => {
  await using relay = await BlockingRelay.open();
  await using server = await openEcho(relay);
  await using client = await SecureSocket.connect({ hostname, port: server.socket.tcpPort, pin });
  await client.send(1, 1, bytesOf("0001"));
  await eventually("it arrived", () => server.numbers.length === 1);
  assertEquals(server.socket.transportModeOf(1), "udp");
});

Deno.test("HybridSocket.connect() takes host:port, and checks it and the options", async () => {
  for (const bad of ["", "host", "host:", ":1", "a:b:1", "host:port"]) {
    await assertRejects(() => HybridSocket.connect(bad), TypeError, "host:port");
  }
  const options = { hostname, port: 1, pin };
  await assertRejects(() => HybridSocket.connect({ ...options, only: "tcp", prefer: "udp" }), TypeError);
  await assertRejects(() => HybridSocket.connect({ ...options, fallbackDelayMs: -1 }), RangeError);
  await assertRejects(() => HybridSocket.connect({ ...options, retryDelayMs: 100, maxRetryDelayMs: 99 }), RangeError);
  await assertRejects(() => HybridSocket.connect({ ...options, darkProbesCount: 0 }), RangeError);
  const error = await assertRejects(() => HybridSocket.connect(`${hostname}:1`));
  assert(error instanceof Error && !(error instanceof TypeError));
});
