/**
 * Connects many times at once for io_node_tcp_test.ts, whose own thread is blocked meanwhile, and counts how many got
 * through.
 *
 * @module
 */
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { upTo } from "./payloads.ts";
import { standstill } from "./waiting.ts";

/** What the worker is told. */
export interface CrowdJob {
  /** Where it connects to. */
  readonly port: number;
  /** How many connections it asks for. */
  readonly count: number;
  /** Set to how many it got, once no more come. */
  readonly connected: Int32Array<SharedArrayBuffer>;
}

interface Scope {
  onmessage: ((event: MessageEvent<CrowdJob>) => unknown) | null;
}

(self as unknown as Scope).onmessage = async ({ data: { port, count, connected } }) => {
  const fabric = tcpFabric({ hostname: "127.0.0.1", port });
  let got = 0;
  for (const _ of upTo(count)) fabric.connect(new AbortController().signal).then(() => got++, () => {});
  await standstill(() => got);
  Atomics.store(connected, 0, got);
  Atomics.notify(connected, 0);
};
