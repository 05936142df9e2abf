import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { SpatialGrid } from "../../../../src/realtime/interest/spatial_grid.ts";
import type { Place } from "./plain_interest.ts";

function found(grid: SpatialGrid, radius: number, x: number, y: number, z = 0): number[] {
  const target = new Uint32Array(grid.query(new Uint32Array(0), radius, x, y, z));
  assertEquals(grid.query(target, radius, x, y, z), target.length);
  return [...target].sort((a, b) => a - b);
}

function foundPlainly(places: ReadonlyMap<number, Place>, radius: number, x: number, y: number, z = 0): number[] {
  const isNear = (at: Place): boolean => {
    const [dx, dy, dz] = [at.x - x, at.y - y, at.z - z];
    return dx * dx + dy * dy + dz * dz <= radius * radius;
  };
  return [...places].filter(([, at]) => isNear(at)).map(([id]) => id).sort((a, b) => a - b);
}

Deno.test("SpatialGrid.query() takes in the border", () => {
  const grid = new SpatialGrid({ cellSize: 1 });
  grid.insert(1, 3, 4);
  grid.insert(2, -3, -4);
  grid.insert(3, 3, 4.000001);
  assertEquals(found(grid, 5, 0, 0), [1, 2]);
  assertEquals(found(grid, 4.999999, 0, 0), []);
  assertEquals(found(grid, 0, 3, 4), [1]);
});

Deno.test("SpatialGrid.query() fills the target as far as it goes and tells how many there are", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  for (let id = 0; id < 20; id++) grid.insert(id, id / 10, 0);
  const target = new Uint32Array(5).fill(99);
  assertEquals(grid.query(target.subarray(0, 3), 100, 0, 0), 20);
  assertEquals([...target].map((id) => id < 20), [true, true, true, false, false]);
  assertEquals(grid.query(target.subarray(0, 3), 1, 0, 0), 11);
  assertEquals([...target.subarray(3)], [99, 99]);
});

Deno.test("SpatialGrid finds what moved where it is, and no more where it was", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  for (let id = 0; id < 30; id++) grid.insert(id, 1000 + id * 100, 0);
  grid.insert(77, 5, 5);
  grid.move(77, -2005, 5);
  assertEquals([found(grid, 3, 5, 5), found(grid, 3, -2005, 5)], [[], [77]]);
  grid.move(77, -2004, 5);
  assertEquals(found(grid, 0, -2004, 5), [77]);
});

Deno.test("SpatialGrid.remove() takes out what is there, and its id may be used again", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  grid.insert(5, 0, 0);
  assertEquals([grid.has(5), grid.remove(5), grid.remove(5), grid.has(5), grid.size], [true, true, false, false, 0]);
  assertEquals(found(grid, 100, 0, 0), []);
  grid.insert(5, 50, 0);
  assertEquals([found(grid, 10, 0, 0), found(grid, 10, 50, 0)], [[], [5]]);
});

Deno.test("SpatialGrid takes coordinates of any size", () => {
  const far = [0, -0, 1e-300, 1e9, -1e9, 2 ** 53, 1e20, -1e20, 1e200, 1e308, -1e308, Number.MAX_VALUE];
  for (const cellSize of [1e-9, 1, 1e12]) {
    const grid = new SpatialGrid({ cellSize });
    const places = new Map<number, Place>();
    for (const x of far) {
      for (const y of far) {
        const id = places.size;
        places.set(id, { x, y, z: 0 });
        grid.insert(id, x, y);
      }
    }
    for (const { x, y } of [...places.values()]) {
      for (const radius of [0, 1, 1e10, 1e21, 1e150]) {
        const where = `cells of ${cellSize}, radius ${radius} around ${x}, ${y}`;
        assertEquals(found(grid, radius, x, y), foundPlainly(places, radius, x, y), where);
      }
    }
  }
});

Deno.test("SpatialGrid finds what is within the radius although the border of a cell rounds to the other side", () => {
  // 36.2 - 23.6 is 12.600000000000001, the first place of the next cell; but 36.2 - 12.6 is 23.6.
  for (const [x, y, z] of [[1, 0, 0], [0, 1, 0], [0, 0, 1]] as const) {
    const grid = new SpatialGrid({ cellSize: 12.600000000000001, dimensions: 3 });
    grid.insert(0, 12.6 * x, 12.6 * y, 12.6 * z);
    for (let id = 1; id < 200; id++) grid.insert(id, -1000, -1000, -1000);
    assertEquals(found(grid, 23.6, 36.2 * x, 36.2 * y, 36.2 * z), [0], `axis ${x}, ${y}, ${z}`);
  }
});

Deno.test("SpatialGrid finds nothing twice where rows of cells share buckets", () => {
  // As many entities as cells are looked at: the smallest cubes for which the hash is that full.
  for (const edge of [8, 16]) {
    const grid = new SpatialGrid({ cellSize: 1, dimensions: 3 });
    const places = new Map<number, Place>();
    for (let id = 0; id < edge ** 3; id++) {
      const place = { x: id % edge + 0.5, y: Math.floor(id / edge) % edge + 0.5, z: Math.floor(id / edge ** 2) + 0.5 };
      places.set(id, place);
      grid.insert(id, place.x, place.y, place.z);
    }
    const radius = edge / 2 - 0.01;
    const middle = edge / 2;
    const expected = foundPlainly(places, radius, middle, middle, middle);
    assertEquals(found(grid, radius, middle, middle, middle), expected, `edge ${edge}`);
  }
});

for (const dimensions of [2, 3] as const) {
  Deno.test(`SpatialGrid agrees with a look at everything in ${dimensions} dimensions`, () => {
    for (const [seed, cellSize, span] of [[1, 10, 100], [2, 3, 1000], [3, 50, 60], [4, 0.5, 20]] as const) {
      const random = new SeededRandom(seed);
      const at = (): number => Math.round((random.visibleFraction() - 0.5) * span * 4) / 4;
      const grid = new SpatialGrid({ cellSize, dimensions, maxEntities: 400 });
      const places = new Map<number, Place>();
      for (let step = 0; step < 4000; step++) {
        const id = random.nextInt(500);
        const place = { x: at(), y: at(), z: dimensions === 3 ? at() : 0 };
        const action = random.nextInt(8);
        if (action === 0) {
          assertEquals(grid.remove(id), places.delete(id), `seed ${seed}, step ${step}`);
        } else if (action < 6) {
          if (places.has(id)) grid.move(id, place.x, place.y, place.z);
          else if (places.size < 400) grid.insert(id, place.x, place.y, place.z);
          else continue;
          places.set(id, place);
        } else {
          const radius = random.visibleFraction() * span / (action === 6 ? 10 : 1);
          const { x, y, z } = place;
          const where = `seed ${seed}, step ${step}, radius ${radius} around ${x}, ${y}, ${z}`;
          assertEquals(found(grid, radius, x, y, z), foundPlainly(places, radius, x, y, z), where);
        }
        assertEquals(grid.size, places.size);
      }
    }
  });
}

Deno.test("SpatialGrid of three dimensions agrees with one of two where all lies in a plane", () => {
  const random = new SeededRandom(9);
  const [flat, deep] = [new SpatialGrid({ cellSize: 4 }), new SpatialGrid({ cellSize: 4, dimensions: 3 })];
  for (let id = 0; id < 500; id++) {
    const [x, y] = [random.nextInt(100), random.nextInt(100)];
    flat.insert(id, x, y);
    deep.insert(id, x, y, 0);
  }
  for (let n = 0; n < 200; n++) {
    const [radius, x, y] = [random.nextInt(12), random.nextInt(100), random.nextInt(100)];
    assertEquals(found(deep, radius, x, y), found(flat, radius, x, y), `radius ${radius} around ${x}, ${y}`);
  }
});

Deno.test("SpatialGrid refuses numbers that are no place, and stays as it was", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  grid.insert(1, 2, 3);
  for (const bad of [NaN, Infinity, -Infinity]) {
    assertThrows(() => grid.insert(2, bad, 0), RangeError, "coordinates are finite");
    assertThrows(() => grid.insert(2, 0, bad), RangeError, "coordinates are finite");
    assertThrows(() => grid.move(1, 0, bad), RangeError, "coordinates are finite");
    assertThrows(() => grid.query(new Uint32Array(1), 1, bad, 0), RangeError, "coordinates are finite");
  }
  assertThrows(() => grid.insert(2, 0, 0, 1), RangeError, "2 dimensions");
  assertThrows(() => new SpatialGrid({ cellSize: 1, dimensions: 3 }).insert(2, 0, 0, NaN), RangeError, "finite");
  assertEquals([grid.size, found(grid, 0, 2, 3)], [1, [1]]);
});

Deno.test("SpatialGrid refuses radii that are none", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  for (const radius of [-1, NaN, Infinity, 1e151]) {
    assertThrows(() => grid.query(new Uint32Array(1), radius, 0, 0), RangeError, "a radius is from 0");
  }
});

Deno.test("SpatialGrid refuses ids that are none, taken or unknown", () => {
  const grid = new SpatialGrid({ cellSize: 10 });
  for (const id of [-1, 0.5, NaN, 2 ** 32]) assertThrows(() => grid.insert(id, 0, 0), RangeError, "ids are integers");
  grid.insert(0xffff_ffff, 0, 0);
  assertEquals(found(grid, 1, 0, 0), [0xffff_ffff]);
  assertThrows(() => grid.insert(0xffff_ffff, 0, 0), MisuseError, "in the grid already");
  assertThrows(() => grid.move(1, 0, 0), MisuseError, "not in the grid");
  assertEquals([grid.remove(1), grid.has(NaN)], [false, false]);
});

Deno.test("SpatialGrid holds maxEntities and refuses one more", () => {
  const grid = new SpatialGrid({ cellSize: 10, maxEntities: 3 });
  for (let id = 0; id < 3; id++) grid.insert(id, 0, 0);
  assertThrows(() => grid.insert(3, 0, 0), ResourceError, "all its 3 entities");
  grid.remove(1);
  grid.insert(3, 0, 0);
  assertEquals(found(grid, 1, 0, 0), [0, 2, 3]);
});
