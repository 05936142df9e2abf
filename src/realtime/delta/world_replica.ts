/**
 * A peer's copy of what it is sent of a world, and what it shows at a time between two snapshots.
 *
 * Invariants: a packet is applied whole or not at all; nothing that comes from the peer throws; one that builds on an
 * unknown base is not acknowledged, and until a full snapshot has come the acknowledgement asks for one. A full snapshot
 * of another epoch starts the replica over.
 *
 * @module
 */
import { CounterTable } from "../../metric/counter_table.ts";
import { FrameSampler } from "./frame_sampler.ts";
import { ReceivedRing } from "./received_ring.ts";
import type { FieldSet, Schema } from "./schema.ts";
import { SnapshotHeader, SnapshotKind } from "./snapshot_header.ts";
import { RECEIVER_COUNTERS, ReceiverCounter, SnapshotStatus } from "./snapshot_status.ts";
import { WorldDecoder } from "./world_decoder.ts";
import { WorldFrame } from "./world_frame.ts";
import { resolveWorldReplicaOptions, type WorldReplicaOptions } from "./world_options.ts";

/**
 * The receiving end of a `WorldObserver`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { float } from "./field.ts";
 * import { defineSchema } from "./schema.ts";
 * import { SnapshotStatus } from "./snapshot_status.ts";
 * import { WorldState } from "./world_state.ts";
 *
 * const schema = defineSchema({ x: float({ min: 0, max: 100, precision: 0.5 }) });
 * const world = new WorldState(schema);
 * const observer = world.observe();
 * const replica = new WorldReplica(schema);
 * const packet = new Uint8Array(1200);
 * const id = world.spawn();
 * for (const x of [10, 20]) {
 *   world.fields.x.set(id, x);
 *   world.commit();
 *   const length = observer.encode(packet);
 *   assertEquals(replica.handlePacket(packet.subarray(0, length)), SnapshotStatus.Applied);
 *   observer.handleAck(replica.ack);
 * }
 * // A little in the past there are snapshots on both sides.
 * assertEquals(replica.sample(replica.latestTick - 0.25).fields.x.at(id), 17.5);
 * ```
 */
export class WorldReplica<F extends FieldSet = FieldSet> {
  readonly #ring: ReceivedRing;
  readonly #header = new SnapshotHeader();
  readonly #decoder: WorldDecoder;
  readonly #sampler: FrameSampler;
  readonly #frame: WorldFrame<F>;
  readonly #counters = new CounterTable(RECEIVER_COUNTERS, 1);

  /**
   * Makes a replica that has nothing yet; memory is taken for all snapshots that it keeps.
   *
   * @param schema The schema of the world.
   * @param options Limits; observer and replica agree on them.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(schema: Schema<F>, options: WorldReplicaOptions = {}) {
    const { ringSnapshots, maxVisible } = resolveWorldReplicaOptions(options, schema.maxEntities);
    this.#ring = new ReceivedRing(ringSnapshots);
    this.#decoder = new WorldDecoder(schema, this.#ring.slots, maxVisible);
    this.#sampler = new FrameSampler(schema, this.#decoder.slots);
    this.#frame = new WorldFrame(this.#sampler.values, schema.fields);
  }

  /**
   * What to send back, as often as there is a packet to put it into: the low 16 bits of the newest tick, or -1 when
   * there is nothing to build on and a full snapshot is needed.
   */
  get ack(): number {
    return this.#ring.acknowledgement;
  }

  /**
   * The newest tick, -1 before the first snapshot. It is the server's tick modulo 65536 at first and is counted on from
   * there, until a world of another epoch takes over: then it begins anew with that one's tick.
   */
  get latestTick(): number {
    return this.#ring.newest;
  }

  /** How many entities the newest snapshot has. */
  get visibleCount(): number {
    const slot = this.#ring.newestSlot;
    return slot < 0 ? 0 : this.#decoder.slots.counts[slot]!;
  }

  /**
   * Takes one packet.
   *
   * @param packet What the observer's `encode` wrote, whole and alone; borrowed for the call. Any bytes may come from a
   * peer.
   * @returns What became of it; every result has a counter.
   */
  handlePacket(packet: Uint8Array): SnapshotStatus {
    const status = this.#take(packet);
    this.#counters.add(0, status, 1);
    return status;
  }

  /**
   * Shows the world at a time, between two snapshots where there is one on either side.
   *
   * Before the oldest snapshot that oldest one is shown, after the newest the newest: show a time that lies as far back
   * as packets are late, one that only grows.
   *
   * @param tick The time in ticks, with a fraction.
   * @returns The frame of this replica, filled anew; without entities before the first snapshot.
   * @throws {RangeError} When the time is NaN.
   */
  sample(tick: number): WorldFrame<F> {
    if (tick !== tick) throw new RangeError("Cannot show the tick NaN");
    const ring = this.#ring;
    let before = -1;
    let after = -1;
    for (let slot = 0; slot < ring.slots; slot++) {
      const number = ring.numberAt(slot);
      if (number < 0) continue;
      if (number <= tick) {
        if (before < 0 || number > ring.numberAt(before)) before = slot;
      } else if (after < 0 || number < ring.numberAt(after)) after = slot;
    }
    if (before < 0) before = after;
    if (after < 0) after = before;
    if (before < 0) return this.#frame;
    const tickBefore = ring.numberAt(before);
    const ticks = ring.numberAt(after) - tickBefore;
    const fraction = ticks === 0 ? 0 : (tick - tickBefore) / ticks;
    this.#sampler.fill(before, after, tickBefore, ticks, fraction);
    return this.#frame;
  }

  /** Forgets all snapshots, for a server that starts over; the frame stays as it is until the next sample. */
  reset(): void {
    this.#ring.clear();
  }

  /**
   * What became of the packets.
   *
   * @returns A new object with the counters by name.
   */
  counters(): Record<string, number> {
    return this.#counters.snapshot(0);
  }

  #take(packet: Uint8Array): SnapshotStatus {
    const ring = this.#ring;
    if (!this.#header.decode(packet, SnapshotKind.World)) return SnapshotStatus.Malformed;
    let admission = ring.admit(this.#header);
    if (admission > SnapshotStatus.AppliedLate && !ring.isOldFull) return admission;
    const status = this.#decoder.decode(packet, this.#header, ring.baseSlot, ring.spareSlot);
    if (status === SnapshotStatus.ChecksumMismatch) ring.requestFull();
    if (status !== SnapshotStatus.Applied) return status;
    if (ring.isOldFull) admission = ring.confirmOldFull();
    if (admission === SnapshotStatus.Old) return admission;
    if (ring.isStranger) this.#sampler.forget();
    if (ring.baseSlot < 0) this.#counters.add(0, ReceiverCounter.Full, 1);
    if (ring.isRestart) this.#counters.add(0, ReceiverCounter.Restarts, 1);
    ring.commit();
    return admission;
  }
}
