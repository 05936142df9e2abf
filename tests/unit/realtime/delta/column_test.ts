import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import {
  type Column,
  expectedNumber,
  quantise,
  quantiseAngle,
  valueOf,
} from "../../../../src/realtime/delta/column.ts";
import { angle, type Field, float, int, uint } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";

function columnOf(field: Field): Column {
  return defineSchema({ x: field }).layout.columns[0]!;
}

Deno.test("quantise() takes the nearest value and moves others into the range", () => {
  const column = columnOf(float({ min: -1, max: 1, precision: 0.5 }));
  const cases = [[-5, 0], [-1, 0], [-0.76, 0], [-0.75, 1], [-0.3, 1], [0, 2], [0.74, 3], [0.75, 4], [1, 4], [9, 4]];
  for (const [value, number] of cases) assertEquals(quantise(column, value!), number, `${value}`);
  for (const value of [Infinity, -Infinity]) assertEquals(quantise(column, value), value > 0 ? 4 : 0);
  assertThrows(() => quantise(column, NaN), RangeError, "NaN");
});

Deno.test("quantise() and valueOf() keep a number within half of its precision, and both ends exactly", () => {
  const seed = 1;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 2000; round++) {
    const min = (random.visibleFraction() - 0.5) * 1000;
    const max = min + 0.001 + random.visibleFraction() * 1000;
    const precision = (max - min) * Math.max(1e-8, random.visibleFraction() ** 8);
    const column = columnOf(float({ min, max, precision }));
    const value = min + random.visibleFraction() * (max - min);
    const about = `seed ${seed}, round ${round}`;
    const shown = valueOf(column, quantise(column, value));
    assertEquals(Math.abs(shown - value) <= precision * 0.501, true, about);
    assertEquals(quantise(column, shown), quantise(column, value), about);
    assertAlmostEquals(valueOf(column, quantise(column, max)), max, precision * 1e-3, about);
    assertEquals(valueOf(column, quantise(column, min)), min, about);
  }
});

Deno.test("quantise() and valueOf() keep whole numbers of up to 32 bits", () => {
  for (const field of [uint(1), uint(8), uint(31), uint(32), int(2), int(31), int(32)]) {
    const column = columnOf(field);
    for (const value of [field.min, field.min + 1, 0, Math.floor(field.max / 2), field.max - 1, field.max]) {
      const number = quantise(column, value);
      assertEquals(number, number | 0, `${field.max}, ${value}`);
      assertEquals(valueOf(column, number), value, `${field.max}, ${value}`);
    }
    assertEquals(valueOf(column, quantise(column, field.max + 10)), field.max);
    assertEquals(valueOf(column, quantise(column, field.min - 10)), field.min);
  }
});

Deno.test("quantiseAngle() and valueOf() turn directions into those from -π to below π", () => {
  const column = columnOf(angle({ bits: 8 }));
  const step = 2 * Math.PI / 256;
  for (let number = 0; number < 256; number++) {
    for (const turns of [-100, -1, 0, 1, 100]) {
      for (const off of [-0.49, 0, 0.49]) {
        const radians = (number + off) * step + turns * 2 * Math.PI;
        assertEquals(quantiseAngle(column, radians), number, `${number} ${turns} ${off}`);
      }
    }
    const shown = valueOf(column, number);
    assertEquals(shown >= -Math.PI && shown < Math.PI, true);
    assertAlmostEquals(Math.cos(shown), Math.cos(number * step), 1e-12);
    assertAlmostEquals(Math.sin(shown), Math.sin(number * step), 1e-12);
  }
  assertEquals(valueOf(column, 128), -Math.PI);
  for (const radians of [NaN, Infinity, -Infinity]) assertThrows(() => quantiseAngle(column, radians), RangeError);
});

Deno.test("expectedNumber() follows the mean of both velocities and stays in the range", () => {
  const fields = {
    x: float({ min: 0, max: 100, precision: 0.5, velocity: "v" }),
    v: float({ min: -10, max: 10, precision: 1 }),
  };
  const { columns: [x, v] } = defineSchema(fields, { ticksPerSecond: 10 }).layout;
  const speed = (value: number): number => quantise(v!, value);
  // 10 a second are one a tick, which is two steps.
  assertEquals(expectedNumber(x!, 50, speed(10), speed(10), 3), 56);
  assertEquals(expectedNumber(x!, 50, speed(10), speed(0), 4), 54);
  assertEquals(expectedNumber(x!, 50, speed(-10), speed(-10), 5), 40);
  assertEquals(expectedNumber(x!, 50, speed(0), speed(0), 60), 50);
  assertEquals(expectedNumber(x!, 50, speed(-10), speed(-10), 26), 0);
  assertEquals(expectedNumber(x!, 190, speed(10), speed(10), 9), 200);
  assertEquals(expectedNumber(x!, 50, speed(1), speed(1), 64), expectedNumber(x!, 50, speed(1), speed(1), 5000));
  assertEquals(expectedNumber(x!, 0, speed(10), speed(10), 64), 128);
});

Deno.test("quantiseAngle() takes any finite number, also as the initial one", () => {
  const column = columnOf(angle({ bits: 10, initial: 1e308 }));
  assertEquals(column.initial, quantiseAngle(column, 1e308 % (2 * Math.PI)));
  assertEquals(quantiseAngle(column, -1e308), quantiseAngle(column, -(1e308 % (2 * Math.PI))));
  for (const none of [NaN, Infinity, -Infinity]) assertThrows(() => quantiseAngle(column, none), RangeError, "finite");
});
