/**
 * The options of QUIC endpoints: defaults, bounds, and what they mean together.
 *
 * @module
 */
import { duration, integer, onlyKnown } from "../../error/option_check.ts";

/** The options of both sides. */
export interface QuicFabricOptions {
  /** The host name or the IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port, 0 to 65535; 0 listens on a free one. */
  readonly port: number;
  /** The server's certificate in PEM; without it, the fabric only connects. */
  readonly cert?: string;
  /** The private key in PEM. */
  readonly key?: string;
  /** The application protocols that are spoken, the preferred one first; at least one. @default ["msgtrans"] */
  readonly alpnProtocols?: readonly string[];
  /** Certificates in PEM that a client trusts besides those of the runtime. @default [] */
  readonly caCerts?: readonly string[];
  /** The name that the server's certificate must be for. @default `hostname` */
  readonly serverName?: string;
  /** How many streams a client may open on one connection; one carries everything. 1 to 65536. @default 1 */
  readonly maxConcurrentStreamsCount?: number;
  /** After a silence of this length QUIC itself keeps the connection alive, in ms. 0: never. @default 15000 */
  readonly keepAliveIntervalMs?: number;
  /** After a silence of this length QUIC itself gives the connection up, in ms, at least 1. @default 30000 */
  readonly maxIdleMs?: number;
  /** How long a link that has ended may wait for its last bytes to arrive, in ms. @default 2000 */
  readonly lingerMs?: number;
}

/** {@linkcode QuicFabricOptions}, complete and checked. */
export interface QuicConfig {
  readonly hostname: string;
  readonly port: number;
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
  readonly alpnProtocols: readonly string[];
  readonly caCerts: readonly string[];
  readonly serverName: string | undefined;
  readonly maxConcurrentStreamsCount: number;
  readonly keepAliveIntervalMs: number;
  readonly maxIdleMs: number;
  readonly lingerMs: number;
}

const KNOWN: ReadonlySet<string> = new Set([
  "hostname",
  "port",
  "cert",
  "key",
  "alpnProtocols",
  "caCerts",
  "serverName",
  "maxConcurrentStreamsCount",
  "keepAliveIntervalMs",
  "maxIdleMs",
  "lingerMs",
]);

/**
 * Completes and checks the options.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveQuicOptions(options: QuicFabricOptions): QuicConfig {
  onlyKnown("A QUIC endpoint", options, KNOWN);
  const { hostname, cert, key, serverName, alpnProtocols = ["msgtrans"], caCerts = [] } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("The option hostname must be a string that is not empty");
  }
  if ((cert === undefined) !== (key === undefined)) throw new TypeError("The options cert and key belong together");
  if (!isTextList(alpnProtocols)) throw new TypeError("The option alpnProtocols must be an array of strings");
  if (alpnProtocols.length === 0) throw new RangeError("The option alpnProtocols needs at least one protocol");
  if (!isTextList(caCerts)) throw new TypeError("The option caCerts must be an array of strings");
  const maxIdleMs = duration("maxIdleMs", options.maxIdleMs, 30_000);
  if (maxIdleMs < 1) throw new RangeError("The option maxIdleMs must be at least 1");
  return Object.freeze({
    hostname,
    port: integer("port", options.port, 0, 0, 65_535),
    identity: cert === undefined ? undefined : Object.freeze({ cert, key: key! }),
    alpnProtocols: Object.freeze([...alpnProtocols]),
    caCerts: Object.freeze([...caCerts]),
    serverName,
    maxConcurrentStreamsCount: integer(
      "maxConcurrentStreamsCount",
      options.maxConcurrentStreamsCount,
      1,
      1,
      65_536,
    ),
    keepAliveIntervalMs: duration("keepAliveIntervalMs", options.keepAliveIntervalMs, 15_000),
    maxIdleMs,
    lingerMs: duration("lingerMs", options.lingerMs, 2000),
  });
}

/**
 * What QUIC itself is told.
 *
 * @param config The checked options.
 * @returns Its transport options.
 */
export function quicTransport(config: QuicConfig): Deno.QuicTransportOptions {
  const { keepAliveIntervalMs, maxIdleMs, maxConcurrentStreamsCount } = config;
  return {
    ...(keepAliveIntervalMs === 0 ? {} : { keepAliveInterval: keepAliveIntervalMs }),
    maxIdleTimeout: maxIdleMs,
    maxConcurrentBidirectionalStreams: maxConcurrentStreamsCount,
    maxConcurrentUnidirectionalStreams: 0,
  };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
