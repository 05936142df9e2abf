/**
 * What sessions tell those who choose between their paths.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { numbered, Sim } from "./session_bench.ts";

Deno.test("session: unansweredProbes counts timeouts that double while a path is dark, however often packets go out", () => {
  for (const everyMs of [5, 1_000_000]) {
    const sim = new Sim({ delayMs: 10 });
    const pair = sim.connect({ keepAliveMs: 0 });
    pair.client.send(1, numbered(0));
    pair.end.pump();
    sim.scheduler.advance(100);
    assertEquals(pair.client.unansweredProbes, 0);
    const { smoothedRttMs, rttVariationMs } = pair.client.statistics();
    const timeout = smoothedRttMs + Math.max(4 * rttVariationMs, 1) + 25;
    sim.network.tap = () => false;
    const counts: number[] = [];
    for (let ms = 0; ms < 8 * timeout; ms++) {
      if (ms % everyMs === 0) {
        pair.client.send(1, numbered(ms));
        pair.end.pump();
      }
      sim.scheduler.advance(1);
      counts.push(pair.client.unansweredProbes);
    }
    const firstAt = (count: number): number => counts.indexOf(count) / timeout;
    assertEquals([counts[0], counts.at(-1)! >= 3], [0, true]);
    for (const [count, timeouts] of [[1, 1], [2, 3], [3, 7]] as const) {
      assert(Math.abs(firstAt(count) - timeouts) < 0.4, `every ${everyMs} ms: ${count} at ${firstAt(count)}`);
    }
    sim.network.tap = undefined;
    sim.scheduler.advance(4000);
    assertEquals(pair.client.unansweredProbes, 0);
  }
});

Deno.test("session: knowsPath and sessionOf tell of sessions by link and by packet", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const other = sim.connect();
  let packet = new Uint8Array(0);
  sim.network.tap = ({ bytes }) => {
    packet = bytes.slice();
    return true;
  };
  pair.client.send(1, numbered(1));
  pair.end.pump();
  const { endpoint } = sim.server;
  const inside = new Uint8Array(packet.length + 10);
  inside.set(packet, 5);
  assert(endpoint.sessionOf(inside, 5, 5 + packet.length) === pair.server);
  assert(endpoint.sessionOf(packet, 0, packet.length) !== other.server);
  for (const length of [0, 1, 33]) assertEquals(endpoint.sessionOf(packet, 0, length), undefined);
  const stranger = packet.slice();
  stranger[3]! ^= 1;
  assertEquals(endpoint.sessionOf(stranger, 0, packet.length), undefined);
  stranger.set(packet);
  stranger[0]! ^= 2;
  assertEquals(endpoint.sessionOf(stranger, 0, packet.length), undefined);
  assertEquals([pair.server.knowsPath(0), pair.server.knowsPath(7)], [true, false]);
  pair.client.close();
  pair.end.pump();
  sim.scheduler.advance(20_000);
  assertEquals([pair.server.knowsPath(0), pair.server.unansweredProbes], [false, 0]);
});

Deno.test("session: a link that served one session alone is lost for that one", () => {
  const sim = new Sim({ delayMs: 10 });
  const [one, two] = [sim.connect(), sim.connect()];
  const stream = sim.addStream(one.end, sim.server, 10);
  one.client.migrate(stream, new DatagramAddress());
  one.end.pump();
  sim.scheduler.advance(60);
  assertEquals([one.server.pathId, two.server.pathId], [stream, 0]);
  sim.server.endpoint.handlePathLost(stream, two.server);
  sim.server.pump();
  assertEquals(one.server.pathId, stream);
  sim.server.endpoint.handlePathLost(stream, one.server);
  sim.server.pump();
  assertEquals([one.server.pathId, one.server.knowsPath(stream)], [0, false]);
});

Deno.test("session: abandonResumption() ends a wait for an answer, and the session is idle as before", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  sim.scheduler.advance(1000);
  const { ticket } = pair.client;
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  assertEquals(session.abandonResumption(), false);
  sim.network.tap = () => false;
  session.resume(ticket!, 0, sim.server.host.address);
  end.pump();
  assertEquals(session.state, SessionState.Resuming);
  assertEquals(session.abandonResumption(), true);
  end.pump();
  assertEquals([session.state, end.events], [SessionState.Idle, ["ResumptionFailed"]]);
  sim.network.tap = undefined;
  sim.shake(end, sim.server, new Uint8Array(0), session);
  sim.scheduler.advance(200);
  assertEquals(session.state, SessionState.Established);
});
