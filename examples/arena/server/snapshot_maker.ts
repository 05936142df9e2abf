/**
 * Makes the snapshots of one player: what is relevant to it, the most urgent first, against what it acknowledged.
 *
 * For the comparison on the page the same tick is encoded in the other ways as well, by observers of their own that are
 * told the same acknowledgements, as if their snapshots had gone the same way with the same luck, or none where
 * everything is to be whole. Nothing is estimated.
 * Invariant: only the first way is sent, within the budget; the others have all the room they need.
 *
 * @module
 */
import { PriorityAccumulator, type WorldObserver, type WorldObserverOptions } from "@ringwire/ringwire/realtime";
import type { Comparison, SightSettings } from "../protocol/control.ts";
import { type ArenaWorld, HISTORY_TICKS } from "../world/arena_world.ts";

/** How a snapshot looks that holds nothing back: at most this many bytes an entity, and so many besides. */
const WHOLE_ENTITY_BYTES = 20;
const HEADER_BYTES = 64;

const NO_RIVALS = { everything: 0, interestOnly: 0, deltaOnly: 0 };

/** What all players share for the comparison: all entities, whole, once a tick. */
export class WholeSnapshots {
  readonly #world: ArenaWorld;
  readonly #observer: WorldObserver;
  readonly #room: Uint8Array;
  #tick = -1;
  #length = 0;

  /**
   * Begins.
   *
   * @param world The world.
   */
  constructor(world: ArenaWorld) {
    this.#world = world;
    this.#observer = world.state.observe();
    this.#room = roomFor(world);
  }

  /**
   * Encodes the last tick, unless that was done.
   *
   * @returns How many bytes that takes.
   */
  measure(): number {
    const { tick } = this.#world.state;
    if (tick === this.#tick) return this.#length;
    this.#tick = tick;
    this.#length = this.#observer.encode(this.#room);
    return this.#length;
  }
}

/** The snapshots of one player. */
export class SnapshotMaker {
  readonly #world: ArenaWorld;
  readonly #avatar: number;
  readonly #accumulator: PriorityAccumulator;
  readonly #observer: WorldObserver;
  readonly #relevant: Uint32Array;
  readonly #priorities: Float64Array;
  readonly #rivals: Rivals | undefined;
  #budgetBytes: number;
  #relevantCount = 0;

  /**
   * Begins with a full snapshot.
   *
   * @param world The world.
   * @param avatar The player's own entity; it is an observer of the world's interest.
   * @param sight How long a snapshot may be.
   * @param options Of the observer.
   * @param everything What to compare with; left out, nothing is compared.
   */
  constructor(
    world: ArenaWorld,
    avatar: number,
    sight: SightSettings,
    options: Pick<WorldObserverOptions, "checksum">,
    everything?: WholeSnapshots,
  ) {
    this.#world = world;
    this.#avatar = avatar;
    this.#budgetBytes = sight.budgetBytes;
    this.#accumulator = new PriorityAccumulator({ maxItems: world.capacity });
    this.#observer = world.state.observe({ ...options, ringSnapshots: HISTORY_TICKS });
    this.#relevant = new Uint32Array(world.capacity);
    this.#priorities = new Float64Array(world.capacity);
    this.#rivals = everything === undefined ? undefined : new Rivals(world, options, everything);
  }

  /** How many entities have a change that did not fit into the last snapshot. */
  get waitingCount(): number {
    return this.#observer.deferredCount;
  }

  /** What was sent, by kind. */
  get counters(): Record<string, number> {
    return this.#observer.counters();
  }

  /**
   * Changes how much is sent from now on.
   *
   * @param sight How far the player sees, and how long a snapshot may be.
   */
  configure(sight: SightSettings): void {
    this.#world.interest.setRadius(this.#avatar, sight.radius);
    this.#budgetBytes = sight.budgetBytes;
  }

  /**
   * Takes what the client acknowledged.
   *
   * @param ack Any number.
   */
  handleAck(ack: number): void {
    this.#observer.handleAck(ack);
    this.#rivals?.handleAck(ack);
  }

  /**
   * Makes the snapshot of the last tick.
   *
   * @param room Where it goes; there is room for the budget.
   * @returns Its length.
   */
  make(room: Uint8Array): number {
    const { interest } = this.#world;
    interest.prioritize(this.#avatar, this.#accumulator);
    this.#relevantCount = interest.readRelevant(this.#relevant, this.#avatar);
    const ids = this.#relevant.subarray(0, this.#relevantCount);
    const priorities = this.#priorities;
    for (const id of ids) priorities[id] = id === this.#avatar ? Infinity : this.#accumulator.priorityOf(id);
    ids.sort((a, b) => priorities[b]! - priorities[a]!);
    const length = this.#observer.encode(room.subarray(0, this.#budgetBytes), ids);
    const { upToDateCount } = this.#observer;
    for (let i = 0; i < upToDateCount; i++) this.#accumulator.markSent(ids[i]!);
    return length;
  }

  /**
   * Says what the last tick takes in each of the four ways.
   *
   * @param length How long the snapshot was that was made.
   * @returns Bytes; 0 where nothing is compared.
   */
  compare(length: number): Comparison {
    const rivals = this.#rivals?.measure(this.#relevant, this.#relevantCount) ?? NO_RIVALS;
    return { ...rivals, deltaAndInterest: length };
  }
}

/** The other ways to make the snapshots of one player. */
class Rivals {
  readonly #everything: WholeSnapshots;
  readonly #interestOnly: WorldObserver;
  readonly #deltaOnly: WorldObserver;
  readonly #room: Uint8Array;

  constructor(world: ArenaWorld, options: Pick<WorldObserverOptions, "checksum">, everything: WholeSnapshots) {
    this.#everything = everything;
    this.#interestOnly = world.state.observe(options);
    this.#deltaOnly = world.state.observe({ ...options, ringSnapshots: HISTORY_TICKS });
    this.#room = roomFor(world);
  }

  handleAck(ack: number): void {
    this.#deltaOnly.handleAck(ack);
  }

  measure(ids: Uint32Array, count: number): typeof NO_RIVALS {
    const everything = this.#everything.measure();
    const interestOnly = this.#interestOnly.encode(this.#room, ids, count);
    return { everything, interestOnly, deltaOnly: this.#deltaOnly.encode(this.#room) };
  }
}

function roomFor(world: ArenaWorld): Uint8Array {
  return new Uint8Array(HEADER_BYTES + WHOLE_ENTITY_BYTES * world.capacity);
}
