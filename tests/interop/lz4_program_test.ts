/**
 * The `lz4` program (Debian package `lz4`) with our blocks in a frame, and our decompressor with its blocks. Skipped,
 * with the reason, where it is missing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { lz4CompressBlock, lz4DecompressBlock, lz4MaxBlockBytes } from "../../src/codec/lz4_block.ts";
import { Lz4Table } from "../../src/codec/lz4_table.ts";
import { jsonSample, mixedSample } from "../unit/codec/lz4_samples.ts";

const hasLz4 = await canRun();
if (!hasLz4) console.log("The tests with the lz4 program are skipped: lz4 cannot be started");

/** A frame header: magic, version 1 with independent blocks, blocks of at most 4 MiB, and the checksum of these two. */
const HEADER = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
const STORED = 0x80000000;

const samples = [jsonSample(100_000, 1), mixedSample(50_000, 2), new Uint8Array(1_000_000), jsonSample(13, 3)];

Deno.test({
  name: "The lz4 program reads our blocks",
  ignore: !hasLz4,
  fn: async () => {
    for (const bytes of samples) {
      const room = new Uint8Array(lz4MaxBlockBytes(bytes.length));
      const length = lz4CompressBlock(bytes, 0, bytes.length, room, 0, room.length, new Lz4Table());
      const frame = new Uint8Array(HEADER.length + 4 + length + 4);
      frame.set(HEADER);
      new DataView(frame.buffer).setUint32(HEADER.length, length, true);
      frame.set(room.subarray(0, length), HEADER.length + 4);
      assertEquals(await lz4(["-d"], frame), bytes);
    }
  },
});

for (const level of ["-1", "-12"]) {
  Deno.test({
    name: `Our decompressor reads the blocks of the lz4 program at level ${level}`,
    ignore: !hasLz4,
    fn: async () => {
      for (const bytes of samples) {
        const frame = await lz4([level, "-B7", "--no-frame-crc"], bytes);
        const view = new DataView(frame.buffer);
        const word = view.getUint32(HEADER.length, true);
        const [start, end] = [HEADER.length + 4, HEADER.length + 4 + (word & ~STORED)];
        assertEquals(view.getUint32(end, true), 0, "more than one block");
        const into = new Uint8Array(bytes.length);
        if (word >= STORED) into.set(frame.subarray(start, end));
        else assert(lz4DecompressBlock(frame, start, end, into, 0, into.length));
        assertEquals(into, bytes);
      }
    },
  });
}

async function lz4(args: readonly string[], input: Uint8Array): Promise<Uint8Array> {
  const child = new Deno.Command("lz4", {
    args: [...args, "-q", "-c", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(input.slice()).then(() => writer.close());
  const { code, stdout } = await child.output();
  await written;
  assertEquals(code, 0);
  return stdout;
}

async function canRun(): Promise<boolean> {
  try {
    return (await new Deno.Command("lz4", { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}
