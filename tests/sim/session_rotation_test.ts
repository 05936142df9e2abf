/**
 * Steps of the keys: by packets, bytes and time, under reordering, at both ends at once, in an idle session.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { type Connected, numbered, Sim, type SimEnd } from "./session_bench.ts";

/** Sends one message a step from both ends. */
function talk(sim: Sim, { client, server, end }: Connected, count: number, stepMs: number, first = 0): void {
  for (let i = 0; i < count; i++) {
    client.send(1, numbered(first + i));
    server.send(1, numbered(first + i));
    end.pump();
    sim.server.pump();
    sim.scheduler.advance(stepMs);
  }
}

function steps(pair: Connected): readonly number[] {
  const client = pair.client.statistics().counters;
  const server = pair.server.statistics().counters;
  return [client.sendPhases!, server.receivePhases!, server.sendPhases!, client.receivePhases!];
}

function expectAll(end: SimEnd, count: number, note: string): void {
  assertEquals(end.numbers.toSorted((a, b) => a - b), Array.from({ length: count }, (_, i) => i), note);
}

Deno.test("session: keys step by packets at both ends, and nothing is lost", () => {
  const options = { rotateAfterPackets: 50, ackEveryPackets: 4 };
  const sim = new Sim({ delayMs: 10 }, options);
  const pair = sim.connect(options);
  talk(sim, pair, 500, 5);
  sim.scheduler.advance(100);
  expectAll(sim.server, 500, "to the server");
  expectAll(pair.end, 500, "to the client");
  const [client, seen, server, heard] = steps(pair);
  assert(client! >= 9 && client! <= 14, `${client} steps`);
  assertEquals([seen, heard], [client, server]);
});

Deno.test("session: keys step by bytes", () => {
  const sim = new Sim({ delayMs: 10 }, { ackEveryPackets: 2 });
  const pair = sim.connect({ rotateAfterBytes: 10_000, ackEveryPackets: 2 });
  for (let i = 0; i < 100; i++) {
    pair.client.send(1, numbered(i, 1000));
    pair.end.pump();
    sim.scheduler.advance(50);
  }
  sim.scheduler.advance(100);
  const [client, seen, server] = steps(pair);
  assert(client! >= 8 && client! <= 10, `${client} steps`);
  assertEquals([seen, server, sim.server.numbers.length], [client, 0, 100]);
});

Deno.test("session: keys step by time, in an idle session too, and both ends see it", () => {
  const sim = new Sim({ delayMs: 10 }, { rotateAfterMs: 60_000 });
  const pair = sim.connect({ rotateAfterMs: 60_000, keepAliveMs: 10_000 });
  sim.scheduler.advance(610_000);
  const [client, seen, server, heard] = steps(pair);
  assert(client! >= 9 && client! <= 10, `${client} steps`);
  assertEquals([seen, server, heard], [client, client, client]);
  talk(sim, pair, 5, 10);
  sim.scheduler.advance(100);
  expectAll(sim.server, 5, "after it");
});

Deno.test("session: keys step under loss, jitter and reordering across the boundary, at both ends at once", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const options = { rotateAfterPackets: 24, ackEveryPackets: 2 };
    const lines = { delayMs: 10, jitterMs: 25, reorderShare: 0.2, reorderMs: 15, duplicateShare: 0.2 };
    const sim = new Sim(lines, options, seed);
    const pair = sim.connect(options);
    talk(sim, pair, 400, 2);
    sim.scheduler.advance(500);
    expectAll(sim.server, 400, `seed ${seed}, to the server`);
    expectAll(pair.end, 400, `seed ${seed}, to the client`);
    const [client, seen, server, heard] = steps(pair);
    assert(client! >= 2 && server! >= 2, `seed ${seed}: ${client} and ${server} steps`);
    assertEquals([seen, heard], [client, server], `seed ${seed}`);
    const { forged } = pair.server.statistics().counters;
    assertEquals(forged, 0, `seed ${seed}`);
  }
});

Deno.test("session: keys step under 30 % loss without interruption", () => {
  const options = { rotateAfterPackets: 24, ackEveryPackets: 2 };
  const sim = new Sim({ delayMs: 10, lossShare: 0.3 }, options, 3);
  const pair = sim.connect(options, 5000);
  talk(sim, pair, 600, 5);
  sim.scheduler.advance(500);
  for (const end of [sim.server, pair.end]) {
    assert(end.numbers.length > 330 && end.numbers.length < 500, `${end.numbers.length} of 600`);
    assert(end.numbers.slice(-60).at(-1)! > 580, "the last ones arrive too");
  }
  assert(steps(pair).every((count) => count >= 8), steps(pair).join());
});

Deno.test("session: no second step is taken before a packet of the first was acknowledged", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect({ rotateAfterPackets: 16 });
  sim.network.tap = ({ from }) => from.equals(pair.end.host.address);
  for (let i = 0; i < 200; i++) {
    pair.client.send(1, numbered(i));
    pair.end.pump();
    sim.scheduler.advance(2);
  }
  assertEquals(steps(pair).slice(0, 2), [1, 1]);
  sim.network.tap = undefined;
  talk(sim, pair, 40, 20, 200);
  assert(steps(pair)[0]! >= 3, "it goes on when acknowledgements come");
});

Deno.test("session: a packet of the phase before opens for three probe timeouts and no longer", () => {
  const options = { rotateAfterPackets: 16, ackEveryPackets: 1 };
  const sim = new Sim({ delayMs: 10 }, { ackEveryPackets: 1 });
  const pair = sim.connect(options);
  const held: TappedDatagram[] = [];
  let isHolding = true;
  sim.network.tap = (datagram) => {
    const isHeld = isHolding && datagram.from.equals(pair.end.host.address);
    if (isHeld) held.push(datagram);
    return !isHeld;
  };
  for (let i = 0; i < 3; i++) {
    pair.client.send(1, numbered(i));
    pair.end.pump();
  }
  isHolding = false;
  for (let i = 3; steps(pair)[1] === 0; i++) {
    pair.client.send(1, numbered(i));
    pair.end.pump();
    sim.scheduler.advance(1);
  }
  const late = (): number[] => sim.server.numbers.filter((number) => number < 3);
  sim.server.receive(0, held[0]!.bytes, held[0]!.from);
  assertEquals(late(), [0]);
  sim.scheduler.advance(100);
  sim.server.receive(0, held[1]!.bytes, held[1]!.from);
  assertEquals(late(), [0, 1]);
  sim.scheduler.advance(1000);
  sim.server.receive(0, held[2]!.bytes, held[2]!.from);
  assertEquals(late(), [0, 1]);
  assertEquals(pair.server.statistics().counters.forged, 1);
});

Deno.test("session: forged packets of the next phase step nothing", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => held.push(datagram) < 0;
  pair.client.send(1, numbered(1));
  pair.end.pump();
  sim.network.tap = undefined;
  const { bytes, from } = held[0]!;
  for (let i = 0; i < 100; i++) {
    const forged = bytes.slice();
    forged[0]! ^= 1;
    forged[20]! ^= i;
    sim.server.receive(0, forged, from);
  }
  sim.server.receive(0, bytes, from);
  assertEquals([sim.server.numbers, steps(pair), pair.server.statistics().counters.forged], [[1], [0, 0, 0, 0], 100]);
});

Deno.test("session: keys that step again and again across 2,000 packets keep both ends together", () => {
  const options = { rotateAfterPackets: 16, ackEveryPackets: 1 };
  const sim = new Sim({ delayMs: 1 }, options);
  const pair = sim.connect(options);
  talk(sim, pair, 2000, 1);
  sim.scheduler.advance(100);
  assertEquals([sim.server.numbers.length, pair.end.numbers.length], [2000, 2000]);
  assertEquals(pair.client.state, SessionState.Established);
  assert(steps(pair)[0]! > 15, `${steps(pair)} steps`);
});
