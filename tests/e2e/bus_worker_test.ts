/**
 * A bus that is used from workers of its process, by token.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CommandError,
  defineCommand,
  defineEvent,
  MessageBus,
  MisuseError,
  NoHandlerError,
  TimeoutError,
} from "../../src/api/bus_mod.ts";
import { eventually, within } from "./waiting.ts";

const Tick = defineEvent<{ n: number; by: string }>("worker.tick");
const Where = defineCommand<{ fail?: boolean }, string>("worker.where");
const Burst = defineCommand<{ count: number; by: string }, number>("worker.burst");
const Got = defineCommand<void, number>("worker.got");
const Wait = defineCommand<void, string>("worker.wait");
const Stopped = defineEvent<string>("worker.stopped");

/** Starts a worker with a handle. */
async function attach(
  bus: MessageBus,
  name: string,
): Promise<{ worker: Worker; next: (what: string) => Promise<void> }> {
  const worker = new Worker(new URL("bus_worker.ts", import.meta.url), { type: "module" });
  const said: unknown[] = [];
  worker.onmessage = ({ data }) => void said.push(data);
  const next = (what: string): Promise<void> => eventually(`the worker said ${what}`, () => said.includes(what));
  worker.postMessage({ token: bus.token(), name });
  await next("attached");
  return { worker, next };
}

Deno.test("workers handle commands, publish and take events as one node with their bus", async () => {
  const machine = `${await Deno.makeTempDir({ prefix: "rwbus" })}/bus`;
  await using bus = await MessageBus.start({ machine, name: "owner" });
  await using other = await MessageBus.start({ machine, name: "other" });
  const { worker, next } = await attach(bus, "worker");
  try {
    await bus.commandDispatcher.local.whenHandled(Where);
    await other.commandDispatcher.machine.whenHandled(Wait);
    assertEquals(await bus.commandDispatcher.local.send(Where, {}), "worker asked by owner");
    assertEquals(await other.commandDispatcher.machine.send(Where, {}), "worker asked by other");
    const failed = await assertRejects(() => other.commandDispatcher.machine.send(Where, { fail: true }), CommandError);
    assertEquals([failed.errorName, failed.message], ["RangeError", "asked to fail"]);

    const got: number[] = [];
    other.eventDispatcher.subscribe(Tick, ({ n }) => void got.push(n));
    await bus.eventDispatcher.whenSubscribed(Tick, { count: 2 });
    const count = 5000;
    assertEquals(await other.commandDispatcher.machine.send(Burst, { count, by: "worker" }), count);
    await eventually("all events came", () => got.length === count);
    assertEquals(got.findIndex((n, i) => n !== i), -1);
    assertEquals(await bus.commandDispatcher.local.send(Got, undefined), count);

    const stopped: string[] = [];
    other.eventDispatcher.subscribe(Stopped, (name) => void stopped.push(name));
    await bus.eventDispatcher.whenSubscribed(Stopped);
    await assertRejects(() => other.commandDispatcher.machine.send(Wait, undefined, { timeoutMs: 30 }), TimeoutError);
    await eventually("the worker was told to stop", () => stopped.length === 1);

    await bus.close();
    await next("closed");
  } finally {
    worker.terminate();
  }
});

Deno.test("the handlers of a worker that died go with its attachment", async () => {
  await using bus = await MessageBus.start({ machine: false });
  const token = bus.token();
  const worker = new Worker(new URL("bus_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage({ token, name: "short" });
  await bus.commandDispatcher.local.whenHandled(Wait);
  const sent = bus.commandDispatcher.local.send(Wait, undefined);
  sent.catch(() => {});
  worker.terminate();
  assertEquals([bus.detach(token), bus.detach(token)], [true, false]);
  await within("the failure", assertRejects(() => sent));
  await assertRejects(() => bus.commandDispatcher.local.send(Where, {}), NoHandlerError);
});

Deno.test("attach() takes a token once, and nothing else", async () => {
  await using bus = await MessageBus.start({ machine: false });
  const token = bus.token();
  using handle = MessageBus.attach(token);
  assertEquals(handle.self, bus.self);
  assertThrows(() => MessageBus.attach(token), MisuseError, "this token was used before");
  assertThrows(() => MessageBus.attach({} as never), TypeError, "bus token");
  handle.commandDispatcher.handle(Where, () => "here");
  await bus.commandDispatcher.local.whenHandled(Where);
  assertEquals(await handle.commandDispatcher.local.send(Where, {}), "here");
  await assertRejects(() => handle.commandDispatcher.network.send(Where, {}), MisuseError);
  const answers = await Array.fromAsync(handle.commandDispatcher.local.scatter(Where({})));
  assertEquals(answers, [{ node: bus.self, isOk: true, value: "here" }]);
  handle.close();
  await handle.closed;
  await eventually("the handler is gone", () => {
    using _end = probe(bus);
    return _end !== undefined;
  });
});

/** Handles a command, if nobody else does. */
function probe(bus: MessageBus): Disposable | undefined {
  try {
    return bus.commandDispatcher.handle(Where, () => "free");
  } catch {
    return undefined;
  }
}
