import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { AddressLimits } from "../../../src/runtime/transport_address_limits.ts";
import { resolveConnectionOptions } from "../../../src/runtime/transport_connection_options.ts";
import { TransportEventQueue } from "../../../src/runtime/transport_event_queue.ts";
import { PayloadSlab } from "../../../src/runtime/transport_payload_slab.ts";
import { resolveClientPool, resolveServerPool } from "../../../src/runtime/transport_pool_options.ts";
import { ConnectionPresets, PoolPresets } from "../../../src/runtime/transport_presets.ts";
import { messageProtocol, streamProtocol } from "../../../src/runtime/transport_protocol.ts";
import { targetOf } from "../../../src/runtime/transport_protocol_options.ts";
import { RoomWaits } from "../../../src/runtime/transport_room_waits.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import {
  quic,
  QuicServerConfig,
  tcp,
  TcpServerConfig,
  tls,
  webSocket,
  WebSocketServerConfig,
} from "../../../src/api/transport_mod.ts";
import { MemoryNetwork } from "../../../src/io/memory/memory_network.ts";

Deno.test("TransportEventQueue is full at its counts and tells when it is half empty", async () => {
  let rooms = 0;
  const queue = new TransportEventQueue<number>({ maxEventCount: 4, maxEventBytes: 100 }, () => rooms++, () => {});
  for (let i = 0; i < 4; i++) {
    assertEquals(queue.isFull, false);
    queue.push(i);
  }
  assertEquals(queue.isFull, true);
  assertEquals([(await queue.next()).value, rooms], [0, 0]);
  assertEquals([(await queue.next()).value, rooms], [1, 1]);
  queue.push(9, 100);
  assertEquals(queue.isFull, true);
});

Deno.test("TransportEventQueue keeps order over many, and gives what waits before its end", async () => {
  const queue = new TransportEventQueue<number>({ maxEventCount: 9, maxEventBytes: 9 }, () => {}, () => {});
  const waiting = queue.next();
  for (let i = 0; i < 500; i++) queue.push(i);
  assertEquals((await waiting).value, 0);
  for (let i = 1; i < 400; i++) assertEquals((await queue.next()).value, i);
  queue.end();
  queue.push(1000);
  const rest: number[] = [];
  for await (const event of queue) rest.push(event);
  assertEquals(rest, Array.from({ length: 100 }, (_, i) => 400 + i));
});

Deno.test("TransportEventQueue.merge() changes the newest that agrees, and none that was taken", async () => {
  const queue = new TransportEventQueue<string>({ maxEventCount: 9, maxEventBytes: 9 }, () => {}, () => {});
  for (const event of ["a1", "b1", "a2", "b2"]) queue.push(event);
  assertEquals(queue.merge((event) => event.startsWith("a") ? "A" : undefined), true);
  await queue.next();
  assertEquals(queue.merge((event) => event.startsWith("a") ? "A" : undefined), false);
  queue.replaceNewest("B");
  assertEquals([queue.newest, queue.count], ["B", 3]);
  assertEquals([(await queue.next()).value, (await queue.next()).value], ["b1", "A"]);
});

Deno.test("RoomWaits serves in order, stops at the first without room, and bounds what waits", async () => {
  const waits = new RoomWaits(100);
  let room = 1;
  const served: number[] = [];
  const wait = (number: number, bytes: number): Promise<number> =>
    waits.wait(bytes, () => {
      if (room === 0) return undefined;
      room--;
      served.push(number);
      return number;
    });
  const all = [wait(1, 60), wait(2, 40)];
  await assertRejects(() => wait(3, 1), ResourceError);
  waits.serve();
  assertEquals([served, waits.bytes, waits.isEmpty], [[1], 40, false]);
  room = 5;
  waits.serve();
  assertEquals([await Promise.all(all), waits.isEmpty], [[1, 2], true]);
  const failing = wait(4, 1);
  waits.fail(new Error("over"));
  await assertRejects(() => failing, Error, "over");
});

Deno.test("RoomWaits rejects what will never work, and serves who waits behind", async () => {
  const waits = new RoomWaits(100);
  const bad = waits.wait(1, () => {
    throw new Error("never");
  });
  const good = waits.wait(1, () => "fine");
  waits.serve();
  await assertRejects(() => bad, Error, "never");
  assertEquals([await good, waits.bytes], ["fine", 0]);
});

Deno.test("AddressLimits counts connections by host and gives them back", () => {
  const config = { maxConnectionsPerAddressCount: 2, connectionsPerSecond: Infinity, messagesPerSecond: Infinity };
  const limits = new AddressLimits(config, new ClockCell());
  const book = limits.admit("a")!;
  assertEquals([limits.admit("a") === book, limits.admit("a"), limits.refusedByCount], [true, undefined, 1]);
  assertEquals(limits.admit("b") === undefined, false);
  limits.leave(book);
  assertEquals(limits.admit("a"), book);
});

Deno.test("AddressLimits refuses connections beyond the rate, and lets them come again", () => {
  const clock = new ClockCell();
  const config = { maxConnectionsPerAddressCount: 99, connectionsPerSecond: 2, messagesPerSecond: Infinity };
  const limits = new AddressLimits(config, clock);
  const admitted = [1, 2, 3].map(() => limits.admit("a") !== undefined);
  assertEquals([admitted, limits.refusedByRate], [[true, true, false], 1]);
  clock.advance(499);
  assertEquals(limits.admit("a"), undefined);
  clock.advance(501);
  assertEquals(limits.admit("a") !== undefined, true);
});

Deno.test("AddressLimits.takeMessage() tells how long a host has to wait", () => {
  const clock = new ClockCell();
  const config = { maxConnectionsPerAddressCount: 99, connectionsPerSecond: Infinity, messagesPerSecond: 10 };
  const limits = new AddressLimits(config, clock);
  const book = limits.admit("a")!;
  assertEquals(Array.from({ length: 12 }, () => limits.takeMessage(book)), [...new Array(10).fill(0), 100, 200]);
  clock.advance(300);
  assertEquals(limits.takeMessage(book), 0);
});

Deno.test("PayloadSlab copies small and large alike", () => {
  const slab = new PayloadSlab();
  const from = new Uint8Array(5000).map((_, i) => i);
  const copies = [[1, 0], [1, 7], [3, 2048], [3, 2049]].map(([at, length]) => slab.copy(from, at!, length!));
  from.fill(0xee);
  const expected = new Uint8Array(5000).map((_, i) => i);
  assertEquals(copies, [
    expected.slice(1, 1),
    expected.slice(1, 8),
    expected.slice(3, 2051),
    expected.slice(3, 2052),
  ]);
  structuredClone(copies[1]!.buffer, { transfer: [copies[1]!.buffer] });
  assertEquals(slab.copy(expected, 0, 3), expected.slice(0, 3));
});

Deno.test("pools have defaults by kind, and refuse what contradicts", () => {
  assertEquals(resolveClientPool(), {
    kind: "fixed",
    initialSize: 1,
    maxSize: 1,
    growAtCount: 64,
    idleTimeoutMs: 60_000,
    healthCheckIntervalMs: undefined,
  });
  const { initialSize, maxSize } = resolveClientPool({ kind: "adaptive" });
  assertEquals([initialSize, maxSize], [1, 8]);
  assertEquals(resolveClientPool(PoolPresets.fixed(4)).initialSize, 4);
  assertEquals(resolveClientPool(PoolPresets.adaptive(2, 6)).maxSize, 6);
  assertThrows(() => resolveClientPool({ kind: "fixed", initialSize: 1, maxSize: 2 }), RangeError);
  assertThrows(() => resolveClientPool({ initialSise: 1 } as never), TypeError);
  const adaptive = resolveServerPool({ kind: "adaptive", idleTimeoutMs: 10 });
  assertEquals([adaptive.idleTimeoutMs, adaptive.evictAfterMs], [undefined, 10]);
  assertEquals(resolveServerPool({ idleTimeoutMs: 10 }).idleTimeoutMs, 10);
  assertEquals(resolveServerPool().evictAfterMs, Infinity);
});

Deno.test("presets are options that are accepted, and each differs from the default", () => {
  const plain = resolveConnectionOptions({});
  const { autoOptimized, highPerformance, memoryOptimized } = ConnectionPresets;
  assertEquals(resolveConnectionOptions(autoOptimized(2)).stream.readBufferBytes, plain.stream.readBufferBytes);
  assertEquals(resolveConnectionOptions(autoOptimized(16)).stream.maxQueuedBytes, 4 << 20);
  const fast = resolveConnectionOptions(highPerformance());
  assertEquals([fast.copyPayloads, fast.stream.readBufferBytes], [false, 256 << 10]);
  const small = resolveConnectionOptions(memoryOptimized());
  assertEquals([small.stream.maxQueuedBytes, small.message.maxUnansweredRequestCount], [64 << 10, 32]);
});

Deno.test("the stream below takes a packet of the largest payload with the largest extension", () => {
  assertEquals(resolveConnectionOptions({ maxPayloadBytes: 10 }).stream.maxFrameBytes, 10 + 16 + 65_535);
});

Deno.test("targetOf() reads host and port, IPv6 in brackets", () => {
  assertEquals(targetOf("127.0.0.1:8001"), { hostname: "127.0.0.1", port: 8001 });
  assertEquals(targetOf("[::1]:80"), { hostname: "::1", port: 80 });
  for (const bad of ["127.0.0.1", ":80", "::1:80", "host:", "host:123456", "[::1]"]) {
    assertThrows(() => targetOf(bad), TypeError, bad);
  }
});

Deno.test("protocols refuse options that nobody knows, and keep what they say for themselves", () => {
  const place = { hostname: "h", port: 1 };
  for (const make of [tcp, tls, webSocket, quic] as ((options: never) => unknown)[]) {
    assertThrows(() => make({ ...place, keepAlife: 1 } as never), TypeError, "keepAlife");
    assertThrows(() => make({ ...place, maxConnectionCount: 0 } as never), RangeError);
    assertThrows(() => make({ hostname: "h", port: 70_000 } as never), RangeError);
  }
  const one = tcp({ ...place, maxConnectionCount: 5, maxPayloadBytes: 10, keepAliveMs: 7 });
  assertEquals([one.name, one.maxConnectionCount, one.maxPayloadBytes, one.keepAliveMs], ["tcp", 5, 10, 7]);
  assertEquals([tcp("h:1").maxPayloadBytes, tcp("h:1").keepAliveMs], [Infinity, undefined]);
  const fabric = new MemoryNetwork().fabric("x");
  assertThrows(() => streamProtocol("", fabric), TypeError);
  assertThrows(() => messageProtocol("x", fabric as never, { keepAliveMs: -1 }), RangeError);
  assertThrows(() => tls({ ...place, certPath: "only" }), TypeError);
});

Deno.test("configurations by their own names make the same protocols, and stay as they are", () => {
  const first = new TcpServerConfig("127.0.0.1:8001");
  const config = first.withMaxConnections(10).withKeepalive(60_000).withNodelay(true).withReuseAddr(true);
  const { maxConnectionCount, keepAliveMs, target } = config.toProtocol();
  assertEquals([maxConnectionCount, keepAliveMs], [10, 60_000]);
  assertEquals(target, { transport: "tcp", hostname: "127.0.0.1", port: 8001 });
  assertEquals(first.withTimeout(30_000).toProtocol().connectTimeoutMs, 30_000);
  assertEquals(first.toProtocol().keepAliveMs, undefined);
  const socket = new WebSocketServerConfig("[::1]:8002").withPath("/api/ws").withMaxFrameSize(1 << 20);
  assertEquals(socket.withMaxConnections(5).toProtocol().maxConnectionCount, 5);
  const stream = new QuicServerConfig("0.0.0.0:8003").withAlpn(["h3", "msgtrans"]).withMaxConcurrentStreams(1000);
  assertEquals(stream.withCertPath("c").withKeyPath("k").withServerName("x").toProtocol().name, "quic");
  assertThrows(() => stream.withAlpn([]).toProtocol(), RangeError);
  assertThrows(() => socket.withPath("x").toProtocol(), TypeError);
});

Deno.test("websocket and quic options are checked", () => {
  const place = { hostname: "h", port: 1 };
  const badSockets = [{ path: "x" }, { origins: 1 }, { subprotocols: "a" }, { cert: "a" }, { headers: { a: 1 } }];
  for (const bad of [...badSockets, { handshakeTimeoutMs: 0 }, { maxFrameBytes: 15 }, { hostname: "" }]) {
    assertThrows(() => webSocket({ ...place, ...bad } as never), Error, "", JSON.stringify(bad));
  }
  const badQuic = [{ alpnProtocols: [] }, { alpnProtocols: "a" }, { key: "a" }, { maxIdleMs: 0 }, { caCerts: "a" }];
  for (const bad of [...badQuic, { maxConcurrentStreamsCount: 0 }, { hostname: "" }]) {
    assertThrows(() => quic({ ...place, ...bad } as never), Error, "", JSON.stringify(bad));
  }
});
