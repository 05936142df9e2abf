/**
 * Silence: keepalive, idle timeout, and what a sleeping machine makes of it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

for (const keepAliveMs of [0, 10_000]) {
  Deno.test(`session: an idle session costs two datagrams for a ping of the client, with ${keepAliveMs} at the server`, () => {
    const sim = new Sim({ delayMs: 20 }, { keepAliveMs });
    const { client, server } = sim.connect({ keepAliveMs: 10_000 });
    const { sent } = sim.network.tally;
    sim.scheduler.advance(100_000);
    assertEquals([client.state, server.state], [SessionState.Established, SessionState.Established]);
    const datagrams = sim.network.tally.sent - sent;
    assert(datagrams >= 18 && datagrams <= 20, `${datagrams} datagrams in 100 s`);
  });
}

Deno.test("session: a server pings by itself where its client does not", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 8000, idleTimeoutMs: 9000 });
  const { client, server } = sim.connect({ keepAliveMs: 0, idleTimeoutMs: 0 });
  sim.scheduler.advance(100_000);
  assertEquals([client.state, server.state], [SessionState.Established, SessionState.Established]);
});

Deno.test("session: traffic in one direction keeps pings away", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 0 });
  const { client, end } = sim.connect({ keepAliveMs: 3000 });
  const before = client.statistics().counters.probes!;
  for (let i = 0; i < 20; i++) {
    client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(1000);
  }
  const { packetsOut, messagesOut, probes } = client.statistics().counters;
  assertEquals([messagesOut, probes], [20, before]);
  assert(packetsOut! <= 24, `${packetsOut} packets`);
});

Deno.test("session: without keepalive an idle session ends at both ends, silently", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 0, idleTimeoutMs: 4000 });
  const { client, server, end } = sim.connect({ keepAliveMs: 0, idleTimeoutMs: 6000 });
  const { sent } = sim.network.tally;
  sim.scheduler.advance(2900);
  assertEquals(client.state, SessionState.Established);
  sim.scheduler.advance(300);
  assertEquals([reasonOf(client), reasonOf(server)], ["IdleTimeout (link)", "IdleTimeout (link)"]);
  assertEquals([end.events.at(-1), sim.server.events.at(-1)], ["Closed", "Closed"]);
  assertEquals([sim.network.tally.sent - sent, sim.server.endpoint.sessionCount], [0, 0]);
});

Deno.test("session: a peer that is gone is noticed by pings and the idle timeout", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client } = sim.connect({ idleTimeoutMs: 8000, keepAliveMs: 2000 });
  sim.network.tap = () => false;
  sim.scheduler.advance(9000);
  assertEquals(client.state, SessionState.Established);
  assert(client.statistics().counters.probes! >= 2);
  sim.scheduler.advance(3000);
  assertEquals(reasonOf(client), "IdleTimeout (link)");
});

Deno.test("session: an idle timeout of 0 at both ends means none", () => {
  const sim = new Sim({ delayMs: 20 }, { idleTimeoutMs: 0, keepAliveMs: 0, rotateAfterMs: 0 });
  const { client } = sim.connect({ idleTimeoutMs: 0, keepAliveMs: 0, rotateAfterMs: 0 });
  sim.network.tap = () => false;
  sim.scheduler.advance(10_000_000);
  assertEquals(client.state, SessionState.Established);
});

Deno.test("session: a server that slept loses no client that is still there", () => {
  const sim = new Sim({ delayMs: 20 });
  const clients = Array.from({ length: 20 }, () => sim.connect());
  sim.server.sleep();
  sim.scheduler.advance(29_000);
  // The clients would have given up before; their own clocks run on, so they are kept by hand.
  assertEquals(clients.map(({ client }) => client.state), new Array(20).fill(SessionState.Established));
  sim.server.wake();
  sim.scheduler.advance(3000);
  assertEquals(clients.map(({ server }) => server.state), new Array(20).fill(SessionState.Established));
});

Deno.test("session: a client that slept asks before it gives up, and goes on when the server is there", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 6000 });
  const { client, end } = sim.connect({ idleTimeoutMs: 10_000, keepAliveMs: 5000 });
  end.sleep();
  sim.scheduler.advance(12_000);
  end.wake();
  assertEquals(client.state, SessionState.Established);
  sim.scheduler.advance(20_000);
  assertEquals(client.state, SessionState.Established);
  client.send(1, numbered(5));
  end.pump();
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers, [5]);
});

Deno.test("session: a client that slept and hears nothing afterwards ends within its grace and not at once", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect({ idleTimeoutMs: 10_000 });
  end.sleep();
  sim.scheduler.advance(3_600_000);
  sim.network.tap = () => false;
  end.wake();
  sim.scheduler.advance(4900);
  assertEquals(client.state, SessionState.Established);
  sim.scheduler.advance(20_000);
  assertEquals(reasonOf(client), "IdleTimeout (link)");
});

Deno.test("session: a handshake that a sleeping client began gets its time again", () => {
  const sim = new Sim({ delayMs: 20 }, { handshakeTimeoutMs: 100_000 });
  const end = sim.addClient();
  sim.network.tap = () => false;
  const { client } = sim.shake(end);
  sim.scheduler.advance(100);
  end.sleep();
  sim.scheduler.advance(60_000);
  sim.network.tap = undefined;
  end.wake();
  sim.scheduler.advance(1000);
  assertEquals(client.state, SessionState.Established);
});

Deno.test("session: a timeout that is handled a little late forgives nothing", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 0 });
  const { client, end } = sim.connect({ idleTimeoutMs: 4000, keepAliveMs: 0 });
  end.sleep();
  sim.scheduler.advance(4500);
  end.wake();
  assertEquals(reasonOf(client), "IdleTimeout (link)");
});
