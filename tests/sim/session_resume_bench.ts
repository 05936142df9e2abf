/**
 * What the simulations of resumption share: clients with tickets, attempts, and what their datagrams are.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { ResumptionTicket } from "../../src/session/resumption_ticket.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { PacketType, packetType } from "../../src/wire/packet_header.ts";
import { type EndOptions, numbered, type Sim, type SimEnd } from "./session_bench.ts";

/** A client that had a session and closed it. */
export function withTicket(sim: Sim, options: EndOptions = {}): { end: SimEnd; ticket: ResumptionTicket } {
  const { client, end } = sim.connect(options, 5000);
  const { ticket } = client;
  client.close();
  end.pump();
  sim.scheduler.advance(3000);
  assert(ticket !== undefined);
  return { end, ticket };
}

/** Resumes, with early messages. */
export function resume(
  sim: Sim,
  end: SimEnd,
  ticket: ResumptionTicket,
  early: readonly number[],
  server = sim.server,
): SessionMachine {
  const session = end.endpoint.openClient();
  assertEquals(session.resume(ticket, 0, server.host.address), true);
  for (const number of early) session.sendEarly(1, numbered(number));
  end.pump();
  return session;
}

/** Resumes; where that comes to nothing, shakes hands. */
export function resumeOrShake(
  sim: Sim,
  end: SimEnd,
  ticket: ResumptionTicket,
  early: readonly number[],
  server = sim.server,
): SessionMachine {
  end.onEvent = (_, session) => {
    if (end.events.at(-1) !== "ResumptionFailed") return;
    sim.scheduler.nextTurn(() => sim.shake(end, server, new Uint8Array(0), session));
  };
  return resume(sim, end, ticket, early, server);
}

function isOfType(type: PacketType): (datagram: TappedDatagram) => boolean {
  return ({ bytes }) => packetType(bytes[0]!) === type;
}

/** Whether it is a first flight. */
export const isFirstFlight = isOfType(PacketType.FirstFlight);
/** Whether it is a reply. */
export const isReply = isOfType(PacketType.Reply);

/** The early messages that arrived, as the number in their first two bytes. */
export function earlyOf(server: SimEnd): number[] {
  return server.arrived.filter(({ isEarly }) => isEarly).map(({ payload }) => payload[0]! * 256 + payload[1]!);
}
