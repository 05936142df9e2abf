/**
 * Copies of received payloads that the application may keep.
 *
 * Why a slab: memory of its own for each small message costs more than all else that is done for it. A message that is
 * kept keeps the slab alive that it lies in, 32 KiB at most; larger ones have memory of their own.
 *
 * @module
 */

const SLAB_BYTES = 32 << 10;
const LARGEST_SHARED_BYTES = 2 << 10;

const EMPTY = new Uint8Array(0);

/** Copies bytes. */
export class PayloadSlab {
  #memory = new ArrayBuffer(0);
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #at = 0;

  /**
   * Copies a stretch.
   *
   * @param from Where it lies.
   * @param offset Where it starts.
   * @param length How long it is.
   * @returns The copy; a view over memory that it may share with other copies.
   */
  copy(from: Uint8Array, offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > LARGEST_SHARED_BYTES || length === 0) return new Uint8Array(from.subarray(offset, offset + length));
    // An application that has transferred a message away has taken the slab with it: its length is 0 then.
    if (this.#at + length > this.#bytes.length) this.#renew();
    const copy = new Uint8Array(this.#memory, this.#at, length);
    copy.set(new Uint8Array(from.buffer, from.byteOffset + offset, length));
    // Numbers in messages are looked at through typed arrays, too.
    this.#at = (this.#at + length + 7) & ~7;
    return copy;
  }

  #renew(): void {
    this.#memory = new ArrayBuffer(SLAB_BYTES);
    this.#bytes = new Uint8Array(this.#memory);
    this.#at = 0;
  }
}
