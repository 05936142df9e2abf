/**
 * Handlers that run in workers: echoes, sends to connections of other workers, limits and peer ids over all workers,
 * statistics, and what becomes of connections when their worker is lost.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CloseCode,
  ClosedError,
  type Connection,
  type DisconnectReason,
  Reactor,
  ResourceError,
  SendStatus,
} from "../../mod.ts";
import { frame, PlainSocket } from "../interop/plain_socket.ts";
import { numbered, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

const HANDLER = new URL("./handler_module.ts", import.meta.url);
const decoder = new TextDecoder();

for (const dispatch of ["kernel", "ring"] as const) {
  const open = async (options: ConstructorParameters<typeof Reactor>[0] = {}): Promise<Reactor> => {
    const reactor = new Reactor({ hostname: "127.0.0.1", workers: 2, dispatch, handler: HANDLER, ...options });
    await reactor.start();
    return reactor;
  };

  Deno.test(`handler, ${dispatch}: every client is served, and both workers serve`, async () => {
    await using reactor = await open();
    const workers = new Set<string>();
    for (let tries = 0; tries < 100 && workers.size < 2; tries++) {
      await using client = await PlainSocket.connect(reactor.port);
      workers.add(await ask(client, "where"));
      assertEquals(await ask(client, `echo ${tries}`), `echo ${tries}`);
    }
    assertEquals([...workers].sort(), ["0 of 2", "1 of 2"]);
  });

  Deno.test(`handler, ${dispatch}: handlers send to connections of any worker`, async () => {
    await using reactor = await open();
    await using pair = await connectToBoth(reactor);
    const [first, second] = pair.clients;
    const ids = [await ask(first, "id"), await ask(second, "id")];
    assertNotEquals(ids[0], ids[1]);
    assertEquals(await ask(first, `send ${ids[1]} to the other`), "sent");
    assertEquals(decoder.decode(await second.readFrame()), "to the other");
    await first.write(frame(`send ${ids[0]} to itself`));
    assertEquals(decoder.decode(await first.readFrame()), "to itself");
    assertEquals(decoder.decode(await first.readFrame()), "sent");
    assert((await ask(first, "send 999999999 nobody")).startsWith("ClosedError"));
  });

  Deno.test(`handler, ${dispatch}: the main thread sends to connections, whole and in order`, async () => {
    await using reactor = await open({ maxQueuedBytes: 1 << 20, closeTimeoutMs: 100 });
    await using client = await PlainSocket.connect(reactor.port);
    await eventually("it is known", () => reactor.connections.length === 1);
    const connection = reactor.connections[0]!;
    const large = new Uint8Array(300_000).map((_, i) => i % 251);
    const sends = upTo(100).map((i) => connection.send(numbered(i, 100)));
    sends.push(connection.send(large));
    assertEquals(connection.trySend(numbered(100, 100)), SendStatus.Queued);
    await within("the sends", Promise.all(sends));
    await within("the flush", connection.flush());
    for (const i of upTo(100)) assertEquals(await client.readFrame(), numbered(i, 100));
    assertEquals(await client.readFrame(), large);
    assertEquals(await client.readFrame(), numbered(100, 100));
    assertEquals(connection.queuedBytes, 0);
    await eventually("all is counted", () => connection.statistics().messagesOut === 102);
    await within("the close", connection.close());
    await within("its end", client.ended);
    assertEquals(connection.open, false);
    assertEquals(connection.statistics().messagesOut, 102);
    assertEquals(connection.trySend(numbered(1)), SendStatus.Closed);
    await assertRejects(() => connection.send(numbered(1)), ClosedError);
  });

  Deno.test(`handler, ${dispatch}: a client that does not read fills its allowance and no other's`, async () => {
    await using reactor = await open({ maxQueuedBytes: 100_000, closeTimeoutMs: 100 });
    await using slow = await PlainSocket.connect(reactor.port);
    slow.ignore();
    await eventually("it is known", () => reactor.connections.length === 1);
    const connection = reactor.connections[0]!;
    let status: SendStatus = SendStatus.Queued;
    for (let i = 0; i < 10_000 && status !== SendStatus.BackPressured; i++) {
      status = connection.trySend(new Uint8Array(50_000));
      if (status === SendStatus.BackPressured) {
        const before = connection.queuedBytes;
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (connection.queuedBytes < before) status = SendStatus.Queued;
      }
    }
    assertEquals(status, SendStatus.BackPressured);
    assert(connection.queuedBytes <= 150_000, `${connection.queuedBytes}`);
    await using other = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(other, "still served"), "still served");
    connection.abort();
  });

  Deno.test(`handler, ${dispatch}: limits and statistics hold over all workers`, async () => {
    await using reactor = await open({ maxConnectionCount: 3 });
    const clients: PlainSocket[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await PlainSocket.connect(reactor.port);
      assertEquals(await ask(client, "in"), "in");
      clients.push(client);
    }
    await using fourth = await PlainSocket.connect(reactor.port);
    await within("its refusal", fourth.ended);
    // An answer may be here before its worker has counted it.
    await eventually("all is counted", () => reactor.statistics().messagesOut === 3);
    const counted = reactor.statistics();
    assertEquals([counted.connections, counted.accepted, counted.refusedByCount], [3, 3, 1]);
    assertEquals(counted.messagesIn, 3);
    await clients[0]![Symbol.asyncDispose]();
    await eventually("its end is known", () => reactor.statistics().connections === 2);
    await using again = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(again, "in"), "in");
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  Deno.test(`handler, ${dispatch}: a peer id is held once over all workers, and reached from all`, async () => {
    const seen: string[] = [];
    await using reactor = await open({
      peerIds: true,
      onClientConnected: (peerId) => void seen.push(`+${peerId}`),
      onClientDisconnected: (peerId) => void seen.push(`-${peerId}`),
    });
    const clients: PlainSocket[] = [];
    for (const peerId of ["a", "b", "c", "d"]) {
      const client = await PlainSocket.connect(reactor.port);
      assertEquals(await ask(client, peerId), peerId);
      clients.push(client);
    }
    await using double = await PlainSocket.connect(reactor.port);
    await double.write(frame("b"));
    await within("its refusal", double.ended);
    for (const to of ["b", "c", "d"]) {
      assertEquals(await ask(clients[0]!, `peer ${to} hello`), "sent");
      assertEquals(decoder.decode(await clients["abcd".indexOf(to)]!.readFrame()), "hello");
    }
    await reactor.send("d", new TextEncoder().encode("from main"));
    assertEquals(decoder.decode(await clients[3]!.readFrame()), "from main");
    assertEquals(reactor.trySend("x", numbered(1)), SendStatus.NotConnected);
    await clients[1]![Symbol.asyncDispose]();
    await eventually("b is gone", () => seen.includes("-b"));
    await using again = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(again, "b"), "b");
    await eventually("all are told", () => seen.length === 6);
    // Those of different workers come in any order.
    assertEquals(seen.toSorted(), ["+a", "+b", "+b", "+c", "+d", "-b"]);
    assertEquals(seen.filter((one) => one.endsWith("b")), ["+b", "-b", "+b"]);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  Deno.test(`handler, ${dispatch}: a handler that throws closes its connection and nothing else`, async () => {
    const errors: unknown[] = [];
    const reasons: DisconnectReason[] = [];
    await using reactor = await open({
      onError: (error) => void errors.push(error),
      onDisconnected: (_, reason) => void reasons.push(reason),
    });
    await using other = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(other, "in"), "in");
    await using client = await PlainSocket.connect(reactor.port);
    await client.write(frame("throw"));
    await within("its end", client.ended);
    await eventually("it is reported", () => reasons.length === 1 && errors.length === 1);
    assertEquals(reasons[0]!.code, CloseCode.HandlerFailed);
    assert(`${errors[0]}`.includes("thrown by a handler"));
    assertEquals(await ask(other, "still in"), "still in");
  });

  Deno.test(`handler, ${dispatch}: whatever a handler throws is told, and costs its connection alone`, async () => {
    const errors: unknown[] = [];
    await using reactor = await open({ onError: (error) => void errors.push(error) });
    await using other = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(other, "in"), "in");
    for (const order of [`throw ${"\u0001".repeat(2000)}`, "throwOdd", "throw"]) {
      await using client = await PlainSocket.connect(reactor.port);
      await client.write(frame(order));
      await within("its end", client.ended);
    }
    await eventually("all are told", () => errors.length === 3);
    assertEquals(await ask(other, "still in"), "still in");
  });

  Deno.test(`handler, ${dispatch}: clients beyond the limit never make a reactor deaf`, async () => {
    await using reactor = await open({ workers: 1, maxConnectionCount: 2 });
    const clients = [await PlainSocket.connect(reactor.port), await PlainSocket.connect(reactor.port)];
    for (const client of clients) assertEquals(await ask(client, "in"), "in");
    for (let i = 0; i < 30; i++) {
      await using refused = await PlainSocket.connect(reactor.port);
      await within("the refusal", refused.ended);
    }
    assertEquals(reactor.statistics().refusedByCount, 30);
    for (const client of clients) await client[Symbol.asyncDispose]();
    await eventually("they are gone", () => reactor.statistics().connections === 0);
    await using late = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(late, "in"), "in");
  });

  Deno.test(`handler, ${dispatch}: what a lost worker held is free again, and what it counted stays`, async () => {
    const ends: DisconnectReason[] = [];
    await using reactor = await open({
      workers: 1,
      peerIds: true,
      maxConnectionCount: 1,
      maxQueuedBytes: 1 << 20,
      onError: () => {},
      onDisconnected: (_, reason) => void ends.push(reason),
    });
    const client = await PlainSocket.connect(reactor.port);
    assertEquals(await ask(client, "peer"), "peer");
    const firstId = Number(await ask(client, "id"));
    client.ignore();
    const known = reactor.connection("peer")!;
    const sends: Promise<void>[] = [];
    for (let i = 0; i < 500 && sends.length < 1000; i++) sends.push(known.send(new Uint8Array(20_000)));
    const settled = Promise.allSettled(sends);
    await client.write(frame("crash"));
    await eventually("the loss is told", () => ends.length === 1);
    const outcomes = await within("the sends", settled);
    assert(outcomes.some(({ status }) => status === "rejected"));
    await client[Symbol.asyncDispose]();
    const before = reactor.statistics();
    assert(before.messagesIn >= 1 && before.connections === 0);
    const again = await eventuallyConnected(reactor, "peer");
    assert(Number(await ask(again, "id")) > firstId, "a number was used again");
    await eventually("both are counted", () => reactor.statistics().messagesIn > before.messagesIn);
    assertEquals(reactor.statistics().accepted, 2);
    await again[Symbol.asyncDispose]();
  });

  Deno.test(`handler, ${dispatch}: a crash loop ends the reactor with a clear error`, async () => {
    const errors: unknown[] = [];
    const reactor = await open({ workers: 1, onError: (error) => void errors.push(error) });
    const isOver = (): boolean => errors.some((error) => error instanceof ResourceError);
    const deadline = performance.now() + 60_000;
    while (!isOver() && performance.now() < deadline) {
      const client = await PlainSocket.connect(reactor.port).catch(() => undefined);
      await client?.write(frame("crash")).catch(() => {});
      await client?.[Symbol.asyncDispose]();
    }
    assert(isOver(), `${errors}`);
    await within("the stop", reactor.stop());
  });

  Deno.test(`handler, ${dispatch}: a port is free again after a stop in the middle of a start`, async () => {
    for (let round = 0; round < 5; round++) {
      const reactor = new Reactor({ hostname: "127.0.0.1", port: freePort(), workers: 2, dispatch, handler: HANDLER });
      const starting = reactor.start().then(() => undefined, (error) => error);
      for (let turn = 0; turn < round * 10; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      await reactor.stop();
      const error = await starting;
      assert(error === undefined || error instanceof ClosedError, `${error}`);
    }
    const port = freePort();
    const aborted = new AbortController();
    const reactor = new Reactor({ port, workers: 1, dispatch, handler: HANDLER, signal: aborted.signal });
    const starting = reactor.start().then(() => undefined, (error) => error);
    aborted.abort(new Error("not wanted"));
    const error = await starting;
    assert(error === undefined || error.message === "not wanted", `${error}`);
    await reactor.stop();
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  });

  for (const how of ["crash", "reject"]) {
    Deno.test(`handler, ${dispatch}: a worker that is lost by ${how} is reported with its connections and replaced`, async () => {
      const errors: unknown[] = [];
      const ends: [Connection, DisconnectReason][] = [];
      await using reactor = await open({
        onError: (error) => void errors.push(error),
        onDisconnected: (connection, reason) => void ends.push([connection, reason]),
      });
      await using pair = await connectToBoth(reactor);
      const [first, second] = pair.clients;
      const id = Number(await ask(first, "id"));
      const known = reactor.connections.find((connection) => connection.id === id)!;
      await first.write(frame(how));
      await within("its end", first.ended);
      // Other clients may have been served by the same worker.
      await eventually("it is reported", () => ends.some(([connection]) => connection === known));
      assert(ends.every(([, { code }]) => code === CloseCode.LinkLost));
      assert(`${errors[0]}`.includes("outside of a handler"), `${errors[0]}`);
      assertEquals(await ask(second, "other worker"), "other worker");
      await assertRejects(() => known.send(numbered(1)), ClosedError);
      const workers = new Set<string>();
      for (let tries = 0; tries < 500 && workers.size < 2; tries++) {
        await using client = await PlainSocket.connect(reactor.port);
        workers.add(await ask(client, "where"));
      }
      assertEquals(workers.size, 2, "the worker was not replaced");
    });
  }
}

Deno.test("handler: what is wrong with it is said at once", async () => {
  assertThrows(() => new Reactor({ handler: HANDLER }), RangeError, "needs workers");
  assertThrows(() => new Reactor({ workers: 1, handler: "x" as unknown as URL }), TypeError, "must be a URL");
  const own = new Reactor({ workers: 1, handler: HANDLER, onReceived: () => {} });
  await assertRejects(() => own.start(), TypeError, "onReceived");
  const missing = new Reactor({ workers: 1, handler: new URL("./no_such_module.ts", import.meta.url) });
  await assertRejects(() => missing.start(), Error, "no_such_module");
  const empty = new Reactor({ workers: 1, handler: new URL("./payloads.ts", import.meta.url) });
  await assertRejects(() => empty.start(), Error, "exports no handler");
});

async function ask(client: PlainSocket, text: string): Promise<string> {
  await client.write(frame(text));
  return decoder.decode(await within(`the answer to "${text}"`, client.readFrame()));
}

/** Connects until there is a client at each of two workers. */
async function connectToBoth(
  reactor: Reactor,
): Promise<AsyncDisposable & { readonly clients: readonly [PlainSocket, PlainSocket] }> {
  const all: PlainSocket[] = [];
  const byWorker = new Map<string, PlainSocket>();
  while (byWorker.size < 2) {
    const client = await PlainSocket.connect(reactor.port);
    all.push(client);
    byWorker.set(await ask(client, "where"), client);
  }
  const [first, second] = [...byWorker.values()];
  return {
    clients: [first!, second!],
    [Symbol.asyncDispose]: async () => {
      for (const client of all) await client[Symbol.asyncDispose]();
    },
  };
}

/** Connects and announces a peer id, again and again until it is let in. */
async function eventuallyConnected(reactor: Reactor, peerId: string): Promise<PlainSocket> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    const client = await PlainSocket.connect(reactor.port).catch(() => undefined);
    const answer = await client?.write(frame(peerId)).then(() => client.readFrame()).catch(() => undefined);
    if (client !== undefined && answer !== undefined) return client;
    await client?.[Symbol.asyncDispose]();
  }
  throw new Error("It was not let in");
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}
