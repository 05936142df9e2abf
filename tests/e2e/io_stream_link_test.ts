/**
 * One suite of behaviour for every stream transport: what a runtime may rely on, whichever driver it is given.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ClosedError, ConnectError, MisuseError, ResourceError } from "../../src/error/transport_error.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { StreamLink, StreamListener } from "../../src/transport/stream_link.ts";
import { type Subject, SUBJECTS } from "./io_stream_subjects.ts";

const never = new AbortController().signal;

for (const subject of SUBJECTS) {
  const test = (name: string, run: () => Promise<void>): void => {
    const { closesAtOnce } = subject;
    Deno.test({
      name: `${subject.name} link: ${name}`,
      fn: run,
      sanitizeOps: closesAtOnce,
      sanitizeResources: closesAtOnce,
    });
  };

  test("carries bytes both ways, whole and in order, for any sizes of reads and writes", async () => {
    const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
    const [client, server, listener] = await pairOf(subject);
    const sent = new Uint8Array(1_500_000);
    random.fillSecret(sent);
    const echoing = echo(server, random);
    const sending = sendAll(client, sent, random);
    const received = await readAll(client, random);
    await Promise.all([sending, echoing]);
    assertEquals(received.length, sent.length, `seed ${random.seed}`);
    assert(received.every((byte, at) => byte === sent[at]), `seed ${random.seed}: the bytes differ`);
    close(client, server, listener);
  });

  test("takes a part of a large write and waits while the peer does not read", async () => {
    const [client, server, listener] = await pairOf(subject);
    const chunk = new Uint8Array(32 * 2 ** 20).fill(7);
    let written = await client.write(chunk);
    assert(written >= 1 && written < chunk.length, `took ${written}`);
    let waiting: Promise<number>;
    for (;;) {
      waiting = client.write(chunk);
      const count = await Promise.race([waiting, turns(20)]);
      if (count === undefined) break;
      written += count;
      assert(written < 2 * chunk.length, `took ${written} and goes on`);
    }
    const reading = readAll(server, new SeededRandom(1));
    written += await waiting;
    await client.closeWrite();
    assertEquals((await reading).length, written);
    close(client, server, listener);
  });

  test("ends one direction and then the other", async () => {
    const [client, server, listener] = await pairOf(subject);
    await client.write(Uint8Array.of(1));
    await client.closeWrite();
    assertEquals(await readSome(server), [1]);
    assertEquals(await readSome(server), null);
    assertEquals(await readSome(server), null);
    await assertRejects(() => client.write(Uint8Array.of(9)));
    await server.write(Uint8Array.of(2, 3));
    assertEquals(await readSome(client), [2, 3]);
    await server.closeWrite();
    assertEquals(await readSome(client), null);
    close(client, server, listener);
  });

  test("delivers what was written before a close, then the end; later writes of the peer fail", async () => {
    const [client, server, listener] = await pairOf(subject);
    await client.write(Uint8Array.of(1, 2, 3));
    client.close();
    assertEquals(await readSome(server), [1, 2, 3]);
    assertEquals(await readSome(server), null);
    await assertRejects(() => writeForLong(server));
    close(server, listener);
  });

  test("settles a pending read when it is closed, and refuses every later call", async () => {
    const [client, server, listener] = await pairOf(subject);
    const pending = client.read(new Uint8Array(8));
    client.close();
    client.close();
    await assertRejects(() => pending);
    await assertRejects(() => client.read(new Uint8Array(8)));
    await assertRejects(() => client.write(new Uint8Array(8)));
    await assertRejects(() => client.closeWrite());
    assertEquals(await readSome(server), null);
    close(server, listener);
  });

  test("settles a pending write when it is closed", async () => {
    const [client, server, listener] = await pairOf(subject);
    const chunk = new Uint8Array(32 * 2 ** 20);
    for (;;) {
      const waiting = client.write(chunk);
      if (await Promise.race([waiting, turns(20)]) !== undefined) continue;
      client.close();
      await assertRejects(() => waiting);
      break;
    }
    close(server, listener);
  });

  test("delivers what came before a reset, then fails", async () => {
    const link = await subject.broken();
    assertEquals(await readSome(link), [97, 98, 99]);
    await assertRejects(() => link.read(new Uint8Array(8)));
    await assertRejects(() => writeForLong(link));
    link.close();
  });

  test("settles a call without bytes at once", async () => {
    const [client, server, listener] = await pairOf(subject);
    assertEquals(await client.write(new Uint8Array(0)), 0);
    assertEquals(await client.read(new Uint8Array(0)), 0);
    close(client, server, listener);
  });

  test("shows the same addresses at both ends", async () => {
    const [first, second, listener] = await pairOf(subject);
    const [client, server] = subject.end === "connecting" ? [first, second] : [second, first];
    assertEquals(client.remote, listener.address);
    assertEquals(server.local, listener.address);
    assertEquals(client.local, server.remote);
    assertNotEquals(client.local, client.remote);
    assertEquals(client.local.transport, listener.address.transport);
    assertStrictEquals(client.remote, client.remote);
    close(client, server, listener);
  });

  test("refuses to connect where nobody listens", async () => {
    const { listener, fabric } = await subject.open();
    listener.close();
    const error = await assertRejects(() => fabric.connect(never), ConnectError, "Cannot connect to ");
    assertEquals(error.code, "CONNECT");
  });

  test("refuses to listen where somebody does", async () => {
    const { listener, fabric } = await subject.openTaken();
    await assertRejects(async () => await fabric.listen().listening, ResourceError, "Cannot listen on ");
    listener.close();
  });

  test("does not start to connect under a signal that has fired", async () => {
    const { listener, fabric } = await subject.open();
    const reason = new Error("no longer wanted");
    assertEquals(await failure(fabric.connect(AbortSignal.abort(reason))), reason);
    listener.close();
  });

  if (subject.keepsWaiting) {
    test("gives up connecting when the signal fires", async () => {
      const { listener, fabric } = await subject.open(1);
      const links: StreamLink[] = [];
      const reason = new Error("waited long enough");
      for (;;) {
        const controller = new AbortController();
        const connecting = fabric.connect(controller.signal);
        const link = await Promise.race([connecting, turns(20)]);
        if (link === undefined) {
          controller.abort(reason);
          assertStrictEquals(await failure(connecting), reason);
          break;
        }
        links.push(link);
        assert(links.length < 20, "the listener takes any number of links");
      }
      close(...links, listener);
    });
  }

  test("ends a pending accept when the listener is closed; accepted links stay", async () => {
    const [client, server, listener] = await pairOf(subject);
    const pending = listener.accept();
    assertEquals(listener.closed, false);
    listener.close();
    listener.close();
    assertEquals(listener.closed, true);
    await assertRejects(() => pending, ClosedError);
    await assertRejects(() => listener.accept(), ClosedError);
    await client.write(Uint8Array.of(5));
    assertEquals(await readSome(server), [5]);
    close(client, server);
  });

  test("refuses a second accept at a time", async () => {
    const { listener, fabric } = await subject.open();
    const pending = listener.accept();
    await assertRejects(() => listener.accept(), MisuseError);
    const client = await fabric.connect(never);
    close(client, await pending, listener);
  });

  test("keeps many links apart", async () => {
    const { listener, fabric } = await subject.open();
    const serving: Promise<void>[] = [];
    const accepting = (async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        const server = await listener.accept();
        serving.push(echo(server, new SeededRandom(i)).finally(() => server.close()));
      }
    })();
    const talking = Array.from({ length: 100 }, async (_, i) => {
      const client = await fabric.connect(never);
      const sent = new Uint8Array(2_000).fill(i);
      const sending = sendAll(client, sent, new SeededRandom(1_000 + i));
      assertEquals(await readAll(client, new SeededRandom(2_000 + i)), sent);
      await sending;
      client.close();
    });
    await Promise.all(talking);
    await accepting;
    await Promise.all(serving);
    listener.close();
  });
}

/** The end that is tried out, the other end, and the listener between them. */
async function pairOf(subject: Subject): Promise<[StreamLink, StreamLink, StreamListener]> {
  const { listener, fabric } = await subject.open();
  const [client, server] = await Promise.all([fabric.connect(never), listener.accept()]);
  return subject.end === "connecting" ? [client, server, listener] : [server, client, listener];
}

function close(...ends: readonly (StreamLink | StreamListener)[]): void {
  for (const end of ends) end.close();
}

/** Long enough for whatever does not have to wait. */
async function turns(milliseconds: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error) => error);
}

async function readSome(link: StreamLink): Promise<number[] | null> {
  const into = new Uint8Array(64);
  const count = await link.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

async function readAll(link: StreamLink, random: SeededRandom): Promise<Uint8Array> {
  const buffer = new Uint8Array(200_000);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const count = await link.read(buffer.subarray(0, 1 + random.nextInt(buffer.length)));
    if (count === null) break;
    assert(count >= 1);
    parts.push(buffer.slice(0, count));
    length += count;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function writeAll(link: StreamLink, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await link.write(bytes.subarray(at));
}

async function sendAll(link: StreamLink, bytes: Uint8Array, random: SeededRandom): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.nextInt(150_000);
    await writeAll(link, bytes.subarray(at, end));
    at = end;
  }
  await link.closeWrite();
}

async function echo(link: StreamLink, random: SeededRandom): Promise<void> {
  const buffer = new Uint8Array(100_000);
  for (;;) {
    const count = await link.read(buffer.subarray(0, 1 + random.nextInt(buffer.length)));
    if (count === null) break;
    await writeAll(link, buffer.subarray(0, count));
  }
  await link.closeWrite();
}

/** Writes until it fails; the first writes to a peer that has gone may still be taken. */
async function writeForLong(link: StreamLink): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await link.write(new Uint8Array(1));
    await turns(1);
  }
}
