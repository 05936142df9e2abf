/**
 * What an orderly end does not lose, and what an end that loses something does not hide.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { CloseCode, ClosedError, type DisconnectReason, ParticleFlux, ResourceError, SendStatus } from "../../mod.ts";
import { frame, PlainServer, PlainSocket } from "../interop/plain_socket.ts";
import { openFlux, openParticle, openReactor } from "./framed_tcp.ts";
import { numbered, numberOf } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

for (const handler of ["plain", "slow"] as const) {
  Deno.test(`Reactor.stop() delivers what clients had written before they saw the end (${handler} handler)`, async () => {
    for (let round = 0; round < 5; round++) {
      let received = 0;
      const reactor = await openReactor({
        onReceived: () => {
          received++;
          const isSlow = handler === "slow" && received % 1000 === 0;
          return isSlow ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined;
        },
      });
      const particle = openParticle({ port: reactor.port });
      const sending = (async () => {
        for (let i = 0;; i++) await particle.send(numbered(i, 100));
      })();
      await eventually("some arrive", () => received > 1000);
      sending.catch(() => {});
      await within("the stop", reactor.stop());
      await assertRejects(() => within("the sender", sending), ClosedError);
      await particle.closed;
      const { messagesOut, unsent } = particle.statistics();
      assertEquals({ received, unsent }, { received: messagesOut, unsent: 0 });
    }
  });
}

Deno.test("Reactor.stop() refuses answers to what it still delivers, and close() delivers nothing more", async () => {
  const statuses: SendStatus[] = [];
  const reactor = await openReactor({
    onReceived: (connection, payload) => {
      if (numberOf(payload) === 1) void connection.close();
      else statuses.push(connection.return(payload));
    },
  });
  const [first, second] = [await PlainSocket.connect(reactor.port), await PlainSocket.connect(reactor.port)];
  await first.write(frame(numbered(0)));
  await second.write(frame(numbered(0)));
  assertEquals(numberOf(await first.readFrame()), 0);
  assertEquals(numberOf(await second.readFrame()), 0);
  await second.write(frame(numbered(1)));
  await within("the second's end", second.ended);
  await second.write(frame(numbered(2)));
  const stopped = reactor.stop();
  await within("the first's end", first.ended);
  await first.write(frame(numbered(3)));
  await eventually("it is delivered", () => statuses.length === 3);
  assertEquals(statuses, [SendStatus.Queued, SendStatus.Queued, SendStatus.Closed]);
  first.end();
  second.end();
  await within("the stop", stopped);
});

Deno.test("Reactor.stop() does not deliver again to a connection that was closed before", async () => {
  const received: number[] = [];
  const reactor = await openReactor({
    onReceived: (connection, payload) => {
      received.push(numberOf(payload));
      void connection.close();
    },
  });
  const client = await PlainSocket.connect(reactor.port);
  await client.write(frame(numbered(1)));
  await within("the end", client.ended);
  const stopped = reactor.stop();
  await client.write(frame(numbered(2)));
  client.end();
  await within("the stop", stopped);
  assertEquals(received, [1]);
});

Deno.test("ParticleFlux.close() writes every message whose send was told Queued", async () => {
  for (let round = 0; round < 20; round++) {
    let received = 0;
    const reactor = await openReactor({ onReceived: () => void received++ });
    const flux = openFlux({ port: reactor.port, producerRingBytes: 65_536 });
    const producer = ParticleFlux.attach(flux.producerToken());
    let accepted = 0;
    const sending = (async () => {
      for (;; accepted++) await producer.send(numbered(accepted, 100));
    })();
    await eventually("some arrive", () => received > 100);
    sending.catch(() => {});
    await within("the close", flux.close());
    await assertRejects(() => sending, ClosedError);
    assertEquals(producer.trySend(numbered(0)), SendStatus.Closed);
    await reactor.stop();
    assertEquals(received, accepted);
  }
});

Deno.test("conflate: a send that waits is replaced by the newest of its key, and all keys end up current", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, sendPolicy: "conflate", maxQueuedBytes: 65_536 });
  await particle.connected;
  const socket = await server.accept();
  const keys = 50;
  const rounds = 400;
  const bytes = 4000;
  const sends: Promise<void>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let key = 0; key < keys; key++) sends.push(particle.send(numbered(round * keys + key, bytes), key));
    if (round % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  socket.listen();
  await within("the sends", Promise.all(sends));
  const closed = particle.close();
  const newest = new Map<number, number>();
  for (;;) {
    const payload = await socket.readFrame().catch(() => undefined);
    if (payload === undefined) break;
    newest.set(numberOf(payload) % keys, numberOf(payload));
    if (newest.size === keys && [...newest.values()].every((number) => number >= (rounds - 1) * keys)) break;
  }
  for (let key = 0; key < keys; key++) assertEquals(newest.get(key), (rounds - 1) * keys + key);
  socket.end();
  await within("the close", closed);
  assertGreater(particle.statistics().conflated, 0);
});

Deno.test("conflate: keys that fit half of the queue together are never refused", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, sendPolicy: "conflate", maxQueuedBytes: 65_536 });
  await particle.connected;
  const socket = await server.accept();
  for (let round = 0; round < 2000; round++) {
    for (let key = 0; key < 32; key++) {
      assertEquals(particle.trySend(numbered(round, 1020), `${key}`), SendStatus.Queued);
    }
    if (round % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  particle.abort();
  socket.ignore();
  await particle.closed;
});

Deno.test("More un-awaited sends than may wait are reported once in a row, not swallowed", async () => {
  await using server = await PlainServer.listen();
  const errors: unknown[] = [];
  const particle = openParticle({
    port: server.port,
    maxQueuedBytes: 1024,
    onError: (error) => void errors.push(error),
  });
  await particle.connected;
  const socket = await server.accept();
  const sends: Promise<void>[] = [];
  for (let i = 0; i < 2000; i++) sends.push(particle.send(numbered(i, 500)));
  await assertRejects(() => sends.at(-1)!, ResourceError, "await each one");
  assertEquals(errors.length, 1);
  assert(errors[0] instanceof ResourceError);
  socket.listen();
  const outcomes = await within("the sends", Promise.allSettled(sends));
  assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1024 + 2);
  particle.abort();
  await particle.closed;
});

Deno.test("An end that lost messages and that nobody handles goes to onError", async () => {
  const port = await closedPort();
  const errors: unknown[] = [];
  const particle = openParticle({ port, onError: (error) => void errors.push(error) });
  void particle.send(numbered(1));
  await particle.closed;
  assertEquals(errors.length, 1);
  assert(errors[0] instanceof ClosedError);
  assertEquals(errors[0].closeCode, CloseCode.ConnectFailed);
  assert(errors[0].message.includes("refused"), errors[0].message);
});

Deno.test("isFinal tells the last end from those before it, and maxAttempts counts how often it tries again", async () => {
  const port = await closedPort();
  const reasons: DisconnectReason[] = [];
  const particle = openParticle({
    port,
    reconnect: { baseMs: 1, maxMs: 1, maxAttempts: 3 },
    onDisconnected: (reason) => void reasons.push(reason),
  });
  await particle.closed;
  assertEquals(reasons.map(({ isFinal }) => isFinal), [false, false, false, true]);
});

async function closedPort(): Promise<number> {
  const server = await PlainServer.listen();
  await server[Symbol.asyncDispose]();
  return server.port;
}
