/**
 * Collects the options of a transport client, one call at a time.
 *
 * @module
 */
import type {
  TransportClientHandlers,
  TransportClientOptions,
  TransportReconnectOptions,
} from "../runtime/transport_client_options.ts";
import type { TransportConnectionOptions } from "../runtime/transport_connection_options.ts";
import type { ClientPoolOptions } from "../runtime/transport_pool_options.ts";
import type { TransportProtocol } from "../runtime/transport_protocol.ts";
import { type ProtocolConfig, protocolOf } from "./transport_configs.ts";
import { TransportClient } from "./transport_client.ts";

/** The options that have no method of their own. */
export type OtherClientOptions = Omit<TransportClientOptions, "protocol">;

/**
 * A builder of transport clients; what it makes could as well be made by `new TransportClient`.
 *
 * @example
 * ```ts
 * import { tcp, TransportClientBuilder } from "./transport_mod.ts";
 *
 * const client = new TransportClientBuilder()
 *   .withProtocol(tcp("127.0.0.1:8001"))
 *   .withTimeout(30_000)
 *   .withReconnect()
 *   .build();
 * await client.close();
 * ```
 */
export class TransportClientBuilder {
  readonly #protocols: TransportProtocol[] = [];
  #options: OtherClientOptions = {};

  /**
   * Adds a protocol; with several, the first by which a connection comes about is taken.
   *
   * @param protocol What `tcp()`, `webSocket()` and their kin make, or a configuration.
   * @returns This builder.
   */
  withProtocol(protocol: TransportProtocol | ProtocolConfig): this {
    this.#protocols.push(protocolOf(protocol));
    return this;
  }

  /**
   * Sets how long one attempt to connect may take.
   *
   * @param ms The time in ms.
   * @returns This builder.
   */
  withTimeout(ms: number): this {
    return this.withOptions({ connectTimeoutMs: ms });
  }

  /**
   * Has lost connections replaced.
   *
   * @param options When and how often.
   * @returns This builder.
   */
  withReconnect(options: TransportReconnectOptions | boolean = true): this {
    return this.withOptions({ reconnect: options });
  }

  /**
   * Sets the handlers, in place of those with the same name.
   *
   * @param handlers What the application does.
   * @returns This builder.
   */
  withHandlers(handlers: TransportClientHandlers): this {
    return this.withOptions(handlers);
  }

  /**
   * Sets the options of each connection.
   *
   * @param options For example what one of `ConnectionPresets` makes.
   * @returns This builder.
   */
  connectionConfig(options: TransportConnectionOptions): this {
    return this.withOptions(options);
  }

  /**
   * Sets how many connections there are, and when.
   *
   * @param pool The options.
   * @returns This builder.
   */
  connectionPoolConfig(pool: ClientPoolOptions): this {
    return this.withOptions({ pool });
  }

  /**
   * Sets any other options, in place of those with the same name.
   *
   * @param options The options.
   * @returns This builder.
   */
  withOptions(options: OtherClientOptions): this {
    this.#options = { ...this.#options, ...options };
    return this;
  }

  /**
   * Makes the client, which is not connected.
   *
   * @returns The client.
   * @throws {TypeError} When an option has the wrong type, or nobody knows it.
   * @throws {RangeError} When an option is out of its bounds.
   */
  build(): TransportClient {
    return new TransportClient({ ...this.#options, protocol: this.#protocols });
  }
}
