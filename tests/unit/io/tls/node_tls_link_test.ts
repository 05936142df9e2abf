import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { CloseCode } from "../../../../src/error/close_code.ts";
import { ClosedError, MisuseError } from "../../../../src/error/transport_error.ts";
import type { NodeTlsLink } from "../../../../src/io/tls/node_tls_link.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { listenInMemory, pairOfTls, shakeHands } from "./memory_tls.ts";

async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return await Promise.race([promise.catch(() => {}), turns().then(() => pending)]) === pending;
}

async function readSome(link: NodeTlsLink, size = 64): Promise<number[] | null> {
  const into = new Uint8Array(size);
  const count = await link.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

async function closeBoth(...links: NodeTlsLink[]): Promise<void> {
  for (const link of links) link.close();
  await Promise.all(links.map(({ whenClosed }) => whenClosed));
}

Deno.test("NodeTlsLink carries bytes both ways, whole and in order, for any sizes of reads and writes", async () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const [client, server] = await pairOfTls();
  const total = 1_000_000;
  const send = async (link: NodeTlsLink, salt: number): Promise<void> => {
    for (let at = 0; at < total;) {
      const chunk = new Uint8Array(Math.min(1 + random.nextInt(120_000), total - at));
      for (let i = 0; i < chunk.length; i++) chunk[i] = (at + i) * salt % 251;
      const count = await link.write(chunk);
      assert(count >= 1 && count <= chunk.length);
      at += count;
    }
    await link.closeWrite();
  };
  const receive = async (link: NodeTlsLink, salt: number): Promise<void> => {
    const into = new Uint8Array(90_000);
    for (let at = 0;;) {
      const count = await link.read(into.subarray(0, 1 + random.nextInt(into.length)));
      if (count === null) return assertEquals(at, total, `seed ${random.seed}`);
      for (let i = 0; i < count; i++) assert(into[i] === (at + i) * salt % 251, `seed ${random.seed}: byte ${at + i}`);
      at += count;
    }
  };
  await Promise.all([send(client, 3), receive(server, 3), send(server, 7), receive(client, 7)]);
  await closeBoth(client, server);
});

Deno.test("NodeTlsLink lets in no more than its mark of what nobody reads", async () => {
  const [client, server] = await pairOfTls();
  assertEquals(await Promise.all([client.write(Uint8Array.of(1)), readSome(server)]), [1, [1]]);
  let written = 0;
  const writing = (async () => {
    for (;;) written += await client.write(new Uint8Array(16_384));
  })().catch(() => {});
  await turns(100);
  const before = written;
  await turns(100);
  assertEquals(written, before);
  // The mark, the buffer of the link below, and what is on its way.
  assertLess(written, 65_536 + 65_536 + 65_536);
  let read = 0;
  while (read < 10 * 65_536) read += (await readSome(server, 100_000))!.length;
  assert(written > before);
  await closeBoth(server, client);
  await writing;
});

Deno.test("NodeTlsLink takes almost nothing in before the first read", async () => {
  const [client, server] = await pairOfTls();
  let written = 0;
  const flood = (async () => {
    for (;;) written += await client.write(new Uint8Array(4_096));
  })().catch(() => {});
  await turns(100);
  assertLess(written, 65_536 + 16_384);
  assertEquals((await readSome(server, 10))!.length, 10);
  await closeBoth(server, client);
  await flood;
});

Deno.test("NodeTlsLink ends one direction and then the other", async () => {
  const [client, server] = await pairOfTls();
  await client.write(Uint8Array.of(1));
  const ending = client.closeWrite();
  assertEquals(client.closeWrite(), ending);
  await ending;
  await assertRejects(() => client.write(Uint8Array.of(2)), MisuseError);
  assertEquals([await readSome(server), await readSome(server), await readSome(server)], [[1], null, null]);
  await server.write(Uint8Array.of(3));
  assertEquals(await readSome(client), [3]);
  await server.closeWrite();
  assertEquals([await readSome(client), await readSome(client)], [null, null]);
  await closeBoth(client, server);
});

for (const total of [10, 20_000]) {
  Deno.test(`NodeTlsLink delivers the last ${total} bytes of its peer after both streams have ended`, async () => {
    const [client, server] = await pairOfTls();
    await server.closeWrite();
    assertEquals(await readSome(client), null);
    assertEquals(await client.write(new Uint8Array(total).fill(5)), total);
    await client.closeWrite();
    await turns();
    assertEquals((await readSome(server, 1))!.length, 1);
    await turns(50);
    let read = 1;
    for (let some = await readSome(server, 999); some !== null; some = await readSome(server, 999)) read += some.length;
    assertEquals(read, total);
    await closeBoth(client, server);
  });
}

Deno.test("NodeTlsLink that has ended both ways fails nothing when its socket closes itself", async () => {
  const [client, server] = await pairOfTls();
  await Promise.all([client.closeWrite(), server.closeWrite()]);
  assertEquals(await Promise.all([readSome(client), readSome(server)]), [null, null]);
  await Promise.all([client.whenClosed, server.whenClosed]);
  for (const link of [client, server]) {
    assertEquals(await readSome(link), null);
    await link.closeWrite();
    await assertRejects(() => link.write(Uint8Array.of(1)), MisuseError);
    link.close();
    await assertRejects(() => readSome(link), ClosedError);
  }
});

Deno.test("NodeTlsLink.close() sends what was written, and then the end", async () => {
  for (const hasEnded of [false, true]) {
    const [client, server] = await pairOfTls();
    await client.write(Uint8Array.of(1, 2, 3));
    if (hasEnded) await client.closeWrite();
    client.close();
    client.close();
    assertEquals([await readSome(server), await readSome(server)], [[1, 2, 3], null]);
    await client.whenClosed;
    await closeBoth(server);
  }
});

Deno.test("NodeTlsLink.close() settles what waits, and refuses all that comes later", async () => {
  const [client, server] = await pairOfTls();
  const reading = client.read(new Uint8Array(1));
  const filling = (async () => {
    for (;;) await client.write(new Uint8Array(65_536));
  })();
  await turns(30);
  client.close();
  for (const pending of [reading, filling]) {
    const error = await assertRejects(() => pending, ClosedError);
    assertEquals([error.closeCode, error.origin], [CloseCode.Normal, "local"]);
  }
  for (const call of [client.read(new Uint8Array(1)), client.write(new Uint8Array(1)), client.closeWrite()]) {
    await assertRejects(() => call, ClosedError);
  }
  await client.whenClosed;
  await closeBoth(server);
});

Deno.test("NodeTlsLink.close() during closeWrite() still ends properly", async () => {
  const [client, server] = await pairOfTls();
  await client.write(Uint8Array.of(1));
  const ending = client.closeWrite().then(() => true, () => false);
  client.close();
  await ending;
  assertEquals([await readSome(server), await readSome(server)], [[1], null]);
  await closeBoth(client, server);
});

Deno.test("NodeTlsLink fails what waits when the link below breaks", async () => {
  const { listener, connectRaw } = listenInMemory();
  const below = await connectRaw();
  const [client, server] = await Promise.all([shakeHands(below), listener.accept()]);
  listener.close();
  await client.write(Uint8Array.of(7));
  const reading = readSome(client);
  assert(await isPending(reading));
  below.close();
  await assertRejects(() => reading);
  await assertRejects(() => client.write(new Uint8Array(1)));
  await assertRejects(() => client.closeWrite());
  assertEquals(await readSome(server), [7]);
  await closeBoth(client, server);
});

Deno.test("NodeTlsLink refuses a second read and a second write at a time, and takes calls without bytes", async () => {
  const [client, server] = await pairOfTls();
  assertEquals([await client.write(new Uint8Array(0)), await client.read(new Uint8Array(0))], [0, 0]);
  const reading = client.read(new Uint8Array(1));
  await assertRejects(() => client.read(new Uint8Array(1)), MisuseError);
  const writing = client.write(new Uint8Array(65_536));
  await assertRejects(() => client.write(new Uint8Array(1)), MisuseError);
  await server.write(Uint8Array.of(1));
  assertEquals(await reading, 1);
  let read = 0;
  while (read < 65_536) read += (await readSome(server, 65_536))!.length;
  assertEquals(await writing, 65_536);
  await closeBoth(client, server);
});

Deno.test("NodeTlsLink takes at most 64 KiB at a time", async () => {
  const [client, server] = await pairOfTls();
  const writing = client.write(new Uint8Array(100_000));
  let read = 0;
  while (read < 65_536) read += (await readSome(server, 65_536))!.length;
  assertEquals(await writing, 65_536);
  await closeBoth(client, server);
});

Deno.test("NodeTlsLink shows the addresses of the link below", async () => {
  const [client, server] = await pairOfTls();
  assertEquals([client.remote, server.local], [server.local, client.remote]);
  assertEquals(client.remote, { transport: "memory", name: "server" });
  assertInstanceOf(client.whenClosed, Promise);
  await closeBoth(client, server);
});
