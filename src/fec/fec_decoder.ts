/**
 * The receiving side of forward error correction on one channel: keeps the frames of recent groups and gives back those
 * that were lost, as soon as parity allows it.
 *
 * Groups are evicted by age: by newer ones that take their record (`GROUPS` of them are kept), by time, and by newer
 * symbols that take their memory; ids wrap at 65536 and are compared by their distance. Invariants: memory is bounded
 * whatever a peer writes; a header that contradicts another is a lie and is told as such; a recovered frame is handed
 * on once.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import { MAX_GROUP_PARITIES, MAX_GROUP_SOURCES, WHOLE_OVERHEAD_BYTES } from "../wire/channel_frame.ts";
import { addMultiple, ErasureSolver } from "./erasure_solver.ts";
import { SYMBOL_OVERHEAD_BYTES } from "./parity_group.ts";
import { coefficient } from "./parity_tables.ts";
import { ReceivedGroup } from "./received_group.ts";
import { SymbolStore } from "./symbol_store.ts";

/** How many groups are kept. */
export const GROUPS = 32;

/** A group that is older than this many ms is not looked at any more. */
export const GROUP_LIFETIME_MS = 2000;

/** The most memory for symbols. */
export const MAX_SYMBOL_BYTES: number = 1 << 18;

/** What became of a frame or a parity. */
export const FecOutcome = {
  /** It was kept, or was not needed any more. */
  Kept: 0,
  /** It completes a group: frames were recovered. */
  Recovered: 1,
  /** It was there before. */
  Duplicate: 2,
  /** Its group is too old. */
  Late: 3,
  /** Its header contradicts what was said before, or its group recovers to what is no frame. */
  Lie: 4,
} as const;

/** One of the values of {@linkcode FecOutcome}. */
export type FecOutcome = (typeof FecOutcome)[keyof typeof FecOutcome];

/**
 * Recovers the lost frames of one channel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 *
 * const decoder = new FecDecoder(new ClockCell());
 * const frame = new Uint8Array(8).fill(7);
 * const parity = Uint8Array.of(0, 8, ...frame);
 * assertEquals(decoder.handleParity(0, 0, 1, 1, parity, 0, 10), FecOutcome.Recovered);
 * assertEquals(decoder.recoveredBytes.slice(decoder.startOf(0), decoder.endOf(0)), frame);
 * ```
 */
export class FecDecoder {
  /** How many frames the last parity or frame gave back. */
  recoveredCount = 0;
  /** The places of these frames in their group. */
  readonly recoveredIndexes: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_GROUP_PARITIES);
  /** Their bytes; see `startOf`. Overwritten by the next recovery. */
  recoveredBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** How many groups ended with frames that parity could not give back. */
  unrecoverable = 0;
  readonly #clock: Clock;
  readonly #store: SymbolStore = new SymbolStore(MAX_SYMBOL_BYTES);
  readonly #groups: ReceivedGroup[] = [];
  readonly #solver: ErasureSolver = new ErasureSolver();
  readonly #lost: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_GROUP_PARITIES);
  readonly #used: Uint8Array<ArrayBuffer> = new Uint8Array(MAX_GROUP_PARITIES);
  readonly #prefix: Uint8Array<ArrayBuffer> = new Uint8Array(SYMBOL_OVERHEAD_BYTES);
  readonly #newestAt: Float64Array<ArrayBuffer> = new Float64Array(1).fill(-Infinity);
  #sums: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #newest = 0;
  #stride = 0;

  /**
   * Makes a decoder without groups.
   *
   * @param clock When groups are too old.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
    for (let i = 0; i < GROUPS; i++) this.#groups.push(new ReceivedGroup());
  }

  /** When nothing that is kept is of use any more, in ms; a decoder may be thrown away then. */
  get idleAt(): number {
    return this.#newestAt[0]! + GROUP_LIFETIME_MS;
  }

  /** How many bytes symbols and sums take. */
  get heldBytes(): number {
    return this.#store.bytes.length + this.#sums.length + this.recoveredBytes.length;
  }

  /**
   * Takes a protected frame.
   *
   * @param group The id of its group, 0 to 65535.
   * @param index Its place in it, below `MAX_GROUP_SOURCES`.
   * @param from The memory; copied from.
   * @param start Where the frame starts.
   * @param end Where it ends.
   * @returns What became of it.
   */
  handleSource(group: number, index: number, from: Uint8Array, start: number, end: number): FecOutcome {
    this.recoveredCount = 0;
    const g = this.#groupOf(group);
    if (g === undefined) return FecOutcome.Late;
    if (index >= MAX_GROUP_SOURCES || g.sources > 0 && index >= g.sources) return FecOutcome.Lie;
    if (g.symbols[index]! >= 0) return FecOutcome.Duplicate;
    const length = end - start;
    const symbol = SYMBOL_OVERHEAD_BYTES + length;
    if (g.length > 0 && symbol > g.length) return FecOutcome.Lie;
    if (g.isDone) return FecOutcome.Kept;
    const position = this.#store.take(symbol);
    if (position < 0) return FecOutcome.Lie;
    this.#prefix[0] = length >>> 8;
    this.#prefix[1] = length;
    this.#store.write(position, 0, this.#prefix, 0, SYMBOL_OVERHEAD_BYTES);
    this.#store.write(position, SYMBOL_OVERHEAD_BYTES, from, start, end);
    g.symbols[index] = position;
    g.lengths[index] = symbol;
    g.received++;
    if (index > g.largest) g.largest = index;
    if (symbol > g.longest) g.longest = symbol;
    return this.#settle(g);
  }

  /**
   * Takes a parity, whose header the reader of frames has checked.
   *
   * @param group The id of its group.
   * @param index Which parity.
   * @param sources How many frames the group has.
   * @param parities How many parities.
   * @param from The memory; copied from.
   * @param offset Where the parity starts.
   * @param length How long it is.
   * @returns What became of it.
   */
  handleParity(
    group: number,
    index: number,
    sources: number,
    parities: number,
    from: Uint8Array,
    offset: number,
    length: number,
  ): FecOutcome {
    this.recoveredCount = 0;
    const g = this.#groupOf(group);
    if (g === undefined) return FecOutcome.Late;
    if (g.sources === 0) {
      if (g.largest >= sources || g.longest > length) return FecOutcome.Lie;
      g.sources = sources;
      g.parities = parities;
      g.length = length;
    } else if (g.sources !== sources || g.parities !== parities || g.length !== length) return FecOutcome.Lie;
    if (g.sums[index]! >= 0) return FecOutcome.Duplicate;
    if (g.isDone) return FecOutcome.Kept;
    const position = this.#store.take(length);
    if (position < 0) return FecOutcome.Lie;
    this.#store.write(position, 0, from, offset, offset + length);
    g.sums[index] = position;
    g.receivedParities++;
    return this.#settle(g);
  }

  /**
   * Where a recovered frame starts in `recoveredBytes`.
   *
   * @param i Which of the `recoveredCount` frames.
   * @returns The index.
   */
  startOf(i: number): number {
    return i * this.#stride + SYMBOL_OVERHEAD_BYTES;
  }

  /**
   * Where a recovered frame ends.
   *
   * @param i Which of the `recoveredCount` frames.
   * @returns The index after it.
   */
  endOf(i: number): number {
    const at = i * this.#stride;
    return at + SYMBOL_OVERHEAD_BYTES + ((this.recoveredBytes[at]! << 8) | this.recoveredBytes[at + 1]!);
  }

  /** The record of a group; `undefined` when the group is too old for one. */
  #groupOf(id: number): ReceivedGroup | undefined {
    const now = this.#clock.now;
    const ahead = (id - this.#newest) << 16 >> 16;
    if (now >= this.idleAt || ahead > 0) this.#newest = id;
    else if (ahead <= -GROUPS) return undefined;
    const g = this.#groups[id % GROUPS]!;
    // A group of the same id that is too old is one of a turn of the ids before.
    if (g.id !== id || now >= g.since[0]! + GROUP_LIFETIME_MS) {
      if (g.id >= 0 && !g.isDone && g.missing > 0) this.unrecoverable++;
      g.open(id, now);
    }
    this.#newestAt[0] = now;
    return g;
  }

  #settle(g: ReceivedGroup): FecOutcome {
    if (g.isRecoverable) return this.#recover(g);
    if (g.sources > 0 && g.missing === 0) g.isDone = true;
    return FecOutcome.Kept;
  }

  #recover(g: ReceivedGroup): FecOutcome {
    const count = this.#gather(g);
    g.isDone = true;
    if (count < 0) {
      this.unrecoverable++;
      return FecOutcome.Kept;
    }
    this.#solver.solve(this.#lost, this.#used, count);
    this.#sumUp(g, count);
    const { length } = g;
    this.#stride = length;
    if (this.recoveredBytes.length < count * length) this.recoveredBytes = new Uint8Array(count * length);
    this.recoveredBytes.fill(0, 0, count * length);
    for (let c = 0; c < count; c++) {
      for (let r = 0; r < count; r++) {
        addMultiple(this.recoveredBytes, c * length, this.#sums, r * length, length, this.#solver.factor(c, r));
      }
      const bytes = this.endOf(c) - this.startOf(c);
      if (bytes < WHOLE_OVERHEAD_BYTES || bytes + SYMBOL_OVERHEAD_BYTES > length) return FecOutcome.Lie;
      this.recoveredIndexes[c] = this.#lost[c]!;
    }
    this.recoveredCount = count;
    return FecOutcome.Recovered;
  }

  /** Which frames are lost and which parities stand in for them; -1 when bytes that it takes were overwritten. */
  #gather(g: ReceivedGroup): number {
    let count = 0;
    for (let i = 0; i < g.sources; i++) {
      const position = g.symbols[i]!;
      if (position < 0) this.#lost[count++] = i;
      else if (!this.#store.has(position)) return -1;
    }
    let used = 0;
    for (let p = 0; used < count; p++) {
      const position = g.sums[p]!;
      if (position < 0) continue;
      if (!this.#store.has(position)) return -1;
      this.#used[used++] = p;
    }
    return count;
  }

  /** What the lost frames alone would add up to in each of the parities that are used. */
  #sumUp(g: ReceivedGroup, count: number): void {
    const { length } = g;
    const store = this.#store;
    if (this.#sums.length < count * length) this.#sums = new Uint8Array(count * length);
    for (let r = 0; r < count; r++) {
      const parity = this.#used[r]!;
      const at = store.at(g.sums[parity]!);
      this.#sums.set(store.bytes.subarray(at, at + length), r * length);
      for (let i = 0; i < g.sources; i++) {
        const position = g.symbols[i]!;
        if (position < 0) continue;
        addMultiple(
          this.#sums,
          r * length,
          store.bytes,
          store.at(position),
          g.lengths[i]!,
          coefficient(parity, i),
        );
      }
    }
  }
}
