/**
 * Acknowledgements of both directions: which packets were received, and what an acknowledgement of the peer settles.
 *
 * A session without traffic tells the largest number and the range below it that has no gap, and in a frame of its own
 * the range below the last gap, if that was not told of before it opened; one with traffic tells ranges. Invariant: an
 * acknowledgement of a number that was never sent, left-out ones included, is a violation (RFC 9000 section 21.4).
 *
 * @module
 */
import type { AckFrameReader } from "../wire/ack_frame.ts";
import { confirmSend } from "./key_ladder.ts";
import { sampleRtt } from "./rtt_estimator.ts";
import type { Session } from "./session.ts";
import { SessionCounter } from "./session_counters.ts";
import { settleRetired } from "./session_ids.ts";
import { ACK, IDS, Item, RETIRE } from "./session_item.ts";
import {
  ACK_AT,
  GAP_AT,
  GAP_END,
  GAP_START,
  ITEM_COUNT,
  ITEM_NUMBER,
  LARGEST_ACKED,
  LARGEST_AT,
  LARGEST_RECEIVED,
  NEXT_NUMBER,
  PROBE_AT,
  RANGE_START,
  SEND_PHASE_START,
  SKIPPED_NUMBER,
} from "./session_row.ts";
import { PACKET_THRESHOLD } from "./packet_ledger.ts";
import { rotateAt } from "./session_timers.ts";
import { heedPause, settleTraffic } from "./session_traffic.ts";
import type { Traffic } from "./traffic.ts";

/**
 * A packet was opened.
 *
 * @param s The session.
 * @param number Its number.
 * @returns Whether it is the newest so far.
 */
export function noteReceived(s: Session, number: number): boolean {
  const { row } = s;
  const largest = row[LARGEST_RECEIVED]!;
  if (number < largest) {
    if (number === row[RANGE_START]! - 1) extendDown(row, number);
    return false;
  }
  if (number !== largest + 1) {
    if (s.unacked > 0) openGap(s, largest);
    row[RANGE_START] = number;
  }
  row[LARGEST_RECEIVED] = number;
  row[LARGEST_AT] = s.context.clock.now;
  return true;
}

/**
 * A packet that was opened asks for an acknowledgement: at once after every so many, else within the delay.
 *
 * @param s The session.
 */
export function oweAck(s: Session): void {
  const { ackEveryPackets, maxAckDelayMs } = s.context.config;
  if (++s.unacked >= ackEveryPackets || maxAckDelayMs === 0) return s.call(ACK);
  if (s.row[ACK_AT] !== Infinity) return;
  s.row[ACK_AT] = s.context.clock.now + maxAckDelayMs;
  s.arm(s.row[ACK_AT]!);
}

/**
 * The peer acknowledged packets, by one range.
 *
 * @param s The session.
 * @param smallest The smallest number of the range.
 * @param largest The largest.
 * @param delayMicros For how long the peer held it back.
 * @returns Whether all of them were sent.
 */
export function acceptAck(s: Session, smallest: number, largest: number, delayMicros: number): boolean {
  if (!acceptRange(s, smallest, largest)) return false;
  const { traffic } = s;
  if (traffic === undefined) settlePackets(s, smallest, largest, delayMicros);
  else {
    heedPause(s, traffic);
    traffic.recovery.beginAck();
    traffic.recovery.ackRange(smallest, largest);
    endAck(s, traffic, traffic.recovery.endAck(delayMicros / 1000));
  }
  return true;
}

/**
 * The peer acknowledged packets, by many ranges.
 *
 * @param s The session.
 * @param ranges The ranges, the newest first; read to the end.
 * @returns Whether all of them were sent.
 */
export function acceptAckRanges(s: Session, ranges: AckFrameReader): boolean {
  const { traffic } = s;
  if (traffic !== undefined) {
    heedPause(s, traffic);
    traffic.recovery.beginAck();
  }
  const { delayMicros } = ranges;
  for (let isNewest = true; ranges.next(); isNewest = false) {
    const { smallest, largest } = ranges;
    if (!acceptRange(s, smallest, largest)) return false;
    if (traffic !== undefined) traffic.recovery.ackRange(smallest, largest);
    else if (isNewest) settlePackets(s, smallest, largest, delayMicros);
  }
  if (traffic === undefined) return true;
  endAck(s, traffic, traffic.recovery.endAck(delayMicros / 1000, ranges.ect0, ranges.ect1, ranges.ce));
  return true;
}

/** What a range means besides what becomes of packets; whether it was sent. */
function acceptRange(s: Session, smallest: number, largest: number): boolean {
  const { row } = s;
  const skipped = row[SKIPPED_NUMBER]!;
  if (largest >= row[NEXT_NUMBER]! || smallest <= skipped && skipped <= largest) return false;
  if (largest > row[LARGEST_ACKED]!) {
    const isFirstOfPhase = row[LARGEST_ACKED]! < row[SEND_PHASE_START]!;
    row[LARGEST_ACKED] = largest;
    if (isFirstOfPhase) {
      confirmSend(s);
      s.arm(rotateAt(s));
    }
  }
  if (s.owed !== 0) settleItems(s, smallest, largest);
  return true;
}

function endAck(s: Session, traffic: Traffic, count: number): void {
  if (count > 0) s.backoff = 0;
  settleTraffic(s, traffic, count);
}

/** The range below a gap is told of beside the newest one, and at once, before the next gap opens. */
function openGap(s: Session, largest: number): void {
  const { row } = s;
  s.call(ACK);
  row[GAP_START] = row[RANGE_START]!;
  row[GAP_END] = largest;
  row[GAP_AT] = row[LARGEST_AT]!;
}

/** A number that was overtaken joins the newest range, and perhaps the one below its gap with it. */
function extendDown(row: Float64Array, number: number): void {
  const joins = row[GAP_END]! === number - 1 && row[GAP_END]! >= 0;
  row[RANGE_START] = joins ? row[GAP_START]! : number;
  if (joins) row[GAP_END] = -1;
}

function settlePackets(s: Session, smallest: number, largest: number, delayMicros: number): void {
  const { ledger } = s;
  if (ledger === undefined) return;
  ledger.acknowledge(smallest, largest);
  if (ledger.acked > 0) s.count(SessionCounter.PacketsAcked, ledger.acked);
  if (ledger.lost > 0) s.count(SessionCounter.PacketsLost, ledger.lost);
  if (ledger.largestSentAt >= 0) {
    s.backoff = 0;
    const { clock, wokeAt } = s.context;
    // A packet that was under way while this machine slept says nothing about the path.
    if (ledger.largestSentAt >= wokeAt) sampleRtt(s.row, clock.now - ledger.largestSentAt, delayMicros / 1000);
  }
  if (!ledger.isEmpty) return;
  s.context.giveLedger(ledger);
  s.ledger = undefined;
}

function settleItems(s: Session, smallest: number, largest: number): void {
  for (let item = 0; item < ITEM_COUNT; item++) {
    const bit = 1 << item;
    if ((s.owed & bit) === 0) continue;
    const number = s.row[ITEM_NUMBER + item]!;
    if (number > largest) continue;
    if (number >= smallest) settleItem(s, item, bit);
    else if (number + PACKET_THRESHOLD <= largest) s.call(bit);
  }
  if (s.owed === 0) s.row[PROBE_AT] = Infinity;
}

function settleItem(s: Session, item: number, bit: number): void {
  // Ids that are due again may be others than that packet carried.
  if ((s.due & bit & (IDS | RETIRE)) !== 0) return;
  s.owed &= ~bit;
  s.due &= ~bit;
  if (bit === RETIRE) settleRetired(s);
  else if (item === Item.Ticket) s.grant = undefined;
  else if (item === Item.Early) s.early = undefined;
}
