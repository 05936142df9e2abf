/**
 * The agent of the pool's tests: it counts its calls in shared memory and goes wrong when it is told to.
 *
 * @module
 */
import type { Agent, WorkerControl } from "../../src/pool/agent.ts";
import { WorkerBoard } from "../../src/ring/worker_board.ts";

/** The words that a test shares with the agent of one worker; counts go on over incarnations. */
export const Word = {
  /** How often an agent was built. */
  Built: 0,
  /** How often `onStart` ran. */
  Started: 1,
  /** How often `doWork` ran. */
  Worked: 2,
  /** How often `onClose` ran. */
  Closed: 3,
  /** The test stores 1: the agent now does what its behaviour says. */
  Go: 4,
  /** How much work there is; `doWork` takes one at a time. */
  Work: 5,
  /** How often a timer of the worker fired. */
  Timers: 6,
  /** How many messages the worker posted. */
  Posted: 7,
  /** How many messages the worker got. */
  Got: 8,
  /** How often an agent began what its behaviour says. */
  Went: 9,
} as const;

/** How many words there are. */
export const WORDS = 16;

/** When and how an agent goes wrong. */
export type Behaviour =
  | "well"
  | "throw in build"
  | "reject in build"
  | "throw in onStart"
  | "reject in onStart"
  | "hang in onStart"
  | "loop in onStart while told to"
  | "throw in doWork"
  | "throw in a callback"
  | "reject unhandled"
  | "call fail"
  | "close itself"
  | "exit"
  | "loop while told to"
  | "fail without a notice"
  | "throw in onClose"
  | "reject in onClose"
  | "hang in onClose"
  | "need work to close"
  | "ring the next"
  | "post nonsense";

/** What a worker of the tests is told. */
export interface PoolWorkerInit {
  readonly shared: SharedArrayBuffer;
  readonly behaviour: Behaviour;
}

/** The global scope of a worker. */
const scope = globalThis as unknown as { postMessage(message: unknown): void; close(): void };

class CustomError extends Error {
  override readonly name = "CustomError";
}

class TestAgent implements Agent {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #behaviour: Behaviour;
  readonly #control: WorkerControl;
  #hasGone = false;
  #canClose: (() => void) | undefined;

  constructor({ shared, behaviour }: PoolWorkerInit, control: WorkerControl) {
    this.#words = new Int32Array(shared);
    this.#behaviour = behaviour;
    this.#control = control;
    this.#count(Word.Built);
    setInterval(() => this.#count(Word.Timers), 5);
    if (behaviour === "throw in build") throw new CustomError("not built", { cause: new TypeError("no bricks") });
  }

  onStart(): void | Promise<void> {
    this.#count(Word.Started);
    if (this.#behaviour === "throw in onStart") throw new CustomError("not started");
    if (this.#behaviour === "reject in onStart") return Promise.reject(new CustomError("not started"));
    if (this.#behaviour === "loop in onStart while told to") { while (Atomics.load(this.#words, Word.Go) > 0); }
    if (this.#behaviour === "hang in onStart") return new Promise(() => {});
  }

  doWork(): number {
    this.#count(Word.Worked);
    if (!this.#hasGone && Atomics.load(this.#words, Word.Go) > 0) this.#go();
    for (;;) {
      const left = Atomics.load(this.#words, Word.Work);
      if (left === 0) break;
      if (Atomics.compareExchange(this.#words, Word.Work, left, left - 1) === left) return 1;
    }
    this.#canClose?.();
    return 0;
  }

  onClose(): void | Promise<void> {
    this.#count(Word.Closed);
    if (this.#behaviour === "throw in onClose") throw new CustomError("not closed");
    if (this.#behaviour === "reject in onClose") return Promise.reject(new CustomError("not closed"));
    if (this.#behaviour === "hang in onClose") return new Promise(() => {});
    if (this.#behaviour === "need work to close") return new Promise((resolve) => this.#canClose = resolve);
  }

  #go(): void {
    this.#hasGone = true;
    this.#count(Word.Went);
    switch (this.#behaviour) {
      case "throw in doWork":
        throw new CustomError("went wrong");
      case "throw in a callback":
        setTimeout(() => {
          throw new CustomError("went wrong");
        });
        break;
      case "reject unhandled":
        void Promise.reject(new CustomError("went wrong"));
        break;
      case "call fail":
        this.#control.fail(new CustomError("went wrong"));
        break;
      case "close itself":
        scope.close();
        break;
      case "exit":
        Deno.exit(7);
        break;
      case "loop while told to":
        while (Atomics.load(this.#words, Word.Go) > 0);
        break;
      case "fail without a notice":
        Object.assign(scope, { postMessage: () => {} });
        throw new CustomError("went wrong");
      case "ring the next":
        new WorkerBoard(this.#control.boardMemory).doorbell(this.#control.index + 1).ring();
        break;
      case "post nonsense":
        for (const nonsense of [7, null, { kind: "ringwire.stopped" }, { kind: "ringwire.failed", version: 1 }]) {
          scope.postMessage(nonsense);
        }
        break;
    }
  }

  #count(word: number): void {
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }
}

/** Builds the agent in a worker. */
export function build(init: unknown, control: WorkerControl): Agent | Promise<Agent> {
  const told = init as PoolWorkerInit;
  const words = new Int32Array(told.shared);
  countMessages(words);
  if (told.behaviour === "reject in build") return Promise.reject(new CustomError("not built"));
  return new TestAgent(told, control);
}

/** The init message has come already. */
function countMessages(words: Int32Array): void {
  const post = scope.postMessage;
  scope.postMessage = (message) => {
    Atomics.add(words, Word.Posted, 1);
    post.call(scope, message);
  };
  Atomics.add(words, Word.Got, 1);
  self.addEventListener("message", () => Atomics.add(words, Word.Got, 1));
}
