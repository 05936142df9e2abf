/**
 * The accepting side inside one thread.
 *
 * Invariant: at most `backlogCount` links wait to be accepted; a connecting side beyond that waits, as it does where
 * the kernel's queue is full.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError } from "../../error/transport_error.ts";
import type { MemoryAddress } from "../../transport/address.ts";
import type { StreamListener } from "../../transport/stream_link.ts";
import { type MemoryLink, memoryPair, type MemoryPairOptions } from "./memory_link.ts";

/** What a listener is made of; `MemoryNetwork` fills it in. */
export interface MemoryListenerOptions {
  /** Where it listens. */
  readonly address: MemoryAddress;
  /** How its links are made, names aside. */
  readonly pair: Pick<MemoryPairOptions, "bufferBytes" | "scheduler">;
  /** How many links may wait to be accepted. */
  readonly backlogCount: number;
  /** Called once, when the listener is closed. */
  readonly onClose: () => void;
}

interface Connecting {
  readonly name: string;
  readonly resolve: (link: MemoryLink) => void;
  readonly refuse: () => void;
}

interface Accepting {
  readonly resolve: (link: MemoryLink) => void;
  readonly reject: (error: Error) => void;
}

/** A stream listener inside one thread; a `MemoryNetwork`'s fabric opens it. */
export class MemoryListener implements StreamListener {
  /** Where it listens. */
  readonly address: MemoryAddress;
  readonly #options: MemoryListenerOptions;
  readonly #backlog: MemoryLink[] = [];
  readonly #connecting = new Set<Connecting>();
  #accepting: Accepting | undefined;
  #closed = false;

  /**
   * Makes a listener that listens at once.
   *
   * @param options What it is made of.
   */
  constructor(options: MemoryListenerOptions) {
    this.#options = options;
    this.address = options.address;
  }

  /** Whether the listener was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Waits for the next link; one call at a time.
   *
   * @returns The link. Rejects with `ClosedError` when the listener was closed and with `MisuseError` while another
   * call is pending.
   */
  accept(): Promise<MemoryLink> {
    if (this.#closed) return Promise.reject(new ClosedError(CloseCode.GoingAway, "local"));
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const link = this.#backlog.shift();
    if (link === undefined) return new Promise((resolve, reject) => this.#accepting = { resolve, reject });
    this.#admitConnecting();
    return Promise.resolve(link);
  }

  /**
   * Asks for a link, from the connecting side; waits while the backlog is full.
   *
   * @param name The name of the connecting end.
   * @param signal Ends the attempt.
   * @returns The connecting end, or `undefined` when the listener was closed. Rejects with the signal's reason.
   */
  connect(name: string, signal: AbortSignal): Promise<MemoryLink | undefined> {
    if (this.#backlog.length < this.#options.backlogCount) return Promise.resolve(this.#admit(name));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#connecting.delete(attempt);
        signal.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        leave();
        reject(signal.reason);
      };
      const attempt: Connecting = {
        name,
        resolve: (link) => {
          leave();
          resolve(link);
        },
        refuse: () => {
          leave();
          resolve(undefined);
        },
      };
      signal.addEventListener("abort", abort);
      this.#connecting.add(attempt);
    });
  }

  /**
   * Stops listening: a pending `accept` rejects, links that wait to be accepted break, connecting sides are refused.
   * Links that were accepted stay. A second call does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
    this.#accepting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
    this.#accepting = undefined;
    for (const link of this.#backlog.splice(0)) link.reset();
    for (const attempt of this.#connecting) attempt.refuse();
  }

  #admit(name: string): MemoryLink {
    const { pair, address } = this.#options;
    const [connecting, accepted] = memoryPair({ ...pair, firstName: name, secondName: address.name });
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#backlog.push(accepted);
    else accepting.resolve(accepted);
    return connecting;
  }

  #admitConnecting(): void {
    for (const attempt of this.#connecting) {
      attempt.resolve(this.#admit(attempt.name));
      return;
    }
  }
}
