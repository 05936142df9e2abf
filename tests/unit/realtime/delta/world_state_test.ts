import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { quantise, quantiseAngle, valueOf } from "../../../../src/realtime/delta/column.ts";
import { angle, float, uint, vec2 } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";
import { portrait, zooSchema } from "./zoo.ts";

const INITIAL = [[0, 0], [0, 0], [1, 2, 3], [0, 1, 100, 0, 0], ["angry", true, "", ""]];

function rounded(value: readonly unknown[]): unknown[] {
  return value.map((part) => Array.isArray(part) ? rounded(part) : typeof part === "number" ? +part.toFixed(1) : part);
}

Deno.test("WorldState.spawn() takes the lowest free id, or the one it is given", () => {
  const world = new WorldState(zooSchema(5));
  assertEquals([world.spawn(), world.spawn(3), world.spawn(), world.spawn(), world.spawn()], [0, 3, 1, 2, 4]);
  assertEquals([world.entityCount, world.has(3), world.has(5), world.has(-1), world.has(0.5)], [
    5,
    true,
    false,
    false,
    false,
  ]);
  assertThrows(() => world.spawn(), RangeError, "room for 5");
  for (const id of [5, -1, 1.5, NaN]) assertThrows(() => world.spawn(id), RangeError);
  world.despawn(2);
  world.despawn(1);
  assertEquals([world.has(1), world.entityCount], [false, 3]);
  assertEquals([world.spawn(), world.spawn()], [1, 2]);
  assertThrows(() => world.spawn(2), MisuseError, "exists");
});

Deno.test("WorldState.despawn() refuses an entity that does not exist", () => {
  const world = new WorldState(zooSchema(5));
  for (const id of [0, 5, -1, 0.5]) assertThrows(() => world.despawn(id), MisuseError, "does not exist");
});

Deno.test("WorldState.spawn() gives every field its initial value, also under an id that was used", () => {
  const world = new WorldState(zooSchema(3));
  const f = world.fields;
  const id = world.spawn();
  assertEquals(rounded(portrait(world, id)), INITIAL);
  f.position.set(id, 1, 2);
  f.place.set(id, 0, 0, 0);
  f.score.set(id, -5);
  f.mood.set(id, "calm");
  f.on.set(id, false);
  f.name.set(id, "Ada");
  f.data.set(id, Uint8Array.of(1, 2));
  world.despawn(id);
  world.spawn(id);
  assertEquals(rounded(portrait(world, id)), INITIAL);
});

Deno.test("WorldState keeps what is written, rounded, over commits", () => {
  const world = new WorldState(zooSchema(3), { historyTicks: 32 });
  const f = world.fields;
  const id = world.spawn(2);
  f.position.set(id, 1.004, -99.996);
  f.velocity.set(id, 99, -99);
  f.place.set(id, 4.2, 5.3, 9.9);
  f.height.set(id, 0.5);
  f.heading.set(id, Math.PI);
  f.health.set(id, 12.5);
  f.score.set(id, -(2 ** 31));
  f.flags.set(id, 2 ** 32 - 1);
  f.mood.set(id, "afraid");
  f.on.set(id, false);
  f.name.set(id, "Zoë");
  f.data.set(id, Uint8Array.of(9, 8));
  for (let tick = 0; tick < 70; tick++) {
    const [position, velocity, place, numbers, rest] = portrait(world, id) as number[][];
    assertAlmostEquals(position![0]!, 1, 0.005);
    assertAlmostEquals(position![1]!, -100, 0.005);
    assertEquals([velocity, place], [[20, -20], [4, 5.5, 10]]);
    assertAlmostEquals(numbers![0]!, 0.5, 0.0005);
    assertEquals(numbers!.slice(1), [-Math.PI, 13, -(2 ** 31), 2 ** 32 - 1]);
    assertEquals(rest, ["afraid", false, "Zoë", "9,8"] as unknown[]);
    assertEquals(world.commit(), tick);
    assertEquals(world.tick, tick);
  }
});

Deno.test("the writers of a world refuse entities that do not exist", () => {
  const world = new WorldState(zooSchema(3));
  const f = world.fields;
  world.despawn(world.spawn());
  for (const id of [0, 2, 3, -1, 0.5]) {
    const uses: (() => unknown)[] = [
      () => f.position.set(id, 0, 0),
      () => f.position.y(id),
      () => f.place.set(id, 0, 0, 0),
      () => f.place.z(id),
      () => f.height.set(id, 0),
      () => f.height.at(id),
      () => f.heading.set(id, 0),
      () => f.heading.at(id),
      () => f.mood.set(id, "calm"),
      () => f.mood.at(id),
      () => f.on.set(id, true),
      () => f.on.at(id),
      () => f.name.set(id, ""),
      () => f.name.at(id),
      () => f.data.set(id, new Uint8Array(0)),
      () => f.data.at(id),
    ];
    for (const use of uses) assertThrows(use, RangeError, "no entity");
  }
});

Deno.test("the writers of a world refuse values that are none", () => {
  const world = new WorldState(zooSchema(3));
  const f = world.fields;
  const id = world.spawn();
  assertThrows(() => f.position.set(id, NaN, 0), RangeError, "NaN");
  assertThrows(() => f.position.set(id, 0, NaN), RangeError, "NaN");
  assertThrows(() => f.place.set(id, 0, 0, NaN), RangeError, "NaN");
  assertThrows(() => f.heading.set(id, Infinity), RangeError, "finite");
  assertThrows(() => f.mood.set(id, "happy" as "calm"), RangeError, "happy");
  assertThrows(() => f.name.set(id, "日本語の名前"), RangeError, "12 bytes");
  assertThrows(() => f.data.set(id, new Uint8Array(6)), RangeError, "5 bytes");
  assertEquals(rounded(portrait(world, id)), INITIAL);
});

Deno.test("the writers of numbers and directions round as quantise() and quantiseAngle() do", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const schema = defineSchema({ f: float({ min: -5, max: 9, precision: 0.25 }), u: uint(32), a: angle({ bits: 6 }) });
  const [f, u, a] = schema.layout.columns;
  const world = new WorldState(schema);
  const id = world.spawn();
  const special = [
    -5,
    -4.876,
    -4.875,
    -4.874,
    9,
    8.874,
    8.876,
    0,
    -0,
    1e300,
    -1e300,
    2 ** 31,
    2 ** 32,
    2 ** 32 - 1.5,
    -0.5,
  ];
  for (let round = 0; round < 3000; round++) {
    const value = special[round] ?? (random.visibleFraction() - 0.5) * [4, 20, 2 ** 34, 1e12][random.nextInt(4)]!;
    const about = `seed ${seed}, round ${round}: ${value}`;
    world.fields.f.set(id, value);
    world.fields.u.set(id, value);
    world.fields.a.set(id, value);
    assertEquals(world.fields.f.at(id), valueOf(f!, quantise(f!, value)), about);
    assertEquals(world.fields.u.at(id), valueOf(u!, quantise(u!, value)), about);
    assertEquals(world.fields.a.at(id), valueOf(a!, quantiseAngle(a!, value)), about);
  }
});

Deno.test("the writers of a world load columns by id", () => {
  const world = new WorldState(defineSchema({
    n: uint(8),
    a: angle({ bits: 2 }),
    v: vec2({ min: 0, max: 100, precision: 1 }),
  }, { maxEntities: 4 }));
  const { n, a, v } = world.fields;
  for (const id of [0, 2, 3]) world.spawn(id);
  n.load([10, 11, 12]);
  a.load(Float64Array.of(Math.PI, NaN, -Math.PI / 2, 0, 0, 0));
  v.load(Float32Array.of(1, NaN, 2, 3), [4, NaN, 5]);
  assertEquals([0, 2, 3].map((id) => n.at(id)), [10, 12, 0]);
  assertEquals([0, 2, 3].map((id) => a.at(id)), [-Math.PI, -Math.PI / 2, 0]);
  assertEquals([0, 2, 3].map((id) => [v.x(id), v.y(id)]), [[1, 4], [2, 5], [3, 0]]);
  assertThrows(() => n.load([NaN]), RangeError, "NaN");
});

Deno.test("the bytes of a writer are copied in and out", () => {
  const world = new WorldState(zooSchema(1));
  const id = world.spawn();
  const data = Uint8Array.of(1, 2, 3);
  world.fields.data.set(id, data);
  data[0] = 9;
  world.fields.data.at(id)[1] = 9;
  assertEquals(world.fields.data.at(id), Uint8Array.of(1, 2, 3));
});

Deno.test("the bytes and strings of a writer get shorter and longer", () => {
  const world = new WorldState(zooSchema(1));
  const { name, data } = world.fields;
  const id = world.spawn();
  for (const text of ["abc", "ab", "", "a", "abcd", "abce"]) {
    name.set(id, text);
    data.set(id, new TextEncoder().encode(text));
    assertEquals([name.at(id), new TextDecoder().decode(data.at(id))], [text, text]);
  }
});

Deno.test("worlds, observers and replicas refuse options out of bounds", () => {
  for (const historyTicks of [31, 1025, 40.5]) {
    assertThrows(() => new WorldState(zooSchema(3), { historyTicks }), RangeError, "historyTicks");
  }
  assertThrows(() => new WorldState(zooSchema(3), { ticks: 3 } as object), TypeError, "ticks");
  const world = new WorldState(zooSchema(3));
  for (const maxVisible of [0, 4]) assertThrows(() => world.observe({ maxVisible }), RangeError, "maxVisible");
  assertEquals(world.observe({ maxVisible: 1, ringSnapshots: 1024 }).visibleCount, 0);
  assertThrows(() => world.observe({ ringSnapshots: 31 }), RangeError, "ringSnapshots");
  assertThrows(() => world.observe({ checksum: 0 as unknown as boolean }), TypeError, "checksum");
  assertThrows(() => world.observe({ historyTicks: 40 } as object), TypeError, "historyTicks");
});
