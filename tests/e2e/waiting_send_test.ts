/**
 * Sends that wait for room: what they carry is settled at the call, and `flush` covers them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Connection } from "../../mod.ts";
import { PlainSocket } from "../interop/plain_socket.ts";
import { openParticle, openReactor } from "./framed_tcp.ts";
import { numbered, numberOf } from "./payloads.ts";
import { within } from "./waiting.ts";

for (const bytes of [100, 4096, 8192, 40_000]) {
  for (const verb of ["send", "return"] as const) {
    Deno.test(`${verb}() of ${bytes} bytes that has to wait sends what the buffer held at the call`, async () => {
      const connected = Promise.withResolvers<Connection>();
      await using reactor = await openReactor({ maxQueuedBytes: 65_536, onConnected: connected.resolve });
      await using client = await PlainSocket.connect(reactor.port);
      const connection = await connected.promise;
      const scratch = new Uint8Array(bytes);
      // Far more than the queue takes, and never more than may wait.
      const count = Math.min(1000, Math.ceil(6_000_000 / bytes));
      for (let i = 0; i < count; i++) {
        scratch.set(numbered(i, bytes));
        if (verb === "send") void connection.send(scratch);
        else connection.return(scratch);
      }
      const flushed = connection.flush();
      client.listen();
      for (let i = 0; i < count; i++) assertEquals(await client.readFrame(), numbered(i, bytes));
      await within("the flush", flushed);
      assertEquals(connection.queuedBytes, 0);
    });
  }
}

Deno.test("flush() settles although others go on sending", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  await using particle = openParticle({ port: reactor.port, maxQueuedBytes: 4096 });
  let going = true;
  const traffic = (async () => {
    for (let i = 0; going; i++) await particle.send(numbered(i, 1000));
  })();
  for (let i = 0; i < 100; i++) {
    void particle.send(numbered(i, 1000));
    await within("the flush", particle.flush());
  }
  going = false;
  await traffic;
  await particle.close();
});

Deno.test("flush() settles although there is always somebody who waits for room", async () => {
  await using reactor = await openReactor();
  await using particle = openParticle({ port: reactor.port, maxQueuedBytes: 8192 });
  let going = true;
  const producers = Array.from({ length: 8 }, async () => {
    while (going) await particle.send(numbered(1, 3000));
  });
  for (let i = 0; i < 20; i++) await within("the flush", particle.flush());
  going = false;
  await Promise.all(producers);
});

Deno.test("What waits for room is bounded in bytes, too, and is shown", async () => {
  const connected = Promise.withResolvers<Connection>();
  const errors: unknown[] = [];
  await using reactor = await openReactor({
    maxQueuedBytes: 1024,
    maxWaitingBytes: 100_000,
    onConnected: connected.resolve,
    onError: (error) => void errors.push(error),
  });
  await using client = await PlainSocket.connect(reactor.port, { isDeaf: true });
  const connection = await connected.promise;
  const outcomes = Array.from({ length: 20 }, (_, i) => connection.send(numbered(i, 10_000)).then(() => 1, () => 0));
  assertEquals([connection.statistics().waitingBytes, reactor.statistics().waitingBytes], [100_000, 100_000]);
  client.listen();
  const accepted = await within("the sends", Promise.all(outcomes));
  assertEquals([accepted.reduce<number>((sum, one) => sum + one, 0), errors.length], [11, 1]);
  for (let i = 0; i < 11; i++) assertEquals(numberOf(await client.readFrame()), i);
  assertEquals(connection.statistics().waitingBytes, 0);
});

Deno.test("Two ends that both send a lot before either reads do not block each other", async () => {
  const count = 64;
  const bytes = 1 << 20;
  await using reactor = await openReactor({ onReceived: (connection, payload) => connection.return(payload) });
  const all = Promise.withResolvers<void>();
  let next = 0;
  await using particle = openParticle({
    port: reactor.port,
    onReceived: (payload) => {
      assertEquals(numberOf(payload), next++);
      if (next === count) all.resolve();
    },
  });
  for (let i = 0; i < count; i++) void particle.send(numbered(i, bytes));
  await within("all replies", all.promise);
});
