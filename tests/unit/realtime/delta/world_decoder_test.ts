import { assertEquals } from "@std/assert";
import { choice, text } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";
import { encodeHeader, SnapshotKind, worldEpoch } from "../../../../src/realtime/delta/snapshot_header.ts";
import { SnapshotStatus } from "../../../../src/realtime/delta/snapshot_status.ts";
import { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";
import { binary, packed, riceCode } from "./bit_string.ts";

const { Applied, Malformed, TooLarge } = SnapshotStatus;
const schema = defineSchema({ mood: choice(["a", "b", "c"]), name: text(5) }, { maxEntities: 4 });
const FINGERPRINT = binary(schema.fingerprint, 32);
const EPOCH = worldEpoch(schema.fingerprint, 0);

/** A packet made by hand. */
function made(number: number, distance: number, digits: string): Uint8Array {
  const packet = new Uint8Array(100);
  const header = encodeHeader(SnapshotKind.World, number, EPOCH, distance, -1, packet);
  packet.set(packed(digits), header);
  return packet.slice(0, header + packed(digits).length);
}

/** Places of a list of `end`, with parameter 0. */
function places(list: readonly number[], end: number): string {
  const width = 32 - Math.clz32(end - 1);
  const gaps = list.map((place, i) => riceCode(place - (list[i - 1] ?? -1) - 1, 0, width));
  return end === 0 ? "" : list.length === 0 ? "0" : "1" + binary(list.length - 1, width) + binary(0, 5) + gaps.join("");
}

/** Bytes of some of the entities of a group. */
function names(which: readonly number[], count: number, name: string, length = name.length): string {
  const bytes = [...new TextEncoder().encode(name)].map((byte) => binary(byte, 8)).join("");
  return places(which, count) + which.map(() => binary(length, 3) + bytes).join("");
}

/** Two entities, 1 and 2, whole: "b" without a name, and "c" called "ab". */
const TWO = FINGERPRINT + places([1, 2], 4) + "000" + "101" + "111" + "01" + "10" + names([1], 2, "ab");

function replica(): WorldReplica<typeof schema.fields> {
  const one = new WorldReplica(schema);
  assertEquals(one.handlePacket(made(5, 0, TWO)), Applied);
  return one;
}

function shown(one: WorldReplica<typeof schema.fields>): unknown[] {
  const { ids, count, fields } = one.sample(one.latestTick);
  return [...ids.subarray(0, count)].map((id) => [id, fields.mood.at(id), fields.name.at(id)]);
}

Deno.test("WorldReplica.handlePacket() reads the layout of a full snapshot", () => {
  assertEquals(shown(replica()), [[1, "b", ""], [2, "c", "ab"]]);
});

Deno.test("WorldObserver.encode() writes the layout of a full snapshot", () => {
  const world = new WorldState(schema);
  for (const id of [1, 2]) world.spawn(id);
  world.fields.mood.set(1, "b");
  world.fields.mood.set(2, "c");
  world.fields.name.set(2, "ab");
  world.commit();
  const packet = new Uint8Array(100);
  const digits = FINGERPRINT + places([1, 2], 4) + "001" + "001" + "111" + "01" + "10" + names([1], 2, "ab");
  assertEquals(packet.slice(0, world.observe().encode(packet)), made(0, 0, digits));
});

/** What follows {@linkcode TWO}: removed, whole, generations, touched, the groups. */
const DELTAS: readonly (readonly [string, string, SnapshotStatus, unknown[]])[] = [
  ["nothing new", "0" + "0" + "0", Applied, [[1, "b", ""], [2, "c", "ab"]]],
  ["one that leaves", places([0], 2) + "0" + "0", Applied, [[2, "c", "ab"]]],
  ["all that leave", places([0, 1], 2) + "0", Applied, []],
  ["a change", "0" + "0" + places([0], 2) + "110" + "00000" + "10" + "0", Applied, [[1, "a", ""], [2, "c", "ab"]]],
  [
    "one that comes",
    "0" + places([3], 4) + "000" + "0" + "0" + "0",
    Applied,
    [[1, "b", ""], [2, "c", "ab"], [3, "a", ""]],
  ],
  ["one that starts over", "0" + places([2], 4) + "101" + "0" + "0" + "0", Applied, [[1, "b", ""], [2, "a", ""]]],
  ["one that leaves and comes", places([1], 2) + places([2], 4) + "110" + "0" + "0" + "0", Applied, [[1, "b", ""], [
    2,
    "a",
    "",
  ]]],
  ["one that both starts over and changes", "0" + places([2], 4) + "101" + places([1], 2) + "0000", Malformed, []],
  ["a number beyond its column", "0" + "0" + places([0], 2) + "111" + "11" + "0", Malformed, []],
  ["a difference", "0" + "0" + places([1], 2) + "110" + "00000" + "10" + "0", Applied, [[1, "b", ""], [2, "b", "ab"]]],
  [
    "a difference that ends beyond its column",
    "0" + "0" + places([1], 2) + "110" + "00000" + "110" + "0",
    Malformed,
    [],
  ],
  ["a string that is too long", "0" + "0" + places([0], 2) + "0" + names([0], 1, "abcdef"), Malformed, []],
  ["the longest string", "0" + "0" + places([0], 2) + "0" + names([0], 1, "abcde"), Applied, [[1, "b", "abcde"], [
    2,
    "c",
    "ab",
  ]]],
  ["a string that ends early", "0" + "0" + places([0], 2) + "0" + names([0], 1, "abc", 5), Malformed, []],
  ["a place beyond the base", places([2], 2) + "0" + "0", Malformed, []],
  [
    "an id beyond the world",
    "0" + "1" + binary(0, 2) + binary(0, 5) + riceCode(4, 0, 2) + "000" + "000",
    Malformed,
    [],
  ],
  ["a change of one that is not there", "0" + "0" + places([2], 2) + "0" + "0", Malformed, []],
  [
    "a number of one beyond the group",
    "00" + places([0, 1], 2) + "10" + "0" + binary(0, 10) + "110" + "00",
    Malformed,
    [],
  ],
  [
    "a string of one beyond the group",
    "00" + places([0, 1], 2) + "0" + "10" + binary(0, 5) + "110",
    Malformed,
    [],
  ],
  ["bits behind the end", "0" + "0" + "0" + "00001", Malformed, []],
  ["a byte behind the end", "0" + "0" + "0" + "0".repeat(13), Malformed, []],
];

for (const [name, digits, status, expected] of DELTAS) {
  Deno.test(`WorldReplica.handlePacket() of ${name} is ${status === Applied ? "applied" : "refused"}`, () => {
    const one = replica();
    assertEquals(one.handlePacket(made(6, 1, digits)), status);
    const wanted = status !== Applied ? [[1, "b", ""], [2, "c", "ab"]] : expected;
    assertEquals([one.latestTick, shown(one)], [status === Applied ? 6 : 5, wanted]);
  });
}

Deno.test("WorldReplica.handlePacket() takes no more entities than it has room for, before it reads on", () => {
  const one = new WorldReplica(schema, { maxVisible: 1 });
  assertEquals(one.handlePacket(made(5, 0, TWO)), TooLarge);
  assertEquals(one.handlePacket(made(5, 0, FINGERPRINT + places([3], 4) + "000" + "0" + "0")), Applied);
  assertEquals(one.handlePacket(made(6, 1, "0" + places([1], 4) + "000" + "0" + "0" + "0")), TooLarge);
  assertEquals(shown(one), [[3, "a", ""]]);
});
