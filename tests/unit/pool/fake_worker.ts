/**
 * Workers without threads, for the side that supervises them: the test says what they post, and when they end.
 *
 * @module
 */
import type { InitMessage } from "../../../src/pool/worker_message.ts";

/** A worker of the platform that runs nothing: the test speaks for it. */
export class FakeWorker {
  /** All that were made, in order. */
  static readonly all: FakeWorker[] = [];
  readonly entry: URL;
  readonly options: WorkerOptions;
  readonly posted: InitMessage[] = [];
  terminations = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  /** What cannot be cloned. */
  static uncloneable: unknown;

  /** The one that was made last. */
  static get last(): FakeWorker {
    return FakeWorker.all.at(-1)!;
  }

  constructor(entry: URL, options: WorkerOptions) {
    FakeWorker.all.push(this);
    this.entry = entry;
    this.options = options;
  }

  postMessage(message: InitMessage): void {
    if (message.init !== undefined && message.init === FakeWorker.uncloneable) throw new TypeError("uncloneable");
    this.posted.push(message);
  }

  terminate(): void {
    this.terminations++;
  }

  /** Posts a message to the main thread. */
  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  /** Raises an error event and tells whether its default was prevented. */
  fail(message: string): boolean {
    const init = { message, filename: "file:///worker.ts", lineno: 3, colno: 5, cancelable: true };
    const event = new ErrorEvent("error", init);
    this.onerror?.(event);
    return event.defaultPrevented;
  }
}

/** Runs something for which `Worker` is {@linkcode FakeWorker}. */
export function withFakeWorkers<T>(run: () => T): T {
  const { Worker } = globalThis;
  Object.assign(globalThis, { Worker: FakeWorker });
  try {
    return run();
  } finally {
    Object.assign(globalThis, { Worker });
  }
}

/** Holds a lock in this thread, which does not end; `release` stands for its end. */
export async function holdLock(name: string): Promise<{ release: () => Promise<void> }> {
  const { locks } = navigator as unknown as {
    locks: { request(name: string, held: () => Promise<void>): Promise<void> };
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  let released: Promise<void> | undefined;
  await new Promise<void>((held) => {
    released = locks.request(name, () => (held(), promise));
  });
  return {
    release: async () => {
      resolve();
      await released;
    },
  };
}
