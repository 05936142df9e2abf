/**
 * Datagrams that came while the machine could not take them, because what it has to send finds no room: as a socket's
 * buffer, bounded, the newest dropped.
 *
 * @module
 */
import { DatagramAddress } from "../wire/datagram_address.ts";

const MAX_COUNT = 256;
const MAX_BYTES = 1 << 20;

/** A datagram that waits. */
export interface WaitingDatagram {
  /** The link that it came by. */
  readonly pathId: number;
  /** Where it came from. */
  readonly source: DatagramAddress;
  /** A copy of it. */
  readonly bytes: Uint8Array;
}

/** A short queue of datagrams. */
export class SecureInbox {
  readonly #waiting: WaitingDatagram[] = [];
  #bytes = 0;
  #droppedCount = 0;

  /** How many were dropped so far. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * Keeps a datagram for later, or drops it.
   *
   * @param pathId The link that it came by.
   * @param source Where it came from; copied.
   * @param buffer Where it lies; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  add(pathId: number, source: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#waiting.length >= MAX_COUNT || this.#bytes + length > MAX_BYTES) {
      this.#droppedCount++;
      return;
    }
    const copy = new DatagramAddress();
    copy.copyFrom(source);
    this.#waiting.push({ pathId, source: copy, bytes: buffer.slice(start, end) });
    this.#bytes += length;
  }

  /**
   * Takes the oldest.
   *
   * @returns The datagram, or `undefined` when none waits.
   */
  take(): WaitingDatagram | undefined {
    const datagram = this.#waiting.shift();
    if (datagram !== undefined) this.#bytes -= datagram.bytes.length;
    return datagram;
  }

  /** Drops all that waits. */
  clear(): void {
    this.#droppedCount += this.#waiting.length;
    this.#waiting.length = 0;
    this.#bytes = 0;
  }
}
