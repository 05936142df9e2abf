/**
 * `bus.codec`: how many bytes a second the bounded LZ4 decompressor gives, beside that of lz4js, which checks nothing.
 *
 * Everything runs in this one process. The data are JSON records of one shape with changing values, in blocks of 64 KiB
 * as the links of the bus seal them; both decompress the same block, made by our compressor.
 *
 * @module
 */

import { lz4CompressBlock, lz4DecompressBlock, lz4MaxBlockBytes } from "../../src/codec/lz4_block.ts";
import { Lz4Table } from "../../src/codec/lz4_table.ts";
import { oracleDecompressInto } from "../../tests/unit/codec/lz4_oracle.ts";
import { jsonSample } from "../../tests/unit/codec/lz4_samples.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const BLOCK_BYTES = 64 << 10;
const BLOCKS = 16;
const WARM_ROUNDS = 30;

/** Bounded decompression of JSON-like data. */
export const busCodec: Scenario = {
  name: "bus.codec",
  metric: "bytes_rate",
  unit: "B/s",
  target: { of: "ratio", bound: "at least", limit: 1 },
  rounds: 7,
  lessBaseline: false,
  baseline: (context) => rate((block, into) => void oracleDecompressInto(block, block.length, into), context),
  product: (context) =>
    rate((block, into) => {
      if (!lz4DecompressBlock(block, 0, block.length, into, 0, BLOCK_BYTES)) throw new Error("A block is refused");
    }, context),
};

type Decompress = (block: Uint8Array, into: Uint8Array) => void;

function rate(decompress: Decompress, { quick }: RunContext): Promise<Sample> {
  const texts = Array.from({ length: BLOCKS }, (_, i) => jsonSample(BLOCK_BYTES, i + 1));
  const blocks = texts.map(compressed);
  const into = new Uint8Array(BLOCK_BYTES);
  const rounds = quick ? 150 : 500;
  run(decompress, blocks, into, WARM_ROUNDS);
  if (!texts.at(-1)!.every((byte, i) => byte === into[i])) throw new Error("A block gives other bytes");
  const start = performance.now();
  run(decompress, blocks, into, rounds);
  const seconds = (performance.now() - start) / 1000;
  const share = blocks.reduce((sum, block) => sum + block.length, 0) / (BLOCKS * BLOCK_BYTES);
  return Promise.resolve({
    value: rounds * BLOCKS * BLOCK_BYTES / seconds,
    note: `blocks of ${(100 * share).toFixed(0)} %`,
  });
}

function run(decompress: Decompress, blocks: readonly Uint8Array[], into: Uint8Array, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (const block of blocks) decompress(block, into);
  }
}

function compressed(text: Uint8Array): Uint8Array {
  const room = new Uint8Array(lz4MaxBlockBytes(text.length));
  return room.slice(0, lz4CompressBlock(text, 0, text.length, room, 0, room.length, new Lz4Table()));
}
