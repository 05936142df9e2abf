/**
 * Peers and applications that do what they should not: each is bounded, and harms nobody else.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type ClientEvent,
  ClosedError,
  type MessageLink,
  messageProtocol,
  type MessageReceiver,
  type MessageStatistics,
  ProtocolError,
  RequestError,
  RequestErrorCode,
  SendStatus,
  type ServerEvent,
  TransportClient,
} from "../../../src/api/transport_mod.ts";
import { bytesOf, eventOf, textOf, TransportPlace, until } from "./transport_pair.ts";

/** Lets the event loop turn: links by memory would leave it no time. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
/** A control list (PROTOCOL.md) with a cancel. */
const CANCEL = Uint8Array.of(3, 0, 0);
const CONTROL = 0xc000;

Deno.test("a peer that asks and cancels at once keeps no more handlers at work than it may", async () => {
  const gate = Promise.withResolvers<void>();
  let atWork = 0;
  let most = 0;
  await using place = await TransportPlace.open({
    maxUnansweredRequestCount: 8,
    request: async () => {
      most = Math.max(most, ++atWork);
      await gate.promise;
      atWork--;
    },
  });
  const peer = await place.foreign();
  const flood = (async () => {
    for (let messageId = 1; messageId <= 200; messageId++) {
      await peer.send({ type: 1, messageId, flags: 0x8000 });
      await peer.send({ type: 0, messageId, flags: CONTROL, extension: CANCEL });
    }
  })();
  await until("its handlers are at work", () => atWork === 8);
  await until("the cancels came", () => place.server.statistics().messages.cancelsIn >= 7);
  assertEquals(most, 8);
  gate.resolve();
  await flood;
  await until("all requests came", () => place.server.statistics().messages.requestsIn === 200);
  await until("all are done", () => atWork === 0);
  assert(most <= 8, `${most} were at work`);
});

Deno.test("while nobody takes events nobody is let in, and nothing is lost", async () => {
  await using place = await TransportPlace.open({ maxEventCount: 4 });
  const events = place.server.events();
  const signal = new AbortController().signal;
  const links = await Promise.all(
    Array.from({ length: 40 }, () => place.network.fabric("here").connect(signal)),
  );
  await until("the queue is full", () => place.server.statistics().activeConnections >= 4);
  // Whoever is let in shows within a few turns.
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  const letIn = place.server.statistics().totalConnections;
  assert(letIn <= 5, `${letIn} were let in`);
  const seen = new Set<number>();
  while (seen.size < links.length) {
    seen.add((await eventOf<ServerEvent, "connectionEstablished">(events, "connectionEstablished")).sessionId);
  }
  for (const link of links) link.close();
});

Deno.test("a server whose events nobody takes can be closed", async () => {
  const place = await TransportPlace.open({ maxEventCount: 1 });
  place.server.events();
  const client = await place.connect();
  await until("it is there", () => place.server.statistics().activeConnections === 1);
  await place.server.close();
  await client.close();
});

Deno.test("middleware that never settles holds up no closing", async () => {
  await using place = await TransportPlace.open({
    middlewareTimeoutMs: 3_600_000,
    middleware: [() => new Promise(() => {})],
  });
  await place.connect();
  await until("it is there", () => place.server.statistics().activeConnections === 1);
});

Deno.test("a request handler that returns no bytes is told of, and the asking end, too", async () => {
  const errors: unknown[] = [];
  await using place = await TransportPlace.open({
    request: ((message: { text: string }) => message.text === "later" ? Promise.resolve(7) : "text") as never,
    transportError: ({ error }) => void errors.push(error),
  });
  const client = await place.connect();
  for (const question of ["now", "later"]) {
    const error = await assertRejects(() => client.request(bytesOf(question)), RequestError);
    assertEquals(error.remoteCode, RequestErrorCode.HandlerFailed);
  }
  assertEquals(errors.map((error) => (error as Error).message), [
    "A request handler must return a Uint8Array or nothing: got string",
    "A request handler must return a Uint8Array or nothing: got number",
  ]);
});

Deno.test("broadcast() counts whom it reaches, and passes over who has too much waiting", async () => {
  await using place = await TransportPlace.open({ maxQueuedBytes: 4096, maxWaitingBytes: 4096 });
  const quick: string[] = [];
  await place.connect({ messageReceived: ({ message }) => void quick.push(message.text.slice(0, 4)) });
  await place.foreign();
  await until("both are there", () => place.server.statistics().activeConnections === 2);
  const payload = bytesOf("news".padEnd(3000));
  let both = 0;
  for (let i = 1; i <= 100; i++) {
    if (place.server.broadcast(payload) === 2) both++;
    await until("the quick one has it", () => quick.length === i);
  }
  assert(both > 0 && both < 100, `${both} of 100 went to the one that does not read`);
  assert(place.server.session(2)!.queuedBytes < 20_000, "what waits is bounded");
  assertThrows(() => place.server.broadcast(new Uint8Array((1 << 20) + 1)), RangeError, "maxPayloadBytes");
});

Deno.test("10,000 requests under way all fail at once when the connection is lost", async () => {
  await using place = await TransportPlace.open({ maxUnansweredRequestCount: 16_384, request: () => {} });
  const client = await place.connect({ maxQueuedBytes: 1 << 24 });
  const asked = Array.from({ length: 10_000 }, (_, i) => client.request(bytesOf(`${i}`)));
  await until("all came", () => place.server.statistics().messages.requestsIn === 10_000);
  void place.server.closeSession(1);
  const outcomes = await Promise.allSettled(asked);
  for (const outcome of outcomes) {
    assert(outcome.status === "rejected");
    assertInstanceOf(outcome.reason, ClosedError);
  }
  assertEquals(client.statistics().pendingRequests, 0);
});

Deno.test("requests of many clients each end while the server shuts down", async () => {
  await using place = await TransportPlace.open({
    request: async (message) => {
      await turn();
      return message.data;
    },
  });
  const clients = await Promise.all(Array.from({ length: 8 }, () => place.connect()));
  let [answered, refused] = [0, 0];
  const load = clients.map(async (client, who) => {
    for (let i = 0;; i++) {
      const question = `${who} ${i}`;
      try {
        assertEquals(textOf((await client.request(bytesOf(question), { timeoutMs: 60_000 })).data), question);
        answered++;
      } catch (error) {
        if (error instanceof RequestError) assertEquals(error.remoteCode, RequestErrorCode.GoingAway);
        else assertInstanceOf(error, ClosedError);
        return void refused++;
      }
    }
  });
  await until("there is load", () => answered > 200);
  // Whoever goes on asking does not hold it up until its time is over.
  const report = await place.server.shutdown(600_000);
  await Promise.all(load);
  assertEquals([report.sessionCount, report.toldCount, report.unfinished, refused], [8, 8, [], 8]);
});

Deno.test("empty messages that nobody takes are bounded in number", async () => {
  let receiver: MessageReceiver | undefined;
  const target = { transport: "memory", name: "flood" } as const;
  const link: MessageLink = {
    local: target,
    remote: target,
    queuedBytes: 0,
    start: (one) => void (receiver = one),
    send: () => SendStatus.Queued,
    pause: () => {},
    resume: () => {},
    end: () => receiver!.handleEnd(),
    close: () => {},
  };
  const protocol = messageProtocol("flood", {
    target,
    listen: () => {
      throw new Error("it only connects");
    },
    connect: () => Promise.resolve(link),
  });
  const client = await TransportClient.connect({
    protocol,
    maxInboxBytes: 4096,
    messageReceived: () => new Promise(() => {}),
  });
  const events = client.events();
  const packet = new Uint8Array(16);
  packet.set([1, 0, 0, 0, 0, 0, 0, 1]);
  let count = 0;
  receiver!.handleMessage(packet.slice());
  const ended = eventOf<ClientEvent, "disconnected">(events, "disconnected");
  let isOver = false;
  ended.then(() => isOver = true);
  for (; count < 1000 && !isOver; count++) {
    receiver!.handleMessage(new Uint8Array(0));
    await Promise.resolve();
  }
  assertEquals((await ended).reason.name, "SendQueueFull");
  assert(count < 100, `${count} empty messages were kept`);
  await client.close();
});

Deno.test("a peer that breaks the format ends its own connection, and nobody else's", async () => {
  const causes: unknown[] = [];
  await using place = await TransportPlace.open({
    maxPayloadBytes: 1000,
    request: (message) => message.data,
    connectionClosed: ({ reason }) => void causes.push(reason.cause),
  });
  const client = await place.connect();
  const bad: readonly (readonly [keyof MessageStatistics, readonly number[]])[] = [
    ["badVersion", [2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["badCompression", [1, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["badType", [1, 0, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["badType", [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["tooLarge", [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]],
    ["badPayload", [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 1, 2, 3, 4]],
    ["badPayload", [1, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 1, 2, 3, 4]],
    ["badControl", [1, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0xc0, 0, 9, 0, 0]],
  ];
  for (const [, packet] of bad) {
    const peer = await place.foreign();
    await peer.link.write(Uint8Array.from(packet));
    assertEquals(await peer.receive(), undefined);
  }
  assertEquals(textOf((await client.request(bytesOf("still here"))).data), "still here");
  const { messages } = place.server.statistics();
  for (const name of new Set(bad.map(([counter]) => counter))) {
    assertEquals([name, messages[name]], [name, bad.filter(([counter]) => counter === name).length]);
  }
  assertEquals(causes.length, bad.length);
  for (const cause of causes) assertInstanceOf(cause, ProtocolError);
});
