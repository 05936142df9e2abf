import { assert, assertEquals } from "@std/assert";
import { MAX_KEPT_COUNT, SourceReader } from "../../../../src/io/udp/source_reader.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

const GOOD = [
  "0.0.0.0",
  "255.255.255.255",
  "192.0.2.1",
  "001.2.3.004",
  "::ffff:192.0.2.1",
  "::FFFF:192.0.2.1",
  "::ffff:c000:201",
  "::",
  "::1",
  "2001:db8::5",
  "fe80::1%3",
  "1:2:3:4:5:6:7:8",
];

const BAD = [
  "",
  "1.2.3",
  "1.2.3.",
  "1.2.3.4.",
  ".1.2.3",
  "1..2.3",
  "1.2.3.4.5",
  "256.1.1.1",
  "1.2.3.0256",
  "1.2.3.4 ",
  "1.2.3.a",
  "1.2.3/4",
  "1.2.3:4",
  "::ffff:1.2.3",
  "::ffff:1.2.3.400",
  "localhost",
  "fe80::1%eth0",
  ":::",
];

Deno.test("SourceReader.read() equals the reference for every form, the first time and the second", () => {
  const reader = new SourceReader();
  const reference = new DatagramAddress();
  const words = new Int32Array(6);
  for (const text of [...GOOD, ...GOOD]) {
    assert(reference.parse(text, 5_353));
    assert(reader.read(text, 5_353, words), text);
    assertEquals(words, reference.words, text);
  }
});

Deno.test("SourceReader.read() refuses what the reference refuses", () => {
  const reader = new SourceReader();
  for (const text of BAD) {
    assertEquals(new DatagramAddress().parse(text, 1), false, text);
    assertEquals(reader.read(text, 1, new Int32Array(6)), false, text);
  }
});

Deno.test("SourceReader.read() equals the reference for generated texts", () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const reader = new SourceReader();
  const reference = new DatagramAddress();
  const words = new Int32Array(6);
  const characters = "0123456789.:f";
  for (let step = 0; step < 50_000; step++) {
    let text = random.nextInt(2) === 0 ? "" : "::ffff:";
    if (random.nextInt(3) > 0) text += Array.from({ length: 4 }, () => random.nextInt(300)).join(".");
    else for (let i = random.nextInt(12); i > 0; i--) text += characters[random.nextInt(characters.length)];
    const isAddress = reference.parse(text, 7);
    assertEquals(reader.read(text, 7, words), isAddress, `seed ${random.seed}: ${text}`);
    if (isAddress) assertEquals(words, reference.words, `seed ${random.seed}: ${text}`);
  }
});

Deno.test("SourceReader.read() leaves no trace of the address before, and stays right when it has seen many", () => {
  const reader = new SourceReader();
  const words = new Int32Array(6);
  const reference = new DatagramAddress();
  for (let i = 0; i < 5_000; i++) {
    const text = i % 2 === 0 ? `2001:db8::${i.toString(16)}%5` : `10.0.${i >> 8}.${i & 255}`;
    assert(reader.read(text, i, words));
    assert(reference.parse(text, i));
    assertEquals(words, reference.words);
    assert(reader.keptCount <= MAX_KEPT_COUNT);
  }
});
