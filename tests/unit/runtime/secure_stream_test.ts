import { assert, assertEquals, assertRejects } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { ProtocolError } from "../../../src/error/transport_error.ts";
import { memoryPair } from "../../../src/io/memory/memory_link.ts";
import { SecureStream } from "../../../src/runtime/secure_stream.ts";
import { HeldLink } from "./held_link.ts";

Deno.test("readRecord() gives the records that writeRecord() wrote, however they arrive", async () => {
  for (const bufferBytes of [1, 3, 65_536]) {
    const [here, there] = memoryPair({ bufferBytes });
    const [writer, reader] = [new SecureStream(here), new SecureStream(there)];
    const records = [Uint8Array.of(1), new Uint8Array(300).fill(2), Uint8Array.of(3, 4)];
    const writing = (async () => {
      for (const record of records) await writer.writeRecord(record);
      writer.close();
    })();
    for (const record of records) assertEquals(await reader.readRecord(), record);
    assertEquals(await reader.readRecord(), undefined);
    await writing;
  }
});

Deno.test("readRecord() refuses a length of 0 and one beyond the limit before the bytes are there", async () => {
  for (const head of [[0, 0], [0, 101], [255, 255]]) {
    const [here, there] = memoryPair();
    await here.write(Uint8Array.from(head));
    const error = await assertRejects(() => new SecureStream(there, 100).readRecord(), ProtocolError);
    assertEquals(error.closeCode, CloseCode.FrameTooLarge);
  }
});

Deno.test("readRecord() tells an end inside a record from one between two", async () => {
  const [here, there] = memoryPair();
  await here.write(Uint8Array.of(0, 1, 9, 0, 2, 1));
  here.close();
  const stream = new SecureStream(there);
  assertEquals(await stream.readRecord(), Uint8Array.of(9));
  const error = await assertRejects(() => stream.readRecord(), ProtocolError);
  assertEquals(error.closeCode, CloseCode.Truncated);
});

Deno.test("readPackets() hands over every packet, then closes", async () => {
  const [here, there] = memoryPair();
  await here.write(Uint8Array.of(0, 1, 7, 0, 2, 8, 9, 0, 1));
  here.close();
  const packets: number[][] = [];
  const stream = new SecureStream(there);
  await stream.readPackets((buffer, start, end) => packets.push([...buffer.subarray(start, end)]));
  assertEquals(packets, [[7], [8, 9]]);
  await assertRejects(() => there.read(new Uint8Array(1)));
});

Deno.test("readPackets() ends at a bad length", async () => {
  const [here, there] = memoryPair();
  await here.write(Uint8Array.of(0, 1, 7, 0, 0, 0, 1, 8));
  const packets: number[][] = [];
  await new SecureStream(there).readPackets((buffer, start, end) => packets.push([...buffer.subarray(start, end)]));
  assertEquals(packets, [[7]]);
});

Deno.test("sendPacket() writes packets in order, one write at a time, behind their lengths", async () => {
  const link = new HeldLink();
  const stream = new SecureStream(link);
  const buffer = Uint8Array.of(0xee, 0xee, 1, 2, 3);
  stream.sendPacket(buffer, 2, 5);
  buffer.fill(9, 2);
  stream.sendPacket(buffer, 2, 4);
  assertEquals(link.endWrite(), Uint8Array.of(0, 3, 1, 2, 3));
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(link.endWrite(), Uint8Array.of(0, 2, 9, 9));
});

Deno.test("sendPacket() drops and counts what finds no room, and has room again when something was written", async () => {
  const link = new HeldLink();
  const stream = new SecureStream(link);
  const buffer = new Uint8Array(2 + 65_536);
  for (let n = 0; n < 4; n++) stream.sendPacket(buffer, 2, buffer.length - 1);
  assertEquals(stream.droppedPackets, 0);
  stream.sendPacket(buffer, 2, 7);
  assertEquals(stream.droppedPackets, 1);
  link.endWrite();
  await Promise.resolve();
  await Promise.resolve();
  stream.sendPacket(buffer, 2, 7);
  assertEquals(stream.droppedPackets, 1);
  stream.close();
  assert(link.closed);
  assertEquals(stream.droppedPackets, 4);
  stream.sendPacket(buffer, 2, 7);
  assertEquals(stream.droppedPackets, 5);
});

Deno.test("sendPacket() on a stream that breaks closes it", async () => {
  const link = new HeldLink();
  const stream = new SecureStream(link);
  stream.sendPacket(new Uint8Array(5), 2, 5);
  link.endWrite(new Error("reset"));
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assert(link.closed);
});
