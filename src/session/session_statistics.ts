/**
 * What a session tells about itself.
 *
 * @module
 */
import type { LaneName } from "../channel/channel_class.ts";
import { datagramLimit } from "./session_mtu.ts";
import type { Session } from "./session.ts";
import { LATEST_RTT, MIN_RTT, RTT_VARIATION, SMOOTHED_RTT } from "./session_row.ts";

/** Numbers of one session; after its end, the last ones. */
export interface SessionStatistics {
  /** The latest sample of the round-trip time in ms; 0 before the first. */
  readonly latestRttMs: number;
  /** The smoothed round-trip time in ms; what is assumed before the first sample. */
  readonly smoothedRttMs: number;
  /** Its mean deviation in ms. */
  readonly rttVariationMs: number;
  /** The smallest sample in ms; 0 before the first. */
  readonly minRttMs: number;
  /** How many bytes wait to be sent, headers included. */
  readonly queuedBytes: number;
  /** How many messages wait to be sent. */
  readonly queuedMessages: number;
  /** How many bytes are under way. */
  readonly inFlightBytes: number;
  /** How many bytes the congestion controller lets be under way; 0 while nothing is sent. */
  readonly congestionWindowBytes: number;
  /** The bandwidth that the path is taken to have, in bytes per second; 0: not known. */
  readonly bandwidthBytesPerSecond: number;
  /** For how many ms packets wait in queues of the path. */
  readonly queueDelayMs: number;
  /** How large datagrams are, in bytes. */
  readonly datagramBytes: number;
  /** How many bytes of messages the lanes hold until they are sent and, on reliable channels, acknowledged. */
  readonly laneBytes: Readonly<Record<LaneName, number>>;
  /** The counters by name; see `SessionCounter`. */
  readonly counters: Readonly<Record<string, number>>;
  /** The counters of the channels by name; see `ChannelCounter`. */
  readonly channels: Readonly<Record<string, number>>;
}

/**
 * Reads the numbers of a session.
 *
 * @param s A session that was not released.
 * @returns A new object.
 */
export function statisticsOf(s: Session): SessionStatistics {
  const { row, queue, traffic } = s;
  s.flushCounts();
  const counters = s.context.counters.snapshot(s.slot);
  const channels = s.context.channels.counters.snapshot(s.slot);
  counters.messagesOut! += channels.messagesOut!;
  return {
    latestRttMs: row[LATEST_RTT]!,
    smoothedRttMs: row[SMOOTHED_RTT]!,
    rttVariationMs: row[RTT_VARIATION]!,
    minRttMs: row[MIN_RTT] === Infinity ? 0 : row[MIN_RTT]!,
    queuedBytes: queue?.bytes ?? 0,
    queuedMessages: queue?.count ?? 0,
    inFlightBytes: traffic?.recovery.packets.bytesInFlight ?? 0,
    congestionWindowBytes: traffic?.recovery.controller.windowBytes ?? 0,
    bandwidthBytesPerSecond: (traffic?.recovery.controller.bandwidth ?? 0) * 1000,
    queueDelayMs: traffic?.recovery.queueDelayMs ?? 0,
    datagramBytes: datagramLimit(s),
    laneBytes: laneBytesOf(s),
    counters,
    channels,
  };
}

function laneBytesOf({ channels }: Session): Record<LaneName, number> {
  return {
    critical: channels?.queuedBytes("critical") ?? 0,
    high: channels?.queuedBytes("high") ?? 0,
    normal: channels?.queuedBytes("normal") ?? 0,
    low: channels?.queuedBytes("low") ?? 0,
  };
}
