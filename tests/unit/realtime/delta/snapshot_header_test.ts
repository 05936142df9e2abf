import { assertEquals } from "@std/assert";
import {
  encodeHeader,
  MAX_BASE_DISTANCE,
  MAX_HEADER_BYTES,
  serialDistance,
  SnapshotHeader,
  SnapshotKind,
  worldEpoch,
  writeChecksum,
} from "../../../../src/realtime/delta/snapshot_header.ts";

const { Bytes, World } = SnapshotKind;

function headerOf(
  kind: SnapshotKind,
  number: number,
  distance: number,
  checksum: number,
  epoch = 0x1_0a0b,
): Uint8Array {
  const out = new Uint8Array(20);
  return out.slice(0, encodeHeader(kind, number, epoch, distance, checksum, out));
}

Deno.test("serialDistance() compares numbers around the wrap", () => {
  assertEquals(serialDistance(5, 3), 2);
  assertEquals(serialDistance(3, 5), -2);
  assertEquals(serialDistance(1, 0xffff), 2);
  assertEquals(serialDistance(0xffff, 1), -2);
  assertEquals(serialDistance(0x7fff, 0), 0x7fff);
  assertEquals(serialDistance(0x8000, 0), -0x8000);
  assertEquals(serialDistance(2, 0x1_2345_0001), 1);
});

Deno.test("encodeHeader() writes kind, number, epoch, distance and checksum", () => {
  assertEquals(headerOf(Bytes, 0x1_0203, 0, -1), Uint8Array.of(0x50, 2, 3, 10, 11, 0));
  assertEquals(headerOf(World, 7, 63, -1), Uint8Array.of(0x51, 0, 7, 10, 11, 63));
  assertEquals(headerOf(World, 7, 64, 0xfedcba98), Uint8Array.of(0x55, 0, 7, 10, 11, 0x40, 64, 0xfe, 0xdc, 0xba, 0x98));
  assertEquals(headerOf(Bytes, 0, MAX_BASE_DISTANCE, 0).length, MAX_HEADER_BYTES);
});

Deno.test("encodeHeader() returns 0 when there is no room", () => {
  for (let room = 0; room < 11; room++) {
    assertEquals(encodeHeader(World, 1, 0, 64, 1, new Uint8Array(room)), 0, `${room}`);
  }
  assertEquals(encodeHeader(World, 1, 0, 64, 1, new Uint8Array(11)), 11);
  assertEquals(encodeHeader(World, 1, 0, 63, -1, new Uint8Array(5)), 0);
  assertEquals(encodeHeader(World, 1, 0, 64, -1, new Uint8Array(6)), 0);
  assertEquals(encodeHeader(World, 1, 0, 63, -1, new Uint8Array(6)), 6);
});

Deno.test("SnapshotHeader.decode() reads what encodeHeader() wrote", () => {
  const header = new SnapshotHeader();
  for (const number of [0, 1, 0x1234, 0xffff]) {
    for (const distance of [0, 1, 63, 64, MAX_BASE_DISTANCE]) {
      for (const checksum of [-1, 0, 0xffff_ffff]) {
        const bytes = headerOf(World, number, distance, checksum);
        assertEquals(header.decode(Uint8Array.of(...bytes, 9), World), true);
        assertEquals([header.number, header.epoch], [number, 0x0a0b]);
        assertEquals([header.distance, header.bodyOffset], [distance, bytes.length]);
        assertEquals(header.isChecked, checksum >= 0);
        if (checksum >= 0) assertEquals(header.checksum, checksum);
      }
    }
  }
});

Deno.test("SnapshotHeader.decode() refuses what is no header of the kind", () => {
  const header = new SnapshotHeader();
  const good = headerOf(World, 7, 64, 5);
  assertEquals(header.decode(good, Bytes), false);
  for (let length = 0; length < good.length; length++) assertEquals(header.decode(good.slice(0, length), World), false);
  assertEquals(header.decode(good, World), true);
  for (const flags of [0x41, 0x53, 0x59, 0x00, 0xd1]) {
    assertEquals(header.decode(Uint8Array.of(flags, ...good.subarray(1)), World), false, `${flags}`);
  }
  assertEquals(header.decode(Uint8Array.of(0x51, 0, 0, 0, 0, 0x80, 0, 0x40, 0, 1), World), false);
  assertEquals(header.decode(Uint8Array.of(0x51, 0, 0, 0, 0, 0x80, 0, 0x3f, 0xff, 1), World), true);
  assertEquals(
    header.decode(Uint8Array.of(0x51, 0, 0, 0, 0, 0xff, 255, 255, 255, 255, 255, 255, 255, 1), World),
    false,
  );
});

Deno.test("writeChecksum() overwrites the checksum of a header", () => {
  const bytes = headerOf(World, 7, 3, 0);
  writeChecksum(bytes, bytes.length, 0x8001_0203);
  assertEquals(bytes, headerOf(World, 7, 3, 0x8001_0203));
});

Deno.test("worldEpoch() is another for another schema and another start", () => {
  assertEquals(worldEpoch(0x1234_5678, 0), 0x1234 ^ 0x5678);
  assertEquals(worldEpoch(0x1235_5678, 0), 0x1235 ^ 0x5678);
  assertEquals(worldEpoch(0xffff_0000, 0x1_0001), 0xfffe);
});
