/**
 * Sessions whose peer moves: rebinding, another link, a stream, and those who only pretend.
 *
 * Why: more than 400 lines, because honest moves and pretended ones are held against the same rules.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionEvent } from "../../src/session/session_event.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { type Connected, numbered, reasonOf, Sim } from "./session_bench.ts";

function addressOf(hostname: string, port: number): DatagramAddress {
  const address = new DatagramAddress();
  address.parse(hostname, port);
  return address;
}

function remoteOf(session: Connected["server"]): string {
  const address = new DatagramAddress();
  return session.readAddress(address) ? `${address.hostname}:${address.port}` : "";
}

/** Sends a message a step each way. */
function talk(sim: Sim, { client, server, end }: Connected, count: number, stepMs: number, first = 0): void {
  for (let i = 0; i < count; i++) {
    client.send(1, numbered(first + i, 100));
    server.send(1, numbered(first + i, 100));
    end.pump();
    sim.server.pump();
    sim.scheduler.advance(stepMs);
  }
}

Deno.test("session: a client behind a port that changes every 50 ms keeps talking at a round trip of 20 ms", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const smoothed = pair.server.statistics().smoothedRttMs;
  for (let i = 0; i < 40; i++) {
    pair.end.host.rebind("10.0.0.9", 2000 + i);
    talk(sim, pair, 25, 2, i * 25);
  }
  sim.scheduler.advance(100);
  assertEquals(sim.server.numbers.length, 1000, "no packet of the client is lost");
  // What was under way to the former port is lost: 10 ms each way of every 50.
  assert(pair.end.numbers.length > 550, `${pair.end.numbers.length} of 1000 arrived`);
  assertEquals([pair.client.state, pair.server.state], [SessionState.Established, SessionState.Established]);
  assertEquals(remoteOf(pair.server), "10.0.0.9:2039");
  const { migrations, pathsRefused, pathsFailed } = pair.server.statistics().counters;
  assert(migrations! >= 40 && pathsFailed! <= 40, `${migrations} migrations`);
  assertEquals(pathsRefused, 0);
  assert(Math.abs(pair.server.statistics().smoothedRttMs - smoothed) < 15, "round-trip times go on");
});

Deno.test("session: rebinding under loss and jitter keeps the session", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const sim = new Sim({ delayMs: 10, jitterMs: 15, lossShare: 0.1, duplicateShare: 0.1 }, {}, seed);
    const pair = sim.connect({}, 5000);
    for (let i = 0; i < 20; i++) {
      pair.end.host.rebind("10.0.0.9", 2000 + i);
      talk(sim, pair, 50, 2, i * 50);
    }
    sim.scheduler.advance(2000);
    assert(sim.server.numbers.length > 800, `seed ${seed}: ${sim.server.numbers.length} of 1000`);
    assert(pair.end.numbers.length > 500, `seed ${seed}: ${pair.end.numbers.length} of 1000`);
    assertEquals(pair.client.state, SessionState.Established, `seed ${seed}`);
    assertEquals(remoteOf(pair.server), "10.0.0.9:2019", `seed ${seed}`);
  }
});

for (const [what, hostname, expected] of [["port keeps", "10.0.0.1", 80], ["host forgets", "10.0.9.9", 0]] as const) {
  Deno.test(`session: another ${what} round-trip times`, () => {
    const sim = new Sim({ delayMs: 40 });
    const pair = sim.connect();
    assertEquals(pair.end.host.address.hostname, "10.0.0.1");
    talk(sim, pair, 100, 10);
    let minRttMs = -1;
    sim.server.onEvent = (event) => {
      if (event === SessionEvent.PathChanged) minRttMs = pair.server.statistics().minRttMs;
    };
    pair.end.host.rebind(hostname, 2000);
    talk(sim, pair, 20, 10, 100);
    assertEquals(minRttMs, expected);
  });
}

Deno.test("session: another link forgets round-trip times, though the server's address is the same", () => {
  const sim = new Sim({ delayMs: 40 });
  const pair = sim.connect();
  const second = sim.network.attach("10.7.7.7", 7777, (bytes, from) => pair.end.receive(1, bytes, from));
  pair.end.addLink(1, (bytes, to) => second.send(bytes, to));
  talk(sim, pair, 100, 10);
  let minRttMs = -1;
  pair.end.onEvent = (event) => {
    if (event === SessionEvent.PathChanged) minRttMs = pair.client.statistics().minRttMs;
  };
  pair.client.migrate(1, sim.server.host.address);
  talk(sim, pair, 20, 10, 100);
  assertEquals(minRttMs, 0);
});

Deno.test("session: round-trip times of a new host do not mix with those of the old one", () => {
  const sim = new Sim({ delayMs: 5 });
  const pair = sim.connect();
  talk(sim, pair, 50, 10);
  assertEquals(pair.server.statistics().minRttMs, 10);
  pair.end.host.rebind("10.9.9.9", 2000);
  // The new way is longer: the simulation holds its datagrams back.
  sim.network.tap = (datagram) => {
    sim.scheduler.alarm(() => sim.network.inject(datagram)).arm(sim.scheduler.clock.now + 45);
    return false;
  };
  talk(sim, pair, 100, 10, 100);
  assertEquals(pair.server.statistics().minRttMs, 100);
});

Deno.test("session: three times the received bytes go to an address that is not validated, and no more", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const bytes = { in: 0, out: 0 };
  pair.end.host.rebind("10.9.9.9", 2000);
  const moved = pair.end.host.address;
  sim.network.tap = (datagram) => {
    if (datagram.from.equals(moved)) bytes.in += datagram.bytes.length;
    if (datagram.to.equals(moved)) bytes.out += datagram.bytes.length;
    return !datagram.to.equals(moved);
  };
  pair.client.send(1, numbered(1, 200));
  pair.end.pump();
  for (let i = 0; i < 200; i++) {
    pair.server.send(1, numbered(i, 500));
    sim.server.pump();
    sim.scheduler.advance(5);
    assert(bytes.out <= 3 * bytes.in, `${bytes.out} bytes for ${bytes.in}`);
  }
  assert(bytes.out > bytes.in, "it is used");
  assert(pair.server.statistics().counters.amplificationHeld! > 0);
});

Deno.test("session: who copies packets to another address gains nothing, even if he is faster than the originals", () => {
  for (const leadMs of [-5, 0, 5]) {
    const sim = new Sim({ delayMs: 20 });
    const pair = sim.connect();
    const attacker = addressOf("203.0.113.66", 6666);
    const bytes = { in: 0, out: 0 };
    sim.network.tap = (datagram) => {
      if (datagram.to.equals(attacker)) {
        bytes.out += datagram.bytes.length;
        return false;
      }
      if (!datagram.from.equals(pair.end.host.address)) return true;
      const copy = { ...datagram, from: attacker };
      bytes.in += datagram.bytes.length;
      sim.scheduler.alarm(() => sim.server.receive(0, copy.bytes.slice(), attacker))
        .arm(sim.scheduler.clock.now + 20 - leadMs);
      return true;
    };
    talk(sim, pair, 400, 5);
    sim.scheduler.advance(500);
    const note = `${leadMs} ms ahead`;
    assertEquals(sim.server.numbers.length, 400, note);
    assert(pair.end.numbers.length >= 396, `${note}: ${pair.end.numbers.length} of 400 arrived`);
    assert(bytes.out <= 3 * bytes.in, note);
    assert(bytes.out < 20_000, `${note}: ${bytes.out} bytes went astray`);
    assertEquals(remoteOf(pair.server), remoteOf(pair.server).replace(/.*(?=)/, remoteOf(pair.server)));
    assertEquals(remoteOf(pair.server).startsWith("10.0."), true, note);
    assertEquals(sim.server.events.includes("PathChanged"), false, note);
  }
});

Deno.test("session: a single packet that an attacker brings first leads the session astray for a moment only", () => {
  const sim = new Sim({ delayMs: 20 });
  const pair = sim.connect();
  const attacker = addressOf("203.0.113.66", 6666);
  let taken: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    if (taken === undefined && datagram.from.equals(pair.end.host.address)) {
      taken = datagram;
      sim.server.receive(0, datagram.bytes.slice(), attacker);
    }
    return !datagram.to.equals(attacker);
  };
  pair.client.send(1, numbered(1));
  pair.end.pump();
  assertEquals(remoteOf(pair.server), "203.0.113.66:6666");
  sim.scheduler.advance(20);
  assertEquals(remoteOf(pair.server).startsWith("10.0."), true, "the original brings it back");
  assertEquals(pair.server.statistics().counters.migrationsReverted, 1);
});

Deno.test("session: an older packet from another address moves nothing", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  let held: TappedDatagram | undefined;
  sim.network.tap = (datagram) => {
    if (held !== undefined) return true;
    held = datagram;
    return false;
  };
  pair.client.send(1, numbered(1));
  pair.end.pump();
  pair.client.send(1, numbered(2));
  pair.end.pump();
  sim.scheduler.advance(20);
  const before = remoteOf(pair.server);
  sim.server.receive(0, held!.bytes, addressOf("203.0.113.66", 6666));
  assertEquals([sim.server.numbers, remoteOf(pair.server)], [[2, 1], before]);
});

Deno.test("session: a client drops packets that come from anywhere but its server", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  let held: TappedDatagram | undefined;
  sim.network.tap = (datagram) => (held = datagram) === undefined;
  pair.server.send(1, numbered(1));
  sim.server.pump();
  pair.end.receive(0, held!.bytes, addressOf("203.0.113.66", 6666));
  assertEquals([pair.end.numbers, pair.client.statistics().counters.wrongPath], [[], 1]);
  pair.end.receive(0, held!.bytes, held!.from);
  assertEquals(pair.end.numbers, [1]);
});

Deno.test("session: a client that moves to another link probes it first, with an id of its own, and is followed", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const second = sim.network.attach("10.7.7.7", 7777, (bytes, from) => pair.end.receive(1, bytes, from));
  pair.end.addLink(1, (bytes, to) => second.send(bytes, to));
  const ids = new Set<string>();
  const probes: number[] = [];
  sim.network.tap = ({ bytes, from }) => {
    if (!from.equals(second.address)) return true;
    ids.add(bytes.subarray(1, 9).join());
    probes.push(bytes.length);
    return true;
  };
  const former = new Set<string>();
  talk(sim, pair, 10, 5);
  assertEquals(pair.client.migrate(1, sim.server.host.address), true);
  talk(sim, pair, 3, 5, 10);
  assertEquals(pair.client.pathId, 0, "not before it is validated");
  talk(sim, pair, 50, 5, 13);
  sim.scheduler.advance(20);
  assertEquals([pair.client.pathId, remoteOf(pair.server)], [1, "10.7.7.7:7777"]);
  assertEquals([ids.size, probes[0], former.size], [1, 1200, 0]);
  assertEquals(pair.end.events.filter((name) => name === "PathChanged").length, 1);
  assertEquals(sim.server.events.filter((name) => name === "PathChanged").length, 1);
  assertEquals([sim.server.numbers.length, pair.end.numbers.length], [63, 63]);
});

Deno.test("session: a path that does not answer is not taken", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  pair.end.addLink(1, () => {});
  assertEquals(pair.client.migrate(1, sim.server.host.address), true);
  talk(sim, pair, 300, 10);
  assertEquals([pair.client.pathId, pair.client.statistics().counters.pathsFailed], [0, 1]);
  assertEquals(pair.end.events.filter((name) => name === "PathFailed").length, 1);
  assertEquals(sim.server.numbers.length, 300);
});

Deno.test("session: a client whose datagrams are blocked from the first one on begins on a stream", () => {
  for (const isLate of [false, true]) {
    const sim = new Sim({ delayMs: 10 });
    const end = sim.addClient();
    const stream = sim.addStream(end, sim.server, 15);
    if (!isLate) sim.network.tap = () => false;
    const pair = { ...sim.shake(end), end };
    if (!isLate) sim.scheduler.advance(700);
    assertEquals(pair.client.migrate(stream, new DatagramAddress()), true);
    talk(sim, pair, 40, 5);
    sim.scheduler.advance(200);
    assertEquals([pair.client.state, pair.client.pathId], [SessionState.Established, stream]);
    assertEquals([sim.server.numbers.length, end.numbers.length >= 38], [40, true]);
    assertEquals([pair.server.pathId, end.events.includes("PathChanged")], [stream, false]);
  }
});

Deno.test("session: a session begins on a stream alone", () => {
  const sim = new Sim({ delayMs: 10 });
  const end = sim.addClient();
  const stream = sim.addStream(end, sim.server, 15);
  sim.network.tap = () => false;
  const session = end.endpoint.openClient();
  const { record, session: server } = sim.server.endpoint.acceptHello(session.writeHello(), end.host.address, 4433);
  sim.server.pump();
  session.handleHello(record, stream, new DatagramAddress());
  end.pump();
  const pair = { client: session, server: server!, end };
  talk(sim, pair, 40, 5);
  sim.scheduler.advance(100);
  assertEquals([session.pathId, server!.pathId], [stream, stream]);
  assertEquals([sim.server.numbers.length, end.numbers.length], [40, 40]);
});

Deno.test("session: a session moves along no more paths than it has places for, and not before it has keys", () => {
  const sim = new Sim({ delayMs: 10 });
  const end = sim.addClient();
  const client = end.endpoint.openClient();
  assertEquals(client.migrate(1, sim.server.host.address), false);
  const { server } = sim.shake(end, sim.server, new Uint8Array(0), client);
  assertEquals(server.migrate(1, end.host.address), false);
  sim.scheduler.advance(1000);
  for (const [pathId, expected] of [[1, true], [2, true], [3, false], [0, true]] as const) {
    assertEquals(client.migrate(pathId, sim.server.host.address), expected, `path ${pathId}`);
  }
  end.pump();
});

Deno.test("session: ids that are not used any more are retired and new ones issued, on and on", () => {
  const sim = new Sim({ delayMs: 5 });
  const pair = sim.connect();
  const ids = new Set<string>();
  sim.network.tap = ({ bytes, to }) => {
    if (to.equals(sim.server.host.address)) ids.add(bytes.subarray(1, 9).join());
    return true;
  };
  for (let i = 1; i <= 20; i++) {
    const host = sim.network.attach(`10.7.7.${i}`, 7000 + i, (bytes, from) => pair.end.receive(i, bytes, from));
    pair.end.addLink(i, (bytes, to) => host.send(bytes, to));
    assertEquals(pair.client.migrate(i, sim.server.host.address), true, `move ${i}`);
    talk(sim, pair, 80, 5, i * 100);
    assertEquals([pair.client.pathId, remoteOf(pair.server)], [i, `10.7.7.${i}:${7000 + i}`]);
  }
  assertEquals(ids.size, 21);
  assertEquals(sim.server.numbers.length, 1600);
});

Deno.test("session: a session falls back to a stream and returns to datagrams", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  talk(sim, pair, 10, 5);
  const stream = sim.addStream(pair.end, sim.server, 15);
  sim.network.tap = () => false;
  assertEquals(pair.client.migrate(stream, new DatagramAddress()), true);
  pair.end.pump();
  sim.scheduler.advance(200);
  assertEquals([pair.client.pathId, pair.server.pathId], [stream, stream]);
  const before = sim.server.numbers.length;
  talk(sim, pair, 20, 5, 100);
  sim.scheduler.advance(50);
  assertEquals(sim.server.numbers.length, before + 20);
  sim.network.tap = undefined;
  assertEquals(pair.client.migrate(0, sim.server.host.address), true);
  talk(sim, pair, 40, 5, 200);
  assertEquals([pair.client.pathId, pair.server.pathId], [0, 0]);
  pair.end.loseLink(stream);
  sim.server.loseLink(stream);
  talk(sim, pair, 10, 5, 300);
  sim.scheduler.advance(50);
  assertEquals([sim.server.numbers.at(-1), pair.end.numbers.at(-1)], [309, 309]);
});

Deno.test("session: a link that is lost brings the session back to a path that it still knows", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const stream = sim.addStream(pair.end, sim.server, 10);
  pair.client.migrate(stream, new DatagramAddress());
  talk(sim, pair, 12, 5);
  assertEquals([pair.client.pathId, pair.server.pathId], [stream, stream]);
  pair.end.loseLink(stream);
  sim.server.loseLink(stream);
  assertEquals([pair.client.pathId, pair.server.pathId], [0, 0]);
  assertEquals([pair.end.events.at(-1), sim.server.events.at(-1)], ["PathChanged", "PathChanged"]);
  talk(sim, pair, 20, 5, 100);
  sim.scheduler.advance(2000);
  assertEquals([sim.server.numbers.filter((number) => number >= 100).length, pair.client.pathId], [20, 0]);
});

Deno.test("session: a link that is lost before it was validated brings the session back to the one before", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const stream = sim.addStream(pair.end, sim.server, 10);
  let held: TappedDatagram | undefined;
  sim.network.tap = (datagram) => (held = datagram) === undefined;
  pair.client.send(1, numbered(1));
  pair.end.pump();
  sim.network.tap = undefined;
  sim.server.receive(stream, held!.bytes, new DatagramAddress());
  assertEquals(pair.server.pathId, stream);
  sim.server.loseLink(stream);
  assertEquals([pair.server.pathId, sim.server.events.includes("PathChanged")], [0, false]);
  sim.server.loseLink(77);
  assertEquals(pair.server.pathId, 0);
});

Deno.test("session: copies of packets on a stream of somebody else do not take the session away", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect();
  const thief = sim.addClient();
  const stream = sim.addStream(thief, sim.server, 1);
  const nowhere = new DatagramAddress();
  sim.network.tap = (datagram) => {
    if (datagram.from.equals(pair.end.host.address)) {
      sim.scheduler.nextTurn(() => sim.server.receive(stream, datagram.bytes.slice(), nowhere));
    }
    return true;
  };
  talk(sim, pair, 100, 5);
  sim.scheduler.advance(200);
  assertEquals([pair.server.pathId, sim.server.numbers.length], [0, 100]);
  assert(pair.end.numbers.length >= 97, `${pair.end.numbers.length} of 100 arrived`);
});

Deno.test("session: a session whose only link is gone waits, and ends when nothing comes", () => {
  const sim = new Sim({ delayMs: 10 });
  const pair = sim.connect({ idleTimeoutMs: 5000 });
  pair.end.loseLink(0);
  assertEquals(pair.client.state, SessionState.Established);
  sim.scheduler.advance(20_000);
  assertEquals(reasonOf(pair.client), "IdleTimeout (link)");
});
