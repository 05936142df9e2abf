import { assert, assertEquals } from "@std/assert";
import { isUtf8 } from "../../../src/codec/utf8.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

/** What the platform says, which throws on anything that is not well formed. */
function isDecodable(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test("isUtf8() agrees with the platform on every third pair and on the edges of longer sequences", () => {
  for (let pair = 0; pair < 65_536; pair += 3) {
    const bytes = Uint8Array.of(pair >> 8, pair & 255);
    if (isUtf8(bytes, 0, 2) !== isDecodable(bytes)) assert(false, `${bytes}`);
  }
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 0xe0; lead < 0x100; lead++) {
    for (const second of edges) {
      for (const third of edges) {
        for (const fourth of edges) {
          for (const length of [3, 4]) {
            const bytes = Uint8Array.of(lead, second, third, fourth).subarray(0, length);
            if (isUtf8(bytes, 0, length) !== isDecodable(bytes)) assert(false, `${bytes}`);
          }
        }
      }
    }
  }
});

Deno.test("isUtf8() looks only at its stretch", () => {
  const bytes = Uint8Array.of(0xff, 0xe2, 0x82, 0xac, 0xff);
  assertEquals([isUtf8(bytes, 1, 4), isUtf8(bytes, 1, 3), isUtf8(bytes, 2, 4), isUtf8(bytes, 2, 2)], [
    true,
    false,
    false,
    true,
  ]);
});
