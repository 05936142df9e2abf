/**
 * Foreign ends of a framed stream: plain sockets of `node:net` and the frame format written out by hand.
 *
 * Nothing of this project is imported here, so that a mistake of ours cannot cancel itself out.
 *
 * @module
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** How long anything here waits for the other end, in ms; a test that waits longer hangs. */
const PATIENCE_MS = 10_000;

/**
 * Writes one frame by hand.
 *
 * @param payload Its payload.
 * @returns Four bytes of length, least significant first, and the payload.
 */
export function frame(payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return joined([header(body.length), body]);
}

/**
 * Writes frames one behind another.
 *
 * @param payloads Their payloads.
 * @returns All bytes.
 */
export function frames(payloads: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return joined(payloads.map(frame));
}

/**
 * The header of a frame that need not be legal.
 *
 * @param length What it says.
 * @returns Four bytes, least significant first.
 */
export function header(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(length & 255, (length >> 8) & 255, (length >> 16) & 255, (length >> 24) & 255);
}

/**
 * Puts pieces together.
 *
 * @param pieces Any number of them.
 * @returns A copy of all bytes.
 */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** One plain connection; it reads all the time and keeps what came until it is asked for. */
export class PlainSocket implements AsyncDisposable {
  /** Settles when the other end has ended its stream or the connection is gone. */
  readonly ended: Promise<void>;
  /** Settles when the connection is gone, with the error that ended it or `undefined`. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Socket;
  readonly #pieces: Uint8Array[] = [];
  #count = 0;
  #over = false;
  #wake: () => void = () => {};

  /** @param socket A connected socket with `allowHalfOpen`; it belongs to this object from here on. */
  constructor(socket: Socket) {
    this.#socket = socket;
    let failure: Error | undefined;
    const ended = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Error | undefined>();
    const end = (): void => {
      this.#over = true;
      this.#wake();
      ended.resolve();
    };
    socket.on("data", (piece: Uint8Array) => {
      this.#pieces.push(new Uint8Array(piece));
      this.#count += piece.length;
      this.#wake();
    });
    socket.on("error", (error) => failure = error);
    socket.on("end", end);
    socket.on("close", () => {
      end();
      closed.resolve(failure);
    });
    this.ended = ended.promise;
    this.closed = closed.promise;
  }

  /**
   * Connects to a local port.
   *
   * @param port The port.
   * @param how The address to come from; whether nothing is read before `listen` is called.
   * @returns The connection.
   */
  static async connect(port: number, how: { localAddress?: string; isDeaf?: boolean } = {}): Promise<PlainSocket> {
    const { isDeaf = false, ...from } = how;
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true, ...from });
    if (isDeaf) socket.pause();
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new PlainSocket(socket);
  }

  /** How many bytes have arrived and were not taken. */
  get count(): number {
    return this.#count;
  }

  /**
   * Writes bytes as they are.
   *
   * @param bytes Copied.
   * @returns When the kernel has them.
   */
  write(bytes: Uint8Array): Promise<void> {
    return patient(
      "the other end to read",
      new Promise((resolve, reject) => {
        this.#socket.write(bytes.slice(), (error) => error ? reject(error) : resolve());
      }),
    );
  }

  /**
   * Takes a number of bytes.
   *
   * @param count How many.
   * @returns Exactly these. Rejects when the stream ends before.
   */
  async read(count: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#count < count) {
      if (this.#over) throw new Error(`The stream ended after ${this.#count} of ${count} bytes`);
      await this.#more();
    }
    const taken: Uint8Array[] = [];
    for (let missing = count; missing > 0;) {
      const piece = this.#pieces[0]!;
      taken.push(piece.subarray(0, missing));
      if (piece.length > missing) this.#pieces[0] = piece.subarray(missing);
      else this.#pieces.shift();
      missing -= Math.min(missing, piece.length);
    }
    this.#count -= count;
    return joined(taken);
  }

  /**
   * Takes one frame.
   *
   * @returns Its payload. Rejects when the stream ends before.
   */
  async readFrame(): Promise<Uint8Array<ArrayBuffer>> {
    const head = await this.read(4);
    return await this.read(head[0]! | (head[1]! << 8) | (head[2]! << 16) | (head[3]! << 24));
  }

  /**
   * Takes everything up to the end of the stream.
   *
   * @returns All bytes that were not taken yet.
   */
  async readToEnd(): Promise<Uint8Array<ArrayBuffer>> {
    await patient("the end of the stream", this.ended);
    return await this.read(this.#count);
  }

  /** Starts to read, or goes on after `ignore`. */
  listen(): void {
    this.#socket.resume();
  }

  /** Reads nothing more for now. */
  ignore(): void {
    this.#socket.pause();
  }

  /** Ends this side's stream; the other one stays open. */
  end(): void {
    this.#socket.end();
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes both sides. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #more(): Promise<void> {
    return patient("bytes", new Promise((resolve) => this.#wake = resolve));
  }
}

/** A plain server. */
export class PlainServer implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: PlainSocket[] = [];
  readonly #waiting: PlainSocket[] = [];
  #wake: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      const plain = new PlainSocket(socket);
      this.#sockets.push(plain);
      this.#waiting.push(plain);
      this.#wake();
    });
  }

  /**
   * Listens on a local port.
   *
   * @param port The port; 0 takes a free one.
   * @returns The server.
   */
  static async listen(port = 0): Promise<PlainServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return new PlainServer(server);
  }

  /** How many connections came so far. */
  get accepted(): number {
    return this.#sockets.length;
  }

  /**
   * Waits for the next connection.
   *
   * @returns The connection.
   */
  async accept(): Promise<PlainSocket> {
    for (;;) {
      const socket = this.#waiting.shift();
      if (socket !== undefined) return socket;
      await patient("a connection", new Promise<void>((resolve) => this.#wake = resolve));
    }
  }

  /** Breaks every connection with a reset and stops listening. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.reset();
    await this[Symbol.asyncDispose]();
  }

  /** Closes every connection and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) await socket[Symbol.asyncDispose]();
    await closed;
  }
}

async function patient<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
