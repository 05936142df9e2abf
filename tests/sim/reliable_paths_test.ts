/**
 * Channels where a session changes under them: other paths, other keys, first flights, other ends.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionEvent } from "../../src/session/session_event.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { Exchange, payloadOf } from "./reliable_bench.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

Deno.test("reliable: messages go on while the client's address changes again and again", () => {
  for (const seed of [1, 2, 3]) {
    const sim = new Sim({ delayMs: 10, lossShare: 0.05 }, {}, seed);
    const connected = sim.connect({}, 5000);
    const exchange = new Exchange(sim, connected, `seed ${seed}`);
    for (let i = 0; i < 200; i++) {
      if (i % 20 === 10) connected.end.host.rebind(`10.9.${i}.1`, 2000 + i);
      else if (i % 20 === 0) connected.end.host.rebind(`10.9.${Math.max(i - 10, 0)}.1`, 4000 + i);
      exchange.step(10);
    }
    exchange.settle(30_000);
    exchange.check();
    assert(connected.server.statistics().counters.migrations! > 5, `seed ${seed}`);
  }
});

Deno.test("reliable: another host means another round-trip time and window, another port does not", () => {
  const sim = new Sim({ delayMs: 40 });
  const { client, server, end } = sim.connect();
  const talk = (): void => {
    for (let i = 0; i < 100; i++) {
      server.send(0, new Uint8Array(1000));
      sim.server.pump();
      sim.scheduler.advance(5);
    }
    sim.scheduler.advance(500);
  };
  talk();
  const { congestionWindowBytes, minRttMs } = server.statistics();
  assertEquals(minRttMs, 80);
  end.host.rebind("10.0.0.1", 999);
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(500);
  assertEquals(server.statistics().minRttMs, 80);
  assertEquals(server.statistics().congestionWindowBytes, congestionWindowBytes);
  end.host.rebind("10.77.0.1", 999);
  client.send(1, numbered(2));
  end.pump();
  // There, a challenge back, the answer.
  sim.scheduler.advance(121);
  assertEquals(server.statistics().minRttMs, 0);
  talk();
  assertEquals(server.statistics().minRttMs, 80);
  assertEquals(end.arrived.length, 200);
});

Deno.test("reliable: messages go on while both ends change their keys all the time", () => {
  const sim = new Sim({ delayMs: 15, jitterMs: 20, lossShare: 0.1 }, { rotateAfterPackets: 16 }, 3);
  const connected = sim.connect({ rotateAfterPackets: 20 }, 5000);
  const exchange = new Exchange(sim, connected, "rotation");
  for (let i = 0; i < 300; i++) exchange.step(10);
  exchange.settle(30_000);
  exchange.check();
  assert(connected.client.statistics().counters.sendPhases! > 5);
});

Deno.test("reliable: messages of all channels follow a first flight, and early ones come once", () => {
  for (const seed of [1, 2, 3, 4]) {
    const sim = new Sim({ delayMs: 20, lossShare: 0.2 }, {}, seed);
    const first = sim.connect({}, 5000);
    const { ticket } = first.client;
    assert(ticket !== undefined);
    const client = first.end.endpoint.openClient();
    client.resume(ticket, 0, sim.server.host.address);
    client.sendEarly(1, numbered(7));
    const exchange = new Exchange(sim, { ...first, client }, `seed ${seed}`);
    for (let i = 0; i < 30; i++) exchange.step(5, [0, 2]);
    exchange.settle(30_000);
    assertEquals(client.state, SessionState.Established);
    exchange.check();
    assertEquals(sim.server.arrived.filter(({ isEarly }) => isEarly).length, 1, `seed ${seed}`);
  }
});

Deno.test("reliable: nothing is delivered after a close, by either end", () => {
  const sim = new Sim({ delayMs: 30, jitterMs: 30 }, {}, 5);
  const connected = sim.connect();
  const exchange = new Exchange(sim, connected, "close", [5000]);
  for (let i = 0; i < 20; i++) exchange.step(3);
  let closedAt = -1;
  sim.server.onEvent = (event) => {
    if (event === SessionEvent.Closed) closedAt = sim.server.arrived.length;
  };
  connected.client.close();
  connected.end.pump();
  sim.scheduler.advance(20_000);
  assertEquals(sim.server.arrived.length, closedAt);
  assert(closedAt < 80, "some were under way");
  assertEquals(reasonOf(connected.server), "Normal (remote)");
  assertEquals([sim.server.endpoint.sessionCount, connected.end.endpoint.sessionCount], [0, 0]);
});

Deno.test("reliable: an application that closes while it reads keeps the bytes that it is lent", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, server, end } = sim.connect();
  const expected = payloadOf(0, 1, 40_000);
  let read: Uint8Array | undefined;
  sim.server.onEvent = (event) => {
    if (event !== SessionEvent.Message) return;
    const { messageBuffer, messageLength } = sim.server.endpoint;
    server.close();
    server.send(0, new Uint8Array(40_005));
    read = messageBuffer.slice(0, messageLength);
  };
  client.send(0, expected);
  end.pump();
  sim.scheduler.advance(2000);
  assertEquals(read, expected);
});
