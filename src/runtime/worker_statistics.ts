/**
 * What a worker with handlers counts, in shared memory: the main thread reads it and asks nobody.
 *
 * ```text
 * doubles:  gauges | counters of all connections, see CounterTable | histogram of message ages, with `timestamps`
 * ```
 *
 * The worker writes, the main thread reads. Counters and the histogram are as of now; gauges are what the worker last
 * published, at most {@linkcode PUBLISH_MS} ago.
 *
 * @module
 */
import { CounterTable, counterTableCells } from "../metric/counter_table.ts";
import { Histogram, HISTOGRAM_CELLS } from "../metric/histogram.ts";
import { STREAM_COUNTERS } from "../stream/stream_counters.ts";
import type { ReactorConfig } from "./reactor_options.ts";
import type { ReactorGauges, StreamStatistics } from "./statistics.ts";

/** How often a worker publishes its gauges, in ms. */
export const PUBLISH_MS = 100;

/** The gauges in their order. */
const GAUGES = ["queuedBytes", "waitingBytes", "acceptErrors", "failedHandshakes"] as const;

/** One thread's view of the statistics of a worker. */
export class WorkerStatistics {
  /** The counters of its connections, a row a slot. */
  readonly counters: CounterTable;
  /** The age of received messages in microseconds, with `timestamps`. */
  readonly latency: Histogram | undefined;
  readonly #gauges: Float64Array;

  /**
   * Opens the statistics of a worker.
   *
   * @param memory What {@linkcode createStatisticsMemory} made for the same options.
   * @param config The options of the reactor.
   */
  constructor(memory: SharedArrayBuffer, config: ReactorConfig) {
    const cells = new Float64Array(memory);
    const start = GAUGES.length;
    const end = start + tableCells(config);
    this.#gauges = cells.subarray(0, start);
    this.counters = new CounterTable(STREAM_COUNTERS, config.maxConnectionCount, cells.subarray(start, end));
    this.latency = config.stream.timestamps ? new Histogram(cells.subarray(end)) : undefined;
  }

  /**
   * Publishes what is no counter.
   *
   * @param gauges What the worker's reactor reports.
   */
  publish(gauges: ReactorGauges): void {
    for (const [i, name] of GAUGES.entries()) this.#gauges[i] = gauges[name];
  }

  /** All that the worker counted and last published. */
  totals(): StreamStatistics & ReactorGauges {
    const gauges = Object.fromEntries(GAUGES.map((name, i) => [name, this.#gauges[i]!]));
    return { ...this.counters.totals(), ...gauges } as unknown as ReturnType<WorkerStatistics["totals"]>;
  }

  /**
   * What one connection counted.
   *
   * @param slot Its slot.
   */
  of(slot: number): StreamStatistics {
    return this.counters.snapshot(slot) as unknown as StreamStatistics;
  }
}

/**
 * Makes the memory of a worker's statistics.
 *
 * @param config The options of the reactor.
 * @returns The memory, all zero.
 */
export function createStatisticsMemory(config: ReactorConfig): SharedArrayBuffer {
  const latency = config.stream.timestamps ? HISTOGRAM_CELLS : 0;
  return new SharedArrayBuffer((GAUGES.length + tableCells(config) + latency) * Float64Array.BYTES_PER_ELEMENT);
}

function tableCells(config: ReactorConfig): number {
  return counterTableCells(STREAM_COUNTERS.length, config.maxConnectionCount);
}
