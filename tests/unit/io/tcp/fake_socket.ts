/**
 * A socket of `node:net` without a network: the test hands in what is received and says when a write has gone out.
 *
 * @module
 */
import { Duplex } from "node:stream";

/** How many received bytes the socket wants to hold. */
export const MARK_BYTES = 65_536;

/** A socket whose other end is the test. */
export class FakeSocket extends Duplex {
  readonly localAddress = "::ffff:127.0.0.1";
  readonly localPort = 1;
  readonly remoteAddress = "::ffff:192.0.2.7";
  readonly remotePort = 2;
  /** What was asked of the system. */
  readonly calls: string[] = [];
  /** What was written, as it was handed in. */
  readonly written: Uint8Array[] = [];
  /** Whether more is wanted: not before the first read, and not while as much as the mark waits. */
  wantsMore = false;
  /** Whether a write waits for `release`. */
  holdsWrites = false;
  /** Whether the end waits for `release`. */
  holdsEnd = false;
  #release: (() => void) | undefined;

  /** Makes a paused one, as an accepted socket is. */
  constructor() {
    super({ allowHalfOpen: true, highWaterMark: MARK_BYTES, decodeStrings: false });
    this.pause();
  }

  override _read(): void {
    this.wantsMore = true;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.written.push(chunk);
    if (this.holdsWrites) this.#release = done;
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.calls.push("final");
    if (this.holdsEnd) this.#release = done;
    else done();
  }

  setNoDelay(noDelay: boolean): void {
    this.calls.push(`noDelay ${noDelay}`);
  }

  setKeepAlive(keepAlive: boolean): void {
    this.calls.push(`keepAlive ${keepAlive}`);
  }

  /** Hands in received bytes as the system does: only while it is asked to. */
  receive(bytes: Uint8Array): void {
    this.wantsMore = this.push(bytes);
  }

  /** Lets the write or the end that is held go. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}
