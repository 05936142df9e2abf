/**
 * Where the words of an MPSC ring lie in its shared memory, and the check that a buffer is such a ring.
 *
 * ```text
 * byte 0    magic · version · capacity · owners                 createMpscRing writes them, once
 * byte 128  tail                                               the producers, by compare-exchange
 * byte 256  head                                               the consumer
 * byte 384  gate "space"                                       the producers wait, the consumer opens
 * byte 392  consumer state                                     the consumer
 * byte 512  owner 0: state · position · length · - · refused   its producer; the consumer only the state
 * byte 640  owner 1: …                                         128 bytes each
 * …         data, capacity bytes (a power of two)              the producers inside their claims; the consumer zeroes
 * ```
 *
 * All words are int32; only `refused` is a double. Positions, capacity and lengths of claims count units of 8 bytes, so
 * that a position comes again after 32 GiB only. Blocks are 128 bytes apart, so that no two share a cache line or a
 * pair of lines. The order of the stores is in `mpsc_ring.ts`.
 *
 * @module
 */
import { isRingCapacity } from "./spsc_layout.ts";

/** The first word of every MPSC ring: the bytes `RWMP`. */
export const MAGIC = 0x504d5752;
/** The layout's version; a ring of another one is refused. */
export const VERSION = 1;

/** Index of the word that holds {@linkcode MAGIC}. */
export const MAGIC_WORD = 0;
/** Index of the word that holds {@linkcode VERSION}. */
export const VERSION_WORD = 1;
/** Index of the word that holds the size of the data region in units. */
export const CAPACITY_WORD = 2;
/** Index of the word that holds how many owners there may be at a time. */
export const OWNERS_WORD = 3;
/** Index of the position up to which the ring is claimed. */
export const TAIL = 32;
/** Index of the position up to which the consumer has released. */
export const HEAD = 64;
/** Offset in bytes of the gate at which producers wait for room. */
export const SPACE_GATE = 384;
/** Index of the consumer's state: producers look at it all the time, so it is not on the line of the head. */
export const CONSUMER_STATE = 98;
/** Offset in bytes of the first owner's block. */
export const OWNERS = 512;
/** How many bytes an owner's block takes. */
export const OWNER_BYTES = 128;

/** Index in an owner's block of its state. */
export const OWNER_STATE = 0;
/** Index in an owner's block of the position of its open claim, or of the one that it tries for. */
export const CLAIM_POSITION = 1;
/** Index in an owner's block of the claim's length: 0 is no claim, a negative one is tried for, a positive one made. */
export const CLAIM_LENGTH = 2;
/** Index in an owner's block, in doubles, of how many claims found no room. */
export const REFUSED_DOUBLE = 2;

/** The state of a side that is not taken. */
export const FREE = 0;
/** The state of a side that is taken. */
export const ATTACHED = 1;
/** The state of a consumer that closed its end. */
export const CLOSED = 2;
/** The state of an owner of whom the consumer was told that its thread is gone. */
export const GONE = 3;
/** The bits of an owner's state word that hold its state; those above count how often it was given back. */
export const STATE_BITS = 2;
/** The mask of these bits. */
export const STATE_MASK: number = (1 << STATE_BITS) - 1;

/** The largest data region in bytes: a length has 24 bits. */
export const MAX_CAPACITY_BYTES = 2 ** 24;
/** How many owners a ring may have at most: an owner's number and 1 is the highest byte of a record's first word. */
export const MAX_OWNERS = 254;

/** What lies where in a ring that was checked. */
export interface MpscMemory {
  /** The words before the owners. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The size of the data region in units of 8 bytes. */
  readonly capacity: number;
  /** How many owners there may be at a time. */
  readonly owners: number;
  /** Where the data region starts, in bytes. */
  readonly dataOffset: number;
}

/**
 * Checks that the memory is a ring of this version.
 *
 * @param shared The memory of the ring.
 * @returns What lies where.
 * @throws {TypeError} When it is no ring of this version.
 * @throws {RangeError} When its length does not match what it says of itself.
 */
export function readMpscMemory(shared: SharedArrayBuffer): MpscMemory {
  if (!(shared instanceof SharedArrayBuffer)) throw new TypeError("A ring needs a SharedArrayBuffer");
  if (shared.byteLength < OWNERS) throw new RangeError(`A ring cannot have only ${shared.byteLength} bytes`);
  const words = new Int32Array(shared, 0, OWNERS / 4);
  if (words[MAGIC_WORD] !== MAGIC) throw new TypeError("This memory is not an MPSC ring: createMpscRing() makes one");
  if (words[VERSION_WORD] !== VERSION) throw new TypeError(`This ring has the unknown version ${words[VERSION_WORD]}`);
  const capacity = words[CAPACITY_WORD]!;
  const owners = words[OWNERS_WORD]!;
  const dataOffset = OWNERS + owners * OWNER_BYTES;
  if (!isMpscShape(capacity * 8, owners) || shared.byteLength !== dataOffset + capacity * 8) {
    const shape = `${capacity * 8} bytes and ${owners} owners`;
    throw new RangeError(`A ring of ${shape} cannot lie in ${shared.byteLength} bytes`);
  }
  return { words, capacity, owners, dataOffset };
}

/**
 * Tells whether there may be such a ring.
 *
 * @param capacityBytes The size of its data region.
 * @param owners How many owners it has.
 * @returns Whether the capacity is a power of two from 1024 to 2^24 and there are 1 to 254 owners.
 */
export function isMpscShape(capacityBytes: number, owners: number): boolean {
  if (!isRingCapacity(capacityBytes) || capacityBytes > MAX_CAPACITY_BYTES) return false;
  return Number.isInteger(owners) && owners >= 1 && owners <= MAX_OWNERS;
}
