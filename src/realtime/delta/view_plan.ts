/**
 * Decides what a snapshot says: who leaves the view, who is new in it, who changed, and who has to wait.
 *
 * Compares one observer's base view with the entities that are relevant now. Every entity is compared with the very
 * state of it that the receiver has, so one that was held back is right as well, and one that comes back starts whole.
 * Invariant: places refer to the base view and ids ascend, as the receiver expects them.
 *
 * ```text
 * base view    a  b  c  d  e          removed  places in the base view (b)
 * kept         a  c  d  e             touched  places among the kept that are sent as differences (d)
 * whole        c  f                   ids that are sent whole: new ones (f), and kept ones whose state is too old (c)
 * new view     a  c  d  e  f
 * ```
 *
 * @module
 */
import type { ViewRing } from "./view_ring.ts";
import type { WorldCells } from "./world_cells.ts";

const SAME = 0;
const CHANGED = 1;
const CHANGED_TOO_OLD = 2;

/** The working memory for one snapshot, used for one after the other and by all observers of a world. */
export class ViewPlan {
  /** Places in the base view of those that leave. */
  readonly removed: Int32Array;
  /** How many leave. */
  removedCount = 0;
  /** How many stay. */
  keptCount = 0;
  /** Places among the kept of those that are sent as differences. */
  readonly touched: Int32Array;
  /** The ids of these. */
  readonly touchedIds: Int32Array;
  /** The tick of the state that the receiver has. */
  readonly touchedRows: Float64Array;
  /** How many ticks ago the receiver was sent that state. */
  readonly touchedTicks: Int32Array;
  /** How many are sent as differences. */
  touchedCount = 0;
  /** The ids that are sent whole, ascending. */
  readonly whole: Int32Array;
  /** How many are sent whole. */
  wholeCount = 0;
  /** How many entities have something to be sent. */
  candidateCount = 0;
  /** How many ids were passed over because the view is full. */
  overLimitCount = 0;
  /** How many entities are relevant and not passed over. */
  selectedCount = 0;
  readonly #world: WorldCells;
  /** The relevant entities in the caller's order, each once. */
  readonly #order: Int32Array;
  /** One bit by id: relevant, and not yet found in the base view. */
  readonly #bits: Int32Array;
  readonly #keptPlaces: Int32Array;
  readonly #keptStates: Uint8Array;
  readonly #entering: Int32Array;
  #enteringCount = 0;
  /** By id: whether there is something to be sent, and whether it has to wait. */
  readonly #isCandidate: Uint8Array;
  readonly #isDeferred: Uint8Array;

  /**
   * Takes working memory.
   *
   * @param world The world.
   */
  constructor(world: WorldCells) {
    const most = world.capacity;
    this.#world = world;
    this.removed = new Int32Array(most);
    this.touched = new Int32Array(most);
    this.touchedIds = new Int32Array(most);
    this.touchedRows = new Float64Array(most);
    this.touchedTicks = new Int32Array(most);
    this.whole = new Int32Array(most);
    this.#order = new Int32Array(most);
    this.#bits = new Int32Array(world.aliveBits.length);
    this.#keptPlaces = new Int32Array(most);
    this.#keptStates = new Uint8Array(most);
    this.#entering = new Int32Array(most);
    this.#isCandidate = new Uint8Array(most);
    this.#isDeferred = new Uint8Array(most);
  }

  /**
   * Takes all entities as relevant.
   *
   * @param tick The last committed tick.
   * @param most How many may be visible.
   * @param first The id to begin with; those below come last.
   */
  selectAll(tick: number, most: number, first: number): void {
    const bits = this.#world.committedBits;
    this.#begin();
    this.#selectBits(bits, first, this.#world.capacity, tick, most);
    this.#selectBits(bits, 0, first, tick, most);
  }

  /**
   * Takes some entities as relevant; ids of entities that do not exist are passed over.
   *
   * @param tick The last committed tick.
   * @param most How many may be visible.
   * @param ids The ids, the most important ones first.
   * @param count How many of them.
   * @returns How many ids stand before the first that was passed over because the view is full.
   * @throws {RangeError} When an id is no integer below the most entities.
   */
  selectIds(tick: number, most: number, ids: ArrayLike<number>, count: number): number {
    const { capacity, committedBits } = this.#world;
    this.#begin();
    let within = count;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      if (id >>> 0 !== id || id >= capacity) throw new RangeError(`${id} is no entity id: they go to ${capacity - 1}`);
      if ((committedBits[id >>> 5]! & (1 << (id & 31))) === 0) continue;
      this.#select(id, tick, most);
      if (this.overLimitCount > 0 && within === count) within = i;
    }
    return within;
  }

  /**
   * Compares the base view with what was selected.
   *
   * @param views The views of the observer.
   * @param base The slot of the base view, -1 for none.
   * @param tick The last committed tick.
   */
  compare(views: ViewRing, base: number, tick: number): void {
    const { spawnedAt, changedAt, historyTicks } = this.#world;
    const bits = this.#bits;
    const start = base * views.stride;
    const count = base < 0 ? 0 : views.counts[base]!;
    let kept = 0;
    let removed = 0;
    let candidates = 0;
    for (let place = 0; place < count; place++) {
      const id = views.ids[start + place]!;
      const row = views.rows[start + place]!;
      const bit = 1 << (id & 31);
      if ((bits[id >>> 5]! & bit) === 0 || spawnedAt[id]! > row) {
        this.removed[removed++] = place;
        continue;
      }
      bits[id >>> 5]! ^= bit;
      const state = changedAt[id]! <= row ? SAME : tick - row <= historyTicks - 2 ? CHANGED : CHANGED_TOO_OLD;
      if (state !== SAME) {
        this.#isCandidate[id] = 1;
        candidates++;
      }
      this.#keptPlaces[kept] = place;
      this.#keptStates[kept++] = state;
    }
    this.keptCount = kept;
    this.removedCount = removed;
    this.#collectEntering();
    this.candidateCount = candidates + this.#enteringCount;
  }

  /**
   * Lets only so many of those that have something to be sent have it sent, the most important ones first.
   *
   * @param count How many.
   */
  admit(count: number): void {
    let room = count;
    for (let i = 0; i < this.selectedCount; i++) {
      const id = this.#order[i]!;
      this.#isDeferred[id] = this.#isCandidate[id] === 1 && --room < 0 ? 1 : 0;
    }
  }

  /**
   * Lays down the new view and the lists of what is sent.
   *
   * @param views The views of the observer.
   * @param base The slot of the base view, -1 for none.
   * @param into The slot of the new view.
   * @param tick The last committed tick.
   */
  build(views: ViewRing, base: number, into: number, tick: number): void {
    const { ids, rows, motions, stride } = views;
    const from = base * stride;
    let at = into * stride;
    let entering = 0;
    this.touchedCount = this.wholeCount = 0;
    for (let i = 0; i <= this.keptCount; i++) {
      const source = from + this.#keptPlaces[i]!;
      const id = i < this.keptCount ? ids[source]! : this.#world.capacity;
      while (entering < this.#enteringCount && this.#entering[entering]! < id) {
        const newcomer = this.#entering[entering++]!;
        if (this.#isDeferred[newcomer] === 1) continue;
        this.whole[this.wholeCount++] = newcomer;
        ids[at] = newcomer;
        rows[at] = tick;
        motions[at++] = tick;
      }
      if (i === this.keptCount) break;
      const state = this.#keptStates[i]!;
      const isHeld = state !== SAME && this.#isDeferred[id] === 1;
      ids[at] = id;
      rows[at] = isHeld ? rows[source]! : tick;
      motions[at] = state === SAME || isHeld ? motions[source]! : tick;
      at++;
      if (state === SAME || isHeld) continue;
      if (state === CHANGED_TOO_OLD) this.whole[this.wholeCount++] = id;
      else this.#touch(i, id, rows[source]!, (tick - motions[source]!) & 0xffff);
    }
    views.counts[into] = at - into * stride;
  }

  /**
   * Looks for the first id of a list that has to wait.
   *
   * @param ids The list that was selected from.
   * @param count How many ids of it.
   * @returns How many ids stand before it; all of these are sent or need not be.
   */
  countBeforeDeferred(ids: ArrayLike<number>, count: number): number {
    let i = 0;
    while (i < count && this.#isDeferred[ids[i]!] === 0) i++;
    return i;
  }

  /** The first id in order that has to wait; -1 for none. */
  firstDeferred(): number {
    const i = this.countBeforeDeferred(this.#order, this.selectedCount);
    return i < this.selectedCount ? this.#order[i]! : -1;
  }

  /** Forgets who was a candidate, so that the memory can be used for the next snapshot. */
  end(): void {
    for (let i = 0; i < this.selectedCount; i++) {
      const id = this.#order[i]!;
      this.#isCandidate[id] = this.#isDeferred[id] = 0;
    }
  }

  #begin(): void {
    this.#bits.fill(0);
    this.selectedCount = 0;
    this.overLimitCount = 0;
  }

  #select(id: number, tick: number, most: number): void {
    const bit = 1 << (id & 31);
    if ((this.#bits[id >>> 5]! & bit) !== 0 || this.#world.spawnedAt[id]! > tick) return;
    if (this.selectedCount === most) {
      this.overLimitCount++;
      return;
    }
    this.#bits[id >>> 5]! |= bit;
    this.#order[this.selectedCount++] = id;
  }

  #selectBits(bits: Int32Array, first: number, end: number, tick: number, most: number): void {
    for (let word = first >>> 5; word << 5 < end; word++) {
      for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
        const id = (word << 5) + 31 - Math.clz32(rest & -rest);
        if (id >= first && id < end) this.#select(id, tick, most);
      }
    }
  }

  /** What is selected and was not found in the base view, ascending. */
  #collectEntering(): void {
    const bits = this.#bits;
    let count = 0;
    for (let word = 0; word < bits.length; word++) {
      for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
        const id = (word << 5) + 31 - Math.clz32(rest & -rest);
        this.#isCandidate[id] = 1;
        this.#entering[count++] = id;
      }
    }
    this.#enteringCount = count;
  }

  #touch(place: number, id: number, row: number, ticks: number): void {
    const at = this.touchedCount++;
    this.touched[at] = place;
    this.touchedIds[at] = id;
    this.touchedRows[at] = row;
    this.touchedTicks[at] = ticks;
  }
}
