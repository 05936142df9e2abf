import { assertEquals } from "@std/assert";
import {
  DER_TRUE,
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derObjectId,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from "../../../../src/io/tls/der_writer.ts";

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

Deno.test("derInteger() writes numbers of at least 0 as short as can be", () => {
  const cases: [number[], string][] = [
    [[0], "02 01 00"],
    [[], "02 01 00"],
    [[0, 0], "02 01 00"],
    [[1], "02 01 01"],
    [[0x7f], "02 01 7f"],
    [[0x80], "02 02 00 80"],
    [[0, 0x80], "02 02 00 80"],
    [[0, 0, 1, 0], "02 02 01 00"],
    [[0xff, 0xff], "02 03 00 ff ff"],
  ];
  for (const [bytes, expected] of cases) assertEquals(hex(derInteger(Uint8Array.from(bytes))), expected);
});

Deno.test("derObjectId() writes identifiers as X.690 and RFC 5280 show them", () => {
  assertEquals(hex(derObjectId("2.5.4.3")), "06 03 55 04 03");
  assertEquals(hex(derObjectId("1.2.840.113549")), "06 06 2a 86 48 86 f7 0d");
  assertEquals(hex(derObjectId("1.2.840.10045.4.3.2")), "06 08 2a 86 48 ce 3d 04 03 02");
  assertEquals(hex(derObjectId("1.3.101.112")), "06 03 2b 65 70");
  assertEquals(hex(derObjectId("2.999.3")), "06 03 88 37 03");
  assertEquals(hex(derObjectId("1.2.127.128.16383.16384")), "06 09 2a 7f 81 00 ff 7f 81 80 00");
});

Deno.test("DER lengths are one byte below 128 and as short as can be from there", () => {
  const heads: [number, string][] = [
    [0, "04 00"],
    [127, "04 7f"],
    [128, "04 81 80"],
    [255, "04 81 ff"],
    [256, "04 82 01 00"],
    [65_535, "04 82 ff ff"],
    [65_536, "04 83 01 00 00"],
  ];
  for (const [length, head] of heads) {
    const element = derOctetString(new Uint8Array(length).fill(7));
    const headLength = element.length - length;
    assertEquals(hex(element.subarray(0, headLength)), head);
    assertEquals(element.subarray(headLength), new Uint8Array(length).fill(7));
  }
});

Deno.test("DER strings, sequences, sets and tags are what X.690 says", () => {
  assertEquals(hex(derSequence()), "30 00");
  assertEquals(hex(derSequence(derInteger(Uint8Array.of(1)), DER_TRUE)), "30 06 02 01 01 01 01 ff");
  assertEquals(hex(derSet(DER_TRUE)), "31 03 01 01 ff");
  assertEquals(hex(derBitString(Uint8Array.of(0x80), 7)), "03 02 07 80");
  assertEquals(hex(derBitString(Uint8Array.of(1, 2))), "03 03 00 01 02");
  assertEquals(hex(derUtf8String("é")), "0c 02 c3 a9");
  assertEquals(hex(derExplicit(3, DER_TRUE)), "a3 03 01 01 ff");
  assertEquals(hex(derImplicit(7, Uint8Array.of(127, 0, 0, 1))), "87 04 7f 00 00 01");
});

Deno.test("derTime() has two digits of the year before 2050 and four from then on", () => {
  const text = (ms: number): [number, string] => {
    const element = derTime(ms);
    return [element[0]!, new TextDecoder().decode(element.subarray(2))];
  };
  assertEquals(text(Date.UTC(2026, 10, 20, 1, 2, 3, 999)), [0x17, "261120010203Z"]);
  assertEquals(text(Date.UTC(2049, 11, 31, 23, 59, 59)), [0x17, "491231235959Z"]);
  assertEquals(text(Date.UTC(2050, 0, 1)), [0x18, "20500101000000Z"]);
});
