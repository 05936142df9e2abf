/**
 * The accepting side of TCP over `node:net`, on a port that it shares with other listeners.
 *
 * Invariant: connections that nobody has accepted are bounded. The runtime takes them from the kernel as they come, so
 * they wait here, too, twice as many as in the kernel's queue; those beyond are refused, and `accept` says so.
 * Why it looks after itself twice a second: the runtime stops polling a listener whose accept failed once (too many
 * open files), tells nobody, and never polls it again by itself.
 * Why the module is loaded when a listener is opened: it costs every program that imports it some 10 MB.
 *
 * @module
 */
import type { Server, Socket } from "node:net";
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError, ResourceError, type TransportError } from "../../error/transport_error.ts";
import { formatAddress, type TcpAddress } from "../../transport/address.ts";
import type { StreamListener } from "../../transport/stream_link.ts";
import { NodeTcpLink } from "./node_tcp_link.ts";
import { failureReason, tcpAddress } from "./tcp_address.ts";
import type { TcpLinkOptions } from "./tcp_link.ts";

/** How often the listener looks after itself. */
const CHECK_MS = 500;

/** Errors by which a system says that it has nothing left to open a socket with. */
const EXHAUSTION: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** What is listened on, and what becomes of the links. */
export interface NodeTcpListenerOptions extends TcpLinkOptions {
  /** A host name or a numeric address, without brackets. */
  readonly hostname: string;
  /** The port, 0 for a free one. */
  readonly port: number;
  /** How many connections may wait in the kernel; twice as many may wait here. */
  readonly backlogCount: number;
}

/**
 * A stream listener over a server of `node:net`.
 *
 * @example
 * ```ts ignore
 * const address = { hostname: "127.0.0.1", port: 5555 };
 * const listener = new NodeTcpListener({ ...address, backlogCount: 511, noDelay: true, keepAlive: true });
 * await listener.listening;
 * const link = await listener.accept();
 * ```
 */
export class NodeTcpListener implements StreamListener {
  /** Settles once it listens; rejects with `ResourceError` when the address cannot be had. */
  readonly listening: Promise<void>;
  readonly #options: NodeTcpListenerOptions;
  readonly #opening: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #waiting: NodeTcpLink[] = [];
  #address: TcpAddress;
  #server: Server | undefined;
  #accepting: PromiseWithResolvers<NodeTcpLink> | undefined;
  /** Why it never listened. */
  #failure: ResourceError | undefined;
  /** What the next `accept` rejects with, once. */
  #trouble: ResourceError | undefined;
  #refusedCount = 0;
  #check: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  /**
   * Begins to listen.
   *
   * @param options Where, and what becomes of the links.
   */
  constructor(options: NodeTcpListenerOptions) {
    this.#options = options;
    this.#address = { transport: "tcp", hostname: options.hostname, port: options.port };
    this.listening = this.#opening.promise;
    this.listening.catch(() => {});
    this.#open().catch((cause) => this.#giveUp(cause));
  }

  /** Where it listens; before that, where it was told to. */
  get address(): TcpAddress {
    return this.#address;
  }

  /** Whether the listener was closed, or never came to listen. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Waits for the next link; one call at a time. A client that was gone before it was accepted is passed over.
   *
   * @returns The link. Rejects with `ClosedError` when the listener was closed, and with `ResourceError` when it could
   * not listen, when accepting failed for now, and once after connections were refused because too many waited.
   */
  accept(): Promise<NodeTcpLink> {
    if (this.#closed) return Promise.reject(this.#failure ?? new ClosedError(CloseCode.GoingAway, "local"));
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const link = this.#waiting.shift();
    if (link !== undefined) return Promise.resolve(link);
    const trouble = this.#takeTrouble();
    if (trouble !== undefined) return Promise.reject(trouble);
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  /**
   * Stops listening: a pending `accept` rejects, links that wait to be accepted are closed. Links that were accepted
   * stay. A second call does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#end(new ClosedError(CloseCode.GoingAway, "local"));
    this.#server?.close();
    for (const link of this.#waiting.splice(0)) link.close();
  }

  async #open(): Promise<void> {
    const { hostname, port, backlogCount: backlog } = this.#options;
    const { createServer, isIP } = await import("node:net");
    const host = isIP(hostname) === 0 ? await firstAddress(hostname) : hostname;
    await checkPermission({ transport: "tcp", hostname: host, port });
    if (this.#closed) return;
    const server = this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.on("connection", (socket) => this.#admit(socket));
    server.on("error", (cause) => server.listening ? this.#report(cause) : this.#giveUp(cause));
    server.on("listening", () => this.#begin(server, host));
    server.listen({ host, port, backlog, reusePort: true });
  }

  #begin(server: Server, host: string): void {
    const { address, port } = server.address() as { readonly address: string; readonly port: number };
    this.#address = tcpAddress({ hostname: address, port });
    this.#check = setInterval(() => this.#lookAfter(server, host), CHECK_MS);
    this.#opening.resolve();
  }

  #giveUp(cause: unknown): void {
    if (this.#closed) return;
    this.#failure = new ResourceError(`Cannot listen on ${formatAddress(this.#address)}: ${failureReason(cause)}`, {
      cause,
    });
    this.#end(this.#failure);
  }

  #end(error: TransportError): void {
    this.#closed = true;
    clearInterval(this.#check);
    this.#opening.reject(error);
    this.#accepting?.reject(error);
    this.#accepting = undefined;
  }

  #admit(socket: Socket): void {
    const isGone = socket.remoteAddress === undefined;
    const accepting = this.#accepting;
    const isRefused = this.#waiting.length >= this.#maxWaitingCount;
    if (isRefused && !isGone) this.#refusedCount++;
    if (isGone || isRefused) return discard(socket);
    const link = new NodeTcpLink(socket, this.#options);
    this.#accepting = undefined;
    if (accepting === undefined) this.#waiting.push(link);
    else accepting.resolve(link);
  }

  /** Has the runtime poll the listener again, and reports when there is nothing left to accept with. */
  #lookAfter(server: Server, host: string): void {
    const { port, backlogCount } = this.#options;
    const cause = exhaustion(host, port);
    if (cause !== undefined) this.#report(cause);
    (server as unknown as ListeningServer)._handle?.listen?.(backlogCount);
  }

  /** Tells whoever accepts that it failed for now. */
  #report(cause: unknown): void {
    const accepting = this.#accepting;
    const error = this.#acceptError(failureReason(cause), cause);
    this.#accepting = undefined;
    if (accepting === undefined) this.#trouble = error;
    else accepting.reject(error);
  }

  #takeTrouble(): ResourceError | undefined {
    const trouble = this.#trouble;
    const refusedCount = this.#refusedCount;
    this.#trouble = undefined;
    this.#refusedCount = 0;
    if (refusedCount === 0) return trouble;
    return this.#acceptError(`${refusedCount} connections were refused while ${this.#maxWaitingCount} waited`, trouble);
  }

  #acceptError(reason: string, cause: unknown): ResourceError {
    return new ResourceError(`Cannot accept on ${formatAddress(this.#address)}: ${reason}`, { cause });
  }

  /** Twice the kernel's queue, which the runtime may hand over in one go, whole and while it fills up again. */
  get #maxWaitingCount(): number {
    return 2 * this.#options.backlogCount;
  }
}

/** The part of a server that is told to listen again; on one that listens it only has the runtime poll it. */
interface ListeningServer {
  readonly _handle?: { listen?(backlogCount: number): number } | null;
}

async function firstAddress(hostname: string): Promise<string> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(hostname)).address;
}

/** Asks as the runtime's own listener does. Why here: a refusal inside `node:net` is thrown where nobody can catch it. */
async function checkPermission(address: TcpAddress): Promise<void> {
  const host = formatAddress(address);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state !== "granted") throw new Deno.errors.NotCapable(`Requires net access to ${host} (--allow-net)`);
}

/** Why no socket can be opened now. The address is one that may be listened on; whether it is free does not matter. */
function exhaustion(hostname: string, port: number): unknown {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    if (EXHAUSTION.has((error as { readonly code?: unknown }).code)) return error;
  }
  return undefined;
}

function discard(socket: Socket): void {
  socket.on("error", () => {});
  socket.resetAndDestroy();
}
