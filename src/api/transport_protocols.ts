/**
 * The protocols of transport servers and clients: each function only collects options for a fabric.
 *
 * One and the same value serves both sides: a server listens on its address, a client connects to it.
 *
 * @module
 */
import { quicFabric, type QuicFabricOptions } from "../io/quic/quic_fabric.ts";
import type { StreamListener } from "../transport/stream_link.ts";
import type { MemoryNetwork } from "../io/memory/memory_network.ts";
import { tcpFabric, type TcpFabricOptions } from "../io/tcp/tcp_fabric.ts";
import { onlyKnown } from "../error/option_check.ts";
import { tlsFabric } from "../io/tls/tls_fabric.ts";
import type { TlsConnectOptions } from "../io/tls/tls_connect_options.ts";
import type { TlsListenOptions } from "../io/tls/tls_listen_options.ts";
import { unixStreamFabric } from "../io/unix/unix_stream_fabric.ts";
import { webSocketFabric, type WebSocketFabricOptions } from "../io/websocket/web_socket_fabric.ts";
import type { MessageListener } from "../transport/message_link.ts";
import { certificateFiles } from "../runtime/transport_certificate_files.ts";
import { splitLimits } from "../runtime/transport_protocol_options.ts";
import { SECURE_FABRIC_NAMES, secureFabric, type SecureFabricOptions } from "../runtime/transport_secure_fabric.ts";
import {
  framedStreamProtocol,
  messageProtocol,
  type ProtocolLimits,
  streamProtocol,
  type TransportProtocol,
} from "../runtime/transport_protocol.ts";

/** The options of {@linkcode tcp}. */
export interface TcpProtocolOptions extends ProtocolLimits, Omit<TcpFabricOptions, "sharePort"> {
  /**
   * Whether another server of the same user may listen on the same address at the same time, so that a new process takes
   * over while the old one drains. Only Linux can. @default false
   */
  readonly reuseAddress?: boolean;
}

/**
 * Framed TCP.
 *
 * @param options The address as `host:port`, or with options.
 * @returns The protocol `tcp`.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function tcp(options: string | TcpProtocolOptions): TransportProtocol {
  const { limits, rest } = splitLimits<TcpProtocolOptions>("tcp()", options, [
    "noDelay",
    "keepAlive",
    "backlogCount",
    "reuseAddress",
  ]);
  const { reuseAddress, ...fabric } = rest;
  const sharing = reuseAddress === undefined ? {} : { sharePort: reuseAddress };
  return streamProtocol("tcp", tcpFabric({ ...fabric, ...sharing }), limits);
}

/** The options of {@linkcode tls}. */
export interface TlsProtocolOptions extends TcpProtocolOptions {
  /** As whom a server listens. @default it only connects */
  readonly listen?: TlsListenOptions;
  /** A file with the server's certificate in PEM, in place of `listen.cert`; read when the server starts. */
  readonly certPath?: string;
  /** A file with the private key in PEM. */
  readonly keyPath?: string;
  /** How a client knows the server. @default by the certificates that the runtime trusts */
  readonly connect?: Omit<TlsConnectOptions, "hostname" | "port">;
}

/**
 * TLS 1.3 over TCP.
 *
 * @param options The address, as whom to listen, and how to know the server.
 * @returns The protocol `tls`.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function tls(options: TlsProtocolOptions): TransportProtocol {
  const names = [
    "noDelay",
    "keepAlive",
    "backlogCount",
    "reuseAddress",
    "listen",
    "certPath",
    "keyPath",
    "connect",
  ] as const;
  const { limits, rest } = splitLimits<TlsProtocolOptions>("tls()", options, names);
  const { reuseAddress, listen, certPath, keyPath, connect, ...tcpOptions } = rest;
  const sharing = reuseAddress === undefined ? {} : { sharePort: reuseAddress };
  const raw = tcpFabric({ ...tcpOptions, ...sharing });
  const connecting = connect === undefined ? {} : { connect };
  if (certPath === undefined && keyPath === undefined) {
    return streamProtocol("tls", tlsFabric(raw, listen === undefined ? connecting : { ...connecting, listen }), limits);
  }
  const files = certificateFiles(certPath, keyPath);
  const listenWith = (): TlsListenOptions => ({ ...listen, ...files() });
  const client = tlsFabric(raw, connecting);
  const fabric = { ...client, listen: () => tlsFabric(raw, { listen: listenWith() }).listen() };
  return streamProtocol("tls", fabric, limits);
}

/** The options of {@linkcode webSocket}. */
export interface WebSocketProtocolOptions extends ProtocolLimits, Omit<WebSocketFabricOptions, "maxMessageBytes"> {
  /** The largest message that is taken, in bytes, headers included. @default 16777216 */
  readonly maxFrameBytes?: number;
  /** A file with the server's certificate in PEM, for `wss`; read when the server starts. */
  readonly certPath?: string;
  /** A file with the private key in PEM. */
  readonly keyPath?: string;
}

/**
 * WebSocket: one packet in one binary message. The server is that of the package `ws` over `node:http`, the client the
 * platform's own.
 *
 * @param options The address as `host:port`, or with path, subprotocols, origins and limits.
 * @returns The protocol `websocket`.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function webSocket(options: string | WebSocketProtocolOptions): TransportProtocol {
  const { limits, rest } = splitLimits<WebSocketProtocolOptions>("webSocket()", options, WEB_SOCKET_NAMES);
  const { maxFrameBytes, certPath, keyPath, ...fabricOptions } = rest;
  const bounded = maxFrameBytes === undefined ? fabricOptions : { ...fabricOptions, maxMessageBytes: maxFrameBytes };
  const fabric = webSocketFabric(bounded);
  if (certPath === undefined && keyPath === undefined) return messageProtocol("websocket", fabric, limits);
  const files = certificateFiles(certPath, keyPath);
  const listen = (): MessageListener => webSocketFabric({ ...bounded, ...files() }).listen();
  return messageProtocol("websocket", { ...fabric, listen }, limits);
}

const WEB_SOCKET_NAMES = [
  "path",
  "subprotocols",
  "maxFrameBytes",
  "maxQueuedBytes",
  "origins",
  "cert",
  "key",
  "certPath",
  "keyPath",
  "handshakeTimeoutMs",
  "maxWaitingLinksCount",
  "secure",
  "headers",
] as const;

/** The options of {@linkcode quic}. */
export interface QuicProtocolOptions extends ProtocolLimits, QuicFabricOptions {
  /** A file with the server's certificate in PEM, in place of `cert`; read when the server starts. */
  readonly certPath?: string;
  /** A file with the private key in PEM. */
  readonly keyPath?: string;
}

/**
 * QUIC: one long-lived stream a connection. It needs Deno's flag `--unstable-net`; without it `listen` and `connect` fail
 * with a `ResourceError` that says so. A server can send from the client's first message on.
 *
 * @param options The address as `host:port`, or with certificates and limits.
 * @returns The protocol `quic`.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function quic(options: string | QuicProtocolOptions): TransportProtocol {
  const { limits, rest } = splitLimits<QuicProtocolOptions>("quic()", options, QUIC_NAMES);
  const { certPath, keyPath, ...fabricOptions } = rest;
  const fabric = quicFabric(fabricOptions);
  if (certPath === undefined && keyPath === undefined) return framedStreamProtocol("quic", fabric, limits);
  const files = certificateFiles(certPath, keyPath);
  const listen = (): StreamListener => quicFabric({ ...fabricOptions, ...files() }).listen();
  return framedStreamProtocol("quic", { ...fabric, listen }, limits);
}

const QUIC_NAMES = [
  "cert",
  "key",
  "certPath",
  "keyPath",
  "alpnProtocols",
  "caCerts",
  "serverName",
  "maxConcurrentStreamsCount",
  "keepAliveIntervalMs",
  "maxIdleMs",
  "lingerMs",
] as const;

/** The options of {@linkcode secure}. */
export interface SecureProtocolOptions extends ProtocolLimits, SecureFabricOptions {
  /**
   * The largest payload in bytes by this protocol, 1 to 2^28; both ends are to say the same. A session's window follows
   * it: a peer may have twice as much under way to an end that does not read. @default 1048576
   */
  readonly maxPayloadBytes?: number;
  /** A file with the server's certificate in PEM, in place of `cert`; read when the server starts. */
  readonly certPath?: string;
  /** A file with the private key in PEM. */
  readonly keyPath?: string;
}

/**
 * Encrypted UDP: each connection is a session of a `SecureSocket`, and each packet one message of its channel 0, which
 * delivers all of them in order. Keys come out of TLS 1.3 on the TCP port; the session goes on when the client's address
 * changes. A connection ends both ways at once: what the other end had not sent by then is lost, as with WebSocket.
 *
 * @param options The address, as whom to listen, and how to know the server.
 * @returns The protocol `secure`. `server.port("secure")` is the TCP port, to which clients connect.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function secure(options: SecureProtocolOptions): TransportProtocol {
  const { limits, rest } = splitLimits<SecureProtocolOptions>("secure()", options, SECURE_NAMES);
  const { certPath, keyPath, ...fabricOptions } = rest;
  const maxPayloadBytes = limits.maxPayloadBytes ?? 1 << 20;
  const bounded = { ...limits, maxPayloadBytes };
  const fabric = secureFabric(fabricOptions, maxPayloadBytes);
  if (certPath === undefined && keyPath === undefined) return messageProtocol("secure", fabric, bounded);
  const files = certificateFiles(certPath, keyPath);
  const listen = (): MessageListener => secureFabric({ ...fabricOptions, ...files() }, maxPayloadBytes).listen();
  return messageProtocol("secure", { ...fabric, listen }, bounded);
}

const SECURE_NAMES = [...SECURE_FABRIC_NAMES, "certPath", "keyPath"] as const;

/** The options of {@linkcode unix}. */
export interface UnixProtocolOptions extends ProtocolLimits {
  /** The path of the socket, at most 103 bytes. A server takes it away again when it stops. */
  readonly path: string;
}

/**
 * Unix sockets, between processes of one machine. Needs the permissions to read and to write the path, and `--allow-net`.
 * Who may connect is decided by the rights of its folder; all clients count as one address.
 *
 * @param options The path, or with limits.
 * @returns The protocol `unix`.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function unix(options: string | UnixProtocolOptions): TransportProtocol {
  if (typeof options === "string") return unix({ path: options });
  onlyKnown("unix()", options, UNIX_NAMES);
  const { path, ...limits } = options;
  return streamProtocol("unix", unixStreamFabric(path), limits);
}

const UNIX_NAMES: ReadonlySet<string> = new Set([
  "path",
  "maxConnectionCount",
  "maxPayloadBytes",
  "keepAliveMs",
  "connectTimeoutMs",
]);

/**
 * Links inside one thread, for tests and for parts of one program.
 *
 * @param network Where the name means something.
 * @param name What the server is called there.
 * @param limits What the protocol says for itself.
 * @returns The protocol `memory`.
 */
export function memory(network: MemoryNetwork, name: string, limits: ProtocolLimits = {}): TransportProtocol {
  return streamProtocol("memory", network.fabric(name), limits);
}
