import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { defineEvent } from "../../../src/bus/dispatch/definition.ts";
import type { StandardSchema } from "../../../src/bus/dispatch/standard_schema.ts";
import { ClosedError, ResourceError, TimeoutError } from "../../../src/error/transport_error.ts";
import { MemoryMesh } from "./bus_memory_mesh.ts";

const Tick = defineEvent<{ n: number }>("tick.one");
const small: StandardSchema<{ n: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (value as { n: number }).n < 10 ? { value } : { issues: [{ message: "too large" }] },
  },
};

Deno.test("publish() hands a value to handlers of its own process by reference, and before it returns", async () => {
  const bus = await new MemoryMesh().start("a");
  const got: unknown[] = [];
  bus.events.subscribe(Tick, (value) => void got.push(value));
  const value = { n: 1 };
  void bus.events.publish(Tick, value, { scope: "local" });
  assertEquals([got.length, got[0] === value], [1, true]);
});

Deno.test("publish() reaches every node that subscribes, exact topics and prefixes, and no other", async () => {
  const mesh = new MemoryMesh();
  const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((name) => mesh.start(name)));
  const got: string[] = [];
  b!.events.subscribe(Tick, ({ n }, { from, topic }) => void got.push(`b ${n} ${from.name} ${topic}`));
  c!.events.subscribe("tick.*", (value) => void got.push(`c ${JSON.stringify(value)}`));
  d!.events.subscribe("tock.*", () => void got.push("d"));
  await a!.events.publish(Tick({ n: 7 }));
  await mesh.scheduler.settle();
  assertEquals(got.sort(), [`b 7 a tick.one`, `c {"n":7}`]);
  assertEquals(d!.core.statistics().eventsReceived, 0);
});

Deno.test("publish() keeps the order of one publisher, also for a handler that publishes while it handles", async () => {
  const mesh = new MemoryMesh();
  const bus = await mesh.start("a");
  const other = await mesh.start("b");
  const got: number[][] = [[], [], []];
  bus.events.subscribe(Tick, ({ n }) => {
    got[0]!.push(n);
    if (n < 3) void bus.events.publish(Tick, { n: n + 10 });
  });
  bus.events.subscribe(Tick, ({ n }) => void got[1]!.push(n));
  other.events.subscribe(Tick, ({ n }) => void got[2]!.push(n));
  for (let n = 1; n <= 3; n++) void bus.events.publish(Tick, { n });
  await mesh.scheduler.settle();
  const expected = [1, 11, 2, 12, 3];
  assertEquals(got, [expected, expected, expected]);
});

Deno.test("publish() leaves out the own process where it is told to", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  const got: string[] = [];
  for (const [name, bus] of Object.entries({ a, b })) bus.events.subscribe(Tick, () => void got.push(name));
  await a.events.publish(Tick, { n: 1 }, { toSelf: false });
  await mesh.scheduler.settle();
  assertEquals(got, ["b"]);
});

Deno.test("a handler's promise holds back its next event, and nobody else's", async () => {
  const mesh = new MemoryMesh();
  const bus = await mesh.start("a");
  const log: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  bus.events.subscribe(Tick, async ({ n }) => {
    log.push(`slow ${n}`);
    await gates[n]?.promise;
  });
  bus.events.subscribe(Tick, ({ n }) => void log.push(`fast ${n}`));
  for (let n = 0; n < 3; n++) void bus.events.publish(Tick, { n });
  assertEquals(log, ["slow 0", "fast 0", "fast 1", "fast 2"]);
  gates[0]!.resolve();
  await mesh.scheduler.settle();
  assertEquals(log.slice(4), ["slow 1"]);
  gates[1]!.resolve();
  await mesh.scheduler.settle();
  assertEquals(log.slice(5), ["slow 2"]);
});

Deno.test("a handler that is too far behind makes its own process wait, and loses events of others under a counter", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a", { maxHandlerBacklogCount: 2 }), await mesh.start("b")];
  const gate = Promise.withResolvers<void>();
  const got: number[] = [];
  a.events.subscribe(Tick, async ({ n }) => {
    got.push(n);
    await gate.promise;
  });
  for (let n = 0; n < 3; n++) await a.events.publish(Tick, { n });
  let isDone = false;
  const waiting = a.events.publish(Tick, { n: 3 }).then(() => isDone = true);
  const behind = a.events.publish(Tick, { n: 4 });
  await b.events.publish(Tick, { n: 99 });
  await mesh.scheduler.settle();
  assertEquals([isDone, a.core.statistics().eventsDroppedBySlowHandlers], [false, 1]);
  gate.resolve();
  await Promise.all([waiting, behind]);
  await mesh.scheduler.settle();
  assertEquals(got, [0, 1, 2, 3, 4]);
});

Deno.test("publish() waits for room in a queue, in order, and gives up after its time or by its signal", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  const got: number[] = [];
  b.events.subscribe(Tick, ({ n }) => void got.push(n));
  a.fabric.isFull = true;
  const first = a.events.publish(Tick, { n: 1 });
  const late = assertRejects(() => a.events.publish(Tick, { n: 2 }, { timeoutMs: 50 }), TimeoutError, "tick.one");
  const controller = new AbortController();
  const stopped = assertRejects(() => a.events.publish(Tick, { n: 3 }, { signal: controller.signal }), Error, "enough");
  const last = a.events.publish(Tick, { n: 4 });
  await mesh.scheduler.settle(60);
  await late;
  controller.abort(new Error("enough"));
  await stopped;
  a.fabric.makeRoom();
  await Promise.all([first, last]);
  await mesh.scheduler.settle();
  assertEquals(got, [1, 4]);
});

Deno.test("publish() drops under a counter where that is the policy", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  b.events.subscribe(Tick, () => {});
  a.fabric.policy = "drop";
  a.fabric.isFull = true;
  await a.events.publish(Tick, { n: 1 });
  assertEquals(a.fabric.droppedCount, 1);
});

Deno.test("a handler that throws is reported and loses that event alone", async () => {
  const mesh = new MemoryMesh();
  const bus = await mesh.start("a");
  const got: number[] = [];
  bus.events.subscribe(Tick, ({ n }) => {
    if (n === 1) throw new Error("no ones");
    got.push(n);
  });
  bus.events.subscribe(Tick, ({ n }) => n === 2 ? Promise.reject(new Error("no twos")) : undefined);
  for (let n = 1; n <= 3; n++) await bus.events.publish(Tick, { n });
  await mesh.scheduler.settle();
  assertEquals(got, [2, 3]);
  assertEquals(bus.errors.map(String), ["Error: no ones", "Error: no twos"]);
  assertEquals(bus.core.statistics().eventHandlersFailed, 2);
});

Deno.test("a schema stops a value where it is published, and where it arrives", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  const Checked = defineEvent("tick.one", { schema: small });
  const got: number[] = [];
  b.events.subscribe(Checked, ({ n }) => void got.push(n));
  await assertRejects(() => a.events.publish(Checked, { n: 10 }), TypeError, "too large");
  await a.events.publish(Tick, { n: 11 });
  await a.events.publish(Checked, { n: 9 });
  await mesh.scheduler.settle();
  assertEquals([got, b.core.statistics().valuesInvalid, b.errors.length], [[9], 1, 1]);
});

Deno.test("subscribe() ends by its function, by using, and takes only patterns and handlers", async () => {
  const mesh = new MemoryMesh();
  const bus = await mesh.start("a", { maxSubscriptionCount: 2 });
  let count = 0;
  const end = bus.events.subscribe(Tick, { handle: () => void count++ });
  {
    using _end = bus.events.subscribe("tick.*", () => void count++);
    assertThrows(() => bus.events.subscribe("*", () => {}), ResourceError);
    await bus.events.publish(Tick, { n: 1 });
  }
  await bus.events.publish(Tick, { n: 2 });
  end();
  end();
  await bus.events.publish(Tick, { n: 3 });
  assertEquals(count, 3);
  assertThrows(() => bus.events.subscribe("a b", () => {}), RangeError);
  assertThrows(() => bus.events.subscribe("a", {} as never), TypeError);
});

Deno.test("whenSubscribed() waits until others subscribe", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  let isSo = false;
  const waiting = a.events.whenSubscribed(Tick).then(() => isSo = true);
  const late = assertRejects(() => a.events.whenSubscribed(Tick, { count: 2, timeoutMs: 30 }), TimeoutError);
  await mesh.scheduler.settle();
  assertEquals(isSo, false);
  b.events.subscribe("*", () => {});
  await waiting;
  await mesh.scheduler.settle(40);
  await late;
});

Deno.test("a closed bus publishes nothing and calls no handler", async () => {
  const mesh = new MemoryMesh();
  const [a, b] = [await mesh.start("a"), await mesh.start("b")];
  let count = 0;
  a.events.subscribe(Tick, () => void count++);
  await b.events.publish(Tick, { n: 1 });
  await a.core.close();
  await mesh.scheduler.settle();
  await assertRejects(() => a.events.publish(Tick, { n: 1 }), ClosedError);
  assertEquals(count, 0);
});

Deno.test("publish() goes on behind a handler whose result cannot be looked at", async () => {
  const bus = await new MemoryMesh().start("a");
  const got: number[] = [];
  bus.events.subscribe(Tick, ({ n }) => {
    got.push(n);
    return n === 1
      ? {
        get then(): never {
          throw new Error("no then");
        },
      }
      : undefined;
  });
  for (const n of [1, 2]) await bus.events.publish(Tick, { n });
  assertEquals([got, bus.errors.length], [[1, 2], 1]);
});

Deno.test("publish() refuses more when as many wait for a handler as may", async () => {
  const mesh = new MemoryMesh();
  const bus = await mesh.start("a", { maxHandlerBacklogCount: 2 });
  const got: number[] = [];
  const gate = Promise.withResolvers<void>();
  bus.events.subscribe(Tick, ({ n }) => {
    got.push(n);
    return gate.promise;
  });
  // One is being handled, two wait, and two publishers wait for room.
  const published = [1, 2, 3, 4, 5].map((n) => bus.events.publish(Tick, { n }));
  await assertRejects(() => bus.events.publish(Tick, { n: 6 }), ResourceError, "await what publish() returns");
  gate.resolve();
  await Promise.all(published);
  await mesh.scheduler.settle();
  assertEquals(got, [1, 2, 3, 4, 5]);
});

Deno.test("subscribe() leaves nothing behind when the others cannot be told", async () => {
  const bus = await new MemoryMesh().start("a");
  const { setInterest } = bus.fabric;
  bus.fabric.setInterest = (_kind, _name, isWanted) => {
    if (isWanted) throw new ResourceError("too many");
  };
  const got: number[] = [];
  assertThrows(() => bus.events.subscribe(Tick, ({ n }) => void got.push(n)), ResourceError, "too many");
  bus.fabric.setInterest = setInterest;
  await bus.events.publish(Tick, { n: 1 });
  assertEquals(got, []);
});
