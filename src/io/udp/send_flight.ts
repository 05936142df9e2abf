/**
 * The datagrams that are under way to the system: how many there may be, and the memory that each lies in meanwhile.
 *
 * Invariants: the sums of what is under way are exact and never above the limits; a slot is free again only after its
 * send was settled, so that nobody writes to memory that the system still reads. Why the slot that came back last goes
 * out next: its memory is still in the core's cache. Why slots hold on to little memory: a few long datagrams must not
 * leave as many long buffers behind.
 *
 * @module
 */
import { NOWHERE, type UdpDestination } from "./destination_cache.ts";

/** The memory that a slot keeps for the next datagram; a longer one gets memory of its own for once. */
const KEPT_BYTES = 2_048;

const NO_BYTES = new Uint8Array(0);

/** One datagram under way; used again. */
export class SendSlot {
  /** The datagram. */
  bytes: Uint8Array = NO_BYTES;
  /** Where it goes. */
  to: UdpDestination = NOWHERE;
  /** What the socket hangs on a slot so that it needs no closure for each datagram; made at the first send. */
  callbacks: unknown = undefined;
  #memory = NO_BYTES;

  /**
   * Copies a datagram.
   *
   * @param buffer Where it lies.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  fill(buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > KEPT_BYTES) {
      this.bytes = buffer.slice(start, end);
      return;
    }
    if (this.#memory === NO_BYTES) this.#memory = new Uint8Array(KEPT_BYTES);
    const memory = this.#memory;
    if (this.bytes.length !== length || this.bytes.buffer !== memory.buffer) {
      this.bytes = new Uint8Array(memory.buffer, 0, length);
    }
    this.bytes.set(new Uint8Array(buffer.buffer, buffer.byteOffset + start, length));
  }

  /** Lets go of memory that is not kept. */
  empty(): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = NO_BYTES;
  }
}

/** The slots of one socket. */
export class SendFlight {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #free: SendSlot[] = [];
  #freeCount = 0;
  #count = 0;
  #bytes = 0;

  /**
   * Makes a flight with nothing under way.
   *
   * @param maxCount How many datagrams may be under way.
   * @param maxBytes How many bytes may be under way.
   */
  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  /** How many datagrams are under way. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes are under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no more than half of what is allowed is under way. */
  get isHalfEmpty(): boolean {
    return this.#count * 2 <= this.#maxCount && this.#bytes * 2 <= this.#maxBytes;
  }

  /**
   * Whether a datagram may go.
   *
   * @param length Its length.
   * @returns Whether the limits leave room for it.
   */
  admits(length: number): boolean {
    return this.#count < this.#maxCount && this.#bytes + length <= this.#maxBytes;
  }

  /**
   * Takes a datagram that is admitted.
   *
   * @param buffer Where it lies; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   * @param to Where it goes.
   * @returns Its slot, until it is given back.
   */
  take(buffer: Uint8Array, start: number, end: number, to: UdpDestination): SendSlot {
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : new SendSlot();
    slot.fill(buffer, start, end);
    slot.to = to;
    this.#count++;
    this.#bytes += end - start;
    return slot;
  }

  /**
   * Takes a slot back whose send is settled.
   *
   * @param slot The slot.
   */
  give(slot: SendSlot): void {
    this.#count--;
    this.#bytes -= slot.bytes.length;
    slot.empty();
    this.#free[this.#freeCount++] = slot;
  }
}
