/**
 * Encrypted sessions over UDP that fall back to TLS where UDP is blocked, for servers and clients.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { SendStatus } from "../error/send_status.ts";
import { type HybridEvent, type TransportMode, transportModeOf } from "../runtime/hybrid_mode.ts";
import { type HybridClient, type HybridServer, openHybridClient, openHybridServer } from "../runtime/hybrid_open.ts";
import { type HybridClientOptions, resolveHybridClientOptions } from "../runtime/hybrid_options.ts";
import type { SecureCore } from "../runtime/secure_core.ts";
import { secureSystemHost } from "../runtime/secure_host.ts";
import type { SecureSendOptions } from "../runtime/secure_outbox.ts";
import { resolveSecureServerOptions, type SecureServerOptions } from "../runtime/secure_server_options.ts";
import type { SecurePeerStatistics, SecureStatistics } from "../runtime/secure_statistics.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";

/** What a hybrid socket reports of one peer. */
export interface HybridPeerStatistics extends Omit<SecurePeerStatistics, "address"> {
  /** What carries the session now. */
  readonly mode: TransportMode;
}

/**
 * A {@linkcode SecureSocket} whose sessions have two paths: encrypted UDP, and the TLS stream that made them, which carries
 * the same packets.
 *
 * At the start UDP has 200 ms (`fallbackDelayMs`) to answer before the stream carries the session. When UDP goes dark
 * later the session moves to the stream after about three round trips (`darkProbesCount`), and goes back when UDP
 * answers again, which is tried with a wait that doubles. A move is a migration of one session (RFC 9000 section 9): its
 * reliable messages are neither lost nor doubled, unreliable ones under way may be lost. On the stream a lost packet holds
 * up all channels, as TCP does. The event `transportMode` tells of a move.
 *
 * Both ends must be hybrid sockets; a `SecureSocket` as a client of a hybrid server uses UDP alone.
 *
 * @example An echo server and a client
 * ```ts
 * import { developmentCertificate, HybridSocket } from "@ringwire/ringwire/secure";
 *
 * const { cert, key } = developmentCertificate();
 * await using server = await HybridSocket.bindServer({ hostname: "127.0.0.1", udp: 0, tcp: 0, cert, key });
 * const serving = (async () => {
 *   for await (const event of server) {
 *     if (event.type === "data") await server.send(event.peerId, event.channel, event.data);
 *   }
 * })();
 *
 * const client = await HybridSocket.connect({ hostname: "127.0.0.1", port: server.tcpPort, caCerts: [cert] });
 * console.log(client.transportMode === "udp" ? "UDP" : "TLS, because UDP is blocked");
 * await client.send(1, 0, new TextEncoder().encode("Hello!"));
 * for await (const event of client) {
 *   if (event.type === "data") break;
 * }
 * await client.close();
 * await server.close();
 * await serving;
 * ```
 */
export class HybridSocket implements AsyncDisposable, AsyncIterable<HybridEvent, undefined> {
  readonly #core: SecureCore;
  readonly #server: HybridServer | undefined;
  readonly #client: HybridClient | undefined;

  private constructor(server: HybridServer | undefined, client: HybridClient | undefined) {
    this.#server = server;
    this.#client = client;
    this.#core = (server?.server ?? client!.client).core;
  }

  /**
   * Binds a server: UDP and TLS, both for handshakes and sessions.
   *
   * @param options Where, as whom, for whom, and the limits.
   * @returns The socket, serving. Rejects with `ResourceError` when an address cannot be had, with `TypeError` when an
   * option has the wrong type or is unknown, with `RangeError` when one is out of its bounds.
   */
  static async bindServer(options: SecureServerOptions): Promise<HybridSocket> {
    const server = await openHybridServer(resolveSecureServerOptions(options), secureSystemHost());
    return new HybridSocket(server, undefined);
  }

  /**
   * Connects to a server, which is peer 1 then.
   *
   * @param target Where to, how the server is known, and when which path is taken; or only where to, as `"host:port"`.
   * @returns The socket, connected. Rejects as `SecureSocket.connect` does, but not because UDP is blocked.
   */
  static async connect(target: HybridClientOptions | string): Promise<HybridSocket> {
    const options = typeof target === "string" ? parseTarget(target) : target;
    return new HybridSocket(undefined, await openHybridClient(resolveHybridClientOptions(options), secureSystemHost()));
  }

  /**
   * What carries the session of this client now.
   *
   * @throws {MisuseError} At a server: each peer has a mode of its own, see `transportModeOf`.
   */
  get transportMode(): TransportMode {
    if (this.#client === undefined) {
      throw new MisuseError("Cannot tell the mode of a server: ask transportModeOf(peerId)");
    }
    return this.#client.paths?.mode ?? "udp";
  }

  /**
   * The UDP port that is bound, also when port 0 was asked for.
   *
   * @throws {MisuseError} At a client that uses no UDP.
   */
  get udpPort(): number {
    const local = this.#core.driver.link?.local;
    if (local?.transport !== "udp") throw new MisuseError("Cannot tell the UDP port: this socket uses no UDP");
    return local.port;
  }

  /**
   * The TCP port on which a server listens, also when port 0 was asked for.
   *
   * @throws {MisuseError} At a client.
   */
  get tcpPort(): number {
    if (this.#server === undefined) throw new MisuseError("Cannot tell the TCP port: this socket is a client");
    return this.#server.server.tcpAddress.port;
  }

  /** The ids of the peers that are connected now. */
  get peers(): readonly number[] {
    return [...this.#core.peers.keys()];
  }

  /** The newest ticket that the server gave this client; `undefined` at a server and before the first came. */
  get ticket(): Uint8Array | undefined {
    return this.#client?.client.ticket;
  }

  /** Settles once the socket is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#core.whenClosed;
  }

  /**
   * What carries the session of a peer now.
   *
   * @param peerId Which peer; a client's server is 1.
   * @returns The mode; `undefined` when the peer is not connected.
   */
  transportModeOf(peerId: number): TransportMode | undefined {
    const session = this.#core.peers.get(peerId);
    return session === undefined ? undefined : transportModeOf(session);
  }

  /**
   * Sends a message, as `SecureSocket.send` does, by whichever path carries the session.
   *
   * @param peerId To whom; a client's server is 1.
   * @param channel 0 reliable ordered, 1 unreliable, 2 reliable unordered, 3 sequenced, or one of the option `channels`.
   * @param data Copied at once; at most `maxMessageBytes`.
   * @param options A time to live, another lane, a signal that gives the wait up.
   * @returns When it is queued. Rejects as `SecureSocket.send` does.
   */
  send(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): Promise<void> {
    return this.#core.send(peerId, channel, data, options);
  }

  /**
   * Offers a message without waiting. After `BackPressured` the event `drained` tells when to offer it again.
   *
   * @param peerId To whom.
   * @param channel See `send`.
   * @param data Copied at once.
   * @param options A time to live, another lane.
   * @returns What became of it.
   * @throws {TypeError} When the message is no `Uint8Array`, or an option is unknown.
   * @throws {RangeError} When there is no such channel, or its messages cannot change lanes.
   */
  trySend(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): SendStatus {
    return this.#core.trySend(peerId, channel, data, options);
  }

  /**
   * Sends a message that can be taken back; as `send` otherwise.
   *
   * @param peerId To whom.
   * @param channel See `send`.
   * @param data Copied at once.
   * @param options As of `send`.
   * @returns The handle of the message, for `cancel`, when it is queued; rejects as `send` does.
   */
  sendMessage(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): Promise<number> {
    return this.#core.sendMessage(peerId, channel, data, options);
  }

  /**
   * Takes a message back that is stale by now.
   *
   * @param peerId To whom it was sent.
   * @param handle What `sendMessage` gave.
   * @returns Whether it was neither acknowledged nor dropped before; it may have been delivered all the same.
   */
  cancel(peerId: number, handle: number): boolean {
    return this.#core.cancel(peerId, handle);
  }

  /**
   * Takes the next event without waiting.
   *
   * @returns The event; `undefined` when there is none now.
   */
  poll(): HybridEvent | undefined {
    return this.#core.events.poll() as HybridEvent | undefined;
  }

  /**
   * Takes events as they come, until the socket is closed. One reader at a time waits; leaving the loop leaves the
   * socket open.
   *
   * @returns An iterator.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<HybridEvent, undefined> {
    const { events } = this.#core;
    return {
      next: () => events.next() as Promise<IteratorResult<HybridEvent, undefined>>,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /**
   * Closes the session of one peer. What is queued for it is not sent.
   *
   * @param peerId Whose.
   * @param code Why: a number from 32768 on with a meaning of the application's, or a `SessionCloseCode`.
   * @param text What to tell the peer besides; beyond 255 bytes of UTF-8 it is cut.
   * @returns Whether there was such a peer.
   * @throws {RangeError} When the code is no integer from 0 to 65535.
   */
  disconnect(peerId: number, code: number = SessionCloseCode.Normal, text = ""): boolean {
    return this.#core.disconnect(peerId, code, text);
  }

  /**
   * What was counted so far, over all peers, past ones included.
   *
   * @returns A copy; `handshakes` of a server counts its streams besides.
   */
  statistics(): SecureStatistics {
    if (this.#server === undefined) return this.#core.statistics();
    const { server, streams } = this.#server;
    return this.#core.statistics({ ...server.handshakes(), ...streams.counters() });
  }

  /**
   * What was counted for one peer.
   *
   * @param peerId Which.
   * @returns A copy; `undefined` when it is not connected.
   */
  peerStatistics(peerId: number): HybridPeerStatistics | undefined {
    const session = this.#core.peers.get(peerId);
    if (session === undefined) return undefined;
    const { address: _, ...statistics } = this.#core.statisticsOf(session);
    return { ...statistics, mode: transportModeOf(session) };
  }

  /**
   * Closes: what was sent before goes out, the peers are told, and told again until they confirm it.
   *
   * @returns When everything is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    return this.#core.close(this.#server === undefined ? SessionCloseCode.Normal : SessionCloseCode.GoingAway);
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `host:port`, with brackets around an address of IPv6. */
function parseTarget(target: string): HybridClientOptions {
  const [, ipv6, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(target) ?? [];
  const hostname = ipv6 ?? name;
  if (hostname === undefined) throw new TypeError(`Cannot connect to "${target}": it must be "host:port"`);
  return { hostname, port: Number(port) };
}
