import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { TicketUse, UsedTickets } from "../../../src/session/used_tickets.ts";

const WINDOW = 1000;

Deno.test("UsedTickets knows the same attempt from another one", () => {
  const used = new UsedTickets(100, WINDOW, 1);
  assertEquals(used.look(1, 2, 3, 4), TicketUse.First);
  assertEquals(used.record(1, 2, 3, 4, 500, 0), TicketUse.First);
  assertEquals(used.record(1, 2, 3, 4, 500, 0), TicketUse.Same);
  for (const [high, low] of [[3, 5], [4, 4], [0, 0]] as const) {
    assertEquals(used.record(1, 2, high, low, 500, 0), TicketUse.Other);
  }
  assertEquals(used.record(2, 1, 3, 4, 500, 0), TicketUse.First);
  assertEquals(used.size, 2);
});

Deno.test("UsedTickets keeps what came of a ticket", () => {
  const used = new UsedTickets(100, WINDOW, 1);
  used.record(1, 2, 3, 4, 500, 0);
  assertEquals(used.handleOf(1, 2), 0);
  used.settle(1, 2, 77, true);
  used.settle(9, 9, 78, true);
  assertEquals([used.handleOf(1, 2), used.handleOf(9, 9), used.size], [77, 0, 1]);
});

Deno.test("UsedTickets keeps a part free, refuses beyond it, and evicts nothing before it expires", () => {
  const used = new UsedTickets(16, WINDOW, 1);
  for (let i = 0; i < 14; i++) assertEquals(used.record(i, 0, i, 0, 1000 + i, 0), TicketUse.First);
  assertEquals([used.isClosed(999), used.record(99, 0, 9, 0, 5000, 999)], [false, TicketUse.Full]);
  for (let i = 0; i < 14; i++) assertEquals(used.look(i, 0, i, 0), TicketUse.Same);
  assertEquals(used.record(100, 0, 9, 0, 5000, 1001), TicketUse.First, "two have expired");
  assertEquals([used.look(0, 0, 0, 0), used.look(1, 0, 1, 0), used.look(2, 0, 2, 0)], [
    TicketUse.First,
    TicketUse.First,
    TicketUse.Same,
  ]);
  assertEquals(used.size, 13);
});

Deno.test("UsedTickets is closed for as long as a copy of what it could not record is fresh", () => {
  const used = new UsedTickets(1, WINDOW, 1);
  used.record(1, 0, 1, 0, 50, 0);
  assertEquals(used.isClosed(0), false);
  assertEquals(used.record(2, 0, 2, 0, 9000, 10), TicketUse.Full);
  assertEquals([used.isClosed(10), used.isClosed(1009), used.isClosed(1010)], [true, true, false]);
  assertEquals(used.record(3, 0, 3, 0, 9000, 60), TicketUse.First, "recording goes on where there is room");
  assertEquals(used.isClosed(500), true);
});

Deno.test("UsedTickets strikes an attempt off, whether it came before or comes later", () => {
  const used = new UsedTickets(100, WINDOW, 1);
  used.record(1, 0, 5, 5, 500, 0);
  used.settle(1, 0, 7, true);
  assertEquals(used.strike(1, 0, 6, 6, 500, 0), false, "another attempt");
  assertEquals(used.look(1, 0, 5, 5), TicketUse.Same);
  assertEquals(used.strike(1, 0, 5, 5, 500, 0), true);
  assertEquals([used.look(1, 0, 5, 5), used.handleOf(1, 0)], [TicketUse.Other, 7]);
  used.record(2, 0, 5, 5, 500, 0);
  used.settle(2, 0, 8, false);
  assertEquals(used.strike(2, 0, 5, 5, 500, 0), false, "nothing was delivered");
  assertEquals(used.strike(3, 0, 5, 5, 500, 0), false, "it did not come yet");
  assertEquals([used.look(3, 0, 5, 5), used.record(3, 0, 5, 5, 500, 0)], [TicketUse.Other, TicketUse.Other]);
});

Deno.test("UsedTickets uses the reserve to strike off, and closes when that is used up too", () => {
  const used = new UsedTickets(16, WINDOW, 1);
  for (let i = 0; i < 14; i++) used.record(i, 0, i, 0, 5000, 0);
  used.strike(50, 0, 1, 1, 5000, 0);
  used.strike(51, 0, 1, 1, 5000, 0);
  assertEquals([used.size, used.isClosed(0)], [16, false]);
  used.strike(52, 0, 1, 1, 5000, 7);
  assertEquals([used.size, used.isClosed(1006), used.isClosed(1007)], [16, true, false]);
});

Deno.test("UsedTickets behaves like a map with a limit, whatever happens", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = new SeededRandom(seed);
    const capacity = 200;
    const used = new UsedTickets(capacity, WINDOW, seed);
    const model = new Map<number, { random: number; expiresAt: number }>();
    let now = 0;
    for (let i = 0; i < 4000; i++) {
      now += random.nextInt(3);
      const id = random.nextInt(2000);
      const draw = random.nextInt(3);
      const expiresAt = now + 1 + random.nextInt(500);
      const got = used.record(id, -id, draw, draw, expiresAt, now);
      const known = model.get(id);
      if (got === TicketUse.First) {
        if (known !== undefined) {
          assertEquals(known.expiresAt <= now, true, `seed ${seed} step ${i}: evicted too early`);
        }
        model.set(id, { random: draw, expiresAt });
      } else if (got !== TicketUse.Full) {
        assertEquals(got, known!.random === draw ? TicketUse.Same : TicketUse.Other, `seed ${seed} step ${i}`);
      } else {
        const live = [...model.values()].filter((one) => one.expiresAt > now).length;
        assertEquals(live >= capacity - capacity / 8, true, `seed ${seed} step ${i}: refused with ${live} live`);
      }
      assertEquals(used.size <= capacity, true);
    }
  }
});
