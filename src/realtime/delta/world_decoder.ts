/**
 * Rebuilds a snapshot of a world in a free slot from a packet and the snapshot that it builds on.
 *
 * Invariant: nothing but the free slot is written, and every count is checked before memory is used for it; so a packet
 * that turns out to be malformed has changed nothing that anybody sees. The layout is that of `world_observer.ts`.
 *
 * @module
 */
import { BitReader } from "./bit_reader.ts";
import { GAPS_MALFORMED, GAPS_TOO_MANY, readGaps } from "./gap_list.ts";
import { GroupDecoder } from "./group_decoder.ts";
import { ReplicaSlots } from "./replica_slots.ts";
import type { Schema } from "./schema.ts";
import type { SnapshotHeader } from "./snapshot_header.ts";
import { SnapshotStatus } from "./snapshot_status.ts";
import { finishHash, mixWord } from "./state_hash.ts";
import { GENERATION_BITS } from "./world_cells.ts";

/** Decodes packets into slots. */
export class WorldDecoder {
  /** The snapshots. */
  readonly slots: ReplicaSlots;
  readonly #schema: Schema;
  readonly #reader = new BitReader();
  readonly #groups: GroupDecoder;
  readonly #removed: Int32Array;
  readonly #whole: Int32Array;
  readonly #generations: Uint8Array;
  readonly #touched: Int32Array;
  readonly #wholePlaces: Int32Array;
  readonly #touchedPlaces: Int32Array;
  readonly #touchedBasePlaces: Int32Array;
  readonly #touchedTicks: Int32Array;
  /** By place in the new snapshot: the place in the base, -1 for what is sent whole. */
  readonly #sources: Int32Array;
  #removedCount = 0;
  #wholeCount = 0;
  #touchedCount = 0;

  /**
   * Takes memory for all snapshots.
   *
   * @param schema What an entity consists of.
   * @param slots How many snapshots.
   * @param maxVisible The most entities in a snapshot.
   */
  constructor(schema: Schema, slots: number, maxVisible: number) {
    this.#schema = schema;
    this.slots = new ReplicaSlots(schema, slots, maxVisible);
    this.#groups = new GroupDecoder(this.slots);
    this.#removed = new Int32Array(maxVisible);
    this.#whole = new Int32Array(maxVisible);
    this.#generations = new Uint8Array(maxVisible);
    this.#touched = new Int32Array(maxVisible);
    this.#wholePlaces = new Int32Array(maxVisible);
    this.#touchedPlaces = new Int32Array(maxVisible);
    this.#touchedBasePlaces = new Int32Array(maxVisible);
    this.#touchedTicks = new Int32Array(maxVisible);
    this.#sources = new Int32Array(maxVisible);
  }

  /**
   * Rebuilds a snapshot.
   *
   * @param packet The packet; borrowed for the call.
   * @param header Its header.
   * @param base The slot of its base, -1 for none.
   * @param into The slot to write.
   * @returns `Applied`, or why not; then the slot holds anything.
   */
  decode(packet: Uint8Array, header: SnapshotHeader, base: number, into: number): SnapshotStatus {
    const reader = this.#reader;
    reader.reset(packet, header.bodyOffset, packet.length);
    if (base < 0 && reader.readWide(32) !== (this.#schema.fingerprint | 0)) {
      return reader.failed ? SnapshotStatus.Malformed : SnapshotStatus.SchemaMismatch;
    }
    const baseCount = base < 0 ? 0 : this.slots.counts[base]!;
    const refusal = this.#readLists(baseCount);
    if (refusal !== SnapshotStatus.Applied) return refusal;
    const merged = this.#merge(header.number, base, baseCount, into);
    if (merged !== SnapshotStatus.Applied) return merged;
    const isSameList = this.#removedCount === 0 && this.#wholeCount === 0;
    if (isSameList && base >= 0) this.slots.copyAll(base, into);
    else this.slots.copySome(base, into, this.#sources);
    const isSound = this.#groups.decodeTouched(
      reader,
      into,
      this.#touchedPlaces,
      base,
      this.#touchedBasePlaces,
      this.#touchedTicks,
      this.#touchedCount,
    ) && this.#groups.decodeWhole(reader, into, this.#wholePlaces, this.#wholeCount);
    if (!isSound || !reader.isAtEnd) return SnapshotStatus.Malformed;
    if (header.isChecked && this.#hash(into, header) !== header.checksum) return SnapshotStatus.ChecksumMismatch;
    return SnapshotStatus.Applied;
  }

  #readLists(baseCount: number): SnapshotStatus {
    const reader = this.#reader;
    const removed = readGaps(reader, this.#removed, baseCount);
    if (removed < 0) return SnapshotStatus.Malformed;
    const whole = readGaps(reader, this.#whole, this.#schema.maxEntities);
    if (whole === GAPS_TOO_MANY) return SnapshotStatus.TooLarge;
    if (whole === GAPS_MALFORMED) return SnapshotStatus.Malformed;
    for (let i = 0; i < whole; i++) this.#generations[i] = reader.read(GENERATION_BITS);
    const touched = readGaps(reader, this.#touched, baseCount - removed);
    if (touched < 0 || reader.failed) return SnapshotStatus.Malformed;
    this.#removedCount = removed;
    this.#wholeCount = whole;
    this.#touchedCount = touched;
    return SnapshotStatus.Applied;
  }

  /** Merges those that stay with those that are sent whole, by id. */
  #merge(number: number, base: number, baseCount: number, into: number): SnapshotStatus {
    const { ids, generations, motions, stride, counts } = this.slots;
    const from = base * stride;
    const start = into * stride;
    let [count, removed, whole, kept, touched] = [0, 0, 0, 0, 0];
    for (let place = 0; place <= baseCount; place++) {
      const isEnd = place === baseCount;
      if (!isEnd && removed < this.#removedCount && this.#removed[removed] === place) {
        removed++;
        continue;
      }
      const id = isEnd ? Infinity : ids[from + place]!;
      while (whole < this.#wholeCount && this.#whole[whole]! <= id) {
        if (count === stride) return SnapshotStatus.TooLarge;
        ids[start + count] = this.#whole[whole]!;
        generations[start + count] = this.#generations[whole]!;
        motions[start + count] = number;
        this.#sources[count] = -1;
        this.#wholePlaces[whole++] = count++;
      }
      if (isEnd) break;
      const isTouched = touched < this.#touchedCount && this.#touched[touched] === kept;
      kept++;
      if (whole > 0 && this.#whole[whole - 1] === id) {
        if (isTouched) return SnapshotStatus.Malformed;
        continue;
      }
      if (count === stride) return SnapshotStatus.TooLarge;
      const motion = motions[from + place]!;
      ids[start + count] = id;
      generations[start + count] = generations[from + place]!;
      motions[start + count] = isTouched ? number : motion;
      this.#sources[count] = place;
      if (isTouched) {
        this.#touchedPlaces[touched] = count;
        this.#touchedBasePlaces[touched] = place;
        this.#touchedTicks[touched++] = (number - motion) & 0xffff;
      }
      count++;
    }
    counts[into] = count;
    return SnapshotStatus.Applied;
  }

  /** The hash of the epoch and the tick, of who is in the snapshot, and of all of their fields. */
  #hash(slot: number, header: SnapshotHeader): number {
    const { ids, stride, counts } = this.slots;
    const start = slot * stride;
    const count = counts[slot]!;
    let hash = mixWord(header.epoch, header.number);
    for (let place = 0; place < count; place++) {
      hash = mixWord(mixWord(hash, ids[start + place]!), this.#groups.hashEntity(slot, place));
    }
    return finishHash(hash, count);
  }
}
