/**
 * The server of framed TCP.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { Connection, DisconnectReason } from "../runtime/connection.ts";
import { openReactor } from "../runtime/open_reactor.ts";
import type { ReactorCore } from "../runtime/reactor_core.ts";
import {
  checkReactorHandlers,
  REACTOR_HANDLER_NAMES,
  type ReactorHandlers,
  type ReactorOptions,
  resolveReactorOptions,
} from "../runtime/reactor_options.ts";
import type { ReactorStatistics } from "../runtime/statistics.ts";
import { systemHost } from "../runtime/system_host.ts";
import type { TcpAddress } from "../transport/address.ts";
import type { FrameCursor } from "../stream/frame_cursor.ts";

/**
 * Listens, accepts, frames, and serves many connections.
 *
 * Handlers are given with the options or set as properties; they are fixed with {@linkcode Reactor.start}, before the
 * first byte is read.
 *
 * @example An echo server
 * ```ts
 * import { Particle, Reactor } from "@ringwire/ringwire";
 *
 * await using reactor = new Reactor({ hostname: "127.0.0.1" });
 * reactor.onReceived = (connection, payload) => connection.return(payload);
 * await reactor.start();
 *
 * const echo = Promise.withResolvers<string>();
 * const particle = new Particle({
 *   port: reactor.port,
 *   onReceived: (payload) => echo.resolve(new TextDecoder().decode(payload)),
 * });
 * await particle.send(new TextEncoder().encode("Hello Reactor!"));
 * console.assert(await echo.promise === "Hello Reactor!");
 * await particle.close();
 * ```
 */
export class Reactor implements ReactorHandlers, AsyncDisposable {
  /** A connection is open; nothing is read before this is done. */
  onConnected: ((connection: Connection) => unknown) | undefined;
  /** A message arrived; the payload is valid until this is done. */
  onReceived: ((connection: Connection, payload: Uint8Array) => unknown) | undefined;
  /** All messages of one read arrived, in place of `onReceived`. */
  onBatch: ((connection: Connection, frames: FrameCursor) => unknown) | undefined;
  /** A connection is over. */
  onDisconnected: ((connection: Connection, reason: DisconnectReason) => unknown) | undefined;
  /** A full send queue has drained. */
  onDrain: ((connection: Connection) => unknown) | undefined;
  /** A handler threw, or accepting failed for now. */
  onError: ((error: unknown, connection: Connection | undefined) => unknown) | undefined;
  /** With `peerIds`: a client is open. */
  onClientConnected: ((peerId: string) => unknown) | undefined;
  /** With `peerIds`: a client is gone. */
  onClientDisconnected: ((peerId: string, reason: DisconnectReason) => unknown) | undefined;
  /** With `peerIds`: a message of a client, in place of `onReceived`. */
  onMessageReceived: ((peerId: string, payload: Uint8Array) => unknown) | undefined;
  readonly #core: ReactorCore;

  /**
   * Makes a reactor; it listens once it is started.
   *
   * @param options Where to listen, limits, and handlers.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: ReactorOptions = {}) {
    const config = resolveReactorOptions(options);
    checkReactorHandlers(options, config.peerIds);
    for (const name of REACTOR_HANDLER_NAMES) Object.assign(this, { [name]: options[name] });
    this.#core = openReactor(config, systemHost());
  }

  /**
   * The port that is listened on, also when port 0 was asked for.
   *
   * @throws {MisuseError} Before `start`.
   */
  get port(): number {
    return this.address.port;
  }

  /**
   * The address that is listened on.
   *
   * @throws {MisuseError} Before `start`.
   */
  get address(): TcpAddress {
    const address = this.#core.address;
    if (address?.transport !== "tcp" || address.port === 0) {
      throw new MisuseError("Cannot tell the address: the reactor is not started, or start() was not awaited");
    }
    return address;
  }

  /** The open connections, as they are now. */
  get connections(): readonly Connection[] {
    return this.#core.connections;
  }

  /**
   * Starts to listen. Handlers are fixed from here on: setting one later throws.
   *
   * @returns When the reactor listens; `port` can be read then.
   * @throws {TypeError} When handlers exclude each other.
   * @throws {MisuseError} When it was started before.
   * @throws {ResourceError} When the address cannot be had.
   */
  start(): Promise<void> {
    return Promise.try(() => {
      const listening = this.#core.start(this);
      Object.freeze(this);
      return listening;
    });
  }

  /**
   * Stops listening, flushes and closes every connection with `GoingAway`. What clients had sent before they saw the
   * end is still delivered; answers to it are refused with `Closed`.
   *
   * @returns When all connections are closed; bounded by `closeTimeoutMs`, which is what it takes when a handler waits
   * for this very promise.
   */
  stop(): Promise<void> {
    return this.#core.stop();
  }

  /**
   * With `peerIds`: sends to a client and waits for room.
   *
   * @param peerId The client's id.
   * @param payload See `Connection.send`.
   * @returns See `Connection.send`. Rejects with `ClosedError` when no such client is connected.
   */
  send(peerId: string, payload: Uint8Array): Promise<void> {
    return this.#core.send(peerId, payload);
  }

  /**
   * With `peerIds`: offers to a client without waiting.
   *
   * @param peerId The client's id.
   * @param payload Copied at once.
   * @returns What became of it; `NotConnected` when no such client is connected.
   */
  trySend(peerId: string, payload: Uint8Array): SendStatus {
    return this.#core.trySend(peerId, payload);
  }

  /**
   * With `peerIds`: finds a client.
   *
   * @param peerId The client's id.
   * @returns Its connection, or `undefined`.
   */
  connection(peerId: string): Connection | undefined {
    return this.#core.peer(peerId);
  }

  /**
   * What was counted so far, over all connections; costs nothing on the hot path.
   *
   * @returns A copy.
   */
  statistics(): ReactorStatistics {
    return this.#core.statistics();
  }

  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
