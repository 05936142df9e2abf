/**
 * The accepting side of WebSocket: the package `ws` over `node:http` or `node:https`.
 *
 * Why not the platform's own: its sockets cannot stop reading, so a slow application would fill the memory. Invariants:
 * permessage-deflate is never agreed on (a message of a few bytes could unpack to gigabytes); what waits to be accepted is
 * bounded; a connection that does not come to a handshake in time is cut off. Why `ws` is loaded late: it looks at two
 * variables of the environment, which takes a permission that nobody else should need.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError, ResourceError } from "../../error/transport_error.ts";
import { type TcpAddress, unmappedHost } from "../../transport/address.ts";
import type { MessageListener } from "../../transport/message_link.ts";
import type { WebSocketListenConfig } from "./web_socket_options.ts";
import { WsLink } from "./ws_link.ts";

/** Accepts WebSocket links. */
export class WebSocketListener implements MessageListener {
  readonly listening: Promise<void>;
  readonly whenClosed: Promise<void>;
  readonly #config: WebSocketListenConfig;
  readonly #server: Server;
  #sockets: WebSocketServer | undefined = undefined;
  readonly #waiting: WsLink[] = [];
  /** Connections before their handshake, by where they come from: TLS has two sockets for one connection. */
  readonly #shaking = new Map<string, { readonly socket: Socket; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #whenClosed = Promise.withResolvers<void>();
  #address: TcpAddress;
  #accepting: PromiseWithResolvers<WsLink> | undefined = undefined;
  #isClosed = false;
  #error: Error | undefined = undefined;

  /**
   * Begins to listen.
   *
   * @param config The checked options.
   */
  constructor(config: WebSocketListenConfig) {
    const { hostname, port, identity } = config;
    this.#config = config;
    this.#address = { transport: "tcp", hostname, port };
    this.whenClosed = this.#whenClosed.promise;
    this.#server = identity === undefined ? createServer() : createSecureServer({ ...identity });
    const server = this.#server;
    server.on("connection", (socket) => this.#handleConnection(socket));
    server.on("secureConnection", (socket: Socket) => this.#handleConnection(socket));
    server.on("request", (request, response) => {
      response.writeHead(this.#isHere(request) ? 426 : 404, { "Connection": "close" }).end();
    });
    server.on("upgrade", (request, socket, head) => this.#handleUpgrade(request, socket, head));
    this.listening = this.#open();
    this.listening.catch(() => {});
  }

  get address(): TcpAddress {
    return this.#address;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  accept(): Promise<WsLink> {
    if (this.#isClosed) return Promise.reject(this.#error ?? new ClosedError(CloseCode.GoingAway, "local"));
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const link = this.#waiting.shift();
    if (link !== undefined) return Promise.resolve(link);
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#accepting?.reject(this.#error ?? new ClosedError(CloseCode.GoingAway, "local"));
    this.#accepting = undefined;
    for (const link of this.#waiting.splice(0)) link.close();
    for (const { socket, timer } of this.#shaking.values()) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#shaking.clear();
    const { resolve } = this.#whenClosed;
    this.#server.close(() => resolve());
    // The server waits for the links that it handed out, which are not its own any more.
    setTimeout(resolve, 0);
  }

  async #open(): Promise<void> {
    const { hostname, port, subprotocols, maxMessageBytes } = this.#config;
    const server = this.#server;
    const { WebSocketServer: Sockets } = await import("ws").catch((cause) => {
      throw this.#fail(cause);
    });
    if (this.#isClosed) throw new ClosedError(CloseCode.GoingAway, "local");
    this.#sockets = new Sockets({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      handleProtocols: (offered) => subprotocols.find((one) => offered.has(one)) ?? false,
    });
    await new Promise<void>((resolve, reject) => {
      server.on("error", (cause) => reject(this.#fail(cause)));
      server.listen({ host: hostname, port }, () => {
        this.#address = addressOf(server, this.#address);
        resolve();
      });
    });
  }

  /** A connection has only so much time for its handshake. */
  #handleConnection(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const origin = originOf(socket);
    if (this.#shaking.has(origin)) return;
    const timer = setTimeout(() => socket.destroy(), this.#config.handshakeTimeoutMs);
    this.#shaking.set(origin, { socket, timer });
    socket.once("close", () => this.#settle(origin));
  }

  #settle(origin: string): void {
    clearTimeout(this.#shaking.get(origin)?.timer);
    this.#shaking.delete(origin);
  }

  #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const { origins, maxWaitingLinksCount, subprotocols } = this.#config;
    const { origin } = request.headers;
    const offered = request.headers["sec-websocket-protocol"];
    if (!this.#isHere(request)) return refuse(socket, "404 Not Found");
    if (origins !== undefined && origin !== undefined && !origins.has(origin)) return refuse(socket, "403 Forbidden");
    if (subprotocols.length > 0 && !offered?.split(",").some((one) => subprotocols.includes(one.trim()))) {
      return refuse(socket, "400 Bad Request");
    }
    if (this.#isClosed || this.#waiting.length >= maxWaitingLinksCount) {
      return refuse(socket, "503 Service Unavailable");
    }
    this.#sockets!.handleUpgrade(request, socket, head as never, (opened) => {
      this.#settle(originOf(request.socket));
      this.#take(opened, request);
    });
  }

  #take(socket: WebSocket, request: IncomingMessage): void {
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter((one): one is [string, string] => typeof one[1] === "string"),
    );
    const link = new WsLink({
      socket,
      local: this.#address,
      remote: Object.freeze({ transport: "tcp", hostname: unmappedHost(remoteAddress), port: remotePort }),
      facts: Object.freeze({ url: request.url ?? "", headers: Object.freeze(headers), subprotocol: socket.protocol }),
      maxQueuedBytes: this.#config.maxQueuedBytes,
    });
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#waiting.push(link);
    else accepting.resolve(link);
  }

  #isHere(request: IncomingMessage): boolean {
    return (request.url ?? "").split("?", 1)[0] === this.#config.path;
  }

  #fail(cause: Error): Error {
    const { hostname, port } = this.#address;
    this.#error ??= new ResourceError(`Cannot listen on ${hostname}:${port}: ${cause.message}`, { cause });
    this.close();
    return this.#error;
  }
}

function originOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function addressOf(server: Server, asked: TcpAddress): TcpAddress {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return asked;
  return Object.freeze({ transport: "tcp", hostname: unmappedHost(bound.address), port: bound.port });
}
