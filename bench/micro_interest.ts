/**
 * `deno bench bench/micro_interest.ts`: the hot functions of interest management.
 *
 * Each run works on 10,000 entities, of which 50 are within a radius, or on the 1,000 observers that follow every
 * tenth of them.
 *
 * @module
 */
import { SeededRandom } from "../src/random/seeded_random.ts";
import { InterestManager } from "../src/realtime/interest/interest_manager.ts";
import { PriorityAccumulator } from "../src/realtime/interest/priority_accumulator.ts";
import { SpatialGrid } from "../src/realtime/interest/spatial_grid.ts";

const ENTITIES = 10_000;
const OBSERVERS = 1000;
const RADIUS = 40;
const DATAGRAM_BYTES = 1200;

const flatSide = Math.sqrt(ENTITIES * Math.PI * RADIUS ** 2 / 50);
const deepSide = Math.cbrt(ENTITIES * (4 / 3) * Math.PI * RADIUS ** 3 / 50);
const random = new SeededRandom(3);
const ids = Uint32Array.from({ length: ENTITIES }, (_, i) => i);
const flatPlaces = Float64Array.from({ length: 2 * ENTITIES }, () => random.visibleFraction() * flatSide);
const deepPlaces = Float64Array.from({ length: 3 * ENTITIES }, () => random.visibleFraction() * deepSide);
const target = new Uint32Array(256);
let sum = 0;

const grid = new SpatialGrid({ cellSize: RADIUS / 2 });
for (const id of ids) grid.insert(id, flatPlaces[2 * id]!, flatPlaces[2 * id + 1]!);

Deno.bench("SpatialGrid.move, 10,000 within their cells", () => {
  for (let id = 0; id < ENTITIES; id++) grid.move(id, flatPlaces[2 * id]!, flatPlaces[2 * id + 1]!);
});

let shift = 0;
Deno.bench("SpatialGrid.move, 10,000 to other cells", () => {
  shift = RADIUS - shift;
  for (let id = 0; id < ENTITIES; id++) grid.move(id, flatPlaces[2 * id]! + shift, flatPlaces[2 * id + 1]!);
});

Deno.bench("SpatialGrid.query, 1,000", () => {
  for (let id = 0; id < OBSERVERS; id++) {
    sum += grid.query(target, RADIUS, flatPlaces[2 * id]!, flatPlaces[2 * id + 1]!);
  }
});

const flat = worldOf(2);
Deno.bench("InterestManager.moveEntities, 10,000", () => flat.moveEntities(ids, flatPlaces));
Deno.bench("InterestManager.tick in two dimensions", () => {
  sum += flat.tick();
});

const deep = worldOf(3);
Deno.bench("InterestManager.tick in three dimensions", () => {
  sum += deep.tick();
});

const accumulators = Array.from({ length: OBSERVERS }, () => new PriorityAccumulator());
Deno.bench("InterestManager.prioritize, 1,000", () => {
  for (let id = 0; id < OBSERVERS; id++) sum += flat.prioritize(id, accumulators[id]!);
});

Deno.bench("PriorityAccumulator.openDatagram and pollNext until full, 1,000", () => {
  for (let i = 0; i < OBSERVERS; i++) {
    const accumulator = accumulators[i]!;
    flat.prioritize(i, accumulator);
    accumulator.openDatagram(DATAGRAM_BYTES);
    for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) sum += id;
  }
});

function worldOf(dimensions: 2 | 3): InterestManager {
  const interest = new InterestManager({ cellSize: RADIUS / 2, dimensions });
  for (const id of ids) interest.addEntity(id, 0, 0);
  interest.moveEntities(ids, dimensions === 2 ? flatPlaces : deepPlaces);
  for (let id = 0; id < OBSERVERS; id++) interest.addObserver(id, { radius: RADIUS, follow: 10 * id });
  interest.tick();
  interest.discardEvents();
  return interest;
}
