/**
 * Strangers: floods of first packets, junk, and crowds that come and go. Nothing grows that has no bound.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { numbered, Sim } from "./session_bench.ts";

/** The first flight of a client that holds a ticket. */
function firstFlight(sim: Sim): TappedDatagram {
  const { client, end } = sim.connect();
  let flight: TappedDatagram | undefined;
  sim.network.tap = (datagram) => (flight = datagram) === undefined;
  end.endpoint.openClient().resume(client.ticket!, 0, sim.server.host.address);
  end.pump();
  end.sleep();
  sim.network.tap = undefined;
  return flight!;
}

Deno.test("session: first packets from a million addresses leave nothing behind", () => {
  const sim = new Sim({}, { answersPerSecond: 100 });
  const { bytes } = firstFlight(sim);
  const random = new SeededRandom(1);
  const from = new DatagramAddress();
  const { sent } = sim.network.tally;
  const sessions = sim.server.endpoint.sessionCount;
  for (let i = 0; i < 1_000_000; i++) {
    random.fillSecret(bytes.subarray(41, 73));
    random.fillSecret(bytes.subarray(111, 125));
    from.words[3] = random.nextUint32() | 0;
    from.words[2] = 0xffff;
    from.words[4] = random.nextInt(65536);
    sim.server.receive(0, bytes, from);
    if (i % 1000 === 0) sim.scheduler.advance(1);
  }
  assertEquals(sim.server.endpoint.sessionCount, sessions);
  const { firstFlights, firstFlightsRefused, answersHeld, firstFlightsLimited } = sim.server.counted();
  assertEquals(firstFlights, 1_000_000);
  assertEquals(firstFlightsRefused! + answersHeld! + (firstFlightsLimited ?? 0), 1_000_000);
  assert(sim.network.tally.sent - sent <= 205, `${sim.network.tally.sent - sent} answers in 1 s`);
});

Deno.test("session: one host that floods is worked for at a rate, and others are not held up", () => {
  const sim = new Sim({ delayMs: 5 }, { firstFlightsPerSecond: 10, firstFlightsBurst: 20 });
  const { client, end } = sim.connect();
  const { bytes, from } = firstFlight(sim);
  const random = new SeededRandom(1);
  for (let i = 0; i < 1000; i++) {
    random.fillSecret(bytes.subarray(41, 73));
    sim.server.receive(0, bytes, from);
  }
  const { firstFlightsLimited } = sim.server.counted();
  assert(firstFlightsLimited! >= 970, `${firstFlightsLimited} were limited`);
  const session = end.endpoint.openClient();
  session.resume(client.ticket!, 0, sim.server.host.address);
  end.pump();
  sim.scheduler.advance(100);
  assertEquals(session.state, SessionState.Established);
});

Deno.test("session: a first flight with a ticket that opens costs its sender the seal as well", () => {
  const sim = new Sim();
  const { bytes, from } = firstFlight(sim);
  const forged = bytes.slice();
  forged[600]! ^= 1;
  sim.server.receive(0, forged, from);
  assertEquals(sim.server.counted().firstFlightsForged, 1);
  assertEquals(sim.network.tally.sent, sim.network.tally.sent);
  sim.server.receive(0, bytes, from);
  assertEquals(sim.server.endpoint.halfOpenCount, 1, "the ticket was not used up");
});

Deno.test("session: half-open sessions of first flights have a cap and end by themselves", () => {
  const sim = new Sim({ delayMs: 1 }, { maxHalfOpen: 4, cookieFromHalfOpen: 4, handshakeTimeoutMs: 3000 });
  const clients = Array.from({ length: 6 }, () => sim.connect());
  sim.network.tap = ({ to }) => to.equals(sim.server.host.address);
  const sessions = clients.map(({ client, end }) => {
    const session = end.endpoint.openClient();
    session.resume(client.ticket!, 0, sim.server.host.address);
    end.pump();
    sim.scheduler.advance(2);
    return session;
  });
  assertEquals(sim.server.endpoint.halfOpenCount, 4);
  assertEquals(sim.server.counted().retriesSent, 2);
  for (const session of sessions) session.close();
  sim.scheduler.advance(8000);
  assertEquals(sim.server.endpoint.halfOpenCount, 0);
});

Deno.test("session: junk of every length and first byte is dropped under a counter", () => {
  const sim = new Sim({}, {});
  const from = sim.addClient().host.address;
  const random = new SeededRandom(9);
  const { sent } = sim.network.tally;
  let datagrams = 0;
  for (let first = 0; first < 256; first++) {
    for (const length of [0, 1, 9, 16, 17, 18, 33, 34, 41, 57, 74, 1199, 1200, 1452]) {
      const bytes = new Uint8Array(length);
      random.fillSecret(bytes);
      if (length > 0) bytes[0] = first;
      sim.server.receive(0, bytes, from);
      datagrams++;
    }
  }
  const counted = sim.server.counted();
  const { foreign, malformed, unknownId, firstFlightsRefused = 0, answersStray } = counted;
  const dropped = foreign! + malformed! + unknownId! + firstFlightsRefused + answersStray!;
  assertEquals(dropped, datagrams, JSON.stringify(counted));
  assertEquals([sim.network.tally.sent, sim.server.endpoint.sessionCount], [sent, 0]);
});

Deno.test("session: 1,000 clients come and go, half of them by resumption", () => {
  const sim = new Sim({ delayMs: 10, jitterMs: 10 }, { maxSessions: 300, firstFlightsPerSecond: 1000 });
  const random = new SeededRandom(11);
  const ends = Array.from({ length: 100 }, () => sim.addClient());
  let connected = 0;
  for (let round = 0; round < 10; round++) {
    const sessions = ends.map((end, i) => {
      const session = end.endpoint.openClient();
      const ticket = end.sessions.at(-1)?.ticket;
      const isResumed = ticket !== undefined && random.nextInt(2) === 0 &&
        session.resume(ticket, 0, sim.server.host.address);
      if (isResumed) session.sendEarly(1, numbered(i));
      else sim.shake(end, sim.server, new Uint8Array(0), session);
      session.send(1, numbered(1000 + i));
      end.pump();
      return session;
    });
    sim.scheduler.advance(200);
    connected += sessions.filter(({ state }) => state === SessionState.Established).length;
    // A part goes without a word.
    sessions.forEach((session, i) => {
      if (random.nextInt(10) > 0) session.close();
      ends[i]!.pump();
    });
    sim.scheduler.advance(2000);
  }
  assertEquals(connected, 1000);
  sim.scheduler.advance(100_000);
  for (const end of ends) {
    for (const session of end.sessions) session.close();
    end.pump();
  }
  sim.scheduler.advance(10_000);
  assertEquals(sim.server.endpoint.sessionCount, 0);
  assertEquals(sim.server.numbers.filter((number) => number >= 1000).length, 1000);
});

Deno.test("session: a session's number and its events are never those of another that had the slot", () => {
  const sim = new Sim({ delayMs: 1 }, { maxSessions: 1 });
  const ids = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const { client, server, end } = sim.connect();
    ids.add(server.id);
    client.close();
    end.pump();
    sim.scheduler.advance(2000);
    assertEquals([server.state, server.send(1, numbered(1))], [SessionState.Closed, 3]);
  }
  assertEquals(ids.size, 20);
});

Deno.test("session: packets for a session that is gone reach no other one in its slot", () => {
  const sim = new Sim({ delayMs: 1 }, { maxSessions: 1 });
  const first = sim.connect();
  let held: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    held ??= datagram;
    return true;
  };
  first.client.send(1, numbered(1));
  first.client.close();
  first.end.pump();
  sim.scheduler.advance(2000);
  const second = sim.connect();
  sim.server.receive(0, held!.bytes, held!.from);
  assertEquals(second.server.statistics().counters.forged, 0);
  assertEquals(sim.server.counted().unknownId, 1);
});
