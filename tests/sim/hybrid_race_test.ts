/**
 * The race at the start of a hybrid session: datagrams that work, that are blocked, and that come back.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import type { NetworkLink } from "../unit/runtime/secure_ends.ts";
import { HybridWorld, modes, numbered, numbers, taken } from "./hybrid_world.ts";

Deno.test("hybrid: with datagrams that work the session stands by them", async () => {
  const world = new HybridWorld();
  const { server, streams } = world.open();
  const { client, paths, connecting } = world.join();
  await world.until("connected", () => client.core.peers.size === 1, 100);
  await connecting;
  await world.scheduler.settle(2000);
  assertEquals([paths.mode, modes(taken(client.core)), modes(taken(server.core))], ["udp", [], []]);
  assertEquals([streams.counters().streamsKept, world.tls.opened[0]!.closed], [1, false]);
  await Promise.all([client.core.close(0), world.scheduler.settle(5000)]);
  assertEquals([streams.counters().streamsKept, world.tls.accepted[0]!.closed], [0, true]);
});

Deno.test("hybrid: blocked datagrams cost a client 200 ms, and it sends and receives by the stream", async () => {
  const world = new HybridWorld();
  world.blocked = "all";
  const { server } = world.open();
  const { client, paths } = world.join();
  const ms = await world.until("connected", () => client.core.peers.size === 1, 400);
  assert(ms >= 190 && ms <= 210, `it took ${ms} ms`);
  assertEquals(paths.mode, "tcp");
  await client.core.send(1, 0, numbered(7));
  await world.until("arrived", () => server.core.events.count > 1, 50);
  const events = taken(server.core);
  assertEquals(numbers(events), [7]);
  const [connected] = events;
  assert(connected?.type === "connected");
  assertEquals(connected.address, { transport: "tcp", hostname: "10.1.0.1", port: 50_000 });
  await server.core.send(connected.peerId, 0, numbered(8));
  await world.scheduler.settle(50);
  assertEquals(numbers(taken(client.core)), [8]);
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});

Deno.test("hybrid: blocked datagrams cost no more than 200 ms beside TLS alone, at any round trip", async () => {
  for (const [delayMs, expected] of [[5, 190], [50, 100], [100, 0], [400, 0]] as const) {
    const times: number[] = [];
    for (const options of [{ only: "tcp" }, {}] as const) {
      const world = new HybridWorld({ delayMs });
      world.blocked = "all";
      world.streamDelayMs = delayMs;
      const { server } = world.open();
      const { client } = world.join(options);
      times.push(await world.until("connected", () => client.core.peers.size === 1, 4000));
      await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
    }
    assertEquals(times[1]! - times[0]!, expected, `a round trip of ${2 * delayMs} ms: ${times}`);
  }
});

Deno.test("hybrid: a client that may not send datagrams connects by TLS", async () => {
  const world = new HybridWorld();
  world.blocked = "all";
  const { server } = world.open();
  const { client, paths, connecting } = world.join();
  await world.scheduler.settle(5);
  (client.core.driver.link as NetworkLink).fail(new DatagramAddress());
  await world.until("connected", () => client.core.peers.size === 1, 400);
  await connecting;
  assertEquals(paths.mode, "tcp");
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});

Deno.test("hybrid: a session that began on the stream moves to datagrams when they are let through", async () => {
  const world = new HybridWorld();
  world.blocked = "all";
  const { server } = world.open();
  const { client, paths } = world.join();
  await world.until("connected", () => client.core.peers.size === 1, 400);
  await world.scheduler.settle(5000);
  assertEquals(paths.mode, "tcp");
  world.blocked = "none";
  await world.until("moved", () => paths.mode === "udp", 31_000);
  await world.scheduler.settle(100);
  assertEquals([modes(taken(client.core)), modes(taken(server.core))], [["udp"], ["udp"]]);
  await Promise.all([client.core.close(0), server.core.close(0), world.scheduler.settle(5000)]);
});
