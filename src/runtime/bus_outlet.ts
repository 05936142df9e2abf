/**
 * What goes to one peer: records wait here while its link is being opened or its queue is full.
 *
 * Invariant: records leave in the order in which they came, whatever waits. Events follow the policy when there is no
 * room; everything else waits. A peer that is lost loses what waited for it, and whoever waited for room is let go.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { RoomWait } from "../transport/bus_fabric.ts";
import type { QueuePolicy } from "./bus_options.ts";

/** How many records may wait for room in a full queue. */
const MAX_WAITING_COUNT = 4096;
/** How many times `maxQueuedBytes` they may have; one record alone may have any length. */
const MAX_WAITING_QUEUES = 8;

/** What takes the records of a link. */
export interface OutletTarget {
  /**
   * Offers a record.
   *
   * @param buffer Where it lies, from 0; copied.
   * @param length How long it is.
   * @param subject What was given with it.
   * @returns `Queued`, or `BackPressured` while the queue is full; anything else: the link is closing.
   */
  trySend(buffer: Uint8Array, length: number, subject?: string): SendStatus;
}

/** What an outlet needs of its fabric. */
export interface OutletOwner {
  /** How many bytes may wait while the link is being opened. */
  readonly maxQueuedBytes: number;
  /** What happens to events without room. */
  readonly policy: QueuePolicy;
  /** An event was dropped because there was no room. */
  dropped(): void;
}

interface Entry {
  readonly record: Uint8Array;
  readonly subject: string | undefined;
  readonly resolve: (() => void) | undefined;
  readonly reject: ((reason: unknown) => void) | undefined;
  isOver: boolean;
}

/** The line of records to one peer. */
export class BusOutlet {
  readonly #owner: OutletOwner;
  readonly #disconnect: () => void;
  #target: OutletTarget | undefined = undefined;
  #line: Entry[] = [];
  #head = 0;
  #lineBytes = 0;
  #waitingCount = 0;

  /**
   * @param owner What it needs of its fabric.
   * @param disconnect Closes the link to a peer that does not keep up.
   */
  constructor(owner: OutletOwner, disconnect: () => void) {
    this.#owner = owner;
    this.#disconnect = disconnect;
  }

  /** Whether records have somewhere to go. */
  get isConnected(): boolean {
    return this.#target !== undefined;
  }

  /** How many records wait. */
  get count(): number {
    return this.#line.length - this.#head;
  }

  /**
   * Offers an event.
   *
   * @param buffer Where it lies, from 0; copied.
   * @param length How long it is.
   * @param subject Goes with it to the target.
   * @returns `undefined` when it is queued or was dropped; otherwise the wait for room.
   */
  offerEvent(buffer: Uint8Array, length: number, subject?: string): RoomWait | undefined {
    if (this.#take(buffer, length, subject)) return undefined;
    const { policy } = this.#owner;
    if (policy === "wait") return this.#wait(buffer, length, subject);
    this.#owner.dropped();
    if (policy === "disconnect") this.#disconnect();
    return undefined;
  }

  /**
   * Offers a record that must not be dropped.
   *
   * @param buffer Where it lies, from 0; copied.
   * @param length How long it is.
   * @param subject Goes with it to the target.
   * @returns `undefined` when it is queued; otherwise the wait for room.
   */
  offer(buffer: Uint8Array, length: number, subject?: string): RoomWait | undefined {
    return this.#take(buffer, length, subject) ? undefined : this.#wait(buffer, length, subject);
  }

  /**
   * The link is open.
   *
   * @param target What takes the records from now on.
   */
  connect(target: OutletTarget): void {
    this.#target = target;
    this.flush();
  }

  /** There is room in the link's queue again. */
  flush(): void {
    const target = this.#target;
    while (target !== undefined && this.#head < this.#line.length) {
      const entry = this.#line[this.#head]!;
      if (
        !entry.isOver && target.trySend(entry.record, entry.record.length, entry.subject) === SendStatus.BackPressured
      ) return;
      this.#head++;
      this.#settle(entry);
    }
    if (this.#head > 0) this.#line = [];
    this.#head = 0;
  }

  /** The link, or the peer, is lost: nothing that waits will go out. */
  disconnect(): void {
    this.#target = undefined;
    const lost = this.#line.slice(this.#head);
    this.#line = [];
    this.#head = 0;
    for (const entry of lost) this.#settle(entry);
  }

  #take(buffer: Uint8Array, length: number, subject: string | undefined): boolean {
    const target = this.#target;
    if (target !== undefined) {
      return this.#head === this.#line.length && target.trySend(buffer, length, subject) !== SendStatus.BackPressured;
    }
    if (this.#lineBytes + length > this.#owner.maxQueuedBytes) return false;
    this.#push({ record: buffer.slice(0, length), subject, resolve: undefined, reject: undefined, isOver: false });
    return true;
  }

  #wait(buffer: Uint8Array, length: number, subject: string | undefined): RoomWait {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const mostBytes = MAX_WAITING_QUEUES * this.#owner.maxQueuedBytes;
    const isFull = this.#waitingCount > 0 && this.#lineBytes + length > mostBytes;
    if (isFull || this.#waitingCount >= MAX_WAITING_COUNT) {
      const text =
        `${this.#waitingCount} records of ${this.#lineBytes} bytes wait already; await what publish() returns`;
      reject(new ResourceError(`Cannot wait for room: ${text}`));
      return { done: promise, cancel: () => {} };
    }
    const entry: Entry = { record: buffer.slice(0, length), subject, resolve, reject, isOver: false };
    this.#waitingCount++;
    this.#push(entry);
    return { done: promise, cancel: (reason) => this.#cancel(entry, reason) };
  }

  #push(entry: Entry): void {
    this.#line.push(entry);
    this.#lineBytes += entry.record.length;
  }

  #cancel(entry: Entry, reason: unknown): void {
    if (entry.isOver) return;
    entry.isOver = true;
    this.#waitingCount--;
    entry.reject!(reason);
  }

  #settle(entry: Entry): void {
    this.#lineBytes -= entry.record.length;
    if (entry.isOver || entry.resolve === undefined) return;
    entry.isOver = true;
    this.#waitingCount--;
    entry.resolve();
  }
}

/**
 * One wait for several.
 *
 * @param first What waits already.
 * @param second What waits besides.
 * @returns A wait for both.
 */
export function bothWaits(first: RoomWait | undefined, second: RoomWait | undefined): RoomWait | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    done: Promise.all([first.done, second.done]).then(() => {}),
    cancel: (reason) => {
      first.cancel(reason);
      second.cancel(reason);
    },
  };
}
