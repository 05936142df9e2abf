/**
 * The options of connection pools, of servers and of clients.
 *
 * @module
 */
import { choice, duration, integer, onlyKnown } from "../error/option_check.ts";

/** Bounds and upkeep of a server's connections as a whole. */
export interface ServerPoolOptions {
  /**
   * What happens to a client that comes when `maxSize` connections are open: it is turned away (`fixed`), or takes the
   * place of the connection that has been silent for longest, if that is for `idleTimeoutMs` at least (`adaptive`).
   * @default "fixed"
   */
  readonly kind?: "fixed" | "adaptive";
  /** For how many connections memory is laid by at the start, 0 to 65536. @default 0 */
  readonly initialSize?: number;
  /** How many connections there may be, 1 to 2^24. @default `maxConnectionCount` */
  readonly maxSize?: number;
  /**
   * `fixed`: closes a connection from which nothing came for this long, in ms. `adaptive`: after such a silence it may
   * have to give up its place. 0: never. @default `idleTimeoutMs` for `fixed`, 0 for `adaptive`
   */
  readonly idleTimeoutMs?: number;
  /** After a silence of this length a client is asked whether it is there, in ms. @default `keepAliveMs` */
  readonly healthCheckIntervalMs?: number;
}

/** {@linkcode ServerPoolOptions}, checked. */
export interface ServerPoolConfig {
  readonly kind: "fixed" | "adaptive";
  readonly initialSize: number;
  readonly maxSize: number | undefined;
  /** The idle timeout of the connections; `undefined` where the pool says nothing. */
  readonly idleTimeoutMs: number | undefined;
  /** From which silence on a connection may have to give up its place; `Infinity`: never. */
  readonly evictAfterMs: number;
  readonly healthCheckIntervalMs: number | undefined;
}

/** How many connections a client has, and when. */
export interface ClientPoolOptions {
  /**
   * `fixed`: as many as `maxSize`, always. `adaptive`: from `initialSize` on, one more while each has `growAtCount`
   * requests without an answer or no room in its queue; those beyond that are idle for `idleTimeoutMs` are closed.
   * @default "fixed"
   */
  readonly kind?: "fixed" | "adaptive";
  /** How many connections are opened at once, 1 to 1024. @default 1 for `adaptive`, `maxSize` for `fixed` */
  readonly initialSize?: number;
  /** How many connections there may be, 1 to 1024. @default 1 for `fixed`, 8 for `adaptive` */
  readonly maxSize?: number;
  /** With so many requests without an answer on every connection, another one is opened, at least 1. @default 64 */
  readonly growAtCount?: number;
  /** How long a connection beyond `initialSize` may be idle, in ms. @default 60000 */
  readonly idleTimeoutMs?: number;
  /** After a silence of this length the server is asked whether it is there, in ms. @default `keepAliveMs` */
  readonly healthCheckIntervalMs?: number;
}

/** {@linkcode ClientPoolOptions}, complete and checked. */
export interface ClientPoolConfig {
  readonly kind: "fixed" | "adaptive";
  readonly initialSize: number;
  readonly maxSize: number;
  readonly growAtCount: number;
  readonly idleTimeoutMs: number;
  readonly healthCheckIntervalMs: number | undefined;
}

const SERVER_NAMES: ReadonlySet<string> = new Set([
  "kind",
  "initialSize",
  "maxSize",
  "idleTimeoutMs",
  "healthCheckIntervalMs",
]);
const CLIENT_NAMES: ReadonlySet<string> = new Set([...SERVER_NAMES, "growAtCount"]);

/**
 * Checks the options of a server's pool.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveServerPool(options: ServerPoolOptions = {}): ServerPoolConfig {
  onlyKnown("A server's pool", options, SERVER_NAMES);
  const kind = choice("kind", options.kind, "fixed", ["fixed", "adaptive"]);
  const idle = optionalDuration("idleTimeoutMs", options.idleTimeoutMs);
  return Object.freeze({
    kind,
    initialSize: integer("initialSize", options.initialSize, 0, 0, 65_536),
    maxSize: options.maxSize === undefined ? undefined : integer("maxSize", options.maxSize, 1, 1, 2 ** 24),
    idleTimeoutMs: kind === "fixed" ? idle : undefined,
    evictAfterMs: kind === "adaptive" && idle !== undefined && idle > 0 ? idle : Infinity,
    healthCheckIntervalMs: optionalDuration("healthCheckIntervalMs", options.healthCheckIntervalMs),
  });
}

/**
 * Completes and checks the options of a client's pool.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveClientPool(options: ClientPoolOptions = {}): ClientPoolConfig {
  onlyKnown("A client's pool", options, CLIENT_NAMES);
  const kind = choice("kind", options.kind, "fixed", ["fixed", "adaptive"]);
  const maxSize = integer("maxSize", options.maxSize, kind === "fixed" ? options.initialSize ?? 1 : 8, 1, 1024);
  const initialSize = integer("initialSize", options.initialSize, kind === "fixed" ? maxSize : 1, 1, maxSize);
  if (kind === "fixed" && initialSize !== maxSize) {
    throw new RangeError("The options initialSize and maxSize of a fixed pool must be the same");
  }
  return Object.freeze({
    kind,
    initialSize,
    maxSize,
    growAtCount: integer("growAtCount", options.growAtCount, 64, 1, 2 ** 24),
    idleTimeoutMs: duration("idleTimeoutMs", options.idleTimeoutMs, 60_000),
    healthCheckIntervalMs: optionalDuration("healthCheckIntervalMs", options.healthCheckIntervalMs),
  });
}

function optionalDuration(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : duration(name, value, 0);
}
