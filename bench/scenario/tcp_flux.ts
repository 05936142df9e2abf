/**
 * `tcp.flux.64`: four producers in four workers share one connection; the receiver checks each producer's order.
 *
 * @module
 */

import { runFlow } from "../harness/flow.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 4_000_000, count: 20_000_000, payloadBytes: 64 } as const;
const PRODUCERS = 4;

/** Worker producers to batch handler, beside one hand-packed loop that writes the same bytes. */
export const tcpFlux64: Scenario = {
  name: "tcp.flux.64",
  metric: "rate",
  unit: "/s",
  target: { of: "value", bound: "at least", limit: 12e6 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => rate("bare", context),
  product: (context) => rate("flux", context),
};

async function rate(side: string, { quick }: RunContext): Promise<Sample> {
  const parts = { program: import.meta.url, server: `${side}-server`, client: `${side}-client` };
  const load = quick ? { ...LOAD, count: 4_000_000 } : LOAD;
  const { messagesPerSecond } = await runFlow(parts, load, { producers: PRODUCERS });
  return { value: messagesPerSecond };
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => (await import("../raw/hand_packed.ts")).stampedServer(settings),
    "bare-client": async (settings) => (await import("../raw/hand_packed.ts")).stampedClient(settings),
    "flux-server": async (settings) => (await import("../product/receiving_server.ts")).orderedServer(settings),
    "flux-client": async (settings) => (await import("../product/flux_client.ts")).fluxClient(settings),
  });
}
