/**
 * Sends one receiver the newest state of any bytes over a link that loses, doubles and reorders packets.
 *
 * Each snapshot is a delta against the newest one that the receiver acknowledged, or the whole state when there is
 * none: nothing is ever sent again, the next snapshot makes good what a lost one brought. Invariant: memory is the ring
 * and nothing else; a packet is never longer than the state and {@linkcode MAX_SNAPSHOT_OVERHEAD_BYTES}.
 *
 * ```text
 * | header: snapshot_header.ts | delta: byte_delta.ts |
 * ```
 *
 * @module
 */
import { checkBytes } from "./packet_check.ts";
import { CounterTable } from "../../metric/counter_table.ts";
import { BYTE_DELTA_HEADER_BYTES, ByteDelta } from "./byte_delta.ts";
import { SentRing } from "./sent_ring.ts";
import { encodeHeader, MAX_HEADER_BYTES, SnapshotKind } from "./snapshot_header.ts";
import { resolveSnapshotSenderOptions, type SnapshotSenderOptions } from "./snapshot_options.ts";
import { SENDER_COUNTERS, SenderCounter } from "./snapshot_status.ts";
import { hashBytes } from "./state_hash.ts";

/** How much longer than its state a packet may be. */
export const MAX_SNAPSHOT_OVERHEAD_BYTES: number = MAX_HEADER_BYTES + BYTE_DELTA_HEADER_BYTES;

const NOTHING = new Uint8Array(0);

/**
 * The sending end for one receiver.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SnapshotReceiver } from "./snapshot_receiver.ts";
 *
 * const sender = new SnapshotSender({ maxStateBytes: 1024 });
 * const receiver = new SnapshotReceiver({ maxStateBytes: 1024 });
 * const packet = new Uint8Array(1200);
 * const state = new Uint8Array(500);
 *
 * // Every tick: encode, send, and hand back what the receiver acknowledges.
 * const whole = sender.encode(state, packet);
 * receiver.handlePacket(packet.subarray(0, whole));
 * sender.handleAck(receiver.ack);
 *
 * state[0] = 100;
 * const length = sender.encode(state, packet);
 * assertEquals(length < 15, true);
 * receiver.handlePacket(packet.subarray(0, length));
 * assertEquals(receiver.state, state);
 * ```
 */
export class SnapshotSender {
  readonly #delta: ByteDelta;
  readonly #ring: SentRing;
  readonly #slotBytes: number;
  readonly #withChecksum: boolean;
  /** The sent states, one after the other by slot. */
  readonly #states: Uint8Array;
  readonly #lengths: Int32Array;
  readonly #counters = new CounterTable(SENDER_COUNTERS, 1);
  readonly #epoch: number;
  #number: number;

  /**
   * Makes a sender without a base.
   *
   * @param options Limits; both ends agree on them.
   * @throws {TypeError} When an option has the wrong type or no such option exists.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: SnapshotSenderOptions = {}) {
    const config = resolveSnapshotSenderOptions(options);
    this.#delta = new ByteDelta(config);
    this.#ring = new SentRing(config.ringSnapshots);
    this.#slotBytes = config.maxStateBytes;
    this.#withChecksum = config.checksum;
    this.#states = new Uint8Array(this.#ring.slots * config.maxStateBytes);
    this.#lengths = new Int32Array(this.#ring.slots);
    this.#epoch = config.epoch;
    this.#number = config.firstNumber;
  }

  /** The low 16 bits of the number of the base, -1 when the next snapshot is a full one. */
  get baseNumber(): number {
    return this.#ring.baseSlot < 0 ? -1 : this.#ring.baseNumber & 0xffff;
  }

  /**
   * Writes the next snapshot; it is kept as a possible base, whether it arrives or not.
   *
   * @param state The state now; borrowed for the call.
   * @param out Where the packet goes, from its start. What is certain to suffice is the state's length and
   * {@linkcode MAX_SNAPSHOT_OVERHEAD_BYTES}.
   * @returns The length of the packet; 0 when it did not fit: then nothing counts as sent, and `out` holds anything.
   * @throws {RangeError} When the state is longer than `maxStateBytes`.
   */
  encode(state: Uint8Array, out: Uint8Array): number {
    checkBytes(state, "state");
    checkBytes(out, "packet");
    const ring = this.#ring;
    if (ring.release()) this.#counters.add(0, SenderCounter.ExpiredBases, 1);
    const slot = ring.baseSlot;
    const start = slot * this.#slotBytes;
    const base = slot < 0 ? NOTHING : this.#states.subarray(start, start + this.#lengths[slot]!);
    const distance = slot < 0 ? 0 : this.#number - ring.baseNumber;
    const checksum = this.#withChecksum ? hashBytes(state, 0, state.length) : -1;
    const epoch = this.#epoch + ring.strangers;
    const header = encodeHeader(SnapshotKind.Bytes, this.#number, epoch, distance, checksum, out);
    const body = this.#delta.encode(base, state, header === 0 ? NOTHING : out, header);
    if (body === 0) {
      this.#counters.add(0, SenderCounter.RefusedNoRoom, 1);
      return 0;
    }
    this.#states.set(state, ring.nextSlot * this.#slotBytes);
    this.#lengths[ring.nextSlot] = state.length;
    ring.commit(this.#number++);
    this.#counters.add(0, slot < 0 ? SenderCounter.Full : SenderCounter.Deltas, 1);
    return header + body;
  }

  /**
   * Takes what the receiver said in {@linkcode SnapshotReceiver.ack}; any number may come from a peer.
   *
   * @param ack A snapshot number of 16 bits, or -1 for "send a full one". Late and doubled ones do no harm.
   */
  handleAck(ack: number): void {
    this.#counters.add(0, this.#ring.acknowledge(ack), 1);
  }

  /** Forgets what the receiver has, for one that starts over: the next snapshot is a full one. */
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
}
