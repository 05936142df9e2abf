/**
 * The difference of two byte strings, in whichever of three forms is the shortest.
 *
 * Invariants: a delta is never longer than the new state and {@linkcode BYTE_DELTA_HEADER_BYTES}; decoding checks the
 * whole delta before it writes, so that a refused delta changes nothing; nothing longer than the configured maximum is
 * read or written. Integers are varints as in RFC 9000 section 16.
 *
 * ```text
 * whole   | 0 | the state                                      as it is
 * runs    | 1 | state length | equal, different, bytes | …      changes in place: xor_runs.ts
 * ranges  | 2 | state length | copy, shift, insert, bytes | …   moved content: copy_ranges.ts
 * ```
 *
 * @module
 */
import { checkBytes } from "./packet_check.ts";
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../../bytes/varint.ts";
import { copyBytes } from "./copy_bytes.ts";
import { applyRanges, areRangesSound, RangeEncoder } from "./copy_ranges.ts";
import { applyRuns, areRunsSound, encodeRuns } from "./xor_runs.ts";

/** How much longer than the new state a delta may be. */
export const BYTE_DELTA_HEADER_BYTES = 1;

/** Why a delta was refused; negative, so that no length can be mistaken for it. */
export const DeltaRefusal = {
  /** It is no delta for this base: it ends early, goes on too long or copies from outside the base. */
  Malformed: -1,
  /** The state would be longer than the configured maximum or than the memory for it. */
  TooLarge: -2,
} as const;

/** One of the values of {@linkcode DeltaRefusal}. */
export type DeltaRefusal = (typeof DeltaRefusal)[keyof typeof DeltaRefusal];

const WHOLE = 0;
const RUNS = 1;
const RANGES = 2;

/** The shortest list of ranges: one copy, its shift and no insertion. */
const SHORTEST_RANGES_BYTES = 3;

/**
 * Encodes and decodes deltas of byte strings of any length up to a maximum; one serves any number of peers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const delta = new ByteDelta({ maxStateBytes: 1024 });
 * const base = new Uint8Array(500).fill(7);
 * const state = base.slice();
 * state[100] = 8; // x changed
 *
 * const packet = new Uint8Array(1025);
 * const length = delta.encode(base, state, packet);
 * assertEquals(length, 7); // instead of 500
 *
 * const out = new Uint8Array(1024);
 * assertEquals(delta.decode(base, packet.subarray(0, length), out), 500);
 * assertEquals(out.subarray(0, 500), state);
 * ```
 */
export class ByteDelta {
  /** The longest state in bytes. */
  readonly maxStateBytes: number;
  readonly #runs: Uint8Array;
  readonly #ranges: Uint8Array;
  readonly #rangeEncoder = new RangeEncoder();

  /**
   * Makes a codec; it takes twice the maximum as working memory.
   *
   * @param options The longest state in bytes, 1 to 2^28.
   * @throws {RangeError} When it is no such integer.
   */
  constructor(options: { readonly maxStateBytes: number }) {
    const { maxStateBytes } = options;
    if (!Number.isInteger(maxStateBytes) || maxStateBytes < 1 || maxStateBytes > 2 ** 28) {
      throw new RangeError(`Cannot make deltas of ${maxStateBytes} bytes: it is not an integer from 1 to 2^28`);
    }
    this.maxStateBytes = maxStateBytes;
    this.#runs = new Uint8Array(maxStateBytes);
    this.#ranges = new Uint8Array(maxStateBytes);
  }

  /**
   * Writes what turns a base into a state.
   *
   * @param base What the decoder has; borrowed for the call. Empty: the state is written whole.
   * @param state What the decoder shall have; borrowed for the call.
   * @param out Where the delta goes; must not overlap the other two.
   * @param offset Where in `out` it begins. @default 0
   * @returns The length of the delta, or 0 when it does not fit; then nothing was written.
   * @throws {RangeError} When base or state are longer than the maximum.
   */
  encode(base: Uint8Array, state: Uint8Array, out: Uint8Array, offset = 0): number {
    checkBytes(base, "base");
    checkBytes(state, "state");
    checkBytes(out, "output");
    this.#checkLength(base.length);
    this.#checkLength(state.length);
    const prefix = 1 + varintLength(state.length);
    // What a form has to stay below, prefix excluded, to beat the state as it is.
    const whole = state.length + BYTE_DELTA_HEADER_BYTES - prefix;
    const runs = encodeRuns(base, state, this.#runs, whole);
    const most = runs < 0 ? whole : runs;
    const ranges = most <= SHORTEST_RANGES_BYTES ? -1 : this.#rangeEncoder.encode(base, state, this.#ranges, most);
    if (ranges >= 0) return finish(RANGES, state.length, this.#ranges, ranges, out, offset);
    if (runs >= 0) return finish(RUNS, state.length, this.#runs, runs, out, offset);
    if (offset + 1 + state.length > out.length) return 0;
    out[offset] = WHOLE;
    out.set(state, offset + 1);
    return 1 + state.length;
  }

  /**
   * Rebuilds a state.
   *
   * @param base What the encoder was given as base; borrowed for the call.
   * @param delta The delta, whole and alone; borrowed for the call. Any bytes may come from a peer.
   * @param out Where the state goes, from its start; must not overlap the other two.
   * @returns The length of the state, or a {@linkcode DeltaRefusal}; then `out` is unchanged.
   * @throws {RangeError} When `out` overlaps one of the others.
   */
  decode(base: Uint8Array, delta: Uint8Array, out: Uint8Array): number {
    if (overlap(out, base) || overlap(out, delta)) throw new RangeError("Cannot decode a delta in place");
    const most = Math.min(out.length, this.maxStateBytes);
    if (delta.length === 0) return DeltaRefusal.Malformed;
    const form = delta[0]!;
    if (form === WHOLE) {
      const length = delta.length - 1;
      if (length > most) return DeltaRefusal.TooLarge;
      copyBytes(delta, 1, delta.length, out, 0);
      return length;
    }
    const length = decodeVarint(delta, 1);
    if (length < 0 || form !== RUNS && form !== RANGES) return DeltaRefusal.Malformed;
    if (length > most) return DeltaRefusal.TooLarge;
    const body = 1 + varintLengthFrom(delta[1]!);
    if (form === RUNS) {
      if (!areRunsSound(delta, body, length)) return DeltaRefusal.Malformed;
      applyRuns(base, delta, body, out, length);
    } else {
      if (!areRangesSound(base.length, delta, body, length)) return DeltaRefusal.Malformed;
      applyRanges(base, delta, body, out);
    }
    return length;
  }

  #checkLength(length: number): void {
    if (length > this.maxStateBytes) {
      throw new RangeError(`Cannot encode a state of ${length} bytes: this codec takes ${this.maxStateBytes}`);
    }
  }
}

/** Puts a form, its prefix and its body together. */
function finish(
  form: number,
  stateLength: number,
  body: Uint8Array,
  bodyLength: number,
  out: Uint8Array,
  offset: number,
): number {
  const start = offset + 1 + varintLength(stateLength);
  if (start + bodyLength > out.length) return 0;
  out[offset] = form;
  encodeVarint(stateLength, out, offset + 1);
  copyBytes(body, 0, bodyLength, out, start);
  return start + bodyLength - offset;
}

function overlap(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;
}
