/**
 * The main thread's end of the race tests of rings: starts threads, waits for what they say, works until it is done.
 *
 * @module
 */
import { Doorbell, DOORBELL_BYTES } from "../../src/ring/doorbell.ts";
import { openWaitStrategy, resolveWaitOptions } from "../../src/ring/wait_strategy.ts";
import { settled } from "../unit/ring/safety_timeout.ts";
import type { RingWorkerInit } from "./ring_worker.ts";

/** One thread. */
export interface RingThread {
  /**
   * Waits for a message; every message is waited for once, in order.
   *
   * @param what The message, or the role whose end is waited for.
   * @returns What the role returned, at its end.
   */
  says(what: string): Promise<unknown>;
  /** Ends the thread, once it is back on its event loop. */
  terminate(): void;
}

/** All threads of one test. */
export class RingThreads {
  /** The doorbell of the main thread. */
  readonly bellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #bell = new Doorbell(this.bellMemory);
  readonly #stop = new SharedArrayBuffer(4);
  readonly #workers: Worker[] = [];
  readonly #failure = Promise.withResolvers<never>();

  constructor() {
    this.#failure.promise.catch(() => {});
  }

  /**
   * Starts a thread.
   *
   * @param init What it does; what is left out has harmless defaults.
   * @returns The thread.
   */
  start(init: Partial<RingWorkerInit> & Pick<RingWorkerInit, "role" | "shared">): RingThread {
    const worker = new Worker(new URL("./ring_worker.ts", import.meta.url), { type: "module" });
    this.#workers.push(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failure.reject(new Error(event.message));
    };
    const said: unknown[] = [];
    let heard = Promise.withResolvers<void>();
    worker.onmessage = ({ data }) => {
      said.push(data);
      heard.resolve();
      heard = Promise.withResolvers();
    };
    const defaults = {
      bell: this.bellMemory,
      ownBell: new SharedArrayBuffer(DOORBELL_BYTES),
      stop: this.#stop,
      writer: 0,
      count: 0,
      batch: 1,
      wait: "block",
      maxBlockMs: 50,
    } as const;
    worker.postMessage({ ...defaults, ...init } satisfies RingWorkerInit);
    const says = async (what: string): Promise<unknown> => {
      while (said.length === 0) await this.within(heard.promise, `"${what}" of a ${init.role}`);
      const message = said.shift() as string | { done: string; result: unknown };
      const name = typeof message === "string" ? message : message.done;
      if (name !== what) throw new Error(`A ${init.role} said "${name}" where "${what}" was due`);
      return typeof message === "string" ? undefined : message.result;
    };
    return { says, terminate: () => worker.terminate() };
  }

  /**
   * Works on the event loop, asleep on the doorbell whenever there is nothing to do.
   *
   * @param doWork Does a portion and tells how much it was.
   * @param isDone Asked after each portion.
   */
  async work(doWork: () => number, isDone: () => boolean): Promise<void> {
    const config = resolveWaitOptions({ wait: "event-loop" });
    const waiting = openWaitStrategy(config, { doorbell: this.#bell, isMainThread: true });
    for (;;) {
      const workCount = doWork();
      if (isDone()) return;
      const rung = waiting.idle(workCount);
      if (rung !== undefined) await this.within(rung, "a ring at the doorbell of the main thread");
    }
  }

  /** Waits for a promise, and fails when a thread does. */
  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return settled(Promise.race([promise, this.#failure.promise]), what);
  }

  /** Tells all threads to stop; it does not wake them. */
  tellToStop(): void {
    Atomics.store(new Int32Array(this.#stop), 0, 1);
  }

  /** Ends what is left. */
  [Symbol.dispose](): void {
    this.tellToStop();
    for (const worker of this.#workers) worker.terminate();
  }
}
