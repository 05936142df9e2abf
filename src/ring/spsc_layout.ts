/**
 * Where the words of an SPSC ring lie in its shared memory, and the check that a buffer is such a ring.
 *
 * ```text
 * byte 0    magic · version · capacity                          createSpscRing writes them, once
 * byte 128  tail · watermark · records · producer state         the producer writes them
 * byte 256  head                                                the consumer writes it
 * byte 384  doorbell "space"                                    the producer waits, the consumer rings
 * byte 392  consumer state                                      the consumer writes it
 * byte 512  data, capacity bytes (a power of two)               the producer writes them, inside its claim
 * ```
 *
 * All words are int32. Blocks are 128 bytes apart and use at most 64 of them, so that no two share a cache line
 * whatever the alignment of the buffer is. Why the consumer's state lies behind the doorbell: the producer looks at it
 * with every claim, and must not fetch the line of the head, which changes all the time. The order of the stores is in
 * `spsc_ring.ts`.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";

/** The first word of every ring: the bytes `RWRG`. */
export const MAGIC = 0x47525752;
/** The layout's version; a ring of another one is refused. */
export const VERSION = 2;

/** Index of the word that holds {@linkcode MAGIC}. */
export const MAGIC_WORD = 0;
/** Index of the word that holds {@linkcode VERSION}. */
export const VERSION_WORD = 1;
/** Index of the word that holds the size of the data region in bytes. */
export const CAPACITY_WORD = 2;
/** Index of the position up to which the producer has committed. */
export const TAIL = 32;
/** Index of the position at which the data of the consumer's lap ends, once the tail is in the next lap. */
export const WATERMARK = 33;
/** Index of the wrapping count of committed records. */
export const RECORDS = 34;
/** Index of the producer's state. */
export const PRODUCER_STATE = 35;
/** Index of the position up to which the consumer has released. */
export const HEAD = 64;
/** Offset in bytes of the doorbell at which the producer waits for room. */
export const SPACE_DOORBELL = 384;
/** Index of the consumer's state. */
export const CONSUMER_STATE = 98;
/** Offset in bytes of the data region. */
export const DATA = 512;
/** The value of a state word whose side closed its end; 0 is free, 1 attached. */
export const CLOSED = 2;

/**
 * Checks that the memory is a ring of this version and takes one of its two sides, for good.
 *
 * @param shared The memory of the ring.
 * @param stateWord {@linkcode PRODUCER_STATE} or {@linkcode CONSUMER_STATE}.
 * @returns The words before the data region.
 * @throws {TypeError} When it is no ring of this version.
 * @throws {RangeError} When its length and its capacity do not match.
 * @throws {MisuseError} When that side was taken before.
 */
export function attachToRing(shared: SharedArrayBuffer, stateWord: number): Int32Array<SharedArrayBuffer> {
  if (!(shared instanceof SharedArrayBuffer)) throw new TypeError("A ring needs a SharedArrayBuffer");
  if (shared.byteLength < DATA) throw new RangeError(`A ring cannot have only ${shared.byteLength} bytes`);
  const words = new Int32Array(shared, 0, DATA / 4);
  if (words[MAGIC_WORD] !== MAGIC) throw new TypeError("This memory is not a ring: createSpscRing() makes one");
  if (words[VERSION_WORD] !== VERSION) throw new TypeError(`This ring has the unknown version ${words[VERSION_WORD]}`);
  const capacity = words[CAPACITY_WORD]!;
  if (!isRingCapacity(capacity) || shared.byteLength !== DATA + capacity) {
    throw new RangeError(`A ring of ${capacity} bytes cannot lie in ${shared.byteLength} bytes`);
  }
  if (Atomics.compareExchange(words, stateWord, 0, 1) !== 0) {
    throw new MisuseError(`This ring has or had a ${stateWord === PRODUCER_STATE ? "producer" : "consumer"} already`);
  }
  return words;
}

/**
 * Tells whether a data region may have this size.
 *
 * @param bytes Any number.
 * @returns Whether it is a power of two from 1024 to 2^30.
 */
export function isRingCapacity(bytes: number): boolean {
  return bytes >= 1024 && bytes <= 2 ** 30 && Number.isInteger(bytes) && (bytes & (bytes - 1)) === 0;
}
