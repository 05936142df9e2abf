/**
 * Four classes over lines that lose up to half of all datagrams, overtake, repeat and corrupt.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import { Exchange } from "./reliable_bench.ts";
import { reasonOf, Sim } from "./session_bench.ts";

/** Where a probe and its answer come through once in five times the silence between two answers may be long. */
const PATIENT = { idleTimeoutMs: 0, keepAliveMs: 0 };

const lines: readonly (readonly [string, object])[] = [
  ["as it is", {}],
  ["jitter", { jitterMs: 40 }],
  ["reorder, repeat, corrupt", { reorderShare: 0.2, reorderMs: 60, duplicateShare: 0.2, corruptShare: 0.1 }],
  ["bursts", { burstStartShare: 0.02, burstEndShare: 0.2, burstLossShare: 0.9 }],
];

for (const [name, line] of lines) {
  for (const lossShare of [0, 0.02, 0.1, 0.3, 0.5]) {
    Deno.test(`reliable: every class keeps its promise, line ${name}, loss ${lossShare}`, () => {
      for (const seed of [1, 2]) {
        const label = `${name} ${lossShare} seed ${seed}`;
        const sim = new Sim({ delayMs: 20, lossShare, ...line, mtuBytes: 1200 }, PATIENT, seed);
        const connected = sim.connect(PATIENT, 8000);
        assertEquals(connected.client.state, SessionState.Established, label);
        const exchange = new Exchange(sim, connected, label, [0, 1, 40, 1100, 1160, 5000, 200, 20_000]);
        for (let i = 0; i < 48; i++) exchange.step(10);
        exchange.settle(300_000);
        exchange.check();
        assertEquals(reasonOf(connected.client), "", label);
        if (lossShare === 0 && name === "as it is") assert(exchange.numbers(3).length > 10, label);
      }
    });
  }
}
