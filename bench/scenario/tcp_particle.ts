/**
 * `tcp.particle.64`: one producer that awaits every send, to the batch handler.
 *
 * @module
 */

import { runFlow } from "../harness/flow.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 1_000_000, count: 10_000_000, payloadBytes: 64 } as const;

/** Awaited sends, beside the hand-packed loop that awaits once a block. */
export const tcpParticle64: Scenario = {
  name: "tcp.particle.64",
  metric: "rate",
  unit: "/s",
  target: { of: "value", bound: "at least", limit: 8e6 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => rate("bare", context),
  product: (context) => rate("particle", context),
};

async function rate(side: string, { quick }: RunContext): Promise<Sample> {
  const parts = { program: import.meta.url, server: `${side}-server`, client: `${side}-client` };
  const { messagesPerSecond } = await runFlow(parts, quick ? { ...LOAD, count: 3_000_000 } : LOAD);
  return { value: messagesPerSecond };
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => (await import("../raw/hand_packed.ts")).packedServer(settings),
    "bare-client": async (settings) => (await import("../raw/hand_packed.ts")).packedClient(settings),
    "particle-server": async (settings) => (await import("../product/receiving_server.ts")).batchServer(settings),
    "particle-client": async (settings) => (await import("../product/particle_client.ts")).particleClient(settings),
  });
}
