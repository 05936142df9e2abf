/**
 * The official vectors of BLAKE3 and Bao, and what `b3sum` prints, where they are at hand.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { PlainHasher } from "../../src/asset/plain_hasher.ts";
import { SimdHasher } from "../../src/io/file/simd_hasher.ts";
import { baoEncoding, baoInput, blake3Input, plainBlake3 } from "../unit/asset/plain_bao.ts";
import { treeOf } from "../unit/asset/tree_hash.ts";

interface Blake3Vectors {
  readonly cases: readonly { readonly input_len: number; readonly hash: string }[];
}

interface BaoVectors {
  readonly hash: readonly { readonly input_len: number; readonly bao_hash: string }[];
  readonly encode: readonly { readonly input_len: number; readonly encoded_blake3: string }[];
  readonly outboard: readonly { readonly input_len: number; readonly encoded_blake3: string }[];
}

function vectors<T>(name: string): T | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(new URL(`../../../shared/vectors/${name}`, import.meta.url))) as T;
  } catch {
    console.log(`skipped: there is no ../shared/vectors/${name} beside this checkout`);
    return undefined;
  }
}

const blake3 = vectors<Blake3Vectors>("blake3.json");
const bao = vectors<BaoVectors>("bao.json");

for (const hasher of [new PlainHasher(), new SimdHasher()]) {
  Deno.test({
    name: `the official vectors of BLAKE3 hold for the tree by ${hasher.name}`,
    ignore: blake3 === undefined,
    fn: () => {
      for (const { input_len: length, hash } of blake3!.cases) {
        assertEquals(treeOf(blake3Input(length), hasher).root.toHex(), hash.slice(0, 64), `${length} bytes`);
      }
    },
  });

  Deno.test({
    name: `the roots of the official vectors of Bao hold for the tree by ${hasher.name}`,
    ignore: bao === undefined,
    fn: () => {
      for (const { input_len: length, bao_hash: hash } of bao!.hash) {
        assertEquals(treeOf(baoInput(length), hasher).root.toHex(), hash, `${length} bytes`);
      }
    },
  });
}

Deno.test({
  name: "the encodings of the official vectors of Bao hold for the reference of the tests",
  ignore: bao === undefined,
  fn: () => {
    for (const [list, isOutboard] of [[bao!.encode, false], [bao!.outboard, true]] as const) {
      for (const { input_len: length, encoded_blake3: hash } of list.slice(0, 10)) {
        assertEquals(plainBlake3(baoEncoding(baoInput(length), isOutboard)).toHex(), hash, `${length} bytes`);
      }
    }
  },
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
