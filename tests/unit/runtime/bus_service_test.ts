import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { CommandError, NoHandlerError } from "../../../src/bus/dispatch/command_error.ts";
import { defineCommand } from "../../../src/bus/dispatch/definition.ts";
import { ClosedError, ResourceError, TimeoutError } from "../../../src/error/transport_error.ts";
import { type MemoryBus, MemoryMesh } from "./bus_memory_mesh.ts";

const Add = defineCommand<{ n: number }, number>("add");
const Slow = defineCommand<number, string>("slow");

async function two(): Promise<{ mesh: MemoryMesh; a: MemoryBus; b: MemoryBus }> {
  const mesh = new MemoryMesh();
  return { mesh, a: await mesh.start("a"), b: await mesh.start("b") };
}

/** Settles virtual time while a command is under way. */
async function during<T>(mesh: MemoryMesh, running: Promise<T>, ms = 0): Promise<T> {
  running.catch(() => {});
  await mesh.scheduler.settle(ms);
  return await running;
}

Deno.test("send() that has timed out tells the handler, before the handler's own time is over", async () => {
  const { mesh, a, b } = await two();
  let reason: unknown;
  b.commands.handle(
    Slow,
    (_value, { signal }) => new Promise(() => signal.addEventListener("abort", () => reason = signal.reason)),
  );
  a.fabric.isFull = true;
  const sent = a.commands.network.send(Slow, 1, { timeoutMs: 50 });
  sent.catch(() => {});
  await mesh.scheduler.settle(30);
  a.fabric.makeRoom();
  await mesh.scheduler.settle(19);
  assertEquals([b.core.service.inProgressCount, reason], [1, undefined]);
  await mesh.scheduler.settle(2);
  await assertRejects(() => sent, TimeoutError);
  assertInstanceOf(reason, ClosedError);
  assertEquals([b.core.service.inProgressCount, b.core.statistics().commandsCancelled], [0, 1]);
});

Deno.test("a handler that returns or throws what cannot be looked at fails its own command alone", async () => {
  const { mesh, a, b } = await two();
  const results: (() => unknown)[] = [
    () => ({
      get then() {
        throw new Error("no then");
      },
    }),
    () => ({
      then: () => {
        throw new Error("no then");
      },
    }),
    () => {
      throw Object.create(null);
    },
    () => {
      throw Object.assign(new Error("odd"), { name: 7 });
    },
  ];
  let number = 0;
  b.commands.handle(Slow, () => results[number]!() as string);
  for (; number < results.length; number++) {
    for (const scope of [a.commands.network, b.commands.local]) {
      await assertRejects(() => during(mesh, scope.send(Slow, 1)), CommandError, undefined, `handler ${number}`);
    }
  }
  assertEquals([a.core.commands.pendingCount, b.core.service.inProgressCount], [0, 0]);
});

Deno.test("handle() leaves nothing behind when the others cannot be told", async () => {
  const { a } = await two();
  const { setInterest } = a.fabric;
  a.fabric.setInterest = (_kind, _name, isWanted) => {
    if (isWanted) throw new ResourceError("too many");
  };
  assertThrows(() => a.commands.handle(Add, ({ n }) => n), ResourceError, "too many");
  a.fabric.setInterest = setInterest;
  await assertRejects(() => a.commands.local.send(Add, { n: 1 }), NoHandlerError);
  a.commands.handle(Add, ({ n }) => n);
  assertEquals(await a.commands.local.send(Add, { n: 1 }), 1);
});

Deno.test("commands that were answered leave no alarm behind that keeps the process alive", async () => {
  const { mesh, a, b } = await two();
  for (const bus of [a, b]) bus.commands.handle(Add, ({ n }) => Promise.resolve(n));
  assertEquals(await a.commands.local.send(Add, { n: 1 }), 1);
  assertEquals(await during(mesh, a.commands.network.send(Add, { n: 2 }, { node: "b" }), 1), 2);
  await mesh.scheduler.settle(1000);
  assertEquals(mesh.scheduler.pendingAlarms, 0);
});
