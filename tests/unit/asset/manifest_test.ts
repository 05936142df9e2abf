import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeManifest, encodeManifest, type ManifestEntry } from "../../../src/asset/manifest.ts";

const root = new Uint8Array(32).fill(5);
const entry = (name: string, length = 3): ManifestEntry => ({ name, length, root });

Deno.test("decodeManifest() gives what was encoded, in order", () => {
  const bytes = encodeManifest([entry("b", 2 ** 40), entry("a/c"), entry("a/b", 0)]);
  assertEquals(decodeManifest(bytes, 3), [entry("a/b", 0), entry("a/c"), entry("b", 2 ** 40)]);
  assertEquals(decodeManifest(encodeManifest([]), 0), []);
});

for (const names of [["a", "A"], ["a", "a/b"], ["../a"], ["ﬁ", "fi"], ["a", "a"]]) {
  Deno.test(`encodeManifest() refuses ${names.join(" with ")}`, () => {
    assertThrows(() => encodeManifest(names.map((name) => entry(name))), TypeError);
  });
}

Deno.test("decodeManifest() says what is wrong", () => {
  const bytes = encodeManifest([entry("a"), entry("b")]);
  const refusal = (change: Uint8Array, most = 2): string => {
    const result = decodeManifest(change, most);
    return typeof result === "string" ? result : "nothing";
  };
  assertStringIncludes(refusal(bytes, 1), "1 are allowed");
  assertStringIncludes(refusal(bytes.subarray(0, bytes.length - 1)), "makes no sense");
  assertStringIncludes(refusal(Uint8Array.of(...bytes, 0)), "follows");
  assertStringIncludes(refusal(bytes.with(0, 1)), "does not begin");
  assertStringIncludes(refusal(bytes.with(6, 0x7a)), "not in order");
  assertStringIncludes(refusal(bytes.with(6, 0x2e)), "leads out of its folder");
  assertStringIncludes(refusal(bytes.with(6, 0xff)), "makes no sense");
});

Deno.test("decodeManifest() refuses a name that lies in a file, in whatever case", () => {
  const bytes = encodeManifest([entry("a"), entry("b/b")]);
  const changed = bytes.with(bytes.length - 36, 0x41);
  assertEquals(typeof decodeManifest(changed, 2), "string");
});
