/**
 * The in-memory link: bounded buffers, waiting, half-close, close and reset, without a network around it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CloseCode } from "../../../../src/error/close_code.ts";
import { ClosedError, MisuseError } from "../../../../src/error/transport_error.ts";
import { memoryPair } from "../../../../src/io/memory/memory_link.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ManualScheduler } from "../../../../src/testing/manual_scheduler.ts";
import type { StreamLink } from "../../../../src/transport/stream_link.ts";

async function readBytes(link: StreamLink, most = 1_024): Promise<number[] | null> {
  const into = new Uint8Array(most);
  const count = await link.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

/** Whether a promise has settled once all promise jobs have run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  return settled;
}

Deno.test("memoryPair() names both ends and mirrors the addresses", () => {
  const [client, server] = memoryPair({ firstName: "c", secondName: "s" });
  assertEquals(client.local, { transport: "memory", name: "c" });
  assertEquals(client.remote, { transport: "memory", name: "s" });
  assertEquals(server.local, client.remote);
  assertEquals(server.remote, client.local);
});

Deno.test("memoryPair() refuses a buffer size that is no whole number from 1 to 2^30", () => {
  for (const bufferBytes of [0, -1, 1.5, NaN, Infinity, 2 ** 30 + 1]) {
    assertThrows(() => memoryPair({ bufferBytes }), RangeError, "bufferBytes");
  }
});

Deno.test("MemoryLink.write() takes what fits and then waits for room", async () => {
  const [writer, reader] = memoryPair({ bufferBytes: 10 });
  assertEquals(await writer.write(new Uint8Array(6)), 6);
  assertEquals(await writer.write(new Uint8Array(6)), 4);
  const waiting = writer.write(Uint8Array.of(7, 8, 9));
  assertEquals(await isSettled(waiting), false);
  assertEquals(await reader.read(new Uint8Array(2)), 2);
  assertEquals(await waiting, 2);
  assertEquals((await readBytes(reader))?.slice(-2), [7, 8]);
});

Deno.test("MemoryLink.read() waits for the first byte and delivers no more than fits", async () => {
  const [writer, reader] = memoryPair();
  const into = new Uint8Array(2);
  const waiting = reader.read(into);
  assertEquals(await isSettled(waiting), false);
  assertEquals(await writer.write(Uint8Array.of(1, 2, 3)), 3);
  assertEquals(await waiting, 2);
  assertEquals([...into], [1, 2]);
  assertEquals(await readBytes(reader), [3]);
});

Deno.test("MemoryLink.write() copies: the caller's memory is its own again", async () => {
  const [writer, reader] = memoryPair();
  const from = Uint8Array.of(1, 2, 3);
  await writer.write(from);
  from.fill(0);
  assertEquals(await readBytes(reader), [1, 2, 3]);
});

Deno.test("MemoryLink refuses a second pending read and a second pending write", async () => {
  const [first, second] = memoryPair({ bufferBytes: 1 });
  const read = first.read(new Uint8Array(1));
  await assertRejects(() => first.read(new Uint8Array(1)), MisuseError);
  await first.write(new Uint8Array(1));
  const write = first.write(new Uint8Array(1));
  await assertRejects(() => first.write(new Uint8Array(1)), MisuseError);
  await second.write(Uint8Array.of(5));
  assertEquals(await read, 1);
  await readBytes(second);
  assertEquals(await write, 1);
});

Deno.test("MemoryLink.closeWrite() lets a write that waits for room through before the end", async () => {
  const [writer, reader] = memoryPair({ bufferBytes: 2 });
  await writer.write(Uint8Array.of(1, 2));
  const waiting = writer.write(Uint8Array.of(3));
  await writer.closeWrite();
  await writer.closeWrite();
  await assertRejects(() => writer.write(Uint8Array.of(4)), MisuseError);
  assertEquals(await readBytes(reader), [1, 2]);
  assertEquals(await waiting, 1);
  assertEquals(await readBytes(reader), [3]);
  assertEquals(await readBytes(reader), null);
  assertEquals(await readBytes(reader), null);
});

Deno.test("MemoryLink.close() drains at the peer, then ends; the peer's writes fail", async () => {
  const [closing, peer] = memoryPair({ bufferBytes: 4 });
  await closing.write(Uint8Array.of(1, 2, 3, 4));
  const lostWrite = closing.write(Uint8Array.of(5));
  await peer.write(new Uint8Array(4));
  const peerWrite = peer.write(new Uint8Array(1));
  closing.close();
  closing.close();
  const local = await assertRejects(() => lostWrite, ClosedError);
  assertEquals([local.closeCode, local.origin], [CloseCode.Normal, "local"]);
  const remote = await assertRejects(() => peerWrite, ClosedError);
  assertEquals([remote.closeCode, remote.origin], [CloseCode.LinkLost, "remote"]);
  await assertRejects(() => peer.write(new Uint8Array(1)), ClosedError);
  assertEquals(await readBytes(peer), [1, 2, 3, 4]);
  assertEquals(await readBytes(peer), null);
  await assertRejects(() => closing.read(new Uint8Array(1)), ClosedError);
  await assertRejects(() => closing.write(new Uint8Array(1)), ClosedError);
  await assertRejects(() => closing.closeWrite(), ClosedError);
});

Deno.test("MemoryLink.reset() drains at the peer, then its reads fail", async () => {
  const [breaking, peer] = memoryPair();
  await breaking.write(Uint8Array.of(1, 2));
  breaking.reset();
  breaking.reset();
  assertEquals(await readBytes(peer), [1, 2]);
  for (let i = 0; i < 2; i++) {
    const error = await assertRejects(() => peer.read(new Uint8Array(1)), ClosedError);
    assertEquals([error.closeCode, error.origin], [CloseCode.LinkLost, "link"]);
  }
  const error = await assertRejects(() => peer.write(new Uint8Array(1)), ClosedError);
  assertEquals([error.closeCode, error.origin], [CloseCode.LinkLost, "link"]);
});

Deno.test("MemoryLink.reset() fails a pending read on both sides", async () => {
  const [breaking, peer] = memoryPair();
  const own = breaking.read(new Uint8Array(1));
  const other = peer.read(new Uint8Array(1));
  breaking.reset();
  await assertRejects(() => own, ClosedError, "local");
  await assertRejects(() => other, ClosedError, "LinkLost");
});

Deno.test("MemoryLink settles every 256th write in the scheduler's next turn", async () => {
  const scheduler = new ManualScheduler();
  const [writer, reader] = memoryPair({ scheduler });
  for (let i = 1; i < 256; i++) assert(await isSettled(writer.write(new Uint8Array(1))), `write ${i}`);
  const write = writer.write(new Uint8Array(1));
  assertEquals(await isSettled(write), false);
  assertEquals((await readBytes(reader))?.length, 256);
  scheduler.turn();
  assertEquals(await write, 1);
});

Deno.test("MemoryLink settles the 256th write in the next turn also where it waited for room", async () => {
  const scheduler = new ManualScheduler();
  const [writer, reader] = memoryPair({ scheduler, bufferBytes: 255 });
  for (let i = 1; i < 256; i++) await writer.write(new Uint8Array(1));
  const write = writer.write(Uint8Array.of(9));
  assertEquals((await readBytes(reader))?.length, 255);
  assertEquals(await isSettled(write), false);
  assertEquals(await readBytes(reader), [9]);
  scheduler.turn();
  assertEquals(await write, 1);
});

Deno.test("MemoryLink keeps every byte and their order for any sizes of reads and writes", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 40; round++) {
    const bufferBytes = 1 + random.nextInt(5_000);
    const sent = new Uint8Array(1 + random.nextInt(30_000));
    random.fillSecret(sent);
    const [writer, reader] = memoryPair({ bufferBytes });
    const writing = async (): Promise<void> => {
      for (let at = 0; at < sent.length;) {
        const count = await writer.write(sent.subarray(at, at + 1 + random.nextInt(6_000)));
        assert(count >= 1 && count <= bufferBytes, `seed ${seed}: a write took ${count}`);
        at += count;
      }
      await writer.closeWrite();
    };
    const received: number[] = [];
    const reading = async (): Promise<void> => {
      for (;;) {
        const bytes = await readBytes(reader, 1 + random.nextInt(6_000));
        if (bytes === null) return;
        received.push(...bytes);
      }
    };
    await Promise.all([writing(), reading()]);
    assertEquals(Uint8Array.from(received), sent, `seed ${seed}, round ${round}`);
  }
});
