/**
 * A pool under test with an owner that notes everything, and words in shared memory for each of its workers.
 *
 * Nothing here waits for a time: it waits until something is so, and a long timeout fails a test that would hang.
 *
 * @module
 */
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import type { WorkerPoolOptions } from "../../src/pool/pool_options.ts";
import type { WorkerFailure } from "../../src/pool/worker_failure.ts";
import { type PoolOwner, WorkerPool } from "../../src/pool/worker_pool.ts";
import { settled } from "../unit/ring/safety_timeout.ts";
import { type Behaviour, type PoolWorkerInit, Word, WORDS } from "./pool_test_agent.ts";

/** How a pool under test differs from the usual one. */
export interface PoolBenchOptions extends Partial<WorkerPoolOptions> {
  /** What each worker does; the last goes for the rest. */
  readonly behaviours?: readonly Behaviour[];
  /** Makes the init value in place of the bench. */
  readonly init?: (index: number, incarnation: number) => unknown;
}

/** A pool and what became of it. */
export class PoolBench implements PoolOwner {
  readonly pool: WorkerPool;
  /** What the owner was told, in order: `init 0.1`, `started 0`, `failed 0.0 thrown`, … */
  readonly log: string[] = [];
  readonly failures: WorkerFailure[] = [];
  readonly exhaustions: Error[] = [];
  /** Called whenever the owner is told of a failure. */
  onFailed: (index: number) => void = () => {};
  readonly #words: Int32Array<SharedArrayBuffer>[];
  readonly #behaviours: readonly Behaviour[];
  readonly #init: PoolBenchOptions["init"];

  constructor({ behaviours = ["well"], init, ...options }: PoolBenchOptions = {}) {
    this.#behaviours = behaviours;
    this.#init = init;
    const defaults = {
      entry: new URL("./pool_worker.ts", import.meta.url),
      count: 2,
      name: "bench",
      heartbeatMs: 20,
      restartDelayMs: 1,
    };
    this.pool = new WorkerPool({ ...defaults, ...options }, this, new SystemScheduler());
    this.#words = Array.from({ length: this.pool.count }, () => new Int32Array(new SharedArrayBuffer(4 * WORDS)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const words of this.#words) Atomics.store(words, Word.Go, 0);
    await settled(this.pool.stop(), "the stop of the pool");
  }

  start(): Promise<void> {
    return settled(this.pool.start(), "the start of the pool");
  }

  init(index: number, incarnation: number): unknown {
    this.log.push(`init ${index}.${incarnation}`);
    if (this.#init !== undefined) return this.#init(index, incarnation);
    const behaviour = this.#behaviours[Math.min(index, this.#behaviours.length - 1)]!;
    return { shared: this.#words[index]!.buffer, behaviour } satisfies PoolWorkerInit;
  }

  started(index: number): void {
    this.log.push(`started ${index}`);
  }

  failed(index: number, failure: WorkerFailure): void {
    this.log.push(`failed ${index}.${failure.incarnation} ${failure.kind}${failure.isReplaced ? "" : " for good"}`);
    this.failures.push(failure);
    this.onFailed(index);
  }

  ended(index: number): void {
    this.log.push(`ended ${index}`);
  }

  exhausted(index: number, error: Error, remainingCount: number): void {
    this.log.push(`exhausted ${index}, ${remainingCount} left`);
    this.exhaustions.push(error);
  }

  /** The log so far, which starts anew. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** A word of one worker. */
  word(index: number, word: number): number {
    return Atomics.load(this.#words[index]!, word);
  }

  /** The same word of all workers. */
  words(word: number): number[] {
    return this.#words.map((words) => Atomics.load(words, word));
  }

  /** Stores a word of one worker and rings it. */
  store(index: number, word: number, value: number): void {
    Atomics.store(this.#words[index]!, word, value);
    this.pool.doorbell(index).ring();
  }

  /** Has a worker go wrong as its behaviour says, in this incarnation and the next ones. */
  go(index: number): void {
    this.store(index, Word.Go, 1);
  }

  /** Has no later incarnation of a worker go wrong. */
  calm(index: number): void {
    this.store(index, Word.Go, 0);
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    let isGivenUp = false;
    const poll = async (): Promise<void> => {
      while (!isSo() && !isGivenUp) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    try {
      await settled(poll(), `${what}; the log is: ${this.log.join(", ")}`);
    } finally {
      isGivenUp = true;
    }
  }

  /** Waits until the owner was told something. */
  untilLogged(entry: string): Promise<void> {
    return this.until(entry, () => this.log.includes(entry));
  }
}
