/**
 * Who is who: reconnecting clients, several at one address, those who name what is not theirs, and the owners of ids.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ConnectionIdScheme } from "../../src/session/connection_id_scheme.ts";
import { ownerOfDatagram, ownerOfTicket } from "../../src/session/datagram_route.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { decodeClientHello, encodeClientHello } from "../../src/wire/hello_record.ts";
import { PacketType, packetType } from "../../src/wire/packet_header.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

Deno.test("session: a client that shakes hands again from its address has two sessions until the old one ends", () => {
  const sim = new Sim({ delayMs: 10 });
  const first = sim.connect();
  const second = sim.shake(first.end);
  sim.scheduler.advance(500);
  for (const { client } of [first, second]) client.send(1, numbered(client.id));
  first.end.pump();
  sim.scheduler.advance(100);
  assertEquals(sim.server.arrived.map(({ session }) => session.id), [first.server.id, second.server.id]);
  assertEquals([first.server.state, second.server.state], [SessionState.Established, SessionState.Established]);
});

Deno.test("session: two endpoints that dial each other at once have a session each way, and neither waits", () => {
  const sim = new Sim({ delayMs: 10 });
  const other = sim.addServer({}, "192.0.2.2");
  const there = sim.shake(sim.server, other);
  const back = sim.shake(other, sim.server);
  sim.scheduler.advance(100);
  const all = [there.client, there.server, back.client, back.server];
  assertEquals(all.map(({ state }) => state), new Array(4).fill(SessionState.Established));
  all.forEach((session, i) => session.send(1, numbered(i)));
  sim.server.pump();
  other.pump();
  sim.scheduler.advance(100);
  assertEquals([sim.server.numbers, other.numbers], [[1, 2], [0, 3]]);
});

Deno.test("session: sessions behind one address are told apart, whatever order their packets come in", () => {
  const sim = new Sim({ delayMs: 10, jitterMs: 30 }, {}, 3);
  const end = sim.addClient();
  const pairs = Array.from({ length: 8 }, () => sim.shake(end));
  sim.scheduler.advance(1000);
  for (let i = 0; i < 40; i++) {
    pairs[i % 8]!.client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(2);
  }
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers.length, 40);
  for (const { session, payload } of sim.server.arrived) assertEquals(session.id, pairs[payload[1]! % 8]!.server.id);
});

Deno.test("session: who saw a first flight cannot name it in a hello of his own", () => {
  const sim = new Sim({ delayMs: 10 }, { handshakeTimeoutMs: 60_000 });
  const { client, server, end } = sim.connect();
  let flight: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    if (packetType(datagram.bytes[0]!) === PacketType.FirstFlight) flight ??= datagram;
    return flight === undefined;
  };
  const victim = end.endpoint.openClient();
  victim.resume(client.ticket!, 0, sim.server.host.address);
  victim.sendEarly(1, numbered(7));
  end.pump();
  sim.network.tap = undefined;
  const thief = sim.addClient();
  const session = thief.endpoint.openClient();
  const early = {
    random: flight!.bytes.slice(41, 73),
    proof: new Uint8Array(32),
    ticket: client.ticket!.ticket,
  };
  const hello = encodeClientHello({ ...decodeClientHello(session.writeHello())!, early });
  const { session: accepted } = sim.server.endpoint.acceptHello(hello, thief.host.address, 4433);
  sim.server.pump();
  assert(accepted !== undefined, "it is a client like any other");
  sim.network.inject(flight!);
  sim.scheduler.advance(1000);
  assertEquals([victim.state, sim.server.numbers], [SessionState.Established, [7]]);
  assertEquals(reasonOf(server), "Replaced (remote)", "by the victim's own resumption");
});

Deno.test("session: a reply goes within three times what came, however much waits to be sent", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, end } = sim.connect();
  const bytes = { in: 0, out: 0 };
  sim.network.tap = (datagram) => {
    const isClient = datagram.from.equals(end.host.address);
    if (isClient) bytes.in += datagram.bytes.length;
    else bytes.out += datagram.bytes.length;
    return isClient;
  };
  sim.server.onEvent = (_, session) => {
    for (let i = 0; session.isResumed && i < 20; i++) session.send(1, new Uint8Array(1000));
  };
  const session = end.endpoint.openClient();
  session.resume(client.ticket!, 0, sim.server.host.address);
  session.sendEarly(1, numbered(1));
  end.pump();
  for (let i = 0; i < 100; i++) {
    sim.scheduler.advance(20);
    assert(bytes.out <= 3 * bytes.in, `${bytes.out} bytes for ${bytes.in}`);
  }
  assert(bytes.out > 2 * 1200, "it is used");
});

Deno.test("session: a message that does not fit beside an accept waits for the client, and causes no replies", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, end } = sim.connect();
  let replies = 0;
  sim.network.tap = ({ bytes }) => packetType(bytes[0]!) !== PacketType.Reply || ++replies > 0;
  sim.server.onEvent = (_, session) => {
    if (session.isResumed && sim.server.arrived.length === 0) {
      session.send(1, numbered(9, session.maxPacketMessageBytes));
    }
  };
  const session = end.endpoint.openClient();
  session.resume(client.ticket!, 0, sim.server.host.address);
  session.sendEarly(1, numbered(1));
  end.pump();
  sim.scheduler.advance(10);
  assertEquals(replies, 1);
  sim.scheduler.advance(100);
  assertEquals([replies, end.numbers], [1, [9]]);
});

Deno.test("ownerOfDatagram() finds the worker of every datagram that a server takes", () => {
  const routeKey = new Uint8Array(8).fill(5);
  const facade = new ConnectionIdScheme(routeKey, 0);
  const sim = new Sim({ delayMs: 10 }, { routeKey, owner: 37 });
  const { client, end } = sim.connect();
  const kinds = new Set<number>();
  sim.network.tap = ({ bytes, to }) => {
    if (!to.equals(sim.server.host.address)) return true;
    kinds.add(packetType(bytes[0]!));
    const buffer = new Uint8Array(bytes.length + 9);
    buffer.set(bytes, 4);
    assertEquals(ownerOfDatagram(facade, buffer, 4, 4 + bytes.length), 37);
    return true;
  };
  assertEquals(ownerOfTicket(facade, client.ticket!.ticket), 37);
  const session = end.endpoint.openClient();
  session.resume(client.ticket!, 0, sim.server.host.address);
  end.pump();
  sim.scheduler.advance(100);
  for (let i = 1; i < 4; i++) {
    const host = sim.network.attach(`10.7.7.${i}`, 7, (bytes, from) => end.receive(i, bytes, from));
    end.addLink(i, (bytes, to) => host.send(bytes, to));
    session.migrate(i, sim.server.host.address);
    end.pump();
    sim.scheduler.advance(2000);
  }
  assertEquals([session.pathId, [...kinds].toSorted()], [3, [PacketType.Session, PacketType.FirstFlight]]);
});

Deno.test("ownerOfDatagram() says -1 for what is none of this protocol's, or too short", () => {
  const scheme = new ConnectionIdScheme(new Uint8Array(8), 0);
  assertEquals(ownerOfDatagram(scheme, new Uint8Array(0), 0, 0), -1);
  assertEquals(ownerOfDatagram(scheme, new Uint8Array(1500), 0, 1500), -1);
  for (const [first, least] of [[0xd0, 9], [0xd4, 9], [0xd2, 119]] as const) {
    const bytes = new Uint8Array(200).fill(first);
    assertEquals(ownerOfDatagram(scheme, bytes, 0, least - 1), -1, `${first}`);
    assertEquals(ownerOfDatagram(scheme, bytes, 0, least) >= 0, true, `${first}`);
  }
  assertEquals([ownerOfTicket(scheme, new Uint8Array(7)), ownerOfTicket(scheme, new Uint8Array(8)) >= 0], [-1, true]);
});
