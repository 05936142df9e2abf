/**
 * The options of a worker pool: the one place that defaults and checks them, and that counts workers.
 *
 * @module
 */
import { choice, duration, integer, onlyKnown } from "../error/option_check.ts";
import { MAX_BOARD_WORKERS } from "../ring/worker_board.ts";
import type { AgentMode } from "./agent.ts";

/** The options of a pool of workers. */
export interface WorkerPoolOptions {
  /** The entry script of every worker: a module that calls `runWorker`. A local file needs the permission to read it. */
  readonly entry: URL;
  /** How many workers, from 1 to {@linkcode MAX_WORKER_COUNT}; see {@linkcode workerCount}. */
  readonly count: number;
  /** How the loop of a worker waits for work. @default "event-loop" */
  readonly mode?: AgentMode;
  /** What the threads are called in error messages and debuggers, followed by their index. @default "ringwire" */
  readonly name?: string;
  /**
   * How often in ms a worker shows that its event loop turns, and how often the supervisor looks. From 10 to 60 000:
   * a short time finds failures sooner and wakes an idle process more often. @default 500
   */
  readonly heartbeatMs?: number;
  /**
   * After how many ms without a heartbeat a worker is reported as failed; at least four times `heartbeatMs`. It must
   * be longer than the longest time that a handler computes without a pause. A worker in an endless loop is reported
   * once, cannot be ended and keeps the process alive: a limit of the runtime. A worker that runs out of memory takes
   * the process with it, whatever this says. @default 5000, or ten times `heartbeatMs` where that is more
   */
  readonly heartbeatTimeoutMs?: number;
  /** How long in ms a worker may take to load its modules and start its agent. @default 10000 */
  readonly startTimeoutMs?: number;
  /**
   * How long in ms a worker may take to close its agent before it is given up; 0 waits for none. @default 5000
   */
  readonly stopTimeoutMs?: number;
  /**
   * How many failures of one worker within `crashWindowMs` are followed by a replacement; one more and the pool gives
   * up on it. 0 replaces none. @default 5
   */
  readonly maxCrashCount?: number;
  /** How long in ms a failure counts; 0 never gives up on a worker (unless `maxCrashCount` is 0). @default 60000 */
  readonly crashWindowMs?: number;
  /**
   * How long in ms the first replacement waits; the time doubles with every further failure in the window, up to
   * `crashWindowMs / (2 * maxCrashCount)`, so that waiting does not hide a crash loop. 0 replaces at once. @default 100
   */
  readonly restartDelayMs?: number;
}

/** {@linkcode WorkerPoolOptions}, complete and checked. */
export interface WorkerPoolConfig extends SupervisionConfig {
  /** The entry script. */
  readonly entry: URL;
  /** How the loops wait. */
  readonly mode: AgentMode;
  /** What the threads are called. */
  readonly name: string;
}

/** The part of the options that supervision rests on; times in ms. */
export interface SupervisionConfig {
  /** How many workers. */
  readonly count: number;
  /** The time between two looks. */
  readonly heartbeatMs: number;
  /** After how much silence a worker is late. */
  readonly heartbeatTimeoutMs: number;
  /** How long a start may take. */
  readonly startTimeoutMs: number;
  /** How long a stop may take. */
  readonly stopTimeoutMs: number;
  /** How many failures in the window are followed by a replacement. */
  readonly maxCrashCount: number;
  /** How long a failure counts. */
  readonly crashWindowMs: number;
  /** How long the first replacement waits. */
  readonly restartDelayMs: number;
}

/** The most workers of one pool. */
export const MAX_WORKER_COUNT: number = MAX_BOARD_WORKERS;

/** The most that `"auto"` comes to: above this, more workers are a decision and not a default. */
export const MAX_AUTO_WORKER_COUNT = 64;

const NAMES: ReadonlySet<string> = new Set([
  "entry",
  "count",
  "mode",
  "name",
  "heartbeatMs",
  "heartbeatTimeoutMs",
  "startTimeoutMs",
  "stopTimeoutMs",
  "maxCrashCount",
  "crashWindowMs",
  "restartDelayMs",
]);

/**
 * Completes and checks the options of a pool.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveWorkerPoolOptions(options: WorkerPoolOptions): WorkerPoolConfig {
  onlyKnown("A worker pool", options, NAMES);
  const o = options;
  if (!(o.entry instanceof URL)) throw new TypeError("The option entry must be a URL");
  if (typeof o.count !== "number") throw new TypeError("The option count must be a number");
  if (o.name !== undefined && typeof o.name !== "string") throw new TypeError("The option name must be a string");
  const heartbeatMs = duration("heartbeatMs", o.heartbeatMs, 500);
  if (heartbeatMs < 10 || heartbeatMs > 60_000) {
    throw new RangeError(`The option heartbeatMs must be from 10 to 60000: got ${heartbeatMs}`);
  }
  const heartbeatTimeoutMs = duration("heartbeatTimeoutMs", o.heartbeatTimeoutMs, Math.max(5000, 10 * heartbeatMs));
  if (heartbeatTimeoutMs < 4 * heartbeatMs) {
    throw new RangeError(
      `The option heartbeatTimeoutMs must be at least four times heartbeatMs (${heartbeatMs}): got ${heartbeatTimeoutMs}`,
    );
  }
  return Object.freeze({
    entry: o.entry,
    count: integer("count", o.count, 1, 1, MAX_WORKER_COUNT),
    mode: choice("mode", o.mode, "event-loop", ["event-loop", "spin", "yield", "block"]),
    name: o.name ?? "ringwire",
    heartbeatMs,
    heartbeatTimeoutMs,
    startTimeoutMs: duration("startTimeoutMs", o.startTimeoutMs, 10_000),
    stopTimeoutMs: duration("stopTimeoutMs", o.stopTimeoutMs, 5000),
    maxCrashCount: integer("maxCrashCount", o.maxCrashCount, 5, 0, 1000),
    crashWindowMs: duration("crashWindowMs", o.crashWindowMs, 60_000),
    restartDelayMs: duration("restartDelayMs", o.restartDelayMs, 100),
  });
}

/**
 * How many workers an option asks for.
 *
 * @param workers 0: none, the agents run on the calling thread; a number up to {@linkcode MAX_WORKER_COUNT}; `"auto"`:
 * one for every core that the platform reports, at least 1 and at most {@linkcode MAX_AUTO_WORKER_COUNT}.
 * @returns The number.
 * @throws {TypeError} When it is neither a number nor `"auto"`.
 * @throws {RangeError} When it is no integer in this range.
 */
export function workerCount(workers: 0 | number | "auto"): number {
  if (workers === "auto") return Math.min(Math.max(1, navigator.hardwareConcurrency), MAX_AUTO_WORKER_COUNT);
  if (typeof workers !== "number") throw new TypeError('The option workers must be a number or "auto"');
  return integer("workers", workers, 0, 0, MAX_WORKER_COUNT);
}
