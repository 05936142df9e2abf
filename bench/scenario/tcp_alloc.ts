/**
 * `tcp.alloc`: bytes of heap that client and server together hand out for one message, burst client to batch handler,
 * less what the bare loop of the same run hands out.
 *
 * @module
 */

import { runFlow } from "../harness/flow.ts";
import type { Sample, Scenario } from "../harness/scenario.ts";

/**
 * Ten million messages. Why such large reads in the bare loop, though smaller ones are faster: every read allocates,
 * and what the bare loop allocates is taken off our figure.
 */
const LOAD = { warmCount: 60_000_000, count: 10_000_000, payloadBytes: 64, readBytes: 1024 * 1024 } as const;

/** Allocation per message; the load is the same with `--quick`, because fewer messages would measure the counter. */
export const tcpAlloc: Scenario = {
  name: "tcp.alloc",
  metric: "alloc",
  unit: "B/message",
  target: { of: "value", bound: "at most", limit: 0.3 },
  rounds: 5,
  lessBaseline: true,
  baseline: () => allocated("bare-server", "bare-client"),
  product: () => allocated("batch-server", "burst-client"),
};

async function allocated(server: string, client: string): Promise<Sample> {
  const program = new URL("tcp_burst.ts", import.meta.url).href;
  const { clientAllocatedBytes, serverAllocatedBytes } = await runFlow({ program, server, client }, LOAD);
  const ofClient = clientAllocatedBytes / LOAD.count;
  const ofServer = serverAllocatedBytes / LOAD.count;
  return { value: ofClient + ofServer, note: `client ${ofClient.toFixed(3)} + server ${ofServer.toFixed(3)}` };
}
