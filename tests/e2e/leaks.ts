/**
 * Watches what escapes from an endpoint into the process: rejections that nobody handled and lines on the console.
 *
 * @module
 */

/** Catches unhandled rejections while it is in scope; without it one ends the whole run. */
export class UnhandledRejections implements Disposable {
  /** What they were. */
  readonly reasons: unknown[] = [];
  readonly #note = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.reasons.push(event.reason);
  };

  /** Begins to catch. */
  constructor() {
    globalThis.addEventListener("unhandledrejection", this.#note);
  }

  /** Stops to catch. */
  [Symbol.dispose](): void {
    globalThis.removeEventListener("unhandledrejection", this.#note);
  }
}

/** Keeps what would be written by `console.error` while it is in scope. */
export class QuietConsole implements Disposable {
  /** The arguments of each call. */
  readonly calls: unknown[][] = [];
  readonly #error: typeof console.error = console.error;

  /** Begins to keep. */
  constructor() {
    console.error = (...args: unknown[]) => void this.calls.push(args);
  }

  /** Puts the console back. */
  [Symbol.dispose](): void {
    console.error = this.#error;
  }
}
