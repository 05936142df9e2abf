/**
 * Writes the WebAssembly module that hashes four inputs of BLAKE3 side by side, one in each lane of a 128-bit vector.
 *
 * Fixed-width SIMD as in the WebAssembly core specification 2.0. Why it is made here and not kept as a file of bytes:
 * the seven rounds are one loop of this generator, whoever reads it sees what runs. Its one function:
 *
 *     hash(source, stride, blocks, counter, counterHigh, step, first, last, out)
 *
 * hashes lane k from source + k * stride with the counter `counter + k * step` and writes 32 bytes to out + 32 * k; the
 * first block has the flags `first`, the last one `last` besides.
 *
 * @module
 */
import { INITIAL_CHAINING } from "../../asset/blake3_compress.ts";

const ROUNDS = 7;
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** The state words of the eight mixings of a round: four columns, then four diagonals. */
const MIXINGS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

/** The parameters and locals of the function, by index. */
const [SOURCE, STRIDE, BLOCKS, COUNTER, COUNTER_HIGH, STEP, FIRST, LAST, OUT] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
const PARAMETERS = 9;
const STATE = PARAMETERS;
const MESSAGE = STATE + 16;
const CHAINING = MESSAGE + 16;
const COUNTERS = CHAINING + 8;
const ROW = COUNTERS + 1;
const VECTORS = ROW + 4 - PARAMETERS;

const I32 = 0x7f;
const V128 = 0x7b;
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE, I32_CONST, I32_ADD, I32_MUL, I32_OR] = [
  0x20,
  0x21,
  0x22,
  0x41,
  0x6a,
  0x6c,
  0x72,
] as const;
const [V_LOAD, V_STORE, V_CONST, V_SHUFFLE, V_SPLAT, V_OR, V_XOR, V_SHL, V_SHR, V_ADD, V_MUL] = [
  0,
  11,
  12,
  13,
  17,
  80,
  81,
  171,
  173,
  174,
  181,
] as const;

const LOW_WORDS = words(0, 4, 1, 5);
const HIGH_WORDS = words(2, 6, 3, 7);
const LOW_PAIRS = words(0, 1, 4, 5);
const HIGH_PAIRS = words(2, 3, 6, 7);

/**
 * Writes the module; it imports its memory as `e.m` and exports `hash`.
 *
 * @returns The bytes of the module.
 */
export function simdModule(): Uint8Array<ArrayBuffer> {
  const locals = [1, ...leb(VECTORS), V128];
  const body = [...locals, ...hashCode(), 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, PARAMETERS, ...Array<number>(PARAMETERS).fill(I32), 0]),
    ...section(2, [1, 1, 0x65, 1, 0x6d, 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, 4, 0x68, 0x61, 0x73, 0x68, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

function hashCode(): number[] {
  const code: number[] = [];
  for (let i = 0; i < 8; i++) code.push(...splatConst(INITIAL_CHAINING[i]!), LOCAL_SET, CHAINING + i);
  code.push(LOCAL_GET, COUNTER, ...vector(V_SPLAT), LOCAL_GET, STEP, ...vector(V_SPLAT));
  code.push(...vector(V_CONST), ...[0, 1, 2, 3].flatMap((lane) => [lane, 0, 0, 0]));
  code.push(...vector(V_MUL), ...vector(V_ADD), LOCAL_SET, COUNTERS);
  code.push(0x03, 0x40, ...blockCode());
  code.push(LOCAL_GET, SOURCE, I32_CONST, ...signed(64), I32_ADD, LOCAL_SET, SOURCE);
  code.push(I32_CONST, 0, LOCAL_SET, FIRST);
  code.push(LOCAL_GET, BLOCKS, I32_CONST, ...signed(-1), I32_ADD, LOCAL_TEE, BLOCKS, 0x0d, 0, 0x0b);
  for (const half of [0, 4]) {
    code.push(...transpose([0, 1, 2, 3].map((i) => CHAINING + half + i), MESSAGE));
    for (let lane = 0; lane < 4; lane++) {
      code.push(LOCAL_GET, OUT, LOCAL_GET, MESSAGE + lane, ...vector(V_STORE), 0, ...leb(lane * 32 + half * 4));
    }
  }
  return code;
}

function blockCode(): number[] {
  const code: number[] = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    for (let lane = 0; lane < 4; lane++) {
      code.push(LOCAL_GET, SOURCE, LOCAL_GET, STRIDE, I32_CONST, lane, I32_MUL, I32_ADD);
      code.push(...vector(V_LOAD), 0, ...leb(quarter * 16), LOCAL_SET, ROW + lane);
    }
    code.push(...transpose([ROW, ROW + 1, ROW + 2, ROW + 3], MESSAGE + quarter * 4));
  }
  for (let i = 0; i < 8; i++) code.push(LOCAL_GET, CHAINING + i, LOCAL_SET, STATE + i);
  for (let i = 0; i < 4; i++) code.push(...splatConst(INITIAL_CHAINING[i]!), LOCAL_SET, STATE + 8 + i);
  code.push(LOCAL_GET, COUNTERS, LOCAL_SET, STATE + 12);
  code.push(LOCAL_GET, COUNTER_HIGH, ...vector(V_SPLAT), LOCAL_SET, STATE + 13);
  code.push(...splatConst(64), LOCAL_SET, STATE + 14);
  // The flags: those of the first block, and those of the last one where this is it.
  code.push(LOCAL_GET, FIRST, LOCAL_GET, LAST, I32_CONST, 0, LOCAL_GET, BLOCKS, I32_CONST, 1, 0x46, 0x1b, I32_OR);
  code.push(...vector(V_SPLAT), LOCAL_SET, STATE + 15);
  let message = PERMUTATION.map((_, i) => i);
  for (let round = 0; round < ROUNDS; round++) {
    MIXINGS.forEach((state, i) => code.push(...mix(state, message[2 * i]!, message[2 * i + 1]!)));
    message = PERMUTATION.map((from) => message[from]!);
  }
  for (let i = 0; i < 8; i++) {
    code.push(LOCAL_GET, STATE + i, LOCAL_GET, STATE + 8 + i, ...vector(V_XOR), LOCAL_SET, CHAINING + i);
  }
  return code;
}

/** The function G of section 2.2. */
function mix([a, b, c, d]: readonly [number, number, number, number], x: number, y: number): number[] {
  return [
    ...addTo(a, b, x),
    ...xorRotate(d, a, 16),
    ...addTo(c, d),
    ...xorRotate(b, c, 12),
    ...addTo(a, b, y),
    ...xorRotate(d, a, 8),
    ...addTo(c, d),
    ...xorRotate(b, c, 7),
  ];
}

function addTo(to: number, other: number, message?: number): number[] {
  const code = [LOCAL_GET, STATE + to, LOCAL_GET, STATE + other, ...vector(V_ADD)];
  if (message !== undefined) code.push(LOCAL_GET, MESSAGE + message, ...vector(V_ADD));
  return [...code, LOCAL_SET, STATE + to];
}

function xorRotate(to: number, other: number, count: number): number[] {
  const to128 = STATE + to;
  const code = [LOCAL_GET, to128, LOCAL_GET, STATE + other, ...vector(V_XOR), LOCAL_TEE, to128];
  if (count % 8 === 0) {
    const shift = count / 8;
    const lanes = Array.from({ length: 16 }, (_, i) => (i & ~3) | ((i + shift) & 3));
    return [...code, LOCAL_GET, to128, ...vector(V_SHUFFLE), ...lanes, LOCAL_SET, to128];
  }
  code.push(I32_CONST, ...signed(count), ...vector(V_SHR), LOCAL_GET, to128, I32_CONST, ...signed(32 - count));
  return [...code, ...vector(V_SHL), ...vector(V_OR), LOCAL_SET, to128];
}

/** Turns four rows of words, one of each lane, into four columns. The rows are overwritten. */
function transpose(rows: readonly number[], to: number): number[] {
  const [r0, r1, r2, r3] = rows as [number, number, number, number];
  return [
    ...shuffle(r0, r1, LOW_WORDS, to),
    ...shuffle(r0, r1, HIGH_WORDS, to + 2),
    ...shuffle(r2, r3, LOW_WORDS, r0),
    ...shuffle(r2, r3, HIGH_WORDS, r1),
    ...shuffle(to, r0, HIGH_PAIRS, to + 1),
    ...shuffle(to, r0, LOW_PAIRS, to),
    ...shuffle(to + 2, r1, HIGH_PAIRS, to + 3),
    ...shuffle(to + 2, r1, LOW_PAIRS, to + 2),
  ];
}

function shuffle(left: number, right: number, lanes: readonly number[], to: number): number[] {
  return [LOCAL_GET, left, LOCAL_GET, right, ...vector(V_SHUFFLE), ...lanes, LOCAL_SET, to];
}

function words(...picked: number[]): number[] {
  return picked.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte));
}

function splatConst(value: number): number[] {
  return [I32_CONST, ...signed(value), ...vector(V_SPLAT)];
}

function vector(operation: number): number[] {
  return [0xfd, ...leb(operation)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

/** An unsigned number in LEB128. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...leb(value >>> 7)];
}

/** A signed number of 32 bits in LEB128. */
function signed(value: number): number[] {
  const word = value | 0;
  return word >= -64 && word < 64 ? [word & 0x7f] : [word & 0x7f | 0x80, ...signed(word >> 7)];
}
