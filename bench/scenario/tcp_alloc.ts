/**
 * `tcp.alloc`: bytes of heap that client and server together hand out for one message, burst client to batch handler,
 * less what the bare loop of the same run hands out.
 *
 * @module
 */

import { runFlow } from "../harness/flow.ts";
import type { Sample, Scenario } from "../harness/scenario.ts";

/**
 * Ten million messages, after so many that all is compiled. The bare loop is that of `tcp.burst.64`, with reads of the
 * same size as ours: every read allocates in the runtime, whoever asks for it.
 */
const LOAD = { warmCount: 60_000_000, count: 10_000_000, payloadBytes: 64 } as const;

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
