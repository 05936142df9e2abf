/**
 * Channels of sessions that fall silent: they are written down, and go on as they were when they are needed again.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChannelSet } from "../../src/channel/channel_set.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import { Sim } from "./session_bench.ts";

const SILENCE_MS = 15_000;

/** Counts how often channels come to rest while something runs. */
function countRests(run: (rests: () => number) => void): void {
  const { rest } = ChannelSet.prototype;
  let count = 0;
  ChannelSet.prototype.rest = function (this: ChannelSet) {
    const cells = rest.call(this);
    if (cells !== undefined) count++;
    return cells;
  };
  try {
    run(() => count);
  } finally {
    ChannelSet.prototype.rest = rest;
  }
}

function message(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes).fill(number);
  payload[0] = number;
  return payload;
}

for (const loss of [0, 0.1]) {
  Deno.test(`session: channels that rest between messages lose and double nothing, at ${loss} loss`, () => {
    countRests((rests) => {
      const sim = new Sim({ delayMs: 20, lossShare: loss, duplicateShare: loss });
      const { client, server, end } = sim.connect();
      const before = sim.server.arrived.length;
      for (let round = 0; round < 6; round++) {
        for (const channel of [0, 2]) for (const bytes of [10, 5000]) client.send(channel, message(round, bytes));
        client.send(1, message(round, 4000));
        if (round % 2 === 1) server.send(0, message(round, 2000));
        end.pump();
        sim.server.pump();
        sim.scheduler.advance(SILENCE_MS);
        // Lost packets delay it, but not for long.
        assert(rests() >= 2 * (round + 1), `${rests()} rests after round ${round}`);
      }
      const arrived = sim.server.arrived.slice(before);
      assert(arrived.length >= 24 && arrived.length <= 30, `${arrived.length} messages`);
      assertEquals(end.arrived.length, 3);
      assertEquals([client.state, server.state].map(String), [client.state, client.state].map(String));
    });
  });
}

Deno.test("session: credit that is given back after channels came to rest counts", () => {
  countRests((rests) => {
    const options = { maxMessageBytes: 2000, windowBytes: 1 << 18, channels: { 0: { windowBytes: 1 << 16 } } };
    const sim = new Sim({ delayMs: 5 }, options);
    const { client, server, end } = sim.connect(options);
    let credit = 0;
    let got = 0;
    sim.server.onEvent = (event) => {
      if (event !== SessionEvent.Message) return;
      credit += sim.server.endpoint.takeCredit();
      got++;
    };
    for (let round = 1; round <= 4; round++) {
      for (let i = 0; i < 25; i++) assertEquals(client.send(0, message(i, 2000)), 0);
      end.pump();
      sim.scheduler.advance(SILENCE_MS);
      assertEquals(got, 25 * round);
      assert(rests() >= 2 * round, `${rests()} rests`);
      server.handleConsumed(0, credit);
      credit = 0;
      sim.server.pump();
      sim.scheduler.advance(100);
    }
  });
});

Deno.test("session: what was at rest is gone with the session", () => {
  const sim = new Sim({ delayMs: 5 });
  const { client, server, end } = sim.connect();
  client.send(0, message(1, 100));
  end.pump();
  sim.scheduler.advance(SILENCE_MS);
  client.close();
  end.pump();
  sim.scheduler.advance(30_000);
  server.handleConsumed(0, 164);
  assertEquals([end.endpoint.sessionCount, sim.server.endpoint.sessionCount], [0, 0]);
});
