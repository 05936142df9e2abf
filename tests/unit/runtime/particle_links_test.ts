import { assert, assertEquals, assertRejects } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ConnectError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { DisconnectReason } from "../../../src/runtime/connection.ts";
import { type ParticleOptions, resolveParticleOptions } from "../../../src/runtime/particle_options.ts";
import { ParticleRuntime } from "../../../src/runtime/particle_runtime.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";
import { HeldLink } from "./held_link.ts";
import { watchedSignal } from "./watched_signal.ts";
import { watchingBlocks } from "./watching_blocks.ts";

/** A particle in virtual time whose attempts to connect end when the test says so, aborted or not. */
class Bench {
  readonly scheduler: ManualScheduler = new ManualScheduler();
  readonly attempts: PromiseWithResolvers<StreamLink>[] = [];
  readonly reasons: DisconnectReason[] = [];
  readonly particle: ParticleRuntime;

  constructor(options: Partial<ParticleOptions> = {}) {
    this.particle = new ParticleRuntime(
      resolveParticleOptions({ port: 1, ...options }),
      { onDisconnected: (reason) => void this.reasons.push(reason) },
      {
        target: { transport: "memory", name: "there" },
        listen: () => {
          throw new Error("A particle never listens");
        },
        connect: () => {
          const attempt = Promise.withResolvers<StreamLink>();
          this.attempts.push(attempt);
          return attempt.promise;
        },
      },
      { scheduler: this.scheduler, random: new SeededRandom(1) },
    );
  }

  /** Ends the last attempt with a link. */
  async connect(): Promise<HeldLink> {
    const link = new HeldLink();
    this.attempts.at(-1)!.resolve(link);
    await this.scheduler.settle();
    return link;
  }

  get codes(): CloseCode[] {
    return this.reasons.map(({ code }) => code);
  }
}

Deno.test("ParticleRuntime closes a link that comes after abort(), and says nothing more", async () => {
  const bench = new Bench();
  bench.particle.start();
  bench.particle.abort();
  await bench.scheduler.settle();
  assertEquals(bench.codes, [CloseCode.Aborted]);
  const link = await bench.connect();
  assert(link.closed);
  assertEquals(link.readingInto, undefined);
  assertEquals(bench.particle.isConnected, false);
  assertEquals(bench.codes, [CloseCode.Aborted]);
  assertEquals(bench.scheduler.pendingAlarms, 0);
});

Deno.test("ParticleRuntime closes a link that comes after close()", async () => {
  const bench = new Bench();
  bench.particle.start();
  await bench.particle.close();
  assertEquals((await bench.connect()).closed, true);
  assertEquals(bench.codes, [CloseCode.Normal]);
});

Deno.test("ParticleRuntime closes a link that comes after closeTimeoutMs", async () => {
  const bench = new Bench({ closeTimeoutMs: 500 });
  bench.particle.start();
  assertEquals(bench.particle.sender.trySend(new Uint8Array(10)), SendStatus.Queued);
  void bench.particle.close();
  await bench.scheduler.settle(500);
  assertEquals(bench.codes, [CloseCode.CloseTimeout]);
  const link = await bench.connect();
  assert(link.closed);
  assertEquals(link.writingFrom, undefined);
});

Deno.test("ParticleRuntime hears nothing of an attempt that fails after abort()", async () => {
  const bench = new Bench({ reconnect: true });
  bench.particle.start();
  bench.particle.abort();
  bench.attempts[0]!.reject(new ConnectError("too late"));
  await bench.scheduler.settle(60_000);
  assertEquals(bench.codes, [CloseCode.Aborted]);
  assertEquals(bench.attempts.length, 1);
});

Deno.test("ParticleRuntime takes its listener off the signal, whatever its end", async () => {
  const ends: Record<string, (bench: Bench, controller: AbortController) => unknown> = {
    "close() before there is a link": ({ particle }) => particle.close(),
    "abort() before there is a link": ({ particle }) => particle.abort(),
    "no link": ({ attempts }) => attempts[0]!.reject(new ConnectError("nobody there")),
    "abort()": async (bench) => {
      const link = await bench.connect();
      bench.particle.abort();
      link.endRead(new Error("closed"));
    },
    "the peer's end": async (bench) => (await bench.connect()).endRead(null),
    "the signal": (_bench, controller) => controller.abort(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { controller, listeners } = watchedSignal();
    const bench = new Bench({ signal: controller.signal });
    bench.particle.whenConnected.catch(() => {});
    bench.particle.start();
    assertEquals(listeners.size, 1, name);
    await end(bench, controller);
    await bench.scheduler.settle(10_000);
    await bench.particle.whenClosed;
    assertEquals(listeners.size, 0, name);
    assertEquals(bench.reasons.length, 1, name);
  }
});

Deno.test("ParticleRuntime keeps its listener on the signal as long as it connects again", async () => {
  const { controller, listeners } = watchedSignal();
  const bench = new Bench({ signal: controller.signal, reconnect: true });
  bench.particle.start();
  bench.attempts[0]!.reject(new ConnectError("nobody there"));
  await bench.scheduler.settle(1000);
  assertEquals(bench.attempts.length, 2);
  assertEquals(listeners.size, 1);
  controller.abort();
  await bench.particle.whenClosed;
  assertEquals(listeners.size, 0);
  await assertRejects(() => bench.particle.whenConnected);
});

Deno.test("ParticleRuntime neither reports a lost link nor connects again before a pending write has settled", async () => {
  for (const outcome of [undefined, new Error("broken pipe")]) {
    await watchingBlocks(async (given) => {
      const bench = new Bench({ reconnect: true });
      bench.particle.start();
      const link = await bench.connect();
      assertEquals(bench.particle.sender.trySend(new Uint8Array(100).fill(7)), SendStatus.Queued);
      await bench.scheduler.settle();
      const lent = link.writingFrom!;
      assertEquals(lent.length, 104);
      link.endRead(new Error("connection reset"));
      await bench.scheduler.settle(60_000);
      assert(link.closed);
      assertEquals(bench.codes, []);
      assertEquals(bench.attempts.length, 1);
      assertEquals(given.has(lent.buffer), false);
      link.endWrite(outcome);
      await bench.scheduler.settle(1000);
      assertEquals(bench.codes, [CloseCode.LinkLost]);
      assertEquals(bench.attempts.length, 2);
      bench.particle.abort();
    });
  }
});

Deno.test("ParticleRuntime is not closed before a pending write has settled, nor is its read memory free", async () => {
  await watchingBlocks(async (given) => {
    const bench = new Bench();
    bench.particle.start();
    const link = await bench.connect();
    assertEquals(bench.particle.sender.trySend(new Uint8Array(100)), SendStatus.Queued);
    await bench.scheduler.settle();
    const reading = link.readingInto!.buffer;
    const writing = link.writingFrom!.buffer;
    let isClosed = false;
    void bench.particle.whenClosed.then(() => isClosed = true);
    bench.particle.abort();
    await bench.scheduler.settle(60_000);
    assert(link.closed);
    assertEquals({ isClosed, codes: bench.codes }, { isClosed: false, codes: [] });
    assertEquals([given.has(reading), given.has(writing)], [false, false]);
    link.endWrite(new Error("closed"));
    await bench.scheduler.settle();
    assertEquals({ isClosed, codes: bench.codes }, { isClosed: true, codes: [CloseCode.Aborted] });
    assertEquals(given.has(reading), false);
    link.endRead(new Error("closed"));
    await bench.scheduler.settle();
    assert(given.has(reading));
  });
});
