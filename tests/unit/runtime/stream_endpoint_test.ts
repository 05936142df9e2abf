import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { StreamEndpoint } from "../../../src/runtime/stream_endpoint.ts";
import { StreamCounter } from "../../../src/stream/stream_counters.ts";
import { resolveStreamOptions } from "../../../src/stream/stream_options.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

function newEndpoint(scheduler: ManualScheduler): StreamEndpoint {
  return new StreamEndpoint(resolveStreamOptions({}), { scheduler, random: new SeededRandom(1) });
}

Deno.test("StreamEndpoint.takeSlot() gives slots that were given back before it makes new ones", () => {
  const endpoint = newEndpoint(new ManualScheduler());
  assertEquals([endpoint.takeSlot(), endpoint.takeSlot(), endpoint.takeSlot()], [0, 1, 2]);
  endpoint.freeSlot(1);
  endpoint.freeSlot(0);
  assertEquals([endpoint.takeSlot(), endpoint.takeSlot()].sort(), [0, 1]);
  assertEquals(endpoint.takeSlot(), 3);
  for (let round = 0; round < 1000; round++) {
    const slot = endpoint.takeSlot();
    assertEquals(slot, 4);
    endpoint.freeSlot(slot);
  }
});

Deno.test("StreamEndpoint.freeSlot() starts the counters of a slot over and keeps their sum", () => {
  const endpoint = newEndpoint(new ManualScheduler());
  for (const count of [5, 7]) {
    const slot = endpoint.takeSlot();
    assertEquals(endpoint.statistics(slot).messagesIn, 0);
    endpoint.counters.add(slot, StreamCounter.MessagesIn, count);
    assertEquals(endpoint.statistics(slot).messagesIn, count);
    endpoint.freeSlot(slot);
  }
  assertEquals(endpoint.totals().messagesIn, 12);
});

Deno.test("StreamEndpoint.freeSlot() forgets the deadline: nobody is woken, and the next owner has none", () => {
  const scheduler = new ManualScheduler();
  const endpoint = newEndpoint(scheduler);
  const woken: string[] = [];
  const timed = (name: string): { handleTimeout(): void } => ({ handleTimeout: () => void woken.push(name) });
  const slot = endpoint.takeSlot();
  endpoint.watch(slot, timed("first"), 100);
  assertEquals(scheduler.pendingAlarms, 1);
  endpoint.freeSlot(slot);
  assertEquals(scheduler.pendingAlarms, 0);
  assertEquals(endpoint.takeSlot(), slot);
  endpoint.watch(slot, timed("second"), 200);
  scheduler.advance(199);
  assertEquals(woken, []);
  scheduler.advance(1);
  assertEquals(woken, ["second"]);
  assertEquals(scheduler.pendingAlarms, 0);
});

Deno.test("StreamEndpoint.watch() keeps one alarm for all slots, at the earliest of their deadlines", () => {
  const scheduler = new ManualScheduler();
  const endpoint = newEndpoint(scheduler);
  const woken: [slot: number, at: number][] = [];
  for (const deadline of [300, 100, 200]) {
    const slot = endpoint.takeSlot();
    endpoint.watch(slot, { handleTimeout: () => void woken.push([slot, scheduler.clock.now]) }, deadline);
    assertEquals(scheduler.pendingAlarms, 1);
  }
  scheduler.advance(1000);
  assertEquals(woken, [[1, 100], [2, 200], [0, 300]]);
  assertEquals(scheduler.pendingAlarms, 0);
});
