/**
 * What a stream machine is made of.
 *
 * @module
 */
import type { BlockPool } from "../bytes/block_pool.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import type { Histogram } from "../metric/histogram.ts";
import type { Clock } from "../time/clock.ts";
import type { Framing } from "./framing.ts";
import type { Outbox } from "./outbox.ts";
import type { StreamHandshake } from "./peer_handshake.ts";
import type { StreamConfig } from "./stream_options.ts";

/** What a stream machine is made of. */
export interface StreamSetup {
  /** The checked options. */
  readonly config: StreamConfig;
  /** The framing. */
  readonly framing: Framing;
  /** Whether and how the ends introduce themselves. */
  readonly handshake: StreamHandshake;
  /**
   * What follows when the peer ends its stream: what is queued is flushed, then all is closed (`flush`); sending goes on
   * until this side closes (`stay`); all is closed and the queue is kept for another link (`drop`).
   */
  readonly peerEnd: "flush" | "stay" | "drop";
  /** The sending side; it may hold messages from an earlier link, and outlives this one: its owner shuts it. */
  readonly outbox: Outbox;
  /** The endpoint's read blocks. */
  readonly readBlocks: BlockPool;
  /** The driver's clock. */
  readonly clock: Clock;
  /** Where this stream is counted. */
  readonly counters: CounterTable;
  /** The row in `counters`. */
  readonly slot: number;
  /** Where ages of timestamped messages go. */
  readonly latency?: Histogram | undefined;
}
