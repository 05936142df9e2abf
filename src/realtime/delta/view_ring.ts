/**
 * What one observer was sent in its last snapshots: which entities, and which of their states.
 *
 * The states themselves lie in the world's history, once for all observers; here is only the tick of each. Invariant:
 * the ids of a slot ascend, as they do in the receiver's copy of the same snapshot, so that places mean the same.
 *
 * @module
 */

/** The views of the last snapshots, by slot. */
export class ViewRing {
  /** The most entities in a view; the first entity of slot `s` is at `s * stride`. */
  readonly stride: number;
  /** How many entities each view has. */
  readonly counts: Int32Array;
  /** The entities. */
  readonly ids: Uint16Array;
  /** The tick whose state of the entity the receiver has. */
  readonly rows: Float64Array;
  /** The low 16 bits of the tick in which the entity was last sent. */
  readonly motions: Uint16Array;
  /** The hash of the state that the receiver has; empty when there are no checksums. */
  readonly hashes: Int32Array;

  /**
   * Takes memory for all views.
   *
   * @param slots How many views are kept.
   * @param maxVisible The most entities in a view.
   * @param withHashes Whether there are checksums.
   */
  constructor(slots: number, maxVisible: number, withHashes: boolean) {
    this.stride = maxVisible;
    this.counts = new Int32Array(slots);
    this.ids = new Uint16Array(slots * maxVisible);
    this.rows = new Float64Array(slots * maxVisible);
    this.motions = new Uint16Array(slots * maxVisible);
    this.hashes = new Int32Array(withHashes ? slots * maxVisible : 0);
  }
}
