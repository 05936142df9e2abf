import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ClosedError, ResourceError } from "../../../src/error/transport_error.ts";
import { SessionCloseCode } from "../../../src/session/session_close_code.ts";
import { bytes, drained, SecureWorld, shortly } from "./secure_ends.ts";

Deno.test("trySend() says what became of a message", async () => {
  const world = new SecureWorld();
  world.serve();
  const { client } = await world.connect({ maxQueuedBytes: 2048 });
  const { core } = client;
  assertEquals(core.trySend(1, 1, new Uint8Array(1159)), SendStatus.Queued);
  assertEquals(core.trySend(1, 1, new Uint8Array((1 << 20) + 1)), SendStatus.TooLarge);
  assertEquals(core.trySend(2, 1, bytes("nobody")), SendStatus.NotConnected);
  assertEquals(core.trySend(1, 1, new Uint8Array(1159)), SendStatus.Queued);
  assertEquals(core.trySend(1, 1, new Uint8Array(1159)), SendStatus.BackPressured);
  await world.scheduler.settle(10);
  assertEquals(core.trySend(1, 1, new Uint8Array(1159)), SendStatus.Queued);
  client.core.close(0);
  assertEquals(core.trySend(1, 1, bytes("late")), SendStatus.Queued, "closing begins behind what runs now");
  await world.scheduler.settle(2000);
  assertEquals(core.trySend(1, 1, bytes("late")), SendStatus.NotConnected);
});

Deno.test("what cannot be sent is refused by an error that says why", async () => {
  const world = new SecureWorld();
  world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 5000 });
  for (const channel of [-1, 4, 1.5, NaN]) {
    assertThrows(() => core.trySend(1, channel, bytes("x")), RangeError, `Cannot send on channel ${channel}`);
    await assertRejects(() => core.send(1, channel, bytes("x")), RangeError, "the option channels adds one");
  }
  assertThrows(() => core.trySend(1, 1, "text" as unknown as Uint8Array), TypeError, "must be a Uint8Array");
  await assertRejects(() => core.send(1, 1, [1] as unknown as Uint8Array), TypeError);
  for (const channel of [0, 1, 2, 3]) {
    await assertRejects(() => core.send(1, channel, new Uint8Array(5001)), RangeError, "a message has at most 5000");
  }
  const wrong = [
    [{ ttl: 1 }, TypeError],
    [{ ttlMs: "1" }, TypeError],
    [{ ttlMs: -1 }, RangeError],
    [{ ttlMs: Infinity }, RangeError],
    [{ lane: "urgent" }, RangeError],
    [{ lane: "high" }, RangeError],
    [{ signal: {} }, TypeError],
  ] as const;
  for (const [options, kind] of wrong) {
    assertThrows(() => core.trySend(1, 0, bytes("x"), options as never), kind);
    await assertRejects(() => core.send(1, 0, bytes("x"), options as never), kind);
    await assertRejects(() => core.sendMessage(1, 3, bytes("x"), options as never), kind);
  }
  assertEquals(core.trySend(1, 0, bytes("x"), { lane: "normal", ttlMs: 0 }), SendStatus.Queued);
  assertEquals(core.trySend(1, 2, bytes("x"), { lane: "critical" }), SendStatus.Queued);
});

Deno.test("send() waits for room and keeps the order; who comes later waits behind", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const { client: { core }, links } = await world.connect({ maxQueuedBytes: 2048 });
  links[0]!.limit = 1;
  const settled: number[] = [];
  for (let n = 0; n < 20; n++) core.send(1, 1, bytes(`${n}`.padEnd(900))).then(() => settled.push(n));
  await Promise.resolve();
  assert(settled.length < 10, `${settled.length} had room`);
  assertEquals(core.trySend(1, 1, bytes("in between")), SendStatus.BackPressured);
  await world.scheduler.settle(1000);
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  assertEquals(settled, numbers);
  const data = drained(server.core.events).filter((event) => event.type === "data");
  assertEquals(data.map((event) => Number(new TextDecoder().decode(event.data))), numbers);
  assertEquals(core.trySend(1, 1, bytes("now")), SendStatus.Queued);
});

Deno.test("sends that wait are rejected when the session ends, and the 1025th at once", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const { client: { core }, links } = await world.connect({ maxQueuedBytes: 2048 });
  links[0]!.limit = 0;
  const waiting = Array.from({ length: 1030 }, () => core.send(1, 1, new Uint8Array(1100)));
  const outcomes = Promise.allSettled(waiting);
  await Promise.resolve();
  links[0]!.open(Infinity);
  links[0]!.limit = 0;
  server.core.disconnect(1, 40_000, "go");
  await world.scheduler.settle(50);
  links[0]!.open(1000);
  await world.scheduler.settle(5000);
  const errors = (await outcomes).flatMap((one) => one.status === "rejected" ? [one.reason as Error] : []);
  assert(errors.some((error) => error instanceof ResourceError), "some found no place to wait");
  const unknown = await assertRejects(() => core.send(1, 1, bytes("late")), ClosedError);
  assertEquals(unknown.message, "Cannot send to peer 1: no such peer is connected");
});

Deno.test("send() is rejected with the reason when the session ends before it had room, and the end is told", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  world.serve();
  const { client: { core }, links } = await world.connect({ maxQueuedBytes: 2048 });
  drained(core.events);
  links[0]!.limit = 0;
  for (let n = 0; n < 4; n++) core.trySend(1, 1, new Uint8Array(1100));
  const waiting = core.send(1, 1, new Uint8Array(1100));
  const closing = core.close(0, 50);
  await world.scheduler.settle(100);
  await closing;
  const error = await assertRejects(() => waiting, ClosedError);
  assertEquals(error.message, "The session is closed: Normal (local)");
  assertEquals([shortly(drained(core.events)), core.peers.size], [["disconnected Normal local"], 0]);
});

Deno.test("messages that find no room are dropped and counted; what the application knows is told to its end", async () => {
  const world = new SecureWorld();
  const { server } = world.serve({ maxQueuedEvents: 16 });
  const { client: { core } } = await world.connect();
  for (let n = 0; n < 40; n++) core.trySend(1, 1, bytes(`${n}`));
  await world.scheduler.settle(10);
  assertEquals(server.core.statistics().droppedMessages, 25);
  core.close(0);
  await world.scheduler.settle(2000);
  const seen = shortly(drained(server.core.events));
  assertEquals([seen[0], seen.at(-2), seen.at(-1)], ["connected", "data 14", "disconnected Normal remote"]);
});

Deno.test("new peers are turned away while too many events wait, and let in afterwards", async () => {
  const world = new SecureWorld();
  const { server } = world.serve({ maxQueuedEvents: 16 });
  const { client } = await world.connect();
  for (let n = 0; n < 20; n++) client.core.trySend(1, 1, bytes("x"));
  await world.scheduler.settle(10);
  const { connecting } = world.client();
  await world.scheduler.settle(100);
  await assertRejects(() => connecting, Error, "Busy");
  assertEquals(server.handshakes().hellosRefused, 1);
  assertEquals(drained(server.core.events).length, 16);
  await world.connect();
  assertEquals(shortly(drained(server.core.events)), ["connected"]);
});

Deno.test("a peer whose hello came before the queue was full is turned away and never told of", async () => {
  const world = new SecureWorld({ delayMs: 50 });
  const { server } = world.serve({ maxQueuedEvents: 16 });
  const { client } = await world.connect();
  for (let n = 0; n < 20; n++) client.core.trySend(1, 1, bytes("x"));
  await world.scheduler.settle(10);
  assertEquals(server.core.events.hasRoom, true);
  const { connecting } = world.client();
  await world.scheduler.settle(3000);
  await connecting;
  assertEquals(server.core.statistics().refusedPeers, 1);
  assertEquals(server.core.peers.size, 1);
  assertEquals(drained(server.core.events).map(({ peerId }) => peerId), new Array(16).fill(1));
});

Deno.test("disconnect() tells the peer number and text, and whether there was one", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client } = await world.connect();
  assertEquals(server.core.disconnect(7, 0, ""), false);
  for (const [peerId, code] of [[1, -1], [1, 65_536], [7, 0.5], [7, NaN]] as const) {
    assertThrows(() => server.core.disconnect(peerId, code, ""), RangeError, `the code ${code}`);
  }
  assertEquals(server.core.disconnect(1, 40_000, "no more"), true);
  await world.scheduler.settle(2000);
  await client.core.whenClosed;
  const last = drained(client.core.events).at(-1);
  assert(last?.type === "disconnected");
  const { code, name, origin, text } = last.reason;
  assertEquals([code, name, origin, text], [40_000, "Application", "remote", "no more"]);
  assertEquals(shortly(drained(server.core.events)), ["connected", "disconnected Application local"]);
});

Deno.test("close() sends what was sent before, ends when the peers have confirmed, and is one promise", async () => {
  const world = new SecureWorld({ delayMs: 40 });
  const { server } = world.serve();
  const { client } = await world.connect();
  for (let n = 0; n < 3; n++) client.core.trySend(1, 1, bytes(`${n}`));
  let isClosed = false;
  const closing = client.core.close(0);
  closing.then(() => isClosed = true);
  assertStrictEquals(client.core.close(0), closing);
  await world.scheduler.settle(79);
  assertEquals(isClosed, false);
  await world.scheduler.settle(2);
  assertEquals(isClosed, true, "one round trip is enough");
  const seen = shortly(drained(server.core.events));
  assertEquals(seen, ["connected", "data 0", "data 1", "data 2", "disconnected Normal remote"]);
});

Deno.test("close() sends what is sent in the same turn behind it", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const { client } = await world.connect();
  void client.core.close(0);
  for (let n = 0; n < 3; n++) client.core.trySend(1, 1, bytes(`${n}`));
  await world.scheduler.settle(100);
  const seen = shortly(drained(server.core.events));
  assertEquals(seen, ["connected", "data 0", "data 1", "data 2", "disconnected Normal remote"]);
});

Deno.test("close() is bounded by closeTimeoutMs where nobody confirms it", async () => {
  const world = new SecureWorld({ delayMs: 100 });
  const { server } = world.serve({ closeTimeoutMs: 150 });
  await world.connect();
  world.network.tap = () => false;
  let isClosed = false;
  server.core.close(SessionCloseCode.GoingAway).then(() => isClosed = true);
  await world.scheduler.settle(149);
  assertEquals(isClosed, false);
  await world.scheduler.settle(2);
  assertEquals(isClosed, true);
  assertEquals(shortly(drained(server.core.events)), ["connected", "disconnected GoingAway local"]);
  assertEquals((await server.core.events.next()).done, true);
});

Deno.test("close() waits for a link without room, within its bound", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  const { server } = world.serve();
  const { client, links } = await world.connect();
  links[0]!.limit = 0;
  client.core.trySend(1, 1, bytes("held"));
  let isClosed = false;
  client.core.close(0).then(() => isClosed = true);
  await world.scheduler.settle(100);
  assertEquals(isClosed, false);
  links[0]!.open(10);
  await world.scheduler.settle(100);
  assertEquals(isClosed, true);
  assertEquals(shortly(drained(server.core.events)), ["connected", "data held", "disconnected Normal remote"]);
});

Deno.test("a datagram socket that breaks ends the socket, and the reader is told why", async () => {
  const world = new SecureWorld();
  const { server, link } = world.serve();
  await world.connect();
  const broken = new ResourceError("Cannot receive: the interface is gone");
  link.break(broken);
  await world.scheduler.settle(100);
  await server.core.whenClosed;
  assert(world.tls.closed);
  assertEquals(shortly(drained(server.core.events)), ["connected", "disconnected GoingAway local"]);
  assertStrictEquals(await assertRejects(() => server.core.events.next()), broken);
  assertEquals((await server.core.events.next()).done, true);
});

Deno.test("statistics() and statisticsOf() tell what was counted", async () => {
  const world = new SecureWorld({ delayMs: 25 });
  const { server } = world.serve();
  const { client } = await world.connect();
  for (let n = 0; n < 5; n++) await client.core.send(1, 1, bytes("x"));
  await world.scheduler.settle(500);
  const all = server.core.statistics(server.handshakes());
  assertEquals([all.peers, all.sessions, all.halfOpen, all.queuedEvents, all.queuedEventBytes], [1, 1, 0, 6, 5]);
  assertEquals([all.session.messagesIn, all.handshakes.hellosAccepted, all.datagrams.refused], [5, 1, 0]);
  const peer = server.core.statisticsOf(server.core.peers.get(1)!);
  assertEquals([peer.address, peer.isResumed, peer.counters.messagesIn], [
    { transport: "udp", hostname: "10.0.0.1", port: 4000 },
    false,
    5,
  ]);
  assert(peer.smoothedRttMs > 45 && peer.smoothedRttMs < 60, `${peer.smoothedRttMs}`);
  assertInstanceOf(client.core.driver.link, Object);
});
