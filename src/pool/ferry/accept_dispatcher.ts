/**
 * Ring dispatch, the accepting part: one real listener, whose links go to the worker that carries the fewest.
 *
 * Each worker's socket side is given a fabric of its own here, whose listener is one of many that wait at the real one.
 * Invariant: the real listener stays while workers come and go; while none waits nothing is accepted, and clients wait
 * in the kernel.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ConnectError } from "../../error/transport_error.ts";
import { type Address, formatAddress } from "../../transport/address.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../transport/stream_link.ts";

/** Spreads the links of one listener. */
export class AcceptDispatcher {
  readonly #fabric: StreamFabric;
  readonly #waiting = new Set<DispatchedListener>();
  #listener: StreamListener | undefined = undefined;
  /** A link that was accepted when the worker that had waited for it was just lost. */
  #kept: StreamLink | undefined = undefined;
  #accepting = false;
  #closed = false;

  /**
   * @param fabric Opens the real listener, with the first worker that listens.
   */
  constructor(fabric: StreamFabric) {
    this.#fabric = fabric;
  }

  /**
   * The fabric of one worker's socket side.
   *
   * @param load How many links the worker has.
   * @returns A fabric that listens and cannot connect.
   */
  fabricOf(load: () => number): StreamFabric {
    const { target } = this.#fabric;
    return {
      target,
      listen: () => new DispatchedListener(this, this.#open(), load),
      connect: () => Promise.reject(new ConnectError(`Cannot connect to ${formatAddress(target)}: it only listens`)),
    };
  }

  /** Closes the real listener for good. */
  close(): void {
    this.#closed = true;
    this.#listener?.close();
    this.#kept?.close();
    this.#kept = undefined;
  }

  /** A worker waits for a link. */
  wait(waiting: DispatchedListener): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) return waiting.handleLink(kept);
    this.#waiting.add(waiting);
    if (!this.#accepting && this.#listener !== undefined) void this.#accept(this.#listener);
  }

  /** A worker does not wait any more. */
  leave(waiting: DispatchedListener): void {
    this.#waiting.delete(waiting);
  }

  #open(): StreamListener {
    if (this.#closed) throw new ClosedError(CloseCode.GoingAway, "local");
    return this.#listener ??= this.#fabric.listen();
  }

  async #accept(listener: StreamListener): Promise<void> {
    this.#accepting = true;
    while (this.#waiting.size > 0) {
      try {
        const link = await listener.accept();
        const next = this.#leastLoaded();
        if (next === undefined) this.#kept = link;
        else next.handleLink(link);
      } catch (error) {
        this.#leastLoaded()?.handleFailure(error);
        if (listener.closed) break;
      }
    }
    this.#accepting = false;
  }

  /** Takes the one that waits and has the fewest links. */
  #leastLoaded(): DispatchedListener | undefined {
    let least: DispatchedListener | undefined;
    for (const waiting of this.#waiting) {
      if (least === undefined || waiting.load() < least.load()) least = waiting;
    }
    if (least !== undefined) this.#waiting.delete(least);
    return least;
  }
}

/** One worker's share of the real listener. */
class DispatchedListener implements StreamListener {
  /** How many links the worker has. */
  readonly load: () => number;
  readonly #dispatcher: AcceptDispatcher;
  readonly #listener: StreamListener;
  #accepting: PromiseWithResolvers<StreamLink> | undefined = undefined;
  #closed = false;

  constructor(dispatcher: AcceptDispatcher, listener: StreamListener, load: () => number) {
    this.#dispatcher = dispatcher;
    this.#listener = listener;
    this.load = load;
  }

  get listening(): Promise<void> | undefined {
    return this.#listener.listening;
  }

  get address(): Address {
    return this.#listener.address;
  }

  get closed(): boolean {
    return this.#closed || this.#listener.closed;
  }

  accept(): Promise<StreamLink> {
    if (this.closed) return Promise.reject(new ClosedError(CloseCode.GoingAway, "local"));
    this.#accepting = Promise.withResolvers<StreamLink>();
    this.#dispatcher.wait(this);
    return this.#accepting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dispatcher.leave(this);
    this.#accepting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
  }

  handleLink(link: StreamLink): void {
    this.#accepting?.resolve(link);
  }

  handleFailure(error: unknown): void {
    this.#accepting?.reject(error);
  }
}
