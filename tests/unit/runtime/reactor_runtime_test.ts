import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { CounterTable } from "../../../src/metric/counter_table.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { Connection } from "../../../src/runtime/connection.ts";
import {
  type ReactorHandlers,
  type ReactorOptions,
  resolveReactorOptions,
} from "../../../src/runtime/reactor_options.ts";
import { ReactorRuntime } from "../../../src/runtime/reactor_runtime.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { HeldLink, HeldListener } from "./held_link.ts";
import { watchedSignal } from "./watched_signal.ts";
import { watchingBlocks } from "./watching_blocks.ts";

/** A reactor in virtual time over links that the test holds. */
class Bench {
  readonly scheduler: ManualScheduler = new ManualScheduler();
  readonly listener: HeldListener = new HeldListener(this.scheduler.clock);
  readonly errors: unknown[] = [];
  readonly ends: CloseCode[] = [];
  readonly connections: Connection[] = [];
  readonly reactor: ReactorRuntime;

  constructor(options: ReactorOptions = {}) {
    const { listener } = this;
    this.reactor = new ReactorRuntime(
      resolveReactorOptions(options),
      { target: listener.address, listen: () => listener, connect: () => Promise.reject(new Error("never")) },
      { scheduler: this.scheduler, random: new SeededRandom(1) },
    );
  }

  start(handlers: ReactorHandlers = {}): void {
    this.reactor.start({
      onConnected: (connection) => void this.connections.push(connection),
      onDisconnected: (_connection, { code }) => void this.ends.push(code),
      onError: (error) => void this.errors.push(error),
      ...handlers,
    });
  }

  async accept(name = "client"): Promise<HeldLink> {
    const link = new HeldLink(name);
    this.listener.offer(link);
    await this.scheduler.settle();
    return link;
  }
}

/** Whole frames of 8 bytes of payload each. */
function frames(...names: number[]): Uint8Array {
  return new Uint8Array(names.flatMap((name) => [8, 0, 0, 0, ...new Uint8Array(8).fill(name)]));
}

Deno.test("ReactorRuntime uses the slots of closed connections again and keeps what they counted", async () => {
  const { add } = CounterTable.prototype;
  const slots = new Set<number>();
  CounterTable.prototype.add = function (this: CounterTable, slot, counterIndex, n): void {
    slots.add(slot);
    add.call(this, slot, counterIndex, n);
  };
  try {
    const bench = new Bench();
    bench.start();
    for (let round = 1; round <= 20; round++) {
      const link = await bench.accept();
      const connection = bench.connections.at(-1)!;
      assertEquals(connection.statistics().messagesIn, 0);
      link.endRead(frames(...Array(round).keys()));
      await bench.scheduler.settle();
      assertEquals(connection.statistics().messagesIn, round);
      link.endRead(null);
      await bench.scheduler.settle();
    }
    assertEquals(bench.ends.length, 20);
    assertEquals(
      bench.connections.map((one) => one.statistics().messagesIn),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    assertEquals(bench.reactor.statistics().messagesIn, 210);
    assertEquals([...slots], [0]);
  } finally {
    CounterTable.prototype.add = add;
  }
});

Deno.test("ReactorRuntime pauses after accept errors for 5 ms, twice as long each time up to 1 s", async () => {
  const bench = new Bench();
  bench.listener.failing = true;
  bench.start();
  await bench.scheduler.settle(4300);
  assertEquals(bench.listener.attempts, [0, 5, 15, 35, 75, 155, 315, 635, 1275, 2275, 3275, 4275]);
  assertEquals(bench.errors.length, 12);
  assertInstanceOf(bench.errors[0], Error);
  assertEquals(bench.reactor.statistics().acceptErrors, 12);
  // A link, after which the pauses start over.
  const start = bench.listener.attempts.length;
  await bench.accept();
  await bench.scheduler.settle(1000);
  assertEquals(bench.connections.length, 1);
  const later = bench.listener.attempts.slice(start);
  assertEquals(later, [5275, 5275, 5280, 5290]);
  void bench.reactor.stop();
});

Deno.test("ReactorRuntime.stop() ends the pause after an accept error", async () => {
  const bench = new Bench();
  bench.listener.failing = true;
  bench.start();
  await bench.scheduler.settle(1300);
  const { length } = bench.listener.attempts;
  let isStopped = false;
  void bench.reactor.stop().then(() => isStopped = true);
  assertEquals(bench.scheduler.pendingAlarms, 0);
  await bench.scheduler.settle();
  assert(isStopped);
  await bench.scheduler.settle(10_000);
  assertEquals(bench.listener.attempts.length, length);
});

Deno.test("ReactorRuntime takes its listener off the signal when it stops", async () => {
  const ends: ((reactor: ReactorRuntime, controller: AbortController) => unknown)[] = [
    (reactor) => reactor.stop(),
    (_reactor, controller) => controller.abort(),
  ];
  for (const end of ends) {
    const { controller, listeners } = watchedSignal();
    const bench = new Bench({ signal: controller.signal });
    assertEquals(listeners.size, 0);
    bench.start();
    assertEquals(listeners.size, 1);
    await end(bench.reactor, controller);
    assertEquals(listeners.size, 0);
    assertEquals(bench.listener.closed, true);
  }
});

Deno.test("ReactorRuntime owns a connection until its pending write has settled, and lends its memory to no other", async () => {
  await watchingBlocks(async (given) => {
    const bench = new Bench();
    bench.start();
    const first = await bench.accept("first");
    assertEquals(bench.connections[0]!.trySend(new Uint8Array(100).fill(1)), SendStatus.Queued);
    await bench.scheduler.settle();
    const lent = [first.readingInto!.buffer, first.writingFrom!.buffer];
    bench.connections[0]!.abort();
    await bench.scheduler.settle(60_000);
    assert(first.closed);
    assertEquals(bench.ends, []);
    assertEquals(bench.reactor.statistics().connections, 1);
    const second = await bench.accept("second");
    assertEquals(bench.connections[1]!.trySend(new Uint8Array(100).fill(2)), SendStatus.Queued);
    await bench.scheduler.settle();
    for (const buffer of [second.readingInto!.buffer, second.writingFrom!.buffer]) assert(!lent.includes(buffer));
    assert(lent.every((buffer) => !given.has(buffer)));
    assertEquals(first.endWrite(new Error("closed")), new Uint8Array([100, 0, 0, 0, ...Array(100).fill(1)]));
    await bench.scheduler.settle();
    assertEquals(bench.ends, [CloseCode.Aborted]);
    assertEquals(bench.reactor.statistics().connections, 1);
    assert(!given.has(lent[0]!));
    first.endRead(new Error("closed"));
    await bench.scheduler.settle();
    assert(given.has(lent[0]!));
  });
});

Deno.test("ReactorRuntime hands over no message while a reply to the last one waits for room", async () => {
  for (const isAsync of [false, true]) {
    const bench = new Bench({ maxQueuedBytes: 1024 });
    const received: number[] = [];
    bench.start({
      onReceived: (connection, payload) => {
        received.push(payload[0]!);
        assertEquals(connection.return(new Uint8Array(600).fill(payload[0]!)), SendStatus.Queued);
        return isAsync ? Promise.resolve() : undefined;
      },
    });
    const link = await bench.accept();
    link.endRead(frames(1, 2, 3));
    await bench.scheduler.settle();
    // One reply is being written, the next one waits.
    assertEquals(received, [1, 2], `async: ${isAsync}`);
    const answers: number[] = [];
    for (const expected of [[1, 2, 3], [1, 2, 3]]) {
      assert(link.readingInto === undefined, `async: ${isAsync}`);
      answers.push(link.endWrite()[4]!);
      await bench.scheduler.settle();
      assertEquals(received, expected, `async: ${isAsync}`);
    }
    assert(link.readingInto !== undefined);
    answers.push(link.endWrite()[4]!);
    assertEquals(answers, [1, 2, 3]);
  }
});

Deno.test("ReactorRuntime reads no further batch while a reply to the last one waits for room", async () => {
  for (const isAsync of [false, true]) {
    const bench = new Bench({ maxQueuedBytes: 1024 });
    const received: number[] = [];
    bench.start({
      onBatch: (connection, batch) => {
        while (batch.next()) {
          received.push(batch.payload()[0]!);
          assertEquals(connection.return(new Uint8Array(600)), SendStatus.Queued);
        }
        return isAsync ? Promise.resolve() : undefined;
      },
    });
    const link = await bench.accept();
    link.endRead(frames(1, 2));
    await bench.scheduler.settle();
    assertEquals(received, [1, 2]);
    assert(link.readingInto === undefined, `async: ${isAsync}`);
    link.endWrite();
    await bench.scheduler.settle();
    assert(link.readingInto !== undefined, `async: ${isAsync}`);
    link.endRead(frames(3));
    await bench.scheduler.settle();
    assertEquals(received, [1, 2, 3]);
  }
});
