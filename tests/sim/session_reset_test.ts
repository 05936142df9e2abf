/**
 * Stateless resets: a restarted server is noticed at once, and nobody makes it an amplifier.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

const resetKey = new Uint8Array(32).fill(3);

Deno.test("session: a server that restarted with its reset key is noticed at once", () => {
  const sim = new Sim({ delayMs: 20 }, { resetKey });
  const { client, end } = sim.connect();
  const again = sim.addServer({ resetKey });
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(40);
  assertEquals([reasonOf(client), end.events.at(-1)], ["StatelessReset (remote)", "Closed"]);
  assertEquals([again.counted(), end.counted()], [{ unknownId: 1, resetsSent: 1 }, { resetsReceived: 1 }]);
  assertEquals(end.endpoint.sessionCount, 0);
});

Deno.test("session: a server that restarted without a reset key is noticed by probes and the idle timeout", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect({ idleTimeoutMs: 6000 });
  const again = sim.addServer();
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(5000);
  assertEquals(client.state, SessionState.Established);
  sim.scheduler.advance(20_000);
  assertEquals(reasonOf(client), "IdleTimeout (link)");
  assert(again.counted().unknownId! > 1);
  assertEquals(again.counted().resetsSent, undefined);
});

Deno.test("session: a reset of a server with another key, or a changed one, ends nothing", () => {
  const sim = new Sim({ delayMs: 20 }, { resetKey });
  const { client, end } = sim.connect();
  const again = sim.addServer({ resetKey: new Uint8Array(32).fill(4) });
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(100);
  assertEquals([client.state, again.counted().resetsSent], [SessionState.Established, 1]);
  assertEquals(end.counted(), { unknownId: 1, resetsHeld: 1 });
});

Deno.test("session: every id that the client was given can reset it, a retired one cannot", () => {
  const sim = new Sim({ delayMs: 20 }, { resetKey });
  const { client, end } = sim.connect();
  const second = sim.network.attach("10.7.7.7", 7, (bytes, from) => end.receive(1, bytes, from));
  end.addLink(1, (bytes, to) => second.send(bytes, to));
  let former: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    if (datagram.from.equals(end.host.address)) former = datagram;
    return true;
  };
  client.send(1, numbered(1));
  end.pump();
  client.migrate(1, sim.server.host.address);
  end.pump();
  sim.scheduler.advance(3000);
  assertEquals(client.pathId, 1);
  sim.network.tap = undefined;
  sim.addServer({ resetKey });
  // A packet of the former path, for an id that was retired since, is answered by a reset that means nothing any more.
  sim.network.inject(former!);
  sim.scheduler.advance(100);
  assertEquals(client.state, SessionState.Established);
  client.send(1, numbered(2));
  end.pump();
  sim.scheduler.advance(100);
  assertEquals(reasonOf(client), "StatelessReset (remote)");
});

Deno.test("session: a reset is shorter than what triggers it, and short packets get none", () => {
  const sim = new Sim({}, { resetKey });
  const from = new DatagramAddress();
  from.parse("10.5.5.5", 5);
  let answer = 0;
  sim.network.tap = ({ bytes }) => (answer = bytes.length) < 0;
  for (let length = 1; length <= 200; length++) {
    const bytes = new Uint8Array(length).fill(7);
    bytes[0] = 0xd0;
    answer = 0;
    sim.server.receive(0, bytes, from);
    assertEquals(answer > 0, length >= 42, `${length} bytes`);
    assert(answer < length, `${length} bytes are answered with ${answer}`);
  }
});

Deno.test("session: two endpoints that lost their sessions do not answer each other forever", () => {
  const sim = new Sim({ delayMs: 1 }, { resetKey });
  const other = sim.addServer({ resetKey }, "192.0.2.2");
  const bytes = new Uint8Array(1200).fill(7);
  bytes[0] = 0xd0;
  sim.network.inject({ bytes, from: other.host.address, to: sim.server.host.address });
  sim.scheduler.advance(1000);
  const { sent } = sim.network.tally;
  assert(sent < 25, `${sent} datagrams`);
  sim.scheduler.advance(10_000);
  assertEquals(sim.network.tally.sent, sent);
});

Deno.test("session: resets have a rate", () => {
  const sim = new Sim({}, { resetKey, resetsPerSecond: 10 });
  const from = new DatagramAddress();
  from.parse("10.5.5.5", 5);
  const bytes = new Uint8Array(100).fill(7);
  bytes[0] = 0xd0;
  const flood = (): number => {
    const before = sim.server.counted().resetsSent ?? 0;
    for (let i = 0; i < 100; i++) sim.server.receive(0, bytes.slice(), from);
    return sim.server.counted().resetsSent! - before;
  };
  assertEquals(flood(), 10);
  assertEquals(flood(), 0);
  sim.scheduler.advance(500);
  assertEquals(flood(), 5);
  assertEquals(sim.server.counted().resetsHeld, 285);
});

Deno.test("session: a rate of 0 sends no resets", () => {
  const sim = new Sim({}, { resetKey, resetsPerSecond: 0 });
  const bytes = new Uint8Array(100).fill(7);
  bytes[0] = 0xd0;
  sim.server.receive(0, bytes, sim.addClient().host.address);
  assertEquals(sim.server.counted(), { unknownId: 1, resetsHeld: 1 });
});

Deno.test("session: a live session is never reset by its own server, whatever comes for it", () => {
  const sim = new Sim({ delayMs: 5, corruptShare: 0.4 }, { resetKey }, 4);
  const { client, end } = sim.connect({}, 5000);
  for (let i = 0; i < 500; i++) {
    client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(5);
  }
  assertEquals(client.state, SessionState.Established);
  assertEquals(end.counted().resetsReceived, undefined);
});
