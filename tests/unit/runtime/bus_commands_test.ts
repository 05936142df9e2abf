import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { encodeAnswerHead, FailureCode, RecordKind } from "../../../src/bus/dispatch/bus_record.ts";
import { CommandError, NoHandlerError } from "../../../src/bus/dispatch/command_error.ts";
import { defineCommand } from "../../../src/bus/dispatch/definition.ts";
import type { StandardSchema } from "../../../src/bus/dispatch/standard_schema.ts";
import { ClosedError, MisuseError, ResourceError, TimeoutError } from "../../../src/error/transport_error.ts";
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

Deno.test("local.send() passes by reference and returns the handler's own answer", async () => {
  const bus = await new MemoryMesh().start("a");
  const value = { n: 1 };
  const answer = { deep: value };
  const Same = defineCommand<{ n: number }, unknown>("same");
  bus.commands.handle(Same, (given, { from, scope }) => given === value && scope === "local" ? answer : from);
  assertEquals(await bus.commands.local.send(Same, value) === answer, true);
});

Deno.test("local.send() tells what the handler threw, at once or later", async () => {
  const bus = await new MemoryMesh().start("a");
  bus.commands.handle(Add, ({ n }) => {
    if (n === 0) throw new CommandError("Zero", "No zeros", { n });
    return Promise.reject(new TypeError("later"));
  });
  const zero = await assertRejects(() => bus.commands.local.send(Add({ n: 0 })), CommandError, "No zeros");
  assertEquals([zero.errorName, zero.data], ["Zero", { n: 0 }]);
  const later = await assertRejects(() => bus.commands.local.send(Add({ n: 1 })), CommandError, "later");
  assertEquals([later.errorName, later.cause instanceof TypeError], ["TypeError", true]);
});

Deno.test("send() finds nobody at once, in any scope and for any name", async () => {
  const { a, b } = await two();
  await assertRejects(() => a.commands.local.send(Add, { n: 1 }), NoHandlerError, "in the scope local");
  await assertRejects(() => a.commands.network.send(Add, { n: 1 }), NoHandlerError);
  b.commands.handle(Add, ({ n }) => n);
  await assertRejects(() => a.commands.machine.send(Add, { n: 1 }, { node: "c" }), NoHandlerError, "at the node c");
  await assertRejects(() => b.commands.local.send(Add, { n: 1 }, { node: "a" }), NoHandlerError);
});

Deno.test("send() carries a command to another node and its answer back", async () => {
  const { mesh, a, b } = await two();
  b.commands.handle(Add, ({ n }, { from, scope }) => n + (from.name === "a" && scope === "cluster" ? 1 : 100));
  assertEquals(await during(mesh, a.commands.cluster.send(Add({ n: 41 }))), 42);
  assertEquals([a.core.commands.pendingCount, b.core.service.inProgressCount], [0, 0]);
});

Deno.test("send() carries what the handler threw, at once or later", async () => {
  const { mesh, a, b } = await two();
  b.commands.handle(Add, ({ n }) => {
    if (n === 0) throw new CommandError("Zero", "No zeros", { n });
    return Promise.reject(new RangeError("later"));
  });
  const zero = await assertRejects(
    () => during(mesh, a.commands.network.send(Add, { n: 0 })),
    CommandError,
    "No zeros",
  );
  assertEquals([zero.errorName, zero.data], ["Zero", { n: 0 }]);
  const later = await assertRejects(() => during(mesh, a.commands.network.send(Add, { n: 1 })), CommandError, "later");
  assertEquals([later.errorName, later.stack?.includes("handleCommand")], ["RangeError", false]);
});

Deno.test("send() gives up after its time, and the handler's signal fires", async () => {
  const { mesh, a, b } = await two();
  let reason: unknown;
  b.commands.handle(Slow, (_value, { signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => reason = signal.reason);
    }));
  const sent = a.commands.network.send(Slow, 1, { timeoutMs: 40 });
  await assertRejects(() => during(mesh, sent, 50), TimeoutError, "slow from b within 40 ms");
  assertInstanceOf(reason, TimeoutError);
  assertEquals([a.core.commands.pendingCount, b.core.service.inProgressCount], [0, 0]);
});

Deno.test("an answer that comes too late is counted and reaches nobody", async () => {
  const { mesh, a, b } = await two();
  b.fabric.isFull = true;
  b.commands.handle(Add, ({ n }) => n);
  await assertRejects(() => during(mesh, a.commands.network.send(Add, { n: 1 }, { timeoutMs: 10 }), 20), TimeoutError);
  b.fabric.makeRoom();
  await mesh.scheduler.settle();
  assertEquals(a.core.statistics().answersLate, 1);
});

Deno.test("send() gives up by its signal, and the handler's signal fires", async () => {
  const { mesh, a, b } = await two();
  let reason: unknown;
  b.commands.handle(Slow, (_value, { signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => reason = signal.reason);
    }));
  const controller = new AbortController();
  const sent = a.commands.network.send(Slow, 1, { signal: controller.signal });
  sent.catch(() => {});
  await mesh.scheduler.settle();
  controller.abort(new Error("enough"));
  await assertRejects(() => sent, Error, "enough");
  await mesh.scheduler.settle();
  assertInstanceOf(reason, ClosedError);
  assertEquals(b.core.statistics().commandsCancelled, 1);
  await assertRejects(() => a.commands.network.send(Slow, 1, { signal: controller.signal }), Error, "enough");
});

Deno.test("local.send() gives up by its time and by its signal, too", async () => {
  const { mesh, a } = await two();
  const reasons: unknown[] = [];
  a.commands.handle(Slow, (_value, { signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
    }));
  await assertRejects(() => during(mesh, a.commands.local.send(Slow, 1, { timeoutMs: 10 }), 20), TimeoutError);
  const controller = new AbortController();
  const sent = a.commands.local.send(Slow, 1, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => sent, Error, "enough");
  assertEquals(reasons.map((one) => (one as Error).name), ["TimeoutError", "Error"]);
});

Deno.test("a signal that is first looked at late has fired already", async () => {
  const { mesh, a, b } = await two();
  let seen: unknown;
  const gate = Promise.withResolvers<void>();
  b.commands.handle(Slow, async (_value, context) => {
    await gate.promise;
    seen = context.signal.aborted;
    return "late";
  });
  await assertRejects(() => during(mesh, a.commands.network.send(Slow, 1, { timeoutMs: 10 }), 20), TimeoutError);
  gate.resolve();
  await mesh.scheduler.settle();
  assertEquals(seen, true);
});

Deno.test("commands whose node is lost fail at once, and its own handlers are told", async () => {
  const { mesh, a, b } = await two();
  let aborted = 0;
  b.commands.handle(Slow, (_value, { signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => aborted++);
    }));
  const sent = [1, 2].map((n) => a.commands.network.send(Slow, n));
  sent.forEach((one) => one.catch(() => {}));
  await mesh.scheduler.settle();
  a.fabric.lose(b.fabric);
  for (const one of sent) await assertRejects(() => one, Error, "lost b");
  b.fabric.lose(a.fabric);
  assertEquals([aborted, a.core.statistics().commandsLost, b.core.service.inProgressCount], [2, 2, 0]);
});

Deno.test("choice among several nodes: in turn, the least busy, by key, by name", async () => {
  const mesh = new MemoryMesh();
  const buses = await Promise.all(["a", "b", "c"].map((name) => mesh.start(name)));
  const Who = defineCommand<boolean, string>("who");
  const gates: (() => void)[] = [];
  for (const bus of buses) {
    bus.commands.handle(
      Who,
      (isSlow) => isSlow ? new Promise((resolve) => gates.push(() => resolve(bus.core.self.name))) : bus.core.self.name,
    );
  }
  const { network } = buses[0]!.commands;
  const ask = (options?: Parameters<typeof network.send>[1]): Promise<string> =>
    during(mesh, network.send(Who(false), options as { timeoutMs?: number }));
  const inTurn = [await ask(), await ask(), await ask(), await ask(), await ask(), await ask()];
  assertEquals(inTurn.toSorted(), ["a", "a", "b", "b", "c", "c"]);
  assertEquals(new Set(inTurn.slice(0, 3)).size, 3);
  const slow = ["b", "b", "c", "a"].map((node) => network.send(Who, true, { node }));
  await mesh.scheduler.settle();
  assertEquals(new Set([await ask({ choice: "leastBusy" }), await ask({ choice: "leastBusy" })]), new Set(["a", "c"]));
  gates.forEach((open) => open());
  await during(mesh, Promise.all(slow));
  const byKey = [await ask({ key: "order 1" }), await ask({ key: "order 1" }), await ask({ key: "order 1" })];
  assertEquals(new Set(byKey).size, 1);
  assertEquals([await ask({ node: "c" }), await ask({ node: buses[1]!.core.self.id })], ["c", "b"]);
});

Deno.test("scatter() asks all and hands answers on as they come", async () => {
  const mesh = new MemoryMesh();
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => mesh.start(name)));
  const gate = Promise.withResolvers<number>();
  a!.commands.handle(Add, () => gate.promise);
  b!.commands.handle(Add, ({ n }) => n);
  c!.commands.handle(Add, () => {
    throw new CommandError("Busy", "not now");
  });
  const got: unknown[] = [];
  const all = (async () => {
    for await (const answer of a!.commands.network.scatter(Add({ n: 5 }))) {
      got.push([answer.node.name, answer.isOk ? answer.value : (answer.error as CommandError).errorName]);
    }
  })();
  await mesh.scheduler.settle();
  assertEquals(got, [["b", 5], ["c", "Busy"]]);
  gate.resolve(1);
  await all;
  assertEquals(got[2], ["a", 1]);
  const nobody = await Array.fromAsync(a!.commands.network.scatter(Slow(1)));
  assertEquals(nobody, []);
});

Deno.test("a node takes only as many commands at once as it may, and says so", async () => {
  const mesh = new MemoryMesh();
  const a = await mesh.start("a", { maxPendingCommandCount: 3 });
  const b = await mesh.start("b", { maxCommandsInProgressCount: 2 });
  b.commands.handle(Slow, () => new Promise(() => {}));
  const sent = [1, 2, 3].map((n) => a.commands.network.send(Slow, n));
  sent.forEach((one) => one.catch(() => {}));
  await assertRejects(() => a.commands.network.send(Slow, 4), ResourceError, "wait for their answer");
  await mesh.scheduler.settle();
  await assertRejects(() => sent[2]!, ResourceError, "too many commands in progress");
  assertEquals([a.core.commands.pendingCount, b.core.statistics().commandsRefusedBusy], [2, 1]);
});

Deno.test("values and results that cannot travel fail the command and nothing else", async () => {
  const { mesh, a, b } = await two();
  const Any = defineCommand<unknown, unknown>("any");
  b.commands.handle(Any, (value) => value === "function" ? () => 1 : new Map());
  await assertRejects(() => a.commands.network.send(Any, new Set()), TypeError);
  assertEquals(a.core.commands.pendingCount, 0);
  const bad = await assertRejects(() => during(mesh, a.commands.network.send(Any, "function")), CommandError);
  assertEquals([bad.errorName, b.errors.length], ["BadResult", 1]);
});

Deno.test("a schema stops a value where it is sent, and where it arrives", async () => {
  const { mesh, a, b } = await two();
  const schema: StandardSchema<{ n: number }> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof (value as { n?: unknown })?.n === "number" ? { value } : { issues: [{ message: "no n" }] },
    },
  };
  const Checked = defineCommand<{ n: number }, number>("add", { schema });
  b.commands.handle(Checked, ({ n }) => n);
  await assertRejects(() => a.commands.network.send(Checked, {} as { n: number }), TypeError, "no n");
  const refused = await assertRejects(() => during(mesh, a.commands.network.send(Add, "x" as never)), CommandError);
  assertEquals([refused.errorName, b.core.statistics().valuesInvalid], ["BadValue", 1]);
});

Deno.test("handle() takes one handler for a command, and gives it back", async () => {
  const { mesh, a, b } = await two();
  const end = b.commands.handle(Add, { handle: ({ n }) => n });
  assertThrows(() => b.commands.handle(Add, () => 1), MisuseError, "has a handler");
  end();
  await assertRejects(() => a.commands.network.send(Add, { n: 1 }), NoHandlerError);
  b.commands.handle(Add, () => 2);
  end();
  assertEquals(await during(mesh, a.commands.network.send(Add, { n: 1 })), 2);
});

Deno.test("a handler that went away meanwhile is no handler", async () => {
  const { mesh, a, b } = await two();
  const end = b.commands.handle(Add, () => 1);
  const sent = a.commands.network.send(Add, { n: 1 });
  end();
  await assertRejects(() => during(mesh, sent), NoHandlerError, "any more");
});

Deno.test("an answer counts only from the node that was asked, and once", async () => {
  const mesh = new MemoryMesh();
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => mesh.start(name)));
  b!.commands.handle(Slow, () => new Promise(() => {}));
  const sent = a!.commands.network.send(Slow, 1, { timeoutMs: 100 });
  await mesh.scheduler.settle();
  const forged = new Uint8Array(8);
  for (const request of [1, 2, 3]) {
    encodeAnswerHead(forged, RecordKind.Result, 0, 0, request);
    a!.fabric.inject(c!.fabric, forged);
  }
  assertEquals(a!.core.statistics().answersLate, 3);
  await assertRejects(() => during(mesh, sent, 110), TimeoutError);
});

Deno.test("records of hostile nodes are counted and do nothing", async () => {
  const { mesh, a, b } = await two();
  let handled = 0;
  a.commands.handle(Add, () => handled++);
  a.events.subscribe("*", () => void handled++);
  const records = [
    new Uint8Array(0),
    Uint8Array.of(99, 0, 0, 0),
    Uint8Array.of(1, 1, 0, 1, 0x61, 0xc0),
    Uint8Array.of(1, 1, 9, 1, 0x61, 0xc0),
    Uint8Array.of(1, 1, 1, 1, 0x61, 0xc1),
    Uint8Array.of(5, 0, 0, 0, 1, 0, 0, 0),
    Uint8Array.of(4, 1, FailureCode.HandlerFailed, 0, 9, 0, 0, 0, 0xc0),
  ];
  for (const record of records) a.fabric.inject(b.fabric, record);
  await mesh.scheduler.settle();
  const { recordsMalformed, recordsOutOfScope, valuesRefused, answersLate } = a.core.statistics();
  assertEquals([handled, recordsMalformed, recordsOutOfScope, valuesRefused, answersLate], [0, 2, 2, 1, 1]);
});

Deno.test("a command for a cluster is refused from a node outside of it", async () => {
  const mesh = new MemoryMesh();
  const a = await mesh.start("a", { cluster: "blue" });
  const b = await mesh.start("b", { cluster: "red" });
  a.commands.handle(Add, () => 1);
  await assertRejects(() => b.commands.cluster.send(Add, { n: 1 }), NoHandlerError);
  b.fabric.isInScope = () => true;
  const forced = await assertRejects(() => during(mesh, b.commands.cluster.send(Add, { n: 1 })), CommandError);
  assertEquals([forced.errorName, a.core.statistics().recordsOutOfScope], ["WrongScope", 1]);
});

Deno.test("close() ends what waits, and what is in progress is told", async () => {
  const { mesh, a, b } = await two();
  let aborted = 0;
  b.commands.handle(Slow, (_value, { signal }) =>
    new Promise(() => {
      signal.addEventListener("abort", () => aborted++);
    }));
  const sent = a.commands.network.send(Slow, 1);
  sent.catch(() => {});
  await mesh.scheduler.settle();
  await a.core.close();
  await assertRejects(() => sent, ClosedError);
  await b.core.close();
  assertEquals([aborted, mesh.scheduler.pendingAlarms], [1, 0]);
});

Deno.test("a carrier that refuses a record fails that command alone, at either end", async () => {
  const { mesh, a, b } = await two();
  b.commands.handle(Add, ({ n }) => n);
  for (const { fabric } of [a, b]) {
    const send = fabric.send.bind(fabric);
    let isFirst = true;
    fabric.send = (...record) => {
      if (!isFirst) return send(...record);
      isFirst = false;
      throw new RangeError("too long for the carrier");
    };
  }
  await assertRejects(() => a.commands.network.send(Add, { n: 1 }), RangeError, "too long");
  assertEquals(a.core.commands.pendingCount, 0);
  const refused = await assertRejects(() => during(mesh, a.commands.network.send(Add, { n: 2 })), CommandError);
  assertEquals([refused.errorName, b.errors.length], ["BadResult", 1]);
  assertEquals(await during(mesh, a.commands.network.send(Add, { n: 3 })), 3);
});
