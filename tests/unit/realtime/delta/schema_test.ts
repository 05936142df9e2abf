import { assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  angle,
  bool,
  bytes,
  choice,
  float,
  int,
  text,
  uint,
  vec2,
  vec3,
} from "../../../../src/realtime/delta/field.ts";
import { defineSchema, type FieldSet } from "../../../../src/realtime/delta/schema.ts";

const range = { min: -10, max: 10, precision: 0.1 };

Deno.test("defineSchema() lays fields out in columns", () => {
  const { layout } = defineSchema({
    position: vec2({ ...range, velocity: "velocity" }),
    name: text(7),
    velocity: vec2(range),
    blob: bytes(9),
    place: vec3(range),
    on: bool(),
    turn: angle({ bits: 9 }),
    big: uint(32),
    low: int(5),
    kind: choice(["a", "b", "c"]),
  });
  assertEquals(layout.columns.map((column) => column.bits), [8, 8, 8, 8, 8, 8, 8, 1, 9, 32, 5, 2]);
  assertEquals(layout.columns.map((column) => column.velocity), [2, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]);
  assertEquals(layout.codingOrder, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1]);
  assertEquals(layout.columnCount, 14);
  assertEquals(layout.blobBytes, 16);
  assertEquals(layout.blobs, [{ maxBytes: 7, offset: 0, lengthColumn: 12 }, {
    maxBytes: 9,
    offset: 7,
    lengthColumn: 13,
  }]);
  assertEquals([layout.places.get("velocity"), layout.places.get("blob"), layout.places.get("kind")], [2, 1, 11]);
});

Deno.test("defineSchema() codes a velocity before what depends on it, wherever it stands", () => {
  const first = defineSchema({ v: float(range), x: float({ ...range, velocity: "v" }), y: float(range) }).layout;
  assertEquals([first.codingOrder, first.columns[1]!.velocity], [[0, 2, 1], 0]);
});

Deno.test("defineSchema() divides a range into the fewest steps that keep the precision", () => {
  const columns = (min: number, max: number, precision: number) =>
    defineSchema({ x: float({ min, max, precision }) }).layout.columns[0]!;
  assertEquals([columns(0, 1, 0.1).top, columns(0, 1.1, 0.1).top, columns(0, 0.3, 0.1).top], [10, 11, 3]);
  assertEquals([columns(0, 1, 0.3).top, columns(0, 1, 0.3).step], [4, 0.25]);
  assertEquals(columns(0, 1e-9, 1).top, 1);
});

Deno.test("defineSchema() turns velocities into steps per tick", () => {
  const fields = { x: float({ ...range, velocity: "v" }), v: float({ min: -4, max: 4, precision: 1 }) };
  const [x] = defineSchema(fields, { ticksPerSecond: 5 }).layout.columns;
  assertAlmostEquals(x!.driftOffset, -4 / 5 / 0.1);
  assertAlmostEquals(x!.driftStep, 1 / 5 / 0.1 / 2);
});

Deno.test("defineSchema() gives different fingerprints for all that changes the wire", () => {
  const base = { x: float(range), kind: choice(["a", "b"]), v: float(range), name: text(4) };
  const all: [FieldSet, { maxEntities?: number; ticksPerSecond?: number }][] = [
    [base, {}],
    [base, { maxEntities: 1000 }],
    [base, { ticksPerSecond: 30 }],
    [{ ...base, x: float({ ...range, precision: 0.2 }) }, {}],
    [{ ...base, x: float({ ...range, initial: 1 }) }, {}],
    [{ ...base, x: float({ ...range, velocity: "v" }) }, {}],
    [{ ...base, kind: choice(["b", "a"]) }, {}],
    [{ ...base, name: text(5) }, {}],
    [{ ...base, name: bytes(4) }, {}],
    [{ kind: base.kind, x: base.x, v: base.v, name: base.name }, {}],
    [{ y: base.x, kind: base.kind, v: base.v, name: base.name }, {}],
  ];
  const prints = all.map(([fields, options]) => defineSchema(fields, options).fingerprint);
  assertEquals(new Set(prints).size, all.length);
  assertEquals(defineSchema({ ...base }).fingerprint, prints[0]);
  assertNotEquals(prints[0], 0);
});

Deno.test("defineSchema() has defaults and limits", () => {
  const fields = { x: bool() };
  const { maxEntities, ticksPerSecond } = defineSchema(fields);
  assertEquals([maxEntities, ticksPerSecond], [1024, 20]);
  assertEquals(defineSchema(fields, { maxEntities: 65_536, ticksPerSecond: 10_000 }).maxEntities, 65_536);
  assertEquals(defineSchema(fields, { maxEntities: 1, ticksPerSecond: 0.001 }).ticksPerSecond, 0.001);
  for (const maxEntities of [0, 65_537, 1.5, NaN]) {
    assertThrows(() => defineSchema(fields, { maxEntities }), RangeError);
  }
  for (const ticksPerSecond of [0, -1, NaN, 10_001]) {
    assertThrows(() => defineSchema(fields, { ticksPerSecond }), RangeError);
  }
  assertThrows(() => defineSchema(fields, { ticksPerSecond: "20" as unknown as number }), TypeError);
  assertThrows(() => defineSchema(fields, { ticks: 20 } as object), TypeError, "ticks");
});

Deno.test("defineSchema() refuses no field, too many, and velocities that are none", () => {
  assertThrows(() => defineSchema({}), RangeError, "at least one");
  const many = Object.fromEntries(Array.from({ length: 86 }, (_, i) => [`f${i}`, vec3(range)]));
  assertThrows(() => defineSchema(many), RangeError, "256");
  assertThrows(() => defineSchema({ x: float({ ...range, velocity: "v" }) }), RangeError, "no field");
  assertThrows(
    () => defineSchema({ x: float({ ...range, velocity: "v" }), v: vec2(range) }),
    TypeError,
    "must be a float",
  );
  assertThrows(() => defineSchema({ x: float({ ...range, velocity: "x" }) }), TypeError, "of its own");
  assertThrows(() => defineSchema({ x: float({ ...range, velocity: "v" }), v: uint(3) }), TypeError, "must be a float");
});

Deno.test("defineSchema() refuses a velocity that goes beyond what a double holds, in steps of its place", () => {
  const x = float({ min: 0, max: 1e-290, precision: 1e-299, velocity: "v" });
  const v = float({ min: 0, max: 1e20, precision: 1e12 });
  assertThrows(() => defineSchema({ x, v }), RangeError, "too fast");
});
