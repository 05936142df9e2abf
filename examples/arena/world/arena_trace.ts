/**
 * How the inhabitants of the arena move: a few hundred that stand, walk about or jump, the same in every run.
 *
 * Three moods. Calm: one in twenty walks. Busy: nine in ten walk from one waypoint to the next and turn towards it,
 * half of them strafing in curves, and some are hit. Chaotic: all are put anywhere in every tick. The bench takes its
 * traces from here, so that what it measures is what the arena shows.
 *
 * @module
 */
import type { WorldState } from "@ringwire/ringwire/realtime";
import { SeededRandom } from "@ringwire/ringwire/testing";
import { type ArenaFields, DOINGS, HALF_SIDE, KINDS, TICKS_PER_SECOND, TOP_SPEED } from "./arena_schema.ts";

/** How lively the arena is. */
export type Mood = "calm" | "busy" | "chaotic";

const TURN_PER_TICK = 3 / TICKS_PER_SECOND;
const WALKING = { calm: 0.05, busy: 0.9, chaotic: 1 } as const;
const HIT = { calm: 0.001, busy: 0.02, chaotic: 0.5 } as const;

/** The inhabitants at one tick, a column for each number. */
export class BotColumns {
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly velocityX: Float64Array;
  readonly velocityY: Float64Array;
  readonly heading: Float64Array;
  readonly health: Float64Array;
  readonly energy: Float64Array;
  /** Places in the list of doings. */
  readonly mood: Uint8Array;

  /**
   * Makes columns of zeros, or a copy.
   *
   * @param count How many inhabitants.
   * @param from What to copy.
   */
  constructor(count: number, from?: BotColumns) {
    const column = (values: ArrayLike<number> = { length: count }): Float64Array => Float64Array.from(values, Number);
    this.count = count;
    this.x = column(from?.x);
    this.y = column(from?.y);
    this.velocityX = column(from?.velocityX);
    this.velocityY = column(from?.velocityY);
    this.heading = column(from?.heading);
    this.health = column(from?.health);
    this.energy = column(from?.energy);
    this.mood = from === undefined ? new Uint8Array(count) : from.mood.slice();
  }
}

/** Moves the inhabitants of an arena. */
export class ArenaTrace {
  /** The inhabitants as they are now. */
  readonly bots: BotColumns;
  readonly #random: SeededRandom;
  readonly #speed: Float64Array;
  readonly #curve: Float64Array;
  readonly #goalX: Float64Array;
  readonly #goalY: Float64Array;
  #liveliness: Mood;

  /**
   * Sets the inhabitants up.
   *
   * @param count How many.
   * @param mood How lively they are.
   * @param seed What they do follows from it.
   */
  constructor(count: number, mood: Mood, seed: number) {
    const random = new SeededRandom(seed);
    this.bots = new BotColumns(count);
    this.#random = random;
    this.#liveliness = mood;
    this.#speed = new Float64Array(count);
    this.#curve = new Float64Array(count);
    this.#goalX = new Float64Array(count);
    this.#goalY = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      this.bots.x[i] = this.#coordinate();
      this.bots.y[i] = this.#coordinate();
      this.bots.heading[i] = random.visibleFraction() * 2 * Math.PI;
      this.bots.health[i] = 100;
      this.#speed[i] = this.#drawSpeed();
      this.#curve[i] = random.nextInt(2) === 0 ? 0 : (random.visibleFraction() - 0.5) * 0.1;
      this.#aim(i);
    }
  }

  /** How lively they are; a change draws a new speed for each of them. */
  get mood(): Mood {
    return this.#liveliness;
  }

  set mood(mood: Mood) {
    this.#liveliness = mood;
    for (let i = 0; i < this.bots.count; i++) this.#speed[i] = this.#drawSpeed();
  }

  /**
   * Makes the inhabitants of a world as they stand at first.
   *
   * @param world A world of `arenaSchema` in which the first ids are free.
   */
  populate(world: WorldState<ArenaFields>): void {
    const { kind, shielded } = world.fields;
    for (let i = 0; i < this.bots.count; i++) {
      world.spawn(i);
      kind.set(i, KINDS[this.#random.nextInt(4)]!);
      shielded.set(i, this.#random.nextInt(4) === 0);
    }
  }

  /** Lets one tick pass. */
  step(): void {
    const bots = this.bots;
    const hitShare = HIT[this.#liveliness];
    for (let i = 0; i < bots.count; i++) {
      if (this.#liveliness === "chaotic") this.#jump(i);
      else if (this.#speed[i]! > 0) this.#walk(i);
      if (this.#random.visibleFraction() < hitShare) bots.health[i] = this.#random.nextInt(101);
      const speed = this.#speed[i]!;
      bots.velocityX[i] = Math.cos(bots.heading[i]!) * speed;
      bots.velocityY[i] = Math.sin(bots.heading[i]!) * speed;
      bots.energy[i] = 100 - speed;
      bots.mood[i] = bots.health[i]! < 20 ? 3 : speed > 0 ? 1 : 0;
    }
  }

  #walk(i: number): void {
    const dx = this.#goalX[i]! - this.bots.x[i]!;
    const dy = this.#goalY[i]! - this.bots.y[i]!;
    if (dx * dx + dy * dy < 400) this.#aim(i);
    const off = turn(Math.atan2(dy, dx) - this.bots.heading[i]!);
    const wanted = Math.abs(off) < 1 ? this.#curve[i]! + off * 0.1 : off;
    this.bots.heading[i]! += Math.max(-TURN_PER_TICK, Math.min(TURN_PER_TICK, Math.abs(off) < 0.02 ? off : wanted));
    const angle = this.bots.heading[i]!;
    this.bots.x[i]! += Math.cos(angle) * this.#speed[i]! / TICKS_PER_SECOND;
    this.bots.y[i]! += Math.sin(angle) * this.#speed[i]! / TICKS_PER_SECOND;
  }

  #jump(i: number): void {
    this.bots.x[i] = this.#coordinate();
    this.bots.y[i] = this.#coordinate();
    this.bots.heading[i] = this.#random.visibleFraction() * 2 * Math.PI;
    this.#speed[i] = this.#random.visibleFraction() * TOP_SPEED;
  }

  #drawSpeed(): number {
    return this.#random.visibleFraction() < WALKING[this.#liveliness] ? 4 + this.#random.visibleFraction() * 12 : 0;
  }

  #aim(i: number): void {
    this.#goalX[i] = this.#coordinate();
    this.#goalY[i] = this.#coordinate();
  }

  #coordinate(): number {
    return (this.#random.visibleFraction() * 2 - 1) * HALF_SIDE;
  }
}

/**
 * Writes the inhabitants of one tick into a world.
 *
 * @param bots The inhabitants.
 * @param world A world that was populated.
 */
export function play(bots: BotColumns, world: WorldState<ArenaFields>): void {
  const { position, velocity, heading, health, energy, mood } = world.fields;
  position.load(bots.x, bots.y);
  velocity.load(bots.velocityX, bots.velocityY);
  heading.load(bots.heading);
  health.load(bots.health);
  energy.load(bots.energy);
  for (let i = 0; i < bots.count; i++) mood.set(i, DOINGS[bots.mood[i]!]!);
}

/** The same angle from -π to below π. */
function turn(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}
