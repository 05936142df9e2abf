/**
 * A stream link over one long-lived bidirectional stream of a QUIC connection (RFC 9000).
 *
 * Why one stream and not one a message: messages of a session keep their order; who wants none between some of them
 * opens several connections. The stream of an accepted connection comes with the client's first bytes: until then reads
 * and writes wait. Invariant: a link that ended in order gives its last bytes time to arrive before the connection is
 * closed, because closing throws away what was not acknowledged.
 *
 * @module
 */
import type { UdpAddress } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";

/** How much is read at a time. */
const READ_BYTES = 16 << 10;

/** The halves of the stream. */
interface Halves {
  readonly reader: ReadableStreamBYOBReader;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
}

/** What a link is made of. */
export interface QuicLinkParts {
  /** The connection. */
  readonly connection: Deno.QuicConn;
  /** Its one stream, which may still be to come. */
  readonly stream: Promise<Deno.QuicBidirectionalStream>;
  /** The address of this end. */
  readonly local: UdpAddress;
  /** How long the last bytes may take. */
  readonly lingerMs: number;
  /** Called once when the connection is closed. */
  readonly onClosed: () => void;
}

/** A stream link over QUIC. */
export class QuicLink implements StreamLink {
  readonly local: UdpAddress;
  readonly remote: UdpAddress;
  /** What the handshake told. */
  readonly facts: { readonly alpnProtocol: string | undefined; readonly serverName: string | undefined };
  readonly #connection: Deno.QuicConn;
  readonly #halves: Promise<Halves>;
  readonly #lingerMs: number;
  /** The halves once the stream is there. */
  #open: Halves | undefined = undefined;
  /** What is read into; the reader takes it away and gives it back. Why not the caller's memory: that must stay. */
  #block: ArrayBuffer = new ArrayBuffer(READ_BYTES);
  #rest: Uint8Array | undefined = undefined;
  #hasEndedWrite = false;
  #isClosed = false;

  /** @param parts What it is made of. */
  constructor(parts: QuicLinkParts) {
    const { connection, stream, local, lingerMs, onClosed } = parts;
    const { hostname, port } = connection.remoteAddr;
    this.local = local;
    this.remote = Object.freeze({ transport: "udp", hostname, port });
    this.facts = Object.freeze({ alpnProtocol: connection.protocol, serverName: connection.serverName });
    this.#connection = connection;
    this.#lingerMs = lingerMs;
    this.#halves = stream.then(({ readable, writable }) =>
      this.#open = { reader: readable.getReader({ mode: "byob" }), writer: writable.getWriter() }
    );
    this.#halves.catch(() => {});
    connection.closed.then(onClosed, onClosed);
  }

  read(into: Uint8Array): Promise<number | null> {
    const rest = this.#rest;
    if (rest !== undefined) return Promise.resolve(this.#copy(rest, into));
    // Why no async function: once the stream is there, each await more is a round of promise jobs.
    const halves = this.#open;
    if (halves === undefined) return this.#halves.then(() => this.read(into));
    return halves.reader.read(new Uint8Array(this.#block)).then(({ done, value }) => {
      if (value === undefined) return null;
      this.#block = value.buffer;
      return done ? null : this.#copy(value, into);
    });
  }

  write(from: Uint8Array): Promise<number> {
    const halves = this.#open;
    if (halves === undefined) return this.#halves.then(() => this.write(from));
    return halves.writer.write(from).then(() => from.length);
  }

  async closeWrite(): Promise<void> {
    const { writer } = await this.#halves;
    await writer.close();
    this.#hasEndedWrite = true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const connection = this.#connection;
    const end = (): void => connection.close({ closeCode: 0, reason: "" });
    if (!this.#hasEndedWrite) return end();
    const timer = setTimeout(end, this.#lingerMs);
    const stop = (): void => clearTimeout(timer);
    connection.closed.then(stop, stop);
    this.#halves.then(({ reader }) => reader.cancel()).catch(() => {});
  }

  /** Copies what fits, and keeps the rest for the next read. */
  #copy(chunk: Uint8Array, into: Uint8Array): number {
    const count = Math.min(chunk.length, into.length);
    into.set(count === chunk.length ? chunk : chunk.subarray(0, count));
    // The block is read into again only when nothing of it is left.
    this.#rest = count === chunk.length ? undefined : chunk.subarray(count);
    return count;
  }
}
