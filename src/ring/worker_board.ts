/**
 * The words that a supervisor and its workers share: commands, states, heartbeats and doorbells, a line a worker.
 *
 * ```text
 * line 0      magic · version · count            createWorkerBoard writes them, once
 * line 1 + i  byte 0   command · incarnation     the supervisor writes them
 *             byte 64  state · heartbeat         worker i writes them
 *             byte 72  doorbell                  worker i waits, anyone rings
 * ```
 *
 * All words are int32; a line is 128 bytes, so that no two workers share a cache line, nor two that are fetched as a
 * pair. All accesses are sequentially consistent. From this follows the rule that start and end rest on: a worker stores
 * `Attached` and then loads its command, the supervisor stores `End` and then loads the state, so that at least one
 * of them sees the other. A line is reset for the next incarnation only when the last one cannot write any more.
 *
 * @module
 */
import { Doorbell } from "./doorbell.ts";

/** What the supervisor wants of a worker; it only ever goes up, until the line is reset. */
export const WorkerCommand = {
  /** Start, and go on. */
  Run: 0,
  /** Close the agent, then end. */
  Stop: 1,
  /** End at once: the worker counts as failed, and what it had counts as lost. */
  End: 2,
} as const;

/** One of the values of {@linkcode WorkerCommand}. */
export type WorkerCommand = (typeof WorkerCommand)[keyof typeof WorkerCommand];

/** How far a worker has come; it only ever goes up, until the line is reset. */
export const WorkerState = {
  /** No thread has touched the board: it is not there yet, or still loads its modules. */
  None: 0,
  /** The thread has the init value and starts its agent. */
  Attached: 1,
  /** The agent works. */
  Running: 2,
  /** The agent is being closed. */
  Closing: 3,
  /** The agent is closed; a notice says so, and the thread ends. */
  Stopped: 4,
  /** The worker has failed; a notice says why, and the thread ends. */
  Failed: 5,
} as const;

/** One of the values of {@linkcode WorkerState}. */
export type WorkerState = (typeof WorkerState)[keyof typeof WorkerState];

/** The most workers that one board has lines for. */
export const MAX_BOARD_WORKERS = 1024;

const MAGIC = 0x42575752; // the bytes "RWWB"
const VERSION = 1;
const LINE_BYTES = 128;
const LINE_WORDS = LINE_BYTES / 4;
const COUNT_WORD = 2;
const COMMAND = 0;
const INCARNATION = 1;
const STATE = 16;
const HEARTBEAT = 17;
const DOORBELL_BYTE = 72;

/**
 * Creates a board on which every worker has the command `Run`, the state `None` and incarnation 0.
 *
 * @param count How many workers, from 1 to {@linkcode MAX_BOARD_WORKERS}.
 * @returns The shared memory of the board.
 * @throws {RangeError} When the count is no such number.
 */
export function createWorkerBoard(count: number): SharedArrayBuffer {
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_BOARD_WORKERS)) {
    throw new RangeError(`Cannot create a board for ${count} workers: not an integer from 1 to ${MAX_BOARD_WORKERS}`);
  }
  const shared = new SharedArrayBuffer(LINE_BYTES * (1 + count));
  new Int32Array(shared).set([MAGIC, VERSION, count]);
  return shared;
}

/**
 * The board as the supervisor and those who ring workers see it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createWorkerBoard, WorkerBoard, WorkerCommand, WorkerLine, WorkerState } from "./worker_board.ts";
 *
 * const shared = createWorkerBoard(2);
 * const line = new WorkerLine(shared, 1); // in the thread of worker 1
 * line.enter(WorkerState.Running);
 * const board = new WorkerBoard(shared);
 * assertEquals(board.state(1), WorkerState.Running);
 * board.tell(1, WorkerCommand.Stop);
 * assertEquals(line.command(), WorkerCommand.Stop);
 * ```
 */
export class WorkerBoard {
  /** How many workers have a line. */
  readonly count: number;
  readonly #shared: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;

  /**
   * Opens a board; any number of threads may do so.
   *
   * @param shared What {@linkcode createWorkerBoard} made.
   * @throws {TypeError} When it is no board of this version.
   */
  constructor(shared: SharedArrayBuffer) {
    this.#words = openBoard(shared);
    this.#shared = shared;
    this.count = this.#words[COUNT_WORD]!;
  }

  /**
   * The doorbell of a worker, to ring it.
   *
   * @param index Which worker.
   * @returns A handle of its own; only the worker itself may wait on it.
   * @throws {RangeError} When there is no such worker.
   */
  doorbell(index: number): Doorbell {
    return new Doorbell(this.#shared, this.#line(index) * 4 + DOORBELL_BYTE);
  }

  /**
   * How far a worker has come.
   *
   * @param index Which worker.
   * @returns The state that it stored last.
   * @throws {RangeError} When there is no such worker.
   */
  state(index: number): WorkerState {
    return Atomics.load(this.#words, this.#line(index) + STATE) as WorkerState;
  }

  /**
   * The heartbeat of a worker.
   *
   * @param index Which worker.
   * @returns A number that wraps; a worker whose loop turns changes it.
   * @throws {RangeError} When there is no such worker.
   */
  heartbeat(index: number): number {
    return Atomics.load(this.#words, this.#line(index) + HEARTBEAT);
  }

  /**
   * Tells a worker to stop or to end and rings its doorbell; a lesser command than the last is ignored. For the
   * supervisor alone.
   *
   * @param index Which worker.
   * @param command What it shall do.
   * @throws {RangeError} When there is no such worker.
   */
  tell(index: number, command: WorkerCommand): void {
    const word = this.#line(index) + COMMAND;
    if (Atomics.load(this.#words, word) < command) Atomics.store(this.#words, word, command);
    this.doorbell(index).ring();
  }

  /**
   * Makes a line ready for the next thread; its doorbell stays as it is, since others may be ringing it. For the
   * supervisor alone, and only when no thread can write to the line.
   *
   * @param index Which worker.
   * @param incarnation Which thread of this worker the line is for.
   * @throws {RangeError} When there is no such worker.
   */
  reset(index: number, incarnation: number): void {
    const line = this.#line(index);
    Atomics.store(this.#words, line + INCARNATION, incarnation);
    Atomics.store(this.#words, line + STATE, WorkerState.None);
    Atomics.store(this.#words, line + HEARTBEAT, 0);
    Atomics.store(this.#words, line + COMMAND, WorkerCommand.Run);
  }

  #line(index: number): number {
    return lineOf(index, this.count);
  }
}

/** The line of one worker as its own thread sees it. */
export class WorkerLine {
  /** The doorbell that this worker waits on. */
  readonly doorbell: Doorbell;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #line: number;

  /**
   * Opens the line of this thread's worker.
   *
   * @param shared What {@linkcode createWorkerBoard} made.
   * @param index Which worker this thread is.
   * @throws {TypeError} When it is no board of this version.
   * @throws {RangeError} When there is no such worker.
   */
  constructor(shared: SharedArrayBuffer, index: number) {
    this.#words = openBoard(shared);
    this.#line = lineOf(index, this.#words[COUNT_WORD]!);
    this.doorbell = new Doorbell(shared, this.#line * 4 + DOORBELL_BYTE);
  }

  /** Which thread of this worker the line is for; another one must leave it alone. */
  get incarnation(): number {
    return Atomics.load(this.#words, this.#line + INCARNATION);
  }

  /**
   * What the supervisor wants.
   *
   * @returns The command as it is now.
   */
  command(): WorkerCommand {
    return Atomics.load(this.#words, this.#line + COMMAND) as WorkerCommand;
  }

  /** Shows the supervisor that the loop of this worker turns. */
  beat(): void {
    Atomics.add(this.#words, this.#line + HEARTBEAT, 1);
  }

  /**
   * Shows the supervisor how far this worker has come.
   *
   * @param state The state that begins.
   */
  enter(state: WorkerState): void {
    Atomics.store(this.#words, this.#line + STATE, state);
  }
}

function openBoard(shared: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  if (!(shared instanceof SharedArrayBuffer)) throw new TypeError("A worker board needs a SharedArrayBuffer");
  const words = shared.byteLength >= 2 * LINE_BYTES ? new Int32Array(shared, 0, 3) : undefined;
  if (words?.[0] !== MAGIC || shared.byteLength !== LINE_BYTES * (1 + words[COUNT_WORD]!)) {
    throw new TypeError("This memory is not a worker board: createWorkerBoard() makes one");
  }
  if (words[1] !== VERSION) throw new TypeError(`This worker board has the unknown version ${words[1]}`);
  return new Int32Array(shared);
}

function lineOf(index: number, count: number): number {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new RangeError(`Cannot use worker ${index}: this board has ${count} workers`);
  }
  return LINE_WORDS * (1 + index);
}
