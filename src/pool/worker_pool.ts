/**
 * A pool of workers, each of which runs an agent: started together, supervised, replaced, stopped in bounded time.
 *
 * The decisions are in `supervision.ts`; this carries them out. One alarm serves all workers. Invariants: to a worker
 * crosses one message in its life, everything else is shared memory; the owner is told of every loss before the next
 * incarnation of that worker is made; after `stop`, or a `start` that failed, no timer, wait or thread is left, save
 * for a thread in an endless loop.
 *
 * Limits of the runtime: such a thread cannot be ended; it is reported, not replaced while it lives, and keeps the
 * process from ending. A worker that is out of memory takes the whole process with it. Neither can be detected from
 * outside before it happens.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import { createWorkerBoard, WorkerBoard, WorkerCommand, WorkerState } from "../ring/worker_board.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import { resolveWorkerPoolOptions, type WorkerPoolConfig, type WorkerPoolOptions } from "./pool_options.ts";
import { Supervision } from "./supervision.ts";
import type { SupervisionEvent, ThreadEnd } from "./supervision_event.ts";
import { hasThreadLocks } from "./thread_lock.ts";
import type { WorkerFailure } from "./worker_failure.ts";
import { type InitMessage, MESSAGE_VERSION } from "./worker_message.ts";
import { WorkerThread } from "./worker_thread.ts";

/** Who makes what the workers of a pool work on, and is told what becomes of them. */
export interface PoolOwner {
  /**
   * Makes the init value of one incarnation of a worker. When it throws, this incarnation has failed.
   *
   * @param index Which worker.
   * @param incarnation How many threads were this worker before: 0 at first, one more for each replacement.
   * @returns What its entry script gets: cloneable, and it may hold `SharedArrayBuffer`s.
   */
  init(index: number, incarnation: number): unknown;

  /**
   * A worker has run its agent's `onStart`. Must not throw.
   *
   * @param index Which worker.
   */
  started(index: number): void;

  /**
   * A worker is lost; called once for a lost incarnation, and not for one that belongs to a start that fails. Must not
   * throw.
   *
   * @param index Which worker.
   * @param failure What happened, and whether a replacement follows.
   */
  failed(index: number, failure: WorkerFailure): void;

  /**
   * The thread of a worker that had been reported as late or as not started has ended after all; a replacement
   * follows. Must not throw.
   *
   * @param index Which worker.
   */
  ended?(index: number): void;

  /**
   * A worker failed too often and is not replaced; the others go on. Must not throw.
   *
   * @param index Which worker.
   * @param error Says so; its cause is the last failure.
   * @param remainingCount How many workers the pool has not given up on.
   */
  exhausted(index: number, error: ResourceError, remainingCount: number): void;
}

/**
 * A pool of workers; it is started once and stopped once.
 *
 * @example The entry script is a file of its own as a rule; here it stands in a URL
 * ```ts
 * import { assert } from "@std/assert";
 * import { SystemScheduler } from "../io/system/system_scheduler.ts";
 *
 * const script = `import { runWorker } from ${JSON.stringify(import.meta.resolve("./worker_scope.ts"))};
 *   runWorker((init) => ({ doWork: () => 0, onStart: () => console.assert(init.greeting === "worker 0") }));`;
 * const entry = new URL(`data:application/javascript,${encodeURIComponent(script)}`);
 * const owner: PoolOwner = {
 *   init: (index) => ({ greeting: `worker ${index}` }),
 *   started: () => {},
 *   failed: (_index, { kind, error }) => reportError(new Error(kind, { cause: error })),
 *   exhausted: (_index, error) => reportError(error),
 * };
 * await using pool = new WorkerPool({ entry, count: 1 }, owner, new SystemScheduler());
 * await pool.start();
 * assert(pool.isRunning(0));
 * ```
 */
export class WorkerPool implements AsyncDisposable {
  /** How many workers there are. */
  readonly count: number;
  /** The shared memory of the pool's board: a worker that rings another opens a `WorkerBoard` over it. */
  readonly boardMemory: SharedArrayBuffer;
  readonly #config: WorkerPoolConfig;
  readonly #owner: PoolOwner;
  readonly #scheduler: Scheduler;
  readonly #supervision: Supervision;
  readonly #board: WorkerBoard;
  readonly #threads: (WorkerThread | undefined)[];
  readonly #alarm: Alarm;
  readonly #id: string = crypto.randomUUID();
  readonly #started = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #isDraining = false;

  /**
   * Makes a pool that has not started.
   *
   * @param options What it is like.
   * @param owner Who makes the init values and is told of losses.
   * @param scheduler Time and timers of this thread.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: WorkerPoolOptions, owner: PoolOwner, scheduler: Scheduler) {
    this.#config = resolveWorkerPoolOptions(options);
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.count = this.#config.count;
    this.boardMemory = createWorkerBoard(this.count);
    this.#board = new WorkerBoard(this.boardMemory);
    this.#threads = new Array(this.count).fill(undefined);
    this.#supervision = new Supervision(this.#config, scheduler.clock);
    this.#alarm = scheduler.alarm(() => this.#handleAlarm());
  }

  /**
   * The doorbell of a worker, to ring it; it is the same for all its incarnations.
   *
   * @param index Which worker.
   * @returns A handle of its own.
   * @throws {RangeError} When there is no such worker.
   */
  doorbell(index: number): Doorbell {
    return this.#board.doorbell(index);
  }

  /**
   * Whether a worker runs its agent now.
   *
   * @param index Which worker.
   * @returns `false` while it starts, is lost or stops.
   * @throws {RangeError} When there is no such worker.
   */
  isRunning(index: number): boolean {
    return this.#supervision.phase(index) === "running";
  }

  /**
   * Starts all workers.
   *
   * @returns Resolves when every worker has run its agent's `onStart`. When one cannot, the others are stopped and it
   * rejects: with a `TimeoutError` when that one took longer than `startTimeoutMs`, with a `ResourceError` otherwise,
   * whose cause is the error; with a `MisuseError` when the pool was started or stopped before, or is stopped
   * meanwhile.
   */
  async start(): Promise<void> {
    if (!hasThreadLocks()) throw new ResourceError("Cannot start workers: they need navigator.locks (Deno 2.9)");
    this.#scheduler.tick();
    this.#supervision.start();
    this.#drain();
    await this.#started.promise;
  }

  /**
   * Stops all workers: each closes its agent, and one that has not ended within `stopTimeoutMs` is given up.
   *
   * @returns Resolves when all are gone or given up; the same for every call.
   */
  stop(): Promise<void> {
    this.#scheduler.tick();
    this.#supervision.stop();
    this.#drain();
    return this.#stopped.promise;
  }

  /** Stops the pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #handleAlarm(): void {
    for (let index = 0; index < this.count; index++) {
      const thread = this.#threads[index];
      if (thread === undefined) continue;
      thread.look();
      this.#supervision.handleHeartbeat(index, this.#board.heartbeat(index));
    }
    this.#supervision.handleTimeout();
    this.#drain();
  }

  /** Carries out what was decided; what an owner asks for meanwhile is carried out in the same go. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let event = this.#supervision.pollEvent(); event; event = this.#supervision.pollEvent()) this.#handle(event);
    } finally {
      this.#isDraining = false;
      this.#alarm.arm(this.#supervision.pollTimeout());
    }
  }

  #handle(event: SupervisionEvent): void {
    switch (event.kind) {
      case "spawn":
        return this.#spawn(event.index, event.incarnation);
      case "stop":
        return this.#board.tell(event.index, WorkerCommand.Stop);
      case "end":
        return this.#end(event.index);
      case "discard":
        return this.#discard(event.index);
      case "started":
        return this.#owner.started(event.index);
      case "failed":
        return this.#owner.failed(event.index, event.failure);
      case "ended":
        return this.#owner.ended?.(event.index);
      case "exhausted":
        return this.#owner.exhausted(event.index, event.error, event.remainingCount);
      case "allStarted":
        return this.#started.resolve();
      case "startFailed":
        this.#started.reject(event.error);
        return this.#stopped.resolve();
      case "allStopped":
        return this.#stopped.resolve();
    }
  }

  #spawn(index: number, incarnation: number): void {
    const { entry, mode, heartbeatMs, name } = this.#config;
    this.#board.reset(index, incarnation);
    try {
      const message: InitMessage = Object.freeze({
        kind: "ringwire.init",
        version: MESSAGE_VERSION,
        index,
        incarnation,
        board: this.boardMemory,
        lock: `ringwire.pool.${this.#id}.${index}.${incarnation}`,
        mode,
        heartbeatMs,
        init: this.#owner.init(index, incarnation),
      });
      this.#threads[index] = new WorkerThread(entry, `${name} ${index}`, message, this.#board, {
        handleReady: () => this.#handleReady(index),
        handleThreadEnd: (end) => this.#handleThreadEnd(index, end),
      });
    } catch (error) {
      this.#handleThreadEnd(index, {
        kind: "thrown",
        error: error instanceof Error ? error : new Error(String(error)),
      });
    }
  }

  /** A thread that has not attached finds the command when it does; when the pool stops, that is not waited for. */
  #end(index: number): void {
    this.#board.tell(index, WorkerCommand.End);
    const isStopping = this.#supervision.phase(index) === "stopping";
    if (isStopping && this.#board.state(index) === WorkerState.None) this.#handleThreadEnd(index, { kind: "stopped" });
    else this.#threads[index]?.end();
  }

  #discard(index: number): void {
    this.#threads[index]?.discard();
    this.#threads[index] = undefined;
  }

  #handleReady(index: number): void {
    this.#scheduler.tick();
    this.#supervision.handleReady(index);
    this.#drain();
  }

  #handleThreadEnd(index: number, end: ThreadEnd): void {
    this.#scheduler.tick();
    this.#supervision.handleThreadEnd(index, end);
    this.#drain();
  }
}
