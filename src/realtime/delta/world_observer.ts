/**
 * What one peer is sent of a world: for each tick a snapshot of what is relevant to it, against what it acknowledged.
 *
 * Invariants: only the list of what was sent is kept for a peer, the states lie in the world; a snapshot that has to
 * fit into less memory than it would take leaves out the least important changes, and none is lost by that: what waits
 * is compared again in the next snapshot.
 *
 * ```text
 * | header: snapshot_header.ts | fingerprint, 4 B, only without base | bits:
 *   removed, gaps | whole ids, gaps | generation of each, 3 | touched, gaps | touched group | whole group | zeros |
 * ```
 *
 * @module
 */
import { checkBytes } from "./packet_check.ts";
import { MisuseError } from "../../error/transport_error.ts";
import { CounterTable } from "../../metric/counter_table.ts";
import type { BitWriter } from "./bit_writer.ts";
import { writeGaps } from "./gap_list.ts";
import type { GroupEncoder } from "./group_encoder.ts";
import { SentRing } from "./sent_ring.ts";
import { encodeHeader, MAX_BASE_DISTANCE, SnapshotKind, worldEpoch, writeChecksum } from "./snapshot_header.ts";
import { SENDER_COUNTERS, SenderCounter } from "./snapshot_status.ts";
import { finishHash, mixWord } from "./state_hash.ts";
import type { ViewPlan } from "./view_plan.ts";
import { ViewRing } from "./view_ring.ts";
import { GENERATION_BITS, type WorldCells } from "./world_cells.ts";
import { resolveWorldObserverOptions, type WorldObserverOptions } from "./world_options.ts";

/** How often the amount that is sent is estimated from the last attempt before it is simply halved. */
const ESTIMATES = 3;

/** What the observers of a world share: the states, and working memory. */
export interface ObserverDesk {
  /** The states. */
  readonly world: WorldCells;
  /** Decides what a snapshot says. */
  readonly plan: ViewPlan;
  /** Writes the fields. */
  readonly groups: GroupEncoder;
  /** Writes the bits. */
  readonly writer: BitWriter;
  /** Which start of the world this is. */
  readonly epoch: number;
}

/**
 * The sending end for one peer; made by `WorldState.observe()`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { float } from "./field.ts";
 * import { defineSchema } from "./schema.ts";
 * import { WorldState } from "./world_state.ts";
 *
 * const world = new WorldState(defineSchema({ x: float({ min: 0, max: 100, precision: 0.1 }) }));
 * const near = world.spawn();
 * const far = world.spawn();
 * const observer = world.observe();
 * const packet = new Uint8Array(1200);
 *
 * world.fields.x.set(near, 7);
 * world.commit();
 * const length = observer.encode(packet, [near]); // what interest management found, the most important first
 * // send packet.subarray(0, length); later, with what the peer said:
 * observer.handleAck(0);
 * assertEquals([length > 0, observer.visibleCount], [true, 1]);
 * assertEquals(far, 1);
 * ```
 */
export class WorldObserver {
  readonly #desk: ObserverDesk;
  readonly #ring: SentRing;
  readonly #views: ViewRing;
  readonly #maxVisible: number;
  readonly #withChecksum: boolean;
  readonly #counters = new CounterTable(SENDER_COUNTERS, 1);
  #lastTick = -1;
  #visibleCount = 0;
  #deferredCount = 0;
  #upToDateCount = 0;
  #nextFirst = 0;

  /**
   * Makes an observer without a base.
   *
   * @param desk What the observers of the world share.
   * @param options Limits; peer and observer agree on them.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(desk: ObserverDesk, options: WorldObserverOptions = {}) {
    const config = resolveWorldObserverOptions(options, desk.world.capacity);
    this.#desk = desk;
    this.#ring = new SentRing(config.ringSnapshots);
    this.#views = new ViewRing(this.#ring.slots, config.maxVisible, config.checksum);
    this.#maxVisible = config.maxVisible;
    this.#withChecksum = config.checksum;
  }

  /** How many entities the peer has after the last snapshot. */
  get visibleCount(): number {
    return this.#visibleCount;
  }

  /** How many entities have a change that did not fit into the last snapshot. */
  get deferredCount(): number {
    return this.#deferredCount;
  }

  /**
   * How many ids at the start of the list that the last snapshot was given are up to date by it: what a priority
   * accumulator may set back to zero. Without a list, how many of all entities are. None when the peer had acknowledged
   * nothing and not all fitted: the next snapshot then brings the same entities again, and not others in their place.
   */
  get upToDateCount(): number {
    return this.#upToDateCount;
  }

  /** The tick that the next snapshot builds on, -1 when it will be a full one. */
  get baseTick(): number {
    return this.#ring.baseSlot < 0 ? -1 : this.#ring.baseNumber;
  }

  /**
   * Writes a snapshot of the last committed tick.
   *
   * @param out Where the packet goes, from its start; its length is the budget.
   * @param ids The relevant entities, the most important ones first; always the same kind of array is fastest. An
   * entity that is missing here leaves the peer's view. Left out: all entities.
   * @param count How many of the ids count. @default all
   * @returns The length of the packet; 0 when not even an empty full snapshot fits: then nothing counts as
   * sent. When not even who leaves fits, the base is given up and a full snapshot is written.
   * @throws {MisuseError} When no tick was committed since the last snapshot.
   * @throws {RangeError} When an id is no integer below the schema's `maxEntities`, or there are fewer ids than counted.
   */
  encode(out: Uint8Array, ids?: ArrayLike<number>, count: number = ids?.length ?? 0): number {
    checkBytes(out, "packet");
    if (count < 0) throw new RangeError(`Cannot take ${count} ids`);
    const tick = this.#desk.world.tick - 1;
    if (tick <= this.#lastTick) throw new MisuseError("Cannot encode a snapshot: commit the next tick first");
    if (count > (ids?.length ?? 0)) throw new RangeError(`Cannot take ${count} ids: the list has ${ids?.length ?? 0}`);
    if (this.#ring.release(tick - MAX_BASE_DISTANCE)) this.#counters.add(0, SenderCounter.ExpiredBases, 1);
    const base = this.#ring.baseSlot;
    let length = this.#attempt(out, tick, base, ids, count);
    if (length === 0 && base >= 0) {
      length = this.#attempt(out, tick, -1, ids, count);
      if (length > 0) this.#counters.add(0, SenderCounter.ExpiredBases, 1);
    }
    if (length === 0) this.#counters.add(0, SenderCounter.RefusedNoRoom, 1);
    return length;
  }

  /**
   * Takes what the peer said in `WorldReplica.ack`; any number may come from a peer.
   *
   * @param ack A snapshot number of 16 bits, or -1 for "send a full one". Late and doubled ones do no harm.
   */
  handleAck(ack: number): void {
    this.#counters.add(0, this.#ring.acknowledge(ack), 1);
  }

  /** Forgets what the peer has, for one that starts over: the next snapshot is a full one. */
  reset(): void {
    this.#ring.clear();
  }

  /**
   * What was sent and what the acknowledgements were worth.
   *
   * @returns A new object with the counters by name.
   */
  counters(): Record<string, number> {
    return this.#counters.snapshot(0);
  }

  /** Writes a snapshot against a base, -1 for a full one; returns 0 when it does not fit. */
  #attempt(out: Uint8Array, tick: number, base: number, ids: ArrayLike<number> | undefined, count: number): number {
    const { plan } = this.#desk;
    let within = 0;
    if (ids === undefined) plan.selectAll(tick, this.#maxVisible, this.#nextFirst);
    else within = plan.selectIds(tick, this.#maxVisible, ids, count);
    plan.compare(this.#views, base, tick);
    const length = this.#fit(out, tick, base);
    if (length > 0) {
      if (base < 0) this.#ring.dropBase();
      this.#commit(tick, ids, within);
    }
    plan.end();
    return length;
  }

  /** Writes as many of the changes as fit; the plan is built for what was written. */
  #fit(out: Uint8Array, tick: number, base: number): number {
    const { plan } = this.#desk;
    let admitted = plan.candidateCount;
    for (let attempt = 0;; attempt++) {
      if (attempt > 0) plan.admit(admitted);
      plan.build(this.#views, base, this.#ring.nextSlot, tick);
      const length = this.#write(out, base, tick);
      if (length <= out.length) {
        this.#deferredCount = plan.candidateCount - admitted;
        return length;
      }
      if (admitted === 0) return 0;
      const estimate = attempt < ESTIMATES ? Math.floor(admitted * out.length / length) : admitted >>> 1;
      admitted = Math.min(admitted - 1, estimate);
    }
  }

  /** Writes what is planned; returns its length, which may be more than there is room for. */
  #write(out: Uint8Array, base: number, tick: number): number {
    const { world, plan, groups, writer } = this.#desk;
    const isFull = base < 0;
    const distance = isFull ? 0 : tick - this.#ring.baseNumber;
    const epoch = worldEpoch(world.schema.fingerprint, this.#desk.epoch + this.#ring.strangers);
    const header = encodeHeader(SnapshotKind.World, tick, epoch, distance, this.#withChecksum ? 0 : -1, out);
    if (header === 0) return Infinity;
    writer.reset(out, header, out.length);
    if (isFull) writer.writeWide(world.schema.fingerprint, 32);
    else writeGaps(writer, plan.removed, plan.removedCount, plan.removedCount + plan.keptCount);
    writeGaps(writer, plan.whole, plan.wholeCount, world.capacity);
    for (let i = 0; i < plan.wholeCount; i++) writer.write(world.generations[plan.whole[i]!]!, GENERATION_BITS);
    writeGaps(writer, plan.touched, plan.touchedCount, plan.keptCount);
    groups.encodeTouched(writer, plan, tick);
    groups.encodeWhole(writer, plan, tick);
    const length = header + writer.finish();
    if (this.#withChecksum && length <= out.length) writeChecksum(out, header, this.#hash(base, tick, epoch));
    return length;
  }

  /** The hash of the epoch and the tick, of who is in the view, and of all of their fields as the peer has them. */
  #hash(base: number, tick: number, epoch: number): number {
    const { groups } = this.#desk;
    const { ids, rows, motions, hashes, stride, counts } = this.#views;
    const start = this.#ring.nextSlot * stride;
    const end = start + counts[this.#ring.nextSlot]!;
    let from = base * stride;
    let hash = mixWord(epoch, tick & 0xffff);
    for (let at = start; at < end; at++) {
      const id = ids[at]!;
      if (rows[at] === tick && motions[at] === (tick & 0xffff)) {
        hashes[at] = groups.hashEntity(id, tick);
      } else { // It is in the base view, and as it was there.
        while (ids[from]! < id) from++;
        hashes[at] = hashes[from]!;
      }
      hash = mixWord(mixWord(hash, id), hashes[at]!);
    }
    return finishHash(hash, end - start);
  }

  #commit(tick: number, ids: ArrayLike<number> | undefined, within: number): void {
    const { plan } = this.#desk;
    const slot = this.#ring.nextSlot;
    const isFull = this.#ring.baseSlot < 0;
    this.#counters.add(0, isFull ? SenderCounter.Full : SenderCounter.Deltas, 1);
    this.#visibleCount = this.#views.counts[slot]!;
    this.#ring.commit(tick);
    this.#lastTick = tick;
    if (plan.overLimitCount > 0) this.#counters.add(0, SenderCounter.OverLimitEntities, plan.overLimitCount);
    const deferred = this.#deferredCount;
    if (deferred > 0) this.#counters.add(0, SenderCounter.DeferredEntities, deferred);
    if (deferred > 0 && !isFull) this.#nextFirst = plan.firstDeferred();
    if (deferred > 0 && isFull) this.#upToDateCount = 0;
    else if (ids === undefined) this.#upToDateCount = plan.selectedCount - deferred;
    else this.#upToDateCount = deferred > 0 ? plan.countBeforeDeferred(ids, within) : within;
  }
}
