/**
 * The options of one framed stream: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { atLeast, choice, duration, flag, integer } from "../error/option_check.ts";
import { INT32_MAX_LENGTH } from "../wire/int32_frame.ts";
import { TIMESTAMP_BYTES } from "../wire/timestamp_prefix.ts";
import type { FrameLimits } from "./frame_cursor.ts";

/**
 * What happens to a message for which the send queue has no room.
 *
 * - `wait`: `send()` waits for room, `trySend()` says `BackPressured`.
 * - `dropNewest`: the message itself is dropped and counted.
 * - `dropOldest`: the oldest messages that are not being written are dropped and counted until it fits.
 * - `conflate`: a message with a key replaces the queued or waiting one with the same key, whether the queue is full or
 *   not; a new key that does not fit waits, as with `wait`. Keys whose newest messages, headers included, fit half of
 *   `maxQueuedBytes` together are never refused. Under other policies a key is of no account.
 * - `close`: the connection is closed with `SendQueueFull`: for peers that must keep up or go.
 */
export type SendPolicy = "wait" | "dropNewest" | "dropOldest" | "conflate" | "close";

/** The options of one framed stream, common to reactors and particles. */
export interface StreamOptions {
  /**
   * The largest payload in bytes, both ways. A longer one is refused: `TooLarge` when sent, a closed connection when
   * received. From 1 to 2,147,483,639. @default 16777216
   */
  readonly maxFrameBytes?: number;
  /** Whether messages of length 0 are legal, both ways. @default true */
  readonly allowEmptyMessages?: boolean;
  /**
   * The size in bytes that the read buffer grows to under traffic, 512 to 16 MiB. An idle connection holds 512 bytes;
   * a frame that is larger than this gets a buffer of its own while it arrives. @default 65536
   */
  readonly readBufferBytes?: number;
  /**
   * Whether payloads are copied before they are handed to `onReceived`, so that they may be kept. Without it a payload
   * is valid until the handler returns or its promise settles. @default false
   */
  readonly copyPayloads?: boolean;
  /** How many bytes, prefixes included, may be queued for sending. At least 1024. @default 1048576 */
  readonly maxQueuedBytes?: number;
  /**
   * How many bytes of payload may wait for room in the queue, in `send()` calls that nobody awaits and in answers of
   * `return()`; what goes by reference does not count. At most 1024 calls wait. One of any size may. @default 8388608
   */
  readonly maxWaitingBytes?: number;
  /** Above this many queued bytes the connection is `backPressured`. @default `maxQueuedBytes` */
  readonly highWaterBytes?: number;
  /** At this many queued bytes or fewer a back-pressured connection drains: `onDrain`. @default half of `highWaterBytes` */
  readonly lowWaterBytes?: number;
  /** What happens to a message for which there is no room. @default "wait" */
  readonly sendPolicy?: SendPolicy;
  /**
   * From this size on `send()` does not copy a payload but writes it from the caller's memory, which must not change
   * until the promise settles. Everything else that sends (`trySend`, `return`, bursts) copies once. `Infinity`: always
   * copy. Only with the policy `wait`. @default 65536
   */
  readonly referenceBytes?: number;
  /** Closes a connection from which nothing was received for this long. 0: never. @default 0 */
  readonly idleTimeoutMs?: number;
  /**
   * The slowest average rate at which a frame in progress may arrive once it has taken more than `frameGraceMs`.
   * 0: any rate. @default 1024
   */
  readonly minFrameBytesPerSecond?: number;
  /** How long a frame may be in progress before its rate counts, and how long it may stand still. @default 5000 */
  readonly frameGraceMs?: number;
  /** How long the peer id handshake may take, where there is one. @default 5000 */
  readonly handshakeTimeoutMs?: number;
  /** How long `close()` may flush and wait for the peer's end of the stream. @default 2000 */
  readonly closeTimeoutMs?: number;
  /** Closes a connection whose peer took no byte of what is queued for this long. 0: never. @default 0 */
  readonly sendStallTimeoutMs?: number;
  /** Whether the connection stays open for sending after the peer has ended its stream. @default false */
  readonly allowHalfOpen?: boolean;
  /**
   * Whether payloads carry an 8-byte timestamp, from which the receiver fills a latency histogram. Both ends must agree;
   * foreign peers do not know it. @default false
   */
  readonly timestamps?: boolean;
}

/** {@linkcode StreamOptions}, complete and checked. */
export type StreamConfig = Readonly<Required<StreamOptions>>;

/** The names of all stream options. */
export const STREAM_OPTION_NAMES: readonly (keyof StreamOptions)[] = [
  "maxFrameBytes",
  "allowEmptyMessages",
  "readBufferBytes",
  "copyPayloads",
  "maxQueuedBytes",
  "maxWaitingBytes",
  "highWaterBytes",
  "lowWaterBytes",
  "sendPolicy",
  "referenceBytes",
  "idleTimeoutMs",
  "minFrameBytesPerSecond",
  "frameGraceMs",
  "handshakeTimeoutMs",
  "closeTimeoutMs",
  "sendStallTimeoutMs",
  "allowHalfOpen",
  "timestamps",
];

/**
 * Completes and checks stream options.
 *
 * @param options What the caller gave.
 * @param maxQueuedBytes The default for `maxQueuedBytes` where the owner has another one.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveStreamOptions(options: StreamOptions, maxQueuedBytes = 1 << 20): StreamConfig {
  const o = options;
  const queued = integer("maxQueuedBytes", o.maxQueuedBytes, maxQueuedBytes, 1024, 2 ** 40);
  const high = integer("highWaterBytes", o.highWaterBytes, queued, 1, queued);
  const policy = choice("sendPolicy", o.sendPolicy, "wait", ["wait", "dropNewest", "dropOldest", "conflate", "close"]);
  return Object.freeze({
    maxFrameBytes: integer("maxFrameBytes", o.maxFrameBytes, 16 << 20, 1, INT32_MAX_LENGTH - 8),
    allowEmptyMessages: flag("allowEmptyMessages", o.allowEmptyMessages, true),
    readBufferBytes: integer("readBufferBytes", o.readBufferBytes, 64 << 10, 512, 16 << 20),
    copyPayloads: flag("copyPayloads", o.copyPayloads, false),
    maxQueuedBytes: queued,
    maxWaitingBytes: integer("maxWaitingBytes", o.maxWaitingBytes, 8 << 20, 0, 2 ** 40),
    highWaterBytes: high,
    lowWaterBytes: integer("lowWaterBytes", o.lowWaterBytes, high >>> 1, 0, high),
    sendPolicy: policy,
    referenceBytes: policy === "wait"
      ? atLeast("referenceBytes", o.referenceBytes, 64 << 10, 1024)
      : refuseReference(policy, o.referenceBytes),
    idleTimeoutMs: duration("idleTimeoutMs", o.idleTimeoutMs, 0),
    minFrameBytesPerSecond: integer("minFrameBytesPerSecond", o.minFrameBytesPerSecond, 1024, 0, 2 ** 40),
    frameGraceMs: duration("frameGraceMs", o.frameGraceMs, 5000),
    handshakeTimeoutMs: duration("handshakeTimeoutMs", o.handshakeTimeoutMs, 5000),
    closeTimeoutMs: duration("closeTimeoutMs", o.closeTimeoutMs, 2000),
    sendStallTimeoutMs: duration("sendStallTimeoutMs", o.sendStallTimeoutMs, 0),
    allowHalfOpen: flag("allowHalfOpen", o.allowHalfOpen, false),
    timestamps: flag("timestamps", o.timestamps, false),
  });
}

/**
 * What a stream of these options accepts from its peer.
 *
 * @param config The checked options.
 * @returns The limits of a frame's length on the wire, and how much of it is prefix.
 */
export function messageLimits(config: StreamConfig): FrameLimits {
  const prefixBytes = config.timestamps ? TIMESTAMP_BYTES : 0;
  const minBytes = prefixBytes + (config.allowEmptyMessages ? 0 : 1);
  return { minBytes, maxBytes: prefixBytes + config.maxFrameBytes, prefixBytes };
}

function refuseReference(policy: SendPolicy, value: number | undefined): number {
  if (value !== undefined && value !== Infinity) {
    throw new RangeError(`The option referenceBytes needs the policy wait: this one is ${policy}`);
  }
  return Infinity;
}
