/**
 * `pool.inline`: what the choice between workers and none costs where there are none: `tcp.burst.64` to a `Reactor`,
 * beside the same runtime put together by hand over bare TCP links.
 *
 * @module
 */
import { runFlow } from "../harness/flow.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 4_000_000, count: 40_000_000, payloadBytes: 64 } as const;

/** `workers: 0` beside no pool at all. */
export const poolInline: Scenario = {
  name: "pool.inline",
  metric: "rate",
  unit: "/s",
  target: { of: "ratio", bound: "at least", limit: 0.97 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => rate("plain", context),
  product: (context) => rate("batch", context),
};

async function rate(server: string, { quick }: RunContext): Promise<Sample> {
  const parts = { program: import.meta.url, server: `${server}-server`, client: "burst-client" };
  const { messagesPerSecond } = await runFlow(parts, quick ? { ...LOAD, count: 5_000_000 } : LOAD);
  return { value: messagesPerSecond };
}

if (import.meta.main) {
  await play({
    "plain-server": async (settings) => (await import("../product/receiving_server.ts")).plainServer(settings),
    "batch-server": async (settings) => (await import("../product/receiving_server.ts")).batchServer(settings),
    "burst-client": async (settings) => (await import("../product/burst_client.ts")).burstClient(settings),
  });
}
