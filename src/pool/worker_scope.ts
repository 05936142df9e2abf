/**
 * The worker's side of a pool: an entry script calls `runWorker` with the function that builds its agent, and that is
 * all it does.
 *
 * Why every uncaught error ends the worker: what an agent's state is after it, nobody knows, and the pool replaces it.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { BuildAgent } from "./agent.ts";
import { holdUntilEnd } from "./thread_lock.ts";
import { type LivingThread, WorkerLife } from "./worker_life.ts";
import { checkInitMessage, failedNotice } from "./worker_message.ts";

export type { Agent, BuildAgent, WorkerControl } from "./agent.ts";

/** The global scope of a worker as far as it is used here. */
interface WorkerGlobal {
  postMessage(message: unknown): void;
  close(): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void, options: { once: true }): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
}

/**
 * Runs an agent in this worker until the pool stops it: called once, at the top of the entry script that the pool was
 * given. Nothing may be awaited before, neither there nor at the top of a module that it imports: the init message
 * would arrive while nobody listens, and the start would time out. What has to be awaited belongs into `build`.
 *
 * @param build Makes the agent of the init value that the owner of the pool made.
 * @throws {MisuseError} When this thread is no worker.
 *
 * @example An entry script whose agent counts
 * ```ts ignore
 * runWorker((init) => {
 *   const counts = new Int32Array(init as SharedArrayBuffer);
 *   return { doWork: () => counts[0]! < 1000 ? ++counts[0]! : 0 };
 * });
 * ```
 */
export function runWorker(build: BuildAgent): void {
  const scope = globalThis as unknown as WorkerGlobal;
  if (typeof scope.postMessage !== "function") {
    throw new MisuseError("Cannot run a worker's agent: no worker runs this");
  }
  const thread: LivingThread = {
    post: (notice) => scope.postMessage(notice),
    close: () => scope.close(),
    hold: holdUntilEnd,
  };
  let life: WorkerLife | undefined;
  const fail = (how: "thrown" | "rejected", error: unknown): void => {
    if (life !== undefined) return life.handleLoss(how, error);
    thread.post(failedNotice(how, error));
    thread.close();
  };
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    fail("thrown", event.error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail("rejected", event.reason);
  });
  scope.addEventListener("message", ({ data }) => {
    try {
      life = new WorkerLife(checkInitMessage(data), thread);
    } catch (error) {
      return fail("thrown", error);
    }
    void life.run(build);
  }, { once: true });
}
