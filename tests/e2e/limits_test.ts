/**
 * The limits of a reactor: how many may come, how long they may be silent or slow, and that each limit hits only whom
 * it is meant for.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { CloseCode, type Connection, type DisconnectReason, type Reactor, type ReactorOptions } from "../../mod.ts";
import { frame, header, joined, PlainSocket } from "../interop/plain_socket.ts";
import { openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, textOf, upTo } from "./payloads.ts";
import { eventually, Gate, within } from "./waiting.ts";

/** An echo that notes why connections end. */
interface Noting extends AsyncDisposable {
  readonly reactor: Reactor;
  readonly reasons: DisconnectReason[];
}

Deno.test("maxConnectionCount turns away who comes too many, until one goes", async () => {
  await using noting = await open({ maxConnectionCount: 3 });
  const { reactor } = noting;
  const clients = await Promise.all(upTo(3).map(() => echoed(reactor)));
  for (let i = 1; i <= 2; i++) {
    await using refused = await PlainSocket.connect(reactor.port);
    await within("the refusal", refused.ended);
    await eventually("it is counted", () => reactor.statistics().refusedByCount === i);
  }
  assertEquals(reactor.connections.length, 3);
  await clients[0]![Symbol.asyncDispose]();
  await eventually("one is gone", () => reactor.connections.length === 2);
  await using late = await echoed(reactor);
  assertEquals(reactor.statistics().accepted, 4);
  assertEquals(noting.reasons.length, 1);
  for (const client of [...clients, late]) await client[Symbol.asyncDispose]();
});

Deno.test("maxConnectionsPerAddressCount counts each address by itself", async () => {
  await using noting = await open({ maxConnectionsPerAddressCount: 2 });
  const { reactor } = noting;
  await using first = await echoed(reactor, "127.0.0.1");
  await using _second = await echoed(reactor, "127.0.0.1");
  await using refused = await PlainSocket.connect(reactor.port, { localAddress: "127.0.0.1" });
  await within("the refusal", refused.ended);
  await using _other = await echoed(reactor, "127.0.0.2");
  assertEquals(reactor.statistics().refusedByAddress, 1);
  assertEquals(reactor.statistics().refusedByCount, 0);
  await first[Symbol.asyncDispose]();
  await eventually("one is gone", () => reactor.connections.length === 2);
  await using _third = await echoed(reactor, "127.0.0.1");
});

Deno.test("idleTimeoutMs closes who is silent and leaves who is not", async () => {
  await using noting = await open({ idleTimeoutMs: 60 });
  const { reactor, reasons } = noting;
  await using busy = await echoed(reactor);
  await using silent = await echoed(reactor);
  let isOver = false;
  void silent.ended.then(() => isOver = true);
  while (!isOver) {
    await busy.write(frame("tick"));
    assertEquals(textOf(await busy.readFrame()), "tick");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually("the end is reported", () => reasons.length === 1);
  assertEquals(reasons.map(({ code, origin }) => ({ code, origin })), [{
    code: CloseCode.IdleTimeout,
    origin: "local",
  }]);
  assertEquals(reactor.connections.length, 1);
});

Deno.test("idleTimeoutMs does not run while a handler holds back the reading", async () => {
  const gate = new Gate();
  const reasons: DisconnectReason[] = [];
  let calls = 0;
  await using reactor = await openReactor({
    idleTimeoutMs: 30,
    onReceived: (connection) => {
      calls++;
      return gate.whenOpen.then(() => connection.return(bytesOf("done")));
    },
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frame("x"));
  await eventually("the handler runs", () => calls === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(reasons, []);
  gate.open();
  assertEquals(textOf(await client.readFrame()), "done");
  await eventually("it is closed for idleness after that", () => reasons.length === 1);
  assertEquals(reasons[0]!.code, CloseCode.IdleTimeout);
});

Deno.test("minFrameBytesPerSecond closes a client that sends a byte now and then", async () => {
  await using noting = await open({ minFrameBytesPerSecond: 1000, frameGraceMs: 50, idleTimeoutMs: 5000 });
  const { reactor, reasons } = noting;
  await using other = await echoed(reactor);
  await using slow = await PlainSocket.connect(reactor.port);
  await slow.write(header(10_000));
  let isOver = false;
  void slow.ended.then(() => isOver = true);
  while (!isOver) {
    await slow.write(Uint8Array.of(1)).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await eventually("the end is reported", () => reasons.length === 1);
  assertEquals(reasons[0]!.code, CloseCode.TooSlow);
  await other.write(frame("still here"));
  assertEquals(textOf(await other.readFrame()), "still here");
});

Deno.test("minFrameBytesPerSecond counts a header that is not whole, too", async () => {
  await using noting = await open({ minFrameBytesPerSecond: 1000, frameGraceMs: 30 });
  await using slow = await PlainSocket.connect(noting.reactor.port);
  await slow.write(Uint8Array.of(1, 0));
  await within("the end", slow.ended);
  await eventually("the end is reported", () => noting.reasons.length === 1);
  assertEquals(noting.reasons[0]!.code, CloseCode.TooSlow);
});

Deno.test("minFrameBytesPerSecond leaves who is silent between frames, and who is fast enough", async () => {
  await using noting = await open({ minFrameBytesPerSecond: 1000, frameGraceMs: 30 });
  await using client = await echoed(noting.reactor);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const payload = numbered(1, 3000);
  const bytes = frame(payload);
  // Each piece is worth 100 ms at the slowest rate and comes 10 ms after the one before.
  for (let at = 0; at < bytes.length; at += 100) {
    await client.write(bytes.subarray(at, at + 100));
    if (at % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(await client.readFrame(), payload);
  assertEquals(noting.reasons, []);
});

Deno.test("sendStallTimeoutMs closes a client that reads nothing", async () => {
  const reasons: DisconnectReason[] = [];
  await using reactor = await openReactor({
    sendStallTimeoutMs: 60,
    maxQueuedBytes: 64 << 20,
    onConnected: (connection) => {
      for (let i = 0; i < 500; i++) connection.trySend(numbered(i, 64 << 10));
    },
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using deaf = await PlainSocket.connect(reactor.port, { isDeaf: true });
  await eventually("the end is reported", () => reasons.length === 1);
  assertEquals(reasons[0]!.code, CloseCode.SendStalled);
  assertGreater(reasons[0]!.unsentCount, 0);
  assertEquals(reactor.statistics().queuedBytes, 0);
  deaf.listen();
});

Deno.test("sendStallTimeoutMs leaves who reads slowly and who has nothing to read", async () => {
  const reasons: DisconnectReason[] = [];
  let connection: Connection | undefined;
  await using reactor = await openReactor({
    sendStallTimeoutMs: 700,
    maxQueuedBytes: 64 << 20,
    onConnected: (made) => void (connection = made),
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await eventually("it is accepted", () => connection !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 800));
  client.ignore();
  const payload = numbered(1, 64 << 10);
  for (let i = 0; i < 300; i++) connection!.trySend(payload);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.listen();
  for (let i = 0; i < 300; i++) assertEquals((await client.readFrame()).length, payload.length);
  assertEquals(reasons, []);
});

Deno.test("closeTimeoutMs bounds close() with a client that reads nothing", async () => {
  const reasons: DisconnectReason[] = [];
  let connection: Connection | undefined;
  await using reactor = await openReactor({
    closeTimeoutMs: 50,
    maxQueuedBytes: 64 << 20,
    onConnected: (made) => void (connection = made),
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using _deaf = await PlainSocket.connect(reactor.port, { isDeaf: true });
  await eventually("it is accepted", () => connection !== undefined);
  for (let i = 0; i < 500; i++) connection!.trySend(numbered(i, 64 << 10));
  await within("the close", connection!.close());
  assertEquals(reasons.map(({ code }) => code), [CloseCode.CloseTimeout]);
  const { messagesOut, unsent } = reactor.statistics();
  assertEquals(messagesOut + unsent, 500);
  assertEquals(reasons[0]!.unsentCount, unsent);
});

Deno.test("Thousands of messages above one limit cost one close and nothing else", async () => {
  await using noting = await open({ maxFrameBytes: 16 });
  await using client = await PlainSocket.connect(noting.reactor.port);
  const tooLong = frame("x".repeat(17));
  await client.write(joined(upTo(5000).map(() => tooLong))).catch(() => {});
  await within("the end", client.ended);
  await eventually("the end is reported", () => noting.reasons.length === 1);
  assertEquals(noting.reactor.statistics().messagesIn, 0);
  assert(noting.reactor.statistics().discardedBytes > 0);
});

async function open(options: ReactorOptions): Promise<Noting> {
  const reasons: DisconnectReason[] = [];
  const reactor = await openReactor({
    ...options,
    closeTimeoutMs: 200,
    onReceived: (connection, payload) => connection.return(payload),
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  return { reactor, reasons, [Symbol.asyncDispose]: () => reactor.stop() };
}

/** A client that has been served once. */
async function echoed(reactor: Reactor, localAddress = "127.0.0.1"): Promise<PlainSocket> {
  const client = await PlainSocket.connect(reactor.port, { localAddress });
  await client.write(frame("hello"));
  assertEquals(textOf(await client.readFrame()), "hello");
  return client;
}
