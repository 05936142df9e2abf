/**
 * Fire and forget: nothing waits, nothing throws, and what did not arrive is counted to the message.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { CloseCode, ConnectError, type DisconnectReason, type ParticleBurst, SendStatus } from "../../mod.ts";
import { PlainServer, type PlainSocket } from "../interop/plain_socket.ts";
import { openBurst, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, standstill, within } from "./waiting.ts";

for (const parallelism of [1, 32]) {
  Deno.test(`100,000 sends in a plain loop arrive whole over ${parallelism} lane(s)`, async () => {
    let received = 0;
    let wrong = 0;
    await using reactor = await openReactor({
      onReceived: (_, payload) => {
        received++;
        if (textOf(payload) !== "Hello Reactor ⚡") wrong++;
      },
    });
    const burst = openBurst({ port: reactor.port, parallelism });
    assertEquals(burst.parallelism, parallelism);
    const payload = bytesOf("Hello Reactor ⚡");
    for (let i = 0; i < 100_000; i++) burst.send(payload);
    assertEquals(await within("the close", burst.close()), { unsentCount: 0, droppedCount: 0 });
    await eventually("all arrive", () => received === 100_000);
    assertEquals(wrong, 0);
    assertEquals(burst.statistics().messagesOut, 100_000);
    assertEquals(burst.statistics().connects, parallelism);
    assertEquals(reactor.statistics().accepted, parallelism);
  });
}

Deno.test("Each lane keeps its order, and messages go to the lanes in turn", async () => {
  const lanes = new Map<number, number[]>();
  await using reactor = await openReactor({
    onReceived: (connection, payload) => {
      const list = lanes.get(connection.id);
      if (list === undefined) lanes.set(connection.id, [numberOf(payload)]);
      else list.push(numberOf(payload));
    },
  });
  const burst = openBurst({ port: reactor.port, parallelism: 4 });
  for (let i = 0; i < 4000; i++) assertEquals(burst.send(numbered(i)), SendStatus.Queued);
  await burst.close();
  await eventually("all arrive", () => reactor.statistics().messagesIn === 4000);
  assertEquals(lanes.size, 4);
  for (const list of lanes.values()) assertEquals(list, upTo(1000).map((i) => i * 4 + list[0]!));
});

Deno.test("sendOn() keeps to its lane", async () => {
  const lanes = new Map<number, string[]>();
  await using reactor = await openReactor({
    onReceived: (connection, payload) => {
      lanes.set(connection.id, [...lanes.get(connection.id) ?? [], textOf(payload)]);
    },
  });
  await using burst = openBurst({ port: reactor.port, parallelism: 2 });
  for (const [lane, text] of [[0, "a"], [1, "b"], [2, "c"], [3, "d"], [0, "e"]] as const) {
    assertEquals(burst.sendOn(lane, bytesOf(text)), SendStatus.Queued);
  }
  await burst.flush();
  await eventually("all arrive", () => reactor.statistics().messagesIn === 5);
  assertEquals([...lanes.values()].map((list) => list.join("")).sort(), ["ace", "bd"]);
});

for (const parallelism of [1, 2]) {
  Deno.test(`sendOn() refuses what is no lane (parallelism ${parallelism})`, async () => {
    await using server = await PlainServer.listen();
    const burst = openBurst({ port: server.port, parallelism });
    for (const lane of [-1, -2, 0.5, 1.5, NaN, Infinity, -Infinity]) {
      assertThrows(() => burst.sendOn(lane, bytesOf("x")), RangeError, undefined, `lane ${lane}`);
    }
    burst.abort();
    await burst.closed;
  });
}

Deno.test("What overflows is dropped and counted: received and dropped make up what was sent", async () => {
  for (const parallelism of [1, 3]) {
    let received = 0;
    await using reactor = await openReactor({ onReceived: () => void received++ });
    const burst = openBurst({ port: reactor.port, parallelism, maxQueuedBytes: 64 << 10 });
    const sent = 50_000;
    let dropped = 0;
    let lanes = 0;
    for (let i = 0; i < sent; i++) {
      const status = burst.send(numbered(i, 100));
      assert(status === SendStatus.Queued || status === SendStatus.Dropped);
      if (status === SendStatus.Dropped) dropped++;
      lanes = Math.max(lanes, burst.queuedBytes);
    }
    assertGreater(dropped, 0);
    assert(lanes <= 64 << 10, `${lanes} bytes were queued`);
    assertEquals(burst.droppedCount, dropped);
    assertEquals(await within("the close", burst.close()), { unsentCount: 0, droppedCount: dropped });
    await eventually("the rest arrives", () => received + dropped === sent);
    assertEquals(burst.statistics().droppedNewest, dropped);
  }
});

Deno.test("dropOldest and conflate count what they drop, too", async () => {
  for (const sendPolicy of ["dropOldest", "conflate"] as const) {
    let received = 0;
    await using reactor = await openReactor({ onReceived: () => void received++ });
    const burst = openBurst({ port: reactor.port, sendPolicy, maxQueuedBytes: 4096 });
    const sent = 5000;
    for (let i = 0; i < sent; i++) burst.send(numbered(i, 100), i % 20);
    const { droppedCount, unsentCount } = await within("the close", burst.close());
    await eventually(`all adds up (${sendPolicy})`, () => received + droppedCount === sent);
    assertEquals(unsentCount, 0);
    assertGreater(droppedCount, 0);
  }
});

Deno.test("conflate: a new key that does not fit is dropped and counted by a burst, which never waits", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  const burst = openBurst({ port: reactor.port, sendPolicy: "conflate", maxQueuedBytes: 4096 });
  const sent = 1000;
  const statuses = new Set<SendStatus>();
  for (let i = 0; i < sent; i++) statuses.add(burst.send(numbered(i, 100), i));
  const { droppedCount } = await within("the close", burst.close());
  await standstill(() => received);
  assertEquals(received + droppedCount, sent);
  assertEquals([...statuses].sort(), [SendStatus.Queued, SendStatus.Dropped]);
});

Deno.test("conflate: messages of one key go to one lane, and the newest arrives", async () => {
  const newest = new Map<number, number>();
  const laneOf = new Map<number, number>();
  await using reactor = await openReactor({
    onReceived: (connection, payload) => {
      const number = numberOf(payload);
      const key = number % 10;
      assertEquals(laneOf.get(key) ?? connection.id, connection.id);
      laneOf.set(key, connection.id);
      assert((newest.get(key) ?? -1) < number);
      newest.set(key, number);
    },
  });
  const burst = openBurst({ port: reactor.port, sendPolicy: "conflate", parallelism: 4 });
  for (let i = 0; i < 10_000; i++) burst.send(numbered(i), `key ${i % 10}`);
  await burst.close();
  await eventually("the newest arrive", () => [...newest.values()].filter((number) => number >= 9990).length === 10);
  assertEquals(newest.size, 10);
});

Deno.test("ready() lets the writer catch up: nothing is dropped however much is sent", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  const burst = openBurst({ port: reactor.port, parallelism: 2, maxQueuedBytes: 256 << 10, highWaterBytes: 64 << 10 });
  const sent = 100_000;
  let isPending = false;
  for (let i = 0; i < sent; i++) {
    burst.send(numbered(i, 64));
    if (burst.queuedBytes > 128 << 10) isPending = true;
    await burst.ready();
  }
  assertEquals(await within("the close", burst.close()), { unsentCount: 0, droppedCount: 0 });
  await eventually("all arrive", () => received === sent);
  assertEquals(isPending, false);
});

Deno.test("flush() settles when everything is handed over, and the burst goes on after it", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  const burst = openBurst({ port: reactor.port, parallelism: 3 });
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 10_000; i++) burst.send(numbered(i));
    assertEquals(await within("the flush", burst.flush()), { unsentCount: 0, droppedCount: 0 });
    assertEquals(burst.queuedBytes, 0);
    assertEquals(burst.statistics().messagesOut, round * 10_000);
  }
  await eventually("all arrive", () => received === 30_000);
  await burst.close();
});

Deno.test("A server that dies in the middle: what was not written is counted, and nothing waits", async () => {
  for (const parallelism of [1, 4]) {
    await using server = await PlainServer.listen();
    const reasons: DisconnectReason[] = [];
    const burst = openBurst({
      port: server.port,
      parallelism,
      maxQueuedBytes: 64 << 20,
      onDisconnected: (reason) => void reasons.push(reason),
    });
    const sockets: PlainSocket[] = [];
    for (let i = 0; i < parallelism; i++) sockets.push(await server.accept());
    for (const socket of sockets) socket.ignore();
    await burst.connected;
    const sent = 4000;
    for (let i = 0; i < sent; i++) assertEquals(burst.send(numbered(i, 10_000)), SendStatus.Queued);
    const flushing = burst.flush();
    await eventually("some is written", () => burst.statistics().bytesOut > 0);
    for (const socket of sockets) socket.reset();
    const report = await within("the flush", flushing);
    await within("its end", burst.closed);
    const { messagesOut, unsent } = burst.statistics();
    assertEquals(messagesOut + unsent, sent);
    assertGreater(unsent, 0);
    assertEquals(report, { unsentCount: unsent, droppedCount: 0 });
    assertEquals(await within("the close", burst.close()), report);
    assertEquals(burst.send(bytesOf("late")), SendStatus.Closed);
    await within("ready", burst.ready());
    assertEquals(reasons.length, 1, "the end is told once, with the last lane");
    assertEquals(reasons[0]!.code, CloseCode.LinkLost);
    assertEquals(reasons[0]!.unsentCount, unsent, `the end tells of all ${parallelism} lanes`);
  }
});

Deno.test("Without anybody there a burst takes messages, loses them, and says so", async () => {
  const server = await PlainServer.listen();
  await server[Symbol.asyncDispose]();
  const reasons: DisconnectReason[] = [];
  const burst = openBurst({
    port: server.port,
    parallelism: 3,
    onDisconnected: (reason) => void reasons.push(reason),
  });
  for (let i = 0; i < 30; i++) assertEquals(burst.send(numbered(i)), SendStatus.Queued);
  await assertRejects(() => within("the failure", burst.connected), ConnectError);
  await within("its end", burst.closed);
  assertEquals(reasons.length, 1);
  assertEquals(await burst.close(), { unsentCount: 30, droppedCount: 0 });
});

Deno.test("abort() and a signal end a burst at once", async () => {
  for (const how of ["abort", "signal"] as const) {
    await using server = await PlainServer.listen();
    const controller = new AbortController();
    const reasons: DisconnectReason[] = [];
    const burst: ParticleBurst = openBurst({
      port: server.port,
      parallelism: 2,
      signal: controller.signal,
      onDisconnected: (reason) => void reasons.push(reason),
    });
    await burst.connected;
    for (let i = 0; i < 100; i++) burst.send(numbered(i));
    if (how === "abort") burst.abort();
    else controller.abort();
    await within("its end", burst.closed);
    const { messagesOut, unsent } = burst.statistics();
    assertEquals(messagesOut + unsent, 100);
    assertEquals(reasons.map(({ code }) => code), [CloseCode.Aborted]);
  }
});

Deno.test("send() never throws for a queue, only for what the caller did wrong", async () => {
  await using reactor = await openReactor();
  await using burst = openBurst({ port: reactor.port, maxFrameBytes: 100, maxQueuedBytes: 1024 });
  assertEquals(burst.send(new Uint8Array(101)), SendStatus.TooLarge);
  for (let i = 0; i < 100; i++) burst.send(new Uint8Array(100));
  assertGreater(burst.droppedCount, 0);
  assertThrows(() => burst.send("text" as unknown as Uint8Array), TypeError);
});

Deno.test("await using closes a burst: what was sent arrives", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  {
    await using burst = openBurst({ port: reactor.port, parallelism: 2 });
    for (let i = 0; i < 1000; i++) burst.send(numbered(i));
  }
  await eventually("all arrive", () => received === 1000);
});
