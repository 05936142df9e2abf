/**
 * Names in records as strings, without making a string for each record.
 *
 * A direct-mapped cache over the bytes: the same few topics come again and again. Invariant: a name is checked before it
 * is kept, and what is returned has exactly the bytes that were asked for.
 *
 * @module
 */
import { isName, MAX_NAME_BYTES } from "./topic.ts";

const SLOTS = 512;

/** Turns the bytes of names into strings. */
export class NameCache {
  readonly #texts: string[] = new Array<string>(SLOTS).fill("");

  /**
   * The name in a piece of memory.
   *
   * @param buffer The memory.
   * @param start Where the name starts.
   * @param end Where it ends.
   * @returns The name; `undefined` when the bytes are none.
   */
  find(buffer: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    let sum = length;
    for (let i = start; i < end; i++) sum = Math.imul(sum, 31) + buffer[i]! | 0;
    const slot = (sum ^ sum >>> 15) & (SLOTS - 1);
    const text = this.#texts[slot]!;
    if (text.length !== length || length === 0) return this.#miss(buffer, start, end, slot);
    for (let i = 0; i < length; i++) {
      if (text.charCodeAt(i) !== buffer[start + i]) return this.#miss(buffer, start, end, slot);
    }
    return text;
  }

  #miss(buffer: Uint8Array, start: number, end: number, slot: number): string | undefined {
    if (end - start > MAX_NAME_BYTES) return undefined;
    const text = String.fromCharCode(...buffer.subarray(start, end));
    if (!isName(text)) return undefined;
    this.#texts[slot] = text;
    return text;
  }
}
