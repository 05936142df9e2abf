/**
 * The names of events and commands, and the patterns by which events are subscribed.
 *
 * A name is one to 16 parts of `A-Z a-z 0-9 _ - $ :` between dots, at most 200 characters: it is a subject of NATS and a
 * part of a record without any escaping. A pattern is a name, or a name and `.*` behind it, or `*` alone: the prefix
 * wildcard stands for everything behind the dot, however many parts. Invariant: what passes here is ASCII.
 *
 * @module
 */

/** The longest name in characters, which are bytes. */
export const MAX_NAME_BYTES = 200;

const NAME = /^[A-Za-z0-9_$:-]+(\.[A-Za-z0-9_$:-]+){0,15}$/;

/**
 * Checks the name of an event or a command.
 *
 * @param what What it names, for the message.
 * @param name The name.
 * @returns The name.
 * @throws {TypeError} When it is no string.
 * @throws {RangeError} When it is no name.
 */
export function checkName(what: string, name: string): string {
  if (typeof name !== "string") throw new TypeError(`${what} must be a string`);
  if (!isName(name)) {
    throw new RangeError(`${what} must be 1 to 16 parts of letters, digits, _, -, $ and : between dots: got "${name}"`);
  }
  return name;
}

/**
 * Whether a text is a name.
 *
 * @param text The text.
 * @returns Whether it is.
 */
export function isName(text: string): boolean {
  return text.length <= MAX_NAME_BYTES && NAME.test(text);
}

/**
 * Whether a text is a pattern: a name, `name.*` or `*`.
 *
 * @param text The text.
 * @returns Whether it is.
 */
export function isPattern(text: string): boolean {
  return text === "*" || isName(text.endsWith(".*") ? text.slice(0, -2) : text);
}

/**
 * The prefix that a pattern stands for.
 *
 * @param pattern A pattern.
 * @returns What a topic must begin with, the dot included; empty for `*`; `undefined` for an exact name.
 */
export function prefixOf(pattern: string): string | undefined {
  return pattern.endsWith("*") ? pattern.slice(0, -1) : undefined;
}
