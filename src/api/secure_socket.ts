/**
 * Encrypted UDP, for servers and clients.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { SendStatus } from "../error/send_status.ts";
import { SecureClient } from "../runtime/secure_client.ts";
import { resolveSecureClientOptions, type SecureClientOptions } from "../runtime/secure_client_options.ts";
import type { SecureEvent } from "../runtime/secure_event.ts";
import type { SecureSendOptions } from "../runtime/secure_outbox.ts";
import { secureSystemHost } from "../runtime/secure_host.ts";
import { openSecureClient, openSecureServer } from "../runtime/secure_open.ts";
import { SecureServer } from "../runtime/secure_server.ts";
import { resolveSecureServerOptions, type SecureServerOptions } from "../runtime/secure_server_options.ts";
import type { SecurePeerStatistics, SecureStatistics } from "../runtime/secure_statistics.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { TcpAddress, UdpAddress } from "../transport/address.ts";

/**
 * A server with many peers, or a client with one: messages over UDP, each packet encrypted and authenticated.
 *
 * Keys come out of a TLS 1.3 handshake over TCP, or out of a ticket of an earlier session. A session goes on when the
 * address of a peer changes. Messages go by channels: 0 delivers all of them in order, 1 what arrives, 2 all of them as
 * they arrive, 3 only what is newer than all before, and the option `channels` adds more; none comes twice or altered, and
 * a lost one holds back its own ordered channel alone. Events are taken by `for await` or, without waiting, by
 * {@linkcode SecureSocket.poll}. While none is taken, reliable messages wait and hold their sender back, others wait within
 * `maxQueuedEvents` and `maxQueuedEventBytes`. Everything runs on the thread
 * that it is called on, but for the sessions of a server with `workers`.
 *
 * @example An echo server and a client
 * ```ts
 * import { developmentCertificate, SecureSocket } from "@ringwire/ringwire/secure";
 *
 * const { cert, key } = developmentCertificate();
 * await using server = await SecureSocket.bindServer({ hostname: "127.0.0.1", udp: 0, tcp: 0, cert, key });
 * const serving = (async () => {
 *   for await (const event of server) {
 *     if (event.type === "data") await server.send(event.peerId, event.channel, event.data);
 *   }
 * })();
 *
 * const client = await SecureSocket.connect({ hostname: "127.0.0.1", port: server.tcpPort, caCerts: [cert] });
 * await client.send(1, 1, new TextEncoder().encode("Hello, server!"));
 * for await (const event of client) {
 *   if (event.type === "data") break;
 * }
 * await client.close();
 * await server.close();
 * await serving;
 * ```
 */
export class SecureSocket implements AsyncDisposable, AsyncIterable<SecureEvent, undefined> {
  readonly #runtime: SecureServer | SecureClient;

  private constructor(runtime: SecureServer | SecureClient) {
    this.#runtime = runtime;
  }

  /**
   * Binds a server: UDP for the sessions, TCP for the TLS handshakes.
   *
   * @param options Where, as whom, for whom, and the limits.
   * @returns The socket, serving. Rejects with `ResourceError` when an address cannot be had, with `TypeError` when an
   * option has the wrong type or is unknown, with `RangeError` when one is out of its bounds.
   */
  static async bindServer(options: SecureServerOptions): Promise<SecureSocket> {
    return new SecureSocket(await openSecureServer(resolveSecureServerOptions(options), secureSystemHost()));
  }

  /**
   * Connects to a server, which is peer 1 then.
   *
   * @param options Where to, how the server is known, and the limits.
   * @returns The socket, connected. Rejects with `AuthenticationError` when the server is not who it should be or says
   * that it refuses this client (a server that does not trust the client's certificate just ends: `ConnectError`), with
   * `TimeoutError` when it takes too long, with `ResourceError` when no UDP socket can be had or it breaks, with
   * `ConnectError` otherwise, with the signal's reason when that fires, with `TypeError` or `RangeError` for bad
   * options.
   */
  static async connect(options: SecureClientOptions): Promise<SecureSocket> {
    return new SecureSocket(await openSecureClient(resolveSecureClientOptions(options), secureSystemHost()));
  }

  /** The UDP address that is bound. */
  get address(): UdpAddress {
    const local = this.#runtime.core.driver.link?.local;
    if (local?.transport !== "udp") throw new MisuseError("Cannot tell the address: this socket is bound to none");
    return local;
  }

  /** The UDP port that is bound, also when port 0 was asked for. */
  get udpPort(): number {
    return this.address.port;
  }

  /**
   * Where a server listens for TLS.
   *
   * @throws {MisuseError} At a client.
   */
  get tcpAddress(): TcpAddress {
    return this.#server("tell the address of TLS").tcpAddress;
  }

  /**
   * The TCP port on which a server listens for TLS, also when port 0 was asked for.
   *
   * @throws {MisuseError} At a client.
   */
  get tcpPort(): number {
    return this.tcpAddress.port;
  }

  /** The ids of the peers that are connected now. */
  get peers(): readonly number[] {
    return [...this.#runtime.core.peers.keys()];
  }

  /** The newest ticket that the server gave this client; `undefined` at a server and before the first came. */
  get ticket(): Uint8Array | undefined {
    return this.#runtime instanceof SecureClient ? this.#runtime.ticket : undefined;
  }

  /** Settles once the socket is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#runtime.core.whenClosed;
  }

  /**
   * Sends a message, and waits for room in the queue of its channel where there is none. Messages that are sent within one
   * turn share packets, but for the first, which leaves at once.
   *
   * @param peerId To whom; a client's server is 1.
   * @param channel 0 reliable ordered, 1 unreliable, 2 reliable unordered, 3 sequenced, or one of the option `channels`.
   * @param data Copied at once; at most `maxMessageBytes`. What one packet does not hold goes in fragments.
   * @param options A time to live, another lane, a signal that gives the wait up.
   * @returns When it is queued, which promises no arrival: a reliable message arrives unless the session ends before.
   * Rejects with `ClosedError` when the peer is not connected, the socket closes, or the session ends before, and with
   * the reason of the signal, which is not reported again if nobody handles it; with `ResourceError` when 1024 sends or
   * 16 MiB to this peer wait already; with `RangeError` when the message is too long, there is no such channel, or its
   * messages cannot change lanes; with `TypeError` when it is no `Uint8Array` or an option is unknown.
   */
  send(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): Promise<void> {
    return this.#runtime.core.send(peerId, channel, data, options);
  }

  /**
   * Offers a message without waiting. After `BackPressured` the event `drained` tells when to offer it again.
   *
   * @param peerId To whom.
   * @param channel See `send`.
   * @param data Copied at once.
   * @param options A time to live, another lane.
   * @returns What became of it: `Queued`, `BackPressured`, `TooLarge`, `NotConnected` for a peer that is not there,
   * `Closed`.
   * @throws {TypeError} When the message is no `Uint8Array`, or an option is unknown.
   * @throws {RangeError} When there is no such channel, or its messages cannot change lanes.
   */
  trySend(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): SendStatus {
    return this.#runtime.core.trySend(peerId, channel, data, options);
  }

  /**
   * Sends a message that can be taken back; as `send` otherwise.
   *
   * @param peerId To whom.
   * @param channel See `send`.
   * @param data Copied at once.
   * @param options As of `send`.
   * @returns The handle of the message, for `cancel`, when it is queued; rejects as `send` does. -1 where workers have the
   * sessions: there nothing can be taken back.
   */
  sendMessage(peerId: number, channel: number, data: Uint8Array, options?: SecureSendOptions): Promise<number> {
    return this.#runtime.core.sendMessage(peerId, channel, data, options);
  }

  /**
   * Takes a message back that is stale by now: what has not gone out does not, and later messages of an ordered channel do
   * not wait for it.
   *
   * @param peerId To whom it was sent.
   * @param handle What `sendMessage` gave.
   * @returns Whether it was neither acknowledged nor dropped before; it may have been delivered all the same.
   */
  cancel(peerId: number, handle: number): boolean {
    return this.#runtime.core.cancel(peerId, handle);
  }

  /**
   * Takes the next event without waiting: for programs with a clock of their own, such as the ticks of a game.
   *
   * @returns The event; `undefined` when there is none now.
   */
  poll(): SecureEvent | undefined {
    return this.#runtime.core.events.poll();
  }

  /**
   * Takes events as they come, until the socket is closed. One reader at a time waits; leaving the loop leaves the
   * socket open.
   *
   * @returns An iterator. It throws `ResourceError` at its end when the UDP socket broke.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SecureEvent, undefined> {
    const { events } = this.#runtime.core;
    return {
      next: () => events.next(),
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
    return this.#runtime.core.disconnect(peerId, code, text);
  }

  /**
   * Moves a client to a new UDP socket, as after a change of network: the session goes on, and the server validates the
   * new address.
   *
   * @returns When the new socket is bound. Rejects with `ResourceError` when it cannot be, with `ClosedError` when this
   * one is closed or closes meanwhile, with `MisuseError` at a server.
   */
  async rebind(): Promise<void> {
    if (!(this.#runtime instanceof SecureClient)) {
      throw new MisuseError("Cannot rebind a server: its clients know its port");
    }
    await this.#runtime.rebind();
  }

  /**
   * What was counted so far, over all peers, past ones included; costs nothing on the hot path.
   *
   * @returns A copy.
   */
  statistics(): SecureStatistics {
    const { core } = this.#runtime;
    return this.#runtime instanceof SecureServer ? core.statistics(this.#runtime.handshakes()) : core.statistics();
  }

  /**
   * What was counted for one peer.
   *
   * @param peerId Which.
   * @returns A copy; `undefined` when it is not connected.
   */
  peerStatistics(peerId: number): SecurePeerStatistics | undefined {
    const { core } = this.#runtime;
    const session = core.peers.get(peerId);
    return session === undefined ? undefined : core.statisticsOf(session);
  }

  /**
   * Closes: what was sent before goes out, reliable messages until they are acknowledged; then the peers are told, and
   * told again until they confirm it.
   *
   * @returns When everything is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    const { core } = this.#runtime;
    return core.close(this.#runtime instanceof SecureServer ? SessionCloseCode.GoingAway : SessionCloseCode.Normal);
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #server(what: string): SecureServer {
    if (this.#runtime instanceof SecureServer) return this.#runtime;
    throw new MisuseError(`Cannot ${what}: this socket is a client`);
  }
}
