/**
 * Links and a listener whose calls settle when the test says so, and not before: what a system call in flight looks like
 * to a runtime. Closing a link leaves its pending calls pending.
 *
 * @module
 */
import { CloseCode } from "../../../src/error/close_code.ts";
import { ClosedError } from "../../../src/error/transport_error.ts";
import type { Clock } from "../../../src/time/clock.ts";
import type { MemoryAddress } from "../../../src/transport/address.ts";
import type { StreamLink, StreamListener } from "../../../src/transport/stream_link.ts";

interface Pending<T> {
  readonly bytes: Uint8Array;
  readonly settled: PromiseWithResolvers<T>;
}

/** One end of a link; there is no other. */
export class HeldLink implements StreamLink {
  readonly local: MemoryAddress = { transport: "memory", name: "here" };
  readonly remote: MemoryAddress;
  /** Whether `close` was called. */
  closed = false;
  #read: Pending<number | null> | undefined = undefined;
  #write: Pending<number> | undefined = undefined;

  /** @param name The other end's name. */
  constructor(name = "there") {
    this.remote = { transport: "memory", name };
  }

  /** What the pending read writes to. */
  get readingInto(): Uint8Array | undefined {
    return this.#read?.bytes;
  }

  /** What the pending write takes from. */
  get writingFrom(): Uint8Array | undefined {
    return this.#write?.bytes;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#read !== undefined) throw new Error("A read is pending already");
    this.#read = { bytes: into, settled: Promise.withResolvers() };
    return this.#read.settled.promise;
  }

  write(from: Uint8Array): Promise<number> {
    if (this.#write !== undefined) throw new Error("A write is pending already");
    this.#write = { bytes: from, settled: Promise.withResolvers() };
    return this.#write.settled.promise;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
  }

  /** Settles the pending read with bytes, with the end of the stream, or with an error. */
  endRead(outcome: Uint8Array | null | Error): void {
    const { bytes, settled } = this.#read!;
    this.#read = undefined;
    if (outcome instanceof Error) return settled.reject(outcome);
    if (outcome !== null) bytes.set(outcome);
    settled.resolve(outcome === null ? null : outcome.length);
  }

  /** Settles the pending write: all of it was taken, or it failed. Returns a copy of what it wrote. */
  endWrite(error?: Error): Uint8Array {
    const { bytes, settled } = this.#write!;
    this.#write = undefined;
    if (error === undefined) settled.resolve(bytes.length);
    else settled.reject(error);
    return bytes.slice();
  }
}

/** A listener that hands out what the test offers. */
export class HeldListener implements StreamListener {
  readonly address: MemoryAddress = { transport: "memory", name: "server" };
  /** When a link was asked for. */
  readonly attempts: number[] = [];
  /** Whether accepting fails while no link is there, in place of waiting for one. */
  failing = false;
  closed = false;
  readonly #links: StreamLink[] = [];
  readonly #clock: Clock;
  #waiting: PromiseWithResolvers<StreamLink> | undefined = undefined;

  /** @param clock Tells when. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has a link come in. */
  offer(link: StreamLink): void {
    if (this.#waiting === undefined) this.#links.push(link);
    else this.#waiting.resolve(link);
    this.#waiting = undefined;
  }

  accept(): Promise<StreamLink> {
    this.attempts.push(this.#clock.now);
    const link = this.#links.shift();
    if (link !== undefined) return Promise.resolve(link);
    if (this.failing) return Promise.reject(new Error("too many open files"));
    this.#waiting = Promise.withResolvers<StreamLink>();
    return this.#waiting.promise;
  }

  close(): void {
    this.closed = true;
    this.#waiting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
  }
}
