import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ClosedError, ConnectError, TimeoutError } from "../../../src/error/transport_error.ts";
import { MemoryLink } from "../../../src/io/memory/memory_link.ts";
import { MemoryNetwork } from "../../../src/io/memory/memory_network.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { DisconnectReason } from "../../../src/runtime/connection.ts";
import {
  type ParticleHandlers,
  type ParticleOptions,
  type ReconnectOptions,
  resolveParticleOptions,
} from "../../../src/runtime/particle_options.ts";
import { ParticleRuntime } from "../../../src/runtime/particle_runtime.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../../src/transport/stream_link.ts";

const SEED = 20_240_101;
const RECONNECT: Required<Pick<ReconnectOptions, "baseMs" | "maxMs" | "stableMs">> = {
  baseMs: 100,
  maxMs: 1000,
  stableMs: 5000,
};

/** A particle in virtual time, its network, and when it tried to connect. */
class Bench {
  readonly scheduler: ManualScheduler = new ManualScheduler();
  readonly network: MemoryNetwork;
  readonly attempts: number[] = [];
  readonly reasons: DisconnectReason[] = [];
  readonly particle: ParticleRuntime;
  #listener: StreamListener | undefined = undefined;

  constructor(options: Partial<ParticleOptions> = {}, handlers: ParticleHandlers = {}, backlogCount = 511) {
    this.network = new MemoryNetwork({ scheduler: this.scheduler, backlogCount });
    const fabric = this.network.fabric("server");
    const watched: StreamFabric = {
      target: fabric.target,
      listen: () => fabric.listen(),
      connect: (signal) => {
        this.attempts.push(this.scheduler.clock.now);
        return fabric.connect(signal);
      },
    };
    this.particle = new ParticleRuntime(
      resolveParticleOptions({ port: 1, reconnect: RECONNECT, ...options }),
      { ...handlers, onDisconnected: (reason) => void this.reasons.push(reason) },
      watched,
      { scheduler: this.scheduler, random: new SeededRandom(SEED) },
    );
  }

  listen(): void {
    this.#listener = this.network.fabric("server").listen();
  }

  unlisten(): void {
    this.#listener?.close();
  }

  accept(): Promise<StreamLink> {
    assert(this.#listener !== undefined);
    return this.#listener.accept();
  }

  /** Lets virtual time pass until another attempt is made. */
  async nextAttempt(): Promise<number> {
    const before = this.attempts.length;
    for (let steps = 0; this.attempts.length === before; steps++) {
      assert(steps < 200_000, `no attempt after ${this.scheduler.clock.now} ms (seed ${SEED})`);
      await this.scheduler.settle(1);
    }
    return this.attempts.at(-1)!;
  }
}

/** The delays that full jitter draws: a fraction of a window that doubles. */
function expectedDelays(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, (_, i) => random.visibleFraction() * Math.min(RECONNECT.maxMs, 100 * 2 ** i));
}

Deno.test("ParticleRuntime tries again after delays of full jitter", async () => {
  const bench = new Bench();
  bench.particle.start();
  await bench.scheduler.settle(20_000);
  const delays = expectedDelays(new SeededRandom(SEED), 20);
  let at = 0;
  const expected = [0, ...delays.map((delay) => at += delay)];
  assertEquals(bench.attempts.slice(0, 21).map(Math.round), expected.map(Math.round), `seed ${SEED}`);
  assert(bench.reasons.every(({ code, cause }) => code === CloseCode.ConnectFailed && cause instanceof ConnectError));
  bench.particle.abort();
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("ParticleRuntime widens its delays against a server that accepts and drops at once", async () => {
  const bench = new Bench();
  bench.listen();
  bench.particle.start();
  const random = new SeededRandom(SEED);
  const delays = expectedDelays(random, 8);
  for (const delay of delays) {
    (await bench.accept()).close();
    const before = bench.scheduler.clock.now;
    const at = await bench.nextAttempt();
    assertEquals(Math.round(at - before), Math.round(delay), `seed ${SEED}`);
  }
  bench.particle.abort();
});

Deno.test("ParticleRuntime forgets its failures only after a connection that was stable", async () => {
  for (const lasted of [4999, 5000]) {
    const bench = new Bench();
    bench.listen();
    bench.particle.start();
    const random = new SeededRandom(SEED);
    const early = expectedDelays(random, 4);
    for (const _ of early) {
      (await bench.accept()).close();
      await bench.nextAttempt();
    }
    const link = await bench.accept();
    await bench.scheduler.settle(lasted);
    link.close();
    const before = bench.scheduler.clock.now;
    const at = await bench.nextAttempt();
    const widest = lasted < RECONNECT.stableMs ? RECONNECT.maxMs : RECONNECT.baseMs;
    assertEquals(Math.round(at - before), Math.round(random.visibleFraction() * widest), `seed ${SEED}, ${lasted} ms`);
    bench.particle.abort();
  }
});

Deno.test("ParticleRuntime with reconnect gives up after maxAttempts and leaves nothing armed", async () => {
  const bench = new Bench({ reconnect: { ...RECONNECT, maxAttempts: 4 } });
  bench.particle.start();
  await bench.scheduler.settle(60_000);
  assertEquals(bench.attempts.length, 5);
  assertEquals(bench.reasons.length, 5);
  assertEquals(bench.particle.over, true);
  assertEquals(bench.scheduler.pendingAlarms, 0);
  await assertRejects(() => bench.particle.whenConnected, ConnectError);
  await bench.particle.whenClosed;
});

Deno.test("ParticleRuntime gives up an attempt after connectTimeoutMs", async () => {
  const bench = new Bench({ reconnect: false, connectTimeoutMs: 3000 }, {}, 1);
  bench.listen();
  // Takes the only place in the backlog, so that the particle waits.
  await bench.network.fabric("server").connect(new AbortController().signal);
  bench.particle.start();
  await bench.scheduler.settle(2999);
  assertEquals(bench.reasons, []);
  await bench.scheduler.settle(1);
  assertEquals(bench.reasons.map(({ code }) => code), [CloseCode.ConnectFailed]);
  assertInstanceOf(bench.reasons[0]!.cause, TimeoutError);
  await assertRejects(() => bench.particle.whenConnected, TimeoutError);
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("ParticleRuntime bounds close() while the first link does not come", async () => {
  const bench = new Bench({ reconnect: false, closeTimeoutMs: 500, connectTimeoutMs: 60_000 }, {}, 1);
  bench.listen();
  await bench.network.fabric("server").connect(new AbortController().signal);
  bench.particle.start();
  assertEquals(bench.particle.sender.trySend(new Uint8Array(10)), SendStatus.Queued);
  void bench.particle.close();
  await bench.scheduler.settle(499);
  assertEquals(bench.particle.over, false);
  await bench.scheduler.settle(1);
  assertEquals(bench.particle.over, true);
  assertEquals(bench.reasons.map(({ code, unsentCount }) => ({ code, unsentCount })), [
    { code: CloseCode.CloseTimeout, unsentCount: 1 },
  ]);
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("ParticleRuntime keeps its queue over a reset: what went out in part is lost, nothing comes twice", async () => {
  const bench = new Bench();
  bench.listen();
  bench.particle.start();
  const first = await bench.accept();
  const sizes = [10, 100_000, 20, 30];
  for (const size of sizes) assertEquals(bench.particle.sender.trySend(new Uint8Array(size)), SendStatus.Queued);
  await bench.scheduler.settle();
  // The memory link holds 64 KiB: the first message went over, the second one in part.
  assertInstanceOf(first, MemoryLink);
  first.reset();
  await bench.scheduler.settle();
  assertEquals(bench.reasons.map(({ code, unsentCount }) => ({ code, unsentCount })), [
    { code: CloseCode.LinkLost, unsentCount: 1 },
  ]);
  await bench.nextAttempt();
  const second = await bench.accept();
  await bench.scheduler.settle();
  const received = new Uint8Array(1000);
  assertEquals(await second.read(received), 58);
  const view = new DataView(received.buffer);
  assertEquals([view.getInt32(0, true), view.getInt32(24, true)], [20, 30]);
  const { messagesOut, unsent } = bench.particle.statistics();
  assertEquals({ messagesOut, unsent }, { messagesOut: 3, unsent: 1 });
  bench.particle.abort();
});

Deno.test("ParticleRuntime closes in order after a lost link and a full queue with the policy close", async () => {
  const bench = new Bench({ sendPolicy: "close", maxQueuedBytes: 1024 });
  bench.listen();
  bench.particle.start();
  await bench.accept();
  await bench.scheduler.settle();
  const { sender } = bench.particle;
  assertEquals(sender.trySend(new Uint8Array(1000)), SendStatus.Queued);
  assertEquals(sender.trySend(new Uint8Array(1000)), SendStatus.Closed);
  await bench.scheduler.settle();
  assertEquals(bench.reasons.map(({ code }) => code), [CloseCode.SendQueueFull]);
  await bench.nextAttempt();
  const link = await bench.accept();
  await bench.scheduler.settle();
  const received = new Uint8Array(4096);
  await link.read(received);
  assertEquals(sender.trySend(new Uint8Array(500)), SendStatus.Queued);
  void bench.particle.close();
  assertEquals(sender.trySend(new Uint8Array(1)), SendStatus.Closed);
  await bench.scheduler.settle();
  assertEquals(await link.read(received), 504);
  link.close();
  await bench.scheduler.settle();
  assertEquals(bench.reasons.slice(1).map(({ code, unsentCount }) => ({ code, unsentCount })), [
    { code: CloseCode.Normal, unsentCount: 0 },
  ]);
});

Deno.test("ParticleRuntime refuses and recovers with whileDisconnected refuse", async () => {
  const bench = new Bench({ reconnect: { ...RECONNECT, whileDisconnected: "refuse" } });
  bench.listen();
  bench.particle.start();
  const link = await bench.accept();
  await bench.scheduler.settle();
  const { sender } = bench.particle;
  link.close();
  await bench.scheduler.settle();
  assertEquals(sender.trySend(new Uint8Array(1)), SendStatus.NotConnected);
  await assertRejects(() => sender.send(new Uint8Array(1)), ClosedError);
  await assertRejects(() => sender.send(new Uint8Array(100_000)), ClosedError);
  await bench.nextAttempt();
  await bench.accept();
  await bench.scheduler.settle();
  assertEquals(sender.trySend(new Uint8Array(1)), SendStatus.Queued);
  await sender.send(new Uint8Array(1));
  bench.particle.abort();
});

Deno.test("ParticleRuntime that is not reconnecting arms nothing after its end and holds no queue", async () => {
  const bench = new Bench({ reconnect: false, idleTimeoutMs: 1000 });
  bench.listen();
  bench.particle.start();
  const link = await bench.accept();
  bench.particle.sender.trySend(new Uint8Array(200_000));
  await bench.scheduler.settle();
  link.close();
  await bench.scheduler.settle();
  await bench.particle.whenClosed;
  assertEquals(bench.reasons.length, 1);
  assertEquals(bench.particle.sender.outbox.queuedBytes, 0);
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("ParticleRuntime survives a link that comes after it was aborted", async () => {
  const bench = new Bench({ reconnect: false }, {}, 1);
  bench.listen();
  await bench.network.fabric("server").connect(new AbortController().signal);
  bench.particle.start();
  bench.particle.abort();
  await bench.accept();
  await bench.scheduler.settle(1000);
  assertEquals(bench.reasons.map(({ code }) => code), [CloseCode.Aborted]);
  assertEquals(bench.particle.isConnected, false);
});
