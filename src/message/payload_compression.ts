/**
 * The port of payload compression: zstd and zlib as machines use them.
 *
 * Synchronous, because a machine has no promises; bounded, because a few bytes of a peer may unpack to gigabytes.
 * Providers live in `io/system`.
 *
 * @module
 */

/** One way of compressing. */
export interface PayloadCompression {
  /** Its number in the header of a packet, see `MessageCompression`. */
  readonly code: number;

  /**
   * Compresses.
   *
   * @param payload Not changed and not kept.
   * @returns Memory of its own, or a view that is valid until the next call.
   */
  compress(payload: Uint8Array): Uint8Array;

  /**
   * Unpacks what a peer sent; never throws.
   *
   * @param compressed Not changed and not kept.
   * @param maxBytes The most that may come out; nothing larger is allocated.
   * @returns Memory of its own, or `undefined` when it cannot be unpacked or more would come out.
   */
  decompress(compressed: Uint8Array, maxBytes: number): Uint8Array | undefined;
}
