/**
 * A copy of all coordinates in the order of their buckets, made once a tick by counting sort.
 *
 * Why a copy: an observer then reads a row of cells as one run of memory; lists through columns, as `cell_index.ts`
 * keeps them, cost a cache miss an entity. Invariant: the slots of bucket b are those from `starts[b]` up to
 * `starts[b + 1]`.
 *
 * @module
 */
import type { CellIndex } from "./cell_index.ts";

/** Slots and their coordinates, bucket by bucket. */
export class CellOrder {
  /** Where a bucket begins; one more entry than there are buckets. */
  starts: Int32Array = new Int32Array(1);
  /** The slots, bucket by bucket. */
  slots: Int32Array = new Int32Array(0);
  /** The coordinates of the slots beside them. */
  x: Float64Array = new Float64Array(0);
  /** As {@linkcode CellOrder.x}. */
  y: Float64Array = new Float64Array(0);
  /** As {@linkcode CellOrder.x}; only written in three dimensions. */
  z: Float64Array = new Float64Array(0);

  /**
   * Takes the order of now; allocates only when the index has grown.
   *
   * @param cells What to order.
   * @param highSlot One more than the highest slot that may be placed.
   */
  rebuild(cells: CellIndex, highSlot: number): void {
    const { counts, buckets, x, y, z } = cells;
    if (this.starts.length !== counts.length + 1) this.#grow(counts.length, buckets.length);
    const { starts, slots } = this;
    const orderX = this.x;
    const orderY = this.y;
    const orderZ = this.z;
    const hasDepth = cells.dimensions === 3;
    let end = 0;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      end += counts[bucket]!;
      starts[bucket] = end;
    }
    starts[counts.length] = end;
    // Every bucket's end moves down to its start while it is filled from behind.
    for (let slot = 0; slot < highSlot; slot++) {
      const bucket = buckets[slot]!;
      if (bucket < 0) continue;
      const at = starts[bucket]! - 1;
      starts[bucket] = at;
      slots[at] = slot;
      orderX[at] = x[slot]!;
      orderY[at] = y[slot]!;
      if (hasDepth) orderZ[at] = z[slot]!;
    }
  }

  #grow(buckets: number, slots: number): void {
    this.starts = new Int32Array(buckets + 1);
    this.slots = new Int32Array(slots);
    this.x = new Float64Array(slots);
    this.y = new Float64Array(slots);
    this.z = new Float64Array(slots);
  }
}
