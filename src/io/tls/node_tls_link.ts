/**
 * One TLS connection of `node:tls` as a stream link.
 *
 * The socket stays paused: the runtime decrypts ahead until its buffer is full and goes on when a read has made room.
 * Writes go out one after the other, straight from the caller's memory. Invariants: every byte of the peer is delivered
 * before its end or the link's failure is; whatever the order of close, reset and failure, a pending call settles once
 * and no error of the socket is left without a listener.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError } from "../../error/transport_error.ts";
import type { Address } from "../../transport/address.ts";
import type { RawStream } from "./raw_stream.ts";
import { linkFailure } from "./tls_failure.ts";
import type { TlsFacts, TlsLink } from "./tls_link.ts";

/** The most that one write takes. */
const MAX_WRITE_BYTES = 64 << 10;

/** For how long a link that is closed tries to send its farewell. */
const FAREWELL_MS = 500;

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

/** What a link is made of, besides the socket. */
export interface NodeTlsParts {
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end. */
  readonly remote: Address;
  /** What TLS runs over. */
  readonly raw: RawStream;
  /** What the handshake told. */
  readonly facts: TlsFacts;
}

/** A stream link over a socket of `node:tls`. */
export class NodeTlsLink implements TlsLink {
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end; a peer that came by IPv4 has an IPv4 address here. */
  readonly remote: Address;
  /** What the handshake told. */
  readonly facts: TlsFacts;
  /** Settles once the link is closed and what TLS runs over, too. */
  readonly whenClosed: Promise<void>;
  readonly #socket: TLSSocket;
  readonly #raw: RawStream;
  readonly #written = (error?: Error | null): void => this.#handleWritten(error);
  #pendingRead: PendingRead | undefined;
  #pendingWrite: PendingWrite | undefined;
  #ending: PromiseWithResolvers<void> | undefined;
  /** Why the connection broke. */
  #failure: Error | undefined;
  #closed = false;
  #reading = false;
  #ended = false;

  /**
   * Takes a connection over.
   *
   * @param socket The socket after its handshake; it belongs to the link from here on, as do the parts.
   * @param parts The raw link, what lets ciphertext in, what the handshake told.
   */
  constructor(socket: TLSSocket, parts: NodeTlsParts) {
    const { local, remote, raw, facts } = parts;
    this.#socket = socket;
    this.#raw = raw;
    this.facts = facts;
    this.local = local;
    this.remote = remote;
    socket.on("error", (error) => this.#break(linkFailure(this.remote, error)));
    socket.on("close", () => this.#handleGone());
    this.whenClosed = new Promise((resolve) => raw.stream.once("close", resolve));
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
   * Encrypts bytes and hands them to the kernel, waiting for room.
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
    const piece = from.length <= MAX_WRITE_BYTES ? from : from.subarray(0, MAX_WRITE_BYTES);
    return new Promise((resolve, reject) => {
      this.#socket.write(piece, this.#written);
      this.#pendingWrite = { count: piece.length, resolve, reject };
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
    const isStuck = this.#pendingWrite !== undefined || this.#failure !== undefined;
    this.#settle();
    if (isStuck) this.#cut();
    else this.#sayFarewell();
  }

  /** Ends the stream as TLS wants it before the socket goes: a peer must be able to tell an end from a cut. */
  #sayFarewell(): void {
    const socket = this.#socket;
    const deadline = setTimeout(() => this.#cut(), FAREWELL_MS);
    this.whenClosed.then(() => clearTimeout(deadline));
    if (socket.writableFinished) socket.destroy();
    else socket.once("finish", () => socket.destroy());
    if (this.#ending === undefined) socket.end();
  }

  #cut(): void {
    this.#socket.destroy();
    this.#raw.cut();
  }

  /** Begins to read ahead. */
  #startReading(): void {
    const socket = this.#socket;
    this.#reading = true;
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => this.#pass(chunk) || push(chunk, encoding);
    socket.on("readable", () => this.#serveRead());
    socket.on("end", () => {
      this.#ended = true;
      this.#serveRead();
    });
    this.#raw.open(() => socket.readableLength);
  }

  /**
   * Hands what was decrypted to the read that waits for it; what is more than that, or has others before it, waits.
   * Why past the socket's buffer: its event comes turns of the machinery later, and costs more than the decryption.
   *
   * @returns Whether all of it was taken.
   */
  #pass(chunk: unknown): boolean {
    const read = this.#pendingRead;
    if (read === undefined || !(chunk instanceof Uint8Array) || this.#socket.readableLength > 0) return false;
    if (chunk.length === 0 || chunk.length > read.into.length) return false;
    read.into.set(chunk);
    this.#pendingRead = undefined;
    read.resolve(chunk.length);
    this.#raw.turn();
    return true;
  }

  #serveRead(): void {
    const read = this.#pendingRead;
    if (read === undefined) return;
    const count = this.#take(read.into);
    const refusal = this.#refusal;
    if (count === 0 && !this.#ended && refusal === undefined) {
      // The end behind the last byte only shows to who asks for more.
      this.#socket.read(0);
      return;
    }
    this.#pendingRead = undefined;
    if (count > 0) read.resolve(count);
    else if (refusal === undefined) read.resolve(null);
    else read.reject(refusal);
  }

  /** Copies what was decrypted ahead, before a failure too. */
  #take(into: Uint8Array): number {
    const socket = this.#socket;
    // Why no more than the mark at a time: a larger request would raise it, and with it what the next one may ask for.
    const count = Math.min(socket.readableLength, socket.readableHighWaterMark, into.length);
    if (count === 0) return 0;
    into.set(socket.read(count));
    this.#raw.turn();
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
    this.#ending?.promise.catch(() => {});
  }

  get #refusal(): Error | undefined {
    return this.#closed ? new ClosedError(CloseCode.Normal, "local") : this.#failure;
  }
}
