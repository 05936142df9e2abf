import { assert, assertEquals, assertRejects } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ClosedError } from "../../../src/error/transport_error.ts";
import type { SecureEvent } from "../../../src/runtime/secure_event.ts";
import type { SecureServer } from "../../../src/runtime/secure_server.ts";
import { bytes, countListeners, drained, SecureWorld, text } from "./secure_ends.ts";

const CHANNELS = [0, 1, 2, 3] as const;

/** The messages that came, as channel and number. */
function received(server: SecureServer): string[] {
  return drained(server.core.events).flatMap((event) =>
    event.type === "data" ? [`${event.channel} ${text(event.data.subarray(0, 2)).trim()}`] : []
  );
}

function drainedEvents(events: readonly SecureEvent[]): number[] {
  return events.flatMap((event) => event.type === "drained" ? [event.channel] : []);
}

function numbered(n: number, length: number): Uint8Array {
  return bytes(`${n}`.padEnd(length));
}

Deno.test("send() carries a mebibyte on every channel, both ways", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client } = await world.connect();
  const message = Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31 >> 3);
  for (const channel of CHANNELS) {
    for (const end of [client, server]) await end.core.send(1, channel, message);
  }
  await world.scheduler.settle(3000);
  for (const end of [client, server]) {
    const data = drained(end.core.events).filter((event) => event.type === "data");
    assertEquals(data.map(({ channel }) => channel).toSorted(), [...CHANNELS]);
    for (const one of data) assertEquals(one.data, message);
  }
});

Deno.test("channels by options have class, lane and time to live of their own", async () => {
  const channels = { 9: { delivery: "reliableOrdered", lane: "low" }, 200: { delivery: "sequenced" } } as const;
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve({ channels });
  const { client: { core } } = await world.connect({ channels });
  for (let n = 0; n < 3; n++) core.trySend(1, 9, numbered(n, 5000));
  assertEquals(core.statisticsOf(core.peers.get(1)!).laneBytes.low > 10_000, true);
  for (let n = 0; n < 3; n++) core.trySend(1, 200, numbered(n, 10));
  await world.scheduler.settle(500);
  assertEquals(received(server).toSorted(), ["200 2", "9 0", "9 1", "9 2"]);
});

Deno.test("a channel without room holds up no other one", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 1024, maxQueuedBytes: 2048 });
  const settled: string[] = [];
  for (let n = 0; n < 5; n++) core.send(1, 0, numbered(n, 1000)).then(() => settled.push(`0 ${n}`));
  core.send(1, 2, numbered(5, 1000)).then(() => settled.push("2 5"));
  assertEquals(core.trySend(1, 0, bytes("behind")), SendStatus.BackPressured);
  assertEquals(core.trySend(1, 3, numbered(6, 1000)), SendStatus.Queued);
  await Promise.resolve().then(() => {});
  assertEquals(settled, ["0 0", "2 5"]);
  await world.scheduler.settle(1000);
  assertEquals(settled, ["0 0", "2 5", "0 1", "0 2", "0 3", "0 4"]);
  assertEquals(received(server).filter((one) => one.startsWith("0")), ["0 0", "0 1", "0 2", "0 3", "0 4"]);
});

Deno.test("drained tells of each channel that refused an offer, once while that waits, and then there is room", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 1024, maxQueuedBytes: 2048 });
  drained(core.events);
  for (let round = 0; round < 3; round++) {
    for (const channel of [0, 2]) {
      while (core.trySend(1, channel, new Uint8Array(1000)) === SendStatus.Queued);
    }
    await world.scheduler.settle(100);
  }
  assertEquals(drainedEvents(drained(core.events)).toSorted(), [0, 2]);
  await world.scheduler.settle(100);
  assertEquals(drainedEvents(drained(core.events)), [], "nobody was refused since");
  while (core.trySend(1, 2, new Uint8Array(1000)) === SendStatus.Queued);
  const waiting = core.events.next();
  await world.scheduler.settle(100);
  assertEquals((await waiting).value, { type: "drained", peerId: 1, channel: 2 });
  assertEquals(core.trySend(1, 2, new Uint8Array(1000)), SendStatus.Queued);
});

Deno.test("cancel() takes a message back that waits for its turn, once, and later ones do not wait for it", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client: { core }, links } = await world.connect();
  links[0]!.limit = 0;
  core.trySend(1, 0, numbered(0, 10));
  const handles: number[] = [];
  for (let n = 1; n < 4; n++) handles.push(await core.sendMessage(1, 0, numbered(n, 10)));
  handles.push(await core.sendMessage(1, 1, numbered(4, 10)));
  assertEquals([core.cancel(1, handles[1]!), core.cancel(1, handles[1]!), core.cancel(1, handles[3]!)], [
    true,
    false,
    true,
  ]);
  assertEquals([core.cancel(7, handles[2]!), core.cancel(1, -1)], [false, false]);
  links[0]!.open(Infinity);
  await world.scheduler.settle(500);
  assertEquals(received(server), ["0 0", "0 1", "0 3"]);
  assertEquals(core.statisticsOf(core.peers.get(1)!).channels.cancelled, 2);
  assertEquals(core.cancel(1, handles[0]!), false, "it was acknowledged");
});

Deno.test("sendMessage() gives the handle of a message that waited", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 1024, maxQueuedBytes: 2048 });
  const sent = [0, 1, 2].map((n) => core.sendMessage(1, 2, numbered(n, 1000)));
  const cancelled = sent[2]!.then((handle) => core.cancel(1, handle));
  await world.scheduler.settle(500);
  const handles = await Promise.all(sent);
  assertEquals([new Set(handles).size, await cancelled, received(server).length >= 2], [3, true, true]);
  assertEquals(handles.map((handle) => core.cancel(1, handle)), [false, false, false]);
});

Deno.test("a message is dropped after its ttlMs, and later ones do not wait for it", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect();
  world.network.tap = () => false;
  core.trySend(1, 0, numbered(0, 10), { ttlMs: 20 });
  core.trySend(1, 0, numbered(1, 10));
  core.trySend(1, 2, numbered(2, 10), { ttlMs: 20, lane: "low" });
  await world.scheduler.settle(50);
  world.network.tap = undefined;
  await world.scheduler.settle(1000);
  assertEquals(received(server), ["0 1"]);
  assertEquals(core.statisticsOf(core.peers.get(1)!).channels.expired, 2);
});

Deno.test("the signal gives a wait up, is forgotten when the wait ends, and leaves what is queued alone", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 1024, maxQueuedBytes: 2048 });
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = countListeners(signal);
  const queued = core.send(1, 0, numbered(0, 1000), { signal });
  const served = core.send(1, 0, numbered(1, 1000), { signal });
  assertEquals(listeners(), 1);
  await world.scheduler.settle(100);
  await Promise.all([queued, served]);
  assertEquals(listeners(), 0);
  core.trySend(1, 0, numbered(2, 1000));
  const given = [3, 4].map((n) => core.send(1, 0, numbered(n, 1000), n === 3 ? { signal } : {}));
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await assertRejects(() => given[0]!), reason);
  assertEquals(await assertRejects(() => core.send(1, 0, bytes("x"), { signal })), reason);
  assertEquals(listeners(), 0);
  await world.scheduler.settle(100);
  assertEquals(received(server), ["0 0", "0 1", "0 2", "0 4"]);
});

Deno.test("an application that reads nothing holds its peer back, and gets everything when it reads", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const bounds = { maxMessageBytes: 16_384, windowBytes: 1 << 18, channels: { 0: { windowBytes: 1 << 16 } } };
  const { server } = world.serve({ ...bounds, maxQueuedEvents: 16, maxQueuedEventBytes: 65_536 });
  const { client: { core } } = await world.connect(bounds);
  const count = 90;
  for (let n = 0; n < count; n++) core.send(1, 0, numbered(n, 10_000));
  await world.scheduler.settle(2000);
  const { queuedEventBytes, droppedMessages } = server.core.statistics();
  assertEquals([queuedEventBytes <= 1 << 16, queuedEventBytes > 1 << 15, droppedMessages], [true, true, 0]);
  assert(core.statisticsOf(core.peers.get(1)!).channels.creditBlocked! > 0);
  const seen: string[] = [];
  for (let round = 0; round < 100 && seen.length < count; round++) {
    seen.push(...received(server));
    await world.scheduler.settle(50);
  }
  assertEquals(seen, Array.from({ length: count }, (_, n) => `0 ${n}`));
});

Deno.test("credit of messages that are taken one by one is given back before the window is used up", async () => {
  const world = new SecureWorld({ delayMs: 1 });
  const bounds = { maxMessageBytes: 1024, windowBytes: 1 << 18, channels: { 0: { windowBytes: 1 << 16 } } };
  const { server } = world.serve(bounds);
  const { client: { core } } = await world.connect(bounds);
  let taken = 0;
  for (let n = 0; n < 3000; n++) {
    core.trySend(1, 0, numbered(n % 10, 100));
    if (n % 20 === 19) await world.scheduler.settle(4);
    // One stays behind for ever: there is never nothing that waits.
    while (server.core.events.count > 1) taken += server.core.events.poll()?.type === "data" ? 1 : 0;
  }
  await world.scheduler.settle(100);
  while (server.core.events.count > 1) taken += server.core.events.poll()?.type === "data" ? 1 : 0;
  assertEquals(taken, 2999);
});

Deno.test("a queue without room drops unreliable messages, counts them, and keeps reliable ones", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve({ maxQueuedEvents: 16 });
  const { client: { core } } = await world.connect();
  for (let n = 0; n < 30; n++) {
    core.trySend(1, 1, numbered(n, 10));
    core.trySend(1, 2, numbered(n, 10));
  }
  await world.scheduler.settle(500);
  const { droppedMessages } = server.core.statistics();
  const seen = received(server);
  const [plain, reliable] = ["1", "2"].map((channel) => seen.filter((one) => one.startsWith(channel)).length);
  assertEquals([reliable, plain! + droppedMessages], [30, 30]);
  assert(droppedMessages >= 15, `${droppedMessages} were dropped`);
});

Deno.test("a reader that waits gets reliable messages, and its peer is held back by nothing", async () => {
  const world = new SecureWorld({ delayMs: 1 });
  const bounds = { maxMessageBytes: 4096, windowBytes: 1 << 18, channels: { 2: { windowBytes: 1 << 16 } } };
  const { server } = world.serve(bounds);
  const { client: { core } } = await world.connect(bounds);
  let bytesRead = 0;
  void (async () => {
    for (;;) {
      const { done, value } = await server.core.events.next();
      if (done) return;
      if (value.type === "data") bytesRead += value.data.length;
    }
  })();
  for (let n = 0; n < 100; n++) void core.send(1, 2, new Uint8Array(4000));
  await world.scheduler.settle(2000);
  assertEquals(bytesRead, 400_000);
  await Promise.all([core.close(0), world.scheduler.settle(3000)]);
  await Promise.all([server.core.close(0), world.scheduler.settle(3000)]);
});

Deno.test("close() waits until reliable messages are acknowledged, and takes no more meanwhile", async () => {
  const world = new SecureWorld({ delayMs: 20, lossShare: 0.2 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect();
  core.trySend(1, 0, numbered(1, 200_000));
  core.trySend(1, 2, numbered(2, 100_000));
  let isClosed = false;
  core.close(0).then(() => isClosed = true);
  await world.scheduler.settle(10);
  assertEquals(core.trySend(1, 0, bytes("late")), SendStatus.Closed);
  const late = await assertRejects(() => core.send(1, 0, bytes("late")), ClosedError);
  assertEquals(late.message, "Cannot send: the socket is closing");
  await world.scheduler.settle(2000);
  assertEquals([isClosed, received(server).toSorted()], [true, ["0 1", "2 2"]]);
});

Deno.test("close() gives up on a peer that takes nothing, within closeTimeoutMs", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  world.serve();
  const { client: { core } } = await world.connect({ closeTimeoutMs: 300 });
  world.network.tap = () => false;
  core.trySend(1, 0, bytes("into the void"));
  let isClosed = false;
  core.close(0).then(() => isClosed = true);
  await world.scheduler.settle(299);
  assertEquals(isClosed, false);
  await world.scheduler.settle(2);
  assertEquals(isClosed, true);
});

Deno.test("statistics of a peer tell loss, retransmissions, window and lanes", async () => {
  const world = new SecureWorld({ delayMs: 10, lossShare: 0.1 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect();
  core.trySend(1, 0, new Uint8Array(500_000), { lane: "normal" });
  await world.scheduler.settle(60);
  const busy = core.statisticsOf(core.peers.get(1)!);
  assert(busy.laneBytes.normal > 400_000 && busy.inFlightBytes > 0 && busy.congestionWindowBytes >= busy.inFlightBytes);
  await world.scheduler.settle(5000);
  const { lossRatio, retransmissions, bandwidthBytesPerSecond, minRttMs, laneBytes } = core.statisticsOf(
    core.peers.get(1)!,
  );
  assert(lossRatio > 0.03 && lossRatio < 0.25, `${lossRatio}`);
  assert(retransmissions > 10 && bandwidthBytesPerSecond > 0 && minRttMs >= 20, `${retransmissions}`);
  assertEquals([laneBytes.normal, received(server).length], [0, 1]);
});

Deno.test("the congestion controller is the one of the options", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  world.serve();
  const windows: number[] = [];
  for (const congestionControl of ["delay-bounded", "cubic"] as const) {
    const { client: { core } } = await world.connect({ congestionControl });
    core.trySend(1, 0, new Uint8Array(1 << 20));
    await world.scheduler.settle(150);
    windows.push(core.statisticsOf(core.peers.get(1)!).congestionWindowBytes);
  }
  assert(windows[0] !== windows[1], `${windows}`);
});

Deno.test("credit goes back to the channel that it is of, whatever else waits", async () => {
  const world = new SecureWorld({ delayMs: 1 });
  const bounds = {
    maxMessageBytes: 61_000,
    windowBytes: 1 << 18,
    channels: { 0: { windowBytes: 1 << 16 }, 2: { windowBytes: 1 << 16 } },
  };
  const { server } = world.serve(bounds);
  const { client: { core } } = await world.connect(bounds);
  let taken = 0;
  const take = (): void => {
    while (server.core.events.count > 1) taken += server.core.events.poll()?.type === "data" ? 1 : 0;
  };
  for (let n = 0; n < 600; n++) {
    core.trySend(1, n % 2 * 2, numbered(n % 10, 1000));
    if (n % 20 === 19) await world.scheduler.settle(5);
    take();
  }
  await world.scheduler.settle(100);
  take();
  assertEquals(taken, 599);
  // What was taken last is less than a portion; a message that needs all of the window waits for it.
  core.trySend(1, 0, numbered(1, 61_000));
  core.trySend(1, 2, numbered(1, 61_000));
  await world.scheduler.settle(500);
  take();
  assertEquals(taken, 601);
});

Deno.test("sendMessage() gives a handle that cancels, of a small unreliable message too", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  world.serve();
  const { client: { core } } = await world.connect();
  const handle = await core.sendMessage(1, 1, bytes("small"));
  assert(handle >= 0, `${handle}`);
});

Deno.test("what is too large is refused at once, although others wait", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  world.serve();
  const { client: { core } } = await world.connect({ maxMessageBytes: 1024, maxQueuedBytes: 2048 });
  for (let n = 0; n < 3; n++) void core.send(1, 0, new Uint8Array(1000));
  assertEquals(core.trySend(1, 0, new Uint8Array(1025)), SendStatus.TooLarge);
  await assertRejects(() => core.send(1, 0, new Uint8Array(1025)), RangeError, "at most 1024");
  await world.scheduler.settle(100);
});

Deno.test("close() sends unreliable messages that wait for their pace", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server } = world.serve();
  const { client: { core } } = await world.connect();
  for (let n = 0; n < 60; n++) core.trySend(1, 1, numbered(n, 1000));
  void core.close(0);
  await world.scheduler.settle(2000);
  assertEquals(received(server).length, 60);
});

Deno.test("close() does not wait for a peer that has left meanwhile", async () => {
  const world = new SecureWorld({ delayMs: 5 });
  const { server } = world.serve();
  const other = await world.connect();
  world.network.tap = () => false;
  server.core.trySend(1, 0, new Uint8Array(100_000));
  let isClosed = false;
  server.core.close(0).then(() => isClosed = true);
  world.network.tap = undefined;
  other.client.core.close(0, 0);
  await world.scheduler.settle(200);
  assertEquals(isClosed, true);
});
