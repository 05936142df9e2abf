/**
 * The protocol configurations of msgtrans under their own names: objects that collect options, `with…` by `with…`, and
 * make the same protocols as `tcp()`, `webSocket()` and `quic()`.
 *
 * Every `with…` returns a new configuration; the one that it was called on stays as it is.
 *
 * @module
 */
import { targetOf } from "../runtime/transport_protocol_options.ts";
import type { TransportProtocol } from "../runtime/transport_protocol.ts";
import {
  quic,
  type QuicProtocolOptions,
  tcp,
  type TcpProtocolOptions,
  webSocket,
  type WebSocketProtocolOptions,
} from "./transport_protocols.ts";

/** What a builder takes besides a protocol: something that makes one. */
export interface ProtocolConfig {
  /**
   * Makes the protocol.
   *
   * @returns It.
   */
  toProtocol(): TransportProtocol;
}

/**
 * TCP, for servers and clients alike.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const config = new TcpConfig("127.0.0.1:8001").withKeepalive(60_000).withNodelay(true);
 * assertEquals(config.toProtocol().keepAliveMs, 60_000);
 * ```
 */
export class TcpConfig implements ProtocolConfig {
  readonly #options: TcpProtocolOptions;

  /**
   * Makes a configuration.
   *
   * @param address `host:port`.
   * @param options What is chosen already.
   * @throws {TypeError} When the address is no such text.
   */
  constructor(address: string, options: Partial<TcpProtocolOptions> = {}) {
    this.#options = { ...targetOf(address), ...options };
  }

  /** Sets how many connections a server takes by it. */
  withMaxConnections(count: number): TcpConfig {
    return this.#with({ maxConnectionCount: count });
  }

  /** Sets after which silence a peer is asked whether it is there, in ms. */
  withKeepalive(ms: number): TcpConfig {
    return this.#with({ keepAliveMs: ms });
  }

  /** Sets how long one attempt of a client to connect may take, in ms. */
  withTimeout(ms: number): TcpConfig {
    return this.#with({ connectTimeoutMs: ms });
  }

  /** Sets whether a small write goes out at once. */
  withNodelay(isOn: boolean): TcpConfig {
    return this.#with({ noDelay: isOn });
  }

  /** Sets whether another server may listen on the same address at the same time. */
  withReuseAddr(isOn: boolean): TcpConfig {
    return this.#with({ reuseAddress: isOn });
  }

  /** Makes the protocol. */
  toProtocol(): TransportProtocol {
    return tcp(this.#options);
  }

  #with(more: Partial<TcpProtocolOptions>): TcpConfig {
    return new TcpConfig(addressOf(this.#options), { ...this.#options, ...more });
  }
}

/** WebSocket, for servers and clients alike. */
export class WebSocketConfig implements ProtocolConfig {
  readonly #options: WebSocketProtocolOptions;

  /**
   * Makes a configuration.
   *
   * @param address `host:port`.
   * @param options What is chosen already.
   * @throws {TypeError} When the address is no such text.
   */
  constructor(address: string, options: Partial<WebSocketProtocolOptions> = {}) {
    this.#options = { ...targetOf(address), ...options };
  }

  /** Sets the path. */
  withPath(path: string): WebSocketConfig {
    return this.#with({ path });
  }

  /** Sets the largest message that is taken, in bytes. */
  withMaxFrameSize(bytes: number): WebSocketConfig {
    return this.#with({ maxFrameBytes: bytes });
  }

  /** Sets how many connections a server takes by it. */
  withMaxConnections(count: number): WebSocketConfig {
    return this.#with({ maxConnectionCount: count });
  }

  /** Makes the protocol. */
  toProtocol(): TransportProtocol {
    return webSocket(this.#options);
  }

  #with(more: Partial<WebSocketProtocolOptions>): WebSocketConfig {
    return new WebSocketConfig(addressOf(this.#options), { ...this.#options, ...more });
  }
}

/** QUIC, for servers and clients alike. */
export class QuicConfig implements ProtocolConfig {
  readonly #options: QuicProtocolOptions;

  /**
   * Makes a configuration.
   *
   * @param address `host:port`.
   * @param options What is chosen already.
   * @throws {TypeError} When the address is no such text.
   */
  constructor(address: string, options: Partial<QuicProtocolOptions> = {}) {
    this.#options = { ...targetOf(address), ...options };
  }

  /** Sets the file with the server's certificate. */
  withCertPath(path: string): QuicConfig {
    return this.#with({ certPath: path });
  }

  /** Sets the file with the private key. */
  withKeyPath(path: string): QuicConfig {
    return this.#with({ keyPath: path });
  }

  /** Sets the application protocols, the preferred one first. */
  withAlpn(protocols: readonly string[]): QuicConfig {
    return this.#with({ alpnProtocols: protocols });
  }

  /** Sets the name that the server's certificate must be for. */
  withServerName(name: string): QuicConfig {
    return this.#with({ serverName: name });
  }

  /** Sets how many streams a client may open on one connection. */
  withMaxConcurrentStreams(count: number): QuicConfig {
    return this.#with({ maxConcurrentStreamsCount: count });
  }

  /** Makes the protocol. */
  toProtocol(): TransportProtocol {
    return quic(this.#options);
  }

  #with(more: Partial<QuicProtocolOptions>): QuicConfig {
    return new QuicConfig(addressOf(this.#options), { ...this.#options, ...more });
  }
}

/**
 * The protocol of what a builder was given.
 *
 * @param value A protocol, or what makes one.
 * @returns The protocol.
 */
export function protocolOf(value: TransportProtocol | ProtocolConfig): TransportProtocol {
  return "toProtocol" in value ? value.toProtocol() : value;
}

function addressOf({ hostname, port }: { readonly hostname: string; readonly port: number }): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
