/**
 * The options of hybrid sockets: those of secure ones, and when which path is taken.
 *
 * @module
 */
import { choice, duration, integer } from "../error/option_check.ts";
import type { TransportMode } from "./hybrid_mode.ts";
import {
  resolveSecureClientOptions,
  type SecureClientConfig,
  type SecureClientOptions,
} from "./secure_client_options.ts";

/** When which path is taken. */
export interface HybridPathOptions {
  /** The path that is used whenever it works; the other one stands in for it. @default "udp" */
  readonly prefer?: TransportMode;
  /** The one path that is ever used. With `"udp"` the TLS link is closed once the session stands. @default both are used */
  readonly only?: TransportMode;
  /**
   * How long datagrams have for their first answer before the stream carries the session, in ms; the round trip that
   * the handshake took counts towards it, so that blocked datagrams cost this much at any distance. 0: the session begins on
   * the stream and moves when datagrams have answered. @default 200
   */
  readonly fallbackDelayMs?: number;
  /**
   * After how many probe timeouts in a row without an answer a path is taken for dark, 1 to 8. A timeout is about a
   * round trip and 25 ms, and doubles each time: 2 of them take about three round trips. @default 2
   */
  readonly darkProbesCount?: number;
  /** How long after a fallback the preferred path is tried again, in ms, from 10 on; doubles with each failure. @default 1000 */
  readonly retryDelayMs?: number;
  /** The longest time between two such attempts, in ms. @default 30000 */
  readonly maxRetryDelayMs?: number;
  /**
   * After how many ms a byte goes by the TLS link while it is idle, so that translators keep it. 0: never. @default 30000
   */
  readonly streamKeepAliveMs?: number;
}

/** The options of a hybrid client. */
export interface HybridClientOptions extends SecureClientOptions, HybridPathOptions {
  /**
   * After how many ms of silence the server is asked whether it is there: a client that only listens notices so late that
   * datagrams are dark. 0: never. @default 5000, or half of `idleTimeoutMs`
   */
  readonly keepAliveMs?: number;
}

/** {@linkcode HybridPathOptions}, complete and checked. */
export interface HybridPathConfig {
  /** The path that is used whenever it works. */
  readonly wanted: TransportMode;
  /** Whether the other one stands in for it. */
  readonly isHybrid: boolean;
  /** How long datagrams have for their first answer. */
  readonly fallbackDelayMs: number;
  /** After how many unanswered probes a path is dark. */
  readonly darkProbesCount: number;
  /** How long after a fallback the wanted path is tried again. */
  readonly retryDelayMs: number;
  /** The longest time between two such attempts. */
  readonly maxRetryDelayMs: number;
  /** After how many ms the idle TLS link is used. */
  readonly streamKeepAliveMs: number;
}

/** The configuration of a hybrid client. */
export interface HybridClientConfig {
  /** What a secure client is made of. */
  readonly secure: SecureClientConfig;
  /** When which path is taken. */
  readonly paths: HybridPathConfig;
}

const MODES = ["udp", "tcp"] as const;
const NAMES = [
  "prefer",
  "only",
  "fallbackDelayMs",
  "darkProbesCount",
  "retryDelayMs",
  "maxRetryDelayMs",
  "streamKeepAliveMs",
] as const;
const KEEP_ALIVE_MS = 5000;

/**
 * Completes and checks the options of a hybrid client.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown, or options exclude each other.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveHybridClientOptions(options: HybridClientOptions): HybridClientConfig {
  if (typeof options !== "object" || options === null) throw new TypeError("The options must be an object");
  const rest: Record<string, unknown> = { ...options };
  for (const name of NAMES) delete rest[name];
  const { idleTimeoutMs } = options;
  if (rest.keepAliveMs === undefined) {
    const isShort = typeof idleTimeoutMs === "number" && idleTimeoutMs > 0 && idleTimeoutMs / 2 < KEEP_ALIVE_MS;
    rest.keepAliveMs = isShort ? idleTimeoutMs / 2 : KEEP_ALIVE_MS;
  }
  const paths = resolvePaths(options);
  const secure = resolveSecureClientOptions(rest as unknown as SecureClientOptions);
  if (options.only === "tcp" && options.ticket !== undefined) {
    throw new TypeError('The options ticket and only: "tcp" exclude each other: a session is resumed by datagrams');
  }
  return Object.freeze({ secure, paths });
}

function resolvePaths(o: HybridPathOptions): HybridPathConfig {
  const prefer = choice("prefer", o.prefer, "udp", MODES);
  const only = o.only === undefined ? undefined : choice("only", o.only, "udp", MODES);
  if (only !== undefined && o.prefer !== undefined && prefer !== only) {
    throw new TypeError(`The options prefer: "${prefer}" and only: "${only}" contradict each other`);
  }
  const retryDelayMs = duration("retryDelayMs", o.retryDelayMs, 1000);
  const maxRetryDelayMs = duration("maxRetryDelayMs", o.maxRetryDelayMs, Math.max(30_000, retryDelayMs));
  if (retryDelayMs < 10) throw new RangeError(`The option retryDelayMs must be at least 10: got ${retryDelayMs}`);
  if (maxRetryDelayMs < retryDelayMs) {
    throw new RangeError(`The option maxRetryDelayMs must be at least retryDelayMs: got ${maxRetryDelayMs}`);
  }
  return Object.freeze({
    wanted: only ?? prefer,
    isHybrid: only === undefined,
    fallbackDelayMs: duration("fallbackDelayMs", o.fallbackDelayMs, 200),
    darkProbesCount: integer("darkProbesCount", o.darkProbesCount, 2, 1, 8),
    retryDelayMs,
    maxRetryDelayMs,
    streamKeepAliveMs: duration("streamKeepAliveMs", o.streamKeepAliveMs, 30_000),
  });
}
