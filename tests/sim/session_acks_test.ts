/**
 * What acknowledgements tell the sender: round-trip times, and which packets were lost.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { numbered, Sim } from "./session_bench.ts";

/** Sends 4,000 messages, one a ms. */
function stream(lines: ConstructorParameters<typeof Sim>[0], seed: number): Sim & { lost: number; rtt: number[] } {
  const sim = new Sim(lines, {}, seed);
  const { client, end } = sim.connect({}, 5000);
  for (let i = 0; i < 4000; i++) {
    client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(1);
  }
  sim.scheduler.advance(500);
  const { counters, minRttMs, smoothedRttMs } = client.statistics();
  const { packetsLost, packetsAcked } = counters;
  const share = packetsLost! / (packetsLost! + packetsAcked!);
  return Object.assign(sim, { lost: share, rtt: [minRttMs, smoothedRttMs] });
}

Deno.test("session: without loss every packet is acknowledged, and round-trip times are exact", () => {
  const { lost, rtt } = stream({ delayMs: 30 }, 1);
  assertEquals(lost, 0);
  assertEquals(rtt[0], 60);
  assert(Math.abs(rtt[1]! - 60) < 1, `${rtt[1]} ms`);
});

Deno.test("session: the share of lost packets is what the line loses", () => {
  for (const lossShare of [0.01, 0.05]) {
    for (let seed = 1; seed <= 3; seed++) {
      const { lost } = stream({ delayMs: 30, lossShare }, seed);
      assert(lost > lossShare * 0.6 && lost < lossShare * 3 + 0.01, `seed ${seed}: ${lost} instead of ${lossShare}`);
    }
  }
});

Deno.test("session: round-trip times leave the delay of acknowledgements out", () => {
  const sim = new Sim({ delayMs: 30 }, { maxAckDelayMs: 500 });
  const { client, end } = sim.connect();
  for (let i = 0; i < 60; i++) {
    client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(700);
  }
  const { latestRttMs, smoothedRttMs } = client.statistics();
  assertEquals(latestRttMs, 560);
  assert(Math.abs(smoothedRttMs - 60) < 2, `${smoothedRttMs} ms`);
});
