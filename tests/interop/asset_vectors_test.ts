/**
 * The official vectors of BLAKE3 and Bao; and what `b3sum` (Debian package `b3sum`) prints, where that is installed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ProofChecker } from "../../src/asset/chunk_proof.ts";
import type { ChunkTree } from "../../src/asset/chunk_tree.ts";
import { CHUNK_BYTES, type GroupHasher } from "../../src/asset/group_hasher.ts";
import { PlainHasher } from "../../src/asset/plain_hasher.ts";
import { SimdHasher } from "../../src/io/file/simd_hasher.ts";
import { baoEncoding, baoInput, blake3Input, plainBlake3 } from "../unit/asset/plain_bao.ts";
import { treeOf } from "../unit/asset/tree_hash.ts";

interface Blake3Vector {
  readonly input_len: number;
  readonly hash: string;
}

interface BaoVector {
  readonly input_len: number;
  readonly bao_hash: string;
  readonly encoded_blake3: string;
  readonly outboard_blake3: string;
  /** Where a byte of the input may be changed: each must make a check of the input fail. */
  readonly input_corruptions: readonly number[];
}

function vectors<T>(name: string): T[] {
  const text = Deno.readTextFileSync(new URL(`./vectors/${name}.jsonl`, import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as T);
}

const blake3 = vectors<Blake3Vector>("blake3");
const bao = vectors<BaoVector>("bao");

/** Whether every chunk of some bytes holds up to a root, with proofs that the tree of other bytes gave. */
function holdsUp(bytes: Uint8Array, tree: ChunkTree, root: string, hasher: GroupHasher): boolean {
  const checker = new ProofChecker(hasher);
  const proof = new Uint8Array(32 * 32);
  const rootBytes = Uint8Array.fromHex(root);
  for (let index = 0; index < tree.chunkCount; index++) {
    tree.writeProof(index, proof, 0);
    const [start, end] = [index * CHUNK_BYTES, Math.min(bytes.length, (index + 1) * CHUNK_BYTES)];
    if (!checker.check(rootBytes, tree.chunkCount, index, bytes, start, end, proof, 0)) return false;
  }
  return true;
}

Deno.test("there are as many vectors as their sources have", () => {
  assertEquals([blake3.length, bao.length], [35, 13]);
});

for (const hasher of [new PlainHasher(), new SimdHasher()]) {
  Deno.test(`the official vectors of BLAKE3 hold for the tree and its proofs by ${hasher.name}`, () => {
    for (const { input_len: length, hash } of blake3) {
      const bytes = blake3Input(length);
      const tree = treeOf(bytes, hasher);
      assertEquals(tree.root.toHex(), hash, `${length} bytes`);
      assert(holdsUp(bytes, tree, hash, hasher), `${length} bytes`);
    }
  });

  Deno.test(`the roots of the official vectors of Bao hold for the tree and its proofs by ${hasher.name}`, () => {
    for (const { input_len: length, bao_hash: hash, input_corruptions: corruptions } of bao) {
      const bytes = baoInput(length);
      const tree = treeOf(bytes, hasher);
      assertEquals(tree.root.toHex(), hash, `${length} bytes`);
      assert(holdsUp(bytes, tree, hash, hasher), `${length} bytes`);
      for (const at of corruptions) {
        const changed = bytes.slice();
        changed[at]! ^= 1;
        assert(!holdsUp(changed, tree, hash, hasher), `byte ${at} of ${length}`);
      }
    }
  });
}

Deno.test("the encodings of the official vectors of Bao hold for the reference of the tests", () => {
  for (const { input_len: length, encoded_blake3: encoded, outboard_blake3: outboard } of bao) {
    const input = baoInput(length);
    assertEquals(plainBlake3(baoEncoding(input, false)).toHex(), encoded, `${length} bytes`);
    assertEquals(plainBlake3(baoEncoding(input, true)).toHex(), outboard, `${length} bytes`);
  }
});

const b3sum = await installed("b3sum");

Deno.test({
  name: "the root of a file is what b3sum prints",
  ignore: !b3sum,
  fn: async () => {
    const bytes = blake3Input(200_001);
    const child = new Deno.Command("b3sum", { args: ["--no-names"], stdin: "piped", stdout: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(bytes);
    await writer.close();
    const { stdout } = await child.output();
    assertEquals(treeOf(bytes, new SimdHasher()).root.toHex(), new TextDecoder().decode(stdout).trim());
  },
});

async function installed(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    console.log(`skipped: ${program} is not installed`);
    return false;
  }
}
