/**
 * The records of dispatchers: what one node's dispatchers say to another's, whatever carries them.
 *
 * ```text
 * event    | 1 | encoding | scope | n | name, n bytes | value …
 * command  | 2 | encoding | scope | n | request u32 | timeout ms u32 | name, n bytes | value …
 * result   | 3 | encoding | 0     | 0 | request u32 | value …
 * failure  | 4 | encoding | code  | 0 | request u32 | { name, message, data } …
 * cancel   | 5 | 0        | 0     | 0 | request u32
 * ```
 *
 * Numbers are little-endian. `timeout` is what is left of the sender's time when the record is made; all ones: no end.
 * Invariant: reading never throws and never looks outside the record; what is no record has kind 0.
 *
 * @module
 */
import { NameCache } from "./name_cache.ts";

/** The kinds of records. */
export const RecordKind = { None: 0, Event: 1, Command: 2, Result: 3, Failure: 4, Cancel: 5 } as const;

/** One of the values of {@linkcode RecordKind}. */
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** Why a command has no result. */
export const FailureCode = {
  /** The handler threw. */
  HandlerFailed: 1,
  /** The node has no handler for it any more. */
  NoHandler: 2,
  /** The value did not pass the handler's validator, or could not be decoded. */
  BadValue: 3,
  /** The node has as many commands in progress as it may have. */
  Busy: 4,
  /** The result could not be encoded, or is larger than a record may be. */
  BadResult: 5,
  /** The sender is not in the scope that the command names. */
  WrongScope: 6,
} as const;

/** One of the values of {@linkcode FailureCode}. */
export type FailureCode = (typeof FailureCode)[keyof typeof FailureCode];

/** In the place of a timeout: none. */
export const NO_TIMEOUT = 0xffffffff;

const PREFIX_BYTES = 4;
const REQUEST_BYTES = 8;
const COMMAND_BYTES = 12;

/** How many bytes the longest head of a record takes. */
export const MAX_HEAD_BYTES: number = COMMAND_BYTES + 255;

/**
 * Writes the head of an event.
 *
 * @param into The memory, with room for {@linkcode MAX_HEAD_BYTES}.
 * @param encoding How the value behind it is encoded.
 * @param scope The scope's number.
 * @param topic The topic.
 * @returns Where the value starts.
 */
export function encodeEventHead(into: Uint8Array, encoding: number, scope: number, topic: string): number {
  encodePrefix(into, RecordKind.Event, encoding, scope, topic.length);
  return encodeName(into, PREFIX_BYTES, topic);
}

/**
 * Writes the head of a command.
 *
 * @param into The memory, with room for {@linkcode MAX_HEAD_BYTES}.
 * @param encoding How the value behind it is encoded.
 * @param scope The scope's number.
 * @param name The command's name.
 * @param request The request's number.
 * @param timeoutMs How long the sender waits; `Infinity` for ever.
 * @returns Where the value starts.
 */
export function encodeCommandHead(
  into: Uint8Array,
  encoding: number,
  scope: number,
  name: string,
  request: number,
  timeoutMs: number,
): number {
  encodePrefix(into, RecordKind.Command, encoding, scope, name.length);
  encodeUint32(into, PREFIX_BYTES, request);
  encodeUint32(into, REQUEST_BYTES, timeoutMs < NO_TIMEOUT ? Math.ceil(timeoutMs) : NO_TIMEOUT);
  return encodeName(into, COMMAND_BYTES, name);
}

/**
 * Writes the head of a result, a failure or a cancel.
 *
 * @param into The memory.
 * @param kind Which.
 * @param encoding How the value behind it is encoded.
 * @param code Why there is no result; 0 in the other kinds.
 * @param request The request's number.
 * @returns Where the value starts.
 */
export function encodeAnswerHead(
  into: Uint8Array,
  kind: RecordKind,
  encoding: number,
  code: number,
  request: number,
): number {
  encodePrefix(into, kind, encoding, code, 0);
  encodeUint32(into, PREFIX_BYTES, request);
  return REQUEST_BYTES;
}

/** One record as it was read; reused. */
export class BusRecord {
  /** What it is; `None` for what is no record. */
  kind: RecordKind = RecordKind.None;
  /** How its value is encoded. */
  encoding = 0;
  /** The scope's number of an event or a command, the code of a failure. */
  code = 0;
  /** The topic of an event, the name of a command. */
  name = "";
  /** The request's number. */
  request = 0;
  /** What is left of a command's time in ms; `Infinity`: no end. */
  timeoutMs = Infinity;
  /** Where the value starts. */
  start = 0;
  readonly #names = new NameCache();

  /**
   * Reads a record.
   *
   * @param buffer Where it lies.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns Its kind; `None` when it is no record.
   */
  read(buffer: Uint8Array, start: number, end: number): RecordKind {
    this.kind = RecordKind.None;
    if (end - start < PREFIX_BYTES) return RecordKind.None;
    const kind = buffer[start]!;
    const length = buffer[start + 3]!;
    this.encoding = buffer[start + 1]!;
    this.code = buffer[start + 2]!;
    const headBytes = kind === RecordKind.Event
      ? PREFIX_BYTES
      : kind === RecordKind.Command
      ? COMMAND_BYTES
      : REQUEST_BYTES;
    const at = start + headBytes;
    if (kind < RecordKind.Event || kind > RecordKind.Cancel || at + length > end) return RecordKind.None;
    if (kind !== RecordKind.Event) this.request = decodeUint32(buffer, start + PREFIX_BYTES);
    if (kind <= RecordKind.Command) {
      const name = this.#names.find(buffer, at, at + length);
      if (name === undefined) return RecordKind.None;
      this.name = name;
      if (kind === RecordKind.Command) {
        const timeoutMs = decodeUint32(buffer, start + REQUEST_BYTES);
        this.timeoutMs = timeoutMs === NO_TIMEOUT ? Infinity : timeoutMs;
      }
    } else if (length !== 0) return RecordKind.None;
    this.start = at + length;
    return this.kind = kind as RecordKind;
  }
}

function encodePrefix(into: Uint8Array, kind: number, encoding: number, code: number, length: number): void {
  into[0] = kind;
  into[1] = encoding;
  into[2] = code;
  into[3] = length;
}

function encodeName(into: Uint8Array, at: number, name: string): number {
  for (let i = 0; i < name.length; i++) into[at + i] = name.charCodeAt(i);
  return at + name.length;
}

function encodeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

function decodeUint32(from: Uint8Array, at: number): number {
  return (from[at]! | from[at + 1]! << 8 | from[at + 2]! << 16 | from[at + 3]! << 24) >>> 0;
}
