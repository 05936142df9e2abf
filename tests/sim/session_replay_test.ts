/**
 * Packets that come again, and packets that were changed: nothing of either is delivered.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

/** A session with traffic both ways, a resumption, and everything that was sent in it. */
function recorded(seed: number): { sim: Sim; all: TappedDatagram[] } {
  const sim = new Sim({ delayMs: 10, jitterMs: 10 }, { rotateAfterPackets: 16, ackEveryPackets: 2 }, seed);
  const all: TappedDatagram[] = [];
  sim.network.tap = (datagram) => all.push(datagram) > 0;
  const { client, server, end } = sim.connect({ rotateAfterPackets: 16, ackEveryPackets: 2 });
  const second = end.endpoint.openClient();
  second.resume(client.ticket!, 0, sim.server.host.address);
  second.sendEarly(1, numbered(9000));
  end.pump();
  sim.scheduler.advance(1000);
  for (let i = 0; i < 60; i++) {
    second.send(1, numbered(i));
    sim.server.sessions.at(-1)!.send(1, numbered(500 + i));
    end.pump();
    sim.server.pump();
    sim.scheduler.advance(3);
  }
  sim.scheduler.advance(500);
  assertEquals([client.state, server.state], [SessionState.Closed, SessionState.Closed], "replaced");
  return { sim, all };
}

Deno.test("session: every datagram ever sent comes again, many times and shuffled, and nothing happens", () => {
  const { sim, all } = recorded(1);
  const random = new SeededRandom(2);
  const ends = [sim.server.numbers.length, sim.server.events.length];
  const before = sim.server.sessionsCounted();
  sim.network.tap = undefined;
  for (let i = 0; i < 3 * all.length; i++) {
    sim.network.inject(all[i < all.length ? i : random.nextInt(all.length)]!);
    if (i % 10 === 0) sim.scheduler.advance(1);
  }
  sim.scheduler.advance(1000);
  assertEquals([sim.server.numbers.length, sim.server.events.length], ends);
  assertEquals(sim.server.sessions.filter(({ state }) => state === SessionState.Established).length, 1);
  const after = sim.server.sessionsCounted();
  assert(after.replayed! - (before.replayed ?? 0) > all.length / 2, "replays are counted");
  assertEquals([after.messagesIn, after.forged ?? 0], [before.messagesIn, before.forged ?? 0]);
});

Deno.test("session: every bit of every kind of datagram matters", () => {
  const { sim, all } = recorded(3);
  const kinds = new Map<string, TappedDatagram>();
  for (const datagram of all) {
    const { bytes, from } = datagram;
    kinds.set(`${bytes[0]! >> 1} ${bytes.length > 1000} ${from.port === 4433}`, datagram);
  }
  assert(kinds.size >= 5, [...kinds.keys()].join());
  const random = new SeededRandom(4);
  sim.network.tap = undefined;
  const received = sim.server.numbers.length;
  const events = sim.server.events.length;
  for (const [kind, { bytes, from, to }] of kinds) {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << random.nextInt(8);
      sim.network.inject({ bytes: changed, from, to });
      sim.scheduler.advance(0);
      assertEquals([sim.server.numbers.length, sim.server.events.length], [received, events], `${kind} byte ${at}`);
    }
  }
  assertEquals(sim.server.sessions.filter(({ state }) => state === SessionState.Established).length, 1);
});

Deno.test("session: a datagram with a changed bit is never delivered in the place of the true one", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const sim = new Sim({ delayMs: 5, corruptShare: 0.5 }, {}, seed);
    const end = sim.addClient();
    const { client } = sim.shake(end);
    sim.scheduler.advance(5000);
    for (let i = 0; i < 200; i++) {
      client.send(1, numbered(i, 40));
      end.pump();
      sim.scheduler.advance(2);
    }
    sim.scheduler.advance(100);
    const { numbers } = sim.server;
    assert(numbers.length > 60 && numbers.length < 140, `seed ${seed}: ${numbers.length} arrived`);
    for (const { payload } of sim.server.arrived) {
      assertEquals(payload, numbered(payload[0]! * 256 + payload[1]!, 40), `seed ${seed}`);
    }
  }
});

Deno.test("session: 100,000 forged packets are counted, answered by nothing and change nothing", () => {
  const sim = new Sim({ delayMs: 1 });
  const { client, server, end } = sim.connect();
  let sample: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    sample ??= datagram;
    return true;
  };
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(100);
  const random = new SeededRandom(5);
  const sent = sim.network.tally.sent;
  const forged = sample!.bytes.slice();
  for (let i = 0; i < 100_000; i++) {
    random.fillSecret(forged.subarray(13, 40));
    forged[9] = forged[10] = forged[11] = 0;
    sim.server.receive(0, forged, sample!.from);
  }
  assertEquals(server.state, SessionState.Established);
  const { forged: counted, replayed } = server.statistics().counters;
  assertEquals(counted! + replayed!, 100_000);
  assert(counted! > 99_000);
  assertEquals(sim.network.tally.sent, sent);
  client.send(1, numbered(2));
  end.pump();
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers, [1, 2]);
});

Deno.test("session: more forged packets than the keys allow close the session", () => {
  const sim = new Sim({ delayMs: 1 }, { maxForgedPackets: 50 });
  const { client, server, end } = sim.connect();
  let sample: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    sample ??= datagram;
    return true;
  };
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(100);
  const { bytes, from } = sample!;
  for (let i = 0; i < 49; i++) {
    bytes[16] = 100 + i;
    sim.server.receive(0, bytes, from);
  }
  assertEquals(server.state, SessionState.Established);
  bytes[16] = 200;
  sim.server.receive(0, bytes, from);
  assertEquals(reasonOf(server), "ForgeryLimit (local)");
  sim.scheduler.advance(1000);
  assertEquals(reasonOf(client), "ForgeryLimit (remote)");
});

Deno.test("session: forged packets cannot move the replay window", () => {
  const sim = new Sim({ delayMs: 1 });
  const { client, end } = sim.connect();
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => held.push(datagram) < 0;
  client.send(1, numbered(1));
  end.pump();
  sim.network.tap = undefined;
  const { bytes, from } = held[0]!;
  for (const far of [2 ** 20, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    const forged = bytes.slice();
    new DataView(forged.buffer).setBigUint64(9, BigInt(far));
    sim.server.receive(0, forged, from);
  }
  sim.server.receive(0, bytes, from);
  assertEquals(sim.server.numbers, [1]);
});

Deno.test("session: a packet that was overtaken by fewer than 1024 others is taken, and not twice", () => {
  const sim = new Sim({ delayMs: 1 }, { ackEveryPackets: 128 });
  const { client, end } = sim.connect();
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => held.length > 0 || held.push(datagram) < 0;
  for (let i = 0; i < 1000; i++) {
    client.send(1, numbered(i));
    end.pump();
    if (i % 50 === 0) sim.scheduler.advance(1);
  }
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers.length, 999);
  const [late] = held;
  for (let i = 0; i < 3; i++) sim.server.receive(0, late!.bytes, late!.from);
  assertEquals([sim.server.numbers.length, sim.server.numbers.at(-1)], [1000, 0]);
});
