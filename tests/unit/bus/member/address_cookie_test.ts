import { assertEquals } from "@std/assert";
import { AddressCookie } from "../../../../src/bus/member/address_cookie.ts";
import { MachineTime } from "../../../../src/bus/member/machine_time.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

Deno.test("AddressCookie.isValid() holds for one boot at one address for ten seconds, at its maker", () => {
  const clock = new ClockCell();
  clock.advance(2 ** 33 + 0.5);
  const cookies = new AddressCookie(new MachineTime(clock), new SeededRandom(1));
  const [here, there, boot] = [new DatagramAddress(), new DatagramAddress(), new Uint8Array(18).fill(3)];
  here.parse("10.0.0.1", 1);
  there.parse("10.0.0.1", 2);
  const cookie = cookies.make(boot, 1, here);
  assertEquals(cookies.isValid(cookie, boot, 1, here), true);
  assertEquals(cookies.isValid(cookie, boot, 1, there), false);
  assertEquals(cookies.isValid(cookie, new Uint8Array(18).fill(4), 1, here), false);
  assertEquals(new AddressCookie(new MachineTime(clock), new SeededRandom(2)).isValid(cookie, boot, 1, here), false);
  const later = cookie.slice();
  later[5]! += 1;
  assertEquals(cookies.isValid(later, boot, 1, here), false);
  clock.advance(2 ** 33 + 9999);
  assertEquals(cookies.isValid(cookie, boot, 1, here), true);
  clock.advance(2 ** 33 + 10_001);
  assertEquals(cookies.isValid(cookie, boot, 1, here), false);
});
