import { assertEquals, assertThrows } from "@std/assert";
import { blake3 } from "@noble/hashes/blake3.js";
import { ProofChecker } from "../../../src/asset/chunk_proof.ts";
import { chunkCountOf, chunkLengthOf, ChunkTree, proofLengthOf } from "../../../src/asset/chunk_tree.ts";
import { PlainHasher } from "../../../src/asset/plain_hasher.ts";
import { SimdHasher } from "../../../src/io/file/simd_hasher.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { chainingValue, plainProof } from "./plain_bao.ts";
import { treeOf } from "./tree_hash.ts";

const SEED = 20261120;
const CHUNK = 65_536;

function randomBytes(length: number, seed = SEED): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fillSecret(bytes);
  return bytes;
}

for (const hasher of [new PlainHasher(), new SimdHasher()]) {
  for (const length of [0, 1, 1024, 1025, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5, 7 * CHUNK]) {
    Deno.test(`ChunkTree.root is the hash of ${length} bytes by ${hasher.name}`, () => {
      const bytes = randomBytes(length);
      assertEquals(treeOf(bytes, hasher).root, blake3(bytes), `seed ${SEED}`);
    });
  }

  Deno.test(`hashGroup() by ${hasher.name} takes memory that does not lie on words`, () => {
    const bytes = randomBytes(CHUNK + 3);
    const root = new Int32Array(8);
    hasher.hashGroup(bytes, 3, CHUNK + 3, 0, true, root, 0);
    assertEquals(new Uint8Array(root.buffer), blake3(bytes.subarray(3)), `seed ${SEED}`);
  });

  Deno.test(`hashGroup() by ${hasher.name} counts groups above 2^32 chunks`, () => {
    const bytes = randomBytes(CHUNK);
    const group = 2 ** 27 + 3;
    const value = new Int32Array(8);
    hasher.hashGroup(bytes, 0, CHUNK, group, false, value, 0);
    assertEquals(new Uint8Array(value.buffer), chainingValue(bytes, group * 64, false), `seed ${SEED}`);
  });

  Deno.test(`hashGroup() by ${hasher.name} hashes in memory that it gave`, () => {
    const arena = hasher.claim(3 * CHUNK);
    arena.set(randomBytes(3 * CHUNK));
    assertEquals(treeOf(arena, hasher).root, blake3(arena), `seed ${SEED}`);
  });
}

Deno.test("writeProof() writes the siblings of every chunk as the reference has them", () => {
  for (const chunks of [1, 2, 3, 5]) {
    const bytes = randomBytes((chunks - 1) * CHUNK + 1500, chunks);
    const tree = treeOf(bytes, new PlainHasher());
    for (let i = 0; i < chunks; i++) {
      const proof = new Uint8Array(32 * proofLengthOf(i, chunks));
      assertEquals(tree.writeProof(i, proof, 0), proof.length);
      assertEquals(proof, plainProof(bytes, i), `seed ${chunks}, chunk ${i}`);
    }
  }
});

/** Checks every chunk of a file with its proof. */
function checkAll(bytes: Uint8Array, said = bytes.length): boolean[] {
  const hasher = new SimdHasher();
  const tree = treeOf(bytes, hasher);
  const checker = new ProofChecker(hasher);
  const count = chunkCountOf(said);
  const proof = new Uint8Array(64 * 32);
  return Array.from({ length: Math.min(count, tree.chunkCount) }, (_, i) => {
    tree.writeProof(i, proof, 0);
    const start = i * CHUNK;
    return checker.check(tree.root, count, i, bytes, start, start + chunkLengthOf(bytes.length, i), proof, 0);
  });
}

Deno.test("check() passes every chunk of files with 1 to 17 chunks", () => {
  for (let chunks = 1; chunks <= 17; chunks++) {
    assertEquals(checkAll(randomBytes(chunks * CHUNK - 7, chunks)).includes(false), false, `seed ${chunks}`);
  }
});

Deno.test("check() fails the last chunk under every wrong number of chunks", () => {
  const bytes = randomBytes(5 * CHUNK);
  for (const count of [1, 2, 3, 4, 6, 7, 8, 9, 16]) {
    assertEquals(checkAll(bytes, count * CHUNK)[Math.min(count, 5) - 1] && count <= 5, false, `${count} chunks`);
    if (count > 5) assertEquals(checkAll(bytes, count * CHUNK)[4], false, `${count} chunks`);
  }
});

Deno.test("check() fails a chunk with any byte of it, of its proof or of the root changed", () => {
  const bytes = randomBytes(3 * CHUNK - 100);
  const hasher = new SimdHasher();
  const tree = treeOf(bytes, hasher);
  const checker = new ProofChecker(hasher);
  const { root } = tree;
  const proof = new Uint8Array(64);
  const random = new SeededRandom(SEED);
  for (let index = 0; index < 3; index++) {
    const end = Math.min(bytes.length, (index + 1) * CHUNK);
    const passes = (): boolean => checker.check(root, 3, index, bytes, index * CHUNK, end, proof, 0);
    const proofBytes = tree.writeProof(index, proof, 0);
    assertEquals(passes(), true);
    const places: [Uint8Array, number][] = [[bytes, index * CHUNK], [bytes, end - 1]];
    for (let i = 0; i < proofBytes; i += 7) places.push([proof, i]);
    for (let i = 0; i < 32; i += 5) places.push([root, i]);
    for (let i = 0; i < 20; i++) places.push([bytes, index * CHUNK + random.nextUint32() % (end - index * CHUNK)]);
    for (const [memory, place] of places) {
      memory[place]! ^= 1 << place % 8;
      assertEquals(passes(), false, `chunk ${index}, byte ${place}, seed ${SEED}`);
      memory[place]! ^= 1 << place % 8;
    }
  }
});

Deno.test("check() fails a chunk under the number of another one", () => {
  const bytes = new Uint8Array(2 * CHUNK);
  const hasher = new PlainHasher();
  const tree = treeOf(bytes, hasher);
  const proof = new Uint8Array(32);
  tree.writeProof(0, proof, 0);
  const checker = new ProofChecker(hasher);
  assertEquals(checker.check(tree.root, 2, 0, bytes, 0, CHUNK, proof, 0), true);
  assertEquals(checker.check(tree.root, 2, 1, bytes, CHUNK, 2 * CHUNK, proof, 0), false);
});

Deno.test("matches() tells a chunk from any other", () => {
  const bytes = randomBytes(2 * CHUNK + 9);
  const tree = treeOf(bytes, new PlainHasher());
  assertEquals(tree.matches(1, bytes, CHUNK, 2 * CHUNK), true);
  assertEquals(tree.matches(0, bytes, CHUNK, 2 * CHUNK), false);
  assertEquals(tree.matches(2, bytes, 2 * CHUNK, 2 * CHUNK + 9), true);
  assertEquals(tree.matches(2, bytes, 2 * CHUNK, 2 * CHUNK + 8), false);
});

Deno.test("setLeaves() gives the root of the leaves that another tree wrote", () => {
  const bytes = randomBytes(5 * CHUNK + 1);
  const tree = treeOf(bytes, new PlainHasher());
  const other = new ChunkTree(bytes.length, new PlainHasher());
  const leaves = new Uint8Array(6 * 32);
  tree.writeLeaves(0, 4, leaves, 0);
  tree.writeLeaves(4, 2, leaves, 4 * 32);
  other.setLeaves(0, leaves.subarray(0, 64));
  other.setLeaves(2, leaves.subarray(64));
  other.finish();
  assertEquals(other.root, tree.root);
  assertThrows(() => other.setLeaves(5, leaves.subarray(0, 64)), RangeError);
});

Deno.test("new ChunkTree() refuses a length that is no count of bytes", () => {
  for (const length of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => new ChunkTree(length, new PlainHasher()), RangeError);
  }
});
