/**
 * Workers without threads under a real supervision in virtual time: each beats at every look unless it is silenced.
 *
 * @module
 */
import type { SupervisionConfig } from "../../../src/pool/pool_options.ts";
import { Supervision } from "../../../src/pool/supervision.ts";
import type { SupervisionEvent, ThreadEnd } from "../../../src/pool/supervision_event.ts";
import { ClockCell } from "../../../src/time/clock.ts";

/** The options that the tests start from. */
export const CONFIG: SupervisionConfig = {
  count: 1,
  heartbeatMs: 100,
  heartbeatTimeoutMs: 1000,
  startTimeoutMs: 2000,
  stopTimeoutMs: 500,
  maxCrashCount: 3,
  crashWindowMs: 60_000,
  restartDelayMs: 10,
};

/** The thrown end that most tests use. */
export const CRASH: ThreadEnd = { kind: "thrown", error: new TypeError("went wrong") };

/** A supervision and what it supervises. */
export class SupervisedWorkers {
  readonly supervision: Supervision;
  readonly #clock = new ClockCell();
  readonly #silent = new Set<number>();
  readonly #count: number;
  #heartbeat = 0;
  /** All that was decided, as `what@when`. */
  readonly log: string[] = [];
  /** The events behind the log. */
  readonly events: SupervisionEvent[] = [];

  constructor(config: Partial<SupervisionConfig> = {}, startMs = 0) {
    this.#clock.advance(startMs);
    this.#count = config.count ?? CONFIG.count;
    this.supervision = new Supervision({ ...CONFIG, ...config }, this.#clock);
  }

  /** Workers that all run already, with an empty log. */
  static running(config: Partial<SupervisionConfig> = {}, startMs = 0): SupervisedWorkers {
    const workers = new SupervisedWorkers(config, startMs);
    workers.do((supervision) => supervision.start());
    for (let index = 0; index < workers.#count; index++) workers.do((supervision) => supervision.handleReady(index));
    workers.take();
    return workers;
  }

  get nowMs(): number {
    return this.#clock.now;
  }

  /** Gives the supervision an input now. */
  do(input: (supervision: Supervision) => void): void {
    input(this.supervision);
    for (let event = this.supervision.pollEvent(); event; event = this.supervision.pollEvent()) {
      this.events.push(event);
      this.log.push(`${describe(event)}@${this.nowMs}`);
    }
  }

  /** Lets time pass as a pool does: it looks when it said it would. */
  advance(ms: number): void {
    const targetMs = this.nowMs + ms;
    for (let dueMs = this.supervision.pollTimeout(); dueMs <= targetMs; dueMs = this.supervision.pollTimeout()) {
      this.#clock.advance(dueMs);
      this.#look(true);
    }
    this.#clock.advance(targetMs);
  }

  /** The machine sleeps: the clock jumps, nobody beats, and the first thing that happens is a look. */
  sleep(ms: number): void {
    this.#clock.advance(this.nowMs + ms);
    this.#look(false);
  }

  silence(index: number): void {
    this.#silent.add(index);
  }

  unsilence(index: number): void {
    this.#silent.delete(index);
  }

  /** The log so far, which starts anew. */
  take(): string[] {
    this.events.length = 0;
    return this.log.splice(0);
  }

  #look(canBeat: boolean): void {
    if (canBeat) this.#heartbeat = (this.#heartbeat + 1) | 0;
    for (let index = 0; index < this.#count; index++) {
      if (!this.#silent.has(index)) this.do((supervision) => supervision.handleHeartbeat(index, this.#heartbeat));
    }
    this.do((supervision) => supervision.handleTimeout());
  }
}

function describe(event: SupervisionEvent): string {
  switch (event.kind) {
    case "spawn":
      return `spawn ${event.index}.${event.incarnation}`;
    case "failed": {
      const { kind, incarnation, isReplaced } = event.failure;
      return `failed ${event.index}.${incarnation} ${kind}${isReplaced ? "" : " for good"}`;
    }
    case "exhausted":
      return `exhausted ${event.index}, ${event.remainingCount} left`;
    default:
      return "index" in event ? `${event.kind} ${event.index}` : event.kind;
  }
}
