/**
 * How a reactor begins and ends: start, stop, signals, half-closed streams, and what is left of a closed connection.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import {
  CloseCode,
  type Connection,
  type DisconnectReason,
  MisuseError,
  ResourceError,
  SendStatus,
} from "../../mod.ts";
import { frame, frames, PlainSocket } from "../interop/plain_socket.ts";
import { makeReactor, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, Gate, within } from "./waiting.ts";

Deno.test("Reactor.start() is refused the second time, and on a port that is taken", async () => {
  await using reactor = await openReactor();
  await assertRejects(() => reactor.start(), MisuseError);
  await using second = makeReactor({ port: reactor.port });
  const error = await assertRejects(() => second.start(), ResourceError);
  assertGreater(error.message.length, 0);
  assert(error.cause instanceof Error);
});

Deno.test("Reactor.start() is refused after stop()", async () => {
  const reactor = makeReactor();
  await reactor.stop();
  await assertRejects(() => reactor.start(), MisuseError);
});

Deno.test("Reactor.stop() closes every connection with GoingAway and frees the port", async () => {
  const reasons: DisconnectReason[] = [];
  const reactor = await openReactor({ onDisconnected: (_, reason) => void reasons.push(reason) });
  const { port } = reactor;
  const clients = await Promise.all(upTo(10).map(() => PlainSocket.connect(port)));
  await eventually("all are accepted", () => reactor.connections.length === 10);
  for (const client of clients) void client.ended.then(() => client.end());
  await Promise.all([reactor.stop(), reactor.stop()]);
  assertEquals(reasons.length, 10);
  assert(reasons.every(({ code, origin }) => code === CloseCode.GoingAway && origin === "local"));
  assertEquals(reactor.connections, []);
  for (const client of clients) await client[Symbol.asyncDispose]();
  await assertRejects(() => PlainSocket.connect(port));
  await using again = await openReactor({ port });
  assertEquals(again.port, port);
});

Deno.test("Reactor.stop() flushes what was sent", async () => {
  let sent = 0;
  const reactor = await openReactor({
    maxQueuedBytes: 8 << 20,
    onConnected: (connection) => {
      while (sent < 500) assertEquals(connection.trySend(numbered(sent++, 10_000)), SendStatus.Queued);
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  await eventually("it has sent", () => sent === 500);
  const stopping = reactor.stop();
  for (let i = 0; i < 500; i++) assertEquals(numberOf(await client.readFrame()), i);
  await within("the end", client.ended);
  client.end();
  await stopping;
  assertEquals(reactor.statistics().unsent, 0);
});

Deno.test("Reactor.stop() ends although a handler never settles", async () => {
  const never = new Gate();
  let calls = 0;
  const reactor = await openReactor({
    closeTimeoutMs: 50,
    onReceived: () => {
      calls++;
      return never.whenOpen;
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["one", "two"]));
  await eventually("the handler runs", () => calls === 1);
  await within("the reactor to stop", reactor.stop());
  assertEquals(calls, 1);
  never.open();
});

Deno.test("Reactor.stop() ends although a client keeps its stream open", async () => {
  const reasons: DisconnectReason[] = [];
  const reactor = await openReactor({ closeTimeoutMs: 50, onDisconnected: (_, reason) => void reasons.push(reason) });
  await using client = await PlainSocket.connect(reactor.port);
  await eventually("it is accepted", () => reactor.connections.length === 1);
  await within("the reactor to stop", reactor.stop());
  assertEquals(reasons.map(({ code }) => code), [CloseCode.GoingAway]);
  assertEquals(await client.readToEnd(), new Uint8Array(0));
});

Deno.test("await using stops a reactor", async () => {
  let port = 0;
  {
    await using reactor = await openReactor();
    port = reactor.port;
  }
  await assertRejects(() => PlainSocket.connect(port));
});

Deno.test("A signal that has fired keeps a reactor from starting", async () => {
  const reason = new Error("on purpose");
  const reactor = makeReactor({ signal: AbortSignal.abort(reason) });
  assertEquals(await reactor.start().catch((error) => error), reason);
  await reactor.stop();
});

Deno.test("A signal stops a reactor: connections are closed with Aborted", async () => {
  const controller = new AbortController();
  const codes: number[] = [];
  const reactor = await openReactor({
    signal: controller.signal,
    onDisconnected: (_, reason) => void codes.push(reason.code),
  });
  const { port } = reactor;
  await using client = await PlainSocket.connect(port);
  await eventually("it is accepted", () => reactor.connections.length === 1);
  controller.abort();
  await within("the client's end", client.ended);
  client.end();
  await eventually("the end is reported", () => codes.length === 1);
  assertEquals(codes, [CloseCode.Aborted]);
  await reactor.stop();
  await assertRejects(() => PlainSocket.connect(port));
});

Deno.test("A client that ends its stream still gets the answers to all it has sent", async () => {
  const gate = new Gate();
  const reasons: DisconnectReason[] = [];
  await using reactor = await openReactor({
    onReceived: async (connection, payload) => {
      await gate.whenOpen;
      connection.return(payload);
    },
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using client = await PlainSocket.connect(reactor.port);
  const all = frames(upTo(1000).map((i) => numbered(i, 100)));
  await client.write(all);
  client.end();
  gate.open();
  assertEquals(await client.readToEnd(), all);
  await eventually("the end is reported", () => reasons.length === 1);
  const { code, origin, unsentCount } = reasons[0]!;
  assertEquals({ code, origin, unsentCount }, { code: CloseCode.Normal, origin: "remote", unsentCount: 0 });
});

Deno.test("With allowHalfOpen a reactor sends as long as it likes after the client's end", async () => {
  const ready = Promise.withResolvers<Connection>();
  await using reactor = await openReactor({
    allowHalfOpen: true,
    idleTimeoutMs: 20,
    onReceived: (connection) => ready.resolve(connection),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["go"]));
  client.end();
  const connection = await within("the message", ready.promise);
  for (let i = 0; i < 10; i++) {
    assertEquals(connection.trySend(numbered(i)), SendStatus.Queued);
    assertEquals(numberOf(await client.readFrame()), i);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await within("the close", connection.close());
  assertEquals(await client.readToEnd(), new Uint8Array(0));
});

Deno.test("Connection.close() flushes, resolves when it is over, and may be called twice", async () => {
  const ready = Promise.withResolvers<Connection>();
  let ends = 0;
  await using reactor = await openReactor({
    onConnected: (connection) => ready.resolve(connection),
    onDisconnected: () => void ends++,
  });
  await using client = await PlainSocket.connect(reactor.port);
  const connection = await within("the connection", ready.promise);
  for (let i = 0; i < 100; i++) connection.trySend(numbered(i, 1000));
  const closing = [connection.close(), connection.close()];
  assertEquals(connection.trySend(bytesOf("late")), SendStatus.Closed);
  for (let i = 0; i < 100; i++) assertEquals(numberOf(await client.readFrame()), i);
  await within("the end", client.ended);
  client.end();
  await within("the close", Promise.all(closing));
  assertEquals(ends, 1);
  await connection.close();
  connection.abort();
  assertEquals(ends, 1);
  assertEquals(reactor.connections, []);
});

Deno.test("Connection.abort() ends at once and counts what was queued", async () => {
  const ready = Promise.withResolvers<Connection>();
  const reasons: DisconnectReason[] = [];
  await using reactor = await openReactor({
    maxQueuedBytes: 64 << 20,
    onConnected: (connection) => ready.resolve(connection),
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  await using client = await PlainSocket.connect(reactor.port, { isDeaf: true });
  const connection = await within("the connection", ready.promise);
  for (let i = 0; i < 1000; i++) connection.trySend(numbered(i, 32 << 10));
  connection.abort();
  await eventually("the end is reported", () => reasons.length === 1);
  const { code, origin, unsentCount } = reasons[0]!;
  assertEquals({ code, origin }, { code: CloseCode.Aborted, origin: "local" });
  const { messagesOut, unsent } = reactor.statistics();
  assertEquals(unsent, unsentCount);
  assertEquals(messagesOut + unsent, 1000);
  client.listen();
  await within("the end", client.ended);
});

Deno.test("Connection.flush() settles with what was accepted before it, and rejects when that is lost", async () => {
  const ready = Promise.withResolvers<Connection>();
  await using reactor = await openReactor({
    maxQueuedBytes: 64 << 20,
    onConnected: (connection) => ready.resolve(connection),
  });
  await using client = await PlainSocket.connect(reactor.port, { isDeaf: true });
  const connection = await within("the connection", ready.promise);
  await connection.flush();
  connection.trySend(numbered(1));
  await within("the flush", connection.flush());
  assertEquals(connection.statistics().messagesOut, 1);
  for (let i = 0; i < 1000; i++) connection.trySend(numbered(i, 32 << 10));
  const flushed = connection.flush();
  connection.abort();
  await assertRejects(() => within("the flush", flushed));
  assertEquals(client.count, 0);
});

Deno.test("A closed connection keeps its own statistics when another one takes its place", async () => {
  const connections: Connection[] = [];
  let ends = 0;
  await using reactor = await openReactor({
    onConnected: (connection) => void connections.push(connection),
    onDisconnected: () => void ends++,
  });
  {
    await using first = await PlainSocket.connect(reactor.port);
    await first.write(frames(["one", "two"]));
    await eventually("both arrive", () => reactor.statistics().messagesIn === 2);
    first.end();
    await eventually("the end is reported", () => ends === 1);
  }
  await using second = await PlainSocket.connect(reactor.port);
  await second.write(frames(upTo(5).map((i) => numbered(i))));
  await eventually("all arrive", () => reactor.statistics().messagesIn === 7);
  assertEquals(connections.map((connection) => connection.statistics().messagesIn), [2, 5]);
});

Deno.test("A handler that settles after its connection's end does not count for another one", async () => {
  const gate = new Gate();
  const connections: Connection[] = [];
  let ends = 0;
  await using reactor = await openReactor({
    onConnected: (connection) => void connections.push(connection),
    onReceived: (_, payload) => textOf(payload) === "hold" ? gate.whenOpen : undefined,
    onDisconnected: () => void ends++,
  });
  await using first = await PlainSocket.connect(reactor.port);
  await first.write(frames(["hold"]));
  await eventually("it is accepted", () => connections.length === 1 && reactor.statistics().bytesIn === 8);
  connections[0]!.abort();
  await eventually("the end is reported", () => ends === 1);
  await using second = await PlainSocket.connect(reactor.port);
  await second.write(frames(["quick"]));
  await eventually("it is counted", () => reactor.statistics().messagesIn === 1);
  gate.open();
  await eventually("both are counted", () => reactor.statistics().messagesIn === 2);
  assertEquals(connections[1]!.statistics().messagesIn, 1);
});

Deno.test("Connection tells its addresses and its number", async () => {
  const ready = Promise.withResolvers<Connection>();
  await using reactor = await openReactor({ onConnected: (connection) => ready.resolve(connection) });
  await using client = await PlainSocket.connect(reactor.port, { localAddress: "127.0.0.2" });
  const connection = await within("the connection", ready.promise);
  assertEquals(connection.remote.transport === "tcp" && connection.remote.hostname, "127.0.0.2");
  assertEquals(connection.local, reactor.address);
  assertEquals(connection.peerId, "");
  assert(Number.isInteger(connection.id));
  assertEquals(reactor.connections, [connection]);
  await client.write(frame("x"));
});
