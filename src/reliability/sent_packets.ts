/**
 * The packets of a connection that are under way, in columns, and what became of each.
 *
 * A packet has a slot: a small integer that stays the same until the packet is settled, so that others keep in arrays
 * of their own what it carried. Slots stand in the order of packet numbers in a ring; a settled packet keeps its slot
 * until all before it are settled, so that losses can be judged in order (RFC 9002 section 7.6). Invariant: every packet
 * is settled once, as acknowledged or as lost; slots never outnumber the maximum, and columns double up to it.
 *
 * @module
 */
import { PacketFlag } from "./packet_flag.ts";

/** The result of {@linkcode SentPackets.add} when there is no slot left. */
export const NO_SLOT: number = -1;

/** What became of a packet. */
export const PacketFate = {
  /** Under way. */
  Pending: 0,
  /** The peer has it. */
  Acked: 1,
  /** It was given up; what it carried goes out again in another packet. */
  Lost: 2,
} as const;

/** One of the values of {@linkcode PacketFate}. */
export type PacketFate = (typeof PacketFate)[keyof typeof PacketFate];

const FIRST_SLOTS = 32;

/** The ledger of a sender. */
export class SentPackets {
  /** The packet number, by slot. */
  number: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** When it went out in ms, by slot. */
  sentAt: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** How many bytes had been delivered when it went out, by slot. */
  delivered: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** When the last of these had been delivered, by slot. */
  deliveredAt: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** When the first packet of its flight went out, by slot. */
  firstSentAt: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** Its size in bytes, by slot. */
  bytes: Int32Array<ArrayBuffer> = new Int32Array(FIRST_SLOTS);
  /** Bits of {@linkcode PacketFlag}, by slot. */
  flags: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_SLOTS);
  /** What became of it, by slot. */
  fate: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_SLOTS);
  /** How many bytes are under way. */
  bytesInFlight = 0;
  /** How many of the packets under way ask for an acknowledgement. */
  eliciting = 0;
  #order: Int32Array<ArrayBuffer> = new Int32Array(FIRST_SLOTS);
  #free: Int32Array<ArrayBuffer> = slotsFrom(0, FIRST_SLOTS);
  #freeCount = FIRST_SLOTS;
  #head = 0;
  #count = 0;
  readonly #maxSlots: number;

  /**
   * Makes an empty ledger.
   *
   * @param maxSlots How many packets it holds at most, 32 to 65536.
   */
  constructor(maxSlots: number) {
    this.#maxSlots = maxSlots;
  }

  /** How many slots are taken, those of settled packets that wait for earlier ones included. */
  get count(): number {
    return this.#count;
  }

  /** How many more packets fit. */
  get room(): number {
    return this.#maxSlots - this.#count;
  }

  /** The slot that the next packet will get, so that others can note under it what is being written. */
  get nextSlot(): number {
    return this.#freeCount > 0 || this.#grow() ? this.#free[this.#freeCount - 1]! : NO_SLOT;
  }

  /** Slots are below this. */
  get capacity(): number {
    return this.#order.length;
  }

  /**
   * Notes a packet that goes out.
   *
   * @param number Its number, larger than all before.
   * @param now The time in ms.
   * @param bytes Its size.
   * @param flags Bits of {@linkcode PacketFlag}.
   * @returns Its slot, or {@linkcode NO_SLOT}.
   */
  add(number: number, now: number, bytes: number, flags: number): number {
    if (this.#freeCount === 0 && !this.#grow()) return NO_SLOT;
    const slot = this.#free[--this.#freeCount]!;
    this.#order[(this.#head + this.#count++) & (this.#order.length - 1)] = slot;
    this.number[slot] = number;
    this.sentAt[slot] = now;
    this.bytes[slot] = bytes;
    this.flags[slot] = flags;
    this.fate[slot] = PacketFate.Pending;
    this.bytesInFlight += bytes;
    if ((flags & PacketFlag.Eliciting) !== 0) this.eliciting++;
    return slot;
  }

  /**
   * The slot at a place in the order of numbers.
   *
   * @param place 0 (the oldest) to `count` - 1.
   * @returns The slot.
   */
  slotAt(place: number): number {
    return this.#order[(this.#head + place) & (this.#order.length - 1)]!;
  }

  /**
   * Finds where a number stands.
   *
   * @param number A packet number.
   * @returns How many packets of the ledger have smaller numbers.
   */
  placeOf(number: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.number[this.slotAt(middle)]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Settles a packet that is pending.
   *
   * @param slot Its slot.
   * @param fate `Acked` or `Lost`.
   */
  settle(slot: number, fate: PacketFate): void {
    this.fate[slot] = fate;
    this.bytesInFlight -= this.bytes[slot]!;
    if ((this.flags[slot]! & PacketFlag.Eliciting) !== 0) this.eliciting--;
  }

  /**
   * Gives the oldest packet's slot back if it is settled.
   *
   * @returns The slot, whose columns stay as they are until the next packet goes out; {@linkcode NO_SLOT}: none.
   */
  takeSettled(): number {
    if (this.#count === 0) return NO_SLOT;
    const slot = this.slotAt(0);
    if (this.fate[slot] === PacketFate.Pending) return NO_SLOT;
    this.#head = (this.#head + 1) & (this.#order.length - 1);
    this.#count--;
    this.#free[this.#freeCount++] = slot;
    return slot;
  }

  /** Forgets all packets. */
  clear(): void {
    for (let place = 0; place < this.#count; place++) this.#free[this.#freeCount++] = this.slotAt(place);
    this.#head =
      this.#count =
      this.bytesInFlight =
      this.eliciting =
        0;
  }

  #grow(): boolean {
    const before = this.#order.length;
    const size = Math.min(2 * before, this.#maxSlots);
    if (size <= before) return false;
    const order = new Int32Array(size);
    for (let place = 0; place < this.#count; place++) order[place] = this.slotAt(place);
    this.#order = order;
    this.#head = 0;
    this.#free = slotsFrom(before, size);
    this.#freeCount = size - before;
    this.number = longer(this.number, size);
    this.sentAt = longer(this.sentAt, size);
    this.delivered = longer(this.delivered, size);
    this.deliveredAt = longer(this.deliveredAt, size);
    this.firstSentAt = longer(this.firstSentAt, size);
    const bytes = new Int32Array(size);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.flags = longerBytes(this.flags, size);
    this.fate = longerBytes(this.fate, size);
    return true;
  }
}

/** A stack of free slots with the lowest on top. */
function slotsFrom(first: number, end: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(end);
  for (let i = 0; i < end - first; i++) slots[i] = end - 1 - i;
  return slots;
}

function longer(column: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(size);
  result.set(column);
  return result;
}

function longerBytes(column: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(size);
  result.set(column);
  return result;
}
