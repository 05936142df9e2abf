/**
 * One thread of a worker as its supervisor sees it: started with one message, watched until it is proven to be over.
 *
 * Invariant: `handleThreadEnd` is called at most once, and only when the thread cannot touch shared memory any more:
 * it never attached to the board, or the lock that it held is free. Its last notice may arrive after the lock is
 * free, since the two take different ways; the board says whether there is one to wait for.
 *
 * Why an `error` event is proof for a thread that has not attached: the runtime raises it when the worker's loop has
 * ended. Limits of the runtime: a thread in an endless loop outlives `terminate()` and keeps the process alive, and a
 * thread that is out of memory takes the process with it.
 *
 * @module
 */
import { type WorkerBoard, WorkerState } from "../ring/worker_board.ts";
import type { ThreadEnd } from "./supervision_event.ts";
import { waitForEnd } from "./thread_lock.ts";
import { type InitMessage, noticeOf, restoreError } from "./worker_message.ts";

/** Who is told what becomes of a thread. */
export interface ThreadOwner {
  /** The thread has started its agent. */
  handleReady(): void;
  /** The thread is over. */
  handleThreadEnd(end: ThreadEnd): void;
}

/** After how many looks without it a notice that the board announces is taken for lost. */
const LOOKS_FOR_NOTICE = 3;

/** The handle on one thread. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #board: WorkerBoard;
  readonly #owner: ThreadOwner;
  readonly #index: number;
  readonly #lock: string;
  readonly #waiting = new AbortController();
  #isWaitingForEnd = false;
  #isOver = false;
  #isDone = false;
  #looks = 0;
  #end: ThreadEnd | undefined;

  /**
   * Starts a thread.
   *
   * @param entry Its script.
   * @param name What it is called.
   * @param message The only message that it gets.
   * @param board The board, with the line of this worker reset.
   * @param owner Who is told what becomes of it.
   * @throws {Error} Whatever the runtime raises when it may not start it or cannot clone the message.
   */
  constructor(entry: URL, name: string, message: InitMessage, board: WorkerBoard, owner: ThreadOwner) {
    this.#board = board;
    this.#owner = owner;
    this.#index = message.index;
    this.#lock = message.lock;
    this.#worker = new Worker(entry, { type: "module", name });
    this.#worker.onmessage = (event) => this.#handleMessage(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#handleError(event);
    };
    try {
      this.#worker.postMessage(message);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Looks at the board; to be called at every heartbeat. */
  look(): void {
    if (this.#isDone) return;
    if (this.#isOver && ++this.#looks >= LOOKS_FOR_NOTICE) return this.#finish({ kind: "exited" });
    this.#watchEnd();
  }

  /**
   * Ends a thread that has been told to end by the board, as soon as its event loop turns. One that has not attached is
   * left to find its command, so that its end can be seen.
   */
  end(): void {
    if (this.#isDone || !this.#hasAttached()) return;
    this.#watchEnd();
    this.#worker.terminate();
  }

  /** Ends the thread if it can be ended and forgets it; nothing is told any more. */
  discard(): void {
    this.#isDone = true;
    this.#waiting.abort();
    this.#worker.onmessage = null;
    this.#worker.terminate();
  }

  /** A thread that has attached holds its lock. */
  #watchEnd(): void {
    if (this.#isWaitingForEnd || !this.#hasAttached()) return;
    this.#isWaitingForEnd = true;
    void this.#waitForEnd();
  }

  async #waitForEnd(): Promise<void> {
    if (await waitForEnd(this.#lock, this.#waiting.signal)) this.#handleOver();
  }

  #handleMessage(data: unknown): void {
    const notice = noticeOf(data);
    if (notice === undefined || this.#isDone) return;
    if (notice.kind === "ringwire.ready") {
      this.#watchEnd();
      this.#owner.handleReady();
    } else if (notice.kind === "ringwire.stopped") {
      this.#handleEnd({ kind: "stopped" });
    } else {
      this.#handleEnd({ kind: notice.how, error: restoreError(notice.error) });
    }
  }

  #handleError(event: ErrorEvent): void {
    const place = event.filename ? ` (${event.filename}:${event.lineno}:${event.colno})` : "";
    this.#handleEnd({ kind: "thrown", error: new Error(`${event.message}${place}`) });
  }

  /** How the thread ends is known; whether it is over may not be. */
  #handleEnd(end: ThreadEnd): void {
    if (this.#isDone) return;
    this.#end ??= end;
    if (this.#isOver || !this.#hasAttached()) this.#finish(this.#end);
    else this.#watchEnd();
  }

  #handleOver(): void {
    this.#isOver = true;
    const state = this.#board.state(this.#index);
    const isNoticeComing = state === WorkerState.Stopped || state === WorkerState.Failed;
    if (this.#end !== undefined) this.#finish(this.#end);
    else if (!isNoticeComing) this.#finish({ kind: "exited" });
  }

  #finish(end: ThreadEnd): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#owner.handleThreadEnd(end);
  }

  #hasAttached(): boolean {
    return this.#board.state(this.#index) !== WorkerState.None;
  }
}
