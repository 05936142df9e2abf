import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type ClientEvent,
  CloseCode,
  ClosedError,
  ConnectError,
  memory,
  MemoryNetwork,
  SendStatus,
  TransportClient,
  TransportServer,
} from "../../../src/api/transport_mod.ts";
import { bytesOf, eventOf, textOf, TransportPlace, until } from "./transport_pair.ts";

Deno.test("broadcast() reaches all sessions, a group, or all but one", async () => {
  const got = new Map<number, string[]>();
  await using place = await TransportPlace.open();
  for (let i = 1; i <= 3; i++) {
    got.set(i, []);
    await place.connect({ messageReceived: ({ message }) => void got.get(i)!.push(message.text) });
  }
  await until("all are in", () => place.server.sessionIds.length === 3);
  place.server.joinGroup(1, "red");
  place.server.joinGroup(2, "red");
  assertEquals(place.server.broadcast(bytesOf("all")), 3);
  assertEquals(place.server.broadcast(bytesOf("red"), { group: "red" }), 2);
  assertEquals(place.server.broadcast(bytesOf("red but 1"), { group: "red", except: 1 }), 1);
  place.server.leaveGroup(2, "red");
  assertEquals(place.server.groupMembers("red"), [1]);
  await until("all came", () => got.get(2)!.length === 3);
  await place.server.closeSession(1);
  await until("1 is out", () => place.server.sessionIds.length === 2);
  assertEquals(place.server.groupMembers("red"), []);
  assertEquals([...got.values()], [["all", "red"], ["all", "red", "red but 1"], ["all"]]);
});

Deno.test("send() to a session that is not there is rejected, trySend() says so", async () => {
  await using place = await TransportPlace.open();
  const error = await assertRejects(() => place.server.send(77, bytesOf("x")), ClosedError);
  assertEquals(error.closeCode, CloseCode.UnknownPeer);
  await assertRejects(() => place.server.request(77, bytesOf("x")), ClosedError);
  assertEquals(place.server.trySend(77, bytesOf("x")), SendStatus.NotConnected);
  assertThrows(() => place.server.joinGroup(77, "red"), ClosedError);
});

Deno.test("middleware reads the first message, remembers, and lets in", async () => {
  const seen: string[] = [];
  await using place = await TransportPlace.open({
    middleware: [async (session) => {
      const token = await session.receive();
      session.data.set("user", token.text);
      await token.respond(bytesOf("welcome"));
    }],
    connectionEstablished: ({ sessionId }) => void seen.push(`in ${sessionId}`),
    messageReceived: ({ message }) => void seen.push(message.text),
  });
  const client = await place.connect();
  assertEquals(textOf((await client.request(bytesOf("alice"))).data), "welcome");
  await client.send(bytesOf("first"));
  await until("it came", () => seen.length === 2);
  assertEquals([seen, place.server.session(1)?.data.get("user")], [["in 1", "first"], "alice"]);
});

Deno.test("a message that middleware does not read is the application's first", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await using place = await TransportPlace.open({
    middleware: [() => gate.promise],
    messageReceived: ({ message }) => void seen.push(message.text),
  });
  const client = await place.connect();
  for (const text of ["1", "2", "3"]) await client.send(bytesOf(text));
  await until("the first came", () => place.server.statistics().messages.oneWayIn === 1);
  assertEquals([seen, place.server.sessionIds], [[], []]);
  gate.resolve();
  await until("all came", () => seen.length === 3);
  assertEquals(seen, ["1", "2", "3"]);
});

Deno.test("middleware that throws, or takes too long, turns a client away", async () => {
  const seen: string[] = [];
  await using place = await TransportPlace.open({
    middlewareTimeoutMs: 20,
    middleware: [(session) => session.sessionId === 1 ? Promise.reject(new Error("no")) : new Promise(() => {})],
    connectionEstablished: () => void seen.push("established"),
    connectionClosed: () => void seen.push("closed"),
    transportError: ({ error }) => void seen.push((error as Error).message),
  });
  for (let i = 0; i < 2; i++) {
    const client = place.client();
    const events = client.events();
    await client.connect();
    await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  }
  assertEquals(seen, ["no", "The middleware took longer than 20 ms"]);
  assertEquals(place.server.statistics().refusedConnections.byMiddleware, 2);
});

Deno.test("limits turn clients away and are counted apart", async () => {
  await using place = await TransportPlace.open({ maxConnectionCount: 2 });
  for (let i = 0; i < 3; i++) await place.connect();
  await until("one is out", () => place.server.statistics().refusedConnections.byCount === 1);
  assertEquals(place.server.statistics().activeConnections, 2);
});

Deno.test("a protocol's own limit holds for it alone", async () => {
  const network = new MemoryNetwork();
  const here = memory(network, "here", { maxConnectionCount: 1 });
  await using server = await TransportServer.listen({ protocols: [here, memory(network, "there")] });
  const clients: TransportClient[] = [];
  for (const name of ["here", "here", "there"]) {
    clients.push(await TransportClient.connect({ protocol: memory(network, name) }));
  }
  await until("one is out", () => server.statistics().refusedConnections.byCount === 1);
  await until("two are in", () => server.statistics().activeConnections === 2);
  await Promise.all(clients.map((client) => client.close()));
});

Deno.test("messagesPerSecondPerAddress slows a client down and loses nothing", async () => {
  let count = 0;
  await using place = await TransportPlace.open({
    messagesPerSecondPerAddress: 200,
    messageReceived: () => void count++,
  });
  const client = await place.connect();
  for (let i = 0; i < 215; i++) await client.send(bytesOf("x"));
  await until("the burst came", () => count >= 200);
  assert(count < 215, "more than the burst came at once");
  await until("all came", () => count === 215);
});

Deno.test("shutdown() tells clients, finishes what was begun, and reports nothing unfinished", async () => {
  await using place = await TransportPlace.open({
    request: async (message) => {
      await new Promise((resolve) => setTimeout(resolve, 15));
      return message.data;
    },
  });
  const client = await place.connect();
  await client.request(bytesOf("so that each knows the other"));
  const asked = client.request(bytesOf("slow"));
  await until("it came", () => place.server.statistics().unansweredRequests === 1);
  const report = await place.server.shutdown(5000);
  assertEquals([report.sessionCount, report.toldCount, report.unfinished], [1, 1, []]);
  assertEquals(textOf((await asked).data), "slow");
  await assertRejects(() => place.connect(), ConnectError);
});

Deno.test("shutdown() reports what did not finish in time", async () => {
  await using place = await TransportPlace.open({ messageReceived: () => {} });
  const client = await place.connect();
  const asked = client.request(bytesOf("never")).catch((error) => error);
  await until("it came", () => place.server.statistics().unansweredRequests === 1);
  const { unfinished } = await place.server.shutdown(20);
  assertEquals(unfinished, [{ sessionId: 1, unansweredRequests: 1, pendingRequests: 0, queuedBytes: 0 }]);
  assertInstanceOf(await asked, ClosedError);
});

Deno.test("an adaptive pool of a server gives the place of an idle client to a new one", async () => {
  await using place = await TransportPlace.open({ pool: { kind: "adaptive", maxSize: 2, idleTimeoutMs: 15 } });
  const first = place.client();
  const events = first.events();
  await first.connect();
  const second = await place.connect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await second.send(bytesOf("alive"));
  await until("it came", () => place.server.statistics().unhandledMessages === 1);
  const third = await place.connect();
  await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals([second.isConnected, third.isConnected], [true, true]);
});
