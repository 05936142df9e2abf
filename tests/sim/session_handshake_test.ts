/**
 * The full handshake: under loss, with each datagram lost, refused, and never finished.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionCloseCode } from "../../src/session/session_close_code.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { decodeHelloRefusal, encodeClientHello } from "../../src/wire/hello_record.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

Deno.test("session: a handshake takes one round trip after TLS, and messages go with it", () => {
  const sim = new Sim({ delayMs: 20 });
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  session.send(1, numbered(7));
  sim.shake(end, sim.server, new Uint8Array(0), session);
  sim.scheduler.advance(20);
  assertEquals([sim.server.events, sim.server.numbers], [["Connected", "Message"], [7]]);
  assertEquals(end.events, []);
  sim.scheduler.advance(20);
  assertEquals(end.events, ["Connected", "TicketReceived"]);
});

Deno.test("session: the server sees the token that the client's application showed", () => {
  const sim = new Sim();
  const pair = sim.shake(sim.addClient(), sim.server, Uint8Array.of(1, 2, 3));
  assertEquals(pair.server.token, Uint8Array.of(1, 2, 3));
});

Deno.test("session: handshakes finish under 30 % loss", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const sim = new Sim({ lossShare: 0.3, delayMs: 30, jitterMs: 20, reorderShare: 0.1 }, {}, seed);
    const { client, server } = sim.connect({}, 9000);
    assertEquals([client.state, server.state], [SessionState.Established, SessionState.Established], `seed ${seed}`);
  }
});

Deno.test("session: a handshake finishes with any single datagram lost, and with any two", () => {
  for (let lost = 0; lost < 8; lost++) {
    for (let also = lost; also < 8; also++) {
      const sim = new Sim({ delayMs: 30 });
      let sent = 0;
      sim.network.tap = () => sent !== lost && sent !== also ? ++sent > 0 : ++sent < 0;
      const { client, server } = sim.connect({}, 3000);
      const states = [client.state, server.state];
      assertEquals(states, [SessionState.Established, SessionState.Established], `lost ${lost} and ${also}`);
    }
  }
});

Deno.test("session: a client whose server is not heard gives up, and a server whose client is not", () => {
  const sim = new Sim({ lossShare: 1 }, { handshakeTimeoutMs: 4000 });
  const { client, server, end } = sim.connect({ handshakeTimeoutMs: 2000 }, 1999);
  assertEquals([client.state, server.state], [SessionState.Confirming, SessionState.Confirming]);
  assertEquals(sim.server.endpoint.halfOpenCount, 1);
  sim.scheduler.advance(1);
  assertEquals([reasonOf(client), end.events], ["HandshakeTimeout (link)", ["Closed"]]);
  sim.scheduler.advance(2000);
  assertEquals([reasonOf(server), sim.server.events], ["HandshakeTimeout (link)", ["Closed"]]);
  assertEquals([sim.server.endpoint.halfOpenCount, sim.server.endpoint.sessionCount], [0, 0]);
});

Deno.test("session: the datagrams of a client that is not heard are padded and repeated with growing pauses", () => {
  const sim = new Sim({ lossShare: 1 });
  const times: number[] = [];
  sim.network.tap = ({ bytes }) => {
    assertEquals(bytes.length, 1200);
    times.push(sim.scheduler.clock.now);
    return true;
  };
  sim.connect({}, 9000);
  const pauses = times.slice(1).map((time, i) => time - times[i]!);
  assert(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1]!), pauses.join());
  assert(pauses[0]! >= 200 && pauses.at(-1)! <= 1000 && times.length >= 8, times.join());
});

Deno.test("session: a server has a cap on half-open sessions and on all of them", () => {
  const sim = new Sim({ lossShare: 1 }, { maxHalfOpen: 3, maxSessions: 5 });
  const answer = (): number => {
    const end = sim.addClient();
    const record = end.endpoint.openClient().writeHello();
    return decodeHelloRefusal(sim.server.endpoint.acceptHello(record, end.host.address, 1).record);
  };
  assertEquals([answer(), answer(), answer(), answer()], [-1, -1, -1, SessionCloseCode.Busy]);
  assertEquals([sim.server.endpoint.sessionCount, sim.server.counted()], [3, { hellosRefused: 1 }]);
});

Deno.test("session: a server has a cap on sessions", () => {
  const sim = new Sim({}, { maxSessions: 2 });
  sim.connect();
  sim.connect();
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  const { record } = sim.server.endpoint.acceptHello(session.writeHello(), end.host.address, 1);
  assertEquals(session.handleHello(record, 0, sim.server.host.address), SessionCloseCode.Busy);
  assertEquals([session.state, sim.server.endpoint.sessionCount], [SessionState.Idle, 2]);
});

Deno.test("session: hellos that break the format or have another version are refused and leave nothing", () => {
  const sim = new Sim();
  const { endpoint, host } = sim.server;
  const end = sim.addClient();
  const hello = end.endpoint.openClient().writeHello();
  const code = (record: Uint8Array): number => decodeHelloRefusal(endpoint.acceptHello(record, host.address, 1).record);
  assertEquals(code(hello.subarray(1)), SessionCloseCode.BadHello);
  const newer = hello.slice();
  newer[1] = newer[2] = 2;
  assertEquals(code(newer), SessionCloseCode.VersionMismatch);
  const older = hello.slice();
  older[1] = older[2] = 0;
  assertEquals(code(older), SessionCloseCode.VersionMismatch);
  assertEquals(endpoint.refuseHello().session, undefined);
  assertEquals(decodeHelloRefusal(endpoint.refuseHello().record), SessionCloseCode.NotAuthorized);
  assertEquals([endpoint.sessionCount, endpoint.counters().hellosRefused], [0, 5]);
});

Deno.test("session: a client takes no answer that breaks the format", () => {
  const sim = new Sim();
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  session.writeHello();
  for (const record of [new Uint8Array(0), Uint8Array.of(9), Uint8Array.of(3, 0, 0), Uint8Array.of(2, 1)]) {
    assertEquals(session.handleHello(record, 0, sim.server.host.address), SessionCloseCode.BadHello);
    assertEquals(session.state, SessionState.Idle);
  }
});

Deno.test("session: what was negotiated is bound into the keys", () => {
  const sim = new Sim({ delayMs: 5 });
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  const hello = session.writeHello();
  // Somebody inside the stream makes the client's limits smaller.
  const changed = hello.slice();
  changed[16]! ^= 1;
  const { record } = sim.server.endpoint.acceptHello(changed, end.host.address, sim.server.host.address.port);
  sim.server.pump();
  assertEquals(session.handleHello(record, 0, sim.server.host.address), SessionCloseCode.Normal);
  end.pump();
  sim.scheduler.advance(20_000);
  assertEquals(reasonOf(session), "HandshakeTimeout (link)");
  assert(sim.server.sessionsCounted().forged! > 0);
});

Deno.test("session: both ends keep to the smaller limits", () => {
  const sim = new Sim({}, { maxDatagramBytes: 1452, idleTimeoutMs: 5000 });
  const { client, server, end } = sim.connect({ maxDatagramBytes: 1300, idleTimeoutMs: 0, keepAliveMs: 0 });
  assertEquals([client.maxPacketMessageBytes, server.maxPacketMessageBytes], [1300 - 41, 1452 - 41]);
  sim.network.tap = () => false;
  sim.scheduler.advance(9000);
  assertEquals([reasonOf(client), reasonOf(server)], ["IdleTimeout (link)", "IdleTimeout (link)"]);
  assertEquals(end.events.at(-1), "Closed");
});

Deno.test("session: a client that names a token beyond a ticket's room gets no ticket", () => {
  const sim = new Sim();
  const end = sim.addClient();
  const { client } = sim.shake(end, sim.server, new Uint8Array(257));
  sim.scheduler.advance(100);
  assertEquals([client.state, client.ticket], [SessionState.Established, undefined]);
});

Deno.test("session: a hello without a token names no early data", () => {
  const sim = new Sim();
  const hello = sim.addClient().endpoint.openClient().writeHello();
  const limits = { maxDatagramBytes: 65535, maxAckDelayMs: 25, idleTimeoutMs: 30_000, features: 0 };
  const connectionId = hello.slice(3, 11);
  const expected = { lowestVersion: 1, highestVersion: 1, connectionId, limits, early: undefined };
  assertEquals(hello, encodeClientHello({ ...expected, token: new Uint8Array(0) }));
});
