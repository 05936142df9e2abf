/**
 * Which worker is late, lost, to be replaced or to be given up: the decisions of a pool, without threads and timers.
 *
 * ```text
 * phase      what it waits for, and where that leads                   if its thread ends    if it takes too long
 * idle       the time of its (re)start: starting
 * starting   "ready": running                                          lost: idle or over    lost: condemned
 * running    nothing; it beats                                         lost: idle or over    lost: condemned
 * condemned  the end of its thread, which is told to end               idle or over
 * stopping   the end of its thread, which is told to stop or to end    over                  over, discarded
 * over       nothing any more
 * ```
 *
 * Invariants: a replacement starts only when the thread before it is proven to be over; a lost incarnation is reported
 * exactly once, before the next one is spawned; only the wait for a condemned thread has no deadline, because nothing
 * ends a thread in an endless loop. A condemned worker that beats again is not used again: what it had was reported as
 * lost. Until all workers have started, the first loss ends the whole start.
 *
 * Time is counted (`counted_time.ts`) with a slack of one heartbeat, so that a sleep of the machine costs a deadline at
 * most two heartbeats, and workers that wake up with us are not late.
 *
 * @module
 */
import { MisuseError, ResourceError, TimeoutError } from "../error/transport_error.ts";
import type { Clock } from "../time/clock.ts";
import { CountedTime } from "./counted_time.ts";
import type { SupervisionConfig } from "./pool_options.ts";
import { RestartLimit } from "./restart_limit.ts";
import type { SupervisionEvent, ThreadEnd, WorkerPhase } from "./supervision_event.ts";
import type { WorkerFailureKind } from "./worker_failure.ts";

/** One worker; times are on the scale of the counted time. */
interface Slot {
  readonly index: number;
  phase: WorkerPhase;
  incarnation: number;
  heartbeat: number;
  /** When the heartbeat last changed. */
  beatAtMs: number;
  /** When the phase has lasted too long; for an idle worker when it is to be spawned. */
  deadlineMs: number;
  /** Whether the end of the current incarnation is no news: it was reported, or it was ended before it had started. */
  isReported: boolean;
  readonly limit: RestartLimit;
}

type Course = "new" | "starting" | "running" | "stopping" | "stopped";

/**
 * The supervision of the workers of one pool.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 * import { Supervision } from "./supervision.ts";
 *
 * const config = {
 *   count: 1,
 *   heartbeatMs: 500,
 *   heartbeatTimeoutMs: 5000,
 *   startTimeoutMs: 10_000,
 *   stopTimeoutMs: 5000,
 *   maxCrashCount: 5,
 *   crashWindowMs: 60_000,
 *   restartDelayMs: 100,
 * };
 * const supervision = new Supervision(config, new ClockCell());
 * supervision.start();
 * assertEquals(supervision.pollEvent(), { kind: "spawn", index: 0, incarnation: 0 });
 * ```
 */
export class Supervision {
  readonly #config: SupervisionConfig;
  readonly #time: CountedTime;
  readonly #slots: readonly Slot[];
  readonly #events: SupervisionEvent[] = [];
  #course: Course = "new";
  #startError: Error | undefined;
  #lookMs = 0; // when the next look is due

  /**
   * Makes the supervision of workers that have not been started.
   *
   * @param config The checked options.
   * @param clock Time; advanced by the caller before every call.
   */
  constructor(config: SupervisionConfig, clock: Clock) {
    this.#config = config;
    this.#time = new CountedTime(clock, config.heartbeatMs);
    this.#slots = Array.from({ length: config.count }, (_, index): Slot => ({
      index,
      phase: "idle",
      incarnation: -1,
      heartbeat: 0,
      beatAtMs: 0,
      deadlineMs: Infinity,
      isReported: false,
      limit: new RestartLimit(config),
    }));
  }

  /** How many workers have not been given up. */
  get remainingCount(): number {
    return this.#slots.filter(({ limit }) => !limit.isExceeded).length;
  }

  /**
   * What a worker is doing.
   *
   * @param index Which worker.
   * @returns Its phase.
   * @throws {RangeError} When there is no such worker.
   */
  phase(index: number): WorkerPhase {
    return this.#slot(index).phase;
  }

  /**
   * Spawns all workers.
   *
   * @throws {MisuseError} When it was started or stopped before.
   */
  start(): void {
    if (this.#course !== "new") throw new MisuseError("Cannot start a worker pool twice or after it was stopped");
    this.#course = "starting";
    this.#advance();
    this.#lookMs = this.#time.nowMs + this.#config.heartbeatMs;
    for (const slot of this.#slots) this.#spawn(slot);
  }

  /** Stops all workers; a start that is under way fails. */
  stop(): void {
    this.#advance();
    if (this.#course === "starting") this.#startError = new MisuseError("The worker pool was stopped while it started");
    this.#stopAll();
  }

  /**
   * Takes in that a worker has started its agent.
   *
   * @param index Which worker.
   */
  handleReady(index: number): void {
    this.#advance();
    const slot = this.#slot(index);
    if (slot.phase !== "starting") return;
    slot.phase = "running";
    slot.beatAtMs = this.#time.nowMs;
    slot.deadlineMs = Infinity;
    this.#events.push({ kind: "started", index });
    if (this.#course !== "starting" || this.#slots.some(({ phase }) => phase !== "running")) return;
    this.#course = "running";
    this.#events.push({ kind: "allStarted" });
  }

  /**
   * Takes in the heartbeat of a worker as it was read just now.
   *
   * @param index Which worker.
   * @param heartbeat A number that changes when the worker's loop turns.
   */
  handleHeartbeat(index: number, heartbeat: number): void {
    this.#advance();
    const slot = this.#slot(index);
    if (slot.heartbeat === heartbeat) return;
    slot.heartbeat = heartbeat;
    slot.beatAtMs = this.#time.nowMs;
  }

  /**
   * Takes in that the thread of a worker is proven to be over, or could not be started.
   *
   * @param index Which worker.
   * @param end How it ended.
   */
  handleThreadEnd(index: number, end: ThreadEnd): void {
    this.#advance();
    const slot = this.#slot(index);
    if (slot.phase === "idle" || slot.phase === "over") return;
    this.#events.push({ kind: "discard", index });
    if (slot.phase === "stopping") {
      if (end.kind !== "stopped") this.#report(slot, endKind(end), endError(index, end), false);
      this.#finish(slot);
    } else if (slot.phase === "condemned") {
      if (slot.limit.isExceeded) return this.#finish(slot);
      this.#events.push({ kind: "ended", index });
      this.#scheduleRestart(slot);
    } else {
      this.#handleCrash(slot, endKind(end), endError(index, end));
    }
  }

  /** Acts on all deadlines that have passed; the heartbeats were read just before. */
  handleTimeout(): void {
    this.#advance();
    if (this.#time.nowMs >= this.#lookMs) this.#lookMs = this.#time.nowMs + this.#config.heartbeatMs;
    for (const slot of this.#slots) this.#checkDeadlines(slot);
  }

  /**
   * When {@linkcode Supervision.handleTimeout} is due.
   *
   * @returns A time on the scale of the clock; `Infinity` when there is nothing to wait for.
   */
  pollTimeout(): number {
    return this.#time.onClock(this.#nextDueMs());
  }

  /**
   * The next thing to do or to tell.
   *
   * @returns It, `undefined` when there is nothing left.
   */
  pollEvent(): SupervisionEvent | undefined {
    return this.#events.shift();
  }

  /** Between two inputs the plan for the next one does not change. */
  #advance(): void {
    this.#time.advance(this.#nextDueMs());
  }

  #nextDueMs(): number {
    let dueMs = Infinity;
    for (const { phase, deadlineMs } of this.#slots) {
      if (phase === "over") continue;
      dueMs = Math.min(dueMs, deadlineMs, phase === "idle" ? Infinity : this.#lookMs);
    }
    return dueMs;
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new RangeError(`There is no worker ${index}: this pool has ${this.#config.count}`);
    return slot;
  }

  #spawn(slot: Slot): void {
    slot.phase = "starting";
    slot.incarnation++;
    slot.beatAtMs = this.#time.nowMs;
    slot.deadlineMs = this.#time.nowMs + this.#config.startTimeoutMs;
    slot.isReported = false;
    this.#events.push({ kind: "spawn", index: slot.index, incarnation: slot.incarnation });
  }

  #checkDeadlines(slot: Slot): void {
    const { heartbeatTimeoutMs, startTimeoutMs, stopTimeoutMs } = this.#config;
    const isDue = this.#time.nowMs >= slot.deadlineMs;
    const worker = `Worker ${slot.index}`;
    if (slot.phase === "idle" && isDue) {
      this.#spawn(slot);
    } else if (slot.phase === "starting" && isDue) {
      this.#condemn(slot, "startTimedOut", `${worker} has not started within ${startTimeoutMs} ms`);
    } else if (slot.phase === "running" && this.#time.nowMs - slot.beatAtMs >= heartbeatTimeoutMs) {
      this.#condemn(slot, "lateHeartbeat", `${worker} has shown no heartbeat for ${heartbeatTimeoutMs} ms`);
    } else if (slot.phase === "stopping" && isDue) {
      const error = new TimeoutError(`${worker} has not ended within ${stopTimeoutMs} ms after it was told to`);
      this.#report(slot, "stopTimedOut", error, false);
      this.#events.push({ kind: "discard", index: slot.index });
      this.#finish(slot);
    }
  }

  /** Its thread is over. */
  #handleCrash(slot: Slot, kind: WorkerFailureKind, error: Error): void {
    if (this.#course === "starting") {
      slot.phase = "over";
      return this.#failStart(
        new ResourceError(`Cannot start worker ${slot.index}: ${error.message}`, { cause: error }),
      );
    }
    slot.limit.handleFailure(this.#time.nowMs);
    const isReplaced = !slot.limit.isExceeded;
    this.#report(slot, kind, error, isReplaced);
    if (isReplaced) return this.#scheduleRestart(slot);
    slot.phase = "over";
    this.#exhaust(slot, error);
  }

  /** Its thread may live. */
  #condemn(slot: Slot, kind: WorkerFailureKind, message: string): void {
    const error = new TimeoutError(message);
    if (this.#course === "starting") return this.#failStart(error);
    slot.phase = "condemned";
    slot.deadlineMs = Infinity;
    slot.limit.handleFailure(this.#time.nowMs);
    this.#report(slot, kind, error, false);
    this.#events.push({ kind: "end", index: slot.index });
    if (slot.limit.isExceeded) this.#exhaust(slot, error);
  }

  #failStart(error: Error): void {
    this.#startError = error;
    this.#stopAll();
  }

  #stopAll(): void {
    if (this.#course === "stopping" || this.#course === "stopped") return;
    this.#course = "stopping";
    for (const slot of this.#slots) {
      if (slot.phase === "over") continue;
      if (slot.phase === "idle") {
        slot.phase = "over";
        continue;
      }
      const isRunning = slot.phase === "running";
      if (!isRunning) slot.isReported = true;
      this.#events.push({ kind: isRunning ? "stop" : "end", index: slot.index });
      slot.phase = "stopping";
      slot.deadlineMs = this.#time.nowMs + this.#config.stopTimeoutMs;
    }
    this.#checkAllOver();
  }

  #finish(slot: Slot): void {
    slot.phase = "over";
    this.#checkAllOver();
  }

  #checkAllOver(): void {
    if (this.#course !== "stopping" || this.#slots.some(({ phase }) => phase !== "over")) return;
    this.#course = "stopped";
    const error = this.#startError;
    this.#events.push(error === undefined ? { kind: "allStopped" } : { kind: "startFailed", error });
  }

  #report(slot: Slot, kind: WorkerFailureKind, error: Error, isReplaced: boolean): void {
    if (slot.isReported || this.#startError !== undefined) return;
    slot.isReported = true;
    const failure = Object.freeze({ kind, error, incarnation: slot.incarnation, isReplaced });
    this.#events.push({ kind: "failed", index: slot.index, failure });
  }

  #exhaust(slot: Slot, cause: Error): void {
    const count = slot.limit.failureCount;
    const times = count === 1 ? "has failed" : `has failed ${count} times within ${this.#config.crashWindowMs} ms`;
    const error = new ResourceError(`Worker ${slot.index} ${times} and is not replaced: ${cause.message}`, { cause });
    this.#events.push({ kind: "exhausted", index: slot.index, error, remainingCount: this.remainingCount });
  }

  #scheduleRestart(slot: Slot): void {
    slot.phase = "idle";
    slot.deadlineMs = this.#time.nowMs + slot.limit.delayMs;
  }
}

function endKind(end: ThreadEnd): WorkerFailureKind {
  return end.kind === "stopped" ? "exited" : end.kind;
}

function endError(index: number, end: ThreadEnd): Error {
  if (end.kind === "thrown" || end.kind === "rejected") return end.error;
  return new ResourceError(`Worker ${index} has ended without being told to`);
}
