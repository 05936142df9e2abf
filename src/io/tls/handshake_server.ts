/**
 * Makes server handshakes by `node:tls`, each by a server of that module that has no other one to make meanwhile.
 *
 * Why: the module says that some connection's handshake is done, and not whose. Why servers are used again: one costs
 * as much as the handshake itself. Invariant: a server is free again only after the connection before has got its link
 * or is closed, so that what it says is about one connection.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { Server, TlsOptions, TLSSocket } from "node:tls";

/** The most servers that are kept for later. */
const MAX_IDLE_COUNT = 32;

/** Makes a server of `node:tls`. */
export type ServerFactory = (options: TlsOptions) => Server;

interface Desk {
  readonly server: Server;
  /** What the handshake at hand leads to. */
  onSecure: ((socket: TLSSocket) => void) | undefined;
}

/** Makes handshakes. */
export class HandshakeServer {
  readonly #create: ServerFactory;
  readonly #options: TlsOptions;
  readonly #idle: Desk[] = [];

  /**
   * Prepares to make handshakes.
   *
   * @param create Makes a server of `node:tls`.
   * @param options With what it is made.
   */
  constructor(create: ServerFactory, options: TlsOptions) {
    this.#create = create;
    this.#options = options;
  }

  /**
   * Makes a handshake.
   *
   * @param stream Where; when it is closed, the handshake is over.
   * @param onSecure Called once, when the handshake is done.
   */
  shakeHands(stream: Duplex, onSecure: (socket: TLSSocket) => void): void {
    const desk = this.#idle.pop() ?? this.#open();
    const free = (): void => {
      stream.removeListener("close", free);
      desk.onSecure = undefined;
      if (this.#idle.length < MAX_IDLE_COUNT) this.#idle.push(desk);
    };
    desk.onSecure = (socket) => {
      free();
      onSecure(socket);
    };
    stream.on("close", free);
    desk.server.emit("connection", stream);
  }

  #open(): Desk {
    const desk: Desk = { server: this.#create(this.#options), onSecure: undefined };
    desk.server.on(
      "secureConnection",
      (socket) => desk.onSecure === undefined ? discard(socket) : desk.onSecure(socket),
    );
    desk.server.on("tlsClientError", (_, socket) => discard(socket));
    return desk;
  }
}

/**
 * Gets rid of a socket, whatever it says to that.
 *
 * @param socket The socket.
 */
export function discard(socket: TLSSocket): void {
  socket.on("error", () => {});
  socket.destroy();
}
