/**
 * Early data: lost, repeated, refused, replayed, overtaken, and never doubled.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../src/error/transport_error.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { numbered, Sim } from "./session_bench.ts";
import { earlyOf, isFirstFlight, isReply, resume, resumeOrShake, withTicket } from "./session_resume_bench.ts";

Deno.test("session: a resumption delivers early data after half a round trip and connects after one", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const session = resume(sim, end, ticket, [1, 2, 3]);
  session.send(1, numbered(4));
  end.pump();
  sim.scheduler.advance(20);
  assertEquals([sim.server.numbers, earlyOf(sim.server)], [[1, 2, 3], [1, 2, 3]]);
  assertEquals(sim.server.events.slice(-4), ["Connected", "Message", "Message", "Message"]);
  assertEquals(session.state, SessionState.Resuming);
  sim.scheduler.advance(20);
  assertEquals([session.state, session.isResumed, session.hasUnsettledEarly], [SessionState.Established, true, false]);
  sim.scheduler.advance(40);
  assertEquals([sim.server.numbers, earlyOf(sim.server)], [[1, 2, 3, 4], [1, 2, 3]]);
  assert(session.ticket !== undefined && session.ticket.ticket.join() !== ticket.ticket.join(), "a new ticket came");
});

Deno.test("session: early data arrives once under loss, reordering and repetition, by whichever handshake", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const lines = {
      delayMs: 20,
      jitterMs: 30,
      lossShare: 0.35,
      duplicateShare: 0.3,
      reorderShare: 0.2,
      reorderMs: 200,
    };
    const sim = new Sim(lines, { acceptEarlyData: seed % 3 !== 0, cookieFromHalfOpen: seed % 4 === 0 ? 0 : 100 }, seed);
    const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 3000 });
    const session = resumeOrShake(sim, end, ticket, [1, 2, 3]);
    sim.scheduler.advance(20_000);
    assertEquals(session.state, SessionState.Established, `seed ${seed}`);
    assertEquals(sim.server.numbers.toSorted(), [1, 2, 3], `seed ${seed}`);
    assertEquals(session.hasUnsettledEarly, false, `seed ${seed}`);
  }
});

Deno.test("session: a first flight that comes after the full handshake is not delivered again", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 2000 });
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => !isFirstFlight(datagram) || held.push(datagram) < 0;
  const session = resumeOrShake(sim, end, ticket, [1, 2]);
  sim.scheduler.advance(10_000);
  assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1, 2]]);
  for (const datagram of held) sim.network.inject(datagram);
  sim.scheduler.advance(10_000);
  assertEquals(sim.server.numbers, [1, 2]);
  assertEquals(sim.server.counted().firstFlightsRefused! > 0, true);
});

Deno.test("session: a repeated first flight is no replay: the reply comes again, the data does not", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const flights: TappedDatagram[] = [];
  let replies = 0;
  sim.network.tap = (datagram) => {
    if (isFirstFlight(datagram)) flights.push(datagram);
    return !isReply(datagram) || ++replies < 0;
  };
  resume(sim, end, ticket, [1]);
  sim.scheduler.advance(30);
  for (let i = 0; i < 5; i++) sim.server.receive(0, flights[0]!.bytes.slice(), flights[0]!.from);
  assertEquals([sim.server.numbers, sim.server.counted().firstFlightsRepeated], [[1], 5]);
  assertEquals(replies, 6);
});

Deno.test("session: a ticket is good for one random: the second attempt is refused", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const other = sim.addClient();
  const first = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(200);
  const second = resume(sim, other, ticket, [2]);
  sim.scheduler.advance(400);
  assertEquals([first.state, second.state], [SessionState.Established, SessionState.Idle]);
  assertEquals([other.events, sim.server.numbers], [["ResumptionFailed"], [1]]);
});

Deno.test("session: a ticket of another server is refused, and early data that both could open is taken once", () => {
  const ticketKey = new Uint8Array(32).fill(9);
  for (const isShared of [false, true]) {
    const sim = new Sim({ delayMs: 20 }, isShared ? { ticketKey } : {});
    const other = sim.addServer(isShared ? { ticketKey } : {}, "192.0.2.2");
    const { end, ticket } = withTicket(sim);
    let flight: TappedDatagram | undefined;
    sim.network.tap = (datagram) => {
      if (isFirstFlight(datagram)) flight ??= datagram;
      return true;
    };
    const session = resume(sim, end, ticket, [1]);
    sim.scheduler.advance(200);
    assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1]]);
    sim.network.inject({ ...flight!, to: other.host.address });
    sim.scheduler.advance(200);
    assertEquals(other.numbers, [], `shared ${isShared}`);
    assertEquals(other.counted().earlyRefused ?? 0, isShared ? 1 : 0);
    assertEquals(other.counted().firstFlightsRefused ?? 0, isShared ? 0 : 1);
  }
});

Deno.test("session: after a restart with the same keys a session resumes without early data, and loses none", () => {
  const ticketKey = new Uint8Array(32).fill(9);
  const sim = new Sim({ delayMs: 20 }, { ticketKey });
  const { end, ticket } = withTicket(sim);
  const again = sim.addServer({ ticketKey });
  const session = resume(sim, end, ticket, [1, 2]);
  sim.scheduler.advance(20);
  assertEquals([again.numbers, again.counted().earlyRefused], [[], 1]);
  sim.scheduler.advance(200);
  assertEquals([session.state, session.isResumed, again.numbers], [SessionState.Established, true, [1, 2]]);
  assertEquals(earlyOf(again), [1, 2], "still marked as meant for a first flight");
});

Deno.test("session: a first flight that was held back for long is taken without its early data", () => {
  const sim = new Sim({ delayMs: 20 }, { earlyFreshnessMs: 1000, handshakeTimeoutMs: 60_000 });
  const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 60_000 });
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => !isFirstFlight(datagram) || held.push(datagram) < 0;
  const session = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(1500);
  sim.network.inject(held[0]!);
  sim.scheduler.advance(20);
  assertEquals([sim.server.numbers, sim.server.counted().earlyRefused], [[], 1]);
  sim.scheduler.advance(200);
  assertEquals([session.state, sim.server.numbers], [SessionState.Established, [1]]);
});

Deno.test("session: under load every first flight needs a cookie", () => {
  const sim = new Sim({ delayMs: 20 }, { maxHalfOpen: 8, cookieFromHalfOpen: 2 });
  const { end, ticket } = withTicket(sim);
  sim.network.tap = ({ from }) => from.equals(end.host.address) || from.equals(sim.server.host.address);
  for (let i = 0; i < 2; i++) sim.shake(sim.addClient());
  const session = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(300);
  assertEquals([session.state, sim.server.counted().retriesSent], [SessionState.Established, 1]);
});

Deno.test("session: a full set of used tickets refuses early data until entries expire, and evicts none", () => {
  const options = { maxUsedTickets: 2, ticketLifetimeMs: 60_000, earlyFreshnessMs: 1000 };
  const sim = new Sim({ delayMs: 20 }, options);
  const clients = Array.from({ length: 4 }, () => withTicket(sim));
  const sessions = clients.map(({ end, ticket }, i) => {
    const session = resume(sim, end, ticket, [i]);
    sim.scheduler.advance(500);
    return session;
  });
  assertEquals(sessions.map(({ state }) => state), new Array(4).fill(SessionState.Established));
  const { earlyAccepted, earlyRefused } = sim.server.counted();
  assertEquals([earlyAccepted, earlyRefused, sim.server.numbers], [2, 2, [0, 1, 2, 3]]);
  const again = resume(sim, sim.addClient(), clients[0]!.ticket, [9]);
  sim.scheduler.advance(500);
  assertEquals([again.state, sim.server.numbers], [SessionState.Idle, [0, 1, 2, 3]], "the first is still known");
  const late = withTicket(sim);
  sim.scheduler.advance(50_000);
  const session = resume(sim, late.end, late.ticket, [5]);
  sim.scheduler.advance(500);
  assertEquals([session.state, sim.server.counted().earlyAccepted], [SessionState.Established, 3]);
});

Deno.test("session: early data that could not be remembered is not delivered later either", () => {
  const sim = new Sim({ delayMs: 20 }, { maxUsedTickets: 1, earlyFreshnessMs: 5000, ticketLifetimeMs: 60_000 });
  const [one, two] = [withTicket(sim), withTicket(sim)];
  resume(sim, one.end, one.ticket, [1]);
  sim.scheduler.advance(500);
  let flight: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    if (isFirstFlight(datagram)) flight ??= datagram;
    return true;
  };
  resume(sim, two.end, two.ticket, [2]);
  sim.scheduler.advance(500);
  assertEquals(sim.server.numbers, [1, 2]);
  for (let i = 0; i < 20; i++) {
    sim.network.inject(flight!);
    sim.scheduler.advance(1000);
  }
  assertEquals(sim.server.numbers, [1, 2]);
});

Deno.test("session: early messages beyond what fits are sent like others", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim);
  const session = end.endpoint.openClient();
  session.resume(ticket, 0, sim.server.host.address);
  for (let i = 0; i < 40; i++) session.sendEarly(1, numbered(i, 16));
  session.sendEarly(1, numbered(40, 1000));
  end.pump();
  session.sendEarly(1, numbered(41));
  end.pump();
  sim.scheduler.advance(20);
  assertEquals(sim.server.numbers, Array.from({ length: 32 }, (_, i) => i));
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers.toSorted((a, b) => a - b), Array.from({ length: 42 }, (_, i) => i));
  assertEquals(earlyOf(sim.server).length, 32);
});

Deno.test("session: unsettled early messages forbid another resumption, and a full handshake settles them", () => {
  const sim = new Sim({ delayMs: 20 });
  const { end, ticket } = withTicket(sim, { handshakeTimeoutMs: 1000 });
  sim.network.tap = () => false;
  const session = resume(sim, end, ticket, [1]);
  sim.scheduler.advance(2000);
  assertEquals([session.state, session.hasUnsettledEarly], [SessionState.Idle, true]);
  assertThrows(() => session.resume(ticket, 0, sim.server.host.address), MisuseError, "early messages");
  sim.network.tap = undefined;
  sim.shake(end, sim.server, new Uint8Array(0), session);
  sim.scheduler.advance(500);
  assertEquals([session.hasUnsettledEarly, sim.server.numbers], [false, [1]]);
});
