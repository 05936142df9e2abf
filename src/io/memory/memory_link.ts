/**
 * A stream link between two places of one thread, with the manners of a TCP connection: bounded buffers, partial
 * writes, half-close, and a peer that learns of a close by the end of the stream or by a failing write.
 *
 * Invariant: what was written before `close`, `closeWrite` or `reset` reaches the peer before it learns of the end.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError } from "../../error/transport_error.ts";
import type { Scheduler } from "../../time/scheduler.ts";
import type { MemoryAddress } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";
import { BytePipe } from "./byte_pipe.ts";

/** How many bytes each direction holds when nothing else is chosen. */
export const DEFAULT_BUFFER_BYTES = 65_536;

/** What one pair of links is made of. */
export interface MemoryPairOptions {
  /**
   * How many bytes each direction holds before a write waits, 1 to 2^30.
   *
   * @default {65536}
   */
  readonly bufferBytes?: number;
  /**
   * The name of the first end's address.
   *
   * @default {"a"}
   */
  readonly firstName?: string;
  /**
   * The name of the second end's address.
   *
   * @default {"b"}
   */
  readonly secondName?: string;
  /**
   * Every 256th write settles in this scheduler's next turn, so that two ends that never pause leave room for timers
   * and sockets. Without one, calls settle in promise jobs alone.
   */
  readonly scheduler?: Scheduler;
}

/** One end of an in-memory link; {@linkcode memoryPair} and `MemoryNetwork` make them. */
export class MemoryLink implements StreamLink {
  /** The address of this end. */
  readonly local: MemoryAddress;
  /** The address of the other end. */
  readonly remote: MemoryAddress;
  readonly #incoming: BytePipe;
  readonly #outgoing: BytePipe;
  #closed = false;

  /**
   * Makes one end of two pipes.
   *
   * @param ends The addresses of this end and of the other one.
   * @param pipes What this end reads from and what it writes to; the other end has the same two the other way round.
   */
  constructor(
    ends: { readonly local: MemoryAddress; readonly remote: MemoryAddress },
    pipes: { readonly incoming: BytePipe; readonly outgoing: BytePipe },
  ) {
    this.local = ends.local;
    this.remote = ends.remote;
    this.#incoming = pipes.incoming;
    this.#outgoing = pipes.outgoing;
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start before the promise settles.
   * @returns How many bytes were read, or `null` at the end of the peer's stream. Rejects with `ClosedError` when the
   * link was reset or closed here, and with `MisuseError` while another read is pending.
   */
  read(into: Uint8Array): Promise<number | null> {
    return this.#incoming.read(into);
  }

  /**
   * Copies bytes to the peer's buffer, waiting for room for at least one.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start. Rejects with `ClosedError` when the link is closed on either
   * side, and with `MisuseError` after `closeWrite` or while another write is pending.
   */
  write(from: Uint8Array): Promise<number> {
    return this.#outgoing.write(from);
  }

  /**
   * Ends this side's stream after what was written; the peer's stream stays open.
   *
   * @returns At once. Rejects with `ClosedError` when this end is closed.
   */
  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(new ClosedError(CloseCode.Normal, "local"));
    this.#outgoing.end(null);
    return Promise.resolve();
  }

  /**
   * Closes both directions now: pending calls of this end reject, the peer reads what was written and then the end of
   * the stream, and its writes fail. A second call does nothing.
   */
  close(): void {
    this.#finish(null);
  }

  /**
   * Breaks the link as a lost connection does: like {@linkcode MemoryLink.close}, but the peer's reads end with an
   * error. A second call does nothing.
   */
  reset(): void {
    this.#finish(new ClosedError(CloseCode.LinkLost, "link"));
  }

  #finish(peerReadError: ClosedError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    const here = new ClosedError(CloseCode.Normal, "local");
    this.#outgoing.failWrites(here);
    this.#outgoing.end(peerReadError);
    this.#incoming.failReads(here);
    this.#incoming.failWrites(peerReadError ?? new ClosedError(CloseCode.LinkLost, "remote"));
  }
}

/**
 * Makes two links that lead to each other.
 *
 * @param options The size of the buffers, the names, the scheduler.
 * @returns The two ends.
 * @throws {RangeError} When `bufferBytes` is out of range.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryPair } from "./memory_link.ts";
 *
 * const [here, there] = memoryPair();
 * await here.write(Uint8Array.of(1, 2, 3));
 * assertEquals(await there.read(new Uint8Array(8)), 3);
 * ```
 */
export function memoryPair(options: MemoryPairOptions = {}): [MemoryLink, MemoryLink] {
  const { bufferBytes = DEFAULT_BUFFER_BYTES, firstName = "a", secondName = "b", scheduler } = options;
  checkBufferBytes(bufferBytes);
  const first: MemoryAddress = { transport: "memory", name: firstName };
  const second: MemoryAddress = { transport: "memory", name: secondName };
  const there = new BytePipe(bufferBytes, scheduler);
  const back = new BytePipe(bufferBytes, scheduler);
  return [
    new MemoryLink({ local: first, remote: second }, { incoming: back, outgoing: there }),
    new MemoryLink({ local: second, remote: first }, { incoming: there, outgoing: back }),
  ];
}

/**
 * Checks the size of a direction's buffer.
 *
 * @param bufferBytes The size.
 * @throws {RangeError} When it is no whole number from 1 to 2^30.
 */
export function checkBufferBytes(bufferBytes: number): void {
  if (Number.isInteger(bufferBytes) && bufferBytes >= 1 && bufferBytes <= 2 ** 30) return;
  throw new RangeError(`Cannot use bufferBytes ${bufferBytes}: it must be a whole number from 1 to 2^30`);
}
