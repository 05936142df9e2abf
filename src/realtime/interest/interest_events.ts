/**
 * The enter and leave events of one tick: bounded, in columns, handed out through one record that is used again.
 *
 * Invariant: an event that has no room is refused before the change that it tells of is made, so that what was polled
 * and who is relevant never disagree.
 *
 * @module
 */
import { widened } from "./id_table.ts";

/** For how many events there is room before it grows. */
const MIN_EVENTS = 64;

/** What an {@linkcode InterestEvent} tells. */
export const InterestEventKind = {
  /** The entity became relevant to the observer: send it whole. */
  Enter: 1,
  /** The entity is relevant to the observer no more, or is gone: tell it to forget it. */
  Leave: 2,
} as const;

/** One of the values of {@linkcode InterestEventKind}. */
export type InterestEventKind = (typeof InterestEventKind)[keyof typeof InterestEventKind];

/** One change of what is relevant to an observer. */
export interface InterestEvent {
  /** What happened. */
  readonly kind: InterestEventKind;
  /** The id of the observer. */
  readonly observer: number;
  /** The id of the entity. */
  readonly entity: number;
}

/** The one record that all events are handed out through. */
class EventRecord {
  kind: InterestEventKind = InterestEventKind.Enter;
  observer = 0;
  entity = 0;
}

/** Events in the order in which they happened. */
export class InterestEvents {
  readonly #maxEvents: number;
  readonly #record = new EventRecord();
  /** The observer's slot, -1 once it is gone. */
  #observers: Int32Array;
  #entities: Uint32Array;
  #kinds: Uint8Array;
  #read = 0;
  #count = 0;

  /**
   * Makes an empty queue.
   *
   * @param maxEvents How many there may be at a time.
   */
  constructor(maxEvents: number) {
    const length = Math.min(maxEvents, MIN_EVENTS);
    this.#maxEvents = maxEvents;
    this.#observers = new Int32Array(length);
    this.#entities = new Uint32Array(length);
    this.#kinds = new Uint8Array(length);
  }

  /** How many were not polled yet, those about observers that are gone included. */
  get pending(): number {
    return this.#count - this.#read;
  }

  /**
   * Appends an event.
   *
   * @param kind What happened.
   * @param observer The slot of the observer.
   * @param entity The id of the entity.
   * @returns `false` when there is no room.
   */
  push(kind: InterestEventKind, observer: number, entity: number): boolean {
    const at = this.#count;
    if (at === this.#observers.length && !this.#grow()) return false;
    this.#kinds[at] = kind;
    this.#observers[at] = observer;
    this.#entities[at] = entity;
    this.#count = at + 1;
    return true;
  }

  /**
   * Hands out the oldest event.
   *
   * @param observerIds The ids of observers by slot.
   * @returns A record that is valid until the next call, or `undefined`.
   */
  poll(observerIds: Uint32Array): InterestEvent | undefined {
    while (this.#read < this.#count) {
      const at = this.#read++;
      const observer = this.#observers[at]!;
      if (observer < 0) continue;
      const record = this.#record;
      record.kind = this.#kinds[at]! as InterestEventKind;
      record.observer = observerIds[observer]!;
      record.entity = this.#entities[at]!;
      return record;
    }
    this.clear();
    return undefined;
  }

  /** Forgets all that was not polled. */
  clear(): void {
    this.#read = 0;
    this.#count = 0;
  }

  /**
   * Drops what was not polled about an observer.
   *
   * @param observer Its slot.
   */
  dropObserver(observer: number): void {
    for (let at = this.#read; at < this.#count; at++) {
      if (this.#observers[at] === observer) this.#observers[at] = -1;
    }
  }

  #grow(): boolean {
    const length = Math.min(this.#observers.length * 2, this.#maxEvents);
    if (length <= this.#observers.length) return false;
    this.#observers = widened(this.#observers, new Int32Array(length));
    this.#entities = widened(this.#entities, new Uint32Array(length));
    this.#kinds = widened(this.#kinds, new Uint8Array(length));
    return true;
  }
}
