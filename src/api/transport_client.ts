/**
 * A client for messages and requests by any protocol.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import { resolveTransportClientOptions, type TransportClientOptions } from "../runtime/transport_client_options.ts";
import { TransportClientRuntime } from "../runtime/transport_client_runtime.ts";
import type { ClientEvent } from "../runtime/transport_event.ts";
import { transportHost } from "../runtime/transport_host.ts";
import type { RequestOptions, TransportResponse } from "../runtime/transport_pending_replies.ts";
import type { TransportClientStatistics } from "../runtime/transport_statistics.ts";

/**
 * Sends messages and requests to one server, and takes what comes from it.
 *
 * An event is taken by a handler in the options, by `for await` over {@linkcode TransportClient.events}, or by both.
 * A request is sent at most once: when its connection is lost before the answer, it is rejected and never repeated.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tcp, TransportClient, TransportServer } from "./transport_mod.ts";
 *
 * await using server = await TransportServer.listen({ protocols: [tcp("127.0.0.1:0")] });
 * const client = new TransportClient({ protocol: tcp(`127.0.0.1:${server.port("tcp")}`), reconnect: true });
 * await client.connect();
 * assertEquals(await client.send(new TextEncoder().encode("hello")), 1);
 * await client.close();
 * ```
 */
export class TransportClient implements AsyncDisposable {
  readonly #runtime: TransportClientRuntime;

  /**
   * Makes a client that is not connected.
   *
   * @param options The protocol, handlers and limits.
   * @throws {TypeError} When an option has the wrong type, or nobody knows it.
   * @throws {RangeError} When an option is out of its bounds.
   */
  constructor(options: TransportClientOptions) {
    this.#runtime = new TransportClientRuntime(resolveTransportClientOptions(options), transportHost());
  }

  /**
   * Makes a client and connects it.
   *
   * @param options The protocol, handlers and limits.
   * @returns The client. Rejects as {@linkcode TransportClient.connect} does.
   */
  static async connect(options: TransportClientOptions): Promise<TransportClient> {
    const client = new TransportClient(options);
    await client.connect();
    return client;
  }

  /** Whether there is a connection that takes messages. */
  get isConnected(): boolean {
    return this.#runtime.isConnected;
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.#runtime.connectionCount;
  }

  /** Settles when the client is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#runtime.whenClosed;
  }

  /**
   * Connects; does nothing where there is a connection.
   *
   * @returns When the first connection is open. Rejects with `ConnectError`, `TimeoutError`, `AuthenticationError`, the
   * reason of the options' signal, and with `MisuseError` when the client was closed.
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
   * @returns The message's id, when it is queued. Rejects with `ClosedError` when there is no connection and none is
   * waited for (`whileDisconnected`), or it is lost before; with `ResourceError` when too many sends wait already; with
   * `MisuseError` before `connect()`; with `TypeError` or `RangeError` for a bad payload.
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
   * @returns The answer. Rejects with `TimeoutError`, with `RequestError` when the server refused, with `ClosedError`
   * when the connection ends before, with the signal's reason, and as {@linkcode TransportClient.send} does.
   */
  request(payload: Uint8Array, options?: RequestOptions): Promise<TransportResponse> {
    return this.#runtime.request(payload, options);
  }

  /** What was counted so far. */
  statistics(): TransportClientStatistics {
    return this.#runtime.statistics();
  }

  /**
   * Closes for good: what is queued is sent, requests without an answer are rejected.
   *
   * @returns When all connections are closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    return this.#runtime.close();
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
