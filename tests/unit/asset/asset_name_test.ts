import { assertEquals, assertNotEquals } from "@std/assert";
import { assetNameFault, assetNameKey } from "../../../src/asset/asset_name.ts";

for (
  const name of [
    "a",
    "map.pak",
    "maps/forest.pak",
    "with spaces/é.txt",
    "...",
    ".hidden",
    "日本語/地図",
    "a".repeat(255),
  ]
    .filter((name) => name !== "...")
) {
  Deno.test(`assetNameFault() passes ${JSON.stringify(name.slice(0, 20))}`, () => {
    assertEquals(assetNameFault(name), undefined);
  });
}

for (
  const [why, name] of [
    ["empty", ""],
    ["traversal", "../etc/passwd"],
    ["traversal inside", "a/../../b"],
    ["the folder itself", "a/./b"],
    ["an absolute path", "/etc/passwd"],
    ["an empty part", "a//b"],
    ["a slash at the end", "a/"],
    ["a backslash", "a\\..\\b"],
    ["a drive letter", "C:/x"],
    ["a stream of NTFS", "a:stream"],
    ["NUL", "a\0.txt"],
    ["a control character", "a\x1b[2J"],
    ["a C1 control", "a\x85"],
    ["a device of Windows", "nul"],
    ["a device with an extension", "dir/CON.txt"],
    ["a device with a superscript", "com¹"],
    ["a device with spaces before its extension", "aux .c"],
    ["LPT9", "lpt9"],
    ["a dot at the end", "a./b"],
    ["a space at the end", "a "],
    ["a space at the start", " a"],
    ["text that is turned around", "gpj.\u202eexe"],
    ["a zero-width space", "a\u200bb"],
    ["a byte order mark", "\ufeffa"],
    ["a decomposed form", "e\u0301"],
    ["a compatibility form of a letter", "\u212b"],
    ["a lone surrogate", "a\ud800"],
    ["a part of more than 255 bytes", "é".repeat(128)],
    ["more than 1024 bytes", "a/".repeat(600) + "a"],
    ["too many parts", "a/".repeat(40) + "a"],
    ["a wildcard", "*.txt"],
    ["a pipe", "a|b"],
    ["quotes", 'a"b'],
    ["a line separator", "a\u2028b"],
    ["a variation selector", "a\ufe0f"],
    ["dots only", "..."],
    ["what downloads keep beside a file", ".b.ringwire-part"],
    ["what downloads keep beside a file, in another case and a folder", "a/.b.Ringwire-State"],
  ] as const
) {
  Deno.test(`assetNameFault() refuses ${why}`, () => {
    assertNotEquals(assetNameFault(name), undefined, JSON.stringify(name));
  });
}

Deno.test("assetNameKey() is the same for names that fall together where case is ignored", () => {
  assertEquals(assetNameKey("Maps/Straße"), assetNameKey("mAPS/STRASSE"));
  assertEquals(assetNameKey("ﬁle"), assetNameKey("FILE"));
  assertNotEquals(assetNameKey("a"), assetNameKey("b"));
});
