import { assertEquals, assertThrows } from "@std/assert";
import { ByteDelta } from "../../../../src/realtime/delta/byte_delta.ts";
import { uint } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";
import { SnapshotSender } from "../../../../src/realtime/delta/snapshot_sender.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";

const bytes = new Uint8Array(64);
const wrong = [new ArrayBuffer(64), new DataView(new ArrayBuffer(64)), new Float32Array(16), [1, 2], "text", undefined];

Deno.test("encode() refuses what is no Uint8Array at every level, and goes on afterwards", () => {
  const delta = new ByteDelta({ maxStateBytes: 64 });
  const sender = new SnapshotSender({ maxStateBytes: 64 });
  const world = new WorldState(defineSchema({ value: uint(8) }, { maxEntities: 4, ticksPerSecond: 20 }));
  const observer = world.observe();
  world.spawn();
  world.commit();
  for (const one of wrong as unknown as Uint8Array[]) {
    assertThrows(() => delta.encode(one, bytes, bytes), TypeError);
    assertThrows(() => delta.encode(bytes, one, bytes), TypeError);
    assertThrows(() => delta.encode(bytes, bytes, one), TypeError);
    assertThrows(() => sender.encode(one, bytes), TypeError);
    assertThrows(() => sender.encode(bytes.subarray(0, 8), one), TypeError);
    assertThrows(() => observer.encode(one), TypeError);
  }
  assertThrows(() => observer.encode(bytes, [0], -1), RangeError);
  assertEquals(observer.encode(bytes) > 0, true);
});
