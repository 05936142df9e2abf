/**
 * The memory in which packets are put together before they are queued; one for all connections of an endpoint.
 *
 * Why the views are kept: a view a message would be the only thing that is allocated for it. Invariant: small packets
 * share one block, which is of no account once the packet was offered; large ones have memory of their own.
 *
 * @module
 */

/** Packets below this size share a block. */
export const OWN_MEMORY_BYTES: number = 16 << 10;
/** For packets up to this size the view is kept. */
const KEPT_VIEW_BYTES = 2048;

/** Lends memory for one packet at a time. */
export class PacketScratch {
  readonly #block = new ArrayBuffer(OWN_MEMORY_BYTES);
  readonly #views: (Uint8Array | undefined)[] = new Array(KEPT_VIEW_BYTES).fill(undefined);

  /**
   * Lends memory.
   *
   * @param bytes How much.
   * @returns Memory with anything in it; below {@linkcode OWN_MEMORY_BYTES} valid until the next call, else the caller's.
   */
  take(bytes: number): Uint8Array {
    if (bytes >= OWN_MEMORY_BYTES) return new Uint8Array(bytes);
    if (bytes >= KEPT_VIEW_BYTES) return new Uint8Array(this.#block, 0, bytes);
    return this.#views[bytes] ??= new Uint8Array(this.#block, 0, bytes);
  }
}
