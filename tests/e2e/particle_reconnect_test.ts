/**
 * A particle whose server dies and comes back: nothing is sent twice, the order stays, and what was lost is counted.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { CloseCode, ClosedError, type DisconnectReason, type ReconnectOptions, SendStatus } from "../../mod.ts";
import { PlainServer, type PlainSocket } from "../interop/plain_socket.ts";
import { openParticle, openReactor } from "./framed_tcp.ts";
import { numbered, numberOf, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

const QUICK: ReconnectOptions = { baseMs: 1, maxMs: 20, stableMs: 1000 };
const LARGE = { maxFrameBytes: 64 << 20, maxQueuedBytes: 64 << 20 };

Deno.test("queue: what is sent while the server is gone arrives when it is back, in order and once", async () => {
  const seen: number[] = [];
  const onReceived = (_: unknown, payload: Uint8Array): void => void seen.push(numberOf(payload));
  let reactor = await openReactor({ onReceived });
  const { port } = reactor;
  const reasons: DisconnectReason[] = [];
  let connects = 0;
  await using particle = openParticle({
    port,
    reconnect: QUICK,
    onConnected: () => void connects++,
    onDisconnected: (reason) => void reasons.push(reason),
  });
  let next = 0;
  for (let round = 1; round <= 3; round++) {
    await eventually("there is a link", () => particle.isConnected);
    for (let i = 0; i < 50; i++) await particle.send(numbered(next++));
    await eventually("all arrive", () => seen.length === next);
    await reactor.stop();
    await eventually("the loss is noticed", () => !particle.isConnected);
    for (let i = 0; i < 50; i++) assertEquals(particle.trySend(numbered(next++)), SendStatus.Queued);
    await particle.send(numbered(next++));
    reactor = await openReactor({ port, onReceived });
    await eventually("all arrive", () => seen.length === next);
    assertEquals(connects, round + 1);
  }
  assertEquals(seen, upTo(next));
  assertEquals(particle.statistics().connects, 4);
  assertEquals(particle.statistics().unsent, 0);
  assertGreater(reasons.length, 2);
  await particle.close();
  await reactor.stop();
});

Deno.test("queue: resets in the middle of a flow lose messages but double and reorder none", async () => {
  const numbers: number[] = [];
  await using server = await PlainServer.listen();
  await using particle = openParticle({
    port: server.port,
    reconnect: QUICK,
    maxQueuedBytes: 1 << 20,
    closeTimeoutMs: 50,
  });
  const count = 20_000;
  let isSending = true;
  const sending = (async () => {
    for (let i = 0; i < count; i++) {
      await particle.send(numbered(i, 4 + i % 500));
      if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await particle.flush();
    isSending = false;
  })();
  let resets = 0;
  for (let socket = await server.accept(); isSending;) {
    const goal = numbers.length + 1500;
    const isReset = resets < 5;
    await collect(socket, numbers, () => !isSending || (isReset && numbers.length >= goal));
    if (!isReset || !isSending) continue;
    resets++;
    socket.reset();
    socket = await server.accept();
  }
  await within("the sending", sending);
  assertEquals(resets, 5);
  for (let i = 1; i < numbers.length; i++) {
    assert(numbers[i - 1]! < numbers[i]!, `${numbers[i]} after ${numbers[i - 1]}`);
  }
  const { messagesOut, unsent, connects } = particle.statistics();
  assertEquals(connects, 6);
  assertEquals(messagesOut + unsent, count);
  assert(unsent <= 5, "at most the message in the middle of a write is lost without being written");
});

Deno.test("queue: a large message that the lost link had taken a part of is not sent again", async () => {
  await using server = await PlainServer.listen();
  const losses: DisconnectReason[] = [];
  await using particle = openParticle({
    closeTimeoutMs: 50,
    port: server.port,
    reconnect: QUICK,
    ...LARGE,
    onDisconnected: (reason) => void losses.push(reason),
  });
  const first = await server.accept();
  first.ignore();
  assertEquals(particle.trySend(numbered(1, 32 << 20)), SendStatus.Queued);
  assertEquals(particle.trySend(numbered(2, 100)), SendStatus.Queued);
  await eventually("a part is written", () => particle.statistics().bytesOut > 0);
  first.reset();
  const second = await server.accept();
  assertEquals(numberOf(await second.readFrame()), 2);
  assertEquals(particle.statistics().unsent, 1);
  assertEquals(losses[0]!.unsentCount, 1);
  second.end();
  particle.abort();
  await particle.closed;
});

for (const isByReference of [true, false]) {
  Deno.test(`queue: what waits for a large message settles when its link is lost (by reference: ${isByReference})`, async () => {
    await using server = await PlainServer.listen();
    await using particle = openParticle({
      closeTimeoutMs: 50,
      port: server.port,
      reconnect: QUICK,
      ...LARGE,
    });
    const first = await server.accept();
    first.ignore();
    const payload = numbered(1, 32 << 20);
    const pending = isByReference ? particle.send(payload) : particle.flush();
    if (!isByReference) particle.trySend(payload);
    const settled = (isByReference ? pending : particle.flush()).then(() => "resolved", () => "rejected");
    await eventually("a part is written", () => particle.statistics().bytesOut > 0);
    first.reset();
    await server.accept();
    await eventually("there is a link again", () => particle.isConnected);
    await within("it to settle", settled, 1000);
    particle.abort();
    await particle.closed;
  });
}

Deno.test("refuse: while there is no link messages are refused, and later ones arrive", async () => {
  const seen: number[] = [];
  const onReceived = (_: unknown, payload: Uint8Array): void => void seen.push(numberOf(payload));
  let reactor = await openReactor({ onReceived });
  const { port } = reactor;
  await using particle = openParticle({ port, reconnect: { ...QUICK, whileDisconnected: "refuse" } });
  await particle.connected;
  await particle.send(numbered(0));
  await eventually("it arrives", () => seen.length === 1);
  await reactor.stop();
  await eventually("the loss is noticed", () => !particle.isConnected);
  assertEquals(particle.trySend(numbered(1)), SendStatus.NotConnected);
  await assertRejects(() => particle.send(numbered(2)), ClosedError);
  reactor = await openReactor({ port, onReceived });
  await eventually("there is a link", () => particle.isConnected);
  await particle.send(numbered(3));
  await eventually("it arrives", () => seen.length === 2);
  assertEquals(seen, [0, 3]);
  await particle.close();
  await reactor.stop();
});

Deno.test("refuse: what was queued on a lost link is dropped and counted, and sends that wait reject", async () => {
  await using server = await PlainServer.listen();
  const reasons: DisconnectReason[] = [];
  await using particle = openParticle({
    closeTimeoutMs: 50,
    port: server.port,
    maxQueuedBytes: 1 << 20,
    reconnect: { baseMs: 10_000, whileDisconnected: "refuse" },
    onDisconnected: (reason) => void reasons.push(reason),
  });
  const socket = await server.accept();
  socket.ignore();
  let waiting: Promise<void> | undefined;
  let accepted = 0;
  while (waiting === undefined) {
    const sending = particle.send(numbered(accepted, 60_000));
    const isAccepted = await Promise.race([sending.then(() => true), new Promise((r) => setTimeout(r, 100, false))]);
    if (isAccepted) accepted++;
    else waiting = sending;
  }
  socket.reset();
  await assertRejects(() => within("the wait", waiting), ClosedError);
  await eventually("the loss is reported", () => reasons.length === 1);
  const { messagesOut, unsent, queuedBytes } = particle.statistics();
  assertEquals(messagesOut + unsent, accepted);
  assertGreater(unsent, 0);
  assertEquals(reasons[0]!.unsentCount, unsent);
  assertEquals(queuedBytes, 0);
  await within("the close", particle.close());
});

Deno.test("A particle gives up after maxAttempts; then it is closed for good", async () => {
  const server = await PlainServer.listen();
  const reasons: DisconnectReason[] = [];
  await using particle = openParticle({
    closeTimeoutMs: 50,
    port: server.port,
    reconnect: { ...QUICK, maxAttempts: 3 },
    onDisconnected: (reason) => void reasons.push(reason),
  });
  await particle.connected;
  await server.die();
  await within("its end", particle.closed);
  assertEquals(reasons.map(({ code }) => code), [CloseCode.LinkLost, ...upTo(3).map(() => CloseCode.ConnectFailed)]);
  assertEquals(particle.trySend(numbered(1)), SendStatus.Closed);
});

Deno.test("With reconnect connected waits for the first link, however long it takes", async () => {
  const server = await PlainServer.listen();
  await server[Symbol.asyncDispose]();
  let failures = 0;
  await using particle = openParticle({
    closeTimeoutMs: 50,
    port: server.port,
    reconnect: QUICK,
    onDisconnected: () => void failures++,
  });
  await particle.send(numbered(5));
  await eventually("some attempts fail", () => failures >= 3);
  await using back = await PlainServer.listen(server.port);
  await within("the link", particle.connected);
  const socket = await back.accept();
  assertEquals(numberOf(await socket.readFrame()), 5);
  socket.end();
  particle.abort();
  await particle.closed;
});

for (const how of ["close", "abort", "signal"] as const) {
  Deno.test(`${how} ends a particle between two attempts`, async () => {
    const controller = new AbortController();
    const server = await PlainServer.listen();
    const reasons: DisconnectReason[] = [];
    await using particle = openParticle({
      closeTimeoutMs: 50,
      port: server.port,
      reconnect: { baseMs: 60_000, maxMs: 60_000 },
      signal: controller.signal,
      onDisconnected: (reason) => void reasons.push(reason),
    });
    await particle.connected;
    await server.die();
    await eventually("the loss is noticed", () => reasons.length === 1);
    assertEquals(particle.trySend(numbered(1)), SendStatus.Queued);
    if (how === "close") void particle.close();
    else if (how === "abort") particle.abort();
    else controller.abort();
    await within("its end", particle.closed);
    assertEquals(reasons.length, 2);
    assertEquals(reasons[1]!.code, how === "close" ? CloseCode.Normal : CloseCode.Aborted);
    assertEquals(reasons[1]!.unsentCount, 1);
    assertEquals(particle.statistics().unsent, 1);
  });
}

/** Reads whole frames until told to stop. */
async function collect(socket: PlainSocket, into: number[], isEnough: () => boolean): Promise<void> {
  while (!isEnough()) {
    if (socket.count < 4) await new Promise((resolve) => setTimeout(resolve, 1));
    else into.push(numberOf(await socket.readFrame()));
  }
}
