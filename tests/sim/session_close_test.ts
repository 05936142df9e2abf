/**
 * How sessions end by a close: repeated against loss, answered once, and forgotten when nothing can be under way.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import { numbered, reasonOf, Sim } from "./session_bench.ts";

Deno.test("session: a close ends both ends and gives the slots back", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, server, end } = sim.connect();
  client.close(0x8007, "lobby full");
  end.pump();
  assertEquals([client.state, end.events.at(-1)], [SessionState.Closing, "Closed"]);
  assertEquals(client.reason, { code: 0x8007, origin: "local", text: "lobby full" });
  assertEquals(client.send(1, numbered(1)), SendStatus.Closed);
  sim.scheduler.advance(10);
  assertEquals(server.reason, { code: 0x8007, origin: "remote", text: "lobby full" });
  assertEquals([server.state, sim.server.events.at(-1)], [SessionState.Draining, "Closed"]);
  sim.scheduler.advance(10);
  assertEquals(client.state, SessionState.Draining);
  sim.scheduler.advance(1000);
  assertEquals([client.state, server.state], [SessionState.Closed, SessionState.Closed]);
  assertEquals([end.endpoint.sessionCount, sim.server.endpoint.sessionCount], [0, 0]);
  assertEquals(end.events.filter((name) => name === "Closed").length, 1);
  assertEquals(client.statistics().counters.packetsOut! > 2, true);
});

Deno.test("session: a close gets through 50 % loss, and the other end need not wait for its idle timeout", () => {
  let heard = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const sim = new Sim({ delayMs: 20 }, {}, seed);
    const { client, server, end } = sim.connect();
    const random = new SeededRandom(seed);
    sim.network.tap = () => random.visibleFraction() < 0.5;
    client.close();
    end.pump();
    for (let i = 0; i < 20; i++) {
      server.send(1, numbered(i));
      sim.server.pump();
      sim.scheduler.advance(10);
    }
    if (server.reason !== undefined) heard++;
  }
  assert(heard >= 36, `${heard} of 40 heard the close`);
});

Deno.test("session: a close is repeated by time when nothing comes", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, end } = sim.connect();
  let closes = 0;
  sim.network.tap = () => ++closes < 0;
  client.close();
  end.pump();
  sim.scheduler.advance(5000);
  assertEquals([closes, client.state], [3, SessionState.Closed]);
});

Deno.test("session: a session that is closing answers fewer and fewer of the packets that come", () => {
  const sim = new Sim({ delayMs: 1 });
  const { client, server, end } = sim.connect();
  for (let i = 0; i < 100; i++) server.send(1, numbered(i));
  let closes = 0;
  sim.network.tap = ({ from }) => {
    const isClient = from.equals(end.host.address);
    if (isClient) closes++;
    return !isClient;
  };
  client.close();
  end.pump();
  for (let i = 0; i < 16; i++) {
    server.send(1, numbered(i));
    sim.server.pump();
    sim.scheduler.advance(1);
  }
  assert(closes >= 5 && closes <= 9, `${closes} closes for 17 packets`);
  assertEquals(end.numbers, []);
});

Deno.test("session: both ends that close at once end in order", () => {
  const sim = new Sim({ delayMs: 20 });
  const { client, server, end } = sim.connect();
  client.close(0x8001);
  server.close(0x8002);
  end.pump();
  sim.server.pump();
  sim.scheduler.advance(2000);
  assertEquals([client.reason?.code, server.reason?.code], [0x8001, 0x8002]);
  assertEquals([client.state, server.state], [SessionState.Closed, SessionState.Closed]);
});

Deno.test("session: a close before there are keys is silent", () => {
  const sim = new Sim();
  const end = sim.addClient();
  const session = end.endpoint.openClient();
  session.send(1, numbered(1));
  session.close();
  end.pump();
  assertEquals([session.state, end.events, sim.network.tally.sent], [SessionState.Closed, ["Closed"], 0]);
  assertEquals([end.endpoint.sessionCount, end.sessionsCounted()], [0, { unsentMessages: 1 }]);
});

Deno.test("session: a server that closes a client that it never heard is silent", () => {
  const sim = new Sim({ lossShare: 1 });
  const { server } = sim.connect({}, 10);
  server.close();
  sim.server.pump();
  assertEquals([server.state, sim.server.endpoint.halfOpenCount], [SessionState.Closed, 0]);
});

Deno.test("session: a second close changes nothing, and a bad code is refused", () => {
  const sim = new Sim();
  const { client, end } = sim.connect();
  for (const code of [-1, 1.5, 65536, NaN]) assertThrows(() => client.close(code), RangeError, "code");
  client.close(0x8001);
  client.close(0x8002);
  end.pump();
  assertEquals(client.reason?.code, 0x8001);
});

Deno.test("session: an endpoint that closes ends all its sessions", () => {
  const sim = new Sim({ delayMs: 5 });
  const all = Array.from({ length: 5 }, () => sim.connect());
  sim.server.endpoint.close();
  sim.server.pump();
  sim.scheduler.advance(2000);
  assertEquals(all.map(({ client }) => reasonOf(client)), new Array(5).fill("GoingAway (remote)"));
  assertEquals(sim.server.endpoint.sessionCount, 0);
});

Deno.test("session: messages behind a close in the middle of an event are dropped and counted", () => {
  const sim = new Sim({ delayMs: 5 });
  const { client, server, end } = sim.connect();
  sim.server.onEvent = (_, session) => {
    if (sim.server.arrived.length === 2) session.close();
  };
  for (let i = 0; i < 5; i++) client.send(1, numbered(i));
  end.pump();
  sim.scheduler.advance(5);
  assertEquals(sim.server.numbers, [0, 1]);
  const { messagesIn, droppedMessages } = server.statistics().counters;
  assertEquals([messagesIn, droppedMessages], [2, 3]);
});

Deno.test("session: packets that come after the peer's close are counted and not answered", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, server, end } = sim.connect();
  let sent = 0;
  client.send(1, numbered(1));
  const held: TappedDatagram[] = [];
  sim.network.tap = (datagram) => held.push(datagram) < 0;
  end.pump();
  sim.network.tap = undefined;
  client.close();
  end.pump();
  sim.scheduler.advance(10);
  sim.network.tap = () => ++sent > 0;
  sim.server.receive(0, held[0]!.bytes, held[0]!.from);
  assertEquals([server.state, sent, sim.server.numbers], [SessionState.Draining, 0, []]);
  assertEquals(server.statistics().counters.latePackets, 1);
});

Deno.test("session: what was queued and never sent is counted", () => {
  const sim = new Sim();
  const { client, end } = sim.connect();
  for (let i = 0; i < 3; i++) client.send(1, numbered(i));
  client.close();
  end.pump();
  sim.scheduler.advance(1000);
  assertEquals([sim.server.numbers, client.statistics().counters.unsentMessages], [[], 3]);
});
