/**
 * How connection ids are made: six random bytes and the index of the worker that owns the session, masked by a keyed
 * hash of the six.
 *
 * Who has the key routes a datagram to its worker without a table, whatever address it came from; to everybody else an
 * id is eight random bytes. Invariant: ids of one endpoint are made under one key by all of its workers.
 *
 * ```text
 *  0                          6          8
 *  +--------------------------+----------+
 *  | random                   | owner ^  |
 *  |                          | mask     |
 *  +--------------------------+----------+
 *    mask = low 16 bits of HalfSipHash(key, first word, upper half of the second)
 * ```
 *
 * @module
 */
import type { RandomSource } from "../random/random_source.ts";
import { CONNECTION_ID_BYTES, decodeWord } from "../wire/packet_header.ts";
import { halfSipHash } from "./half_sip_hash.ts";

/** How many bytes the key of the mask has. */
export const ROUTE_KEY_BYTES = 8;

/** How many owners can be told apart. */
export const MAX_OWNERS = 0x1_0000;

/**
 * Makes ids for one owner and tells the owner of any id.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeededRandom } from "../random/seeded_random.ts";
 *
 * const scheme = new ConnectionIdScheme(new Uint8Array(8).fill(7), 3);
 * scheme.draw(new SeededRandom(1));
 * assertEquals(scheme.ownerOf(scheme.high, scheme.low), 3);
 * ```
 */
export class ConnectionIdScheme {
  /** The upper half of the id that was drawn last. */
  high = 0;
  /** The lower half. */
  low = 0;
  readonly #key0: number;
  readonly #key1: number;
  readonly #owner: number;
  readonly #drawn = new Uint8Array(CONNECTION_ID_BYTES);
  readonly #words = new Int32Array(2);

  /**
   * Makes a scheme.
   *
   * @param key {@linkcode ROUTE_KEY_BYTES} secret bytes, common to all workers of the endpoint.
   * @param owner The index of this worker, 0 to {@linkcode MAX_OWNERS} - 1.
   * @throws {RangeError} When the key has another length or the owner is no such index.
   */
  constructor(key: Uint8Array, owner: number) {
    if (key.length !== ROUTE_KEY_BYTES) {
      throw new RangeError(`Cannot route by a key of ${key.length} bytes: it has ${ROUTE_KEY_BYTES}`);
    }
    if (!Number.isInteger(owner) || owner < 0 || owner >= MAX_OWNERS) {
      throw new RangeError(`Cannot route to owner ${owner}: it is an integer from 0 to ${MAX_OWNERS - 1}`);
    }
    this.#key0 = decodeWord(key, 0);
    this.#key1 = decodeWord(key, 4);
    this.#owner = owner;
  }

  /**
   * Draws a new id into `high` and `low`.
   *
   * @param random Where the bytes come from.
   */
  draw(random: RandomSource): void {
    random.fillSecret(this.#drawn);
    this.high = decodeWord(this.#drawn, 0);
    const low = decodeWord(this.#drawn, 4) & ~0xffff;
    this.low = low | (this.#mask(this.high, low) ^ this.#owner);
  }

  /**
   * The index of the worker that made an id; any index for an id that none of them made.
   *
   * @param high The upper half of the id.
   * @param low The lower half.
   * @returns An integer from 0 to {@linkcode MAX_OWNERS} - 1.
   */
  ownerOf(high: number, low: number): number {
    return this.#mask(high, low) ^ (low & 0xffff);
  }

  #mask(high: number, low: number): number {
    const words = this.#words;
    words[0] = high;
    words[1] = low >>> 16;
    return halfSipHash(this.#key0, this.#key1, words, 2) & 0xffff;
  }
}
