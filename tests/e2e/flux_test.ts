/**
 * One connection, many producers in many threads: order per producer, back-pressure across threads, and producers that
 * die.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CloseCode,
  ClosedError,
  type DisconnectReason,
  MisuseError,
  ParticleFlux,
  type ProducerToken,
  ResourceError,
  SendStatus,
} from "../../mod.ts";
import { PlainServer } from "../interop/plain_socket.ts";
import type { FluxJob, FluxResult } from "./flux_worker.ts";
import { openFlux, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, textOf, upTo } from "./payloads.ts";
import { eventually, fillUp, standstill, within } from "./waiting.ts";

/** What arrived, by producer. */
type Arrivals = Map<number, number[]>;

Deno.test("Four workers and this thread send into one connection, each in its own order", async () => {
  const count = 20_000;
  const arrivals: Arrivals = new Map();
  await using reactor = await openReactor({ onReceived: (_, payload) => note(arrivals, payload) });
  const flux = openFlux({ port: reactor.port, producerRingBytes: 16_384 });
  const workers = upTo(4).map((producer) =>
    new ProducerWorker({ token: flux.producerToken(), producer, count, sizes: [8, 100, 20, 700], isClosing: true })
  );
  assertEquals(flux.producerCount, 4);
  for (let i = 0; i < 1000; i++) {
    const payload = numbered(i, 50);
    payload[4] = 4;
    await flux.send(payload);
  }
  const results = await within("the workers", Promise.all(workers.map((worker) => worker.result)));
  assertEquals(
    results.map(({ sent, error }) => ({ sent, error })),
    upTo(4).map(() => ({ sent: count, error: undefined })),
  );
  assert(results.some(({ refused }) => refused > 0), "a ring was full once");
  await within("the close", flux.close());
  await eventually("all arrive", () => total(arrivals) === 4 * count + 1000);
  for (let producer = 0; producer < 4; producer++) assertEquals(arrivals.get(producer), upTo(count));
  assertEquals(arrivals.get(4), upTo(1000));
  assertEquals(reactor.statistics().messagesIn, flux.statistics().messagesOut);
  assertEquals(flux.producerCount, 0);
  for (const worker of workers) worker.terminate();
});

Deno.test("A worker that is terminated in the middle loses only what it had not committed", async () => {
  const arrivals: Arrivals = new Map();
  await using reactor = await openReactor({ onReceived: (_, payload) => note(arrivals, payload) });
  await using flux = openFlux({ port: reactor.port });
  const token = flux.producerToken();
  const victim = new ProducerWorker({ token, producer: 1, count: Infinity, sizes: [100], isClosing: false });
  const other = new ProducerWorker({
    token: flux.producerToken(),
    producer: 2,
    count: 50_000,
    sizes: [64],
    isClosing: true,
  });
  await eventually("it sends", () => (arrivals.get(1)?.length ?? 0) > 5000);
  victim.terminate();
  await within("the other", other.result);
  await within("the revocation", flux.revokeProducer(token));
  await within("the flush", flux.flush());
  await eventually("the other's messages are there", () => arrivals.get(2)?.length === 50_000);
  await standstill(() => total(arrivals));
  assertEquals(arrivals.get(1), upTo(arrivals.get(1)!.length));
  assertEquals(arrivals.get(2), upTo(50_000));
  await eventually("no producer is left", () => flux.producerCount === 0);
  await flux.send(bytesOf("still works"));
  other.terminate();
});

Deno.test("revokeProducer() sends what a dead producer had committed, also when nothing else goes on", async () => {
  const seen: string[] = [];
  await using reactor = await openReactor({ onReceived: (_, payload) => void seen.push(textOf(payload)) });
  await using flux = openFlux({ port: reactor.port });
  const token = flux.producerToken();
  const producer = ParticleFlux.attach(token);
  assertEquals(producer.trySend(bytesOf("one")), SendStatus.Queued);
  assertEquals(producer.trySend(bytesOf("two")), SendStatus.Queued);
  await within("the revocation", flux.revokeProducer(token));
  assertEquals(flux.producerCount, 0);
  await within("the flush", flux.flush());
  await eventually("both arrive", () => seen.length === 2);
  assertEquals(seen, ["one", "two"]);
  assertEquals(producer.trySend(bytesOf("three")), SendStatus.Closed);
  await assertRejects(() => producer.send(bytesOf("three")), ClosedError);
  await flux.revokeProducer(token);
});

Deno.test("A full ring refuses trySend, holds send, and lets go when the connection takes more", async () => {
  await using server = await PlainServer.listen();
  await using flux = openFlux({
    port: server.port,
    producerRingBytes: 1 << 17,
    maxQueuedBytes: 1 << 18,
    closeTimeoutMs: 100,
  });
  const socket = await server.accept();
  socket.ignore();
  const producer = ParticleFlux.attach(flux.producerToken());
  let next = 0;
  const offer = (): boolean => {
    if (producer.trySend(numbered(next, 30_000)) !== SendStatus.Queued) return false;
    next++;
    return true;
  };
  const sent = await fillUp(offer, () => flux.statistics().bytesOut);
  assertEquals(producer.trySend(numbered(sent, 30_000)), SendStatus.BackPressured);
  let settled = 0;
  const sends = upTo(5).map((i) => producer.send(numbered(sent + i, 30_000)).then(() => settled++));
  await standstill(() => settled);
  assertEquals(settled, 0);
  assertEquals(producer.trySend(numbered(0, 4)), SendStatus.BackPressured);
  assert(flux.queuedBytes <= 1 << 18);
  socket.listen();
  await within("the sends", Promise.all(sends));
  for (let i = 0; i < sent + 5; i++) {
    const payload = await socket.readFrame();
    assertEquals(new DataView(payload.buffer).getUint32(0, true), i);
  }
  producer.close();
  socket.end();
});

Deno.test("One send too many that waits in a producer is refused, and the others reject when the flux ends", async () => {
  await using server = await PlainServer.listen();
  const flux = openFlux({ port: server.port, producerRingBytes: 4096, maxQueuedBytes: 16_384 });
  const socket = await server.accept();
  socket.ignore();
  const producer = ParticleFlux.attach(flux.producerToken());
  const offer = (): boolean => producer.trySend(new Uint8Array(1500)) === SendStatus.Queued;
  // Until the ring is full, whatever the kernel still takes.
  while (offer());
  const sends: Promise<void>[] = [];
  for (let i = 0; i < 1024; i++) sends.push(producer.send(new Uint8Array(1500)));
  await assertRejects(async () => await producer.send(new Uint8Array(1500)), ResourceError);
  flux.abort();
  const outcomes = await within("the sends", Promise.allSettled(sends));
  const failed = outcomes.filter((one) => one.status === "rejected");
  assertGreater(failed.length, 0);
  assert(failed.every((one) => one.reason instanceof ClosedError));
});

Deno.test("A token is good for one producer, and only a token is", async () => {
  await using server = await PlainServer.listen();
  await using flux = openFlux({ port: server.port, maxProducerCount: 2, closeTimeoutMs: 50 });
  const token = flux.producerToken();
  using producer = ParticleFlux.attach(token);
  assertThrows(() => ParticleFlux.attach(token), MisuseError);
  assertEquals(producer.trySend(bytesOf("x")), SendStatus.Queued);
  for (
    const wrong of [undefined, null, {}, "token", { ...token, version: 2 }, { ...token, ring: new ArrayBuffer(1) }]
  ) {
    assertThrows(() => ParticleFlux.attach(wrong as unknown as ProducerToken), TypeError);
  }
  flux.producerToken();
  assertThrows(() => flux.producerToken(), ResourceError, "has 2 already");
  producer.close();
  await eventually("its place is free", () => flux.producerCount === 1);
  flux.producerToken();
});

Deno.test("A producer refuses what the caller did wrong", async () => {
  await using server = await PlainServer.listen();
  await using flux = openFlux({
    port: server.port,
    producerRingBytes: 1024,
    allowEmptyMessages: false,
    closeTimeoutMs: 50,
  });
  using producer = ParticleFlux.attach(flux.producerToken());
  const { maxPayloadBytes } = producer;
  assertEquals(maxPayloadBytes, 508);
  assertThrows(() => producer.trySend("text" as unknown as Uint8Array), TypeError);
  await assertRejects(() => producer.send(new Float32Array(4) as unknown as Uint8Array), TypeError);
  assertThrows(() => producer.trySend(new Uint8Array(0)), RangeError);
  assertEquals(producer.trySend(new Uint8Array(maxPayloadBytes + 1)), SendStatus.TooLarge);
  await assertRejects(async () => await producer.send(new Uint8Array(maxPayloadBytes + 1)), RangeError);
  assertEquals(producer.trySend(new Uint8Array(maxPayloadBytes)), SendStatus.Queued);
  const socket = await server.accept();
  assertEquals((await socket.readFrame()).length, maxPayloadBytes);
  socket.end();
});

Deno.test("maxFrameBytes binds producers in other threads, too", async () => {
  await using server = await PlainServer.listen();
  await using flux = openFlux({ port: server.port, maxFrameBytes: 100, closeTimeoutMs: 50 });
  using producer = ParticleFlux.attach(flux.producerToken());
  assertEquals(producer.maxPayloadBytes, 100);
  assertEquals(producer.trySend(new Uint8Array(101)), SendStatus.TooLarge);
});

Deno.test("flush() settles although a producer never stops", async () => {
  let received = 0;
  await using reactor = await openReactor({ onBatch: (_, cursor) => void (received += countOf(cursor)) });
  await using flux = openFlux({ port: reactor.port, closeTimeoutMs: 200, producerRingBytes: 1 << 16 });
  const worker = new ProducerWorker({
    token: flux.producerToken(),
    producer: 1,
    count: Infinity,
    sizes: [64],
    isClosing: false,
  });
  try {
    await eventually("it sends", () => received > 1000);
    for (let i = 0; i < 10; i++) await within("the flush", flux.flush(), 2000);
  } finally {
    await within("the close", flux.close());
    const { isClosed, sent } = await within("the worker", worker.result);
    worker.terminate();
    assertEquals(isClosed, true);
    // The one message that was refused because the flux closed at that moment may have gone out all the same.
    assert(sent + 1 >= flux.statistics().messagesOut);
  }
});

Deno.test("close() writes what is in the rings, and tells producers in other threads", async () => {
  const arrivals: Arrivals = new Map();
  await using reactor = await openReactor({ onReceived: (_, payload) => note(arrivals, payload) });
  const flux = openFlux({ port: reactor.port });
  const producers = upTo(3).map(() => ParticleFlux.attach(flux.producerToken()));
  for (let i = 0; i < 500; i++) {
    for (const [number, producer] of producers.entries()) {
      const payload = numbered(i, 16);
      payload[4] = number;
      assertEquals(producer.trySend(payload), SendStatus.Queued);
    }
  }
  await within("the close", flux.close());
  await eventually("all arrive", () => total(arrivals) === 1500);
  for (const number of upTo(3)) assertEquals(arrivals.get(number), upTo(500));
  for (const producer of producers) {
    assertEquals(producer.trySend(new Uint8Array(1)), SendStatus.Closed);
    await assertRejects(() => producer.send(new Uint8Array(1)), ClosedError);
  }
  assertThrows(() => flux.producerToken(), MisuseError);
  assertEquals(flux.statistics().messagesOut, 1500);
});

Deno.test("A flux that cannot connect tells its producers", async () => {
  const server = await PlainServer.listen();
  await server[Symbol.asyncDispose]();
  const flux = openFlux({ port: server.port });
  const producer = ParticleFlux.attach(flux.producerToken());
  const sending = (async () => {
    for (;;) await producer.send(new Uint8Array(100_000));
  })();
  await assertRejects(() => within("the refusal", sending), ClosedError);
  await within("its end", flux.closed);
  assertEquals(flux.trySend(new Uint8Array(1)), SendStatus.Closed);
});

Deno.test("A flux reconnects: producers in other threads wait meanwhile", async () => {
  const numbers: number[] = [];
  const onReceived = (_: unknown, payload: Uint8Array): void => {
    numbers.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0, true));
  };
  let reactor = await openReactor({ onReceived });
  const { port } = reactor;
  const flux = openFlux({
    port,
    reconnect: { baseMs: 1, maxMs: 20 },
    maxQueuedBytes: 4096,
    producerRingBytes: 4096,
    closeTimeoutMs: 200,
  });
  await flux.connected;
  await reactor.stop();
  await eventually("the loss is noticed", () => !flux.isConnected);
  const producer = ParticleFlux.attach(flux.producerToken());
  const sending = (async () => {
    for (let i = 0; i < 500; i++) await producer.send(numbered(i, 100));
  })();
  let isSent = false;
  void sending.then(() => isSent = true);
  await standstill(() => flux.queuedBytes);
  assertEquals(isSent, false);
  assertGreater(flux.queuedBytes, 0);
  reactor = await openReactor({ port, onReceived });
  await within("the sending", sending);
  await eventually("all arrive", () => numbers.length === 500);
  assertEquals(numbers, upTo(500));
  await flux.close();
  await reactor.stop();
});

/** A worker that runs one job. */
class ProducerWorker {
  readonly result: Promise<FluxResult>;
  readonly #worker: Worker;

  constructor(job: FluxJob) {
    this.#worker = new Worker(new URL("./flux_worker.ts", import.meta.url), { type: "module" });
    this.result = new Promise((resolve) => this.#worker.onmessage = ({ data }) => resolve(data as FluxResult));
    this.#worker.postMessage(job);
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

function note(arrivals: Arrivals, payload: Uint8Array): void {
  const producer = payload[4]!;
  const list = arrivals.get(producer);
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  if (list === undefined) arrivals.set(producer, [number]);
  else list.push(number);
}

function total(arrivals: Arrivals): number {
  return [...arrivals.values()].reduce((sum, list) => sum + list.length, 0);
}

function countOf(cursor: { next(): boolean }): number {
  let count = 0;
  while (cursor.next()) count++;
  return count;
}

Deno.test("ParticleFlux.close() ends within its time although a producer goes on and on", async () => {
  await using server = await PlainServer.listen();
  const reasons: DisconnectReason[] = [];
  const flux = openFlux({
    port: server.port,
    closeTimeoutMs: 100,
    onDisconnected: (reason) => void reasons.push(reason),
  });
  await flux.connected;
  const socket = await server.accept();
  socket.ignore();
  const producer = ParticleFlux.attach(flux.producerToken());
  const sending = (async () => {
    for (;;) await producer.send(numbered(0, 60_000));
  })().catch((error) => error);
  await eventually("it begins", () => flux.statistics().bytesOut > 0);
  await standstill(() => flux.statistics().bytesOut);
  assertGreater(flux.queuedBytes, 0);
  await within("the close", flux.close());
  assertEquals(reasons.map(({ code }) => code), [CloseCode.CloseTimeout]);
  assertGreater(reasons[0]!.unsentCount, 0);
  assertInstanceOf(await within("the producer", sending), ClosedError);
});

Deno.test("ParticleFlux.flush() settles although producers go on, and statistics are exact to the message", async () => {
  let received = 0;
  await using reactor = await openReactor({ onReceived: () => void received++ });
  const flux = openFlux({ port: reactor.port, producerRingBytes: 16_384 });
  const producers = upTo(3).map(() => ParticleFlux.attach(flux.producerToken()));
  let going = true;
  let accepted = 0;
  const sending = producers.map(async (producer, i) => {
    for (; going; accepted++) await producer.send(numbered(accepted, 4 + 97 * i));
  });
  for (let i = 0; i < 20; i++) {
    const before = accepted;
    await within("the flush", flux.flush());
    assertGreaterOrEqual(flux.statistics().messagesOut, before);
  }
  going = false;
  await Promise.all(sending);
  await within("the last flush", flux.flush());
  const { messagesOut, unsent } = flux.statistics();
  assertEquals({ messagesOut, unsent }, { messagesOut: accepted, unsent: 0 });
  await flux.close();
  await eventually("all arrive", () => received === accepted);
});
