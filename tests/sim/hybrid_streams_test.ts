/**
 * TLS links as paths: who may bring one, how many are kept, how they end.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { NetworkLink, WatchedTls } from "../unit/runtime/secure_ends.ts";
import { type ClientEnd, HybridWorld, modes, numbered, numbers, type ServerEnd, taken } from "./hybrid_world.ts";

const HOSTNAME = "10.9.9.9";

interface Ends extends ServerEnd, ClientEnd {
  readonly world: HybridWorld;
}

async function connected(
  options: Parameters<HybridWorld["join"]>[0] = {},
  serverOptions: Parameters<HybridWorld["open"]>[0] = {},
): Promise<Ends> {
  const world = new HybridWorld();
  const server = world.open(serverOptions);
  const client = world.join(options);
  await world.until("connected", () => client.client.core.peers.size === 1, 400);
  await world.scheduler.settle(1000);
  taken(client.client.core);
  taken(server.server.core);
  return { ...server, ...client, world };
}

async function closed({ world, client, server }: Ends): Promise<void> {
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
}

/** Somebody comes by TLS and writes packets. */
async function come(world: HybridWorld, packets: readonly Uint8Array[], waitMs = 20): Promise<WatchedTls> {
  const link = await world.tls.connect(HOSTNAME) as WatchedTls;
  for (const packet of packets) {
    // It may be closed by now.
    await link.write(Uint8Array.of(packet.length >> 8, packet.length, ...packet)).catch(() => {});
  }
  await world.scheduler.settle(waitMs);
  return link;
}

/** The next packet that the client sends by UDP; it is dropped. */
async function caught({ world, client }: Ends): Promise<Uint8Array> {
  const { tap } = world.network;
  let packet: Uint8Array | undefined;
  world.network.tap = ({ bytes }) => (packet ??= bytes.slice()) === undefined;
  await client.core.send(1, 1, numbered(1));
  await world.scheduler.settle(1);
  world.network.tap = tap;
  return packet!;
}

Deno.test("hybrid: a stream whose packets are not authentic is closed, and the session stays where it is", async () => {
  const ends = await connected();
  const { world, server, streams, paths } = ends;
  const packet = await caught(ends);
  for (const at of [0, 9, 20, packet.length - 1]) {
    const forged = packet.slice();
    forged[at]! ^= 1;
    const link = await come(world, new Array(20).fill(forged));
    await world.scheduler.settle(50);
    assertEquals(await link.read(new Uint8Array(1)).catch(() => null), null, `byte ${at}`);
  }
  assertEquals([streams.counters().streamsKept, streams.counters().streamsRejoined], [1, 0]);
  assertEquals([paths.mode, modes(taken(server.core))], ["udp", []]);
  await closed(ends);
});

Deno.test("hybrid: a stream that begins with a packet of nobody is closed when its time is over", async () => {
  // Of this time both clocks count, the system's too.
  const ends = await connected({}, { handshakeTimeoutMs: 100 });
  const { world, streams } = ends;
  const packet = await caught(ends);
  packet.fill(0x55, 1, 9);
  const link = await come(world, [packet]);
  await world.scheduler.settle(200);
  assertEquals([await link.read(new Uint8Array(1)).catch(() => null), streams.counters().streamsKept], [null, 1]);
  await closed(ends);
});

Deno.test("hybrid: a stream carries packets of its own session alone", async () => {
  const ends = await connected();
  const { world, server, streams } = ends;
  const other = world.join();
  await world.until("connected", () => other.client.core.peers.size === 1, 400);
  await world.scheduler.settle(500);
  taken(server.core);
  const packet = await caught(ends);
  await world.tls.opened[1]!.write(Uint8Array.of(packet.length >> 8, packet.length, ...packet));
  await world.scheduler.settle(20);
  assertEquals([streams.counters().streamPacketsStray, numbers(taken(server.core))], [1, []]);
  await Promise.all([other.client.core.close(0), closed(ends)]);
});

Deno.test("hybrid: a packet that was copied to a stream takes the session away for no longer than a round trip", async () => {
  const ends = await connected();
  const { world, client, server } = ends;
  const packet = await caught(ends);
  const link = await come(world, [packet]);
  for (let n = 10; n < 40; n++) {
    void client.core.send(1, 0, numbered(n));
    void server.core.send(1, 0, numbered(n));
    await world.scheduler.settle(10);
  }
  await world.scheduler.settle(3000);
  const expected = Array.from({ length: 30 }, (_, n) => n + 10);
  assertEquals(numbers(taken(server.core)), [1, ...expected]);
  assertEquals(numbers(taken(client.core)), expected);
  assertEquals([...server.core.peers.values()].map((session) => session.pathId), [0]);
  link.close();
  await closed(ends);
});

Deno.test("hybrid: a session has two streams at most, the oldest makes way", async () => {
  const ends = await connected();
  const { world, client, streams } = ends;
  world.blocked = "all";
  const session = client.core.peers.get(1)!;
  for (let i = 0; i < 4; i++) {
    world.tls.opened.at(-1)!.close();
    void client.core.send(1, 0, numbered(i));
    await world.scheduler.settle(1500);
    assertEquals(session.unansweredProbes, 0, `stream ${i}`);
  }
  const live = world.tls.accepted.filter((link) => !link.closed);
  assert(live.length <= 2, `${live.length} streams are open`);
  assertEquals(streams.counters().streamsKept, live.length);
  await closed(ends);
});

Deno.test("hybrid: a stream that took the session away gives it back when it ends", async () => {
  const ends = await connected();
  const { world, server } = ends;
  const link = await come(world, [await caught(ends)], 2);
  const [session] = server.core.peers.values();
  const before = session!.pathId;
  link.close();
  await world.scheduler.settle(2);
  assertEquals([before !== 0, session!.pathId], [true, 0]);
  await closed(ends);
});

Deno.test("hybrid: a client that gets another UDP address has not changed its mode", async () => {
  const ends = await connected();
  const { world, client, server } = ends;
  (client.core.driver.link as NetworkLink).host.rebind("10.1.0.99", 4999);
  await client.core.send(1, 0, numbered(1));
  await world.scheduler.settle(1000);
  const events = taken(server.core);
  assertEquals([numbers(events), modes(events)], [[1], []]);
  await closed(ends);
});

Deno.test("hybrid: whoever brings ever new streams with authentic packets keeps two", async () => {
  const ends = await connected();
  const { world, client, streams } = ends;
  const links: WatchedTls[] = [];
  for (let i = 0; i < 4; i++) {
    links.push(await come(world, [await caught(ends)]));
    await client.core.send(1, 1, numbered(2));
    await world.scheduler.settle(2000);
  }
  assert(streams.counters().streamsRejoined! >= 3, JSON.stringify(streams.counters()));
  assertEquals(streams.counters().streamsKept, 2);
  await closed(ends);
});

Deno.test("hybrid: an idle TLS link gets a byte now and then, which nobody minds", async () => {
  const ends = await connected({ streamKeepAliveMs: 10_000, keepAliveMs: 0, idleTimeoutMs: 120_000 });
  const { world, streams, server } = ends;
  const link = world.tls.opened[0]!;
  const written: number[] = [];
  const write = link.write.bind(link);
  link.write = (bytes) => {
    written.push(bytes.length);
    return write(bytes);
  };
  await world.scheduler.settle(35_000);
  assertEquals([written, streams.counters().streamPacketsStray], [[3, 3, 3], 0]);
  assertEquals([server.core.peers.size, link.closed], [1, false]);
  await closed(ends);
});

Deno.test("hybrid: a client that prefers TLS begins there, goes to UDP when it dies, and comes back", async () => {
  const world = new HybridWorld();
  const { server } = world.open();
  const { client, paths } = world.join({ prefer: "tcp", retryDelayMs: 2000 });
  await world.until("connected", () => client.core.peers.size === 1, 50);
  await world.scheduler.settle(1000);
  assertEquals([paths.mode, world.datagrams], ["tcp", 0]);
  const { connect } = world.tls;
  world.tls.connect = () => Promise.reject(new Error("refused"));
  world.tls.opened[0]!.close();
  await client.core.send(1, 0, numbered(1));
  await world.until("UDP", () => paths.mode === "udp", 1000);
  await world.scheduler.settle(100);
  world.tls.connect = connect;
  await world.until("TLS", () => paths.mode === "tcp", 11_000);
  await client.core.send(1, 0, numbered(2));
  await world.scheduler.settle(100);
  const events = taken(server.core);
  assertEquals([numbers(events), modes(events)], [[1, 2], ["udp", "tcp"]]);
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});

Deno.test("hybrid: a client that prefers TLS comes back to it although the link before has died unseen", async () => {
  const world = new HybridWorld();
  const { server } = world.open();
  const { client, paths } = world.join({ prefer: "tcp", retryDelayMs: 500 });
  await world.until("connected", () => client.core.peers.size === 1, 50);
  const { connect } = world.tls;
  const dead = world.tls.opened[0]!;
  dead.write = (bytes) => Promise.resolve(bytes.length);
  world.tls.connect = async (hostname) => {
    const link = await connect.call(world.tls, hostname) as WatchedTls;
    link.write = dead.write;
    return link;
  };
  await client.core.send(1, 0, numbered(1));
  await world.until("UDP", () => paths.mode === "udp", 1000);
  await world.scheduler.settle(20_000);
  world.tls.connect = connect;
  await world.until("TLS", () => paths.mode === "tcp", 61_000);
  await client.core.send(1, 0, numbered(2));
  await world.scheduler.settle(100);
  assertEquals([numbers(taken(server.core)), dead.closed], [[1, 2], true]);
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});

Deno.test("hybrid: a ticket resumes by UDP, and where that is blocked TLS follows within 200 ms", async () => {
  for (const isBlocked of [false, true]) {
    const ends = await connected();
    const { world, client, server } = ends;
    const { ticket } = client;
    assert(ticket !== undefined);
    await Promise.all([client.core.close(0), world.scheduler.settle(5000)]);
    taken(server.core);
    world.blocked = isBlocked ? "all" : "none";
    const early = [numbered(77)];
    const again = world.join({ ticket, earlyData: early });
    const ms = await world.until("connected", () => again.client.core.peers.size === 1, 1000);
    assert(ms <= (isBlocked ? 210 : 50), `blocked: ${isBlocked}, it took ${ms} ms`);
    await world.scheduler.settle(200);
    assertEquals([again.paths.mode, numbers(taken(server.core))], [isBlocked ? "tcp" : "udp", [77]]);
    world.blocked = "all";
    await again.client.core.send(1, 0, numbered(78));
    await world.until("TLS", () => again.paths.mode === "tcp", 1000);
    await world.scheduler.settle(100);
    assertEquals(numbers(taken(server.core)), [78]);
    await Promise.all([again.client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
  }
});

Deno.test("hybrid: a ticket that came by TLS resumes by UDP later", async () => {
  const world = new HybridWorld();
  world.blocked = "all";
  const { server } = world.open();
  const first = world.join();
  await world.until("connected", () => first.client.core.peers.size === 1, 400);
  await world.until("ticket", () => first.client.ticket !== undefined, 400);
  const { ticket } = first.client;
  await Promise.all([first.client.core.close(0), world.scheduler.settle(5000)]);
  world.blocked = "none";
  const { client } = world.join({ ticket: ticket! });
  await world.until("connected", () => client.core.peers.size === 1, 400);
  assertEquals(client.core.peers.get(1)!.isResumed, true);
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});

Deno.test("hybrid: closing at either end tells the other one by the stream, and leaves nothing open", async () => {
  for (const byServer of [false, true]) {
    const ends = await connected();
    const { world, client, server } = ends;
    world.blocked = "all";
    await client.core.send(1, 0, numbered(1));
    await world.until("TLS", () => ends.paths.mode === "tcp", 1000);
    await world.scheduler.settle(100);
    taken(client.core), taken(server.core);
    const closing = (byServer ? server : client).core.close(0);
    await world.scheduler.settle(300);
    const other = taken((byServer ? client : server).core);
    assertEquals(other.map((event) => event.type), ["disconnected"], `by the server: ${byServer}`);
    await Promise.all([closing, closed(ends)]);
    assertEquals([...world.tls.opened, ...world.tls.accepted].every((link) => link.closed), true);
    assertEquals(world.scheduler.pendingAlarms, 0);
  }
});
