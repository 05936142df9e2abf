/**
 * A subscriber that stands still: what becomes of events for it, under each policy.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  defineEvent,
  MessageBus,
  type MessageBusOptions,
  type QueuePolicy,
  TimeoutError,
} from "../../src/api/bus_mod.ts";
import { BusChild } from "./bus_child.ts";
import { eventually } from "./waiting.ts";

const Count = defineEvent<{ n: number; text: string }>("program.count");
const text = Array.from({ length: 2000 }, (_, i) => ((i * 7919) % 94).toString(36)).join("");

/** Publishes until something happens to a peer that stands still. */
async function flood(
  queuePolicy: QueuePolicy,
  run: (bus: MessageBus, child: BusChild, publish: (n: number) => Promise<void>) => Promise<void>,
  more: MessageBusOptions = {},
): Promise<void> {
  const machine = `${await Deno.makeTempDir({ prefix: "rwbus" })}/bus`;
  await using child = await BusChild.start({ name: "slow", machine });
  const options = { name: "fast", machine, queuePolicy, maxQueuedBytes: 65_536, compressFromBytes: Infinity, ...more };
  await using bus = await MessageBus.start(options);
  await bus.eventDispatcher.whenSubscribed(Count);
  const publish = (n: number): Promise<void> => bus.eventDispatcher.publish(Count, { n, text }, { timeoutMs: 50 });
  await publish(0);
  child.signal("SIGSTOP");
  try {
    await run(bus, child, publish);
  } finally {
    child.signal("SIGCONT");
  }
}

Deno.test("a slow subscriber makes the publisher wait, and nothing is lost while it does", () =>
  flood("wait", async (_bus, child, publish) => {
    let n = 1;
    await assertRejects(async () => {
      for (; n < 5000; n++) await publish(n);
    }, TimeoutError);
    child.signal("SIGCONT");
    const last = publish(5000);
    const { got, disordered } = await child.ask({ got: true, to: n + 1 }, (line) => line.got !== undefined);
    await last;
    assertEquals([got, disordered], [n + 1, 0]);
  }));

Deno.test("a slow subscriber loses events under a counter where that is the policy", () =>
  flood("drop", async (bus, child, publish) => {
    const count = 1000;
    for (let n = 1; n <= count; n++) await publish(n);
    const dropped = bus.statistics().fabrics.machine!.eventsDropped!;
    assert(dropped > 0 && dropped < count, `${dropped} of ${count} were dropped`);
    child.signal("SIGCONT");
    const { got, disordered } = await child.ask(
      { got: true, to: count + 1 - dropped },
      (line) => line.got !== undefined,
    );
    assertEquals([got, disordered], [count + 1 - dropped, 0]);
  }));

Deno.test("a slow subscriber is cut off where that is the policy", () => {
  const changes: string[] = [];
  return flood("disconnect", async (_bus, _child, publish) => {
    for (let n = 1; n < 5000 && changes.length < 2; n++) await publish(n);
    await eventually("it is cut off", () => changes.includes("failed"));
  }, { onNode: (change) => void changes.push(change) });
});
