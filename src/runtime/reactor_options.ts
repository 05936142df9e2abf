/**
 * The options of a reactor: the one place that defaults and checks them.
 *
 * @module
 */
import { flag, integer, onlyKnown } from "../error/option_check.ts";
import { portSharing } from "../io/tcp/port_sharing.ts";
import type { FrameCursor } from "../stream/frame_cursor.ts";
import {
  resolveStreamOptions,
  STREAM_OPTION_NAMES,
  type StreamConfig,
  type StreamOptions,
} from "../stream/stream_options.ts";
import type { Connection, DisconnectReason } from "./connection.ts";
import {
  type Dispatch,
  resolveDispatch,
  resolveWorkers,
  WORKER_OPTION_NAMES,
  type WorkerOptions,
} from "./worker_options.ts";

/** What an application does with the connections of a reactor. All are optional; set them before `start`. */
export interface ReactorHandlers {
  /**
   * A connection is open. Nothing is read before this returns or, where it returned a promise, before that settles.
   */
  onConnected?: ((connection: Connection) => unknown) | undefined;
  /**
   * A message arrived. The payload is a view that is valid until this returns or, where it returned a promise, until
   * that settles; the promise also holds back the reading of this connection. If it throws or the promise is rejected,
   * this connection is closed and nothing else.
   */
  onReceived?: ((connection: Connection, payload: Uint8Array) => unknown) | undefined;
  /**
   * All complete messages of one read, in place of `onReceived`: for feeds of millions of messages a second. What it
   * does not read is counted as `unread`.
   */
  onBatch?: ((connection: Connection, frames: FrameCursor) => unknown) | undefined;
  /** A connection that had been open is over. */
  onDisconnected?: ((connection: Connection, reason: DisconnectReason) => unknown) | undefined;
  /** A connection's send queue is down at its low mark after it was full or above its high mark. */
  onDrain?: ((connection: Connection) => unknown) | undefined;
  /**
   * A handler threw, accepting failed for now, or more sends wait on a connection than may because nobody awaits them.
   * Without this handler such errors go to `console.error`.
   */
  onError?: ((error: unknown, connection: Connection | undefined) => unknown) | undefined;
  /** With `peerIds`: a client has announced its id and is open; comes after `onConnected`. */
  onClientConnected?: ((peerId: string) => unknown) | undefined;
  /** With `peerIds`: a client is gone. */
  onClientDisconnected?: ((peerId: string, reason: DisconnectReason) => unknown) | undefined;
  /** With `peerIds`, in place of `onReceived`: a message of a client. */
  onMessageReceived?: ((peerId: string, payload: Uint8Array) => unknown) | undefined;
}

/** The options of a reactor. */
export interface ReactorOptions extends StreamOptions, ReactorHandlers, WorkerOptions {
  /**
   * How connections reach the workers: `"kernel"` has each worker listen on the same port, `"ring"` has this thread own
   * the sockets. Of no account without workers. @default "kernel" where the system spreads connections, else "ring"
   */
  readonly dispatch?: Dispatch;
  /**
   * A module that exports the handlers (see `HandlerModule`): they run in the workers, and no message crosses a thread.
   * It needs `workers`. The main thread may still have `onConnected`, `onDisconnected` and `onError`.
   */
  readonly handler?: URL;
  /** The address to listen on. @default "0.0.0.0" */
  readonly hostname?: string;
  /** The port to listen on; 0 takes a free one, see `Reactor.port`. @default 0 */
  readonly port?: number;
  /** Whether the first frame of every client is its peer id, as in Zerio. @default false */
  readonly peerIds?: boolean;
  /** How many connections may be open at once; more are turned away. @default 65536 */
  readonly maxConnectionCount?: number;
  /** How many connections may be open at once from one address. @default 65536 */
  readonly maxConnectionsPerAddressCount?: number;
  /** How many connections may wait in the kernel to be accepted. @default 511 */
  readonly backlogCount?: number;
  /** Whether small writes go out at once (TCP_NODELAY). @default true */
  readonly noDelay?: boolean;
  /** Whether the kernel probes idle connections. @default true */
  readonly keepAlive?: boolean;
  /** Stops the reactor when it fires. */
  readonly signal?: AbortSignal;
}

/** {@linkcode ReactorOptions} without handlers, complete and checked. */
export interface ReactorConfig {
  /** The options of the streams. */
  readonly stream: StreamConfig;
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on. */
  readonly port: number;
  /** Whether clients announce peer ids. */
  readonly peerIds: boolean;
  /** The limit on all connections. */
  readonly maxConnectionCount: number;
  /** The limit on connections from one address. */
  readonly maxConnectionsPerAddressCount: number;
  /** The kernel's queue of connections to be accepted. */
  readonly backlogCount: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** The kernel's keepalive. */
  readonly keepAlive: boolean;
  /** Stops the reactor. */
  readonly signal: AbortSignal | undefined;
  /** How many workers there are. */
  readonly workers: number;
  /** How connections reach the workers. */
  readonly dispatch: Dispatch;
  /** The URL of the handler module; `undefined`: the handlers run on this thread. */
  readonly handler: string | undefined;
}

/** The names of all handlers of a reactor. */
export const REACTOR_HANDLER_NAMES: readonly (keyof ReactorHandlers)[] = [
  "onConnected",
  "onReceived",
  "onBatch",
  "onDisconnected",
  "onDrain",
  "onError",
  "onClientConnected",
  "onClientDisconnected",
  "onMessageReceived",
];

const OWN_NAMES = [
  "hostname",
  "port",
  "peerIds",
  "maxConnectionCount",
  "maxConnectionsPerAddressCount",
  "backlogCount",
  "noDelay",
  "keepAlive",
  "signal",
  "dispatch",
  "handler",
];

/**
 * Completes and checks the options of a reactor.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveReactorOptions(options: ReactorOptions): ReactorConfig {
  onlyKnown(
    "A reactor",
    options,
    new Set([...STREAM_OPTION_NAMES, ...REACTOR_HANDLER_NAMES, ...OWN_NAMES, ...WORKER_OPTION_NAMES]),
  );
  const o = options;
  const workers = resolveWorkers(o.workers, Infinity);
  if (o.handler !== undefined && !(o.handler instanceof URL)) throw new TypeError("The option handler must be a URL");
  if (o.handler !== undefined && workers === 0) {
    throw new RangeError("The option handler needs workers: the module runs in them");
  }
  return Object.freeze({
    stream: resolveStreamOptions(options),
    hostname: hostName(o.hostname, "0.0.0.0"),
    port: integer("port", o.port, 0, 0, 65535),
    peerIds: flag("peerIds", o.peerIds, false),
    maxConnectionCount: integer("maxConnectionCount", o.maxConnectionCount, 65536, 1, 2 ** 24),
    maxConnectionsPerAddressCount: integer(
      "maxConnectionsPerAddressCount",
      o.maxConnectionsPerAddressCount,
      65536,
      1,
      2 ** 24,
    ),
    backlogCount: integer("backlogCount", o.backlogCount, 511, 1, 65535),
    noDelay: flag("noDelay", o.noDelay, true),
    keepAlive: flag("keepAlive", o.keepAlive, true),
    signal: abortSignal(o.signal),
    workers,
    handler: o.handler?.href,
    dispatch: resolveDispatch(o.dispatch, portSharing() !== undefined),
  });
}

/**
 * Checks a set of handlers against each other.
 *
 * @param handlers The handlers.
 * @param peerIds Whether clients announce peer ids.
 * @throws {TypeError} When a handler is no function, or two of them would get the same messages, or one would never be
 * called.
 */
export function checkReactorHandlers(handlers: ReactorHandlers, peerIds: boolean): void {
  for (const name of REACTOR_HANDLER_NAMES) {
    const handler = handlers[name];
    if (handler !== undefined && typeof handler !== "function") throw new TypeError(`${name} must be a function`);
    if (!peerIds && handler !== undefined && /Client|Message/.test(name)) throw new TypeError(`${name} needs peerIds`);
  }
  const takers = (["onReceived", "onBatch", "onMessageReceived"] as const).filter((n) => handlers[n] !== undefined);
  if (takers.length > 1) throw new TypeError(`Only one of these can take the messages: ${takers.join(", ")}`);
}

/**
 * Checks a host name.
 *
 * @param hostname What the caller gave; `undefined` for the default.
 * @param byDefault The default.
 * @returns The host name.
 * @throws {TypeError} When it is no string or empty.
 */
export function hostName(hostname: string | undefined, byDefault: string): string {
  if (hostname === undefined) return byDefault;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("The option hostname must be a string that is not empty");
  }
  return hostname;
}

/**
 * Checks an abort signal.
 *
 * @param signal What the caller gave.
 * @returns The same.
 * @throws {TypeError} When it is none.
 */
export function abortSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("The option signal must be an AbortSignal");
  }
  return signal;
}
