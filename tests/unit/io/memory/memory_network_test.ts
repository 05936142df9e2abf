/**
 * Names and backlogs of in-memory networks.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, ConnectError, ResourceError } from "../../../../src/error/transport_error.ts";
import { MemoryNetwork } from "../../../../src/io/memory/memory_network.ts";

const never = new AbortController().signal;

Deno.test("MemoryNetwork refuses options that are out of range", () => {
  assertThrows(() => new MemoryNetwork({ bufferBytes: 0 }), RangeError, "bufferBytes");
  for (const backlogCount of [0, 65_536, 1.5, NaN]) {
    assertThrows(() => new MemoryNetwork({ backlogCount }), RangeError, "backlogCount");
  }
});

Deno.test("MemoryNetwork.fabric() refuses a name that is in use and frees it on close", () => {
  const fabric = new MemoryNetwork().fabric("a");
  const listener = fabric.listen();
  assertThrows(() => fabric.listen(), ResourceError, "Cannot listen on memory:a: the name is in use");
  listener.close();
  fabric.listen().close();
});

Deno.test("MemoryNetwork.fabric() knows nothing of other networks", async () => {
  const listener = new MemoryNetwork().fabric("a").listen();
  const other = new MemoryNetwork().fabric("a");
  await assertRejects(() => other.connect(never), ConnectError, "Cannot connect to memory:a: nobody listens there");
  listener.close();
});

Deno.test("MemoryNetwork gives every connecting end a name of its own", async () => {
  const fabric = new MemoryNetwork().fabric("a");
  const listener = fabric.listen();
  const first = await fabric.connect(never);
  const second = await fabric.connect(never);
  assertEquals(first.remote, { transport: "memory", name: "a" });
  assertEquals([first.local, second.local].map((one) => one.transport === "memory" && one.name), ["a#1", "a#2"]);
  listener.close();
});

Deno.test("MemoryNetwork sizes the buffers of its links", async () => {
  const fabric = new MemoryNetwork({ bufferBytes: 3 }).fabric("a");
  const listener = fabric.listen();
  assertEquals(await (await fabric.connect(never)).write(new Uint8Array(5)), 3);
  listener.close();
});

Deno.test("MemoryListener admits a connecting side that waited for the backlog, in order", async () => {
  const fabric = new MemoryNetwork({ backlogCount: 1 }).fabric("a");
  const listener = fabric.listen();
  await fabric.connect(never);
  const order: number[] = [];
  const second = fabric.connect(never).then((link) => (order.push(2), link));
  const third = fabric.connect(never).then((link) => (order.push(3), link));
  await Promise.resolve();
  assertEquals(order, []);
  await listener.accept();
  const secondAccepted = await listener.accept();
  assertEquals(secondAccepted.remote, (await second).local);
  const thirdAccepted = await listener.accept();
  assertEquals(thirdAccepted.remote, (await third).local);
  assertEquals(order, [2, 3]);
  listener.close();
});

Deno.test("MemoryListener forgets a connecting side that gave up while it waited", async () => {
  const fabric = new MemoryNetwork({ backlogCount: 1 }).fabric("a");
  const listener = fabric.listen();
  const first = await fabric.connect(never);
  const controller = new AbortController();
  const given = fabric.connect(controller.signal);
  const waiting = fabric.connect(never);
  await Promise.resolve();
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assertEquals(await given.catch((error: unknown) => error), reason);
  assertEquals((await listener.accept()).remote, first.local);
  assertEquals((await listener.accept()).remote, (await waiting).local);
  listener.close();
});

Deno.test("MemoryListener.close() breaks links that nobody accepted and refuses those that wait", async () => {
  const fabric = new MemoryNetwork({ backlogCount: 1 }).fabric("a");
  const listener = fabric.listen();
  const queued = await fabric.connect(never);
  const waiting = fabric.connect(never);
  await Promise.resolve();
  listener.close();
  await assertRejects(() => queued.read(new Uint8Array(1)), ClosedError, "LinkLost");
  assertInstanceOf(await waiting.catch((error: unknown) => error), ConnectError);
});

Deno.test("MemoryNetwork makes no link under a signal that has fired", async () => {
  const network = new MemoryNetwork();
  const reason = new Error("no longer wanted");
  const signal = AbortSignal.abort(reason);
  assertEquals(await network.fabric("absent").connect(signal).catch((error: unknown) => error), reason);
  const fabric = network.fabric("a");
  const listener = fabric.listen();
  assertEquals(await fabric.connect(signal).catch((error: unknown) => error), reason);
  const client = await fabric.connect(never);
  assertEquals((await listener.accept()).remote, client.local);
  listener.close();
});

Deno.test("MemoryNetwork closes a link whose connecting side gave up at the last moment", async () => {
  const fabric = new MemoryNetwork().fabric("a");
  const listener = fabric.listen();
  const controller = new AbortController();
  const connecting = fabric.connect(controller.signal);
  const reason = new Error("late");
  controller.abort(reason);
  assertEquals(await connecting.catch((error: unknown) => error), reason);
  const accepted = await listener.accept();
  assertEquals(await accepted.read(new Uint8Array(1)), null);
  listener.close();
});
