/**
 * What is counted adds up: between the two ends, between connections and their endpoint, and with what happened.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Connection, ParticleFlux, type ReactorStatistics, SendStatus, type StreamStatistics } from "../../mod.ts";
import { frames, PlainSocket } from "../interop/plain_socket.ts";
import { openBurst, openFlux, openParticle, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, textOf, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

const SUMMED = ["messagesIn", "bytesIn", "reads", "messagesOut", "bytesOut", "writes", "unsent"] as const;

Deno.test("Both ends count the same messages and bytes, headers included", async () => {
  await using reactor = await openReactor({ onReceived: (connection, payload) => connection.return(payload) });
  let back = 0;
  const particle = openParticle({ port: reactor.port, onReceived: () => void back++ });
  let bytes = 0;
  for (let i = 0; i < 3000; i++) {
    const payload = new Uint8Array(i % 500);
    bytes += 4 + payload.length;
    await particle.send(payload);
  }
  await particle.send(new Uint8Array(200_000));
  bytes += 200_004;
  await eventually("all are back", () => back === 3001);
  await particle.close();
  await eventually("the reactor is done", () => reactor.statistics().connections === 0);
  const here = particle.statistics();
  const there = reactor.statistics();
  for (const { messagesIn, messagesOut, bytesIn, bytesOut } of [here, there]) {
    assertEquals({ messagesIn, messagesOut, bytesIn, bytesOut }, {
      messagesIn: 3001,
      messagesOut: 3001,
      bytesIn: bytes,
      bytesOut: bytes,
    });
  }
  assertGreater(here.writes, 0);
  assertLess(here.writes, 3001);
  assertGreater(there.reads, 0);
});

Deno.test("The totals of a reactor are the sum over its connections, past ones included", async () => {
  const snapshots: StreamStatistics[] = [];
  const open: Connection[] = [];
  await using reactor = await openReactor({
    onConnected: (connection) => void open.push(connection),
    onReceived: (connection, payload) => connection.return(payload),
    onDisconnected: (connection) => {
      snapshots.push(connection.statistics());
      open.splice(open.indexOf(connection), 1);
    },
  });
  const clients = await Promise.all(upTo(20).map(() => PlainSocket.connect(reactor.port)));
  for (const [i, client] of clients.entries()) {
    const bytes = frames(upTo(i + 1).map((n) => numbered(n, 10 + i)));
    await client.write(bytes);
    assertEquals(await client.read(bytes.length), bytes);
    if (i % 2 === 0) client.end();
    if (i % 4 === 0) await within("the end", client.ended);
  }
  await eventually("half of them are gone", () => snapshots.length === 10);
  const totals = reactor.statistics();
  for (const name of SUMMED) {
    const all = [...snapshots, ...open.map((connection) => connection.statistics())];
    assertEquals(all.reduce((sum, one) => sum + one[name], 0), totals[name], name);
  }
  assertEquals(totals.messagesIn, 210);
  assertEquals([totals.accepted, totals.connections], [20, 10]);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("A statistics object is a copy that does not change", async () => {
  await using reactor = await openReactor();
  const before: ReactorStatistics = reactor.statistics();
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["x"]));
  await eventually("it is counted", () => reactor.statistics().messagesIn === 1);
  assertEquals(before.messagesIn, 0);
  assertEquals("latency" in before, false);
});

Deno.test("With timestamps each message's age is recorded, and its payload is what was sent", async () => {
  const seen: string[] = [];
  await using reactor = await openReactor({
    timestamps: true,
    onReceived: (connection, payload) => {
      seen.push(textOf(payload));
      connection.return(payload);
    },
  });
  const back: string[] = [];
  await using particle = openParticle({
    port: reactor.port,
    timestamps: true,
    onReceived: (payload) => void back.push(textOf(payload)),
  });
  const burst = openBurst({ port: reactor.port, timestamps: true, parallelism: 2 });
  await using flux = openFlux({ port: reactor.port, timestamps: true });
  using producer = ParticleFlux.attach(flux.producerToken());
  const large = "y".repeat(100_000);
  await particle.send(bytesOf("particle"));
  await particle.send(bytesOf(large));
  await particle.send(bytesOf(""));
  burst.send(bytesOf("burst"));
  burst.send(bytesOf("burst"));
  assertEquals(producer.trySend(bytesOf("producer")), SendStatus.Queued);
  await flux.send(bytesOf("flux"));
  await eventually("all arrive", () => seen.length === 7 && back.length === 3);
  assertEquals(seen.toSorted(), ["particle", large, "", "burst", "burst", "producer", "flux"].toSorted());
  assertEquals(back, ["particle", large, ""]);
  for (const [latency, count] of [[reactor.statistics().latency, 7], [particle.statistics().latency, 3]] as const) {
    assert(latency !== undefined);
    assertEquals(latency.count, count);
    assert(latency.min >= 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max, JSON.stringify(latency));
    // Microseconds between two clocks of one process: less than the ten seconds that a test may take.
    assertLess(latency.max, 10_000_000);
  }
  await eventually("the burst's answers are back", () => burst.statistics().latency?.count === 2);
  await burst.close();
});

Deno.test("A timestamped message on the wire is eight bytes longer and says when it was sent", async () => {
  const reactor = await openReactor({
    timestamps: true,
    onConnected: (connection) => void connection.trySend(bytesOf("hello")),
  });
  const before = Date.now();
  await using client = await PlainSocket.connect(reactor.port);
  const payload = await client.readFrame();
  assertEquals(payload.length, 13);
  assertEquals(textOf(payload.subarray(8)), "hello");
  const sentMs = Number(new DataView(payload.buffer).getBigUint64(0, true)) / 1000;
  assert(Math.abs(sentMs - before) < 60_000, `${sentMs} against ${before}`);
  client.end();
  await reactor.stop();
});
