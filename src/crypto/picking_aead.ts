/**
 * A provider of packet keys that leaves short texts to one provider and long ones to another.
 *
 * Ours starts at once and needs no memory; the platform's takes about 2 microseconds to start and then a fifth of the
 * time per byte. Measured with `deno run --allow-read bench/micro_aead.ts --crossover`, they meet where
 * {@linkcode LONG_TEXT_BYTES} is: no datagram is as long, a frame of a stream may be. Invariant: which one is taken
 * depends on the length alone, and both give the same bytes.
 *
 * @module
 */
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "./aead.ts";
import { checkKeyMaterial, destroyedKeyError } from "./packet_bounds.ts";

/** From how many bytes on the platform's provider is faster than ours, in both directions. */
export const LONG_TEXT_BYTES = 1536;

/** A row of a slab is a key and its IV. */
const ROW_BYTES = AEAD_KEY_BYTES + AEAD_NONCE_BYTES;
const SLAB_ROWS = 16;

/**
 * Makes a provider out of two.
 *
 * @param short The provider for texts that are shorter.
 * @param long The provider for all others. It makes a key of its own the first time that one comes.
 * @param longBytes From how many bytes on, tag not counted, a text is long: an integer from 0; 0 leaves all to the
 * second, `Infinity` all to the first.
 * @returns The provider.
 * @throws {RangeError} When the length is none.
 */
export function pickingAead(
  short: AeadProvider,
  long: AeadProvider,
  longBytes: number = LONG_TEXT_BYTES,
): AeadProvider {
  if (!(longBytes >= 0) || (longBytes !== Infinity && !Number.isInteger(longBytes))) {
    throw new RangeError(`Cannot pick a provider by ${longBytes} bytes: it is no length`);
  }
  return new PickingAead(short, long, longBytes);
}

class PickingAead implements AeadProvider {
  readonly name: string;
  readonly longBytes: number;
  readonly #short: AeadProvider;
  readonly #long: AeadProvider;
  /** Keys and IVs for the second provider, many in one piece: a typed array for each would cost four times as much. */
  #slab = new Uint8Array(SLAB_ROWS * ROW_BYTES);
  #rowsUsed = 0;

  constructor(short: AeadProvider, long: AeadProvider, longBytes: number) {
    this.name = `${short.name} below ${longBytes} bytes, then ${long.name}`;
    this.longBytes = longBytes;
    this.#short = short;
    this.#long = long;
  }

  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    checkKeyMaterial(key, iv);
    if (this.#rowsUsed === SLAB_ROWS) {
      this.#slab = new Uint8Array(SLAB_ROWS * ROW_BYTES);
      this.#rowsUsed = 0;
    }
    const row = ROW_BYTES * this.#rowsUsed++;
    this.#slab.set(key, row);
    this.#slab.set(iv, row + AEAD_KEY_BYTES);
    return new PickingPacketKey(this, this.#short.packetKey(key, iv), this.#slab, row);
  }

  longKey(slab: Uint8Array, row: number): PacketKey {
    const ivAt = row + AEAD_KEY_BYTES;
    return this.#long.packetKey(slab.subarray(row, ivAt), slab.subarray(ivAt, row + ROW_BYTES));
  }
}

class PickingPacketKey implements PacketKey {
  readonly #provider: PickingAead;
  readonly #short: PacketKey;
  #long: PacketKey | undefined = undefined;
  readonly #slab: Uint8Array;
  /** Where the row starts, -1 once it is overwritten. */
  #row: number;

  constructor(provider: PickingAead, short: PacketKey, slab: Uint8Array, row: number) {
    this.#provider = provider;
    this.#short = short;
    this.#slab = slab;
    this.#row = row;
  }

  seal(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): void {
    const key = end - start < this.#provider.longBytes ? this.#short : this.#longKey();
    key.seal(buffer, aadStart, start, end, packetNumber);
  }

  open(buffer: Uint8Array, aadStart: number, start: number, end: number, packetNumber: number): boolean {
    const key = end - start - AEAD_TAG_BYTES < this.#provider.longBytes ? this.#short : this.#longKey();
    return key.open(buffer, aadStart, start, end, packetNumber);
  }

  destroy(): void {
    this.#short.destroy();
    this.#long?.destroy();
    if (this.#row >= 0) this.#slab.fill(0, this.#row, this.#row + ROW_BYTES);
    this.#row = -1;
  }

  #longKey(): PacketKey {
    if (this.#row < 0) throw destroyedKeyError();
    this.#long ??= this.#provider.longKey(this.#slab, this.#row);
    return this.#long;
  }
}
