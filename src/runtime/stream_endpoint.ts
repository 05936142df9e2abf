/**
 * What the framed connections of one endpoint share: memory, counters, and the one alarm for all their deadlines.
 *
 * Invariant: there is at most one armed timer, however many connections there are. Deadlines are kept lazily: traffic
 * moves a connection's deadline later without touching the table; an alarm that comes too early looks again.
 *
 * @module
 */
import { BlockPool } from "../bytes/block_pool.ts";
import { TransmitSpan } from "../machine/transmit_span.ts";
import { CounterTable } from "../metric/counter_table.ts";
import { Histogram } from "../metric/histogram.ts";
import { INT32_FRAMING } from "../stream/framing.ts";
import { Outbox } from "../stream/outbox.ts";
import { STREAM_COUNTERS } from "../stream/stream_counters.ts";
import type { StreamConfig } from "../stream/stream_options.ts";
import { DeadlineTable } from "../time/deadline_table.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import { FlushSchedule } from "./flush_schedule.ts";
import type { StreamStatistics } from "./statistics.ts";
import type { RuntimeHost } from "./system_host.ts";

/** How much idle memory an endpoint keeps for the next traffic, for reading and for sending. */
const RETAINED_BYTES = 16 << 20;
/** What an idle connection reads into, and what a busy one that has just drained its socket does. */
const SMALL_READ_BYTES = 512;
const MIDDLE_READ_BYTES = 16 << 10;

const SEND_BLOCK_BYTES = [4 << 10, 64 << 10, 512 << 10] as const;

/** What has deadlines. */
export interface Timed {
  /** A deadline may have passed. */
  handleTimeout(): void;
}

/** Where an endpoint counts, when others shall read it from another thread. */
export interface EndpointMetrics {
  /** A row a connection. */
  readonly counters: CounterTable;
  /** The age of received messages in microseconds, with `timestamps`. */
  readonly latency: Histogram | undefined;
}

/** The shared part of many framed connections. */
export class StreamEndpoint {
  /** The checked options of all its streams. */
  readonly config: StreamConfig;
  /** Time, timers and turns. */
  readonly scheduler: Scheduler;
  /** What connections read into. */
  readonly readBlocks: BlockPool;
  /** What messages are queued in. */
  readonly sendBlocks: BlockPool;
  /** A row a connection. */
  readonly counters: CounterTable;
  /** When queues are written. */
  readonly flushes: FlushSchedule;
  /** Where a connection puts what it is about to write; of no account a moment later. */
  readonly span: TransmitSpan = new TransmitSpan();
  /** The age of received messages in microseconds, with `timestamps`. */
  readonly latency: Histogram | undefined;
  readonly #deadlines = new DeadlineTable();
  readonly #timed: (Timed | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #alarm: Alarm;
  #armedAt = Infinity;

  /**
   * @param config The checked options of all its streams.
   * @param host Time.
   * @param metrics Where it counts; memory of its own otherwise.
   */
  constructor(config: StreamConfig, host: RuntimeHost, metrics?: EndpointMetrics) {
    this.config = config;
    this.scheduler = host.scheduler;
    this.flushes = new FlushSchedule(host.scheduler);
    this.readBlocks = new BlockPool({ classBytes: readClasses(config.readBufferBytes), retainBytes: RETAINED_BYTES });
    this.sendBlocks = new BlockPool({ classBytes: SEND_BLOCK_BYTES, retainBytes: RETAINED_BYTES });
    this.counters = metrics?.counters ?? new CounterTable(STREAM_COUNTERS, 8);
    this.latency = metrics?.latency ?? (config.timestamps ? new Histogram() : undefined);
    this.#alarm = this.scheduler.alarm(() => this.#handleAlarm());
    this.scheduler.tick();
  }

  /**
   * Takes a slot for a connection.
   *
   * @returns The slot's number.
   */
  takeSlot(): number {
    const slot = this.#freeSlots.pop();
    if (slot !== undefined) return slot;
    this.#timed.push(undefined);
    return this.#timed.length - 1;
  }

  /**
   * Gives a slot back; what was counted in it stays in the totals.
   *
   * @param slot The slot's number.
   */
  freeSlot(slot: number): void {
    this.unwatch(slot);
    this.counters.retire(slot);
    this.#freeSlots.push(slot);
  }

  /**
   * Makes the outbox of a connection.
   *
   * @param slot Its slot.
   * @param mayWait Whether somebody may wait for room in it.
   * @returns A new outbox.
   */
  outbox(slot: number, mayWait = true): Outbox {
    const { config, sendBlocks: blocks, counters, scheduler: wallClock } = this;
    return new Outbox({ config, framing: INT32_FRAMING, blocks, counters, slot, wallClock, mayWait });
  }

  /**
   * Remembers when a connection wants to be woken, at the latest.
   *
   * @param slot Its slot.
   * @param timed What is woken.
   * @param deadlineMs When; later times than the one that is remembered are noticed when that one comes.
   */
  watch(slot: number, timed: Timed, deadlineMs: number): void {
    if (deadlineMs >= this.#deadlines.at(slot)) return;
    this.#timed[slot] = timed;
    this.#deadlines.set(slot, deadlineMs);
    if (deadlineMs < this.#armedAt) this.#arm();
  }

  /**
   * Forgets a connection's deadline.
   *
   * @param slot Its slot.
   */
  unwatch(slot: number): void {
    this.#timed[slot] = undefined;
    this.#deadlines.clear(slot);
    if (this.#deadlines.size === 0) this.#arm();
  }

  /**
   * The counters of one connection.
   *
   * @param slot Its slot.
   * @returns A copy.
   */
  statistics(slot: number): StreamStatistics {
    return this.counters.snapshot(slot) as unknown as StreamStatistics;
  }

  /**
   * The counters of all connections, past ones included.
   *
   * @returns A copy.
   */
  totals(): StreamStatistics {
    return this.counters.totals() as unknown as StreamStatistics;
  }

  #arm(): void {
    this.#armedAt = this.#deadlines.earliest();
    if (this.#armedAt === Infinity) this.#alarm.disarm();
    else this.#alarm.arm(this.#armedAt);
  }

  #handleAlarm(): void {
    const now = this.scheduler.tick();
    this.#armedAt = Infinity;
    for (let slot = this.#deadlines.popExpired(now); slot >= 0; slot = this.#deadlines.popExpired(now)) {
      this.#timed[slot]?.handleTimeout();
    }
    this.#arm();
  }
}

function readClasses(largest: number): number[] {
  return [...new Set([SMALL_READ_BYTES, MIDDLE_READ_BYTES, largest])].filter((bytes) => bytes <= largest).sort((a, b) =>
    a - b
  );
}
