import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { AddressRate } from "../../../src/session/address_rate.ts";
import { TokenBucket } from "../../../src/session/token_bucket.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

function addressOf(hostname: string, port = 1): DatagramAddress {
  const address = new DatagramAddress();
  assert(address.parse(hostname, port));
  return address;
}

function taken(take: () => boolean, tries: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (take()) count++;
  return count;
}

Deno.test("TokenBucket gives a second's worth at once, and then its rate", () => {
  const clock = new ClockCell();
  const bucket = new TokenBucket(clock, 10);
  assertEquals(taken(() => bucket.take(), 100), 10);
  clock.advance(250);
  assertEquals(taken(() => bucket.take(), 100), 2);
  clock.advance(300);
  assertEquals(taken(() => bucket.take(), 100), 1);
  clock.advance(1e6);
  assertEquals(taken(() => bucket.take(), 100), 10);
});

Deno.test("TokenBucket of rate 0 gives nothing", () => {
  const clock = new ClockCell();
  const bucket = new TokenBucket(clock, 0);
  clock.advance(1e6);
  assertEquals(taken(() => bucket.take(), 10), 0);
});

Deno.test("AddressRate gives each host its burst and its rate", () => {
  const clock = new ClockCell();
  clock.advance(5000);
  const rate = new AddressRate(clock, { perSecond: 10, burst: 20 }, 1, 2);
  const one = addressOf("10.0.0.1");
  const two = addressOf("10.0.0.2");
  assertEquals(taken(() => rate.take(one), 100), 20);
  assertEquals(taken(() => rate.take(two), 100), 20);
  clock.advance(5500);
  assertEquals(taken(() => rate.take(one), 100), 5);
  clock.advance(1e7);
  assertEquals(taken(() => rate.take(one), 100), 20);
});

Deno.test("AddressRate counts a host whatever its port, and an IPv6 subscriber whatever the address", () => {
  const clock = new ClockCell();
  const rate = new AddressRate(clock, { perSecond: 1, burst: 4 }, 1, 2);
  for (let i = 0; i < 4; i++) assertEquals(rate.take(addressOf("10.0.0.1", i)), true);
  assertEquals(rate.take(addressOf("10.0.0.1", 9)), false);
  for (let i = 0; i < 4; i++) assertEquals(rate.take(addressOf(`2001:db8:1:2::${i}`)), true);
  assertEquals(rate.take(addressOf("2001:db8:1:2:ffff::")), false);
  assertEquals(rate.take(addressOf("2001:db8:1:3::1")), true);
});

Deno.test("AddressRate keeps a few hosts apart under any key", () => {
  const random = new SeededRandom(5);
  const clock = new ClockCell();
  let shared = 0;
  for (let i = 0; i < 200; i++) {
    const rate = new AddressRate(clock, { perSecond: 1, burst: 1 }, random.nextUint32() | 0, random.nextUint32() | 0);
    rate.take(addressOf("10.0.0.1"));
    if (!rate.take(addressOf("10.0.0.2"))) shared++;
  }
  assert(shared <= 2, `${shared} of 200`);
});
