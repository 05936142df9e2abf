/**
 * Resumption: tickets that are used, refused, expired or foreign, cookies, and answers that somebody forged.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../src/error/transport_error.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { packetType } from "../../src/wire/packet_header.ts";
import { reasonOf, Sim } from "./session_bench.ts";
import { isFirstFlight, isReply, resume, resumeOrShake, withTicket } from "./session_resume_bench.ts";

Deno.test("session: a resumption finishes with any single datagram lost, and with any two", () => {
  for (let lost = 0; lost < 7; lost++) {
    for (let also = lost; also < 7; also++) {
      const sim = new Sim({ delayMs: 30 });
      const { end, ticket } = withTicket(sim);
      let sent = 0;
      sim.network.tap = () => sent !== lost && sent !== also ? ++sent > 0 : ++sent < 0;
      const session = resume(sim, end, ticket, [1, 2]);
      sim.scheduler.advance(4000);
      assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1, 2]], `lost ${lost} and ${also}`);
    }
  }
});

Deno.test("session: when every reply is lost the full handshake says what was delivered", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 2000 });
  sim.network.tap = (datagram) => !isReply(datagram);
  const session = resumeOrShake(sim, end, ticket, [1, 2]);
  sim.scheduler.advance(10_000);
  assertEquals([session.state, session.isResumed], [SessionState.Established, false]);
  assertEquals([sim.server.numbers, session.hasUnsettledEarly], [[1, 2], false]);
  const live = sim.server.sessions.filter(({ state }) => state === SessionState.Established);
  assertEquals(live.length, 1, "the session of the first flight is replaced");
});

Deno.test("session: after a restart without keys tickets are refused, and nothing is lost", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const again = sim.addServer();
  const session = resumeOrShake(sim, end, ticket, [1, 2], again);
  sim.scheduler.advance(500);
  assertEquals([session.state, session.isResumed, again.numbers], [SessionState.Established, false, [1, 2]]);
});

Deno.test("session: an expired ticket is not used by the client and refused by the server", () => {
  const sim = new Sim({ delayMs: 20 }, { ticketLifetimeMs: 60_000, ticketRotationMs: 200_000 });
  const { end, ticket } = withTicket(sim);
  sim.scheduler.advance(70_000);
  assertEquals(end.endpoint.openClient().resume(ticket, 0, sim.server.host.address), false);
  const slow = { ...ticket, receivedAtMs: ticket.receivedAtMs + 30_000 };
  const session = resume(sim, end, slow, [1]);
  sim.scheduler.advance(100);
  assertEquals([session.state, sim.server.numbers], [SessionState.Idle, []]);
  assertEquals(sim.server.counted().firstFlightsRefused, 1);
});

Deno.test("session: a client whose clock runs wrong by more than the freshness still resumes", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const session = resume(sim, end, { ...ticket, receivedAtMs: ticket.receivedAtMs - 60_000 }, [1]);
  sim.scheduler.advance(500);
  assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1]]);
  assertEquals(sim.server.counted().earlyRefused, 1);
});

Deno.test("session: another host gets a cookie first, and only then an answer", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  end.host.rebind("10.9.9.9", 999);
  const kinds: number[] = [];
  const sizes: number[] = [];
  sim.network.tap = ({ bytes }) => {
    kinds.push(packetType(bytes[0]!));
    sizes.push(bytes.length);
    return true;
  };
  const session = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(39);
  assertEquals([sim.server.numbers, sim.server.endpoint.sessionCount], [[], 0]);
  sim.scheduler.advance(21);
  assertEquals(sim.server.numbers, [1]);
  sim.scheduler.advance(200);
  assertEquals(session.state, SessionState.Established);
  assertEquals(kinds.slice(0, 4), [1, 3, 1, 2]);
  assert(sizes[1]! < sizes[0]! && sizes[3]! <= 3 * sizes[2]!, sizes.join());
});

Deno.test("session: a cookie is good for one address, one random and a short time", () => {
  const sim = new Sim({ delayMs: 20 }, { cookieLifetimeMs: 1000, cookieFromHalfOpen: 0 });
  const { end, ticket } = withTicket(sim);
  const flights: TappedDatagram[] = [];
  sim.network.tap = (datagram) => !isFirstFlight(datagram) || flights.push(datagram) < 2;
  resume(sim, end, ticket, [1]);
  sim.scheduler.advance(60);
  const withCookie = flights[1]!;
  const other = withCookie.from.words.slice();
  const from = sim.addClient().host.address;
  assertEquals(from.words.join() === other.join(), false);
  sim.server.receive(0, withCookie.bytes.slice(), from);
  assertEquals(sim.server.counted().cookiesInvalid, 1);
  const changed = withCookie.bytes.slice();
  changed[50]! ^= 1;
  sim.server.receive(0, changed, withCookie.from);
  assertEquals([sim.server.counted().cookiesInvalid, sim.server.numbers], [2, []]);
  sim.scheduler.advance(2000);
  sim.server.receive(0, withCookie.bytes.slice(), withCookie.from);
  assertEquals([sim.server.counted().cookiesInvalid, sim.server.numbers], [3, []]);
});

Deno.test("session: a forged reply, retry or refusal does not stop a resumption", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const random = new SeededRandom(7);
  sim.network.tap = (datagram) => {
    if (!isFirstFlight(datagram)) return true;
    const id = datagram.bytes.subarray(33, 41);
    for (const [first, length] of [[0xd4, 600], [0xd6, 41], [0xd8, 18], [0xd0, 60]] as const) {
      const bytes = new Uint8Array(length);
      random.fillSecret(bytes);
      bytes[0] = first;
      bytes.set(id, 1);
      if (first === 0xd4) bytes.fill(0, 9, 12);
      sim.network.inject({ bytes, from: datagram.to, to: datagram.from });
    }
    return true;
  };
  const session = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(500);
  assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1]]);
});

Deno.test("session: forged replies cost a client eight key exchanges and no more", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const flights: TappedDatagram[] = [];
  sim.network.tap = (datagram) => flights.push(datagram) < 0;
  const session = resume(sim, end, ticket, []);
  const { bytes, from, to } = flights[0]!;
  for (let i = 0; i < 100; i++) {
    const reply = new Uint8Array(200).fill(i);
    reply[0] = 0xd4;
    reply.set(bytes.subarray(33, 41), 1);
    reply.fill(0, 9, 16);
    end.receive(0, reply, to);
  }
  assertEquals(from.equals(end.host.address), true);
  const { forged, wrongPath } = session.statistics().counters;
  assertEquals([forged, wrongPath], [8, 92]);
});

Deno.test("session: a server without tickets gives none and refuses all", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const plain = sim.addServer({ ticketLifetimeMs: 0 });
  const session = resumeOrShake(sim, end, ticket, [1], plain);
  sim.scheduler.advance(500);
  assertEquals([session.state, session.ticket, plain.numbers], [SessionState.Established, undefined, [1]]);
});

Deno.test("session: a session that is resumed while the one before lives takes its place", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, server, end } = sim.connect();
  const session = resume(sim, end, client.ticket!, [1]);
  sim.scheduler.advance(20);
  assertEquals(server.state, SessionState.Established, "not before the client is heard");
  sim.scheduler.advance(40);
  assertEquals(reasonOf(server), "Replaced (remote)");
  sim.scheduler.advance(1000);
  assertEquals([session.state, reasonOf(client)], [SessionState.Established, "Replaced (remote)"]);
  assertEquals(sim.server.counted().sessionsReplaced, 1);
});

Deno.test("session: the commands of a client are refused where they make no sense", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, server } = sim.connect();
  const ticket = client.ticket!;
  const attempts: ((session: SessionMachine) => void)[] = [
    (session) => session.resume(ticket, 0, sim.server.host.address),
    (session) => session.writeHello(),
    (session) => session.handleHello(new Uint8Array(3), 0, sim.server.host.address),
  ];
  for (const attempt of attempts) {
    assertThrows(() => attempt(client), MisuseError, "idle session");
    assertThrows(() => attempt(server), MisuseError, "idle session");
  }
  const idle = sim.addClient().endpoint.openClient();
  assertThrows(() => attempts[2]!(idle), MisuseError, "writeHello");
});

Deno.test("session: a hello that comes while an unknown ticket is named is answered all the same", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 1000 });
  const session = resume(sim, end, { ...ticket, ticket: ticket.ticket.map((byte) => byte ^ 1) }, [1]);
  sim.scheduler.advance(100);
  assertEquals(session.state, SessionState.Idle);
  sim.shake(end, sim.server, new Uint8Array(0), session);
  sim.scheduler.advance(500);
  assertEquals(sim.server.numbers, [1]);
});

Deno.test("session: a ticket that comes twice is reported once", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const before = end.events.filter((name) => name === "TicketReceived").length;
  let held = 0;
  // The acknowledgements of the client are lost for a while: the server repeats what it owes.
  sim.network.tap = ({ from }) => !from.equals(end.host.address) || sim.scheduler.clock.now < held;
  held = sim.scheduler.clock.now + 50;
  resume(sim, end, ticket, []);
  sim.scheduler.advance(2000);
  assertEquals(end.events.filter((name) => name === "TicketReceived").length, before + 1);
});

Deno.test("session: a resumption without early data is neither accepted nor refused early data", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const session = resume(sim, end, ticket, []);
  sim.scheduler.advance(20);
  assertEquals(sim.server.events.filter((name) => name === "Connected").length, 1, "not before the client is heard");
  sim.scheduler.advance(500);
  assertEquals([session.state, sim.server.events.filter((name) => name === "Connected").length], [
    SessionState.Established,
    2,
  ]);
  assertEquals(sim.server.counted(), { firstFlights: 1 });
});

Deno.test("session: a resumed session brings the token of the one before", () => {
  const sim = new Sim({ delayMs: 20 });
  const end = sim.addClient();
  const { client } = sim.shake(end, sim.server, Uint8Array.of(4, 5));
  sim.scheduler.advance(500);
  resume(sim, end, client.ticket!, []);
  sim.scheduler.advance(500);
  assertEquals(sim.server.sessions.at(-1)!.token, Uint8Array.of(4, 5));
});
