/**
 * What users are told about transfers, and the bounded queue in which that waits to be polled.
 *
 * @module
 */
import type { AssetStatistics } from "./asset_statistics.ts";

/** More of a transfer is verified and on disk. */
export interface AssetProgress {
  /** Which event this is. */
  readonly type: "progress";
  /** The transfer. */
  readonly transferId: number;
  /** The asset. */
  readonly name: string;
  /** How many bytes are verified and written, with what was there already. */
  readonly received: number;
  /** How many bytes the transfer has; believed only once the last chunk is verified. */
  readonly total: number;
}

/** A transfer is complete: the file stands under its name. */
export interface AssetCompleted {
  /** Which event this is. */
  readonly type: "completed";
  /** The transfer. */
  readonly transferId: number;
  /** The asset. */
  readonly name: string;
  /** Where it stands; for an upload the path that was sent. */
  readonly path: string;
  /** The root: its BLAKE3 hash, as `b3sum` prints it. */
  readonly root: string;
  /** What was counted. */
  readonly statistics: AssetStatistics;
}

/** A transfer is over without success. */
export interface AssetFailed {
  /** Which event this is. */
  readonly type: "failed";
  /** The transfer. */
  readonly transferId: number;
  /** The asset. */
  readonly name: string;
  /** Why. */
  readonly error: unknown;
}

/** One event; `type` says which. */
export type AssetEvent = AssetProgress | AssetCompleted | AssetFailed;

const MAX_EVENTS = 4096;

/** Events that wait to be polled. A newer progress of a transfer replaces an older one; the oldest give way. */
export class AssetEventQueue {
  readonly #events = new Map<string, AssetEvent>();
  readonly #onEvent: ((event: AssetEvent) => unknown) | undefined;
  #next = 0;

  /**
   * Makes an empty queue.
   *
   * @param onEvent Gets every event at once, and none is kept.
   */
  constructor(onEvent: ((event: AssetEvent) => unknown) | undefined) {
    this.#onEvent = onEvent;
  }

  /** Adds an event. */
  push(event: AssetEvent): void {
    if (this.#onEvent !== undefined) return report(this.#onEvent, event);
    const key = event.type === "progress" ? `p${event.transferId}` : `e${this.#next++}`;
    this.#events.delete(key);
    this.#events.set(key, event);
    if (this.#events.size <= MAX_EVENTS) return;
    for (const oldest of this.#events.keys()) return void this.#events.delete(oldest);
  }

  /** Takes all events. */
  take(): AssetEvent[] {
    const events = [...this.#events.values()];
    this.#events.clear();
    return events;
  }
}

/**
 * Calls a handler of the application, which must not take anything else with it.
 *
 * @param handler The handler.
 * @param event What it gets.
 */
export function report<T>(handler: (event: T) => unknown, event: T): void {
  // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
  Promise.try(handler, event).catch((error) => console.error("Ringwire asset: a handler failed:", error));
}
