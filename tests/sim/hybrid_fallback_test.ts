/**
 * Fallback and return in the middle of a session: how soon, and that no reliable message is lost, doubled or reordered.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { HybridClientOptions } from "../../src/runtime/hybrid_options.ts";
import { type ClientEnd, HybridWorld, modes, numbered, numbers, type ServerEnd, taken } from "./hybrid_world.ts";

const ORDER = 0;
const ANY_ORDER = 2;

/** A server and a client that is connected by datagrams; the round trip takes 20 ms. */
async function connected(options: Partial<HybridClientOptions> = {}): Promise<
  ServerEnd & ClientEnd & {
    readonly world: HybridWorld;
  }
> {
  const world = new HybridWorld();
  const server = world.open();
  const client = world.join(options);
  await world.until("connected", () => client.client.core.peers.size === 1, 400);
  await world.scheduler.settle(1000);
  taken(client.client.core);
  taken(server.server.core);
  return { ...server, ...client, world };
}

async function closed({ world, client, server }: Awaited<ReturnType<typeof connected>>): Promise<void> {
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
}

Deno.test("hybrid: over many fallbacks and returns no reliable message is lost, doubled or out of order", async () => {
  for (const seed of [1, 2]) {
    const ends = await connected({ retryDelayMs: 300, maxRetryDelayMs: 600 });
    const { world, client, server, paths } = ends;
    const random = new SeededRandom(seed);
    const [up, down]: [number[], number[]] = [[], []];
    const anyUp: number[] = [];
    let [sent, moves] = [0, 0];
    const talk = async (ms: number): Promise<void> => {
      for (const end = world.scheduler.tick() + ms; world.scheduler.tick() < end;) {
        void client.core.send(1, ORDER, numbered(sent, 1 + 99 + random.nextInt(2000)));
        void client.core.send(1, ANY_ORDER, numbered(sent + 1e6));
        void server.core.send(1, ORDER, numbered(sent++, 200));
        await world.scheduler.settle(10);
        const [atServer, atClient] = [taken(server.core), taken(client.core)];
        for (const number of numbers(atServer)) (number < 1e6 ? up : anyUp).push(number);
        down.push(...numbers(atClient));
        moves += modes(atClient).length;
      }
    };
    for (let i = 0; i < 10; i++) {
      world.blocked = (["all", "up", "down"] as const)[random.nextInt(3)]!;
      await talk(100 + random.nextInt(2500));
      world.blocked = "none";
      await talk(100 + random.nextInt(2500));
    }
    await talk(4000);
    const all = Array.from({ length: sent }, (_, n) => n);
    assertEquals([up, down], [all, all], `seed ${seed}`);
    assertEquals(anyUp.map((number) => number - 1e6).sort((a, b) => a - b), all, `seed ${seed}`);
    assert(moves >= 10, `seed ${seed}: ${moves} moves`);
    assertEquals([paths.mode, world.reconnections], ["udp", 0], `seed ${seed}`);
    await closed(ends);
  }
});

Deno.test("hybrid: a client that sends falls back within 250 ms at a round trip of 20 ms, whichever way is dark", async () => {
  for (const way of ["all", "up", "down"] as const) {
    const ends = await connected();
    const { world, client, server, paths } = ends;
    let n = 0;
    const talk = (mode: string): boolean => {
      if (n++ % 16 === 0) void client.core.send(1, 1, numbered(n));
      return paths.mode === mode;
    };
    for (const time of ["first", "second"]) {
      world.blocked = way;
      const ms = await world.until(`fallback (${way})`, () => talk("tcp"), 1000);
      assert(ms <= 250, `${way}, the ${time} time: it took ${ms} ms`);
      await world.scheduler.settle(50);
      assertEquals([modes(taken(client.core)), modes(taken(server.core))], [["tcp"], ["tcp"]], way);
      world.blocked = "none";
      await world.until("return", () => talk("udp"), 3000);
      await world.until("steady", () => talk("udp") && n % 3000 === 0, 4000);
      taken(client.core), taken(server.core);
    }
    await closed(ends);
  }
});

Deno.test("hybrid: a client that only listens notices dark datagrams by its keepalive, and gets what it missed", async () => {
  const ends = await connected({ keepAliveMs: 1000 });
  const { world, client, server, paths } = ends;
  world.blocked = "down";
  void server.core.send(1, ORDER, numbered(1));
  const ms = await world.until("fallback", () => paths.mode === "tcp", 3000);
  assert(ms <= 1000 + 250, `it took ${ms} ms`);
  await world.until("the message", () => client.core.events.count > 1, 1000);
  assertEquals(numbers(taken(client.core)), [1]);
  await closed(ends);
});

Deno.test("hybrid: while datagrams stay dark they are tried again with a wait that doubles", async () => {
  const ends = await connected({ retryDelayMs: 1000, maxRetryDelayMs: 8000, keepAliveMs: 0 });
  const { world, client, paths } = ends;
  world.blocked = "all";
  void client.core.send(1, ORDER, numbered(1));
  await world.until("fallback", () => paths.mode === "tcp", 1000);
  const tries: number[] = [];
  let [before, last] = [world.datagrams, -Infinity];
  const start = world.scheduler.tick();
  await world.until("two minutes", () => {
    const now = world.scheduler.tick() - start;
    if (world.datagrams > before && now - last > 900 && now - last > 0) tries.push(now);
    if (world.datagrams > before) last = now;
    before = world.datagrams;
    return now > 40_000;
  }, 41_000);
  assert(tries.length >= 3 && tries.length <= 10, `tried ${tries.length} times: ${tries}`);
  assertEquals(paths.mode, "tcp");
  await closed(ends);
});

Deno.test("hybrid: datagrams that go dark again soon are left alone for longer, until they have worked for a while", async () => {
  const ends = await connected({ retryDelayMs: 1000, maxRetryDelayMs: 16_000 });
  const { world, client, paths } = ends;
  const awayMs = async (): Promise<number> => {
    world.blocked = "all";
    void client.core.send(1, ORDER, numbered(1));
    await world.until("fallback", () => paths.mode === "tcp", 1000);
    world.blocked = "none";
    return await world.until("return", () => paths.mode === "udp", 20_000);
  };
  for (
    const [restMs, expected] of [[11_000, 1000], [1000, 2000], [1000, 4000], [9000, 8000], [11_000, 1000]] as const
  ) {
    await world.scheduler.settle(restMs);
    const ms = await awayMs();
    assert(ms >= expected && ms < expected + 200, `after a rest of ${restMs} ms it took ${ms} ms`);
  }
  await closed(ends);
});

Deno.test("hybrid: a TLS link that ended while datagrams worked is opened again when they go dark", async () => {
  const ends = await connected();
  const { world, client, server, streams, paths } = ends;
  world.tls.opened[0]!.close();
  await world.scheduler.settle(100);
  assertEquals([streams.counters().streamsKept, world.reconnections, paths.mode], [0, 0, "udp"]);
  world.blocked = "all";
  void client.core.send(1, ORDER, numbered(5));
  const ms = await world.until("fallback", () => paths.mode === "tcp", 1000);
  assert(ms <= 250, `it took ${ms} ms`);
  await world.scheduler.settle(50);
  assertEquals(numbers(taken(server.core)), [5]);
  const { streamsKept, streamsRejoined } = streams.counters();
  assertEquals([streamsKept, streamsRejoined, world.reconnections], [1, 1, 1]);
  await closed(ends);
});

Deno.test("hybrid: a TLS link that has died unseen is replaced when it does not answer", async () => {
  const ends = await connected();
  const { world, client, server, streams, paths } = ends;
  world.tls.opened[0]!.write = (bytes) => Promise.resolve(bytes.length);
  world.blocked = "all";
  void client.core.send(1, ORDER, numbered(5));
  const ms = await world.until("fallback", () => paths.mode === "tcp", 2000);
  assert(ms <= 250 + 250, `it took ${ms} ms`);
  await world.scheduler.settle(50);
  assertEquals([numbers(taken(server.core)), world.reconnections], [[5], 1]);
  assertEquals([world.tls.opened.map((link) => link.closed), streams.counters().streamsKept], [[true, false], 1]);
  await closed(ends);
});

Deno.test("hybrid: a TLS link that ends while it carries the session is replaced, and nothing is lost", async () => {
  const ends = await connected({ retryDelayMs: 60_000, maxRetryDelayMs: 60_000 });
  const { world, client, server, paths } = ends;
  world.blocked = "all";
  const got: number[] = [];
  for (let n = 0; n < 300; n++) {
    if (n % 100 === 99) world.tls.opened.at(-1)!.close();
    if (n % 100 === 49) world.tls.accepted.at(-1)!.close();
    void client.core.send(1, ORDER, numbered(n));
    await world.scheduler.settle(20);
    got.push(...numbers(taken(server.core)));
  }
  await world.scheduler.settle(2000);
  got.push(...numbers(taken(server.core)));
  assertEquals(got, Array.from({ length: 300 }, (_, n) => n));
  assert(world.reconnections >= 5, `${world.reconnections} reconnections`);
  assertEquals(paths.mode, "tcp");
  await closed(ends);
});

Deno.test("hybrid: a TLS link that ends while it carries a silent session is replaced at once", async () => {
  const ends = await connected({ keepAliveMs: 0 });
  const { world, client, paths } = ends;
  world.blocked = "all";
  void client.core.send(1, ORDER, numbered(1));
  await world.until("fallback", () => paths.mode === "tcp", 1000);
  await world.scheduler.settle(3000);
  world.tls.opened[0]!.close();
  await world.scheduler.settle(5);
  assertEquals([world.reconnections, world.attempt?.aborted], [1, false]);
  await closed(ends);
  assertEquals(world.attempt?.aborted, true);
});

Deno.test("hybrid: while nothing answers two streams are open at most, attempts slow down, and the session waits", async () => {
  const ends = await connected();
  const { world, client, server, paths } = ends;
  const { connect } = world.tls;
  const mute = (link: { write(bytes: Uint8Array): Promise<number> }): void => {
    link.write = (bytes) => Promise.resolve(bytes.length);
  };
  mute(world.tls.opened[0]!);
  world.tls.connect = async (hostname) => {
    const link = await connect.call(world.tls, hostname);
    mute(link);
    return link;
  };
  world.blocked = "all";
  void client.core.send(1, ORDER, numbered(1));
  for (let second = 0; second < 25; second++) {
    await world.scheduler.settle(1000);
    const open = world.tls.opened.filter((link) => !link.closed).length;
    assert(open <= 2, `${open} streams are open`);
  }
  assert(world.reconnections >= 4 && world.reconnections <= 12, `${world.reconnections} attempts`);
  world.tls.connect = connect;
  await world.until("TLS", () => paths.mode === "tcp", 12_000);
  await world.scheduler.settle(100);
  assertEquals(numbers(taken(server.core)), [1]);
  await closed(ends);
});

Deno.test("hybrid: a client whose UDP socket breaks goes on by the stream, and gets another socket", async () => {
  const ends = await connected({ retryDelayMs: 500 });
  const { world, client, server, paths } = ends;
  const link = client.core.driver.link as unknown as { break(error: Error): void };
  world.bindable = false;
  link.break(new Error("the network is gone"));
  await world.until("fallback", () => paths.mode === "tcp", 100);
  void client.core.send(1, ORDER, numbered(3));
  await world.scheduler.settle(100);
  assertEquals([numbers(taken(server.core)), client.core.isClosing], [[3], false]);
  await world.scheduler.settle(3000);
  assertEquals(paths.mode, "tcp");
  world.bindable = true;
  await world.until("return", () => paths.mode === "udp", 10_000);
  void client.core.send(1, ORDER, numbered(4));
  await world.scheduler.settle(100);
  assertEquals(numbers(taken(server.core)), [4]);
  await closed(ends);
});
