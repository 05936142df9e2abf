/**
 * Collects the options of a transport server, one call at a time.
 *
 * @module
 */
import type { TransportConnectionOptions } from "../runtime/transport_connection_options.ts";
import type { ServerPoolOptions } from "../runtime/transport_pool_options.ts";
import type { TransportProtocol } from "../runtime/transport_protocol.ts";
import type {
  SessionMiddleware,
  TransportServerHandlers,
  TransportServerOptions,
} from "../runtime/transport_server_options.ts";
import { type ProtocolConfig, protocolOf } from "./transport_configs.ts";
import { TransportServer } from "./transport_server.ts";

/** The options that have no method of their own. */
export type OtherServerOptions = Omit<TransportServerOptions, "protocols">;

/**
 * A builder of transport servers; what it makes could as well be made by `TransportServer.listen`.
 *
 * @example
 * ```ts
 * import { tcp, TransportServerBuilder, webSocket } from "./transport_mod.ts";
 *
 * const server = await new TransportServerBuilder()
 *   .withProtocol(tcp("127.0.0.1:0"))
 *   .withProtocol(webSocket({ hostname: "127.0.0.1", port: 0, path: "/ws" }))
 *   .maxConnections(10_000)
 *   .build();
 * await server.close();
 * ```
 */
export class TransportServerBuilder {
  readonly #protocols: TransportProtocol[] = [];
  readonly #middleware: SessionMiddleware[] = [];
  #options: OtherServerOptions = {};

  /**
   * Adds a protocol; a server has one or more.
   *
   * @param protocol What `tcp()`, `webSocket()` and their kin make, or a configuration.
   * @returns This builder.
   */
  withProtocol(protocol: TransportProtocol | ProtocolConfig): this {
    this.#protocols.push(protocolOf(protocol));
    return this;
  }

  /**
   * Adds middleware, behind what was added before.
   *
   * @param middleware Looks at each connection before its first message.
   * @returns This builder.
   */
  withMiddleware(middleware: SessionMiddleware): this {
    this.#middleware.push(middleware);
    return this;
  }

  /**
   * Sets the handlers, in place of those with the same name.
   *
   * @param handlers What the application does.
   * @returns This builder.
   */
  withHandlers(handlers: TransportServerHandlers): this {
    return this.withOptions(handlers);
  }

  /**
   * Sets how many connections there may be.
   *
   * @param count How many.
   * @returns This builder.
   */
  maxConnections(count: number): this {
    return this.withOptions({ maxConnectionCount: count });
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
   * Sets the bounds and upkeep of the connections as a whole.
   *
   * @param pool The options.
   * @returns This builder.
   */
  connectionPoolConfig(pool: ServerPoolOptions): this {
    return this.withOptions({ pool });
  }

  /**
   * Sets how long a shutdown lets connections finish.
   *
   * @param ms The time in ms.
   * @returns This builder.
   */
  gracefulShutdownTimeout(ms: number): this {
    return this.withOptions({ gracefulShutdownTimeoutMs: ms });
  }

  /**
   * Sets any other options, in place of those with the same name.
   *
   * @param options The options.
   * @returns This builder.
   */
  withOptions(options: OtherServerOptions): this {
    this.#options = { ...this.#options, ...options };
    return this;
  }

  /**
   * Makes the server, which listens then.
   *
   * @returns The server; rejects as `TransportServer.listen` does.
   */
  build(): Promise<TransportServer> {
    const middleware = [...this.#options.middleware ?? [], ...this.#middleware];
    return TransportServer.listen({ ...this.#options, middleware, protocols: this.#protocols });
  }
}
