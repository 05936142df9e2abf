/**
 * What one node wants and offers: exact topics, prefixes of topics, and commands, as a list of bytes with a version.
 *
 *     entry:  kind 1 (1 topic, 2 prefix, 3 command) | n 1 | name n
 *
 * Names are printable ASCII without `*`, at most 200 characters; a prefix may be empty and then stands for all topics.
 * Invariant: a list with one bad entry is refused as a whole.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";

/** The longest name in bytes. */
export const MAX_INTEREST_NAME_BYTES = 200;

/** The kinds of entries. */
export const InterestKind = { Topic: 1, Prefix: 2, Command: 3 } as const;

/** One of the values of {@linkcode InterestKind}. */
export type InterestKind = (typeof InterestKind)[keyof typeof InterestKind];

/** A decoded list: names by kind minus 1. */
export type InterestLists = readonly [
  topics: readonly string[],
  prefixes: readonly string[],
  commands: readonly string[],
];

const NAME = /^[!-)+-~]*$/;

/** The own list. */
export class OwnInterest {
  readonly #names: readonly [Set<string>, Set<string>, Set<string>] = [new Set(), new Set(), new Set()];
  readonly #maxBytes: number;
  #bytes = 0;

  /**
   * Makes an empty list.
   *
   * @param maxBytes How long it may become.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds an entry.
   *
   * @param kind Its kind.
   * @param name A checked name.
   * @returns Whether it is new.
   * @throws {ResourceError} When the list is full.
   */
  add(kind: InterestKind, name: string): boolean {
    const names = this.#names[kind - 1]!;
    if (names.has(name)) return false;
    const bytes = this.#bytes + 2 + name.length;
    if (bytes > this.#maxBytes) {
      const most = `its subscriptions and commands fill the ${this.#maxBytes} bytes of maxInterestBytes`;
      throw new ResourceError(`Cannot add "${name}" to the interest of this node: ${most}`);
    }
    names.add(name);
    this.#bytes = bytes;
    return true;
  }

  /**
   * Takes an entry away.
   *
   * @param kind Its kind.
   * @param name Its name.
   * @returns Whether it was there.
   */
  remove(kind: InterestKind, name: string): boolean {
    const wasThere = this.#names[kind - 1]!.delete(name);
    if (wasThere) this.#bytes -= 2 + name.length;
    return wasThere;
  }

  /**
   * The list as bytes.
   *
   * @returns New memory.
   */
  encode(): Uint8Array {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    this.#names.forEach((names, i) => {
      for (const name of names) {
        bytes[at++] = i + 1;
        bytes[at++] = name.length;
        for (let c = 0; c < name.length; c++) bytes[at++] = name.charCodeAt(c);
      }
    });
    return bytes;
  }
}

/**
 * Reads a list.
 *
 * @param bytes The list; only read.
 * @returns The names, or `undefined` where it is malformed.
 */
export function decodeInterest(bytes: Uint8Array): InterestLists | undefined {
  const lists: [string[], string[], string[]] = [[], [], []];
  let at = 0;
  while (at < bytes.length) {
    const list = lists[bytes[at]! - 1];
    const length = bytes[at + 1];
    if (list === undefined || length === undefined || length > MAX_INTEREST_NAME_BYTES) return undefined;
    at += 2;
    if (at + length > bytes.length) return undefined;
    if (length === 0 && list !== lists[1]) return undefined;
    let name = "";
    for (const end = at + length; at < end; at++) name += String.fromCharCode(bytes[at]!);
    if (!NAME.test(name)) return undefined;
    list.push(name);
  }
  return lists;
}

/**
 * Checks a pattern or the name of a command, and says what kind of entry it is.
 *
 * @param text A name, or for topics a prefix with `*` behind it.
 * @param isCommand Whether it names a command.
 * @returns The kind; the name is the text without the `*`.
 * @throws {TypeError} When it is no string.
 * @throws {RangeError} When it is no such text.
 */
export function interestKindOf(text: string, isCommand: boolean): InterestKind {
  if (typeof text !== "string") throw new TypeError("A topic or command must be a string");
  const isPrefix = !isCommand && text.endsWith("*");
  const name = isPrefix ? text.slice(0, -1) : text;
  if (!NAME.test(name) || name.length > MAX_INTEREST_NAME_BYTES || (name === "" && !isPrefix)) {
    throw new RangeError(`"${text}" is no topic or command: 1 to 200 printable ASCII characters, "*" only at the end`);
  }
  return isCommand ? InterestKind.Command : isPrefix ? InterestKind.Prefix : InterestKind.Topic;
}
