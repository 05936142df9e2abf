/**
 * The datagrams of a worker, whose socket is on another thread: two rings, one of what came and one of what goes out.
 *
 * Invariants: what comes while nothing can be sent stays in its ring, and what does not fit there is lost, as in the
 * buffer of a socket; what is to go out is never lost here: a full ring says so, and says when it has room again.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";
import type { UdpAddress } from "../transport/address.ts";
import type { DatagramLink, DatagramReceiver, NumericAddress } from "../transport/datagram_link.ts";
import { ADDRESS_WORDS } from "../wire/datagram_address.ts";

const ADDRESS_ROOM = ADDRESS_WORDS * 4;
/** How many datagrams are handed on before others get their turn. */
const BATCH_COUNT = 64;

/** What the socket of another thread is like. */
export interface DistantSocket {
  /** Its address. */
  readonly local: UdpAddress;
  /** The longest datagram that it sends. */
  readonly maxDatagramBytes: number;
  /** Whether its datagrams are never cut into fragments. */
  readonly dontFragment: boolean;
}

/** Writes datagrams into a ring. */
export class DatagramRingWriter {
  readonly #out: SpscRecordProducer;
  readonly #bell: Doorbell;

  /**
   * Takes the writing end.
   *
   * @param ring The ring.
   * @param bell Wakes the reader.
   */
  constructor(ring: SharedArrayBuffer, bell: Doorbell) {
    this.#out = new SpscRecordProducer(ring);
    this.#bell = bell;
  }

  /**
   * Adds a datagram.
   *
   * @param address Where it goes, or came from.
   * @param buffer The memory; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns Whether there was room.
   */
  add(address: NumericAddress, buffer: Uint8Array, start: number, end: number): boolean {
    const out = this.#out;
    const at = out.claim(0, ADDRESS_ROOM + end - start);
    if (at < 0) return false;
    for (let i = 0; i < ADDRESS_WORDS; i++) out.words[(at >> 2) + i] = address.words[i]!;
    out.data.set(new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start), at + ADDRESS_ROOM);
    out.commit();
    this.#bell.ring();
    return true;
  }

  /** Waits for the reader to make room for a datagram of the largest length. */
  async waitForRoom(maxDatagramBytes: number): Promise<void> {
    await this.#out.waitForSpace(ADDRESS_ROOM + maxDatagramBytes);
  }
}

/** Takes one datagram; returns whether it could, else it comes again. */
export type TakeDatagram = (address: NumericAddress, buffer: Uint8Array, start: number, end: number) => boolean;

/** Reads datagrams from a ring, in place. */
export class DatagramRingReader {
  readonly #in: SpscRecordConsumer;
  readonly #address: NumericAddress = { words: new Int32Array(ADDRESS_WORDS) };
  #isHeld = false;

  /**
   * Takes the reading end.
   *
   * @param ring The ring.
   */
  constructor(ring: SharedArrayBuffer) {
    this.#in = new SpscRecordConsumer(ring);
  }

  /**
   * Hands on what is there.
   *
   * @param take Takes datagrams; address and memory are lent for the call.
   * @returns How many were taken; there may be more.
   */
  drain(take: TakeDatagram): number {
    const incoming = this.#in;
    const { data, words } = incoming;
    let count = 0;
    while (count < BATCH_COUNT && (this.#isHeld || incoming.next())) {
      const { offset, length } = incoming;
      for (let i = 0; i < ADDRESS_WORDS; i++) this.#address.words[i] = words[(offset >> 2) + i]!;
      this.#isHeld = !take(this.#address, data, offset + ADDRESS_ROOM, offset + length);
      if (this.#isHeld) return count;
      count++;
    }
    incoming.release();
    return count;
  }
}

/** The worker's link. */
export class SecureWorkerLink implements DatagramLink {
  readonly local: UdpAddress;
  readonly maxDatagramBytes: number;
  readonly dontFragment: boolean;
  readonly whenClosed: Promise<void>;
  readonly #reader: DatagramRingReader;
  readonly #writer: DatagramRingWriter;
  readonly #onRoom: () => void;
  readonly #ended = Promise.withResolvers<void>();
  readonly #take: TakeDatagram = (address, buffer, start, end) => {
    // Nothing is taken while nothing can be sent.
    if (this.#isFull) return false;
    this.#receiver!.source.words.set(address.words);
    this.#receiver!.handleDatagram(buffer, start, end);
    return true;
  };
  #receiver: DatagramReceiver | undefined = undefined;
  #isFull = false;
  #closed = false;

  /**
   * Opens the worker's ends.
   *
   * @param socket What the socket is like.
   * @param arrivals What came.
   * @param departures What goes out.
   * @param facadeBell Wakes the thread of the socket.
   * @param onRoom Called when datagrams are taken again.
   */
  constructor(
    socket: DistantSocket,
    arrivals: SharedArrayBuffer,
    departures: SharedArrayBuffer,
    facadeBell: Doorbell,
    onRoom: () => void,
  ) {
    this.local = socket.local;
    this.maxDatagramBytes = socket.maxDatagramBytes;
    this.dontFragment = socket.dontFragment;
    this.whenClosed = this.#ended.promise;
    this.#reader = new DatagramRingReader(arrivals);
    this.#writer = new DatagramRingWriter(departures, facadeBell);
    this.#onRoom = onRoom;
  }

  get hasRoom(): boolean {
    return !this.#isFull && !this.#closed;
  }

  start(receiver: DatagramReceiver): void {
    this.#receiver = receiver;
  }

  send(buffer: Uint8Array, start: number, end: number, to: NumericAddress): SendStatus {
    if (this.#closed) return SendStatus.Closed;
    if (end - start > this.maxDatagramBytes) return SendStatus.TooLarge;
    if (!this.#isFull && this.#writer.add(to, buffer, start, end)) return SendStatus.Queued;
    if (!this.#isFull) void this.#waitForRoom();
    return SendStatus.BackPressured;
  }

  counters(): Record<string, number> {
    return {};
  }

  close(): void {
    this.#closed = true;
    this.#ended.resolve();
  }

  /**
   * Hands on what has come.
   *
   * @returns How many datagrams; there may be more.
   */
  drain(): number {
    return this.#receiver === undefined || this.#isFull || this.#closed ? 0 : this.#reader.drain(this.#take);
  }

  async #waitForRoom(): Promise<void> {
    this.#isFull = true;
    await this.#writer.waitForRoom(Math.min(this.maxDatagramBytes, 1 << 16));
    this.#isFull = false;
    if (this.#closed) return;
    this.#receiver!.handleRoom?.();
    this.#onRoom();
  }
}
