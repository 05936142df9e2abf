/**
 * The world that the server owns: inhabitants that follow the trace, avatars that are steered, and who matters to whom.
 *
 * Invariant: a tick is moved, written, committed and sorted into cells before any player is sent a snapshot of it, so
 * that what is relevant and what is encoded are of the same moment. Ids below `inhabitants` are the trace's.
 *
 * @module
 */
import { InterestManager, WorldState } from "@ringwire/ringwire/realtime";
import { type ArenaFields, arenaSchema, HALF_SIDE, KINDS, TICKS_PER_SECOND, TOP_SPEED } from "./arena_schema.ts";
import { ArenaTrace, type Mood, play } from "./arena_trace.ts";

/** How many ticks are kept to build on: a second each way, a few times over. */
export const HISTORY_TICKS = 64;

const SEED = 5;
/** The edge of a cell: about half of how far players see. */
const CELL_SIZE = 80;
/** How much players matter against inhabitants at the same distance. */
const PLAYER_WEIGHT = 4;

/** The arena. */
export class ArenaWorld {
  /** The replicated state; observers are made from it. */
  readonly state: WorldState<ArenaFields>;
  /** Who is relevant to whom; avatars are observers under their own ids. */
  readonly interest: InterestManager;
  /** How many entities move by themselves. */
  readonly inhabitants: number;
  /** How many entities there may be. */
  readonly capacity: number;
  /** By id: x and y, NaN where there is no entity. */
  readonly places: Float64Array;
  readonly #trace: ArenaTrace;
  readonly #ids: Uint32Array;
  readonly #velocities: Float64Array;
  readonly #avatars = new Set<number>();

  /**
   * Makes an arena.
   *
   * @param inhabitants How many entities move by themselves.
   * @param maxAvatars For how many players there is room.
   */
  constructor(inhabitants: number, maxAvatars: number) {
    this.inhabitants = inhabitants;
    this.capacity = inhabitants + maxAvatars;
    this.state = new WorldState(arenaSchema(this.capacity), {
      historyTicks: HISTORY_TICKS,
      epoch: Date.now() & 0xffff,
    });
    this.interest = new InterestManager({
      cellSize: CELL_SIZE,
      maxEntities: this.capacity + maxAvatars, // an avatar that left still counts until the next tick
      maxRelevant: this.capacity,
      maxObservers: maxAvatars,
    });
    this.places = new Float64Array(2 * this.capacity).fill(NaN);
    this.#velocities = new Float64Array(2 * maxAvatars);
    this.#trace = new ArenaTrace(inhabitants, "busy", SEED);
    this.#trace.populate(this.state);
    this.#ids = Uint32Array.from({ length: inhabitants }, (_, id) => id);
    for (let id = 0; id < inhabitants; id++) this.interest.addEntity(id, 0, 0);
  }

  /** How lively the inhabitants are. */
  get mood(): Mood {
    return this.#trace.mood;
  }

  set mood(mood: Mood) {
    if (mood !== this.#trace.mood) this.#trace.mood = mood;
  }

  /**
   * Lets a player in.
   *
   * @param radius How far it sees.
   * @param isGuest Whether it is a person: these are shown to every player, wherever they are.
   * @returns The id of its avatar, -1 when there is no room.
   */
  join(radius: number, isGuest: boolean): number {
    let id = this.inhabitants;
    while (id < this.capacity && this.#avatars.has(id)) id++;
    if (id === this.capacity) return -1;
    this.#avatars.add(id);
    this.state.spawn(id);
    this.state.fields.kind.set(id, KINDS[id % KINDS.length]!);
    const angle = id * 2.4; // the golden angle: neighbours in number are not neighbours in place
    const distance = isGuest ? 0.1 * HALF_SIDE : 0.6 * HALF_SIDE;
    this.#put(id, Math.cos(angle) * distance, Math.sin(angle) * distance);
    this.interest.addEntity(id, this.places[2 * id]!, this.places[2 * id + 1]!);
    this.interest.setWeight(id, PLAYER_WEIGHT);
    this.interest.setAlwaysRelevant(id, isGuest);
    this.interest.addObserver(id, { radius, follow: id });
    return id;
  }

  /**
   * Lets a player out.
   *
   * @param id Its avatar.
   */
  leave(id: number): void {
    if (!this.#avatars.delete(id)) return;
    this.interest.removeObserver(id);
    this.interest.removeEntity(id);
    this.state.despawn(id);
    this.places.fill(NaN, 2 * id, 2 * id + 2);
    const at = 2 * (id - this.inhabitants);
    this.#velocities.fill(0, at, at + 2);
  }

  /**
   * Steers an avatar.
   *
   * @param id The avatar.
   * @param x Where to, from -1 to 1; a vector that is longer than 1 counts as one of 1.
   * @param y As `x`.
   */
  steer(id: number, x: number, y: number): void {
    const speed = TOP_SPEED / Math.max(1, Math.hypot(x, y));
    const at = 2 * (id - this.inhabitants);
    this.#velocities[at] = x * speed;
    this.#velocities[at + 1] = y * speed;
  }

  /**
   * Lets one tick pass.
   *
   * @returns Its number.
   */
  step(): number {
    this.#trace.step();
    const { bots } = this.#trace;
    play(bots, this.state);
    for (let id = 0; id < this.inhabitants; id++) {
      this.places[2 * id] = bots.x[id]!;
      this.places[2 * id + 1] = bots.y[id]!;
    }
    this.interest.moveEntities(this.#ids, this.places);
    for (const id of this.#avatars) this.#move(id);
    const tick = this.state.commit();
    this.interest.tick();
    this.interest.discardEvents();
    return tick;
  }

  #move(id: number): void {
    const at = 2 * (id - this.inhabitants);
    const [x, y] = [this.places[2 * id]!, this.places[2 * id + 1]!];
    const nextX = inside(x + this.#velocities[at]! / TICKS_PER_SECOND);
    const nextY = inside(y + this.#velocities[at + 1]! / TICKS_PER_SECOND);
    const [velocityX, velocityY] = [(nextX - x) * TICKS_PER_SECOND, (nextY - y) * TICKS_PER_SECOND];
    const speed = Math.hypot(velocityX, velocityY);
    const { velocity, heading, mood, energy } = this.state.fields;
    velocity.set(id, velocityX, velocityY);
    if (speed > 0) heading.set(id, Math.atan2(velocityY, velocityX));
    mood.set(id, speed > 0 ? "walk" : "idle");
    energy.set(id, 100 - speed);
    this.#put(id, nextX, nextY);
    this.interest.moveEntity(id, nextX, nextY);
  }

  #put(id: number, x: number, y: number): void {
    this.places[2 * id] = x;
    this.places[2 * id + 1] = y;
    this.state.fields.position.set(id, x, y);
  }
}

function inside(place: number): number {
  return Math.max(-HALF_SIDE, Math.min(HALF_SIDE, place));
}
