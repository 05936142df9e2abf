/**
 * Writes DER (ITU-T X.690 section 10), as much of it as a certificate takes: each function returns one whole element.
 *
 * Invariant: lengths are definite and as short as can be, so that equal content is equal bytes.
 *
 * @module
 */
import { concat } from "@std/bytes";

/** The tags of X.690 section 8 that certificates use. */
const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectId: 0x06,
  Utf8String: 0x0c,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
  Set: 0x31,
} as const;

/** Added to the number of a context-specific tag whose content is whole elements. */
const CONTEXT_CONSTRUCTED = 0xa0;
/** Added to the number of a context-specific tag whose content is plain. */
const CONTEXT_PRIMITIVE = 0x80;

const encoder = new TextEncoder();

/**
 * A sequence.
 *
 * @param elements Its elements in order.
 * @returns The element.
 */
export function derSequence(...elements: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return element(Tag.Sequence, concat(elements));
}

/**
 * A set of one element.
 *
 * @param only The element in it.
 * @returns The element.
 */
export function derSet(only: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(Tag.Set, only);
}

/**
 * An integer of at least 0.
 *
 * @param bytes Its bytes, the highest first; zeros in front are taken off.
 * @returns The element.
 */
export function derInteger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const isNegative = digits.length === 0 || digits[0]! >= 0x80;
  return element(Tag.Integer, isNegative ? concat([Uint8Array.of(0), digits]) : digits);
}

/**
 * An object identifier.
 *
 * @param dotted For example `2.5.4.3`; each number below 2^31.
 * @returns The element.
 */
export function derObjectId(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(Tag.ObjectId, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

/**
 * A bit string of whole bytes, or of fewer bits of the last one.
 *
 * @param bytes The bits, the highest of each byte first.
 * @param unusedBits How many of the lowest bits of the last byte do not count.
 * @returns The element.
 */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array<ArrayBuffer> {
  return element(Tag.BitString, concat([Uint8Array.of(unusedBits), bytes]));
}

/**
 * An octet string.
 *
 * @param bytes The octets.
 * @returns The element.
 */
export function derOctetString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(Tag.OctetString, bytes);
}

/**
 * A text.
 *
 * @param text The text.
 * @returns The element.
 */
export function derUtf8String(text: string): Uint8Array<ArrayBuffer> {
  return element(Tag.Utf8String, encoder.encode(text));
}

/** The element for true. */
export const DER_TRUE: Uint8Array = element(Tag.Boolean, Uint8Array.of(0xff));

/**
 * A time in whole seconds, as certificates write it (RFC 5280 section 4.1.2.5): with two digits of the year before
 * 2050, with four from then on.
 *
 * @param ms Milliseconds since 1970; what is behind the second is cut off.
 * @returns The element.
 */
export function derTime(ms: number): Uint8Array<ArrayBuffer> {
  const text = new Date(ms).toISOString().replace(/\.\d+Z$/, "Z").replace(/[-:T]/g, "");
  return text < "2050" ? element(Tag.UtcTime, encoder.encode(text.slice(2))) : element(
    Tag.GeneralizedTime,
    encoder.encode(text),
  );
}

/**
 * A context-specific element around a whole element.
 *
 * @param number The number of the tag, 0 to 30.
 * @param inner The element in it.
 * @returns The element.
 */
export function derExplicit(number: number, inner: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(CONTEXT_CONSTRUCTED + number, inner);
}

/**
 * A context-specific element with plain content.
 *
 * @param number The number of the tag, 0 to 30.
 * @param content The content.
 * @returns The element.
 */
export function derImplicit(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(CONTEXT_PRIMITIVE + number, content);
}

function element(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** The length of some content: one byte below 128, otherwise how many bytes follow, and these (X.690 section 8.1.3). */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}

/** A number in groups of seven bits, all but the last marked (X.690 section 8.19.2). */
function base128(number: number): number[] {
  const groups = [number & 0x7f];
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) groups.unshift(0x80 | (rest & 0x7f));
  return groups;
}
