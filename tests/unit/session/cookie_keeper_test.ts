import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { CookieKeeper } from "../../../src/session/cookie_keeper.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { encodeFirstFlight, FirstFlightReader } from "../../../src/wire/first_flight.ts";

function flightOf(change: { idHigh?: number; idLow?: number; random?: Uint8Array } = {}): FirstFlightReader {
  const datagram = new Uint8Array(1200);
  encodeFirstFlight(datagram, 0, {
    number: 0,
    cookie: new Uint8Array(24),
    idHigh: 1,
    idLow: 2,
    random: new Uint8Array(32).fill(3),
    share: new Uint8Array(32),
    maskedAge: 0,
    ticket: new Uint8Array(20),
    ...change,
  });
  const reader = new FirstFlightReader();
  assertEquals(reader.read(datagram, 0, 1200), true);
  return reader;
}

const address = new DatagramAddress();
address.parse("10.0.0.1", 5);

Deno.test("CookieKeeper takes its cookie for the same flight and address, for its lifetime", () => {
  const clock = new ClockCell();
  clock.advance(1000.25);
  const keeper = new CookieKeeper(clock, new SeededRandom(1), 500);
  const cookie = keeper.make(flightOf(), address);
  assertEquals([cookie.length, keeper.isValid(cookie, flightOf(), address)], [24, true]);
  clock.advance(1500.25);
  assertEquals(keeper.isValid(cookie, flightOf(), address), true);
  clock.advance(1500.5);
  assertEquals(keeper.isValid(cookie, flightOf(), address), false);
});

Deno.test("CookieKeeper takes no cookie of another flight, address or keeper, and no changed one", () => {
  const clock = new ClockCell();
  const keeper = new CookieKeeper(clock, new SeededRandom(1), 500);
  const cookie = keeper.make(flightOf(), address);
  assertEquals(keeper.isValid(cookie, flightOf({ idHigh: 9 }), address), false);
  assertEquals(keeper.isValid(cookie, flightOf({ idLow: 9 }), address), false);
  for (let byte = 0; byte < 32; byte++) {
    const random = new Uint8Array(32).fill(3);
    random[byte] = 4;
    assertEquals(keeper.isValid(cookie, flightOf({ random }), address), false, `random byte ${byte}`);
  }
  for (let word = 0; word < 6; word++) {
    const other = new DatagramAddress();
    other.copyFrom(address);
    other.words[word]! ^= 1;
    assertEquals(keeper.isValid(cookie, flightOf(), other), false, `address word ${word}`);
  }
  for (let byte = 0; byte < 24; byte++) {
    const changed = cookie.slice();
    changed[byte]! ^= 1;
    assertEquals(keeper.isValid(changed, flightOf(), address), false, `byte ${byte}`);
  }
  assertEquals(new CookieKeeper(clock, new SeededRandom(2), 500).isValid(cookie, flightOf(), address), false);
});
