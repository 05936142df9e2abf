/**
 * The options and handlers of a transport client: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { atLeast, choice, duration, integer, onlyKnown } from "../error/option_check.ts";
import type { BackoffConfig } from "./backoff.ts";
import {
  CONNECTION_OPTION_NAMES,
  resolveConnectionOptions,
  type TransportConnectionConfig,
  type TransportConnectionOptions,
} from "./transport_connection_options.ts";
import { checkHandlers, checkUnhandled, type RequestHandler, type UnhandledRequest } from "./transport_delivery.ts";
import type { ClientEvent } from "./transport_event.ts";
import { type ClientPoolConfig, type ClientPoolOptions, resolveClientPool } from "./transport_pool_options.ts";
import { checkProtocol, type TransportProtocol } from "./transport_protocol.ts";

/** What is known of an event, by its kind. */
export type ClientEventOf<K extends ClientEvent["type"]> = Extract<ClientEvent, { readonly type: K }>;

/** What the application does; all of it may be left out. */
export interface TransportClientHandlers {
  /** A connection is open. */
  readonly connected?: (event: ClientEventOf<"connected">) => void;
  /**
   * A message or request of the server came. The promise of a one-way message's handler holds up the reading; requests
   * are handled side by side, and one whose handler fails is answered with `HandlerFailed`.
   */
  readonly messageReceived?: (event: ClientEventOf<"messageReceived">) => unknown;
  /** Messages were handed to the link. */
  readonly messageSent?: (event: ClientEventOf<"messageSent">) => void;
  /** A connection is over. */
  readonly disconnected?: (event: ClientEventOf<"disconnected">) => void;
  /** Something failed that closes nothing: an attempt to connect, a handler. */
  readonly error?: (event: ClientEventOf<"error">) => void;
  /** Answers requests of the server, in place of `messageReceived`. */
  readonly request?: RequestHandler;
}

/** When and how often a client connects again. */
export interface TransportReconnectOptions {
  /** The width in ms of the first window in which the moment of the next attempt is drawn. @default 100 */
  readonly baseMs?: number;
  /** The widest window in ms; each is twice as wide as the one before. @default 10000 */
  readonly maxMs?: number;
  /** How long in ms a connection has to last for the windows to begin anew. @default 5000 */
  readonly stableMs?: number;
  /** How many attempts in a row may fail, at least 0. @default Infinity */
  readonly maxAttempts?: number;
}

/** The options of a transport client. */
export interface TransportClientOptions extends TransportConnectionOptions, TransportClientHandlers {
  /** By which protocol, or by which in this order: the first by which a connection comes about is taken. */
  readonly protocol: TransportProtocol | readonly TransportProtocol[];
  /** How long one attempt to connect by one protocol may take, in ms, at least 1. @default 10000 */
  readonly connectTimeoutMs?: number;
  /**
   * Whether a lost connection is replaced, and when: by full jitter. Whatever is chosen, requests without an answer are
   * rejected with `ClosedError` when their connection is lost and never sent twice, and messages that it had not taken
   * are lost and counted in the event `disconnected`. @default false
   */
  readonly reconnect?: boolean | TransportReconnectOptions;
  /**
   * What becomes of messages and requests while there is no connection and one is to come: they are rejected with
   * `ClosedError`, or wait for it within `maxWaitingBytes`. @default "refuse"
   */
  readonly whileDisconnected?: "refuse" | "wait";
  /** How many connections, and when; messages over several keep no order among each other. @default one */
  readonly pool?: ClientPoolOptions;
  /** What answers a request of the server that nobody handles. @default "refuse" */
  readonly unhandledRequest?: UnhandledRequest;
  /** How many events may wait in `events()` before reading stops, 1 to 2^24. @default 1024 */
  readonly maxEventCount?: number;
  /** How many bytes of messages may wait there before reading stops, at least 1. @default 8388608 */
  readonly maxEventBytes?: number;
  /** Closes the client when it fires. @default none */
  readonly signal?: AbortSignal;
}

/** {@linkcode TransportClientOptions}, complete and checked. */
export interface TransportClientConfig {
  readonly connection: TransportConnectionConfig;
  readonly handlers: TransportClientHandlers;
  readonly protocols: readonly TransportProtocol[];
  readonly connectTimeoutMs: number;
  /** `undefined` where a lost connection is not replaced. */
  readonly reconnect: BackoffConfig | undefined;
  readonly whileDisconnected: "refuse" | "wait";
  readonly pool: ClientPoolConfig;
  readonly unhandledRequest: UnhandledRequest;
  readonly maxEventCount: number;
  readonly maxEventBytes: number;
  readonly signal: AbortSignal | undefined;
}

const HANDLER_NAMES = ["connected", "messageReceived", "messageSent", "disconnected", "error", "request"] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...CONNECTION_OPTION_NAMES,
  ...HANDLER_NAMES,
  "protocol",
  "connectTimeoutMs",
  "reconnect",
  "whileDisconnected",
  "pool",
  "unhandledRequest",
  "maxEventCount",
  "maxEventBytes",
  "signal",
]);

const RECONNECT_NAMES: ReadonlySet<string> = new Set(["baseMs", "maxMs", "stableMs", "maxAttempts"]);

/**
 * Completes and checks the options of a client.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveTransportClientOptions(options: TransportClientOptions): TransportClientConfig {
  onlyKnown("A transport client", options, KNOWN);
  const o = options;
  const pool = resolveClientPool(o.pool);
  const keepAlive = pool.healthCheckIntervalMs === undefined ? {} : { keepAliveMs: pool.healthCheckIntervalMs };
  const protocols = Array.isArray(o.protocol) ? o.protocol as readonly TransportProtocol[] : [o.protocol];
  if (protocols.length === 0) throw new RangeError("A transport client needs at least one protocol");
  for (const one of protocols) checkProtocol(one as TransportProtocol);
  return Object.freeze({
    connection: resolveConnectionOptions({ ...keepAlive, ...o }),
    handlers: checkHandlers<TransportClientHandlers>(o, HANDLER_NAMES),
    protocols: Object.freeze([...protocols]) as readonly TransportProtocol[],
    connectTimeoutMs: integer("connectTimeoutMs", o.connectTimeoutMs, 10_000, 1, 2 ** 31),
    reconnect: resolveReconnect(o.reconnect),
    whileDisconnected: choice("whileDisconnected", o.whileDisconnected, "refuse", ["refuse", "wait"]),
    pool,
    unhandledRequest: checkUnhandled(o.unhandledRequest),
    maxEventCount: integer("maxEventCount", o.maxEventCount, 1024, 1, 2 ** 24),
    maxEventBytes: integer("maxEventBytes", o.maxEventBytes, 8 << 20, 1, 2 ** 40),
    signal: o.signal,
  });
}

function resolveReconnect(given: boolean | TransportReconnectOptions = false): BackoffConfig | undefined {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  onlyKnown("The option reconnect", options, RECONNECT_NAMES);
  const baseMs = duration("baseMs", options.baseMs, 100);
  const maxMs = duration("maxMs", options.maxMs, Math.max(10_000, baseMs));
  if (maxMs < baseMs) throw new RangeError(`The option maxMs must be at least baseMs: got ${maxMs} and ${baseMs}`);
  return Object.freeze({
    baseMs,
    maxMs,
    stableMs: duration("stableMs", options.stableMs, 5000),
    maxAttempts: atLeast("maxAttempts", options.maxAttempts, Infinity, 0),
  });
}
