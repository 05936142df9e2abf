/**
 * How a session works loss recovery (src/reliability) and tells its channels (src/channel) what became of packets.
 *
 * Invariants: every packet that asks for an acknowledgement and goes by the path in use stands in the ledger while the
 * session has traffic; a slot of the ledger never carries the notes of an earlier packet; a session that is silent, owes
 * nothing and waits for nothing gives its traffic back. Why packets on other paths are left out: they only probe, are
 * repeated by a timer of their own, and say nothing about the path in use.
 *
 * @module
 */
import { PacketFate } from "../reliability/sent_packets.ts";
import { PacketFlag } from "../reliability/packet_flag.ts";
import { wasAcked } from "../reliability/recovery.ts";
import { channelsTimeout, hasDrained } from "./session_channels.ts";
import type { Session } from "./session.ts";
import { SessionCounter } from "./session_counters.ts";
import { ACK } from "./session_item.ts";
import { probeTimeout } from "./rtt_estimator.ts";
import { startSearch } from "./session_mtu.ts";
import { ACK_AT, GAP_END, GAP_START, LARGEST_RECEIVED, RANGE_START, SMOOTHED_RTT } from "./session_row.ts";
import { TOUCHED_AT, type Traffic, WOKE_AT } from "./traffic.ts";

/** A silent session that has learned little about its path gives its traffic back after so many ms. */
const RELEASE_MS = 1000;

/** One that has learned more keeps it for so long: to learn it again takes round trips. */
const RELEASE_LEARNED_MS = 10_000;

/** So many numbers that were received before there was traffic are told again at most. */
const MAX_CARRIED_OVER = 64;

/** What the buffer of a socket holds as a rule: by default the half of its bytes, on Linux, are for what it notes down. */
const SOCKET_BYTES = 98_304;

/** How many packets a probe timeout sends again. */
const PROBES = 2;

/**
 * The traffic of a session, made on first use.
 *
 * @param s The session.
 * @param current The number of the packet being handled, which is noted by itself; -1: none is.
 * @returns The traffic.
 */
export function trafficOf(s: Session, current = -1): Traffic {
  return s.traffic ?? startTraffic(s, current);
}

/**
 * Takes note of a packet that goes out on the path in use and asks for an acknowledgement.
 *
 * @param s The session.
 * @param t Its traffic.
 * @param number The packet's number.
 * @param bytes Its size.
 * @param told Up to which number it acknowledges.
 * @param hasFrames Whether channels wrote into it.
 * @param isProbe Whether it searches for a larger datagram.
 */
export function noteUnderWay(
  s: Session,
  t: Traffic,
  number: number,
  bytes: number,
  told: number,
  hasFrames: boolean,
  isProbe: boolean,
): void {
  const flags = isProbe ? PacketFlag.Eliciting | PacketFlag.MtuProbe : PacketFlag.Eliciting;
  const slot = t.recovery.handleSent(number, bytes, flags);
  if (slot < 0) return;
  t.note(slot, told);
  // The slot may have been that of a packet which was lost: what that carried is not in this one.
  if (!hasFrames) s.channels?.handlePacketForgotten(slot);
  // Behind others that are under way it moves the deadline on, never back.
  if (t.recovery.packets.eliciting === 1) s.arm(t.recovery.pollTimeout());
}

/**
 * Whether a packet with messages may go out now, by window and pace.
 *
 * Why a bound besides the controller's: a short path is as fast as its ends, and what is under way there waits in the
 * buffer of the receiver's socket, which is small and drops what it does not hold.
 *
 * @param t The traffic.
 * @returns Whether one may.
 */
export function mayCarry({ recovery }: Traffic): boolean {
  const { bytesInFlight } = recovery.packets;
  if (bytesInFlight >= SOCKET_BYTES && recovery.losses.probes === 0 && recovery.rtt.hasSample) {
    const pipe = recovery.controller.bandwidth * recovery.rtt.minMs;
    if (bytesInFlight >= pipe + Math.max(pipe, SOCKET_BYTES)) return false;
  }
  return recovery.allowance() > 0;
}

/**
 * An acknowledgement or a timeout has settled packets.
 *
 * @param s The session.
 * @param t Its traffic.
 * @param count How many.
 */
export function settleTraffic(s: Session, t: Traffic, count: number): void {
  const { recovery, told, received } = t;
  const { losses } = recovery;
  const { channels } = s;
  let acked = 0;
  for (let i = 0; i < count; i++) {
    const slot = losses.settled[i]!;
    if (wasAcked(recovery, slot)) {
      acked++;
      if (told[slot]! >= 0) received.ranges.forgetTo(told[slot]!);
      channels?.handlePacketAcked(slot);
    } else channels?.handlePacketLost(slot);
  }
  for (let i = 0; i < losses.lateCount; i++) channels?.handleLateAck(losses.late[i]!);
  if (acked > 0) s.count(SessionCounter.PacketsAcked, acked);
  if (count > acked) s.count(SessionCounter.PacketsLost, count - acked);
  if (channels !== undefined) {
    channels.roundTripMs = recovery.rtt.smoothedMs;
    hasDrained(s, channels);
    s.arm(channels.pollTimeout());
  }
  s.arm(recovery.pollTimeout());
}

/**
 * Before anything is concluded from times: what was under way while this machine slept says nothing about the path.
 *
 * @param s The session.
 * @param t Its traffic.
 */
export function heedPause(s: Session, t: Traffic): void {
  const { wokeAt } = s.context;
  if (t.times[WOKE_AT] === wokeAt) return;
  t.times[WOKE_AT] = wokeAt;
  if (wokeAt !== -Infinity) t.recovery.handlePause();
}

/**
 * A packet came: when probes went unanswered and nothing came for a probe timeout, the path may just work again, and is
 * probed at once.
 *
 * @param s The session.
 * @param t Its traffic.
 * @param silenceMs For how long nothing had come before.
 */
export function heedReturn(s: Session, { recovery }: Traffic, silenceMs: number): void {
  if (recovery.losses.backoff < 2 || silenceMs < recovery.rtt.probeTimeoutMs) return;
  recovery.losses.handleReturn();
  s.arm(recovery.pollTimeout());
}

/**
 * For how many probe timeouts, each twice as long as the one before, the path in use has owed an answer.
 *
 * Why not the count of probes alone: as long as packets go out at shorter intervals none is due (RFC 9002 section 6.2.1).
 *
 * @param s The session.
 * @returns A count; 0 while answers come.
 */
export function unansweredProbes(s: Session): number {
  const { traffic } = s;
  if (traffic === undefined) return s.backoff;
  const { packets, losses } = traffic.recovery;
  const count = Math.max(s.backoff, losses.backoff);
  if (packets.count === 0) return count;
  const age = s.context.clock.now - packets.sentAt[packets.slotAt(0)]!;
  const timeout = probeTimeout(s.row);
  return age < timeout ? count : Math.max(count, Math.floor(Math.log2(age / timeout + 1)));
}

/**
 * When traffic asks for something.
 *
 * @param s The session.
 * @param t Its traffic.
 * @returns Milliseconds, or `Infinity`.
 */
export function trafficTimeout(s: Session, t: Traffic): number {
  const { recovery, received } = t;
  const { now } = s.context.clock;
  // What is due goes out with the next packet.
  const dueAt = received.dueAt > now ? received.dueAt : Infinity;
  const probeAt = recovery.mtu.probeAt > now ? recovery.mtu.probeAt : Infinity;
  return Math.min(recovery.pollTimeout(), dueAt, probeAt, releaseAt(t));
}

/**
 * Does what time asks of traffic.
 *
 * @param s The session.
 * @param t Its traffic.
 * @param now The time in ms.
 */
export function handleTrafficTimeout(s: Session, t: Traffic, now: number): void {
  const { recovery, received } = t;
  heedPause(s, t);
  recovery.mtu.handleTimeout();
  if (recovery.pollTimeout() <= now) {
    settleTraffic(s, t, recovery.handleTimeout());
    if (recovery.losses.probes > 0) prepareProbes(s, t);
    s.wake();
  }
  if (received.isDue || recovery.mtu.wantedBytes > 0) s.wake();
  if (now < releaseAt(t)) return;
  // The ledger has let go of the lost packets as well: none of them can be acknowledged late.
  if (recovery.isIdle) s.channels?.handleAllForgotten();
  if (!isSilent(s, t)) t.times[TOUCHED_AT] = now;
  else s.giveTraffic();
}

/** What to send by a probe: something new; else what has been under way for longest; else a ping. */
function prepareProbes(s: Session, t: Traffic): void {
  const { channels } = s;
  s.count(SessionCounter.Probes, 1);
  if (channels === undefined || channels.hasPending || s.queue !== undefined) return;
  const { packets } = t.recovery;
  let more = PROBES;
  for (let place = 0; place < packets.count && more > 0; place++) {
    const slot = packets.slotAt(place);
    if (packets.fate[slot] !== PacketFate.Pending) continue;
    // It stays in the ledger: whether it was lost is found out by the acknowledgement of the probe. What was sent again
    // by an earlier probe gives nothing here.
    channels.handlePacketLost(slot);
    if (channels.hasPending) more--;
  }
}

function startTraffic(s: Session, current: number): Traffic {
  const { row, context } = s;
  const t = context.takeTraffic();
  t.recovery.rtt.attach(row, SMOOTHED_RTT);
  t.times[TOUCHED_AT] = context.clock.now;
  t.times[WOKE_AT] = context.wokeAt;
  carryOver(s, t, current);
  if (s.ledger !== undefined) context.giveLedger(s.ledger);
  s.ledger = undefined;
  s.traffic = t;
  startSearch(s);
  s.arm(releaseAt(t));
  return t;
}

/** What came before is told as ranges like any other, and at once if it was not told yet. */
function carryOver(s: Session, t: Traffic, current: number): void {
  const { row } = s;
  addNumbers(t, row[GAP_START]!, row[GAP_END]!, current);
  addNumbers(t, row[RANGE_START]!, row[LARGEST_RECEIVED]!, current);
  if (s.unacked > 0) s.call(ACK);
  s.unacked = 0;
  row[GAP_END] = -1;
  row[ACK_AT] = Infinity;
}

function addNumbers(t: Traffic, from: number, to: number, current: number): void {
  const start = Math.max(from, to - MAX_CARRIED_OVER + 1, 0);
  for (let number = start; number <= to; number++) if (number !== current) t.received.ranges.add(number);
}

function releaseAt(t: Traffic): number {
  return t.times[TOUCHED_AT]! + (t.recovery.isDisposable ? RELEASE_MS : RELEASE_LEARNED_MS);
}

function isSilent(s: Session, t: Traffic): boolean {
  const { channels } = s;
  if (!t.recovery.isIdle || t.received.owed > 0 || s.queue !== undefined) return false;
  return channels === undefined || channels.isIdle && !channels.hasPending && channelsTimeout(s) === Infinity;
}
