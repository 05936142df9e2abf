/**
 * A relay between a client and a server that drops datagrams while it is told to, as a firewall does.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";

const HOSTNAME = "127.0.0.1";

/** A relay for one client. */
export class BlockingRelay implements AsyncDisposable {
  /** Whether datagrams are dropped, both ways. */
  blocked = false;
  /** How many went on. */
  passed = 0;
  /** The port of the server. */
  serverPort = 0;
  readonly #front: Socket;
  readonly #back: Socket;
  #client = 0;

  private constructor(front: Socket, back: Socket) {
    this.#front = front;
    this.#back = back;
    front.on("message", (bytes, { port }) => {
      this.#client = port;
      this.#pass(back, bytes, this.serverPort);
    });
    back.on("message", (bytes) => this.#pass(front, bytes, this.#client));
  }

  /** Opens a relay; say which port the server has before a client sends. */
  static async open(): Promise<BlockingRelay> {
    return new BlockingRelay(await bound(), await bound());
  }

  /** The port that clients are to send to. */
  get port(): number {
    return this.#front.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#front, this.#back]) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #pass(by: Socket, bytes: Uint8Array, port: number): void {
    if (this.blocked) return;
    this.passed++;
    by.send(bytes, port, HOSTNAME);
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.bind(0, HOSTNAME, resolve));
  return socket;
}
