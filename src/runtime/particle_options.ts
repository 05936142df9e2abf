/**
 * The options of particles: the one place that defaults and checks them.
 *
 * @module
 */
import { atLeast, choice, duration, flag, integer, onlyKnown } from "../error/option_check.ts";
import type { FrameCursor } from "../stream/frame_cursor.ts";
import { encodePeerId } from "../stream/peer_id.ts";
import {
  resolveStreamOptions,
  STREAM_OPTION_NAMES,
  type StreamConfig,
  type StreamOptions,
} from "../stream/stream_options.ts";
import type { BackoffConfig } from "./backoff.ts";
import type { DisconnectReason } from "./connection.ts";
import { abortSignal, hostName } from "./reactor_options.ts";
import { resolveWorkers, WORKER_OPTION_NAMES, type WorkerOptions } from "./worker_options.ts";

/** How a particle connects again after it lost its link. */
export interface ReconnectOptions {
  /** The bound of the first random delay in ms; it doubles with every attempt. @default 100 */
  readonly baseMs?: number;
  /** The largest bound of a delay in ms. @default 30000 */
  readonly maxMs?: number;
  /** How long a connection must have lasted, in ms, for the delays to start over. @default 5000 */
  readonly stableMs?: number;
  /** How many times in a row it tries again before it gives up; `Infinity`: it never does. @default Infinity */
  readonly maxAttempts?: number;
  /**
   * What happens to messages between two links (before the first they are always queued): they are queued (`queue`; what a lost link had taken a part of is
   * lost, nothing is sent twice), or dropped, counted as `unsent`, and refused with `NotConnected` (`refuse`).
   * @default "queue"
   */
  readonly whileDisconnected?: "queue" | "refuse";
}

/** What an application does with what a particle receives. All are optional. */
export interface ParticleHandlers {
  /**
   * A link is established; again after every reconnect. Nothing is read before this returns or, where it returned a
   * promise, before that settles.
   */
  readonly onConnected?: (() => unknown) | undefined;
  /**
   * A message arrived. The payload is a view that is valid until this returns or, where it returned a promise, until
   * that settles; the promise also holds back the reading. If it throws, the link is closed.
   */
  readonly onReceived?: ((payload: Uint8Array) => unknown) | undefined;
  /** All complete messages of one read, in place of `onReceived`. */
  readonly onBatch?: ((frames: FrameCursor) => unknown) | undefined;
  /**
   * The link is gone, or never came to be; `reason.isFinal` says whether the particle is closed for good. Without this
   * handler an end that lost messages and was not asked for goes to `onError`.
   */
  readonly onDisconnected?: ((reason: DisconnectReason) => unknown) | undefined;
  /** The send queue is down at its low mark after it was full or above its high mark. */
  readonly onDrain?: (() => unknown) | undefined;
  /**
   * A handler threw, or more sends wait than may because nobody awaits them. Without this handler such errors go to
   * `console.error`.
   */
  readonly onError?: ((error: unknown) => unknown) | undefined;
}

/** The options of a particle. */
export interface ParticleOptions extends StreamOptions, ParticleHandlers, WorkerOptions {
  /** The host to connect to. @default "127.0.0.1" */
  readonly hostname?: string;
  /** The port to connect to. */
  readonly port: number;
  /** The id to announce to a reactor with `peerIds`. */
  readonly peerId?: string;
  /** How long one attempt to connect may take, in ms. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Whether and how to connect again; `true` takes the defaults. @default false */
  readonly reconnect?: boolean | ReconnectOptions;
  /** Whether small writes go out at once (TCP_NODELAY). @default true */
  readonly noDelay?: boolean;
  /** Whether the kernel probes the idle connection. @default true */
  readonly keepAlive?: boolean;
  /** Closes the particle when it fires; what is queued is lost and counted. */
  readonly signal?: AbortSignal;
}

/** {@linkcode ParticleOptions} without handlers, complete and checked. */
export interface ParticleConfig {
  /** The options of the stream. */
  readonly stream: StreamConfig;
  /** The host to connect to. */
  readonly hostname: string;
  /** The port to connect to. */
  readonly port: number;
  /** The id to announce. */
  readonly peerId: string | undefined;
  /** The time for one attempt. */
  readonly connectTimeoutMs: number;
  /** How to connect again; `undefined`: not at all. */
  readonly reconnect: (BackoffConfig & { readonly whileDisconnected: "queue" | "refuse" }) | undefined;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** The kernel's keepalive. */
  readonly keepAlive: boolean;
  /** Closes the particle. */
  readonly signal: AbortSignal | undefined;
  /** How many workers there are. */
  readonly workers: number;
}

const HANDLER_NAMES = ["onConnected", "onReceived", "onBatch", "onDisconnected", "onDrain", "onError"] as const;
const OWN_NAMES = ["hostname", "port", "peerId", "connectTimeoutMs", "reconnect", "noDelay", "keepAlive", "signal"];
const RECONNECT_NAMES = new Set(["baseMs", "maxMs", "stableMs", "maxAttempts", "whileDisconnected"]);

/**
 * Completes and checks the options of a particle.
 *
 * @param options What the caller gave.
 * @param maxQueuedBytes The default for `maxQueuedBytes`.
 * @param mostWorkerCount How many workers it can make use of.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown, or two handlers would get the same messages.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveParticleOptions(
  options: ParticleOptions,
  maxQueuedBytes?: number,
  mostWorkerCount = 1,
): ParticleConfig {
  onlyKnown(
    "A particle",
    options,
    new Set([...STREAM_OPTION_NAMES, ...HANDLER_NAMES, ...OWN_NAMES, ...WORKER_OPTION_NAMES]),
  );
  const o = options;
  for (const name of HANDLER_NAMES) {
    if (o[name] !== undefined && typeof o[name] !== "function") throw new TypeError(`${name} must be a function`);
  }
  if (o.onReceived !== undefined && o.onBatch !== undefined) {
    throw new TypeError("Only one of these can take the messages: onReceived, onBatch");
  }
  if (o.port === undefined) throw new TypeError("The option port is missing");
  if (o.peerId !== undefined) encodePeerId(o.peerId);
  return Object.freeze({
    stream: resolveStreamOptions(options, maxQueuedBytes),
    hostname: hostName(o.hostname, "127.0.0.1"),
    port: integer("port", o.port, 0, 1, 65535),
    peerId: o.peerId,
    connectTimeoutMs: duration("connectTimeoutMs", o.connectTimeoutMs, 10_000),
    reconnect: resolveReconnect(o.reconnect),
    noDelay: flag("noDelay", o.noDelay, true),
    keepAlive: flag("keepAlive", o.keepAlive, true),
    signal: abortSignal(o.signal),
    workers: resolveWorkers(o.workers, mostWorkerCount),
  });
}

function resolveReconnect(given: boolean | ReconnectOptions | undefined): ParticleConfig["reconnect"] {
  if (given === undefined || given === false) return undefined;
  const o = given === true ? {} : given;
  onlyKnown("reconnect", o, RECONNECT_NAMES);
  const baseMs = duration("baseMs", o.baseMs, 100);
  const maxMs = duration("maxMs", o.maxMs, 30_000);
  if (baseMs < 1) throw new RangeError(`The option baseMs must be at least 1: got ${baseMs}`);
  if (maxMs < baseMs) throw new RangeError(`The option maxMs must be at least baseMs: ${maxMs} is less than ${baseMs}`);
  return Object.freeze({
    baseMs,
    maxMs,
    stableMs: duration("stableMs", o.stableMs, 5000),
    maxAttempts: atLeast("maxAttempts", o.maxAttempts, Infinity, 1),
    whileDisconnected: choice("whileDisconnected", o.whileDisconnected, "queue", ["queue", "refuse"]),
  });
}
