/**
 * The form of a byte delta for changes in place: runs of equal bytes, and of different ones as their XOR.
 *
 * Where the base is shorter than the state it counts as continued with zeros. What comes after the last run is equal.
 * Invariant: {@linkcode areRunsSound} is asked first; what it passes, {@linkcode applyRuns} writes within bounds.
 *
 * ```text
 * | equal count, varint | different count, varint, from 1 | base XOR state, that many | …
 * ```
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../../bytes/varint.ts";
import { copyBytes } from "./copy_bytes.ts";

/** Shorter runs of equal bytes are not worth the two counts that they cost. */
const SHORTEST_EQUAL_BYTES = 3;

/**
 * Writes the runs, giving up as soon as they are not short enough.
 *
 * @param base The base.
 * @param state The new state.
 * @param out Where they go, from its start; must hold `below` bytes.
 * @param below What their length has to stay below.
 * @returns Their length, or -1 when it is not below.
 */
export function encodeRuns(base: Uint8Array, state: Uint8Array, out: Uint8Array, below: number): number {
  let written = 0;
  let at = 0;
  for (;;) {
    const start = at;
    at = skipEqual(base, state, at);
    if (at === state.length) return written < below ? written : -1;
    const different = at;
    at = skipDifferent(base, state, at);
    const length = varintLength(different - start) + varintLength(at - different) + at - different;
    if (written + length >= below) return -1;
    written += encodeVarint(different - start, out, written);
    written += encodeVarint(at - different, out, written);
    for (let i = different; i < at; i++) out[written++] = state[i]! ^ (i < base.length ? base[i]! : 0);
  }
}

/**
 * Checks runs without applying them.
 *
 * @param delta The delta.
 * @param from Where its runs begin.
 * @param length How long the state is.
 * @returns Whether they end with the delta and stay inside the state.
 */
export function areRunsSound(delta: Uint8Array, from: number, length: number): boolean {
  let at = from;
  let done = 0;
  while (at < delta.length) {
    const equal = decodeVarint(delta, at);
    if (equal < 0) return false;
    at += varintLengthFrom(delta[at]!);
    const different = decodeVarint(delta, at);
    if (different < 1) return false;
    at += varintLengthFrom(delta[at]!) + different;
    done += equal + different;
    if (at > delta.length || done > length) return false;
  }
  return true;
}

/**
 * Applies runs that {@linkcode areRunsSound} passed.
 *
 * @param base The base.
 * @param delta The delta.
 * @param from Where its runs begin.
 * @param out Where the state goes, from its start.
 * @param length How long the state is.
 */
export function applyRuns(base: Uint8Array, delta: Uint8Array, from: number, out: Uint8Array, length: number): void {
  const shared = Math.min(base.length, length);
  copyBytes(base, 0, shared, out, 0);
  out.fill(0, shared, length);
  let done = 0;
  for (let at = from; at < delta.length;) {
    done += decodeVarint(delta, at);
    at += varintLengthFrom(delta[at]!);
    const different = decodeVarint(delta, at);
    at += varintLengthFrom(delta[at]!);
    for (let i = 0; i < different; i++) out[done++]! ^= delta[at++]!;
  }
}

function skipEqual(base: Uint8Array, state: Uint8Array, from: number): number {
  const shared = Math.min(base.length, state.length);
  let at = from;
  while (at < shared && base[at] === state[at]) at++;
  if (at < shared) return at;
  while (at < state.length && state[at] === 0) at++;
  return at;
}

/** The end of a run of different bytes, which goes on over gaps that are too short. */
function skipDifferent(base: Uint8Array, state: Uint8Array, from: number): number {
  let end = from + 1;
  for (;;) {
    const next = skipEqual(base, state, end);
    if (next === state.length || next - end >= SHORTEST_EQUAL_BYTES) return end;
    end = next + 1;
  }
}
