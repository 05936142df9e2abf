/**
 * Which snapshots a receiver has, and whether the next packet can be applied to them.
 *
 * One slot more than snapshots, so that a packet is decoded beside all that it may build on and becomes visible only
 * when it is sound. Numbers are counted on beyond their 16 bits. Invariant: a slot is reused only when its snapshot is
 * the oldest of a full ring.
 *
 * Why a restart: after a silence of half the number space a newer number looks older. So many sound old full snapshots
 * with ascending numbers as the ring is long, and nothing newer between them, are no late ones: the receiver starts over
 * with the last of them. A full snapshot of another epoch starts it over at once; but for the epoch before, which might
 * be late: that has to prove itself like old ones.
 *
 * @module
 */
import { NO_SNAPSHOT, serialDistance, type SnapshotHeader } from "./snapshot_header.ts";
import { SnapshotStatus } from "./snapshot_status.ts";

/** The snapshots that a receiver keeps. */
export class ReceivedRing {
  /** The numbers, counted on, by slot; -1 for a slot that is free. */
  readonly #numbers: Float64Array;
  #spare = 0;
  #newestSlot = -1;
  /** How many old full snapshots in a row there were, and the last of them. */
  #oldFulls = 0;
  #oldNumber = 0;
  #oldEpoch = -1;
  #epoch = -1;
  #epochBefore = -1;
  #needsFull = true;
  /** What {@linkcode ReceivedRing.admit} found. */
  #admitted = -1;
  #baseSlot = -1;
  #admittedEpoch = -1;
  #isOldFull = false;
  #isRestart = false;

  /**
   * Makes an empty ring.
   *
   * @param snapshots How many snapshots it keeps.
   */
  constructor(snapshots: number) {
    this.#numbers = new Float64Array(snapshots + 1).fill(-1);
  }

  /** How many slots there are, the spare one included. */
  get slots(): number {
    return this.#numbers.length;
  }

  /** The slot that the admitted packet is decoded into; no snapshot lies there. */
  get spareSlot(): number {
    return this.#spare;
  }

  /** The slot of the base of the admitted packet, -1 when it needs none. */
  get baseSlot(): number {
    return this.#baseSlot;
  }

  /** The slot of the newest snapshot, -1 before the first. */
  get newestSlot(): number {
    return this.#newestSlot;
  }

  /** The number of the newest snapshot, counted on beyond 16 bits; -1 before the first. */
  get newest(): number {
    return this.#newestSlot < 0 ? -1 : this.#numbers[this.#newestSlot]!;
  }

  /** What to acknowledge: the low 16 bits of the newest number, or {@linkcode NO_SNAPSHOT} to ask for a full one. */
  get acknowledgement(): number {
    return this.#needsFull ? NO_SNAPSHOT : this.newest & 0xffff;
  }

  /**
   * The number in a slot.
   *
   * @param slot Which slot.
   * @returns The number, counted on; -1 when the slot is free.
   */
  numberAt(slot: number): number {
    return this.#numbers[slot]!;
  }

  /**
   * Tells from its header whether a packet can be applied, before its body is looked at.
   *
   * @param header The header.
   * @returns `Applied` when it is newer than all, `AppliedLate` when it is not but still fits in, else why not. `Old`
   * when {@linkcode ReceivedRing.isOldFull}: then it is to be decoded all the same, and to be confirmed.
   */
  admit(header: SnapshotHeader): SnapshotStatus {
    const isFull = header.distance === 0;
    const number = this.#newestSlot < 0 ? header.number : this.newest + serialDistance(header.number, this.newest);
    this.#isRestart = this.#isOldFull = false;
    this.#admitted = number;
    this.#admittedEpoch = header.epoch;
    this.#baseSlot = -1;
    if (this.#newestSlot >= 0 && header.epoch !== this.#epoch) return this.#admitStranger(header);
    const status = this.#judge(number);
    if (!isFull) this.#baseSlot = this.#slotOf(number - header.distance);
    if (status === SnapshotStatus.Duplicate) return status;
    if (status === SnapshotStatus.Old) {
      this.#isOldFull = isFull && this.#isNewOldFull(header);
      return status;
    }
    if (isFull || this.#baseSlot >= 0) return status;
    if (status === SnapshotStatus.Applied) this.#needsFull = true;
    return SnapshotStatus.UnknownBase;
  }

  /** Whether the admitted packet is an old one that may still show that the sender moved on, once it is decoded. */
  get isOldFull(): boolean {
    return this.#isOldFull;
  }

  /**
   * Counts the admitted packet, an old full snapshot, after it turned out to be sound.
   *
   * @returns `Applied` when there were so many that the ring starts over with it, which is still to be committed.
   */
  confirmOldFull(): SnapshotStatus {
    const number = this.#admitted & 0xffff;
    const isSameRun = this.#oldFulls > 0 && this.#admittedEpoch === this.#oldEpoch &&
      serialDistance(number, this.#oldNumber) > 0;
    this.#oldFulls = isSameRun ? this.#oldFulls + 1 : 1;
    this.#oldNumber = number;
    this.#oldEpoch = this.#admittedEpoch;
    this.#isRestart = this.#oldFulls === this.#numbers.length - 1;
    return this.#isRestart ? SnapshotStatus.Applied : SnapshotStatus.Old;
  }

  /** Makes what was decoded into the spare slot visible under the number that was admitted. */
  commit(): void {
    const slot = this.#spare;
    let number = this.#admitted;
    if (this.#isRestart) {
      const before = this.isStranger ? this.#epoch : this.#epochBefore;
      number = this.isStranger ? number & 0xffff : this.newest + ((number - this.newest) & 0xffff);
      this.clear();
      this.#epochBefore = before;
    }
    this.#epoch = this.#admittedEpoch;
    const isNewest = number > this.newest;
    this.#numbers[slot] = number;
    if (isNewest) {
      this.#newestSlot = slot;
      this.#needsFull = false;
      this.#oldFulls = 0;
    }
    const free = this.#numbers.indexOf(-1);
    this.#spare = free >= 0 ? free : this.#oldest();
    this.#numbers[this.#spare] = -1;
  }

  /** Whether the admitted packet is of another epoch than the snapshots that are here. */
  get isStranger(): boolean {
    return this.#newestSlot >= 0 && this.#admittedEpoch !== this.#epoch;
  }

  /** Whether the commit to come starts the ring over. */
  get isRestart(): boolean {
    return this.#isRestart;
  }

  /** Asks the sender for a full snapshot from now on, until one is applied that is newer than all. */
  requestFull(): void {
    this.#needsFull = true;
  }

  /** Forgets all snapshots. */
  clear(): void {
    this.#numbers.fill(-1);
    this.#newestSlot = -1;
    this.#oldFulls = 0;
    this.#epochBefore = -1;
    this.#needsFull = true;
  }

  #admitStranger(header: SnapshotHeader): SnapshotStatus {
    if (header.distance > 0) {
      this.#needsFull = true;
      return SnapshotStatus.EpochMismatch;
    }
    this.#isOldFull = header.epoch === this.#epochBefore && this.#isNewOldFull(header);
    this.#isRestart = header.epoch !== this.#epochBefore;
    return this.#isRestart ? SnapshotStatus.Applied : SnapshotStatus.Old;
  }

  /** Whether an old full snapshot goes on in the row of those before, or begins another one. */
  #isNewOldFull(header: SnapshotHeader): boolean {
    if (this.#oldFulls === 0 || header.epoch !== this.#oldEpoch) return true;
    const ahead = serialDistance(header.number, this.#oldNumber);
    return ahead > 0 || ahead <= -this.#numbers.length;
  }

  #judge(number: number): SnapshotStatus {
    if (this.#newestSlot < 0 || number > this.newest) return SnapshotStatus.Applied;
    if (this.#slotOf(number) >= 0) return SnapshotStatus.Duplicate;
    if (number < 0) return SnapshotStatus.Old;
    const isFilled = this.#numbers.indexOf(-1) === this.#spare && this.#numbers.lastIndexOf(-1) === this.#spare;
    return isFilled && number < this.#numbers[this.#oldest()]! ? SnapshotStatus.Old : SnapshotStatus.AppliedLate;
  }

  #slotOf(number: number): number {
    return number < 0 ? -1 : this.#numbers.indexOf(number);
  }

  /** The slot of the oldest snapshot; there must be one. */
  #oldest(): number {
    let oldest = -1;
    for (let slot = 0; slot < this.#numbers.length; slot++) {
      const number = this.#numbers[slot]!;
      if (number >= 0 && (oldest < 0 || number < this.#numbers[oldest]!)) oldest = slot;
    }
    return oldest;
  }
}
