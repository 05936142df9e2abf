/**
 * `interest.tick.*`: the processor time that a tick takes to move all entities, to find who is relevant to whom, and to
 * poll what has changed; processor time, because a tick of some ms would often count other programs' turns.
 * `interest.datagrams`: that of raising the priorities and filling a datagram of 400 bytes for each of 1,000 observers,
 * which comes on top of the tick. `interest.savings`: the share of bytes that interest saves on the arena, against
 * sending everybody everything.
 *
 * Every tenth entity has an observer that follows it and sees about 50 others; all move all the time. The baseline of
 * 10,000 entities is a loop in which every observer looks at every entity, with a byte of memory a pair and no events
 * to hand out. The baseline of 100,000 is ten times the tick of 10,000, so that its ratio says how far cost
 * is from growing with the number of entities; it counts as linear up to a ratio of 2, because ten times the entities
 * outgrow the caches. The baseline of the datagrams is sorting what is relevant by distance for each. Each figure is taken in a process of its own. The baseline of savings is
 * what circles without hysteresis would save.
 *
 * @module
 */
import process from "node:process";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { InterestEventKind } from "../../src/realtime/interest/interest_events.ts";
import { InterestManager } from "../../src/realtime/interest/interest_manager.ts";
import { PriorityAccumulator } from "../../src/realtime/interest/priority_accumulator.ts";
import { median } from "../harness/scenario.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { cast } from "../harness/role_process.ts";
import { play, report, type Settings } from "../harness/role.ts";
import { ArenaTrace, RECORD_BYTES } from "./delta_trace.ts";

const SEED = 11;
const ENTITIES_PER_OBSERVER = 10;
const RADIUS = 40;
const LEAVE_RADIUS = 45;
/** Half of the radius: the fastest of 13, 20, 30, 40 and 60. */
const CELL_SIZE = 20;
/** How many entities are within the radius of an observer, on average. */
const SEEN = 50;
/** How far an entity moves in a tick, at most, in each direction. */
const SPEED = 0.5;

/** 10,000 entities and 1,000 observers. */
export const interestTick10k: Scenario = {
  name: "interest.tick.10k",
  metric: "ms",
  unit: "ms",
  target: { of: "value", bound: "at most", limit: 16 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => tickOf("plain", 10_000, ticksOf(context, 20)),
  product: (context) => tickOf("interest", 10_000, ticksOf(context, 400)),
};

/** 100,000 entities and 10,000 observers at the same density; what a tick works on outgrows the caches on the way. */
export const interestTick100k: Scenario = {
  name: "interest.tick.100k",
  metric: "ms",
  unit: "ms",
  target: { of: "ratio", bound: "at most", limit: 2 },
  rounds: 3,
  lessBaseline: false,
  baseline: async (context) => {
    const { value } = await tickOf("interest", 10_000, ticksOf(context, 400));
    return { value: 10 * value };
  },
  product: (context) => tickOf("interest", 100_000, ticksOf(context, 100)),
};

/** A datagram for each observer of 10,000 entities. */
export const interestDatagrams: Scenario = {
  name: "interest.datagrams",
  metric: "ms",
  unit: "ms",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => datagramsOf("sorted", ticksOf(context, 100)),
  product: (context) => datagramsOf("datagrams", ticksOf(context, 100)),
};

const DATAGRAM_BYTES = 400;
const BOTS = 256;
const PLAYERS = 32;
const ARENA_RADIUS = 150;
const ARENA_LEAVE_RADIUS = 165;
const ARENA_TICKS = 1200;
/** What tells a client to forget an entity. */
const LEAVE_BYTES = 4;

/** 32 of 256 bots see 150 units far in an arena of 1,000 by 1,000; a record a tick for everything relevant. */
export const interestSavings: Scenario = {
  name: "interest.savings",
  metric: "share",
  unit: "of bytes",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: () => Promise.resolve(savings(new Circles())),
  product: () => Promise.resolve(savings(new Sets())),
};

function ticksOf({ quick }: RunContext, ticks: number): number {
  return quick ? Math.ceil(ticks / 4) : ticks;
}

function tickOf(role: string, entities: number, ticks: number): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const { ms, seen, events } = await spawn(role, { entities, ticks }).expect("ticked");
    const perEntity = Number(ms) / entities * 1e6;
    return {
      value: Number(ms),
      note: `${perEntity.toFixed(0)} ns an entity, each sees ${seen}, ${events} events a tick`,
    };
  });
}

function datagramsOf(role: string, ticks: number): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const { ms, sent } = await spawn(role, { entities: 10_000, ticks }).expect("filled");
    return { value: Number(ms), note: `${sent} entities in each of 1,000 datagrams` };
  });
}

/** Entities that move straight on and turn round at the walls. */
class Crowd {
  readonly ids: Uint32Array;
  readonly places: Float64Array;
  readonly observers: number;
  readonly #velocities: Float64Array;
  readonly #side: number;

  constructor(entities: number) {
    const random = new SeededRandom(SEED);
    this.#side = Math.sqrt(entities * Math.PI * RADIUS ** 2 / SEEN);
    this.observers = entities / ENTITIES_PER_OBSERVER;
    this.ids = Uint32Array.from({ length: entities }, (_, i) => 1000 + i);
    this.places = Float64Array.from({ length: 2 * entities }, () => random.visibleFraction() * this.#side);
    this.#velocities = Float64Array.from({ length: 2 * entities }, () => (random.visibleFraction() * 2 - 1) * SPEED);
  }

  step(): void {
    const { places } = this;
    for (let i = 0; i < places.length; i++) {
      const next = places[i]! + this.#velocities[i]!;
      if (next < 0 || next > this.#side) this.#velocities[i]! *= -1;
      else places[i] = next;
    }
  }
}

/** Lets half as many ticks pass to warm up, then reports the median of those that count. */
function time(crowd: Crowd, ticks: number, tick: () => number, relevantCount: () => number): void {
  const times: number[] = [];
  let events = 0;
  const warmTicks = Math.ceil(ticks / 2);
  for (let i = 0; i < warmTicks + ticks; i++) {
    crowd.step();
    const start = process.cpuUsage();
    const changes = tick();
    const { user, system } = process.cpuUsage(start);
    if (i < warmTicks) continue;
    times.push((user + system) / 1000);
    events += changes;
  }
  const seen = (relevantCount() / crowd.observers).toFixed(1);
  report("ticked", { ms: median(times), seen, events: Math.round(events / ticks) });
}

function interestOf(crowd: Crowd): InterestManager {
  const interest = new InterestManager({ cellSize: CELL_SIZE, maxEntities: 1 << 17, maxObservers: 1 << 14 });
  crowd.ids.forEach((id, i) => interest.addEntity(id, crowd.places[2 * i]!, crowd.places[2 * i + 1]!));
  for (let i = 0; i < crowd.observers; i++) {
    const follow = crowd.ids[i * ENTITIES_PER_OBSERVER]!;
    interest.addObserver(i, { radius: RADIUS, leaveRadius: LEAVE_RADIUS, follow });
  }
  return interest;
}

function interestRole(settings: Settings): Promise<void> {
  const crowd = new Crowd(settings.of("entities"));
  const interest = interestOf(crowd);
  let relevant = 0;
  time(crowd, settings.of("ticks"), () => {
    let events = 0;
    interest.moveEntities(crowd.ids, crowd.places);
    interest.tick();
    for (let event = interest.pollEvent(); event !== undefined; event = interest.pollEvent(), events++) {
      relevant += event.kind === InterestEventKind.Enter ? 1 : -1;
    }
    return events;
  }, () => relevant);
  return Promise.resolve();
}

/** Fills a datagram for every observer in every tick; what it sends is up to the function. */
function fillAll(
  settings: Settings,
  fill: (crowd: Crowd, interest: InterestManager, observer: number) => number,
): void {
  const crowd = new Crowd(settings.of("entities"));
  const interest = interestOf(crowd);
  const ticks = settings.of("ticks");
  const warmTicks = Math.ceil(ticks / 2);
  const times: number[] = [];
  let sent = 0;
  for (let i = 0; i < warmTicks + ticks; i++) {
    crowd.step();
    interest.moveEntities(crowd.ids, crowd.places);
    interest.tick();
    interest.discardEvents();
    const start = process.cpuUsage();
    let filled = 0;
    for (let observer = 0; observer < crowd.observers; observer++) filled += fill(crowd, interest, observer);
    const { user, system } = process.cpuUsage(start);
    if (i < warmTicks) continue;
    times.push((user + system) / 1000);
    sent += filled;
  }
  report("filled", { ms: median(times), sent: (sent / ticks / crowd.observers).toFixed(1) });
}

function datagramsRole(settings: Settings): Promise<void> {
  const accumulators: PriorityAccumulator[] = [];
  fillAll(settings, (_, interest, observer) => {
    const accumulator = accumulators[observer] ??= new PriorityAccumulator();
    interest.prioritize(observer, accumulator);
    accumulator.openDatagram(DATAGRAM_BYTES);
    let count = 0;
    while (accumulator.pollNext() >= 0) count++;
    return count;
  });
  return Promise.resolve();
}

/** The nearest first, without any memory of what was sent. */
function sortedRole(settings: Settings): Promise<void> {
  const target = new Uint32Array(1024);
  const capacity = Math.floor(DATAGRAM_BYTES / 32);
  fillAll(settings, ({ ids, places }, interest, observer) => {
    const count = interest.readRelevant(target, observer);
    const self = 2 * observer * ENTITIES_PER_OBSERVER;
    const far = (id: number): number => {
      const at = 2 * (id - ids[0]!);
      return (places[at]! - places[self]!) ** 2 + (places[at + 1]! - places[self + 1]!) ** 2;
    };
    target.subarray(0, count).sort((a, b) => far(a) - far(b));
    return Math.min(count, capacity);
  });
  return Promise.resolve();
}

function plainRole(settings: Settings): Promise<void> {
  const crowd = new Crowd(settings.of("entities"));
  const sets = new Uint8Array(crowd.observers * crowd.ids.length);
  time(crowd, settings.of("ticks"), () => {
    let events = 0;
    for (let i = 0; i < crowd.observers; i++) events += lookAtAll(crowd, i, sets);
    return events;
  }, () => sets.reduce((sum, one) => sum + one, 0));
  return Promise.resolve();
}

function lookAtAll({ places, ids }: Crowd, observer: number, sets: Uint8Array): number {
  const x = places[2 * observer * ENTITIES_PER_OBSERVER]!;
  const y = places[2 * observer * ENTITIES_PER_OBSERVER + 1]!;
  const first = observer * ids.length;
  let events = 0;
  for (let i = 0; i < ids.length; i++) {
    const dx = places[2 * i]! - x;
    const dy = places[2 * i + 1]! - y;
    const distance = dx * dx + dy * dy;
    if (distance > LEAVE_RADIUS ** 2) {
      events += sets[first + i]!;
      sets[first + i] = 0;
    } else if (distance <= RADIUS ** 2 && sets[first + i] === 0) {
      events++;
      sets[first + i] = 1;
    }
  }
  return events;
}

/** What is sent to the players of the arena. */
interface Relevance {
  /** Takes the bots where they are; returns how many records and how many leaves the players get. */
  tick(x: Float64Array, y: Float64Array): { readonly records: number; readonly leaves: number };
}

function savings(relevance: Relevance): Sample {
  const trace = new ArenaTrace(BOTS, "busy", SEED);
  let bytes = 0;
  for (let tick = 0; tick < ARENA_TICKS; tick++) {
    trace.step();
    const { records, leaves } = relevance.tick(trace.bots.x, trace.bots.y);
    bytes += records * RECORD_BYTES + leaves * LEAVE_BYTES;
  }
  const perPlayer = bytes / PLAYERS / ARENA_TICKS;
  const note = `${perPlayer.toFixed(0)} of ${BOTS * RECORD_BYTES} B a tick and player`;
  return { value: 1 - perPlayer / (BOTS * RECORD_BYTES), note };
}

class Sets implements Relevance {
  readonly #interest = new InterestManager({ cellSize: ARENA_RADIUS / 2 });
  #records = 0;

  constructor() {
    for (let id = 0; id < BOTS; id++) this.#interest.addEntity(id, 0, 0);
    for (let id = 0; id < PLAYERS; id++) {
      this.#interest.addObserver(id, { radius: ARENA_RADIUS, leaveRadius: ARENA_LEAVE_RADIUS, follow: id });
    }
  }

  tick(x: Float64Array, y: Float64Array): { readonly records: number; readonly leaves: number } {
    const interest = this.#interest;
    for (let id = 0; id < BOTS; id++) interest.moveEntity(id, x[id]!, y[id]!);
    interest.tick();
    let leaves = 0;
    for (let event = interest.pollEvent(); event !== undefined; event = interest.pollEvent()) {
      if (event.kind === InterestEventKind.Leave) leaves++;
      this.#records += event.kind === InterestEventKind.Enter ? 1 : -1;
    }
    return { records: this.#records, leaves };
  }
}

class Circles implements Relevance {
  readonly #inside = new Uint8Array(PLAYERS * BOTS);

  tick(x: Float64Array, y: Float64Array): { readonly records: number; readonly leaves: number } {
    let records = 0;
    let leaves = 0;
    for (let player = 0; player < PLAYERS; player++) {
      for (let bot = 0; bot < BOTS; bot++) {
        const inside = (x[bot]! - x[player]!) ** 2 + (y[bot]! - y[player]!) ** 2 <= ARENA_RADIUS ** 2 ? 1 : 0;
        leaves += inside < this.#inside[player * BOTS + bot]! ? 1 : 0;
        records += inside;
        this.#inside[player * BOTS + bot] = inside;
      }
    }
    return { records, leaves };
  }
}

if (import.meta.main) {
  await play({ interest: interestRole, plain: plainRole, datagrams: datagramsRole, sorted: sortedRole });
}
