/**
 * The options of one message connection: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { choice, duration, flag, integer } from "../error/option_check.ts";

/** How payloads are compressed before they are sent. */
export type CompressionName = "none" | "zstd" | "zlib";

/** The options of one message connection, common to servers and clients. */
export interface MessageOptions {
  /**
   * The largest payload in bytes, both ways, and after unpacking. A longer one is refused: `TooLarge` when sent, a closed
   * connection when received. 1 to 2^30. @default 1048576
   */
  readonly maxPayloadBytes?: number;
  /**
   * How payloads are compressed that are worth it. What comes is unpacked whatever this says. The peer must be able to
   * unpack it. @default "none"
   */
  readonly compression?: CompressionName;
  /** Smaller payloads are never compressed, in bytes. 0: all are tried. @default 1024 */
  readonly compressFromBytes?: number;
  /** How long a request waits for its answer when it does not say, in ms. 0: for as long as the connection. @default 10000 */
  readonly requestTimeoutMs?: number;
  /** How many own requests may wait for their answers on one connection, 1 to 2^24. @default 65536 */
  readonly maxPendingRequestCount?: number;
  /**
   * How many requests of one peer may be unanswered, 1 to 2^24. While as many are, nothing is read from that peer.
   * @default 1024
   */
  readonly maxUnansweredRequestCount?: number;
  /** After this time a request of the peer cannot be answered any more, in ms, at least 1. @default 60000 */
  readonly handlerTimeoutMs?: number;
  /**
   * After a silence of this length the peer is asked whether it is there, in ms. 0: never. A foreign peer cannot be asked
   * on a byte stream, and then its silence is of no account. @default 30000
   */
  readonly keepAliveMs?: number;
  /** How long the peer may be silent after it was asked, in ms, at least 1. @default 20000 */
  readonly keepAliveTimeoutMs?: number;
  /**
   * Whether this end shows that it understands control. Without it both ends treat each other as foreign: no cancel, no
   * deadline on the wire, no typed refusals, no keepalive. @default true
   */
  readonly control?: boolean;
}

/** {@linkcode MessageOptions}, complete and checked. */
export type MessageConfig = Readonly<Required<MessageOptions>>;

/** The names of all message options. */
export const MESSAGE_OPTION_NAMES: readonly (keyof MessageOptions)[] = [
  "maxPayloadBytes",
  "compression",
  "compressFromBytes",
  "requestTimeoutMs",
  "maxPendingRequestCount",
  "maxUnansweredRequestCount",
  "handlerTimeoutMs",
  "keepAliveMs",
  "keepAliveTimeoutMs",
  "control",
];

/**
 * Completes and checks message options.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveMessageOptions(options: MessageOptions): MessageConfig {
  const o = options;
  return Object.freeze({
    maxPayloadBytes: integer("maxPayloadBytes", o.maxPayloadBytes, 1 << 20, 1, 2 ** 30),
    compression: choice("compression", o.compression, "none", ["none", "zstd", "zlib"]),
    compressFromBytes: integer("compressFromBytes", o.compressFromBytes, 1024, 0, 2 ** 30),
    requestTimeoutMs: duration("requestTimeoutMs", o.requestTimeoutMs, 10_000),
    maxPendingRequestCount: integer("maxPendingRequestCount", o.maxPendingRequestCount, 65_536, 1, 2 ** 24),
    maxUnansweredRequestCount: integer("maxUnansweredRequestCount", o.maxUnansweredRequestCount, 1024, 1, 2 ** 24),
    handlerTimeoutMs: positive("handlerTimeoutMs", o.handlerTimeoutMs, 60_000),
    keepAliveMs: duration("keepAliveMs", o.keepAliveMs, 30_000),
    keepAliveTimeoutMs: positive("keepAliveTimeoutMs", o.keepAliveTimeoutMs, 20_000),
    control: flag("control", o.control, true),
  });
}

function positive(name: string, value: number | undefined, byDefault: number): number {
  const checked = duration(name, value, byDefault);
  if (checked < 1) throw new RangeError(`The option ${name} must be at least 1: got ${checked}`);
  return checked;
}
