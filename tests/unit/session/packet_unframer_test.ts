import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { PacketUnframer } from "../../../src/session/packet_unframer.ts";
import { encodePacketLength } from "../../../src/wire/packet_length.ts";

function framed(...records: readonly Uint8Array[]): Uint8Array {
  const stream: number[] = [];
  for (const record of records) {
    const length = new Uint8Array(2);
    encodePacketLength(length, 0, record.length);
    stream.push(...length, ...record);
  }
  return Uint8Array.from(stream);
}

function takeAll(unframer: PacketUnframer): string[] {
  const taken: string[] = [];
  while (unframer.next()) {
    taken.push(unframer.buffer.subarray(unframer.offset, unframer.offset + unframer.length).join());
  }
  return taken;
}

Deno.test("PacketUnframer finds every record, however the stream is cut", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const records = Array.from({ length: 30 }, () => {
      const record = new Uint8Array(1 + random.nextInt(random.nextInt(10) === 0 ? 5000 : 100));
      random.fillSecret(record);
      return record;
    });
    const stream = framed(...records);
    const unframer = new PacketUnframer();
    const taken: string[] = [];
    for (let at = 0; at < stream.length;) {
      const end = Math.min(stream.length, at + 1 + random.nextInt(seed % 3 === 0 ? 4000 : 40));
      unframer.push(stream.subarray(at, end));
      taken.push(...takeAll(unframer));
      at = end;
    }
    assertEquals(taken, records.map((record) => record.join()), `seed ${seed}`);
    assertEquals([unframer.failed, unframer.heldBytes], [false, 0]);
  }
});

Deno.test("PacketUnframer refuses a length of 0 and one beyond its limit, on two bytes alone", () => {
  for (const [length, isLegal] of [[0, false], [1, true], [100, true], [101, false], [65535, false]] as const) {
    const unframer = new PacketUnframer(100);
    unframer.push(Uint8Array.of(length >> 8, length));
    assertEquals([unframer.next(), unframer.failed], [false, !isLegal], `${length}`);
    unframer.push(new Uint8Array(200));
    assertEquals(unframer.next(), isLegal);
  }
});

Deno.test("PacketUnframer takes no memory for what was only announced", () => {
  const unframer = new PacketUnframer();
  unframer.push(Uint8Array.of(0xff, 0xff));
  assertEquals(unframer.next(), false);
  assert(unframer.buffer.length <= 512);
  for (let i = 0; i < 100; i++) {
    unframer.push(new Uint8Array(100));
    assertEquals(unframer.next(), false);
    assert(unframer.buffer.length <= Math.max(512, 2 * (100 * (i + 1) + 2)), `${unframer.buffer.length} bytes`);
  }
});

Deno.test("PacketUnframer refuses limits that are none", () => {
  for (const bytes of [0, -1, 65536, 1.5]) assertThrows(() => new PacketUnframer(bytes), RangeError, "records");
});
