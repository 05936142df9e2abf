/**
 * The life of a worker's thread from its init message to its end: attach, start the agent, work, close, end.
 *
 * Invariants: shared memory is touched only while this thread holds its lock and the board's line is its own; the state
 * on the board is stored before the notice that goes with it; after the end of the agent, for whatever reason, the
 * thread closes itself, and nothing of it runs any more. The heartbeat is a timer of the event loop, and a loop that
 * polls beats besides: it shows that the thread turns, not that it has work.
 *
 * Why the timer looks at the command, too: while the agent starts nobody waits at the doorbell.
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";
import { WorkerCommand, WorkerLine, WorkerState } from "../ring/worker_board.ts";
import type { Agent, BuildAgent, WorkerControl } from "./agent.ts";
import type { Duty, DutyOwner, Turns } from "./duty.ts";
import { EventLoopDuty } from "./event_loop_duty.ts";
import { PolledDuty } from "./polled_duty.ts";
import { failedNotice, type InitMessage, type Notice, readyNotice, stoppedNotice } from "./worker_message.ts";

/** What a life needs of its thread. */
export interface LivingThread {
  /** Tells the pool. */
  post(notice: Notice): void;
  /** Ends the thread at once. */
  close(): void;
  /** Takes a lock for as long as the thread lives; resolves with whether it was free. */
  hold(lock: string): Promise<boolean>;
}

/** The event loop of this thread. */
const TURNS: Turns = {
  nextTurn: (callback) => void setImmediate(callback),
  now: () => performance.now(),
};

/** The life of one thread. */
export class WorkerLife implements WorkerControl, DutyOwner {
  /** Which worker of the pool this is. */
  readonly index: number;
  /** How many threads were this worker before. */
  readonly incarnation: number;
  /** The shared memory of the pool's board. */
  readonly boardMemory: SharedArrayBuffer;
  /** Where this worker sleeps. */
  readonly doorbell: Doorbell;
  readonly #message: InitMessage;
  readonly #thread: LivingThread;
  readonly #line: WorkerLine;
  #agent: Agent | undefined;
  #duty: Duty | undefined;
  #isAttached = false;
  #isStopping = false;
  #isOver = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Begins a life that has touched nothing yet.
   *
   * @param message What the thread was started with.
   * @param thread The thread that it runs in.
   * @throws {TypeError} When the board is none of this version.
   * @throws {RangeError} When it has no such worker.
   */
  constructor(message: InitMessage, thread: LivingThread) {
    this.#message = message;
    this.#thread = thread;
    this.index = message.index;
    this.incarnation = message.incarnation;
    this.boardMemory = message.board;
    this.#line = new WorkerLine(message.board, message.index);
    this.doorbell = this.#line.doorbell;
  }

  /** Whether the worker has been told to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Lives: returns when the agent has started.
   *
   * @param build Makes the agent.
   */
  async run(build: BuildAgent): Promise<void> {
    if (!await this.#attach()) return this.#endThread();
    this.#timer = setInterval(() => this.#beat(), this.#message.heartbeatMs);
    const agent = await this.#attempt(() => build(this.#message.init, this));
    if (this.#isOver) return;
    this.#agent = agent!;
    await this.#attempt(() => this.#agent!.onStart?.());
    if (this.#isOver) return;
    this.#line.enter(WorkerState.Running);
    this.#thread.post(readyNotice());
    this.#duty = this.#makeDuty(this.#agent);
    this.#duty.start();
  }

  /** Has `doWork` called in the next turn of the event loop. */
  requestTurn(): void {
    this.#duty?.requestTurn();
  }

  /**
   * Reports this worker as failed and ends its thread.
   *
   * @param error Why.
   */
  fail(error: unknown): void {
    this.handleLoss("thrown", error);
  }

  /**
   * Obeys the supervisor.
   *
   * @returns Whether the agent goes on working.
   */
  mayContinue(): boolean {
    const command = this.#line.command();
    if (command === WorkerCommand.Run || this.#isOver) return !this.#isOver;
    if (command === WorkerCommand.End) this.#endThread();
    else if (!this.#isStopping && this.#duty !== undefined) void this.#close();
    return !this.#isOver;
  }

  /**
   * The agent's `doWork` has thrown.
   *
   * @param error What it threw.
   */
  handleFailure(error: unknown): void {
    this.handleLoss("thrown", error);
  }

  /**
   * The worker cannot go on: says so and ends the thread.
   *
   * @param how Whether something was thrown or a promise rejected.
   * @param error What with.
   */
  handleLoss(how: "thrown" | "rejected", error: unknown): void {
    if (this.#isOver) return;
    if (this.#isAttached) this.#line.enter(WorkerState.Failed);
    this.#thread.post(failedNotice(how, error));
    this.#endThread();
  }

  /** Takes the lock and the line, unless the pool has given this thread up meanwhile. */
  async #attach(): Promise<boolean> {
    if (!await this.#thread.hold(this.#message.lock) || this.#isOver) return false;
    if (this.#line.incarnation !== this.incarnation) return false;
    this.#isAttached = true;
    this.#line.enter(WorkerState.Attached);
    return this.#line.command() !== WorkerCommand.End;
  }

  #makeDuty(agent: Agent): Duty {
    const { mode } = this.#message;
    if (mode === "event-loop") return new EventLoopDuty(agent, this.doorbell, this, TURNS);
    return new PolledDuty(agent, this.doorbell, this, mode, TURNS, () => this.#line.beat());
  }

  #beat(): void {
    this.#line.beat();
    this.mayContinue();
  }

  async #close(): Promise<void> {
    this.#isStopping = true;
    this.#line.enter(WorkerState.Closing);
    await this.#attempt(() => this.#agent!.onClose?.());
    if (this.#isOver) return;
    this.#line.enter(WorkerState.Stopped);
    this.#thread.post(stoppedNotice());
    this.#endThread();
  }

  /** Calls what is the agent's; when that fails, so has the worker. */
  async #attempt<T>(call: () => T | Promise<T>): Promise<T | undefined> {
    let result: T | Promise<T>;
    try {
      result = call();
    } catch (error) {
      this.handleLoss("thrown", error);
      return undefined;
    }
    try {
      return await result;
    } catch (error) {
      this.handleLoss("rejected", error);
      return undefined;
    }
  }

  #endThread(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#thread.close();
  }
}
