/**
 * The control fields in the place of an extension header (PROTOCOL.md in this folder): encode and decode.
 *
 * Invariant: a list is read whole or not at all; what is not exactly as the page says is refused, but for types from 128
 * on, which later versions may add.
 *
 * ```text
 *  0      1        3              3 + length
 *  +------+--------+--------------+------
 *  | type | length | value        | …
 *  | u8   | u16    | length bytes |
 *  +------+--------+--------------+------
 * ```
 *
 * @module
 */

/** The types of fields. */
export const ControlField = {
  /** Why a request failed. */
  ErrorCode: 1,
  /** The same in words. */
  ErrorText: 2,
  /** The request with this id is not wanted any more. */
  Cancel: 3,
  /** How long the sender of a request waits, in ms. */
  Deadline: 4,
  /** The application's own extension header. */
  Extension: 5,
  /** The sender closes in so many ms. */
  GoingAway: 6,
  /** Asks for a pong. */
  Ping: 7,
  /** Answers a ping. */
  Pong: 8,
} as const;

const FIELD_HEADER_BYTES = 3;
const FIRST_OPTIONAL_TYPE = 128;
/** The most bytes of an error's text. */
export const MAX_ERROR_TEXT_BYTES = 1024;
/** The largest number in a field of 32 bits. */
const MAX_UINT32 = 0xffff_ffff;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A decoded list; one record is reused for all. Numbers are -1 where there is no such field. */
export class ControlList {
  /** Why a request failed. */
  errorCode = -1;
  /** The same in words, empty without. */
  errorText = "";
  /** Whether the request with this id is cancelled. */
  isCancel = false;
  /** How long the sender waits. */
  deadlineMs = -1;
  /** Where the application's extension header starts, in the memory that was decoded. */
  extensionOffset = 0;
  /** How long it is. */
  extensionBytes = 0;
  /** When the sender closes, in ms from now. */
  goingAwayMs = -1;
  /** The number of a ping. */
  ping = -1;
  /** The number of a pong. */
  pong = -1;

  /** Whether the packet is control only. */
  get isSilent(): boolean {
    return this.isCancel || this.goingAwayMs >= 0 || this.ping >= 0 || this.pong >= 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.errorCode =
      this.deadlineMs =
      this.goingAwayMs =
      this.ping =
      this.pong =
        -1;
    this.errorText = "";
    this.isCancel = false;
    this.extensionOffset = this.extensionBytes = 0;
  }

  /**
   * Reads a list.
   *
   * @param from The memory.
   * @param start Where the list starts.
   * @param end Where it ends.
   * @returns Whether it is one.
   */
  decode(from: Uint8Array, start: number, end: number): boolean {
    this.clear();
    let seen = 0;
    for (let at = start; at !== end;) {
      if (at + FIELD_HEADER_BYTES > end) return false;
      const type = from[at]!;
      const length = (from[at + 1]! << 8) | from[at + 2]!;
      at += FIELD_HEADER_BYTES;
      if (at + length > end) return false;
      if (type < FIRST_OPTIONAL_TYPE) {
        const bit = type < 31 ? 1 << type : 0;
        if ((seen & bit) !== 0 || !this.#take(from, at, type, length)) return false;
        seen |= bit;
      }
      at += length;
    }
    return true;
  }

  #take(from: Uint8Array, at: number, type: number, length: number): boolean {
    switch (type) {
      case ControlField.ErrorCode:
        this.errorCode = (from[at]! << 8) | from[at + 1]!;
        return length === 2;
      case ControlField.ErrorText:
        if (length > MAX_ERROR_TEXT_BYTES) return false;
        this.errorText = decoder.decode(from.slice(at, at + length));
        return true;
      case ControlField.Cancel:
        this.isCancel = true;
        return length === 0;
      case ControlField.Extension:
        this.extensionOffset = at;
        this.extensionBytes = length;
        return true;
      default:
        return length === 4 && this.#takeNumber(type, uint32(from, at));
    }
  }

  #takeNumber(type: number, value: number): boolean {
    switch (type) {
      case ControlField.Deadline:
        this.deadlineMs = value;
        return true;
      case ControlField.GoingAway:
        this.goingAwayMs = value;
        return true;
      case ControlField.Ping:
        this.ping = value;
        return true;
      case ControlField.Pong:
        this.pong = value;
        return true;
      default:
        return false;
    }
  }
}

/** How long a field with a 32-bit number is. */
export const NUMBER_FIELD_BYTES: number = FIELD_HEADER_BYTES + 4;

/**
 * Writes a field with a number of 32 bits.
 *
 * @param into The memory.
 * @param at Where the field starts.
 * @param type The type of the field.
 * @param value The number; what is larger than 2^32 - 1 is written as that.
 * @returns Where the field ends.
 */
export function encodeNumberField(into: Uint8Array, at: number, type: number, value: number): number {
  const number = value < MAX_UINT32 ? value : MAX_UINT32;
  encodeFieldHeader(into, at, type, 4);
  into[at + 3] = number >>> 24;
  into[at + 4] = number >>> 16;
  into[at + 5] = number >>> 8;
  into[at + 6] = number;
  return at + NUMBER_FIELD_BYTES;
}

/**
 * How long a field is.
 *
 * @param valueBytes How long its value is.
 * @returns Header and value together.
 */
export function fieldBytes(valueBytes: number): number {
  return FIELD_HEADER_BYTES + valueBytes;
}

/**
 * Writes a field with bytes.
 *
 * @param into The memory.
 * @param at Where the field starts.
 * @param type The type of the field.
 * @param value The bytes, at most 65,535.
 * @returns Where the field ends.
 */
export function encodeBytesField(into: Uint8Array, at: number, type: number, value: Uint8Array): number {
  encodeFieldHeader(into, at, type, value.length);
  into.set(value, at + FIELD_HEADER_BYTES);
  return at + FIELD_HEADER_BYTES + value.length;
}

/**
 * The list that says why a request failed.
 *
 * @param code The error code, 0 to 65,535.
 * @param text The same in words; what is beyond 1024 bytes is cut off, between characters.
 * @returns The list.
 */
export function encodeErrorFields(code: number, text: string): Uint8Array {
  const words = new Uint8Array(MAX_ERROR_TEXT_BYTES);
  const { written } = encoder.encodeInto(text, words);
  const list = new Uint8Array(fieldBytes(2) + (written === 0 ? 0 : fieldBytes(written)));
  const at = encodeBytesField(list, 0, ControlField.ErrorCode, Uint8Array.of(code >>> 8, code));
  if (written !== 0) encodeBytesField(list, at, ControlField.ErrorText, words.subarray(0, written));
  return list;
}

function encodeFieldHeader(into: Uint8Array, at: number, type: number, length: number): void {
  into[at] = type;
  into[at + 1] = length >>> 8;
  into[at + 2] = length;
}

function uint32(from: Uint8Array, at: number): number {
  return ((from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!) >>> 0;
}
