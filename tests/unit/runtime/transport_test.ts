import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type ClientEvent,
  memory,
  MemoryNetwork,
  MisuseError,
  ResourceError,
  SendStatus,
  type ServerEvent,
  TimeoutError,
  TransportClient,
  TransportServer,
} from "../../../src/api/transport_mod.ts";
import { bytesOf, eventOf, textOf, TransportPlace, until } from "./transport_pair.ts";

Deno.test("send() returns ids from 1 upwards, and messages arrive in order", async () => {
  const seen: string[] = [];
  await using place = await TransportPlace.open({ messageReceived: ({ message }) => void seen.push(message.text) });
  const client = await place.connect();
  const ids = await Promise.all(["a", "b", "c"].map((text) => client.send(bytesOf(text))));
  await until("all came", () => seen.length === 3);
  assertEquals([ids, seen], [[1, 2, 3], ["a", "b", "c"]]);
});

Deno.test("request() is answered by what the handler returns, at once or later", async () => {
  await using place = await TransportPlace.open({
    request: (message) => message.text === "now" ? bytesOf("1") : Promise.resolve(bytesOf("2")),
  });
  const client = await place.connect();
  const answers = await Promise.all(["now", "later"].map((text) => client.request(bytesOf(text))));
  assertEquals(answers.map(({ data, messageId }) => [textOf(data), messageId]), [["1", 1], ["2", 2]]);
});

Deno.test("the server asks its clients", async () => {
  await using place = await TransportPlace.open();
  const events = place.server.events();
  const client = await place.connect({ request: (message) => bytesOf(`re ${message.text}`) });
  const { sessionId } = await eventOf<ServerEvent, "connectionEstablished">(events, "connectionEstablished");
  assertEquals(textOf((await place.server.request(sessionId, bytesOf("?"))).data), "re ?");
  assertEquals(client.isConnected, true);
});

Deno.test("events() of both sides tell the life of a connection in order", async () => {
  await using place = await TransportPlace.open();
  const events = place.server.events();
  const client = place.client();
  const own = client.events();
  await client.connect();
  await client.send(bytesOf("one way"), { businessType: 5, extension: bytesOf("x"), highPriority: true });
  const asked = client.request(bytesOf("question"));
  const kinds: string[] = [];
  for await (const event of events) {
    kinds.push(event.type);
    if (event.type === "connectionEstablished") assertEquals(event.info.protocol, "memory");
    if (event.type === "connectionClosed") {
      assertEquals([event.reason.name, event.reason.origin], ["Normal", "remote"]);
      break;
    }
    if (event.type !== "messageReceived") continue;
    const { message } = event;
    if (message.isRequest) {
      await message.respond(bytesOf("answer"));
      await place.server.send(event.sessionId, bytesOf("push"));
      assertEquals(textOf((await asked).data), "answer");
      assertEquals((await eventOf<ClientEvent, "messageReceived">(own, "messageReceived")).message.text, "push");
      await client.close();
    } else {
      assertEquals([message.businessType, textOf(message.extension), message.isHighPriority], [5, "x", true]);
    }
  }
  const expected = ["connectionEstablished", "messageReceived", "messageReceived"];
  assertEquals(kinds.filter((kind) => kind !== "messageSent"), [...expected, "connectionClosed"]);
});

Deno.test("a client's events tell that it connected, what was sent, and why it ended", async () => {
  await using place = await TransportPlace.open();
  const client = place.client();
  const events = client.events();
  await client.connect();
  const id = await client.send(bytesOf("x"));
  assertEquals((await eventOf<ClientEvent, "connected">(events, "connected")).info.protocol, "memory");
  const sent = await eventOf<ClientEvent, "messageSent">(events, "messageSent");
  assertEquals([sent.messageId, sent.count], [id, 1]);
  await place.server.closeSession(1);
  const { reason, willReconnect } = await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals([reason.name, reason.origin, reason.unsentCount, willReconnect], ["Normal", "remote", 0, false]);
});

Deno.test("a consumer that falls behind slows the reading, and nothing is lost", async () => {
  await using place = await TransportPlace.open({ maxEventCount: 10 });
  const events = place.server.events();
  const client = await place.connect({ maxQueuedBytes: 4096 });
  let sent = 0;
  const sending = (async () => {
    for (; sent < 3000; sent++) await client.send(new Uint8Array(1000));
  })();
  let before = -1;
  // Held up is who has not got on for many turns.
  await until("the sender stands still", () => before === (before = sent));
  assert(sent < 1500, `${sent} messages went out to a server that takes none`);
  for (let received = 0; received < 3000;) {
    if ((await eventOf<ServerEvent, "messageReceived">(events, "messageReceived")).message.data.length === 1000) {
      received++;
    }
  }
  await sending;
});

Deno.test("the promise of a one-way handler holds up its connection and no other", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await using place = await TransportPlace.open({
    messageReceived: ({ message }) => {
      seen.push(message.text);
      return message.text === "a1" ? gate.promise : undefined;
    },
  });
  const [a, b] = [await place.connect(), await place.connect()];
  await a.send(bytesOf("a1"));
  await a.send(bytesOf("a2"));
  await until("a1 came", () => seen.length === 1);
  await b.send(bytesOf("b1"));
  await until("b1 came", () => seen.length === 2);
  assertEquals(seen, ["a1", "b1"]);
  gate.resolve();
  await until("a2 came", () => seen.length === 3);
});

Deno.test("trySend() refuses what does not fit, and send() waits for room", async () => {
  const gate = Promise.withResolvers<void>();
  await using place = await TransportPlace.open({ messageReceived: () => gate.promise });
  const client = await place.connect({ maxQueuedBytes: 2048, maxWaitingBytes: 3000 });
  await client.send(bytesOf("holds the server up"));
  let status: SendStatus = SendStatus.Queued;
  for (let i = 0; i < 200 && status === SendStatus.Queued; i++) {
    status = client.trySend(new Uint8Array(1000));
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(status, SendStatus.BackPressured);
  const waiting = [client.send(new Uint8Array(1000)), client.send(new Uint8Array(1000))];
  await assertRejects(() => client.send(new Uint8Array(2000)), ResourceError);
  gate.resolve();
  assertEquals((await Promise.all(waiting)).map((id) => id > 0), [true, true]);
});

Deno.test("nothing overtakes a message that waits for room, however small", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  await using place = await TransportPlace.open({
    messageReceived: ({ message }) => {
      seen.push(message.data.length);
      return gate.promise;
    },
  });
  const client = await place.connect({ maxQueuedBytes: 2048 });
  await client.send(bytesOf("holds the server up"));
  const accepted = [19];
  // Until neither the link nor the queue takes more.
  for (let quiet = 0; quiet < 5;) {
    if (client.trySend(new Uint8Array(1500)) === SendStatus.Queued) {
      accepted.push(1500);
      quiet = 0;
    } else {
      quiet++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const waiting = client.send(new Uint8Array(1400));
  assertEquals(client.trySend(new Uint8Array(10)), SendStatus.BackPressured);
  const behind = client.send(new Uint8Array(10));
  gate.resolve();
  await Promise.all([waiting, behind]);
  await until("all came", () => seen.length === accepted.length + 2);
  assertEquals(seen, [...accepted, 1400, 10]);
});

Deno.test("an answer that comes too late does not answer the next request", async () => {
  const [late, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  await using place = await TransportPlace.open({
    messageReceived: async ({ message }) => {
      if (message.text === "hello") return message.respond(bytesOf("hi"));
      if (message.text !== "first") return late.resolve();
      await late.promise;
      await message.respond(bytesOf("for the first")).catch(answered.resolve);
    },
  });
  const client = await place.connect();
  await client.request(bytesOf("hello"));
  await assertRejects(() => client.request(bytesOf("first"), { timeoutMs: 10 }), TimeoutError);
  await until("the first is over", () => place.server.statistics().unansweredRequests === 0);
  const second = client.request(bytesOf("second"), { timeoutMs: 50 });
  assertInstanceOf(await answered.promise, TimeoutError);
  await assertRejects(() => second, TimeoutError);
});

Deno.test("reading goes on only when the last of several reasons against it is gone", async () => {
  const gate = Promise.withResolvers<void>();
  let seen = 0;
  await using place = await TransportPlace.open({
    maxEventCount: 2,
    messageReceived: () => {
      seen++;
      return gate.promise;
    },
  });
  const events = place.server.events();
  const client = await place.connect();
  for (let i = 0; i < 3; i++) await client.send(bytesOf("x"));
  await until("the first came", () => seen === 1);
  gate.resolve();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(seen, 1);
  await eventOf<ServerEvent, "messageReceived">(events, "messageReceived");
  await until("the others came", () => seen >= 2);
  await events.return!();
});

Deno.test("a payload beyond maxPayloadBytes is refused here", async () => {
  await using place = await TransportPlace.open();
  const client = await place.connect({ maxPayloadBytes: 100 });
  await assertRejects(() => client.send(new Uint8Array(101)), RangeError);
  await assertRejects(() => client.request(new Uint8Array(101)), RangeError);
  await assertRejects(() => client.send("text" as unknown as Uint8Array), TypeError);
  assertEquals(client.trySend(new Uint8Array(101)), SendStatus.TooLarge);
});

for (const compression of ["zstd", "zlib"] as const) {
  Deno.test(`payloads go out compressed with ${compression} and come in whole`, async () => {
    await using place = await TransportPlace.open({ request: (message) => message.data });
    const client = await place.connect({ compression });
    const payload = bytesOf("words and words ".repeat(1000));
    assertEquals((await client.request(payload)).data, payload);
    const { compressedOut, compressedIn } = client.statistics().messages;
    assertEquals([compressedOut, compressedIn], [1, 0]);
    assert(client.statistics().streams.bytesOut < 2000);
  });
}

Deno.test("a foreign client is served, and sees nothing of ours but flag bit 15", async () => {
  await using place = await TransportPlace.open({ request: (message) => bytesOf(`re ${message.text}`) });
  const peer = await place.foreign();
  await peer.send({ type: 1, messageId: 9, payload: bytesOf("hi"), businessType: 3 });
  const answer = (await peer.receive())!;
  assertEquals([answer.type, answer.messageId, answer.flags, textOf(answer.payload)], [2, 9, 1 << 15, "re hi"]);
  const stopping = place.server.shutdown(10);
  assertEquals(await peer.receive(), undefined);
  peer.link.close();
  assertEquals((await stopping).toldCount, 0);
});

Deno.test("a peer that breaks the format is cut off with a typed reason, and others are not", async () => {
  const reasons: string[] = [];
  await using place = await TransportPlace.open({
    request: (message) => message.data,
    connectionClosed: ({ reason }) => void reasons.push(`${reason.name} ${reason.origin}`),
  });
  const good = await place.connect();
  const bad: [Parameters<Awaited<ReturnType<TransportPlace["foreign"]>>["send"]>[0], string][] = [
    [{ version: 2 }, "ProtocolViolation remote"],
    [{ type: 9 }, "ProtocolViolation remote"],
    [{ compression: 1, payload: bytesOf("nonsense") }, "ProtocolViolation remote"],
    [{ payload: new Uint8Array((1 << 20) + 1) }, "FrameTooLarge remote"],
  ];
  for (const [packet, reason] of bad) {
    const peer = await place.foreign();
    // The last part of a packet that is too large may meet a closed link.
    await peer.send(packet).catch(() => {});
    assertEquals((await peer.receive())?.flags, undefined);
    await until("it was told", () => reasons.length > 0);
    assertEquals(reasons.splice(0), [reason]);
  }
  assertEquals(textOf((await good.request(bytesOf("still here"))).data), "still here");
});

Deno.test("an idle client is closed after idleTimeoutMs", async () => {
  await using place = await TransportPlace.open({ idleTimeoutMs: 15 });
  const client = place.client();
  const events = client.events();
  await client.connect();
  await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals(place.server.statistics().activeConnections, 0);
});

Deno.test("statistics() count by kind, by protocol, and how long things took", async () => {
  await using place = await TransportPlace.open({ request: (message) => message.data });
  const client = await place.connect();
  for (let i = 0; i < 5; i++) await client.request(bytesOf("12345"));
  await client.send(bytesOf("67"));
  await until("it came", () => place.server.statistics().messages.oneWayIn === 1);
  const served = place.server.statistics();
  assertEquals([served.activeConnections, served.totalConnections, served.protocolDistribution], [1, 1, { memory: 1 }]);
  assertEquals([served.messages.requestsIn, served.messages.responsesOut, served.totalMessages], [5, 5, 11]);
  assertEquals([served.messages.payloadBytesIn, served.messages.payloadBytesOut], [27, 25]);
  assertEquals([served.handling.count, client.statistics().latency.count], [5, 5]);
  assert(client.statistics().averageLatencyMs > 0 && served.memoryBytes > 0);
});

Deno.test("copyPayloads: false lends the receive memory to handlers, and a reader of events gets copies", async () => {
  const buffers = new Set<ArrayBufferLike>();
  await using place = await TransportPlace.open({
    copyPayloads: false,
    messageReceived: ({ message }) => void buffers.add(message.data.buffer),
  });
  const client = await place.connect();
  await client.send(bytesOf("1"));
  await until("it came", () => buffers.size === 1);
  const events = place.server.events();
  await client.send(bytesOf("2"));
  const { message } = await eventOf<ServerEvent, "messageReceived">(events, "messageReceived");
  assertEquals([message.text, buffers.size], ["2", 2]);
});

Deno.test("one reader takes events at a time, and to leave the loop frees the place", async () => {
  await using place = await TransportPlace.open();
  const events = place.server.events();
  assertThrows(() => place.server.events(), MisuseError);
  const waiting = events.next();
  await assertRejects(() => events.next(), MisuseError);
  await events.return!();
  assertEquals((await waiting).done, true);
  await place.server.events().return!();
});

Deno.test("a signal shuts a server down and closes a client", async () => {
  const controller = new AbortController();
  await using place = await TransportPlace.open({ signal: controller.signal });
  const client = await place.connect({ signal: controller.signal });
  controller.abort();
  await Promise.all([place.server.stopped, client.closed]);
  await assertRejects(() => client.connect(), MisuseError);
});

Deno.test("options that nobody knows, and those out of their bounds, are refused", async () => {
  const protocols = [memory(new MemoryNetwork(), "here")];
  const bad = [{ maxConections: 1 }, { protocols: [] }, { maxConnectionCount: 0 }, { compression: "lz4" }];
  for (const options of [...bad, { middleware: [1] }, { request: 1 }, { unhandledRequest: "maybe" }]) {
    await assertRejects(() => TransportServer.listen({ protocols, ...options } as never), Error, "");
  }
  for (const options of [{ protocol: {} }, { reconnect: { baseMs: 10, maxMs: 5 } }, { pool: { kind: "big" } }]) {
    assertThrows(() => new TransportClient({ protocol: protocols[0], ...options } as never));
  }
});
