/**
 * Sending to a peer that does not keep up, under each policy: what a send is told, what arrives in the end, and that
 * memory stays within its bound.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects, assertThrows, fail } from "@std/assert";
import {
  CloseCode,
  ClosedError,
  type Connection,
  type DisconnectReason,
  type Reactor,
  type ReactorOptions,
  ResourceError,
  SendStatus,
} from "../../mod.ts";
import { PlainSocket } from "../interop/plain_socket.ts";
import { openReactor } from "./framed_tcp.ts";
import { numbered, numberOf, upTo } from "./payloads.ts";
import { eventually, fillUp, standstill, within } from "./waiting.ts";

const MESSAGE_BYTES = 8188;
const FRAME_BYTES = MESSAGE_BYTES + 4;
const MAX_QUEUED_BYTES = 16 * FRAME_BYTES;

/** A reactor's connection to a client that reads nothing yet. */
interface Deaf extends AsyncDisposable {
  readonly reactor: Reactor;
  readonly connection: Connection;
  readonly client: PlainSocket;
  readonly reasons: DisconnectReason[];
  readonly drains: number[];
}

Deno.test("wait: a full queue refuses trySend, holds send, and loses nothing", async () => {
  await using deaf = await open({ sendPolicy: "wait" });
  const { connection, client, drains } = deaf;
  const queued = await fill(connection);
  assertEquals(connection.trySend(numbered(queued, MESSAGE_BYTES)), SendStatus.BackPressured);
  assertGreater(connection.statistics().refusedBackPressured, 0);
  let settled = 0;
  const sends = upTo(3).map((i) => connection.send(numbered(queued + i, MESSAGE_BYTES)).then(() => settled++));
  await standstill(() => settled);
  assertEquals(settled, 0);
  assertLessOrEqual(connection.queuedBytes, MAX_QUEUED_BYTES);
  // Nothing overtakes a send that waits, however small it is.
  assertEquals(connection.trySend(numbered(0)), SendStatus.BackPressured);
  client.listen();
  await within("the sends", Promise.all(sends));
  for (let i = 0; i < queued + 3; i++) assertEquals(numberOf(await client.readFrame()), i);
  await eventually("onDrain is called", () => drains.length > 0);
  assertEquals(connection.queuedBytes, 0);
  assertEquals(connection.statistics().messagesOut, queued + 3);
});

for (const fails of [() => Promise.reject(new Error("no")), () => fail("no")]) {
  Deno.test(`wait: an onDrain that fails closes its own connection (${fails})`, async () => {
    const errors: unknown[] = [];
    const deaf = await open({ onDrain: fails, onError: (error) => void errors.push(error) });
    await fill(deaf.connection);
    assertEquals(deaf.connection.trySend(numbered(0, MESSAGE_BYTES)), SendStatus.BackPressured);
    deaf.client.listen();
    await eventually("the connection is closed", () => deaf.reasons.length === 1);
    assertEquals([deaf.reasons[0]?.code, errors.length], [CloseCode.HandlerFailed, 1]);
    await deaf[Symbol.asyncDispose]();
  });
}

Deno.test("wait: one send too many that waits is refused", async () => {
  await using deaf = await open({ sendPolicy: "wait" });
  const { connection } = deaf;
  await fill(connection);
  const payload = numbered(0, MESSAGE_BYTES);
  const sends = upTo(1024).map(() => connection.send(payload));
  for (const send of sends) send.catch(() => {});
  await assertRejects(() => within("the refusal", connection.send(payload)), ResourceError);
  connection.abort();
  const outcomes = await within("the sends", Promise.allSettled(sends));
  assert(outcomes.every((one) => one.status === "rejected" && one.reason instanceof ClosedError));
});

Deno.test("dropNewest: what does not fit is dropped and counted, the rest arrives in order", async () => {
  await using deaf = await open({ sendPolicy: "dropNewest" });
  const { connection, client } = deaf;
  await fill(connection);
  const { droppedNewest } = connection.statistics();
  const first = 1_000_000;
  const accepted: number[] = [];
  const refused: number[] = [];
  for (let i = first; i < first + 40; i++) {
    const status = connection.trySend(numbered(i, MESSAGE_BYTES));
    assert(status === SendStatus.Queued || status === SendStatus.Dropped);
    (status === SendStatus.Queued ? accepted : refused).push(i);
  }
  await connection.send(numbered(first + 40, MESSAGE_BYTES));
  assertEquals(connection.statistics().droppedNewest, droppedNewest + refused.length + 1);
  assertGreater(refused.length, 0);
  assertLessOrEqual(connection.queuedBytes, MAX_QUEUED_BYTES);
  const arrived = await drain(deaf);
  assertEquals(arrived.filter((number) => number >= first), accepted);
  assertEquals(client.count, 0);
});

Deno.test("dropOldest: the newest is always taken, and what arrives and what was dropped add up", async () => {
  await using deaf = await open({ sendPolicy: "dropOldest" });
  const { connection } = deaf;
  const sent = 1500;
  for (let i = 0; i < sent; i++) {
    assertEquals(connection.trySend(numbered(i, MESSAGE_BYTES)), SendStatus.Queued);
    assertLessOrEqual(connection.queuedBytes, MAX_QUEUED_BYTES);
    if (i % 8 === 7) await nextTurn();
  }
  const { droppedOldest, droppedNewest } = connection.statistics();
  assertGreater(droppedOldest, 0);
  assertEquals(droppedNewest, 0);
  const arrived = await drain(deaf);
  assertEquals(arrived.length + droppedOldest, sent);
  assertEquals(arrived.at(-1), sent - 1);
  assertEquals(arrived, [...arrived].sort((a, b) => a - b));
});

Deno.test("conflate: the newest message of each key arrives, and only new keys are refused", async () => {
  // More than one write's worth, so that some of it can still be replaced.
  const maxQueuedBytes = 64 * FRAME_BYTES;
  await using deaf = await open({ sendPolicy: "conflate", maxQueuedBytes });
  const { connection } = deaf;
  const filler = await fill(connection, maxQueuedBytes, (i) => `filler ${i}`);
  const base = 1_000_000;
  assertEquals(connection.trySend(numbered(base, MESSAGE_BYTES), "new"), SendStatus.BackPressured);
  const last = `filler ${filler - 1}`;
  for (let i = 1; i <= 50; i++) {
    assertEquals(connection.trySend(numbered(base + i, MESSAGE_BYTES), last), SendStatus.Queued);
    assertLessOrEqual(connection.queuedBytes, maxQueuedBytes);
  }
  assertEquals(connection.statistics().conflated, 50);
  const arrived = await drain(deaf);
  assertEquals(arrived, [...upTo(filler - 1), base + 50]);
});

Deno.test("close: a peer that does not keep up is closed with SendQueueFull", async () => {
  await using deaf = await open({ sendPolicy: "close" });
  const { connection, reasons, client } = deaf;
  let status: SendStatus = SendStatus.Queued;
  for (let i = 0; status === SendStatus.Queued && i < 10_000; i++) {
    status = connection.trySend(numbered(i, MESSAGE_BYTES));
    assertLessOrEqual(connection.queuedBytes, MAX_QUEUED_BYTES);
    if (i % 8 === 7) await nextTurn();
  }
  assertEquals(status, SendStatus.Closed);
  assertEquals(connection.open, false);
  await eventually("the end is reported", () => reasons.length > 0);
  assertEquals(reasons[0]!.code, CloseCode.SendQueueFull);
  assertGreater(reasons[0]!.unsentCount, 0);
  const error = await assertRejects(() => connection.send(numbered(0)), ClosedError);
  assertEquals(error.closeCode, CloseCode.SendQueueFull);
  client.listen();
  await within("the client's end", client.ended);
});

Deno.test("The water marks decide when a connection is back-pressured and when it drains", async () => {
  const marks = { highWaterBytes: 8 * FRAME_BYTES, lowWaterBytes: 2 * FRAME_BYTES };
  await using deaf = await open({ sendPolicy: "wait", ...marks });
  const { connection, client, drains } = deaf;
  assertEquals(connection.backPressured, false);
  await fill(connection);
  assertEquals(connection.backPressured, true);
  const before = drains.length;
  client.listen();
  await eventually("it drains", () => drains.length > before);
  assertLessOrEqual(drains[before]!, marks.lowWaterBytes);
  await eventually("it is empty", () => connection.queuedBytes === 0);
  assertEquals(connection.backPressured, false);
});

Deno.test("One message larger than the whole queue goes out alone", async () => {
  await using deaf = await open({ sendPolicy: "wait" });
  const { connection, client } = deaf;
  client.listen();
  const length = 10 * MAX_QUEUED_BYTES;
  assertEquals(connection.trySend(numbered(5, length)), SendStatus.Queued);
  assertEquals(connection.trySend(numbered(6, length)), SendStatus.BackPressured);
  const payload = await client.readFrame();
  assertEquals([numberOf(payload), payload.length], [5, length]);
});

Deno.test("A send is refused for what the caller did wrong", async () => {
  await using deaf = await open({ maxFrameBytes: 1000, allowEmptyMessages: false });
  const { connection } = deaf;
  for (const wrong of ["text", new Float64Array(2), new ArrayBuffer(4), [1], { length: 3 }]) {
    assertThrows(() => connection.trySend(wrong as unknown as Uint8Array), TypeError);
    await assertRejects(() => connection.send(wrong as unknown as Uint8Array), TypeError);
    assertThrows(() => connection.return(wrong as unknown as Uint8Array), TypeError);
  }
  assertEquals(connection.trySend(new Uint8Array(1001)), SendStatus.TooLarge);
  await assertRejects(() => connection.send(new Uint8Array(1001)), RangeError, "maxFrameBytes is 1000");
  assertThrows(() => connection.trySend(new Uint8Array(0)), RangeError, "allowEmptyMessages");
  const gone = new Uint8Array(8);
  structuredClone(gone, { transfer: [gone.buffer] });
  assertThrows(() => connection.trySend(gone), TypeError);
  assertEquals(connection.statistics().refusedTooLarge, 2);
  assertEquals(connection.queuedBytes, 0);
});

for (const sendPolicy of ["wait", "dropNewest", "dropOldest", "conflate"] as const) {
  Deno.test(`${sendPolicy}: stop() ends in bounded time although a client never reads`, async () => {
    const deaf = await open({ sendPolicy, closeTimeoutMs: 50 });
    await fill(deaf.connection);
    await within("the reactor to stop", deaf.reactor.stop());
    assertEquals(deaf.reasons.map(({ code }) => code), [CloseCode.CloseTimeout]);
    assertGreater(deaf.reasons[0]!.unsentCount, 0);
    assertEquals(deaf.reactor.statistics().unsent, deaf.reasons[0]!.unsentCount);
    assertEquals(deaf.reactor.statistics().queuedBytes, 0);
    await deaf[Symbol.asyncDispose]();
  });
}

async function open(options: ReactorOptions): Promise<Deaf> {
  const connected = Promise.withResolvers<Connection>();
  const reasons: DisconnectReason[] = [];
  const drains: number[] = [];
  const reactor = await openReactor({
    maxQueuedBytes: MAX_QUEUED_BYTES,
    closeTimeoutMs: 200,
    onConnected: (connection) => connected.resolve(connection),
    onDisconnected: (_, reason) => void reasons.push(reason),
    onDrain: (connection) => void drains.push(connection.queuedBytes),
    ...options,
  });
  const client = await PlainSocket.connect(reactor.port, { isDeaf: true });
  const connection = await within("the connection", connected.promise);
  return {
    reactor,
    connection,
    client,
    reasons,
    drains,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await reactor.stop();
    },
  };
}

/** Sends until kernel and queue are full and stay so. Returns how many messages were queued: 0, 1, 2, … */
function fill(connection: Connection, bound = MAX_QUEUED_BYTES, keyOf?: (number: number) => string): Promise<number> {
  let number = 0;
  const offer = (): boolean => {
    if (connection.queuedBytes + FRAME_BYTES > bound) return false;
    assertEquals(connection.trySend(numbered(number, MESSAGE_BYTES), keyOf?.(number)), SendStatus.Queued);
    number++;
    return true;
  };
  return fillUp(offer, () => connection.statistics().bytesOut);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Lets the client read until the queue is empty. Returns the numbers that arrived. */
async function drain({ client, connection }: Deaf): Promise<number[]> {
  client.listen();
  await connection.flush();
  const { bytesOut } = connection.statistics();
  await eventually("the client has all", () => client.count === bytesOut);
  const arrived: number[] = [];
  while (client.count > 0) arrived.push(numberOf(await client.readFrame()));
  return arrived;
}
