/**
 * A fabric whose sockets are in other threads: it listens in all of them and connects in each in turn.
 *
 * Invariant: a thread that is lost takes its own links with it and nothing else; one that takes its place listens where
 * the others do. Why the first thread listens before the others: with port 0 it is the one that gets a port.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ConnectError, MisuseError, ResourceError } from "../../error/transport_error.ts";
import { type Address, formatAddress } from "../../transport/address.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../transport/stream_link.ts";
import type { MachineSide, MachineSideOwner } from "./machine_side.ts";

/** A fabric whose sockets are in other threads. */
export class FerryFabric implements StreamFabric {
  readonly target: Address;
  readonly #sides: (MachineSide | undefined)[] = [];
  readonly #first = Promise.withResolvers<void>();
  readonly #onUnlisten: (() => void) | undefined;
  #listener: FerryListener | undefined = undefined;
  /** The listener that was closed and is still open in some thread. */
  #closing: FerryListener | undefined = undefined;
  #next = 0;

  /**
   * @param target Where `connect` leads or `listen` listens.
   * @param onUnlisten Called when the listener is closed, beside what the threads are told.
   */
  constructor(target: Address, onUnlisten?: () => void) {
    this.target = target;
    this.#onUnlisten = onUnlisten;
    this.#first.promise.catch(() => {});
  }

  /** How many links there are in all threads, and attempts to connect. */
  get linkCount(): number {
    return this.#sides.reduce((sum, side) => sum + (side?.linkCount ?? 0), 0);
  }

  /**
   * What a machine side that is about to be attached tells its news to.
   *
   * @param index Which thread's.
   * @returns Its owner.
   */
  ownerOf(index: number): MachineSideOwner {
    return {
      accepted: (link) => this.#accepted(link, this.#sides[index]),
      listening: (address) => this.#listener?.handleListening(address, this.#sides[index], this.#sides),
      listenFailed: (error) => this.#listener?.handleListenFailed(index, this.#sides[index], error),
      unlistened: () => this.#closing?.handleUnlistened(this.#sides[index]),
      acceptFailed: (error) => this.#listener?.handleFailure(new ResourceError(error.message, { cause: error.cause })),
    };
  }

  /**
   * Uses a thread from now on.
   *
   * @param index Which one; it takes the place of an earlier one.
   * @param side Its machine side.
   */
  attach(index: number, side: MachineSide): void {
    this.#sides[index] = side;
    this.#first.resolve();
    this.#listener?.handleAttached(side);
  }

  /**
   * A thread is lost.
   *
   * @param index Which one.
   * @param side Its machine side, attached or not.
   * @param error Why.
   */
  detach(index: number, side: MachineSide, error: Error): void {
    if (this.#sides[index] === side) this.#sides[index] = undefined;
    side.lose(error);
    this.#listener?.handleDetached(error, side, this.#sides);
    this.#closing?.handleUnlistened(side);
  }

  /**
   * No thread will ever be attached again; whoever waits for one is told.
   *
   * @param error Why.
   */
  abandon(error: unknown): void {
    this.#first.reject(error);
    this.#listener?.fail(error);
  }

  /**
   * Listens in all threads; `listening` settles when those that are there now do.
   *
   * @returns The listener.
   */
  listen(): StreamListener {
    this.#listener = new FerryListener(this.target, () => this.#unlisten());
    const first = this.#sides.find((side) => side !== undefined);
    if (first !== undefined) this.#listener.handleAttached(first);
    return this.#listener;
  }

  #accepted(link: StreamLink, side: MachineSide | undefined): void {
    if (this.#listener !== undefined && side !== undefined) return this.#listener.handleLink(link, side);
    side?.takeAccepted();
    link.close();
  }

  #unlisten(): readonly MachineSide[] {
    const sides = this.#sides.filter((side) => side !== undefined);
    this.#closing = this.#listener;
    this.#listener = undefined;
    for (const side of sides) side.unlisten();
    this.#onUnlisten?.();
    return sides;
  }

  async connect(signal: AbortSignal): Promise<StreamLink> {
    await untilAborted(this.#first.promise, signal);
    for (let i = 0; i < this.#sides.length; i++) {
      const side = this.#sides[this.#next++ % this.#sides.length];
      if (side !== undefined) return await side.connect(signal);
    }
    throw new ConnectError(`Cannot connect to ${formatAddress(this.target)}: no worker is there`);
  }
}

/** Accepts what all threads accept. */
class FerryListener implements StreamListener {
  readonly #target: Address;
  /** Has the threads stop listening; returns which will say that they have. */
  readonly #unlisten: () => readonly MachineSide[];
  readonly #listening = Promise.withResolvers<void>();
  readonly #whenClosed = Promise.withResolvers<void>();
  /** What was accepted and not asked for yet; the socket sides bound it. */
  readonly #links: [link: StreamLink, side: MachineSide][] = [];
  readonly #failures: Error[] = [];
  #address: Address | undefined = undefined;
  #accepting: PromiseWithResolvers<StreamLink> | undefined = undefined;
  /** Those that were asked to listen, or not to listen any more, and have not answered. */
  readonly #asked = new Set<MachineSide>();
  #closed = false;

  constructor(target: Address, unlisten: () => readonly MachineSide[]) {
    this.#target = target;
    this.#unlisten = unlisten;
    this.#listening.promise.catch(() => {});
  }

  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  get whenClosed(): Promise<void> {
    return this.#whenClosed.promise;
  }

  get address(): Address {
    return this.#address ?? this.#target;
  }

  get closed(): boolean {
    return this.#closed;
  }

  accept(): Promise<StreamLink> {
    if (this.#closed) return Promise.reject(new ClosedError(CloseCode.GoingAway, "local"));
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const waiting = this.#links.shift();
    if (waiting !== undefined) {
      waiting[1].takeAccepted();
      return Promise.resolve(waiting[0]);
    }
    const failure = this.#failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    this.#accepting = Promise.withResolvers<StreamLink>();
    return this.#accepting.promise;
  }

  close(): void {
    this.fail(new ClosedError(CloseCode.GoingAway, "local"));
  }

  /** Closes, and tells whoever waits why. */
  fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#asked.clear();
    for (const side of this.#unlisten()) this.#asked.add(side);
    this.#settleClosing();
    this.#listening.reject(error);
    this.#accepting?.reject(error);
    for (const [link, side] of this.#links) {
      side.takeAccepted();
      link.close();
    }
    this.#links.length = 0;
  }

  /** A thread is there: it listens, unless another one is still finding the port. */
  handleAttached(side: MachineSide): void {
    if (this.#address === undefined && this.#asked.size > 0) return;
    this.#asked.add(side);
    side.listen(portOf(this.#address ?? this.#target));
  }

  /** A thread is gone; if it was to find the port, another one does. */
  handleDetached(error: Error, side: MachineSide, sides: readonly (MachineSide | undefined)[]): void {
    if (!this.#asked.delete(side)) return;
    if (this.#address !== undefined) return this.#settle();
    const next = sides.find((other) => other !== undefined);
    if (next === undefined) this.#listening.reject(error);
    else this.handleAttached(next);
  }

  handleListening(address: Address, side: MachineSide | undefined, sides: readonly (MachineSide | undefined)[]): void {
    const isFirst = this.#address === undefined;
    this.#address ??= address;
    if (side !== undefined) this.#asked.delete(side);
    if (isFirst) {
      for (const other of sides) {
        if (other !== undefined && other !== side) this.handleAttached(other);
      }
    }
    this.#settle();
  }

  handleListenFailed(index: number, side: MachineSide | undefined, error: Error): void {
    if (this.#address === undefined) return this.fail(new ResourceError(error.message, { cause: error.cause }));
    if (side !== undefined) this.#asked.delete(side);
    this.handleFailure(new ResourceError(`Worker ${index} does not listen: ${error.message}`, { cause: error.cause }));
    this.#settle();
  }

  handleUnlistened(side: MachineSide | undefined): void {
    if (side !== undefined) this.#asked.delete(side);
    this.#settleClosing();
  }

  #settleClosing(): void {
    if (this.#asked.size === 0) this.#whenClosed.resolve();
  }

  #settle(): void {
    if (this.#asked.size === 0) this.#listening.resolve();
  }

  handleLink(link: StreamLink, side: MachineSide): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) return void this.#links.push([link, side]);
    side.takeAccepted();
    accepting.resolve(link);
  }

  handleFailure(error: Error): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting !== undefined) accepting.reject(error);
    else if (this.#failures.length < 16) this.#failures.push(error);
  }
}

function portOf(address: Address): number {
  return address.transport === "tcp" ? address.port : 0;
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
