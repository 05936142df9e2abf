/**
 * A raw stream link as the duplex stream that `node:tls` encrypts over, with a hand on both taps.
 *
 * Inwards: `node:tls` of this runtime goes on reading from a socket that it was given, however much waits, so that a
 * peer could fill the memory; and when its own mark is reached just before the end of the stream, the end is lost. Here
 * ciphertext is let in by how much cleartext nobody has read yet. Invariant: cleartext that waits, with all that the
 * ciphertext inside of TLS can become, stays below that mark. Outwards: the module destroys the stream when both sides
 * have ended, and may do so before it has written the farewell that tells an end from a cut (RFC 8446 section 6.1); so
 * a stream that is destroyed without an error lingers until what was handed over is gone, or its time is up.
 *
 * @module
 */
import type { Duplex } from "node:stream";

/** The part of a stream link that is used; the runtime's own connections have it, too. */
export interface RawLink {
  /** Reads what is there, waiting for at least one byte; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Hands bytes to the link and tells how many were taken. */
  write(from: Uint8Array): Promise<number>;
  /** Ends this side's stream. */
  closeWrite(): Promise<void>;
  /** Closes both directions now. */
  close(): void;
}

/** The longest record with its header (RFC 8446 section 5.2), of which all but the last byte may wait inside of TLS. */
const MAX_RECORD_BYTES = 5 + 16_384 + 256;

/** The most ciphertext that is let in at a time. */
const MAX_CHUNK_BYTES = 16_384;

/** The most that is let in at a time during the handshake, and so, what may wait before the first read. */
const HANDSHAKE_CHUNK_BYTES = 4_096;

/** The mark of the sockets of `node:tls`. */
const TLS_MARK_BYTES = 65_536;

/** Up to how much cleartext may wait for more ciphertext to be let in. */
const MAX_WAITING_BYTES = TLS_MARK_BYTES - 1 - MAX_RECORD_BYTES - MAX_CHUNK_BYTES;

/** For how long a stream lingers. */
const LINGER_MS = 500;

/** A raw link and the stream over it. */
export class RawStream {
  /** What `node:tls` is given. */
  readonly stream: Duplex;
  readonly #raw: RawLink;
  #waitingBytes: () => number = () => 0;
  #chunkBytes = HANDSHAKE_CHUNK_BYTES;
  #isShakingHands = true;
  /** What the next read is given. */
  #memory = new Uint8Array(0);
  #isHeld = false;
  #isWanted = false;
  #isReading = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #turn: ReturnType<typeof setTimeout> | undefined;

  /**
   * Takes a raw link over.
   *
   * @param DuplexStream The class of `node:stream`, which is only loaded where TLS is used.
   * @param raw The raw link; it is closed when the stream is.
   */
  constructor(DuplexStream: typeof Duplex, raw: RawLink) {
    this.#raw = raw;
    const stream = this.stream = new DuplexStream({
      allowHalfOpen: true,
      read: () => {
        this.#isWanted = true;
        this.turn();
      },
      write: (chunk: Uint8Array, _, done) => void writeAll(raw, chunk).then(() => done(), done),
      final: (done) => void raw.closeWrite().then(() => done(), done),
      destroy: (error, done) => {
        this.#stopLingering();
        raw.close();
        done(error);
      },
    });
    const destroyNow = stream.destroy.bind(stream);
    this.cut = (error?: Error): void => void destroyNow(error);
    stream.destroy = (error?: Error): Duplex => error === undefined ? this.#linger() : destroyNow(error);
    stream.on("error", () => {});
  }

  /**
   * Closes the raw link now, whatever was to be written. A second call does nothing.
   *
   * @param error Why, for those who still wait for something.
   */
  readonly cut: (error?: Error) => void;

  /** The handshake is done: nothing is let in until {@linkcode RawStream.open} is called. */
  hold(): void {
    this.#isShakingHands = false;
    this.#isHeld = true;
  }

  /**
   * Lets in as much as is read from now on.
   *
   * @param waitingBytes Says how much cleartext waits.
   */
  open(waitingBytes: () => number): void {
    this.#waitingBytes = waitingBytes;
    this.#chunkBytes = MAX_CHUNK_BYTES;
    this.#isHeld = false;
    this.turn();
  }

  /** Lets ciphertext in if it is wanted and there is room. */
  turn(): void {
    const hasRoom = !this.#isHeld && this.#waitingBytes() <= MAX_WAITING_BYTES;
    if (hasRoom && this.#isWanted && !this.#isReading) this.#read();
  }

  async #read(): Promise<void> {
    const { stream } = this;
    this.#isReading = true;
    try {
      // What a short read left of its memory serves the next one: new memory each time costs more than the read.
      if (this.#memory.length * 2 < this.#chunkBytes) this.#memory = new Uint8Array(this.#chunkBytes);
      const chunk = this.#memory.subarray(0, this.#chunkBytes);
      const count = await this.#raw.read(chunk);
      if (stream.destroyed) return;
      // Who ends his stream in the middle of the handshake is gone; TLS would wait for the rest.
      if (count === null && this.#isShakingHands) return this.cut();
      // After the end, nothing is read any more.
      this.#isReading = count === null;
      this.#isWanted = false;
      if (count !== null) this.#memory = chunk.subarray(count);
      stream.push(count === null ? null : chunk.subarray(0, count));
    } catch (error) {
      this.cut(error as Error);
    }
  }

  /** Ends the stream a little later: TLS hands over the last of what it has to say one write after the other. */
  #linger(): Duplex {
    const { stream } = this;
    if (this.#deadline !== undefined || stream.destroyed) return stream;
    this.#deadline = setTimeout(() => this.cut(), LINGER_MS);
    this.#endWhenIdle();
    return stream;
  }

  #endWhenIdle(): void {
    const { stream } = this;
    this.#turn = setTimeout(() => {
      if (stream.writableLength > 0) this.#endWhenIdle();
      else stream.end(() => this.cut());
    }, 0);
  }

  #stopLingering(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#turn);
  }
}

async function writeAll(raw: RawLink, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await raw.write(at === 0 ? bytes : bytes.subarray(at));
}
