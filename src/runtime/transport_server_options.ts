/**
 * The options and handlers of a transport server: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { atLeast, duration, integer, onlyKnown } from "../error/option_check.ts";
import { addressHost } from "../transport/address.ts";
import {
  CONNECTION_OPTION_NAMES,
  resolveConnectionOptions,
  type TransportConnectionConfig,
  type TransportConnectionOptions,
} from "./transport_connection_options.ts";
import { checkHandlers, checkUnhandled, type RequestHandler, type UnhandledRequest } from "./transport_delivery.ts";
import type { ServerEvent } from "./transport_event.ts";
import type { PendingSession } from "./transport_pending_session.ts";
import { resolveServerPool, type ServerPoolConfig, type ServerPoolOptions } from "./transport_pool_options.ts";
import { checkProtocol, type TransportProtocol } from "./transport_protocol.ts";

/** What is known of an event, by its kind. */
export type ServerEventOf<K extends ServerEvent["type"]> = Extract<ServerEvent, { readonly type: K }>;

/** What the application does; all of it may be left out. */
export interface TransportServerHandlers {
  /** A connection is open and let in. */
  readonly connectionEstablished?: (event: ServerEventOf<"connectionEstablished">) => void;
  /**
   * A message or request came. The promise of a one-way message's handler holds up the reading of its connection;
   * requests are handled side by side. A handler of a request that throws, or whose promise is rejected, answers with
   * `HandlerFailed`.
   */
  readonly messageReceived?: (event: ServerEventOf<"messageReceived">) => unknown;
  /** Messages were handed to the link. */
  readonly messageSent?: (event: ServerEventOf<"messageSent">) => void;
  /** A connection is over. */
  readonly connectionClosed?: (event: ServerEventOf<"connectionClosed">) => void;
  /** Something failed that closes nothing but what it says. */
  readonly transportError?: (event: ServerEventOf<"transportError">) => void;
  /**
   * Answers requests, in place of `messageReceived`: what it returns is the answer; `undefined` where it has answered
   * with `respond` itself, or will.
   */
  readonly request?: RequestHandler;
}

/**
 * Looks at a connection before its first message reaches the application: it may read from it, write to it, and keep what
 * it found out. It throws, or its promise is rejected, to turn the connection away with `NotAuthorized`.
 */
export type SessionMiddleware = (session: PendingSession) => unknown;

/** The options of a transport server. */
export interface TransportServerOptions extends TransportConnectionOptions, TransportServerHandlers {
  /** By which protocols clients come; at least one. */
  readonly protocols: readonly TransportProtocol[];
  /** How many connections there may be, 1 to 2^24; one more is turned away. @default 10000 */
  readonly maxConnectionCount?: number;
  /** How many connections one host may have, 1 to 2^24. @default no limit of its own */
  readonly maxConnectionsPerAddressCount?: number;
  /** How many connections one host may make a second, at least 0.001; as many at once. @default Infinity */
  readonly connectionsPerSecondPerAddress?: number;
  /**
   * How many messages all connections of one host may send a second, at least 0.001; as many at once. Who sends more is
   * read from more slowly; nothing is lost. @default Infinity
   */
  readonly messagesPerSecondPerAddress?: number;
  /** Looks at each connection before its first message, one after another. @default [] */
  readonly middleware?: readonly SessionMiddleware[];
  /** How long all middleware together may take for a connection, in ms, at least 1. @default 5000 */
  readonly middlewareTimeoutMs?: number;
  /** What answers a request that nobody handles. @default "refuse" */
  readonly unhandledRequest?: UnhandledRequest;
  /** How many events may wait in `events()` before reading stops, 1 to 2^24. @default 1024 */
  readonly maxEventCount?: number;
  /** How many bytes of messages may wait there before reading stops, at least 1. @default 8388608 */
  readonly maxEventBytes?: number;
  /** How long `shutdown()` lets connections finish what they have begun, in ms. @default 30000 */
  readonly gracefulShutdownTimeoutMs?: number;
  /** Bounds and upkeep of the connections as a whole. @default none of its own */
  readonly pool?: ServerPoolOptions;
  /** Shuts the server down when it fires. @default none */
  readonly signal?: AbortSignal;
}

/** {@linkcode TransportServerOptions}, complete and checked. */
export interface TransportServerConfig {
  readonly connection: TransportConnectionConfig;
  readonly handlers: TransportServerHandlers;
  readonly protocols: readonly TransportProtocol[];
  readonly maxConnectionCount: number;
  readonly maxConnectionsPerAddressCount: number;
  readonly connectionsPerSecond: number;
  readonly messagesPerSecond: number;
  readonly middleware: readonly SessionMiddleware[];
  readonly middlewareTimeoutMs: number;
  readonly unhandledRequest: UnhandledRequest;
  readonly maxEventCount: number;
  readonly maxEventBytes: number;
  readonly gracefulShutdownTimeoutMs: number;
  readonly pool: ServerPoolConfig;
  readonly signal: AbortSignal | undefined;
}

const HANDLER_NAMES = [
  "connectionEstablished",
  "messageReceived",
  "messageSent",
  "connectionClosed",
  "transportError",
  "request",
] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...CONNECTION_OPTION_NAMES,
  ...HANDLER_NAMES,
  "protocols",
  "maxConnectionCount",
  "maxConnectionsPerAddressCount",
  "connectionsPerSecondPerAddress",
  "messagesPerSecondPerAddress",
  "middleware",
  "middlewareTimeoutMs",
  "unhandledRequest",
  "maxEventCount",
  "maxEventBytes",
  "gracefulShutdownTimeoutMs",
  "pool",
  "signal",
]);

const LEAST_RATE = 0.001;

/**
 * Completes and checks the options of a server.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveTransportServerOptions(options: TransportServerOptions): TransportServerConfig {
  onlyKnown("A transport server", options, KNOWN);
  const o = options;
  const pool = resolveServerPool(o.pool);
  const keepAlive = pool.healthCheckIntervalMs === undefined ? {} : { keepAliveMs: pool.healthCheckIntervalMs };
  const idle = pool.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: pool.idleTimeoutMs };
  const most = integer("maxConnectionCount", o.maxConnectionCount, 10_000, 1, 2 ** 24);
  return Object.freeze({
    connection: resolveConnectionOptions({ ...keepAlive, ...idle, ...o }),
    handlers: checkHandlers<TransportServerHandlers>(o, HANDLER_NAMES),
    protocols: checkProtocols(o.protocols),
    maxConnectionCount: Math.min(most, pool.maxSize ?? most),
    maxConnectionsPerAddressCount: integer(
      "maxConnectionsPerAddressCount",
      o.maxConnectionsPerAddressCount,
      2 ** 24,
      1,
      2 ** 24,
    ),
    connectionsPerSecond: atLeast(
      "connectionsPerSecondPerAddress",
      o.connectionsPerSecondPerAddress,
      Infinity,
      LEAST_RATE,
    ),
    messagesPerSecond: atLeast("messagesPerSecondPerAddress", o.messagesPerSecondPerAddress, Infinity, LEAST_RATE),
    middleware: checkMiddleware(o.middleware),
    middlewareTimeoutMs: integer("middlewareTimeoutMs", o.middlewareTimeoutMs, 5000, 1, 2 ** 31),
    unhandledRequest: checkUnhandled(o.unhandledRequest),
    maxEventCount: integer("maxEventCount", o.maxEventCount, 1024, 1, 2 ** 24),
    maxEventBytes: integer("maxEventBytes", o.maxEventBytes, 8 << 20, 1, 2 ** 40),
    gracefulShutdownTimeoutMs: duration("gracefulShutdownTimeoutMs", o.gracefulShutdownTimeoutMs, 30_000),
    pool,
    signal: o.signal,
  });
}

function checkProtocols(protocols: readonly TransportProtocol[]): readonly TransportProtocol[] {
  if (!Array.isArray(protocols)) throw new TypeError("The option protocols must be an array of protocols");
  if (protocols.length === 0) throw new RangeError("A transport server needs at least one protocol");
  const places = new Set<string>();
  for (const one of protocols as readonly TransportProtocol[]) {
    checkProtocol(one);
    const { target } = one;
    const place = `${target.transport} ${addressHost(target)} ${"port" in target ? target.port : ""}`;
    const isFree = "port" in target && target.port === 0;
    if (!isFree && places.has(place)) throw new RangeError(`Two protocols cannot listen on the same place: ${place}`);
    places.add(place);
  }
  return Object.freeze([...protocols]);
}

function checkMiddleware(middleware: readonly SessionMiddleware[] = []): readonly SessionMiddleware[] {
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== "function")) {
    throw new TypeError("The option middleware must be an array of functions");
  }
  return Object.freeze([...middleware]);
}
