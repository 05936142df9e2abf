/**
 * What every carrier of a bus must do, as one list of cases: the mesh, the scope machine and an engine run it alike.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BusScope,
  CommandError,
  type CommandScope,
  defineCommand,
  defineEvent,
  MessageBus,
  type MessageBusOptions,
  NoHandlerError,
  TimeoutError,
} from "../../src/api/bus_mod.ts";
import { eventually, within } from "./waiting.ts";

/** One carrier. */
export interface BusSubject {
  /** What it is called in the names of the tests. */
  readonly name: string;
  /** The scope that it serves. */
  readonly scope: Exclude<BusScope, "local">;
  /** Whether it serves clusters, too. */
  readonly hasClusters: boolean;
  /** The options by which buses of one test find each other, and no others. */
  options(): MessageBusOptions;
}

const Tick = defineEvent<{ n: number; text?: string }>("suite.tick");
const Add = defineCommand<{ n: number }, { sum: number }>("suite.add");
const Wait = defineCommand<number, string>("suite.wait");
const Who = defineCommand<void, string>("suite.who");

/** Runs a test with as many buses as it has names; all are closed behind it. */
async function withBuses(
  subject: BusSubject,
  names: readonly string[],
  run: (...buses: readonly MessageBus[]) => Promise<void>,
  more: MessageBusOptions = {},
): Promise<void> {
  const options = subject.options();
  await using stack = new AsyncDisposableStack();
  const buses: MessageBus[] = [];
  for (const name of names) buses.push(stack.use(await MessageBus.start({ ...options, ...more, name })));
  await run(...buses);
}

function scopeOf(bus: MessageBus, { scope }: BusSubject): CommandScope {
  return bus.commandDispatcher[scope];
}

/**
 * Registers all cases for a carrier.
 *
 * @param subject The carrier.
 * @param ignore Whether they are skipped.
 */
export function testBus(subject: BusSubject, ignore = false): void {
  for (const [name, fn] of Object.entries(CASES)) {
    Deno.test({ name: `${subject.name}: ${name}`, ignore, fn: () => fn(subject) });
  }
}

const CASES: Readonly<Record<string, (subject: BusSubject) => Promise<void>>> = {
  "events reach who subscribes, each once and in order": (subject) =>
    withBuses(subject, ["a", "b", "c"], async (a, b, c) => {
      const got: [number[], number[], string[]] = [[], [], []];
      b!.eventDispatcher.subscribe(Tick, ({ n }) => void got[0].push(n));
      b!.eventDispatcher.subscribe("suite.*", (value) => void got[1].push((value as { n: number }).n));
      c!.eventDispatcher.subscribe("other.*", (_value, { topic }) => void got[2].push(topic));
      await a!.eventDispatcher.whenSubscribed(Tick);
      const text = "long enough to be compressed ".repeat(100);
      const count = 500;
      for (let n = 0; n < count; n++) {
        await a!.eventDispatcher.publish(Tick, n % 100 === 0 ? { n, text } : { n });
      }
      await eventually("all events came", () => got[0].length >= count && got[1].length >= count);
      const expected = Array.from({ length: count }, (_, n) => n);
      assertEquals(got, [expected, expected, []]);
    }),

  "commands have their result, or what the handler threw": (subject) =>
    withBuses(subject, ["a", "b"], async (a, b) => {
      b!.commandDispatcher.handle(Add, ({ n }, { from, scope }) => {
        if (n < 0) throw new CommandError("Negative", "No negative numbers", { n });
        return { sum: from.name === "a" && scope === subject.scope ? n + 1 : -1 };
      });
      const scope = scopeOf(a!, subject);
      await scope.whenHandled(Add);
      assertEquals(await scope.send(Add({ n: 41 })), { sum: 42 });
      const error = await assertRejects(() => scope.send(Add({ n: -1 })), CommandError, "No negative numbers");
      assertEquals([error.errorName, error.data], ["Negative", { n: -1 }]);
      const all = await Promise.all(Array.from({ length: 300 }, (_, n) => scope.send(Add, { n })));
      assertEquals(all.map(({ sum }) => sum), Array.from({ length: 300 }, (_, n) => n + 1));
    }),

  "commands that nobody handles fail at once, and a command handled later is found": (subject) =>
    withBuses(subject, ["a", "b"], async (a, b) => {
      const scope = scopeOf(a!, subject);
      await assertRejects(() => scope.send(Add, { n: 1 }), NoHandlerError);
      const end = b!.commandDispatcher.handle(Add, ({ n }) => ({ sum: n }));
      await scope.whenHandled(Add);
      assertEquals(await scope.send(Add, { n: 1 }), { sum: 1 });
      end();
      await assertRejects(() => scope.send(Add, { n: 1 }), NoHandlerError);
    }),

  "a deadline and a signal reach the handler": (subject) =>
    withBuses(subject, ["a", "b"], async (a, b) => {
      const reasons: string[] = [];
      b!.commandDispatcher.handle(Wait, (_ms, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            reasons.push((signal.reason as Error).name);
            resolve("stopped");
          });
        }));
      const scope = scopeOf(a!, subject);
      await scope.whenHandled(Wait);
      await assertRejects(() => scope.send(Wait, 1, { timeoutMs: 50 }), TimeoutError);
      const controller = new AbortController();
      const sent = scope.send(Wait, 2, { signal: controller.signal });
      sent.catch(() => {});
      await eventually("the command is on its way", () => b!.statistics().commandsReceived >= 2);
      controller.abort(new Error("enough"));
      await assertRejects(() => sent, Error, "enough");
      await eventually("the handler was told twice", () => reasons.length === 2);
    }),

  "a named node, a key, all nodes": (subject) =>
    withBuses(subject, ["a", "b", "c"], async (a, b, c) => {
      for (const bus of [a!, b!, c!]) bus.commandDispatcher.handle(Who, () => bus.self.name);
      const scope = scopeOf(a!, subject);
      await scope.whenHandled(Who, { count: 3 });
      assertEquals(await scope.send(Who(), { node: "c" }), "c");
      assertEquals(await scope.send(Who(), { node: b!.self.id }), "b");
      await assertRejects(() => scope.send(Who(), { node: "d" }), NoHandlerError);
      const answers = await Array.fromAsync(scope.scatter(Who()));
      assertEquals(answers.map((answer) => answer.isOk && answer.value).sort(), ["a", "b", "c"]);
      const keyed = await Promise.all([1, 2, 3, 4].map(() => scope.send(Who(), { key: "order 7" })));
      assertEquals(new Set(keyed).size, 1);
      const scopeOfC = scopeOf(c!, subject);
      await scopeOfC.whenHandled(Who, { count: 3 });
      assertEquals(await scopeOfC.send(Who(), { key: "order 7" }), keyed[0]);
      const inTurn = await Promise.all(Array.from({ length: 6 }, () => scope.send(Who())));
      assertEquals(inTurn.toSorted(), ["a", "a", "b", "b", "c", "c"]);
    }),

  "a node that leaves is told as left, and what it had in hand fails at once": (subject) => {
    const changes: string[] = [];
    const onNode = (change: string, { name }: { readonly name: string }): void =>
      void changes.push(`${change} ${name}`);
    return withBuses(subject, ["a", "b"], async (a, b) => {
      b!.commandDispatcher.handle(Wait, () => new Promise(() => {}));
      const scope = scopeOf(a!, subject);
      await scope.whenHandled(Wait);
      const sent = scope.send(Wait, 1, { timeoutMs: 60_000 });
      sent.catch(() => {});
      await eventually("the command is in hand", () => b!.statistics().commandsReceived > 0);
      await b!.close();
      const error = await within("the failure", sent.catch((one) => one as Error));
      assert(!(error instanceof TimeoutError), String(error));
      await eventually("the leaving is told", () => changes.includes("left b"));
      assertEquals(changes.filter((one) => one.startsWith("failed")), []);
      await assertRejects(() => scope.send(Wait, 1), NoHandlerError);
    }, { onNode });
  },

  "what is published before a node closes goes out": (subject) =>
    withBuses(subject, ["a", "b"], async (a, b) => {
      const got: number[] = [];
      b!.eventDispatcher.subscribe(Tick, ({ n }) => void got.push(n));
      await a!.eventDispatcher.whenSubscribed(Tick);
      for (let n = 0; n < 50; n++) void a!.eventDispatcher.publish(Tick, { n });
      await a!.close();
      await eventually("all events came", () => got.length === 50);
    }),

  "a cluster is its own nodes": (subject) => subject.hasClusters ? inClusters(subject) : Promise.resolve(),

  "what is too large to send fails where it is sent": (subject) =>
    withBuses(subject, ["a", "b"], async (a, b) => {
      b!.commandDispatcher.handle(Add, ({ n }) => ({ sum: n }));
      b!.eventDispatcher.subscribe("*", () => {});
      await a!.eventDispatcher.whenSubscribed(Tick);
      const text = "x".repeat(20_000);
      await assertRejects(() => a!.eventDispatcher.publish(Tick, { n: 1, text }), RangeError);
      const scope = scopeOf(a!, subject);
      await scope.whenHandled(Add);
      await assertRejects(() => scope.send(Add, { n: 1, text } as { n: number }), RangeError);
      assertEquals(await scope.send(Add, { n: 1 }), { sum: 1 });
    }, { maxValueBytes: 10_000 }),
};

async function inClusters(subject: BusSubject): Promise<void> {
  const options = subject.options();
  const start = (name: string, cluster: string): Promise<MessageBus> => MessageBus.start({ ...options, name, cluster });
  await using a = await start("a", "blue");
  await using b = await start("b", "blue");
  await using c = await start("c", "red");
  const got: string[] = [];
  for (const bus of [b, c]) {
    bus.commandDispatcher.handle(Who, () => bus.self.name);
    bus.eventDispatcher.subscribe(Tick, () => void got.push(bus.self.name));
  }
  const { cluster, network } = a.commandDispatcher;
  await network.whenHandled(Who, { count: 2 });
  await a.eventDispatcher.whenSubscribed(Tick, { count: 2 });
  const answers = await Promise.all(Array.from({ length: 4 }, () => cluster.send(Who())));
  assertEquals(answers, ["b", "b", "b", "b"]);
  await assertRejects(() => cluster.send(Who(), { node: "c" }), NoHandlerError);
  await a.eventDispatcher.publish(Tick, { n: 1 }, { scope: "cluster" });
  await a.eventDispatcher.publish(Tick, { n: 2 }, { scope: "network" });
  await eventually("the event for all came", () => got.includes("c") && got.length >= 3);
  assertEquals(got.toSorted(), ["b", "b", "c"]);
}
