/**
 * One TCP connection of `node:net` as a stream link.
 *
 * The socket stays paused: the runtime reads ahead until its buffer has reached `readableHighWaterMark`, and goes on
 * when a read has made room, so that a link holds at most that and one chunk of the system, and nothing before the
 * first read. Writes go out one after the other, straight from the caller's memory.
 * Invariants: every byte of the peer is delivered before its end or the link's failure is; whatever the order of
 * close, reset and failure, a pending call settles once and no error of the socket is left without a listener.
 *
 * @module
 */
import type { Socket } from "node:net";
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError } from "../../error/transport_error.ts";
import type { TcpAddress } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";
import { tcpAddress } from "./tcp_address.ts";
import type { TcpLinkOptions } from "./tcp_link.ts";

/**
 * The least and the most that one write takes. Why so little after a write that had to wait: the socket settles a write
 * when the kernel has all of it, and progress at a slow peer shall show; the share doubles while nothing waits.
 */
const MIN_WRITE_BYTES = 16 << 10;
const MAX_WRITE_BYTES = 256 << 10;

interface PendingRead {
  readonly into: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: Error) => void;
}

interface PendingWrite {
  readonly count: number;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A stream link over a socket of `node:net`.
 *
 * A limit of the runtime: a write that has to wait fails with `EPIPE` when the peer has ended its stream without having
 * sent a single byte before.
 *
 * @example
 * ```ts ignore
 * const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (socket) => {
 *   const link = new NodeTcpLink(socket, { noDelay: true, keepAlive: true });
 *   await link.write(new TextEncoder().encode("hello"));
 *   link.close();
 * });
 * ```
 */
export class NodeTcpLink implements StreamLink {
  /** The address of this end. */
  readonly local: TcpAddress;
  /** The address of the other end; a peer that came by IPv4 has an IPv4 address here. */
  readonly remote: TcpAddress;
  readonly #socket: Socket;
  readonly #written = (error?: Error | null): void => this.#handleWritten(error);
  #pendingRead: PendingRead | undefined;
  #pendingWrite: PendingWrite | undefined;
  #ending: PromiseWithResolvers<void> | undefined;
  /** Why the connection broke. */
  #failure: Error | undefined;
  #closed = false;
  #reading = false;
  #writeBytes = MAX_WRITE_BYTES;
  #ended = false;

  /**
   * Takes a connection over and sets its options.
   *
   * @param socket The connected socket, paused, with `allowHalfOpen`; it belongs to the link from here on.
   * @param options How the kernel treats it.
   */
  constructor(socket: Socket, options: TcpLinkOptions) {
    this.#socket = socket;
    this.local = tcpAddress({ hostname: socket.localAddress!, port: socket.localPort! });
    this.remote = tcpAddress({ hostname: socket.remoteAddress!, port: socket.remotePort! });
    socket.setNoDelay(options.noDelay);
    if (options.keepAlive) socket.setKeepAlive(true);
    socket.on("error", (error) => this.#break(error));
    socket.on("close", () => this.#handleGone());
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start before the promise settles.
   * @returns How many bytes were read, or `null` at the end of the peer's stream. Rejects with the runtime's error when
   * the connection broke, with `ClosedError` when it was closed here, and with `MisuseError` while another read is
   * pending.
   */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(this.#refusal);
    if (this.#pendingRead !== undefined) return Promise.reject(new MisuseError("Cannot read: a read is pending"));
    if (into.length === 0) return Promise.resolve(0);
    const count = this.#take(into);
    if (count > 0) return Promise.resolve(count);
    if (this.#ended) return Promise.resolve(null);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pendingRead = { into, resolve, reject };
      if (!this.#reading) this.#startReading();
      // Has the socket look for bytes, or for the end behind the last of them.
      this.#socket.read(0);
    });
  }

  /**
   * Hands bytes to the kernel, waiting for room for as many as it takes.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start. Rejects with the runtime's error when the connection broke,
   * with `ClosedError` when it was closed here, and with `MisuseError` after `closeWrite` or while another write is
   * pending.
   */
  write(from: Uint8Array): Promise<number> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#pendingWrite !== undefined) return Promise.reject(new MisuseError("Cannot write: a write is pending"));
    if (this.#ending !== undefined) {
      return Promise.reject(new MisuseError("Cannot write: this side's stream was ended"));
    }
    if (from.length === 0) return Promise.resolve(0);
    const piece = from.length <= this.#writeBytes ? from : from.subarray(0, this.#writeBytes);
    return new Promise((resolve, reject) => {
      this.#socket.write(piece, this.#written);
      this.#pendingWrite = { count: piece.length, resolve, reject };
      const waits = this.#socket.writableLength > 0;
      this.#writeBytes = waits ? MIN_WRITE_BYTES : Math.min(2 * this.#writeBytes, MAX_WRITE_BYTES);
    });
  }

  /**
   * Ends this side's stream after what was written; the peer's stream stays open. A second call waits for the same.
   *
   * @returns When the kernel has been told. Rejects when the connection broke or is closed.
   */
  closeWrite(): Promise<void> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#ending === undefined) {
      const ending = this.#ending = Promise.withResolvers<void>();
      this.#socket.end((error?: Error | null) => error ? ending.reject(error) : ending.resolve());
    }
    return this.#ending.promise;
  }

  /** Closes both directions now; pending calls reject. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle();
    this.#socket.destroy();
  }

  /** Begins to read ahead. */
  #startReading(): void {
    this.#reading = true;
    this.#socket.on("readable", () => this.#serveRead());
    this.#socket.on("end", () => {
      this.#ended = true;
      this.#serveRead();
    });
  }

  #serveRead(): void {
    const read = this.#pendingRead;
    if (read === undefined) return;
    const count = this.#take(read.into);
    const refusal = this.#refusal;
    if (count === 0 && !this.#ended && refusal === undefined) return;
    this.#pendingRead = undefined;
    if (count > 0) read.resolve(count);
    else if (refusal === undefined) read.resolve(null);
    else read.reject(refusal);
  }

  /** Copies what was read ahead, before a failure too. */
  #take(into: Uint8Array): number {
    const socket = this.#socket;
    // Why no more than the mark at a time: a larger request would raise it, and with it what the next one may ask for.
    const count = Math.min(socket.readableLength, socket.readableHighWaterMark, into.length);
    if (count === 0) return 0;
    into.set(socket.read(count));
    return count;
  }

  #handleWritten(error?: Error | null): void {
    const write = this.#pendingWrite;
    if (write === undefined) return;
    this.#pendingWrite = undefined;
    if (error) write.reject(error);
    else write.resolve(write.count);
  }

  /** The socket is gone: closed here, after both streams have ended, after an error, or for no reason that it gave. */
  #handleGone(): void {
    const isOver = this.#closed || this.#ended && this.#ending !== undefined;
    if (!isOver) this.#break(new ClosedError(CloseCode.LinkLost, "link"));
  }

  #break(error: Error): void {
    this.#failure ??= error;
    this.#settle();
  }

  /** Settles whatever is pending on a link that is closed or broken. */
  #settle(): void {
    this.#serveRead();
    if (this.#pendingWrite !== undefined) this.#handleWritten(this.#refusal);
    this.#ending?.reject(this.#refusal);
  }

  /** Why nothing more can be done; `undefined` while the link is open. */
  get #refusal(): Error | undefined {
    return this.#closed ? new ClosedError(CloseCode.Normal, "local") : this.#failure;
  }
}
