/**
 * The table of STATE_MACHINE.md: every transition that the simulations see stands in it (the bench checks that after
 * each step), and every transition that stands in it is seen here.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import type { ResumptionTicket } from "../../src/session/resumption_ticket.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { ALLOWED, checkTransitions, transitionName } from "./session_allowed.ts";
import { Sim, type SimEnd } from "./session_bench.ts";

const resetKey = new Uint8Array(32).fill(3);
const hasty = { handshakeTimeoutMs: 1500, idleTimeoutMs: 4000 };

/** One simulation after another; the ends that took part. */
class Scenarios {
  readonly ends: SimEnd[] = [];

  run(scenario: (sim: Sim, end: SimEnd, ticket: () => ResumptionTicket) => void): void {
    const sim = new Sim({ delayMs: 10 }, { ...hasty, resetKey });
    const end = sim.addClient(hasty);
    const ticket = (): ResumptionTicket => {
      const { client } = sim.shake(end);
      sim.scheduler.advance(200);
      return client.ticket!;
    };
    scenario(sim, end, ticket);
    sim.scheduler.advance(30_000);
    this.ends.push(end, sim.server);
  }
}

function close(end: SimEnd, session: SessionMachine): void {
  session.close();
  end.pump();
}

function handshakes(all: Scenarios): void {
  // Before there are keys; in the middle; never heard.
  all.run((_, end) => close(end, end.endpoint.openClient()));
  all.run((sim, end) => close(end, sim.shake(end).client));
  all.run((sim, end) => {
    sim.network.tap = () => false;
    sim.shake(end);
  });
}

function resumptions(all: Scenarios): void {
  all.run((sim, end, ticket) => {
    const session = end.endpoint.openClient();
    session.resume(ticket(), 0, sim.server.host.address);
    end.pump();
  });
  all.run((sim, end, ticket) => {
    const session = end.endpoint.openClient();
    session.resume(ticket(), 0, sim.server.host.address);
    close(end, session);
  });
  all.run((sim, end, ticket) => {
    const held = ticket();
    sim.network.tap = () => false;
    end.endpoint.openClient().resume(held, 0, sim.server.host.address);
    end.pump();
  });
  // The server closes before the client is heard.
  all.run((sim, end, ticket) => {
    const session = end.endpoint.openClient();
    session.resume(ticket(), 0, sim.server.host.address);
    session.sendEarly(1, new Uint8Array(1));
    sim.server.onEvent = (_, accepted) => accepted.isResumed ? accepted.close() : undefined;
    end.pump();
  });
}

function ends(all: Scenarios): void {
  all.run((sim, end) => {
    const { client } = sim.shake(end);
    sim.scheduler.advance(200);
    close(end, client);
  });
  all.run((sim, end) => {
    const { server } = sim.shake(end);
    sim.scheduler.advance(200);
    close(sim.server, server);
  });
  // Nobody answers the close; everybody is gone; the server forgot.
  all.run((sim, end) => {
    const { client, server } = sim.shake(end);
    sim.scheduler.advance(200);
    sim.network.tap = () => false;
    close(end, client);
    close(sim.server, server);
  });
  all.run((sim, end) => {
    sim.shake(end);
    sim.scheduler.advance(200);
    sim.network.tap = () => false;
  });
  all.run((sim, end) => {
    const { client } = sim.shake(end);
    sim.scheduler.advance(200);
    sim.addServer({ resetKey });
    client.send(1, new Uint8Array(1));
    end.pump();
  });
}

Deno.test("STATE_MACHINE.md lists every transition that is made, and no other", () => {
  const all = new Scenarios();
  handshakes(all);
  resumptions(all);
  ends(all);
  const seen = new Set(all.ends.flatMap(({ endpoint }) => endpoint.transitions().map(transitionName)));
  assertEquals([...seen].toSorted(), [...ALLOWED].toSorted());
});

Deno.test("checkTransitions() refuses what the page does not allow", () => {
  assertEquals(ALLOWED.size, 25);
  checkTransitions([{ role: "Client", from: "Idle", to: "Resuming", count: 1 }]);
  const wrong = { role: "Server", from: "Closed", to: "Established", count: 1 } as const;
  assertThrows(() => checkTransitions([wrong]), Error, "Server: Closed -> Established");
});
