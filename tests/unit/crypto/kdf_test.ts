import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  HASH_BYTES,
  hkdfExpand,
  hkdfExpandLabel,
  hkdfExtract,
  hmacSha256,
  MAX_EXPANDED_BYTES,
  sha256,
} from "../../../src/crypto/kdf.ts";
import { hex } from "./hex.ts";

const text = new TextEncoder();
const SECRET = new Uint8Array(32).fill(7);
const NOTHING = new Uint8Array(0);

Deno.test("sha256() gives the hashes of FIPS 180-4's examples", () => {
  assertEquals(
    sha256(text.encode("abc")),
    hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  );
  assertEquals(
    sha256(text.encode("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
    hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
  );
});

Deno.test("hmacSha256() gives the codes of RFC 4231", () => {
  assertEquals(
    hmacSha256(new Uint8Array(20).fill(0x0b), text.encode("Hi There")),
    hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
  );
  assertEquals(
    hmacSha256(text.encode("Jefe"), text.encode("what do ya want for nothing?")),
    hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
  );
  assertEquals(
    hmacSha256(new Uint8Array(131).fill(0xaa), text.encode("Test Using Larger Than Block-Size Key - Hash Key First")),
    hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
  );
});

Deno.test("hkdfExtract() and hkdfExpand() give the keys of RFC 5869 A.1 to A.3", () => {
  const range = (first: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i);
  const short = new Uint8Array(22).fill(0x0b);
  const cases: readonly [Uint8Array, Uint8Array, Uint8Array, string, string][] = [
    [
      short,
      range(0, 13),
      range(0xf0, 10),
      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ],
    [
      range(0, 80),
      range(0x60, 80),
      range(0xb0, 80),
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      `b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09
       da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87`,
    ],
    [
      short,
      NOTHING,
      NOTHING,
      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ],
  ];
  for (const [ikm, salt, info, secret, output] of cases) {
    assertEquals(hkdfExtract(salt, ikm), hex(secret));
    assertEquals(hkdfExpand(hex(secret), info, hex(output).length), hex(output));
  }
});

Deno.test("hkdfExpand() gives every length to its bound, and a longer one starts with a shorter", () => {
  const longest = hkdfExpand(SECRET, NOTHING, MAX_EXPANDED_BYTES);
  assertEquals(longest.length, 255 * HASH_BYTES);
  for (const length of [0, 1, 31, 32, 33, 64]) {
    assertEquals(hkdfExpand(SECRET, NOTHING, length), longest.subarray(0, length), `${length} bytes`);
  }
});

Deno.test("hkdfExpand() gives no length beyond its bound", () => {
  for (const length of [-1, 0.5, NaN, MAX_EXPANDED_BYTES + 1]) {
    assertThrows(() => hkdfExpand(SECRET, NOTHING, length), RangeError, "expand", `${length}`);
  }
});

Deno.test("hkdfExpandLabel() writes length, label and context as TLS 1.3 does, with a prefix of its own", () => {
  const context = Uint8Array.of(1, 2, 3);
  const name = text.encode("ringwire packet key");
  const info = Uint8Array.of(0x01, 0x2c, name.length, ...name, 3, ...context);
  assertEquals(hkdfExpandLabel(SECRET, "packet key", context, 300), hkdfExpand(SECRET, info, 300));
});

Deno.test("hkdfExpandLabel() separates labels from contexts, and lengths from each other", () => {
  const keys = [
    hkdfExpandLabel(SECRET, "ab", text.encode("c"), 16),
    hkdfExpandLabel(SECRET, "a", text.encode("bc"), 16),
    hkdfExpandLabel(SECRET, "abc", NOTHING, 16),
    hkdfExpandLabel(SECRET, "ab", text.encode("c"), 17).subarray(0, 16),
    hkdfExpandLabel(new Uint8Array(32), "ab", text.encode("c"), 16),
  ];
  assertEquals(new Set(keys.map((key) => key.join())).size, keys.length);
});

Deno.test("hkdfExpandLabel() counts a label in bytes", () => {
  assertNotEquals(hkdfExpandLabel(SECRET, "é", NOTHING, 16), hkdfExpandLabel(SECRET, "e", NOTHING, 16));
  assertThrows(() => hkdfExpandLabel(SECRET, "é".repeat(124), NOTHING, 16), RangeError);
  hkdfExpandLabel(SECRET, "é".repeat(123), NOTHING, 16);
});

Deno.test("hkdfExpandLabel() takes labels and contexts of at most 255 bytes", () => {
  hkdfExpandLabel(SECRET, "l".repeat(255 - "ringwire ".length), new Uint8Array(255), 16);
  assertThrows(() => hkdfExpandLabel(SECRET, "l".repeat(256 - "ringwire ".length), NOTHING, 16), RangeError, "256");
  assertThrows(() => hkdfExpandLabel(SECRET, "l", new Uint8Array(256), 16), RangeError, "256");
  assertThrows(() => hkdfExpandLabel(SECRET, "l", NOTHING, MAX_EXPANDED_BYTES + 1), RangeError);
});
