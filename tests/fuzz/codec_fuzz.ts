/**
 * Cases that follow from a seed: LZ4 blocks and MessagePack messages with flipped bytes, cuts and wrong sizes, and noise
 * that begins like one.
 *
 * What must hold: nothing throws and nothing is written outside of the stretch; what was not changed comes back; what
 * ours accepts is what the simplest decompressor makes of it, or the library's own decoder without limits; a value that
 * was accepted can be sent on.
 *
 * @module
 */
import { decode as decodeLoosely } from "@msgpack/msgpack";
import { lz4CompressBlock, lz4DecompressBlock, lz4MaxBlockBytes } from "../../src/codec/lz4_block.ts";
import { Lz4Table } from "../../src/codec/lz4_table.ts";
import { MessagePack } from "../../src/codec/message_pack.ts";
import { resolveMessagePackOptions } from "../../src/codec/message_pack_options.ts";
import { MessagePackRefusal } from "../../src/codec/message_pack_refusal.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { referenceDecompress } from "../unit/codec/lz4_reference.ts";
import { jsonSample, mixedSample } from "../unit/codec/lz4_samples.ts";

const GUARD_BYTES = 16;
const GUARD = 0x5a;

/** Runs one case; throws when an invariant is broken. */
export class CodecFuzz {
  readonly #table = new Lz4Table(8);
  readonly #pack = new MessagePack(resolveMessagePackOptions({ maxDepth: 6, maxBytes: 4096 }));

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    if (random.nextInt(2) === 0) return this.#runPack(random);
    const length = random.nextInt(random.nextInt(10) === 0 ? 5000 : 200);
    const bytes = random.nextInt(2) === 0 ? jsonSample(length, seed) : mixedSample(length, seed);
    const room = new Uint8Array(lz4MaxBlockBytes(length));
    const blockBytes = lz4CompressBlock(bytes, 0, length, room, 0, room.length, this.#table);
    check(blockBytes > 0, "a block that does not fit the bound");
    const block = room.slice(0, blockBytes);
    check(equal(decompress(block, length), bytes), "other bytes than before");
    for (let round = 0; round < 10; round++) {
      const broken = spoiled(block, random);
      const size = random.nextInt(4) === 0 ? random.nextInt(300) : length;
      check(equal(decompress(broken, size), referenceDecompress(broken, size)), "not what the reference makes of it");
    }
  }

  #runPack(random: SeededRandom): void {
    const message = this.#pack.encode(drawValue(random, 4)).slice();
    check(this.#pack.decode(message, 0, message.length) === MessagePackRefusal.None, "a message of ours is refused");
    check(equal(this.#pack.encode(this.#pack.takeValue()), message), "another message than before");
    for (let round = 0; round < 10; round++) {
      const broken = random.nextInt(2) === 0 ? drawMessage(random) : spoiled(message, random);
      if (this.#pack.decode(broken, 0, broken.length) !== MessagePackRefusal.None) continue;
      const again = this.#pack.encode(this.#pack.takeValue()).slice();
      check(this.#pack.decode(again, 0, again.length) === MessagePackRefusal.None, "a value that cannot be sent on");
      const loose = this.#pack.encode(decodeLoosely(broken, { useBigInt64: true }));
      check(equal(loose, again), "another value than the library's");
    }
  }
}

/** A value that can be sent. */
function drawValue(random: SeededRandom, depth: number): unknown {
  const draw = random.nextInt(depth > 0 ? 9 : 7);
  if (draw === 0) return [null, true, false, 0, -1][random.nextInt(5)];
  if (draw === 1) return random.nextInt(2 ** 31) - random.nextInt(2 ** 31);
  if (draw === 2) return random.visibleFraction() * 1e15;
  if (draw === 3) return "aä€😀".repeat(random.nextInt(20)).slice(0, 30);
  if (draw === 4) return new Uint8Array(random.nextInt(300)).fill(draw);
  if (draw === 5) return new Date(Math.floor(random.visibleFraction() * 4e12) - 1e12);
  if (draw === 6) return BigInt(random.nextUint32()) * BigInt(random.nextUint32()) - 2n ** 62n;
  const items = Array.from({ length: random.nextInt(6) }, () => drawValue(random, depth - 1));
  return draw === 7 ? items : Object.fromEntries(items.map((item, i) => [`key${i}`, item]));
}

/** Bytes that look like a message, many of them heads of values. */
function drawMessage(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(random.nextInt(40));
  for (let i = 0; i < bytes.length; i++) {
    const draw = random.nextInt(4);
    bytes[i] = draw === 0 ? random.nextInt(256) : draw === 1 ? 0x80 + random.nextInt(0x23) : random.nextInt(5);
    if (draw === 3) bytes[i] = 0xc0 + random.nextInt(32);
  }
  return bytes;
}

function spoiled(block: Uint8Array, random: SeededRandom): Uint8Array {
  const draw = random.nextInt(8);
  if (draw === 0) return block.slice(0, random.nextInt(block.length));
  if (draw === 1) {
    const noise = new Uint8Array(random.nextInt(40));
    random.fillSecret(noise);
    return noise;
  }
  const broken = block.slice();
  for (let count = 1 + random.nextInt(3); count > 0; count--) {
    const at = random.nextInt(random.nextInt(2) === 0 ? Math.min(8, broken.length) : broken.length);
    broken[at] = random.nextInt(4) === 0 ? [0, 255, 0xf0, 0x0f][random.nextInt(4)]! : random.nextInt(256);
  }
  return broken;
}

function decompress(block: Uint8Array, size: number): Uint8Array | undefined {
  const memory = new Uint8Array(size + 2 * GUARD_BYTES).fill(GUARD);
  const isWhole = lz4DecompressBlock(block, 0, block.length, memory, GUARD_BYTES, size);
  for (let i = 0; i < GUARD_BYTES; i++) {
    check(memory[i] === GUARD && memory[GUARD_BYTES + size + i] === GUARD, "written outside");
  }
  return isWhole ? memory.subarray(GUARD_BYTES, GUARD_BYTES + size) : undefined;
}

function equal(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
