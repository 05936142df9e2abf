/**
 * Receives what a `SnapshotSender` sends and says what to acknowledge.
 *
 * Invariants: a packet is applied whole or not at all; nothing that comes from the peer throws; one that builds on an
 * unknown base is not acknowledged, and until a full snapshot has come the acknowledgement asks for one. A full snapshot
 * of another epoch starts the receiver over.
 *
 * @module
 */
import { CounterTable } from "../../metric/counter_table.ts";
import { ByteDelta, DeltaRefusal } from "./byte_delta.ts";
import { ReceivedRing } from "./received_ring.ts";
import { SnapshotHeader, SnapshotKind } from "./snapshot_header.ts";
import { resolveSnapshotReceiverOptions, type SnapshotReceiverOptions } from "./snapshot_options.ts";
import { RECEIVER_COUNTERS, ReceiverCounter, SnapshotStatus } from "./snapshot_status.ts";
import { hashBytes } from "./state_hash.ts";

const NOTHING = new Uint8Array(0);

/**
 * The receiving end for one sender.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SnapshotSender } from "./snapshot_sender.ts";
 * import { SnapshotStatus } from "./snapshot_status.ts";
 *
 * const sender = new SnapshotSender();
 * const receiver = new SnapshotReceiver();
 * const packet = new Uint8Array(1200);
 * assertEquals(receiver.ack, -1); // nothing yet: asks for a full snapshot
 *
 * const length = sender.encode(Uint8Array.of(1, 2, 3), packet);
 * assertEquals(receiver.handlePacket(packet.subarray(0, length)), SnapshotStatus.Applied);
 * assertEquals(receiver.handlePacket(packet.subarray(0, length)), SnapshotStatus.Duplicate);
 * assertEquals([receiver.number, receiver.ack], [0, 0]);
 * assertEquals(receiver.state, Uint8Array.of(1, 2, 3));
 * ```
 */
export class SnapshotReceiver {
  readonly #delta: ByteDelta;
  readonly #ring: ReceivedRing;
  readonly #header = new SnapshotHeader();
  /** The memory of each slot. */
  readonly #slots: readonly Uint8Array[];
  readonly #lengths: Int32Array;
  readonly #counters = new CounterTable(RECEIVER_COUNTERS, 1);

  /**
   * Makes a receiver that has nothing yet.
   *
   * @param options Limits; both ends agree on them.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: SnapshotReceiverOptions = {}) {
    const { maxStateBytes, ringSnapshots } = resolveSnapshotReceiverOptions(options);
    this.#delta = new ByteDelta({ maxStateBytes });
    this.#ring = new ReceivedRing(ringSnapshots);
    this.#slots = Array.from({ length: ringSnapshots + 1 }, () => new Uint8Array(maxStateBytes));
    this.#lengths = new Int32Array(ringSnapshots + 1);
  }

  /**
   * What to send back, as often as there is a packet to put it into: the low 16 bits of the newest snapshot's number, or
   * -1 when there is nothing to build on and a full snapshot is needed.
   */
  get ack(): number {
    return this.#ring.acknowledgement;
  }

  /** The number of the newest snapshot, counted on beyond 16 bits from the first one of its sender; -1 before that. */
  get number(): number {
    return this.#ring.newest;
  }

  /** The newest state: a new view into the receiver's memory, valid until `handlePacket` applies again; empty at first. */
  get state(): Uint8Array {
    const slot = this.#ring.newestSlot;
    return slot < 0 ? NOTHING : this.#slots[slot]!.subarray(0, this.#lengths[slot]!);
  }

  /**
   * Takes one packet.
   *
   * @param packet What the sender's `encode` wrote, whole and alone; borrowed for the call. Any bytes may come from a
   * peer.
   * @returns What became of it; every result has a counter.
   */
  handlePacket(packet: Uint8Array): SnapshotStatus {
    const status = this.#take(packet);
    this.#counters.add(0, status, 1);
    return status;
  }

  /** Forgets everything, for a sender that starts over: the next snapshot must be a full one. */
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
    if (!this.#header.decode(packet, SnapshotKind.Bytes)) return SnapshotStatus.Malformed;
    let admission = ring.admit(this.#header);
    if (admission > SnapshotStatus.AppliedLate && !ring.isOldFull) return admission;
    const refusal = this.#decode(packet);
    if (refusal === SnapshotStatus.ChecksumMismatch) ring.requestFull();
    if (refusal !== SnapshotStatus.Applied) return refusal;
    if (ring.isOldFull) admission = ring.confirmOldFull();
    if (admission === SnapshotStatus.Old) return admission;
    if (ring.baseSlot < 0) this.#counters.add(0, ReceiverCounter.Full, 1);
    if (ring.isRestart) this.#counters.add(0, ReceiverCounter.Restarts, 1);
    ring.commit();
    return admission;
  }

  /** Rebuilds the state in the spare slot, where nobody sees it yet. */
  #decode(packet: Uint8Array): SnapshotStatus {
    const header = this.#header;
    const base = this.#ring.baseSlot;
    const spare = this.#ring.spareSlot;
    const out = this.#slots[spare]!;
    const from = base < 0 ? NOTHING : this.#slots[base]!.subarray(0, this.#lengths[base]!);
    const length = this.#delta.decode(from, packet.subarray(header.bodyOffset), out);
    if (length === DeltaRefusal.TooLarge) return SnapshotStatus.TooLarge;
    if (length < 0) return SnapshotStatus.Malformed;
    this.#lengths[spare] = length;
    if (header.isChecked && hashBytes(out, 0, length) !== header.checksum) return SnapshotStatus.ChecksumMismatch;
    return SnapshotStatus.Applied;
  }
}
