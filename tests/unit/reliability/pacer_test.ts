import { assert, assertEquals } from "@std/assert";
import { BURST_DATAGRAMS, Pacer } from "../../../src/reliability/pacer.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const SIZE = 1000;

function setup() {
  const clock = new ClockCell();
  const pacer = new Pacer(clock, SIZE);
  const drain = (rate: number): number => {
    let count = 0;
    for (; pacer.allowance(rate, SIZE) > 0; count++) pacer.handleSent(SIZE);
    return count;
  };
  return { clock, pacer, drain };
}

Deno.test("Pacer lets a first burst of ten datagrams through, and then one when its bytes have gathered", () => {
  const { clock, pacer, drain } = setup();
  assertEquals(drain(100), BURST_DATAGRAMS);
  assertEquals(pacer.nextAt(100, SIZE), 10);
  clock.advance(9.9);
  assertEquals(drain(100), 0);
  clock.advance(10);
  assertEquals(drain(100), 1);
});

Deno.test("Pacer waits a millisecond at least, and lets out what has gathered by then", () => {
  const { clock, pacer, drain } = setup();
  drain(5000);
  assertEquals(pacer.nextAt(5000, SIZE), 1);
  clock.advance(1);
  assertEquals(drain(5000), 5);
});

Deno.test("Pacer keeps its rate with late timers, up to a burst", () => {
  const { clock, drain } = setup();
  drain(4000);
  let sent = 0;
  for (let at = 4; at <= 400; at += 4) {
    clock.advance(at);
    sent += drain(4000);
  }
  assertEquals(sent, 1600);
});

Deno.test("Pacer catches up on no silence", () => {
  const { clock, drain } = setup();
  drain(100);
  clock.advance(100_000);
  assertEquals(drain(100), BURST_DATAGRAMS);
  clock.advance(200_000);
  assertEquals(drain(4000), 20, "five ms of the rate");
});

Deno.test("Pacer charges what goes out without leave", () => {
  const { clock, pacer, drain } = setup();
  drain(100);
  pacer.handleSent(3 * SIZE);
  pacer.allowance(100, SIZE);
  assertEquals(pacer.nextAt(100, SIZE), 40);
  clock.advance(40);
  assertEquals(drain(100), 1);
});

Deno.test("Pacer.reset() starts with a full bucket of now", () => {
  const { clock, pacer, drain } = setup();
  drain(100);
  clock.advance(5);
  pacer.reset(SIZE);
  assertEquals(drain(100), BURST_DATAGRAMS);
  assert(pacer.nextAt(100, SIZE) === 15);
});
