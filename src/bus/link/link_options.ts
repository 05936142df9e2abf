/**
 * The options of links between nodes: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { atLeast, choice, duration, integer, onlyKnown } from "../../error/option_check.ts";

/**
 * What happens to a message for which the queue to a peer has no room.
 *
 * - `wait`: it is refused with `BackPressured`, to be offered again after `Drained`.
 * - `dropNewest`: the message itself is dropped and counted.
 * - `dropOldest`: the oldest messages that are not being written are dropped and counted until it fits.
 * - `disconnect`: the link is closed with `QueueFull`: for peers that must keep up or go.
 */
export type LinkQueuePolicy = "wait" | "dropNewest" | "dropOldest" | "disconnect";

/** The options of links. */
export interface LinkOptions {
  /**
   * The longest message in bytes, both ways; 64 to 2^28. A longer one is refused as `TooLarge` when sent, and ends the
   * link when received: all nodes of a mesh take the same. @default 1048576
   */
  readonly maxMessageBytes?: number;
  /**
   * How many bytes may be queued for one peer, 4 for each message included; at least 4096. An empty queue takes one
   * message of any legal size. @default 4194304
   */
  readonly maxQueuedBytes?: number;
  /** Above this many queued bytes a peer is `backPressured`. @default `maxQueuedBytes` */
  readonly highWaterBytes?: number;
  /** At this many queued bytes or fewer such a peer drains. @default half of `highWaterBytes` */
  readonly lowWaterBytes?: number;
  /** What happens to a message for which there is no room. @default "wait" */
  readonly queuePolicy?: LinkQueuePolicy;
  /** From this many bytes on a batch is compressed where it shrinks by an eighth. `Infinity`: never. @default 1024 */
  readonly compressFromBytes?: number;
  /** How long a handshake may take in ms, the decision of the application included. @default 5000 */
  readonly handshakeTimeoutMs?: number;
  /** How long `close` may flush and wait for the peer in ms. @default 2000 */
  readonly closeTimeoutMs?: number;
  /** After so many ms in which nothing came a heartbeat is sent; 10 or more. @default 4000 */
  readonly heartbeatIntervalMs?: number;
  /** How many heartbeats without a sign of life end a link, 1 to 100. @default 3 */
  readonly maxMissedHeartbeats?: number;
  /** After so many batches a sender goes on to its next key, 2 to 2^40. @default 16777216 */
  readonly rekeyAfterBatches?: number;
  /** After so many sealed bytes a sender goes on to its next key, 1024 to 2^50. @default 1073741824 */
  readonly rekeyAfterBytes?: number;
}

/** {@linkcode LinkOptions}, complete and checked. */
export type LinkConfig = Readonly<Required<LinkOptions>>;

/** All names of {@linkcode LinkOptions}. */
export const LINK_OPTION_NAMES: ReadonlySet<string> = new Set<keyof LinkOptions>([
  "maxMessageBytes",
  "maxQueuedBytes",
  "highWaterBytes",
  "lowWaterBytes",
  "queuePolicy",
  "compressFromBytes",
  "handshakeTimeoutMs",
  "closeTimeoutMs",
  "heartbeatIntervalMs",
  "maxMissedHeartbeats",
  "rekeyAfterBatches",
  "rekeyAfterBytes",
]);

/**
 * Completes and checks the options of links.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveLinkOptions(options: LinkOptions = {}): LinkConfig {
  onlyKnown("Link", options, LINK_OPTION_NAMES);
  const o = options;
  const maxQueuedBytes = integer("maxQueuedBytes", o.maxQueuedBytes, 4 << 20, 4096, 2 ** 31);
  const highWaterBytes = integer("highWaterBytes", o.highWaterBytes, maxQueuedBytes, 1, maxQueuedBytes);
  const heartbeatIntervalMs = duration("heartbeatIntervalMs", o.heartbeatIntervalMs, 4000);
  return Object.freeze({
    maxMessageBytes: integer("maxMessageBytes", o.maxMessageBytes, 1 << 20, 64, 2 ** 28),
    maxQueuedBytes,
    highWaterBytes,
    lowWaterBytes: integer("lowWaterBytes", o.lowWaterBytes, highWaterBytes >>> 1, 0, highWaterBytes),
    queuePolicy: choice("queuePolicy", o.queuePolicy, "wait", ["wait", "dropNewest", "dropOldest", "disconnect"]),
    compressFromBytes: atLeast("compressFromBytes", o.compressFromBytes, 1024, 0),
    handshakeTimeoutMs: duration("handshakeTimeoutMs", o.handshakeTimeoutMs, 5000),
    closeTimeoutMs: duration("closeTimeoutMs", o.closeTimeoutMs, 2000),
    heartbeatIntervalMs: atLeast("heartbeatIntervalMs", heartbeatIntervalMs, 4000, 10),
    maxMissedHeartbeats: integer("maxMissedHeartbeats", o.maxMissedHeartbeats, 3, 1, 100),
    rekeyAfterBatches: integer("rekeyAfterBatches", o.rekeyAfterBatches, 2 ** 24, 2, 2 ** 40),
    rekeyAfterBytes: integer("rekeyAfterBytes", o.rekeyAfterBytes, 2 ** 30, 1024, 2 ** 50),
  });
}
