/**
 * Requests that wait for their answer: correlation ids, deadlines, and what becomes of answers that nobody waits for.
 *
 * Ids go from 1 to 2^32 - 1 and then on from 1; an id of a request that still waits is skipped. Everything of a request
 * is a slot in flat columns, and its deadline an entry of one `DeadlineTable`; what belongs to its caller (who is told,
 * and how) stays with the caller, in columns of its own under the same slot number. Invariants: a slot is given out once
 * until it is settled; every request ends as exactly one of answered, cancelled, expired or abandoned.
 *
 * Answers are told apart by a short memory of ids that were settled, one for each residue: a second answer is
 * `duplicate`, one after a timeout or a cancel `late`, any other `unknown`.
 *
 * @module
 */
import { DeadlineTable } from "../time/deadline_table.ts";
import { IdIndex } from "./id_index.ts";

/** The largest id. */
export const MAX_REQUEST_ID = 0xffff_ffff;

/** What a request table counts. */
export interface RequestCounts {
  /** Requests that were opened. */
  opened: number;
  /** Requests that were answered in time. */
  answered: number;
  /** Requests that were cancelled by their caller. */
  cancelled: number;
  /** Requests whose deadline passed. */
  expired: number;
  /** Requests that ended because the connection did. */
  abandoned: number;
  /** Answers to a request that had expired or was cancelled. */
  late: number;
  /** Answers to a request that was answered already. */
  duplicate: number;
  /** Answers to an id that is not remembered. */
  unknown: number;
  /** Requests that were refused because as many wait as may. */
  refused: number;
}

const INITIAL_COUNT = 8;
/** How many settled ids are remembered for each request that may wait. */
const MEMORY_FACTOR = 4;

const Fate = { Answered: 1, Late: 2 } as const;

/** Why an answer has no request. */
export const StrayAnswer = {
  /** Its request had expired or was cancelled. */
  Late: 1,
  /** Its request was answered already. */
  Duplicate: 2,
  /** Its id is not remembered. */
  Unknown: 3,
} as const;

/** One of the values of {@linkcode StrayAnswer}. */
export type StrayAnswer = (typeof StrayAnswer)[keyof typeof StrayAnswer];

/**
 * The requests of one side of one connection.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const table = new RequestTable(1000);
 * const slot = table.open(250);
 * assertEquals(table.idOf(slot), 1);
 * assertEquals(table.answer(1), slot);
 * assertEquals(table.answer(1), -1);
 * assertEquals(table.counts.duplicate, 1);
 * ```
 */
export class RequestTable {
  /** What was counted so far. */
  readonly counts: RequestCounts = {
    opened: 0,
    answered: 0,
    cancelled: 0,
    expired: 0,
    abandoned: 0,
    late: 0,
    duplicate: 0,
    unknown: 0,
    refused: 0,
  };
  readonly #maxCount: number;
  readonly #index = new IdIndex(INITIAL_COUNT);
  readonly #deadlines = new DeadlineTable(INITIAL_COUNT);
  /** The id by slot; 0 where the slot is free. */
  #ids = new Uint32Array(INITIAL_COUNT);
  /** The free slots, the next one last. */
  #free = freeSlots(new Int32Array(INITIAL_COUNT), 0);
  #freeCount = INITIAL_COUNT;
  /** The last settled id by residue, and what became of it. */
  #settled = new Uint32Array(INITIAL_COUNT * MEMORY_FACTOR);
  #fates = new Uint8Array(INITIAL_COUNT * MEMORY_FACTOR);
  #nextId: number;
  #takenId = 0;
  #scannedSlot = 0;
  #stray: StrayAnswer = StrayAnswer.Unknown;

  /**
   * Makes an empty table.
   *
   * @param maxCount How many requests may wait at the same time, 1 to 2^24.
   * @param firstId The first id, 1 to 2^32 - 1.
   * @throws {RangeError} When one of them is out of its bounds.
   */
  constructor(maxCount: number, firstId = 1) {
    if (!Number.isInteger(maxCount) || maxCount < 1 || maxCount > 2 ** 24) {
      throw new RangeError(`Cannot keep ${maxCount} requests: the most is an integer from 1 to ${2 ** 24}`);
    }
    if (!Number.isInteger(firstId) || firstId < 1 || firstId > MAX_REQUEST_ID) {
      throw new RangeError(`Cannot begin with the id ${firstId}: ids are integers from 1 to ${MAX_REQUEST_ID}`);
    }
    this.#maxCount = maxCount;
    this.#nextId = firstId;
  }

  /** How many requests wait. */
  get size(): number {
    return this.#index.size;
  }

  /** The id of the request that `popExpired` or `popAny` took out last. */
  get takenId(): number {
    return this.#takenId;
  }

  /** Why the last answer for which `answer` returned -1 has no request. */
  get stray(): StrayAnswer {
    return this.#stray;
  }

  /** Whether one more request may wait. */
  get hasRoom(): boolean {
    return this.#index.size < this.#maxCount;
  }

  /**
   * Takes the next id, for a message that wants no answer: it shares the counter with requests.
   *
   * @returns An id that no waiting request has.
   */
  takeId(): number {
    let id = this.#nextId;
    while (this.#index.size !== 0 && this.#index.slotOf(id) >= 0) id = following(id);
    this.#nextId = following(id);
    return id;
  }

  /**
   * Opens a request.
   *
   * @param deadlineMs When it expires, on the scale of the times that `popExpired` is given; `Infinity`: never.
   * @returns Its slot, 0 to the most that waited at the same time less 1; -1 when as many wait as may.
   */
  open(deadlineMs: number): number {
    if (this.#index.size >= this.#maxCount) {
      this.counts.refused++;
      return -1;
    }
    if (this.#freeCount === 0) this.#grow();
    const id = this.takeId();
    const slot = this.#free[--this.#freeCount]!;
    this.#ids[slot] = id;
    this.#index.add(id, slot);
    if (deadlineMs !== Infinity) this.#deadlines.set(slot, deadlineMs);
    this.counts.opened++;
    return slot;
  }

  /**
   * The id of a waiting request.
   *
   * @param slot Its slot.
   * @returns The id, or 0 when no request waits in that slot.
   */
  idOf(slot: number): number {
    return this.#ids[slot] ?? 0;
  }

  /**
   * The slot of a waiting request.
   *
   * @param id Its id.
   * @returns The slot, or -1 when none waits under that id.
   */
  slotOf(id: number): number {
    return this.#index.slotOf(id);
  }

  /**
   * An answer came.
   *
   * @param id The id that it carries; whatever a peer sent.
   * @returns The slot of its request, free again from now on; -1 when none waits, and then the answer was counted.
   */
  answer(id: number): number {
    const slot = id === 0 ? -1 : this.#index.remove(id);
    if (slot < 0) {
      this.#countStray(id);
      return -1;
    }
    this.#release(slot, id, Fate.Answered);
    this.counts.answered++;
    return slot;
  }

  /**
   * The caller does not want the answer any more.
   *
   * @param slot The request's slot.
   * @returns The request's id, or 0 when none waits in that slot. The slot is free again.
   */
  cancel(slot: number): number {
    const id = this.idOf(slot);
    if (id === 0) return 0;
    this.#index.remove(id);
    this.#release(slot, id, Fate.Late);
    this.counts.cancelled++;
    return id;
  }

  /**
   * Takes a request back as if it had never been opened, because it could not be sent.
   *
   * @param slot The request's slot.
   */
  withdraw(slot: number): void {
    const id = this.idOf(slot);
    if (id === 0) return;
    this.#index.remove(id);
    this.#deadlines.clear(slot);
    this.#ids[slot] = 0;
    this.#free[this.#freeCount++] = slot;
    this.counts.opened--;
    this.returnId(id);
  }

  /**
   * Gives back the id that was taken last, because its message could not be sent; any other id is of no account.
   *
   * @param id The id.
   */
  returnId(id: number): void {
    if (this.#nextId === following(id)) this.#nextId = id;
  }

  /**
   * The earliest deadline.
   *
   * @returns The time in ms, `Infinity` when no request has one.
   */
  earliest(): number {
    return this.#deadlines.earliest();
  }

  /**
   * Takes out a request whose deadline has come; call it until it returns -1.
   *
   * @param nowMs The time in ms.
   * @returns Its slot, free again from now on, or -1. Its id is `takenId`.
   */
  popExpired(nowMs: number): number {
    const slot = this.#deadlines.popExpired(nowMs);
    if (slot < 0) return -1;
    this.#takenId = this.#ids[slot]!;
    this.#index.remove(this.#takenId);
    this.#release(slot, this.#takenId, Fate.Late);
    this.counts.expired++;
    return slot;
  }

  /**
   * Takes out any request, because the connection has ended; call it until it returns -1. Ids begin again only with
   * `restart`.
   *
   * @returns Its slot, free again from now on, or -1 when none waits.
   */
  popAny(): number {
    if (this.#index.size === 0) return -1;
    let slot = this.#scannedSlot;
    while (this.idOf(slot) === 0) slot = slot + 1 < this.#ids.length ? slot + 1 : 0;
    this.#scannedSlot = slot;
    this.#takenId = this.#ids[slot]!;
    this.#index.remove(this.#takenId);
    this.#release(slot, this.#takenId, Fate.Late);
    this.counts.abandoned++;
    return slot;
  }

  /**
   * Begins again for a new connection: ids from 1, nothing remembered. Every request must be out.
   *
   * @param firstId The first id.
   */
  restart(firstId = 1): void {
    this.#nextId = firstId;
    this.#settled.fill(0);
  }

  #release(slot: number, id: number, fate: number): void {
    this.#deadlines.clear(slot);
    this.#ids[slot] = 0;
    this.#free[this.#freeCount++] = slot;
    const place = id & (this.#settled.length - 1);
    this.#settled[place] = id;
    this.#fates[place] = fate;
  }

  #countStray(id: number): void {
    const place = id & (this.#settled.length - 1);
    if (id === 0 || this.#settled[place] !== id) {
      this.#stray = StrayAnswer.Unknown;
      this.counts.unknown++;
    } else if (this.#fates[place] === Fate.Answered) {
      this.#stray = StrayAnswer.Duplicate;
      this.counts.duplicate++;
    } else {
      this.#stray = StrayAnswer.Late;
      this.counts.late++;
    }
  }

  #grow(): void {
    const before = this.#ids.length;
    const ids = new Uint32Array(before * 2);
    ids.set(this.#ids);
    this.#ids = ids;
    this.#free = freeSlots(new Int32Array(before * 2), before);
    this.#freeCount = before;
    const settled = this.#settled;
    const fates = this.#fates;
    this.#settled = new Uint32Array(settled.length * 2);
    this.#fates = new Uint8Array(settled.length * 2);
    for (let i = 0; i < settled.length; i++) {
      if (settled[i] === 0) continue;
      const place = settled[i]! & (this.#settled.length - 1);
      this.#settled[place] = settled[i]!;
      this.#fates[place] = fates[i]!;
    }
  }
}

function following(id: number): number {
  return id === MAX_REQUEST_ID ? 1 : id + 1;
}

/** Lists the slots from `first` to the middle or end of the columns, so that the lowest is taken first. */
function freeSlots(into: Int32Array, first: number): Int32Array<ArrayBufferLike> {
  const count = into.length - first;
  for (let i = 0; i < count; i++) into[i] = into.length - 1 - i;
  return into;
}
