/**
 * The web server of the arena: the page and its modules, and a WebSocket for each player at `/play`.
 *
 * Invariant: only what the page needs is served, and the page may load nothing from anywhere else; a WebSocket is
 * accepted from this page and from programs, not from pages of other sites.
 *
 * @module
 */
import { MAX_REQUEST_BYTES } from "../protocol/control.ts";
import { type PageFile, readPageFiles } from "./page_files.ts";
import type { PlayerSocket } from "./player.ts";

/** What takes a player's messages; made when its socket is open. */
export interface PlayerSession {
  /**
   * Takes a message.
   *
   * @param message The message.
   */
  handleMessage(message: Uint8Array): void;
  /** The socket is closed. */
  handleClose(): void;
}

/** Makes the session of a new player; `undefined` when there is no room. */
export type Admit = (socket: PlayerSocket, withChecksum: boolean) => PlayerSession | undefined;

/** Close codes of WebSockets (RFC 6455, section 7.4). */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/** A running web server. */
export class WebServer {
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #headers: Headers;
  readonly #admit: Admit;
  readonly #sockets = new Set<WebSocket>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(
    files: ReadonlyMap<string, PageFile>,
    nonce: string,
    hostname: string,
    port: number,
    admit: Admit,
  ) {
    this.#files = files;
    this.#admit = admit;
    this.#headers = new Headers({
      "cache-control": "no-cache",
      "content-security-policy": `default-src 'self'; script-src 'self' 'nonce-${nonce}'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
    });
    this.#server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => this.#answer(request));
  }

  /**
   * Reads the page and listens.
   *
   * @param hostname Where.
   * @param port Where; 0 for a free one.
   * @param admit Makes sessions.
   * @returns The server, listening.
   * @throws {Deno.errors.AddrInUse} When somebody else listens there.
   */
  static async start(hostname: string, port: number, admit: Admit): Promise<WebServer> {
    const nonce = crypto.randomUUID();
    return new WebServer(await readPageFiles(nonce), nonce, hostname, port, admit);
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Ends all sockets and stops listening. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.close(GOING_AWAY, "The arena closes");
    await this.#server.shutdown();
  }

  #answer(request: Request): Response {
    const { pathname, searchParams, host } = new URL(request.url);
    if (pathname === "/play") {
      const origin = request.headers.get("origin");
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return plain("This is for WebSockets", 426);
      if (origin !== null && URL.parse(origin)?.host !== host) return plain("This page is not of the arena", 403);
      return this.#upgrade(request, searchParams.get("checksum") === "1");
    }
    if (request.method !== "GET" && request.method !== "HEAD") return plain("There is nothing to change here", 405);
    const file = this.#files.get(pathname);
    if (file === undefined) return plain("There is no such page", 404);
    const headers = new Headers(this.#headers);
    headers.set("content-type", file.type);
    return new Response(request.method === "HEAD" ? null : file.bytes, { headers });
  }

  #upgrade(request: Request, withChecksum: boolean): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 60 });
    socket.binaryType = "arraybuffer";
    let session: PlayerSession | undefined;
    socket.onopen = () => {
      this.#sockets.add(socket);
      session = this.#admit(new BrowserSocket(socket), withChecksum);
      if (session === undefined) socket.close(TRY_AGAIN_LATER, "The arena is full");
    };
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer && data.byteLength <= MAX_REQUEST_BYTES) {
        session?.handleMessage(new Uint8Array(data));
      }
    };
    socket.onerror = () => {};
    socket.onclose = () => {
      this.#sockets.delete(socket);
      session?.handleClose();
    };
    return response;
  }
}

class BrowserSocket implements PlayerSocket {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }
}

function plain(text: string, status: number): Response {
  return new Response(`${text}\n`, { status });
}
