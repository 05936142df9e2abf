/**
 * The transport client for browsers: the same as everywhere, over what a browser has.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import { nativeWebSocketFabric } from "../io/websocket/native_web_socket.ts";
import type { WebSocketConnectOptions } from "../io/websocket/web_socket_options.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import { browserHost } from "../runtime/transport_browser_host.ts";
import { resolveTransportClientOptions, type TransportClientOptions } from "../runtime/transport_client_options.ts";
import { TransportClientRuntime } from "../runtime/transport_client_runtime.ts";
import type { ClientEvent } from "../runtime/transport_event.ts";
import type { RequestOptions, TransportResponse } from "../runtime/transport_pending_replies.ts";
import { messageProtocol, type TransportProtocol } from "../runtime/transport_protocol.ts";
import type { TransportClientStatistics } from "../runtime/transport_statistics.ts";

/**
 * WebSocket by the platform's own.
 *
 * @param options A URL such as `wss://game.example/play`, or the same in fields.
 * @returns The protocol `websocket`; it only connects.
 * @throws {TypeError} When the text is no URL of a WebSocket, or an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function webSocket(options: string | WebSocketConnectOptions): TransportProtocol {
  return messageProtocol("websocket", nativeWebSocketFabric(typeof options === "string" ? fromUrl(options) : options));
}

/**
 * Sends messages and requests to one server, and takes what comes from it; see the class of the same name for Deno.
 *
 * A browser cannot stop reading a WebSocket: what comes while the application is slow waits within `maxInboxBytes`, and
 * beyond that the connection is closed with `SendQueueFull`. Payloads are not compressed, and the server's must not be.
 *
 * @example
 * ```ts ignore
 * const client = new TransportClient({ protocol: webSocket("wss://game.example/play"), reconnect: true });
 * await client.connect();
 * const { data } = await client.request(new TextEncoder().encode("hello"));
 * ```
 */
export class TransportClient implements AsyncDisposable {
  readonly #runtime: TransportClientRuntime;

  /**
   * Makes a client that is not connected.
   *
   * @param options The protocol, handlers and limits.
   * @throws {TypeError} When an option has the wrong type, or nobody knows it.
   * @throws {RangeError} When an option is out of its bounds, or asks for compression.
   */
  constructor(options: TransportClientOptions) {
    const config = resolveTransportClientOptions(options);
    if (config.connection.message.compression !== "none") {
      throw new RangeError("Cannot compress: a browser has neither zstd nor zlib that works at once");
    }
    this.#runtime = new TransportClientRuntime(config, browserHost());
  }

  /** Whether there is a connection that takes messages. */
  get isConnected(): boolean {
    return this.#runtime.isConnected;
  }

  /** Settles when the client is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#runtime.whenClosed;
  }

  /**
   * Connects; does nothing where there is a connection.
   *
   * @returns When the first connection is open. Rejects with `ConnectError`, `TimeoutError`, or the signal's reason.
   */
  connect(): Promise<void> {
    return this.#runtime.connect();
  }

  /**
   * Begins to take events.
   *
   * @returns An iterator, for `for await`; it is done when the client is closed.
   * @throws {MisuseError} When another reader takes events already.
   */
  events(): AsyncIterableIterator<ClientEvent, undefined> {
    return this.#runtime.events();
  }

  /**
   * Sends a message, and waits for room where there is none.
   *
   * @param payload Copied at once.
   * @param fields What is added.
   * @returns The message's id, when it is queued. Rejects with `ClosedError` when there is no connection.
   */
  send(payload: Uint8Array, fields?: MessageFields): Promise<number> {
    return this.#runtime.send(payload, fields);
  }

  /**
   * Offers a message without waiting.
   *
   * @param payload Copied at once.
   * @param fields What is added.
   * @returns What became of it.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  trySend(payload: Uint8Array, fields?: MessageFields): SendStatus {
    return this.#runtime.trySend(payload, fields);
  }

  /**
   * Asks the server, and waits for the answer.
   *
   * @param payload Copied at once.
   * @param options How long, until when, and what is added.
   * @returns The answer. Rejects with `TimeoutError`, `RequestError`, `ClosedError`, or the signal's reason.
   */
  request(payload: Uint8Array, options?: RequestOptions): Promise<TransportResponse> {
    return this.#runtime.request(payload, options);
  }

  /** What was counted so far. */
  statistics(): TransportClientStatistics {
    return this.#runtime.statistics();
  }

  /**
   * Closes for good.
   *
   * @returns When it is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    return this.#runtime.close();
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function fromUrl(text: string): WebSocketConnectOptions {
  const url = URL.parse(text);
  const secure = url?.protocol === "wss:";
  if (url === null || !secure && url.protocol !== "ws:") throw new TypeError(`This is no URL of a WebSocket: ${text}`);
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { hostname, port, path: url.pathname + url.search, secure };
}
