/**
 * What the link over `node:net` makes of its socket, with a socket that the test plays.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import type { Socket } from "node:net";
import { CloseCode } from "../../../../src/error/close_code.ts";
import { ClosedError, MisuseError } from "../../../../src/error/transport_error.ts";
import { NodeTcpLink } from "../../../../src/io/tcp/node_tcp_link.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { FakeSocket, MARK_BYTES } from "./fake_socket.ts";

const MAX_WRITE_BYTES = 262_144;

const quick = { noDelay: true, keepAlive: false };

function linkOver(socket: FakeSocket, options = quick): NodeTcpLink {
  return new NodeTcpLink(socket as unknown as Socket, options);
}

function openLink(): [NodeTcpLink, FakeSocket] {
  const socket = new FakeSocket();
  return [linkOver(socket), socket];
}

/** Lets everything that waits for a turn have it. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return await Promise.race([promise.catch(() => {}), settled().then(() => pending)]) === pending;
}

async function readSome(link: NodeTcpLink, size = 64): Promise<number[] | null> {
  const into = new Uint8Array(size);
  const count = await link.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

Deno.test("NodeTcpLink sets the options of its socket", () => {
  const cases = [
    [{ noDelay: true, keepAlive: true }, ["noDelay true", "keepAlive true"]],
    [{ noDelay: false, keepAlive: false }, ["noDelay false"]],
  ] as const;
  for (const [options, calls] of cases) {
    const socket = new FakeSocket();
    linkOver(socket, options);
    assertEquals(socket.calls, [...calls]);
  }
});

Deno.test("NodeTcpLink shows addresses in the form of the runtime's own sockets", () => {
  const [link] = openLink();
  assertEquals(link.local, { transport: "tcp", hostname: "127.0.0.1", port: 1 });
  assertEquals(link.remote, { transport: "tcp", hostname: "192.0.2.7", port: 2 });
});

Deno.test("NodeTcpLink takes nothing from the system before the first read", async () => {
  const [link, socket] = openLink();
  await settled();
  assertEquals(socket.wantsMore, false);
  const pending = link.read(new Uint8Array(1));
  assertEquals(socket.wantsMore, true);
  socket.receive(Uint8Array.of(1));
  assertEquals(await pending, 1);
  link.close();
});

Deno.test("NodeTcpLink.read() hands out what is there in pieces and waits for more", async () => {
  const [link, socket] = openLink();
  const first = readSome(link, 2);
  socket.receive(Uint8Array.of(1, 2, 3));
  socket.receive(Uint8Array.of(4, 5));
  assertEquals(await first, [1, 2]);
  assertEquals(await readSome(link, 2), [3, 4]);
  assertEquals(await readSome(link, 2), [5]);
  const waiting = readSome(link, 2);
  assert(await isPending(waiting));
  socket.receive(Uint8Array.of(6));
  assertEquals(await waiting, [6]);
  assertEquals([socket.listenerCount("readable"), socket.listenerCount("end")], [1, 1]);
  link.close();
});

Deno.test("NodeTcpLink.read() loses no byte and keeps their order, whatever the sizes", async () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const [link, socket] = openLink();
  const total = 3_000_000;
  let received = 0;
  let delivered = 0;
  let ended = false;
  const feed = (): void => {
    while (socket.wantsMore && received < total) {
      const chunk = new Uint8Array(Math.min(1 + random.nextInt(MARK_BYTES), total - received));
      for (let i = 0; i < chunk.length; i++) chunk[i] = (received + i) % 251;
      received += chunk.length;
      socket.receive(chunk);
    }
    if (received === total && !ended) {
      ended = true;
      socket.push(null);
    }
  };
  const into = new Uint8Array(3 * MARK_BYTES);
  for (;;) {
    const size = random.nextInt(4) === 0 ? 1 + random.nextInt(into.length) : 1 + random.nextInt(2_000);
    const reading = link.read(into.subarray(0, size));
    feed();
    const count = await reading;
    if (count === null) break;
    assert(count >= 1 && count <= size);
    for (let i = 0; i < count; i++) assert(into[i] === (delivered + i) % 251, `seed ${random.seed}: byte ${delivered}`);
    delivered += count;
    assert(socket.readableLength < 2 * MARK_BYTES, `seed ${random.seed}: ${socket.readableLength} bytes wait`);
    assertEquals(socket.readableHighWaterMark, MARK_BYTES, `seed ${random.seed}`);
  }
  assertEquals(delivered, total, `seed ${random.seed}`);
  link.close();
});

Deno.test("NodeTcpLink.read() lets the system go on only when there is room again", async () => {
  const [link, socket] = openLink();
  const first = link.read(new Uint8Array(1));
  socket.receive(new Uint8Array(MARK_BYTES - 1));
  socket.receive(new Uint8Array(MARK_BYTES));
  assertEquals(await first, 1);
  await settled();
  assertEquals(socket.wantsMore, false);
  assertEquals(await link.read(new Uint8Array(1_000)), 1_000);
  await settled();
  assertEquals(socket.wantsMore, false);
  assertEquals(await link.read(new Uint8Array(MARK_BYTES)), MARK_BYTES);
  await settled();
  assertEquals(socket.wantsMore, true);
  link.close();
});

Deno.test("NodeTcpLink.read() ends after the last byte, and says so again", async () => {
  const [link, socket] = openLink();
  const first = readSome(link, 1);
  socket.receive(Uint8Array.of(7, 8));
  socket.push(null);
  assertEquals(await first, [7]);
  assertEquals(await readSome(link), [8]);
  assertEquals(await readSome(link), null);
  assertEquals(await readSome(link), null);
  link.close();
});

Deno.test("NodeTcpLink.read() delivers what came before a failure, then fails with it", async () => {
  const [link, socket] = openLink();
  assertEquals(await Promise.all([readSome(link, 1), socket.receive(Uint8Array.of(7, 8, 9))]), [[7], undefined]);
  const failure = new Error("read ECONNRESET");
  socket.destroy(failure);
  await settled();
  assertEquals(await readSome(link, 1), [8]);
  assertEquals(await readSome(link), [9]);
  assertStrictEquals(await readSome(link).catch((error) => error), failure);
  assertStrictEquals(await readSome(link).catch((error) => error), failure);
  link.close();
});

Deno.test("NodeTcpLink.read() that waits gets bytes that come together with a failure", async () => {
  const [link, socket] = openLink();
  const waiting = readSome(link);
  await settled();
  socket.receive(Uint8Array.of(5));
  socket.destroy(new Error("read ECONNRESET"));
  assertEquals(await waiting, [5]);
  await assertRejects(() => readSome(link), Error, "ECONNRESET");
  link.close();
});

Deno.test("NodeTcpLink fails what waits when its socket breaks", async () => {
  const [link, socket] = openLink();
  socket.holdsWrites = true;
  const calls = [link.read(new Uint8Array(1)), link.write(new Uint8Array(1)), link.closeWrite()];
  const failure = new Error("read ETIMEDOUT");
  socket.destroy(failure);
  for (const result of await Promise.allSettled(calls)) {
    assert(result.status === "rejected");
    assertStrictEquals(result.reason, failure);
  }
  assertStrictEquals(await link.write(new Uint8Array(1)).catch((error) => error), failure);
  assertStrictEquals(await link.closeWrite().catch((error) => error), failure);
  link.close();
});

Deno.test("NodeTcpLink fails when its socket is gone for no reason that it gave", async () => {
  const [link, socket] = openLink();
  const waiting = link.read(new Uint8Array(1));
  socket.destroy();
  const error = await assertRejects(() => waiting, ClosedError);
  assertEquals([error.closeCode, error.origin], [CloseCode.LinkLost, "link"]);
  await assertRejects(() => link.write(new Uint8Array(1)), ClosedError);
  link.close();
});

Deno.test("NodeTcpLink that has ended both ways fails nothing when its socket closes itself", async () => {
  const [link, socket] = openLink();
  const last = link.read(new Uint8Array(1));
  socket.push(null);
  assertEquals(await last, null);
  await link.closeWrite();
  await settled();
  assertEquals(socket.closed, true);
  assertEquals(await link.read(new Uint8Array(1)), null);
  await link.closeWrite();
  await assertRejects(() => link.write(new Uint8Array(1)), MisuseError);
  link.close();
  await assertRejects(() => link.read(new Uint8Array(1)), ClosedError);
});

Deno.test("NodeTcpLink.write() hands the caller's memory on as it is", async () => {
  for (const buffer of [new ArrayBuffer(8), new SharedArrayBuffer(8)]) {
    const [link, socket] = openLink();
    assertEquals(await link.write(new Uint8Array(buffer, 2, 4)), 4);
    const [chunk] = socket.written;
    assertStrictEquals(chunk!.buffer, buffer);
    assertEquals([chunk!.byteOffset, chunk!.length], [2, 4]);
    link.close();
  }
});

Deno.test("NodeTcpLink.write() waits until the kernel has what it took", async () => {
  const [link, socket] = openLink();
  socket.holdsWrites = true;
  const writing = link.write(new Uint8Array(10));
  assert(await isPending(writing));
  socket.release();
  assertEquals(await writing, 10);
  link.close();
});

Deno.test("NodeTcpLink.write() takes a part of much, and little after a write that had to wait", async () => {
  const [link, socket] = openLink();
  const much = new Uint8Array(2 ** 20);
  assertEquals(await link.write(much), MAX_WRITE_BYTES);
  socket.holdsWrites = true;
  const writing = link.write(much);
  await settled();
  assertEquals(socket.writableLength, MAX_WRITE_BYTES);
  socket.holdsWrites = false;
  socket.release();
  assertEquals(await writing, MAX_WRITE_BYTES);
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) counts.push(await link.write(much));
  assertEquals(counts, [16_384, 32_768, 65_536, 131_072, MAX_WRITE_BYTES, MAX_WRITE_BYTES]);
  link.close();
});

Deno.test("NodeTcpLink.write() fails with the error of the write", async () => {
  const [link, socket] = openLink();
  const failure = new Error("write EPIPE");
  socket._write = (_chunk, _encoding, done) => done(failure);
  assertStrictEquals(await link.write(new Uint8Array(1)).catch((error) => error), failure);
  await settled();
  assertStrictEquals(await link.read(new Uint8Array(1)).catch((error) => error), failure);
  link.close();
});

Deno.test("NodeTcpLink.write() that is given no bytes throws nothing away and stays usable", async () => {
  const [link] = openLink();
  await assertRejects(() => link.write({ length: 3 } as unknown as Uint8Array), TypeError);
  assertEquals(await link.write(Uint8Array.of(1)), 1);
  link.close();
});

Deno.test("NodeTcpLink refuses a second read and a second write at a time", async () => {
  const [link, socket] = openLink();
  socket.holdsWrites = true;
  const reading = link.read(new Uint8Array(1));
  const writing = link.write(new Uint8Array(1));
  await assertRejects(() => link.read(new Uint8Array(1)), MisuseError);
  await assertRejects(() => link.write(new Uint8Array(1)), MisuseError);
  socket.receive(Uint8Array.of(1));
  socket.release();
  assertEquals(await Promise.all([reading, writing]), [1, 1]);
  link.close();
});

Deno.test("NodeTcpLink.closeWrite() waits for the write before it and for the kernel", async () => {
  const [link, socket] = openLink();
  socket.holdsWrites = true;
  socket.holdsEnd = true;
  const writing = link.write(new Uint8Array(1));
  const ending = link.closeWrite();
  await settled();
  assertEquals(socket.calls.includes("final"), false);
  socket.release();
  assertEquals(await writing, 1);
  assert(await isPending(ending));
  assertEquals(socket.calls.includes("final"), true);
  assertStrictEquals(link.closeWrite(), ending);
  socket.release();
  await ending;
  await assertRejects(() => link.write(new Uint8Array(1)), MisuseError);
  const waiting = readSome(link);
  socket.receive(Uint8Array.of(4));
  assertEquals(await waiting, [4]);
  link.close();
});

Deno.test("NodeTcpLink.closeWrite() fails when the kernel refuses", async () => {
  const [link, socket] = openLink();
  const failure = new Error("shutdown ENOTCONN");
  socket._final = (done) => void setTimeout(() => done(failure), 0);
  assertStrictEquals(await link.closeWrite().catch((error) => error), failure);
  link.close();
});

Deno.test("NodeTcpLink.close() destroys the socket and settles what waits, once", async () => {
  const [link, socket] = openLink();
  socket.holdsWrites = true;
  const calls = [link.read(new Uint8Array(1)), link.write(new Uint8Array(1)), link.closeWrite()];
  link.close();
  link.close();
  assertEquals(socket.destroyed, true);
  for (const result of await Promise.allSettled(calls)) {
    assert(result.status === "rejected");
    assertInstanceOf(result.reason, ClosedError);
    assertEquals([result.reason.closeCode, result.reason.origin], [CloseCode.Normal, "local"]);
  }
  socket.release();
  for (const call of [link.read(new Uint8Array(1)), link.write(new Uint8Array(1)), link.closeWrite()]) {
    await assertRejects(() => call, ClosedError);
  }
});

Deno.test("NodeTcpLink.close() keeps back what was read ahead", async () => {
  const [link, socket] = openLink();
  const first = readSome(link, 1);
  socket.receive(Uint8Array.of(1, 2));
  assertEquals(await first, [1]);
  link.close();
  const error = await assertRejects(() => readSome(link), ClosedError);
  assertEquals([error.closeCode, error.origin], [CloseCode.Normal, "local"]);
});

Deno.test("NodeTcpLink.close() stands an error that the socket has afterwards or had before", async () => {
  const [link, socket] = openLink();
  socket.destroy(new Error("read ECONNRESET"));
  link.close();
  await settled();
  const error = await assertRejects(() => readSome(link), ClosedError);
  assertEquals([error.closeCode, error.origin], [CloseCode.Normal, "local"]);
  const [other, late] = openLink();
  other.close();
  late.emit("error", new Error("write ECANCELED"));
  late.emit("error", new Error("shutdown ECANCELED"));
  await settled();
  await assertRejects(() => readSome(other), ClosedError);
});

Deno.test("NodeTcpLink settles a call without bytes at once", async () => {
  const [link, socket] = openLink();
  const reading = link.read(new Uint8Array(1));
  assertEquals(await link.write(new Uint8Array(0)), 0);
  assertEquals(socket.written, []);
  link.close();
  await assertRejects(() => reading, ClosedError);
});
