/**
 * The frames of the packet that is being written: where the next one goes, and what they make of the packet.
 *
 * @module
 */

/** One record, reused for every packet. */
export class FrameWriter {
  /** The memory. */
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the next frame goes. */
  at = 0;
  /** Where frames must end. */
  end = 0;
  /** Whether the packet is to be acknowledged. */
  elicits = false;
  /** Whether something is in it that is owed until acknowledged. */
  owes = false;
  /** Up to which packet number it acknowledges; -1: none. */
  told: number = -1;
  /** Whether channels wrote into it. */
  hasChannels = false;
  /** Whether it is filled up to the size that every link carries. */
  isPadded = false;

  /**
   * Starts a packet.
   *
   * @param buffer The memory.
   * @param at Where frames start.
   * @param end Where they must end.
   */
  begin(buffer: Uint8Array, at: number, end: number): void {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    this.elicits =
      this.owes =
      this.isPadded =
      this.hasChannels =
        false;
    this.told = -1;
  }

  /**
   * Whether a frame fits.
   *
   * @param bytes Its size.
   * @returns Whether there is room for it.
   */
  has(bytes: number): boolean {
    return this.end - this.at >= bytes;
  }

  /**
   * Fills the packet with padding.
   *
   * @param to Up to where; nothing happens when that is passed.
   */
  padTo(to: number): void {
    if (to <= this.at) return;
    this.buffer.fill(0, this.at, to);
    this.at = to;
  }
}
