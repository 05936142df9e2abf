/**
 * A particle over real sockets: sending, receiving, payloads of all kinds and sizes.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, SendStatus } from "../../mod.ts";
import { frame, frames, PlainServer } from "../interop/plain_socket.ts";
import { openParticle, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, fillUp, Gate, standstill, within } from "./waiting.ts";

Deno.test("Particle talks to a reactor in both directions at once", async () => {
  const count = 5000;
  const there: number[] = [];
  const here: number[] = [];
  await using reactor = await openReactor({
    onReceived: (connection, payload) => {
      there.push(numberOf(payload));
      connection.return(payload);
    },
  });
  await using particle = openParticle({
    port: reactor.port,
    onReceived: (payload) => void here.push(numberOf(payload)),
  });
  for (let i = 0; i < count; i++) await particle.send(numbered(i, 4 + i % 300));
  await eventually("all are back", () => here.length === count);
  assertEquals(there, upTo(count));
  assertEquals(here, upTo(count));
  assertEquals(particle.isConnected, true);
  assertEquals(particle.queuedBytes, 0);
});

Deno.test("Messages sent before the link stands are queued, and close() waits for them", async () => {
  const seen: number[] = [];
  let isOver = false;
  await using reactor = await openReactor({
    onReceived: (_, payload) => void seen.push(numberOf(payload)),
    onDisconnected: () => void (isOver = true),
  });
  const particle = openParticle({ port: reactor.port });
  for (let i = 0; i < 100; i++) assertEquals(particle.trySend(numbered(i)), SendStatus.Queued);
  assertEquals(particle.isConnected, false);
  await within("the close", particle.close());
  await eventually("its end is seen", () => isOver);
  assertEquals(seen, upTo(100));
  assertEquals(particle.statistics().unsent, 0);
});

Deno.test("An awaited send of a small payload leaves the caller's memory free to change", async () => {
  const seen: number[] = [];
  await using reactor = await openReactor({ onReceived: (_, payload) => void seen.push(numberOf(payload)) });
  await using particle = openParticle({ port: reactor.port });
  const payload = new Uint8Array(1000);
  for (let i = 0; i < 500; i++) {
    payload.set(numbered(i, 1000));
    await particle.send(payload);
    payload.fill(255);
  }
  await eventually("all arrive", () => seen.length === 500);
  assertEquals(seen, upTo(500));
});

Deno.test("An awaited send of a large payload by reference is written when it settles", async () => {
  const seen: number[] = [];
  await using reactor = await openReactor({ onReceived: (_, payload) => void seen.push(numberOf(payload)) });
  await using particle = openParticle({ port: reactor.port });
  const payload = new Uint8Array(1 << 20);
  for (let i = 0; i < 20; i++) {
    payload.set(numbered(i, payload.length));
    const sending = particle.send(payload);
    await particle.send(numbered(1000 + i));
    await sending;
    payload.fill(255);
  }
  await eventually("all arrive", () => seen.length === 40);
  assertEquals(seen, upTo(20).flatMap((i) => [i, 1000 + i]));
});

Deno.test("trySend copies a payload of any size", async () => {
  const seen: number[] = [];
  await using reactor = await openReactor({ onReceived: (_, payload) => void seen.push(numberOf(payload)) });
  await using particle = openParticle({ port: reactor.port, maxQueuedBytes: 16 << 20 });
  for (let i = 0; i < 10; i++) {
    const payload = numbered(i, 1 << 20);
    assertEquals(particle.trySend(payload), SendStatus.Queued);
    payload.fill(255);
  }
  await eventually("all arrive", () => seen.length === 10);
  assertEquals(seen, upTo(10));
});

Deno.test("return() copies and loses nothing with clients that are faster than the echo's queue", async () => {
  await using reactor = await openReactor({
    maxQueuedBytes: 4096,
    onReceived: (connection, payload) => {
      assertEquals(connection.return(payload), SendStatus.Queued);
      payload.fill(255);
    },
  });
  await Promise.all(
    upTo(4).map(async () => {
      const back: number[] = [];
      await using particle = openParticle({
        port: reactor.port,
        onReceived: async (payload) => {
          back.push(numberOf(payload));
          if (back.length % 100 === 50) await new Promise((resolve) => setTimeout(resolve, 1));
        },
      });
      for (let i = 0; i < 4000; i++) await particle.send(numbered(i, 200 + i % 600));
      await eventually("all are back", () => back.length === 4000);
      assertEquals(back, upTo(4000));
    }),
  );
  assertEquals(reactor.statistics().unsent, 0);
});

Deno.test("Payloads of all sizes arrive whole: 0, 1, one below and above the copy and block sizes, 8 MiB", async () => {
  const sizes = [
    4,
    5,
    511,
    512,
    4091,
    4092,
    4093,
    8192,
    32_764,
    65_535,
    65_536,
    65_537,
    262_140,
    262_144,
    1 << 20,
    8 << 20,
  ];
  const seen: [number, number][] = [];
  let empties = 0;
  await using reactor = await openReactor({
    onReceived: (_, payload) =>
      payload.length === 0 ? void empties++ : void seen.push([numberOf(payload), payload.length]),
  });
  await using particle = openParticle({ port: reactor.port });
  const sends = sizes.flatMap((size, i) => [particle.send(numbered(i, size)), particle.send(new Uint8Array(0))]);
  await within("the sends", Promise.all(sends));
  await eventually("all arrive", () => seen.length === sizes.length && empties === sizes.length);
  assertEquals(seen, sizes.map((size, i) => [i, size]));
});

Deno.test("Views, subarrays and shared memory are sent as the bytes that they show", async () => {
  const seen: string[] = [];
  await using reactor = await openReactor({ onReceived: (_, payload) => void seen.push(textOf(payload)) });
  await using particle = openParticle({ port: reactor.port });
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set(bytesOf("shared"));
  await particle.send(bytesOf("a view of more").subarray(2, 6));
  await particle.send(shared.subarray(0, 6));
  await eventually("both arrive", () => seen.length === 2);
  assertEquals(seen, ["view", "shared"]);
});

Deno.test("A particle's pending handler holds back the reading, and its batch handler gets all frames", async () => {
  await using server = await PlainServer.listen();
  const gate = new Gate();
  const numbers: number[] = [];
  const particle = openParticle({
    port: server.port,
    onBatch: async (cursor) => {
      await gate.whenOpen;
      while (cursor.next()) numbers.push(numberOf(cursor.payload()));
    },
  });
  const socket = await server.accept();
  const writing = socket.write(frames(upTo(5000).map((i) => numbered(i, 2000))));
  await eventually("it reads", () => particle.statistics().bytesIn > 0);
  assert(await standstill(() => particle.statistics().bytesIn) <= 256 << 10);
  gate.open();
  await writing;
  await eventually("all arrive", () => numbers.length === 5000);
  assertEquals(numbers, upTo(5000));
  socket.end();
  await within("its end", particle.closed);
});

Deno.test("flush() settles when the kernel has everything, and rejects when the particle was closed before", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, maxQueuedBytes: 64 << 20 });
  particle.trySend(numbered(1));
  await within("the flush", particle.flush());
  assertEquals(particle.statistics().messagesOut, 1);
  const socket = await server.accept();
  socket.ignore();
  for (let i = 0; i < 500; i++) particle.trySend(numbered(i, 64 << 10));
  const flushed = particle.flush();
  particle.abort();
  await assertRejects(() => within("the flush", flushed), ClosedError);
  await particle.closed;
  assert(particle.statistics().unsent > 0);
});

Deno.test("onDrain tells a particle that was refused when there is room again", async () => {
  await using server = await PlainServer.listen();
  let drains = 0;
  const particle = openParticle({
    port: server.port,
    maxQueuedBytes: 256 << 10,
    lowWaterBytes: 64 << 10,
    onDrain: () => {
      drains++;
      assert(particle.queuedBytes <= 64 << 10, `${particle.queuedBytes} bytes are queued`);
    },
  });
  const socket = await server.accept();
  socket.ignore();
  await particle.connected;
  let next = 0;
  const offer = (): boolean => {
    if (particle.trySend(numbered(next, 32 << 10)) !== SendStatus.Queued) return false;
    next++;
    return true;
  };
  const sent = await fillUp(offer, () => particle.statistics().bytesOut);
  const before = drains;
  socket.listen();
  await eventually("it drains", () => drains > before);
  for (let i = 0; i < sent; i++) assertEquals(numberOf(await socket.readFrame()), i);
  socket.end();
  await within("its end", particle.closed);
});

Deno.test("Particle refuses what the caller did wrong", async () => {
  await using server = await PlainServer.listen();
  await using particle = openParticle({ port: server.port, maxFrameBytes: 100 });
  await assertRejects(() => particle.send("text" as unknown as Uint8Array), TypeError);
  assertThrows(() => particle.trySend(undefined as unknown as Uint8Array), TypeError);
  await assertRejects(() => particle.send(new Uint8Array(101)), RangeError);
  assertEquals(particle.trySend(new Uint8Array(101)), SendStatus.TooLarge);
  await particle.send(numbered(1, 100));
  const socket = await server.accept();
  assertEquals(await socket.read(104), frame(numbered(1, 100)));
  socket.end();
});
