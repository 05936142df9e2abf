/**
 * The messages of one session that wait for a packet, as frames ready to be copied.
 *
 * Invariants: order is kept; memory is taken when it is needed, up to the limit that the caller gives, and a queue that
 * was cleared holds no more than it is allowed to keep. A queue belongs to a session only while it has messages.
 *
 * @module
 */
import { encodeMessageHeader, FrameType, MESSAGE_OVERHEAD_BYTES } from "../wire/session_frame.ts";

/** How much memory a queue has at first. */
export const BLOCK_BYTES = 4096;

/** Up to this size frames are copied byte by byte: a view would cost more. */
const LOOP_BYTES = 128;

/** Message frames in the order of their sending. */
export class MessageQueue {
  #buffer: Uint8Array = new Uint8Array(BLOCK_BYTES);
  /** A view of what was copied from the beginning of the buffer last. */
  #front: Uint8Array = this.#buffer.subarray(0, 0);
  #head = 0;
  #tail = 0;
  #count = 0;

  /** How many messages wait. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes their frames take. */
  get bytes(): number {
    return this.#tail - this.#head;
  }

  /** How much memory it has. */
  get memoryBytes(): number {
    return this.#buffer.length;
  }

  /** How many bytes the next frame takes; 0 when there is none. */
  get nextBytes(): number {
    if (this.#count === 0) return 0;
    const at = this.#head;
    return MESSAGE_OVERHEAD_BYTES + ((this.#buffer[at + 6]! << 8) | this.#buffer[at + 7]!);
  }

  /**
   * Adds a message.
   *
   * @param channel The channel, 0 to 255.
   * @param id The message's id.
   * @param payload Copied.
   * @param maxBytes How many bytes all frames together may take.
   * @returns Whether there was room.
   */
  push(channel: number, id: number, payload: Uint8Array, maxBytes: number): boolean {
    const bytes = MESSAGE_OVERHEAD_BYTES + payload.length;
    if (this.#tail - this.#head + bytes > maxBytes) return false;
    if (this.#tail + bytes > this.#buffer.length) this.#makeRoom(bytes);
    const at = encodeMessageHeader(this.#buffer, this.#tail, FrameType.Plain, channel, id, payload.length);
    this.#buffer.set(payload, at);
    this.#tail += bytes;
    this.#count++;
    return true;
  }

  /**
   * Moves frames from the front into a packet, as many as fit.
   *
   * @param into The packet's memory.
   * @param at Where the first one goes.
   * @param end Where they must end at the latest.
   * @returns The index after the last one.
   */
  moveInto(into: Uint8Array, at: number, end: number): number {
    let bytes = 0;
    let count = 0;
    for (let next = this.nextBytes; next > 0 && at + bytes + next <= end; next = this.#bytesOf(this.#head + bytes)) {
      bytes += next;
      count++;
      if (count === this.#count) break;
    }
    this.#copy(bytes, into, at);
    this.#head += bytes;
    this.#count -= count;
    if (this.#count === 0) this.#rewind();
    return at + bytes;
  }

  #copy(bytes: number, into: Uint8Array, at: number): void {
    const head = this.#head;
    // Messages of one size that go out one by one lie in the same place each time.
    if (head === 0 && bytes === this.#front.length) return into.set(this.#front, at);
    if (bytes <= LOOP_BYTES) {
      for (let i = 0; i < bytes; i++) into[at + i] = this.#buffer[head + i]!;
    } else {
      into.set(this.#buffer.subarray(head, head + bytes), at);
    }
    if (head === 0) this.#front = this.#buffer.subarray(0, bytes);
  }

  /**
   * Throws all messages away.
   *
   * @param keptBytes How much memory it may keep; what is larger is replaced by a block.
   */
  clear(keptBytes: number = BLOCK_BYTES): void {
    this.#count = 0;
    this.#rewind();
    if (this.#buffer.length > keptBytes) this.#replace(new Uint8Array(BLOCK_BYTES));
  }

  #bytesOf(at: number): number {
    return MESSAGE_OVERHEAD_BYTES + ((this.#buffer[at + 6]! << 8) | this.#buffer[at + 7]!);
  }

  #rewind(): void {
    this.#head = this.#tail = 0;
  }

  #replace(buffer: Uint8Array): void {
    this.#buffer = buffer;
    this.#front = buffer.subarray(0, 0);
  }

  #makeRoom(bytes: number): void {
    const used = this.#tail - this.#head;
    if (used + bytes <= this.#buffer.length / 2) {
      this.#buffer.copyWithin(0, this.#head, this.#tail);
    } else {
      let size = this.#buffer.length;
      while (size < used + bytes) size *= 2;
      const larger = new Uint8Array(size === this.#buffer.length ? size * 2 : size);
      larger.set(this.#buffer.subarray(this.#head, this.#tail));
      this.#replace(larger);
    }
    this.#head = 0;
    this.#tail = used;
  }
}
