import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { defineCommand, defineEvent } from "../../../src/bus/dispatch/definition.ts";
import { ClosedError } from "../../../src/error/transport_error.ts";
import { MemoryMesh } from "./bus_memory_mesh.ts";

// deno-lint-ignore no-explicit-any -- what these tests give is wrong on purpose
type Wrong = any;

const Tick = defineEvent<number>("calls.tick");
const Add = defineCommand<number, number>("calls.add");

/** Every wrong call fails with one of the two errors for a caller's fault, and says what it was. */
async function assertMistakes(
  mistakes: readonly (readonly [() => unknown, typeof TypeError | typeof RangeError, string])[],
): Promise<void> {
  for (const [call, type, text] of mistakes) {
    const error = await Promise.try(call).then(() => undefined, (thrown) => thrown);
    assertInstanceOf(error, type, `${text}: got ${error}`);
    assertEquals(error.message.includes(text), true, `"${error.message}" does not say "${text}"`);
  }
}

Deno.test("publish() and its kin name what was given instead of an event", async () => {
  const events: Wrong = (await new MemoryMesh().start("a")).events;
  await assertMistakes([
    [() => events.publish(undefined), TypeError, "publish() takes an event that defineEvent() made: got undefined"],
    [() => events.publish({ n: 1 }), TypeError, "got another value"],
    [() => events.publish("calls.tick", 1), TypeError, 'got the text "calls.tick"'],
    [() => events.publish(Add(1)), TypeError, "got the command calls.add"],
    [() => events.publish(() => {}, 1), TypeError, "got a function"],
    [() => events.subscribe(Add, () => {}), TypeError, "subscribe() takes an event"],
    [() => events.subscribe(Tick), TypeError, "A handler must be"],
    [() => events.whenSubscribed("calls.tick"), TypeError, "whenSubscribed() takes an event"],
  ]);
});

Deno.test("send() and its kin name what was given instead of a command", async () => {
  const { commands }: Wrong = await new MemoryMesh().start("a");
  await assertMistakes([
    [() => commands.local.send(), TypeError, "send() takes a command that defineCommand() made: got undefined"],
    [() => commands.local.send(null), TypeError, "got null"],
    [() => commands.local.send(Tick(1)), TypeError, "got the event calls.tick"],
    [() => commands.local.scatter(Tick(1)), TypeError, "scatter() takes a command"],
    [() => commands.handle(Tick, () => {}), TypeError, "handle() takes a command"],
    [() => commands.handle("calls.add", () => {}), TypeError, 'got the text "calls.add"'],
    [() => commands.local.whenHandled("calls.add"), TypeError, "whenHandled() takes a command"],
  ]);
});

Deno.test("calls refuse options that are none, unknown, of another type or out of bounds", async () => {
  const { events, commands }: Wrong = await new MemoryMesh().start("a");
  const publish = (options: unknown) => () => events.publish(Tick(1), options);
  const send = (options: unknown) => () => commands.local.send(Add(1), options);
  const await_ = (options: unknown) => () => commands.local.whenHandled(Add, options);
  await assertMistakes([
    [publish(5000), TypeError, "The options of publish() must be an object"],
    [publish({ timeout: 5 }), TypeError, "publish() has no option timeout"],
    [publish({ timeoutMs: NaN }), RangeError, "timeoutMs"],
    [publish({ timeoutMs: "5" }), TypeError, "timeoutMs"],
    [publish({ scope: "global" }), TypeError, "scope must be one of local, machine, cluster, network"],
    [publish({ signal: new AbortController() }), TypeError, "AbortSignal"],
    [publish({ toSelf: 1 }), TypeError, "toSelf"],
    [send(null), TypeError, "The options of send() must be an object"],
    [send({ timeoutMs: -1 }), RangeError, "timeoutMs must be at least 0"],
    [send({ node: 5 }), TypeError, "node must be a text"],
    [send({ key: 5 }), TypeError, "key must be a text"],
    [send({ choice: "random" }), TypeError, "choice must be one of"],
    [() => commands.local.scatter(Add(1), { timeout: 5 }), TypeError, "no option timeout"],
    [await_({ count: 0 }), RangeError, "count"],
    [await_({ count: 1.5 }), RangeError, "count"],
    [await_({ timeout: 5 }), TypeError, "whenHandled() has no option timeout"],
  ]);
});

Deno.test("what is subscribed or handled at a closed bus is refused", async () => {
  const { core, events, commands } = await new MemoryMesh().start("a");
  await core.close();
  assertThrows(() => events.subscribe(Tick, () => {}), ClosedError, "this bus was closed");
  assertThrows(() => commands.handle(Add, (n) => n), ClosedError, "this bus was closed");
  await assertRejects(() => events.publish(Tick(1)), ClosedError, "this bus was closed");
});
