import { assertEquals } from "@std/assert";
import { ADDRESS_BYTES, DatagramAddress } from "../../../src/wire/datagram_address.ts";

function parsed(hostname: string, port = 1): DatagramAddress {
  const address = new DatagramAddress();
  assertEquals(address.parse(hostname, port), true, hostname);
  return address;
}

const texts: readonly (readonly [string, string])[] = [
  ["127.0.0.1", "127.0.0.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["0.0.0.0", "0.0.0.0"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::ffff:c000:207", "192.0.2.7"],
  ["::", "0:0:0:0:0:0:0:0"],
  ["::1", "0:0:0:0:0:0:0:1"],
  ["1::", "1:0:0:0:0:0:0:0"],
  ["2001:DB8::8:800:200c:417a", "2001:db8:0:0:8:800:200c:417a"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", "64:ff9b:0:0:0:0:c000:221"],
  ["fe80::1%2", "fe80:0:0:0:0:0:0:1%2"],
];

for (const [text, expected] of texts) {
  Deno.test(`DatagramAddress.parse() takes ${text}`, () => {
    assertEquals(parsed(text, 4433).hostname, expected);
    assertEquals(parsed(parsed(text).hostname).words, parsed(text).words);
  });
}

for (
  const text of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.4 ",
    "01x.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "fe80::1%eth0",
    "fe80::1%1%2",
    "fe80::1%",
    "[::1]",
  ]
) {
  Deno.test(`DatagramAddress.parse() refuses "${text}" and changes nothing`, () => {
    const address = parsed("9.8.7.6", 5);
    assertEquals(address.parse(text, 1), false);
    assertEquals([address.hostname, address.port], ["9.8.7.6", 5]);
  });
}

Deno.test("DatagramAddress.parse() takes ports from 0 to 65535 and no others", () => {
  const address = new DatagramAddress();
  for (const port of [0, 1, 65535]) assertEquals([address.parse("::1", port), address.port], [true, port]);
  for (const port of [-1, 65536, 1.5, NaN]) assertEquals(address.parse("::1", port), false);
});

Deno.test("DatagramAddress.equals() and sameHost() compare every word", () => {
  const address = parsed("2001:db8:1:2:3:4:5:6%7", 8);
  for (let word = 0; word < 6; word++) {
    const other = new DatagramAddress();
    other.copyFrom(address);
    assertEquals([address.equals(other), address.sameHost(other)], [true, true]);
    other.words[word]! ^= 1;
    assertEquals([address.equals(other), address.sameHost(other)], [false, word === 4], `word ${word}`);
  }
});

Deno.test("DatagramAddress.encode() and decode() carry every word and touch nothing else", () => {
  const address = parsed("2001:db8:8182:8384:8586:8788:898a:8b8c%305419896", 0x8d8e);
  const bytes = new Uint8Array(ADDRESS_BYTES + 2).fill(0xee);
  address.encode(bytes, 1);
  assertEquals([bytes[0], bytes.at(-1)], [0xee, 0xee]);
  assertEquals([...bytes.subarray(1, 5), ...bytes.subarray(17, 23)], [
    0x20,
    1,
    0xd,
    0xb8,
    0x8d,
    0x8e,
    0x12,
    0x34,
    0x56,
    0x78,
  ]);
  const copy = new DatagramAddress();
  copy.decode(bytes, 1);
  assertEquals(copy.words, address.words);
});
