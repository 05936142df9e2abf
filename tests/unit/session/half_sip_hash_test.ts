import { assertEquals } from "@std/assert";
import { halfSipHash } from "../../../src/session/half_sip_hash.ts";

/** The vectors of the reference implementation for inputs of 0, 4, … 60 bytes: 00 01 02 …, under the key 00 01 … 07. */
const VECTORS =
  "a9359f5b 2a6e4689 d0b8848f 57f0872f d9b5ac84 e34d1045 27400c63 b0644000 fee72112 e75cc6ec b6bc1840 7705d548 " +
  "69e12ce3 3b85f3d4 a5c5b940 d4e76c73";

Deno.test("halfSipHash() passes the vectors of the reference implementation", () => {
  const words = new Int32Array(16);
  const bytes = new DataView(words.buffer);
  for (let i = 0; i < 64; i++) bytes.setUint8(i, i);
  for (const [count, vector] of VECTORS.split(" ").entries()) {
    const out = new DataView(new ArrayBuffer(4));
    out.setInt32(0, halfSipHash(0x03020100, 0x07060504, words, count), true);
    assertEquals(out.getUint32(0).toString(16).padStart(8, "0"), vector, `${4 * count} bytes`);
  }
});
