/**
 * `DataView`s of the buffers that were used last, so that words are read and written without an object per packet.
 *
 * A buffer is known by its identity: a driver has a few that it uses again and again. Invariant: at most
 * {@linkcode CACHED_VIEWS} buffers are kept alive, each until as many others came. Why no `WeakMap`: a buffer that is
 * used once, such as a fresh subarray of each datagram, costs 250 ns and more there and 50 here.
 *
 * @module
 */

/** How many buffers may take turns without a new view. */
export const CACHED_VIEWS = 8;

/** The views of the last few buffers. */
export class ViewCache {
  readonly #buffers: (Uint8Array | undefined)[] = new Array(CACHED_VIEWS).fill(undefined);
  readonly #views: DataView[] = new Array(CACHED_VIEWS).fill(new DataView(new ArrayBuffer(0)));
  /** How long the buffers were; asking a view is an error once its memory shrank. */
  readonly #lengths: number[] = new Array(CACHED_VIEWS).fill(0);
  #last = 0;
  #next = 0;

  /**
   * A view of a buffer's memory.
   *
   * @param buffer Memory of the caller.
   * @returns A view of all of it, the same as before where there is one.
   */
  viewOf(buffer: Uint8Array): DataView {
    const buffers = this.#buffers;
    if (buffers[this.#last] !== buffer) {
      let at = 0;
      while (at < CACHED_VIEWS && buffers[at] !== buffer) at++;
      if (at === CACHED_VIEWS) return this.#admit(buffer);
      this.#last = at;
    }
    // A buffer over memory that can grow or shrink changes its length.
    return this.#lengths[this.#last] === buffer.length ? this.#views[this.#last]! : this.#renew(this.#last, buffer);
  }

  #admit(buffer: Uint8Array): DataView {
    this.#last = this.#next;
    this.#next = (this.#next + 1) % CACHED_VIEWS;
    this.#buffers[this.#last] = buffer;
    return this.#renew(this.#last, buffer);
  }

  #renew(at: number, buffer: Uint8Array): DataView {
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#views[at] = view;
    this.#lengths[at] = buffer.length;
    return view;
  }
}
