import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type ClientEvent,
  ClosedError,
  ConnectError,
  memory,
  MisuseError,
  SendStatus,
  streamProtocol,
  TimeoutError,
} from "../../../src/api/transport_mod.ts";
import { bytesOf, eventOf, textOf, TransportPlace, until } from "./transport_pair.ts";

Deno.test("a client connects again after a loss, and says what was lost", async () => {
  await using place = await TransportPlace.open({ request: (message) => message.data });
  const client = place.client({ reconnect: { baseMs: 1, maxMs: 5 }, whileDisconnected: "wait" });
  const events = client.events();
  await client.connect();
  await client.request(bytesOf("1"));
  await place.server.close();
  assertEquals((await eventOf<ClientEvent, "disconnected">(events, "disconnected")).willReconnect, true);
  const waiting = client.request(bytesOf("2"));
  await place.listen({ request: (message) => bytesOf(`again ${message.text} ${message.messageId}`) });
  // Ids start over with the connection.
  assertEquals(textOf((await waiting).data), "again 2 1");
});

Deno.test("a client that does not wait is refused while there is no connection", async () => {
  await using place = await TransportPlace.open();
  const client = place.client({ reconnect: { baseMs: 1000, maxMs: 1000 } });
  await assertRejects(() => client.send(bytesOf("x")), MisuseError);
  assertEquals(client.trySend(bytesOf("x")), SendStatus.NotConnected);
  const events = client.events();
  await client.connect();
  await place.server.close();
  await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  await assertRejects(() => client.send(bytesOf("x")), ClosedError);
});

Deno.test("maxAttempts ends the attempts, and who waits is told", async () => {
  await using place = await TransportPlace.open();
  const client = place.client({ reconnect: { baseMs: 0, maxMs: 0, maxAttempts: 2 }, whileDisconnected: "wait" });
  const events = client.events();
  await client.connect();
  await place.server.close();
  await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  await assertRejects(() => client.send(bytesOf("x")), ClosedError);
  const errors = [
    await eventOf<ClientEvent, "error">(events, "error"),
    await eventOf<ClientEvent, "error">(events, "error"),
  ];
  for (const { error } of errors) assertInstanceOf(error, ConnectError);
});

Deno.test("a connection that lasted forgets the attempts that it took", async () => {
  await using place = await TransportPlace.open();
  const client = place.client({ reconnect: { baseMs: 0, maxMs: 0, stableMs: 0, maxAttempts: 1 } });
  const events = client.events();
  await client.connect();
  for (let i = 1; i <= 3; i++) {
    await until("it is let in", () => place.server.sessionIds.includes(i));
    await place.server.closeSession(i);
    await eventOf<ClientEvent, "connected">(events, "connected");
  }
  assertEquals(client.statistics().failedConnects, 0);
});

Deno.test("a client takes the first protocol by which it gets through", async () => {
  await using place = await TransportPlace.open();
  const client = await place.connect({ protocol: [memory(place.network, "nowhere"), memory(place.network, "here")] });
  assertEquals([client.isConnected, client.statistics().failedConnects], [true, 1]);
  const none = place.client({ protocol: [memory(place.network, "nowhere"), memory(place.network, "neither")] });
  await assertRejects(() => none.connect(), ConnectError, "memory memory:nowhere, memory memory:neither");
});

Deno.test("connectTimeoutMs bounds an attempt that goes nowhere", async () => {
  await using place = await TransportPlace.open();
  const nowhere = {
    ...place.network.fabric("here"),
    connect: (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const client = place.client({ protocol: streamProtocol("slow", nowhere), connectTimeoutMs: 10 });
  await assertRejects(() => client.connect(), TimeoutError, "not within 10 ms");
  const own = place.client({ protocol: streamProtocol("slow", nowhere, { connectTimeoutMs: 5 }) });
  await assertRejects(() => own.connect(), TimeoutError, "not within 5 ms");
  const closing = place.client({ protocol: streamProtocol("slow", nowhere) });
  const connecting = closing.connect();
  await Promise.all([closing.close(), assertRejects(() => connecting, ClosedError)]);
});

Deno.test("a fixed pool opens all its connections and spreads requests over them", async () => {
  await using place = await TransportPlace.open({
    messageReceived: async ({ message, sessionId }) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await message.respond(bytesOf(String(sessionId)));
    },
  });
  const client = await place.connect({ pool: { kind: "fixed", maxSize: 3 } });
  await until("all are open", () => client.connectionCount === 3);
  const answers = await Promise.all([1, 2, 3].map(() => client.request(bytesOf("?"))));
  assertEquals(new Set(answers.map(({ data }) => textOf(data))).size, 3);
});

Deno.test("an adaptive pool grows under load and shrinks when idle", async () => {
  const gate = Promise.withResolvers<void>();
  await using place = await TransportPlace.open({
    messageReceived: async ({ message }) => {
      await gate.promise;
      await message.respond(message.data);
    },
  });
  const client = await place.connect({ pool: { kind: "adaptive", maxSize: 3, growAtCount: 4, idleTimeoutMs: 20 } });
  assertEquals(client.connectionCount, 1);
  const asked: Promise<unknown>[] = [];
  for (let i = 0; i < 30; i++) {
    asked.push(client.request(bytesOf("?")));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(client.connectionCount, 3);
  gate.resolve();
  await Promise.all(asked);
  await until("it has shrunk", () => client.connectionCount === 1);
});
