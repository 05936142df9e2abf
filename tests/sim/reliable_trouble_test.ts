/**
 * Channels in trouble: a reader that does not read, a peer that is gone, losses in a row, one narrow place for two.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { Exchange } from "./reliable_bench.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

Deno.test("reliable: a reader that holds its credit holds the sender, and both queues stay bounded", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, server, end } = sim.connect();
  let held = 0;
  let isReading = false;
  sim.server.onEvent = (event) => {
    if (event !== SessionEvent.Message) return;
    const credit = sim.server.endpoint.takeCredit();
    if (isReading) server.handleConsumed(0, credit);
    else held += credit;
  };
  let queued = 0;
  const offer = (): void => {
    while (queued < 2000 && client.send(0, numbered(queued, 4000)) === SendStatus.Queued) queued++;
  };
  end.onEvent = (event) => event === SessionEvent.Drained && offer();
  offer();
  end.pump();
  sim.scheduler.advance(20_000);
  const windowBytes = 2 * ((1 << 20) + 64);
  assert(held <= windowBytes && held > windowBytes / 2, `${held} bytes came`);
  const { laneBytes } = client.statistics();
  assert(laneBytes.normal <= windowBytes && laneBytes.normal > 0, `${laneBytes.normal} bytes wait`);
  assertEquals(client.state, SessionState.Established);
  // The application reads at last.
  isReading = true;
  server.handleConsumed(0, held);
  sim.server.pump();
  sim.scheduler.advance(60_000);
  assertEquals([queued, sim.server.numbers.length], [2000, 2000]);
  assertEquals(sim.server.numbers, Array.from({ length: 2000 }, (_, i) => i));
});

for (const count of [33, 300]) {
  Deno.test(`reliable: ${count} datagrams in a row are lost, and every message comes all the same`, () => {
    for (const direction of ["client", "server", "both"]) {
      const sim = new Sim({ delayMs: 20 }, { idleTimeoutMs: 0, keepAliveMs: 0 }, 2);
      const connected = sim.connect({ idleTimeoutMs: 0, keepAliveMs: 0 });
      const exchange = new Exchange(sim, connected, direction);
      for (let i = 0; i < 20; i++) exchange.step(5);
      let left = count;
      const port = sim.server.host.address.port;
      sim.network.tap = ({ from }) => {
        const isServer = from.port === port;
        const isHit = direction === "both" || isServer === (direction === "server");
        return !isHit || left-- <= 0;
      };
      // Probes come seldom after a while: enough is sent to use up the losses.
      for (let i = 0; i < 100; i++) exchange.step(5);
      for (let i = 0; i < 400 && left > 0; i++) sim.scheduler.advance(10_000);
      assert(left <= 0, `${direction}: ${left} are left to lose`);
      exchange.settle(60_000);
      exchange.check();
    }
  });
}

Deno.test("reliable: a peer that is gone is noticed, while a full window waits for it", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect();
  for (let i = 0; i < 50; i++) client.send(0, numbered(i, 5000));
  end.pump();
  sim.scheduler.advance(50);
  let sent = 0;
  sim.network.tap = () => ++sent < 0;
  sim.scheduler.advance(29_000);
  assertEquals(client.state, SessionState.Established);
  assert(sent < 60, `${sent} datagrams into the void`);
  sim.scheduler.advance(5000);
  assertEquals(reasonOf(client), "IdleTimeout (link)");
});

Deno.test("reliable: what an outage held back goes out as soon as the peer is heard again", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, server, end } = sim.connect();
  const talk = (rounds: number): void => {
    for (let i = 0; i < rounds; i++) {
      client.send(1, numbered(i));
      end.pump();
      sim.scheduler.advance(50);
    }
  };
  server.send(0, numbered(1));
  sim.server.pump();
  talk(20);
  sim.network.tap = () => false;
  server.send(0, numbered(2));
  sim.server.pump();
  talk(200);
  sim.network.tap = () => true;
  // One way for what the client says, a probe timeout at most, and the way back.
  talk(4);
  assertEquals(end.numbers, [1, 2]);
});

Deno.test("reliable: a session that slept goes on where it was", () => {
  const sim = new Sim({ delayMs: 20 }, { idleTimeoutMs: 0, keepAliveMs: 0 });
  const connected = sim.connect({ idleTimeoutMs: 0, keepAliveMs: 0 });
  const exchange = new Exchange(sim, connected, "sleep");
  for (let i = 0; i < 20; i++) exchange.step(5);
  connected.end.sleep();
  sim.scheduler.advance(60_000);
  connected.end.wake();
  for (let i = 0; i < 20; i++) exchange.step(5);
  exchange.settle(20_000);
  exchange.check();
  assert(connected.client.statistics().smoothedRttMs < 100);
});

Deno.test("reliable: a message that expired or was taken back holds up nothing behind it", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect();
  sim.network.tap = () => false;
  client.send(0, numbered(1, 3000), { ttlMs: 200 });
  client.send(0, numbered(2, 3000));
  const handle = client.messageHandle;
  client.send(0, numbered(3, 3000));
  end.pump();
  sim.scheduler.advance(300);
  assertEquals([client.cancel(handle), client.cancel(handle), client.cancel(-1)], [true, false, false]);
  sim.network.tap = () => true;
  end.pump();
  sim.scheduler.advance(5000);
  assertEquals(sim.server.numbers, [3]);
  const { cancelled, expired } = client.statistics().channels;
  assertEquals([cancelled, expired], [1, 1]);
});

Deno.test("reliable: two connections over one narrow place get the same, and leave little of it unused", () => {
  const sim = new Sim({ delayMs: 20, bytesPerSecond: 500_000, queueBytes: 40_000 }, {}, 4);
  const ends = [sim.connect(), sim.connect()];
  const got = new Map<unknown, number>();
  let counts = false;
  sim.server.onEvent = (event, session) => {
    if (event !== SessionEvent.Message || !counts) return;
    sim.server.arrived.length = 0;
    got.set(session, (got.get(session) ?? 0) + sim.server.endpoint.messageLength);
  };
  for (const { client, end } of ends) {
    const offer = (): void => {
      while (client.send(0, new Uint8Array(16_384)) === SendStatus.Queued);
    };
    end.onEvent = (event) => event === SessionEvent.Drained && offer();
    offer();
    end.pump();
  }
  sim.scheduler.advance(5000);
  counts = true;
  sim.scheduler.advance(20_000);
  const [a, b] = [...got.values()] as [number, number];
  assert(Math.min(a, b) / Math.max(a, b) > 0.6, `${a} and ${b} bytes`);
  assert(a + b > 0.8 * 500_000 * 20, `${a + b} bytes`);
});

Deno.test("reliable: a session that falls silent gives back what only traffic needs, and takes it again", () => {
  const sim = new Sim({ delayMs: 20 }, { keepAliveMs: 0, idleTimeoutMs: 0 });
  const { client, end } = sim.connect({ keepAliveMs: 0, idleTimeoutMs: 0 });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) client.send(i % 4, numbered(round * 10 + i));
    end.pump();
    sim.scheduler.advance(200);
    assert(client.statistics().congestionWindowBytes > 0);
    sim.scheduler.advance(15_000);
    assertEquals(client.statistics().congestionWindowBytes, 0, `round ${round}`);
    assert(client.statistics().minRttMs >= 40);
  }
  // Of the sequenced ones only the newest was sent.
  assert(sim.server.numbers.length >= 27, `${sim.server.numbers.length} came`);
  sim.scheduler.advance(100_000);
  assertEquals(client.state, SessionState.Established);
});

Deno.test("reliable: the last datagram of all is missed, and sent again after a probe timeout", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect();
  for (let i = 0; i < 10; i++) {
    client.send(0, numbered(i));
    end.pump();
    sim.scheduler.advance(100);
  }
  sim.network.tap = () => false;
  client.send(0, numbered(10));
  end.pump();
  sim.network.tap = () => true;
  sim.scheduler.advance(200);
  assertEquals(sim.server.numbers.at(-1), 10);
});

Deno.test("reliable: what was given up and came late after all is not counted as sent for nothing twice", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect();
  client.send(2, numbered(0));
  end.pump();
  sim.scheduler.advance(100);
  const held: Parameters<typeof sim.network.inject>[0][] = [];
  sim.network.tap = (datagram) => datagram.from.port === 4433 || held.push(datagram) < 0;
  client.send(2, numbered(1));
  end.pump();
  sim.network.tap = () => true;
  for (let i = 2; i < 8; i++) {
    client.send(2, numbered(i));
    end.pump();
    sim.scheduler.advance(8);
  }
  for (const datagram of held) sim.network.inject(datagram);
  sim.scheduler.advance(1000);
  assertEquals(sim.server.numbers.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7]);
  const { spuriousFrames, framesResent } = client.statistics().channels;
  assertEquals([spuriousFrames, framesResent], [1, 1]);
});

Deno.test("reliable: small unreliable messages line up with all others while others wait", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, end } = sim.connect();
  client.send(1, numbered(1));
  assertEquals(client.statistics().queuedMessages, 1);
  client.send(0, numbered(2, 100_000));
  const before = client.statistics().laneBytes.normal;
  client.send(1, numbered(3));
  assertEquals(client.statistics().queuedMessages, 1);
  assertEquals(client.statistics().laneBytes.normal, before + 16 + 64);
  end.pump();
  sim.scheduler.advance(2000);
  assertEquals(sim.server.numbers.toSorted((a, b) => a - b), [1, 2, 3]);
});

Deno.test("reliable: on a short path no more is under way than a socket's buffer holds", () => {
  const sim = new Sim({ delayMs: 0.1, bytesPerSecond: 20_000_000, queueBytes: 1_000_000 });
  const { client, end } = sim.connect();
  let most = 0;
  sim.network.tap = () => {
    most = Math.max(most, client.statistics().inFlightBytes);
    return true;
  };
  const offer = (): void => {
    while (client.send(0, new Uint8Array(16_384)) === SendStatus.Queued);
  };
  end.onEvent = (event) => event === SessionEvent.Drained && offer();
  offer();
  end.pump();
  sim.scheduler.advance(100);
  assert(most > 50_000 && most < 115_000, `${most} bytes`);
  assert(sim.server.arrived.length * 16_384 > 1_000_000, `${sim.server.arrived.length} messages`);
});
