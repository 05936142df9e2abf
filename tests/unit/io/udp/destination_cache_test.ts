import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { DestinationCache, isIpv4, NOWHERE } from "../../../../src/io/udp/destination_cache.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

function at(hostname: string, port: number): Int32Array {
  const address = new DatagramAddress();
  assertEquals(address.parse(hostname, port), true);
  return address.words;
}

Deno.test("DestinationCache.find() equals the address of any numbers, however many there were before", () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const cache = new DestinationCache("both");
  const address = new DatagramAddress();
  for (let step = 0; step < 20_000; step++) {
    const wide = random.nextInt(2) === 0;
    const host = wide
      ? `2001:db8::${random.nextInt(50).toString(16)}:${random.nextInt(50)}`
      : `10.0.${random.nextInt(50)}.${random.nextInt(100)}`;
    address.parse(host, 1 + random.nextInt(3));
    const found = cache.find(address.words)!;
    assertEquals(found.words, address.words, `seed ${random.seed}, step ${step}`);
    assertEquals(found.address, { transport: "udp", hostname: address.hostname, port: address.port });
  }
});

Deno.test("DestinationCache.find() returns the same object for the same numbers", () => {
  const cache = new DestinationCache("ipv4");
  const first = cache.find(at("192.0.2.1", 5));
  const other = cache.find(at("192.0.2.1", 6));
  assertNotStrictEquals(first, other);
  assertStrictEquals(cache.find(at("192.0.2.1", 5)), first);
  assertStrictEquals(cache.find(at("192.0.2.1", 5)), first);
});

Deno.test("DestinationCache.find() tells addresses apart that differ in any one word", () => {
  const cache = new DestinationCache("both");
  const words = at("2001:db8:1:2:3:4:5:6%7", 8);
  const first = cache.find(words)!;
  assertEquals(first.address.hostname, "2001:db8:1:2:3:4:5:6%7");
  for (let i = 0; i < words.length; i++) {
    const other = words.slice();
    other[i] = other[i]! + 1;
    assertEquals(cache.find(other)!.words, other);
    assertEquals(cache.find(words)!.words, words);
  }
});

Deno.test("DestinationCache.find() keeps no hold on the caller's numbers", () => {
  const cache = new DestinationCache("ipv4");
  const words = at("192.0.2.1", 5);
  const found = cache.find(words)!;
  words[4] = 6;
  assertEquals(found.words[4], 5);
  assertEquals(cache.find(words)!.address.port, 6);
});

Deno.test("DestinationCache.find() knows no way to a port that is none, nor from IPv4 to IPv6", () => {
  const cache = new DestinationCache("ipv4");
  assertEquals(cache.find(NOWHERE.words), undefined);
  assertEquals(cache.find(at("192.0.2.1", 0)), undefined);
  const words = at("192.0.2.1", 65_535);
  assertEquals(cache.find(words)!.address.port, 65_535);
  words[4] = 65_536;
  assertEquals(cache.find(words), undefined);
  words[4] = -1;
  assertEquals(cache.find(words), undefined);
  assertEquals(cache.find(at("2001:db8::1", 5)), undefined);
  assertEquals(cache.find(at("::1", 5)), undefined);
});

Deno.test("DestinationCache.find() maps IPv4 only where the system wants it", () => {
  const hostnames = (["ipv4", "both", "mapped"] as const).map((reach) =>
    new DestinationCache(reach).find(at("192.0.2.1", 5))!.address.hostname
  );
  assertEquals(hostnames, ["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"]);
  assertEquals(new DestinationCache("mapped").find(at("2001:db8::1", 5))!.address.hostname, "2001:db8:0:0:0:0:0:1");
});

Deno.test("isIpv4() knows the mapped form", () => {
  assertEquals(
    ["192.0.2.1", "::ffff:1.2.3.4", "::1", "::1.2.3.4", "1::ffff:1.2.3.4"].map((one) => isIpv4(at(one, 1))),
    [
      true,
      true,
      false,
      false,
      false,
    ],
  );
});
