/**
 * A packet goes out: what is due is written, sealed and charged to its path.
 *
 * Order inside a packet: acknowledgement, what is owed, what paths ask for, messages, padding. Invariants: every packet
 * has a number of its own, numbers that are left out included; nothing goes beyond what the path's limit allows, and no
 * message beyond what window and pace do; a packet without anything to say is not sent.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import { MAX_PACKET_NUMBER } from "../crypto/nonce_sequence.ts";
import { encodeReplyHeader, REPLY_HEADER_BYTES } from "../wire/flight_answer.ts";
import { BASE_DATAGRAM_BYTES, encodeSessionHeader, SESSION_HEADER_BYTES } from "../wire/packet_header.ts";
import {
  ACCEPT_FRAME_BYTES,
  ACK_FRAME_BYTES,
  encodePathFrame,
  FrameType,
  PATH_FRAME_BYTES,
} from "../wire/session_frame.ts";
import type { ChannelSet } from "../channel/channel_set.ts";
import { LEAST_ACK_RANGES_BYTES } from "../wire/ack_frame.ts";
import type { DatagramTransmit } from "./datagram_transmit.ts";
import { mayStepSend, stepSend } from "./key_ladder.ts";
import type { MessageQueue } from "./message_queue.ts";
import { hasDrained } from "./session_channels.ts";
import { endSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionCounter } from "./session_counters.ts";
import { SessionEvent } from "./session_event.ts";
import { peerHigh, peerLow } from "./session_ids.ts";
import { ACK, OWED, PROBES } from "./session_item.ts";
import { writeAck, writeClose, writeItems } from "./session_frames_out.ts";
import {
  chargePath,
  isStreamPath,
  isValidated,
  owesChallenge,
  owesResponse,
  PATH_CHALLENGE_DUE,
  PATH_CHALLENGE_HIGH,
  PATH_CHALLENGE_LOW,
  PATH_RESPONSE_DUE,
  PATH_RESPONSE_HIGH,
  PATH_RESPONSE_LOW,
  pathBase,
  pathBudget,
  pathLink,
  pathPeerId,
  readPathAddress,
} from "./session_path.ts";
import type { Session } from "./session.ts";
import {
  ASKED_AT,
  ELICITED_AT,
  LARGEST_ACKED,
  NEXT_NUMBER,
  PATH_COUNT,
  SEND_PHASE_BYTES,
  SEND_PHASE_SINCE,
  SKIP_AT,
  SKIPPED_NUMBER,
} from "./session_row.ts";
import { SessionState } from "./session_state.ts";
import { armProbe } from "./session_timers.ts";
import { mayCarry, noteUnderWay, trafficOf } from "./session_traffic.ts";
import { datagramLimit } from "./session_mtu.ts";
import { TOUCHED_AT, type Traffic } from "./traffic.ts";

/** A packet with less room than this is not worth its header. */
const MIN_FRAMES_BYTES = 32;

/** Channels are not asked to write into less. */
const LEAST_CHANNEL_ROOM = 48;

/** From this many packets that wait for an acknowledgement on, one rides along with whatever goes out. */
const ACK_ALONG = 2;

/**
 * Writes the next packet of a session that has keys.
 *
 * @param s The session.
 * @param target Where it is written; path and address are filled in.
 * @returns Its length in bytes; 0 when there is none.
 */
export function givePacket(s: Session, target: DatagramTransmit): number {
  if (s.path < 0) return 0;
  if ((s.due & PROBES) !== 0) {
    const length = giveProbe(s, target);
    if (length > 0) return length;
  }
  return giveOn(s, s.path, target);
}

/** A packet that only probes a path that is not in use. */
function giveProbe(s: Session, target: DatagramTransmit): number {
  let isOwed = false;
  for (let p = 0; p < PATH_COUNT; p++) {
    if (!owesChallenge(s, p) && !owesResponse(s, p)) continue;
    isOwed = true;
    const length = p === s.path ? 0 : giveOn(s, p, target);
    if (length > 0) return length;
  }
  if (!isOwed) s.due &= ~PROBES;
  return 0;
}

function giveOn(s: Session, p: number, target: DatagramTransmit): number {
  const isInUse = p === s.path;
  const traffic = isInUse ? trafficToSend(s) : undefined;
  if (traffic !== undefined && traffic.recovery.mtu.wantedBytes > 0) {
    const length = giveMtuProbe(s, traffic, target);
    if (length > 0) return length;
  }
  const headerBytes = s.reply === undefined ? SESSION_HEADER_BYTES : REPLY_HEADER_BYTES;
  const limit = Math.min(datagramLimit(s), pathBudget(s, p));
  const start = target.offset;
  const body = start + headerBytes;
  const end = start + limit - AEAD_TAG_BYTES;
  if (isInUse && !hasWork(s, traffic, end - body)) return 0;
  if (end - body < MIN_FRAMES_BYTES) return hold(s);
  const number = nextNumber(s);
  if (number < 0) return 0;
  const { frames } = s.context;
  frames.begin(target.buffer, body, end);
  if (isInUse) writeFrames(s, number);
  writePathFrames(s, p);
  if (traffic !== undefined && s.isOpen) writeTraffic(s, traffic);
  if (frames.at === body) return 0;
  if (frames.isPadded) frames.padTo(Math.min(start + BASE_DATAGRAM_BYTES - AEAD_TAG_BYTES, end));
  const length = sealPacket(s, p, target, number);
  noteSent(s, isInUse, number, length, false);
  return length;
}

/** Seals what the frame writer holds, and charges it to the path. */
function sealPacket(s: Session, p: number, target: DatagramTransmit, number: number): number {
  const { frames } = s.context;
  const start = target.offset;
  if (s.state === SessionState.Established && mayStepSend(s)) stepSend(s);
  const body = writeHeader(s, p, target, number);
  s.sendKey!.seal(target.buffer, start, body, frames.at, number);
  const length = frames.at + AEAD_TAG_BYTES - start;
  chargePath(s, p, length);
  target.pathId = pathLink(s, p);
  readPathAddress(s, p, target.address);
  return length;
}

/** The traffic of a session that is open, made when there is a message to send; what may go out is asked for here. */
function trafficToSend(s: Session): Traffic | undefined {
  const { channels } = s;
  const isPending = s.queue !== undefined || channels !== undefined && channels.hasPending;
  const traffic = s.traffic ?? (isPending ? trafficOf(s) : undefined);
  if (traffic === undefined) return undefined;
  traffic.mayCarry = isPending && mayCarry(traffic);
  // The pace says when.
  if (isPending && !traffic.mayCarry) s.arm(traffic.recovery.pollTimeout());
  return traffic;
}

/** A packet that finds out whether a larger datagram arrives. */
function giveMtuProbe(s: Session, traffic: Traffic, target: DatagramTransmit): number {
  const { recovery } = traffic;
  const bytes = recovery.mtu.wantedBytes;
  const start = target.offset;
  const mayGo = s.reply === undefined && s.isOpen && bytes <= target.buffer.length - start &&
    pathBudget(s, s.path) >= bytes && recovery.allowance() > 0;
  const number = mayGo ? nextNumber(s) : -1;
  if (number < 0) return 0;
  const { frames } = s.context;
  const end = start + bytes - AEAD_TAG_BYTES;
  frames.begin(target.buffer, start + SESSION_HEADER_BYTES, end);
  frames.buffer[frames.at++] = FrameType.Ping;
  frames.elicits = true;
  frames.padTo(end);
  const length = sealPacket(s, s.path, target, number);
  noteSent(s, true, number, length, true);
  s.wake();
  return length;
}

/** Whether a packet on the path in use would say anything. */
function hasWork(s: Session, traffic: Traffic | undefined, room: number): boolean {
  if (s.due !== 0) return true;
  if (traffic === undefined || !s.isOpen) return false;
  if (traffic.received.isDue || traffic.recovery.losses.probes > 0) return true;
  if (!traffic.mayCarry) return false;
  // Every reply repeats the accept; a message that does not fit beside it waits until the client is heard.
  if (s.reply === undefined) return true;
  const next = s.queue === undefined ? LEAST_CHANNEL_ROOM : s.queue.nextBytes;
  return next + ACCEPT_FRAME_BYTES <= room;
}

/** Counts that the limit of a path holds something back. */
function hold(s: Session): number {
  s.count(SessionCounter.AmplificationHeld, 1);
  return 0;
}

/** The number of the next packet; -1 when there are no more, which ends the session. */
function nextNumber(s: Session): number {
  const { row } = s;
  let number = row[NEXT_NUMBER]!;
  if (number === row[SKIP_AT]!) {
    // One is left out at a time: an acknowledgement of a later packet has to come before the next.
    if (row[LARGEST_ACKED]! > row[SKIPPED_NUMBER]! || row[SKIPPED_NUMBER]! < 0) {
      row[SKIPPED_NUMBER] = number++;
      row[NEXT_NUMBER] = number;
    }
    s.planSkip(number);
  }
  if (number <= MAX_PACKET_NUMBER) return number;
  endSession(s, SessionCloseCode.NumbersExhausted, "local", "");
  return -1;
}

function writeFrames(s: Session, number: number): void {
  if (!s.isOpen) return writeClose(s);
  if ((s.due & ACK) !== 0 || isAckAlong(s)) writeAck(s);
  if ((s.due & OWED) !== 0 || s.reply !== undefined) writeItems(s, number);
}

/** Whether an acknowledgement goes along although nothing says so, or because its time has come. */
function isAckAlong(s: Session): boolean {
  const { traffic } = s;
  if (traffic === undefined) return s.unacked >= ACK_ALONG && fitsAlong(s, 2 * ACK_FRAME_BYTES);
  return traffic.received.isDue || traffic.received.owed >= ACK_ALONG && fitsAlong(s, LEAST_ACK_RANGES_BYTES);
}

/** Whether an acknowledgement that is not due leaves the next message its room: it must not cost a packet of its own. */
function fitsAlong(s: Session, bytes: number): boolean {
  return s.queue === undefined || s.context.frames.has(bytes + s.queue.nextBytes);
}

function writePathFrames(s: Session, p: number): void {
  const { frames } = s.context;
  if ((s.due & PROBES) === 0) return;
  const { words } = s;
  const at = pathBase(p);
  if (owesResponse(s, p) && frames.has(PATH_FRAME_BYTES)) {
    const [high, low] = [words[at + PATH_RESPONSE_HIGH]!, words[at + PATH_RESPONSE_LOW]!];
    frames.at = encodePathFrame(frames.buffer, frames.at, FrameType.PathResponse, high, low);
    words[at + PATH_RESPONSE_DUE] = 0;
    frames.elicits = true;
    frames.isPadded ||= !isStreamPath(s, p);
  }
  if (owesChallenge(s, p) && frames.has(PATH_FRAME_BYTES)) {
    const [high, low] = [words[at + PATH_CHALLENGE_HIGH]!, words[at + PATH_CHALLENGE_LOW]!];
    frames.at = encodePathFrame(frames.buffer, frames.at, FrameType.PathChallenge, high, low);
    words[at + PATH_CHALLENGE_DUE] = 0;
    frames.elicits = true;
    frames.isPadded ||= !isStreamPath(s, p) && !isValidated(s, p);
  }
}

/** Fills the packet with messages as far as pace and window let it; sees to it that a probe asks for an answer. */
function writeTraffic(s: Session, traffic: Traffic): void {
  const { frames } = s.context;
  if (traffic.mayCarry) {
    const channels = s.channels !== undefined && s.channels.hasPending ? s.channels : undefined;
    const isTurnOfQueue = channels === undefined || !traffic.isTurnOfChannels;
    if (s.queue !== undefined && isTurnOfQueue) writeQueue(s, s.queue);
    if (channels !== undefined) writeChannels(s, traffic, channels);
    if (s.queue !== undefined && !isTurnOfQueue) writeQueue(s, s.queue);
    traffic.isTurnOfChannels = !traffic.isTurnOfChannels;
    if (s.queue === undefined && !(s.channels?.hasPending ?? false)) traffic.recovery.handleAppLimited();
  }
  if (frames.elicits || traffic.recovery.losses.probes === 0 || !frames.has(1)) return;
  frames.buffer[frames.at++] = FrameType.Ping;
  frames.elicits = true;
}

function writeChannels(s: Session, traffic: Traffic, channels: ChannelSet): void {
  const { frames } = s.context;
  const slot = traffic.recovery.packets.nextSlot;
  const room = frames.end - frames.at;
  if (slot < 0 || room < LEAST_CHANNEL_ROOM) return;
  const bytes = channels.writeFrames(frames.buffer, frames.at, room, slot);
  if (bytes === 0) return;
  frames.at += bytes;
  frames.elicits = frames.hasChannels = true;
  hasDrained(s, channels);
  s.arm(channels.pollTimeout());
}

function writeQueue(s: Session, queue: MessageQueue): void {
  const { frames } = s.context;
  const before = queue.count;
  const at = queue.moveInto(frames.buffer, frames.at, frames.end);
  if (at === frames.at) return;
  frames.at = at;
  frames.elicits = true;
  s.tally(SessionCounter.MessagesOut, before - queue.count);
  if (queue.count > 0) return;
  s.context.giveQueue(queue);
  s.queue = undefined;
  if (!s.pressed) return;
  s.pressed = false;
  s.notify(SessionEvent.Drained);
}

/** Writes the header; the index behind it. */
function writeHeader(s: Session, p: number, target: DatagramTransmit, number: number): number {
  const k = pathPeerId(s, p);
  const { buffer, offset } = target;
  if (s.reply === undefined) {
    encodeSessionHeader(buffer, offset, s.sendPhase, peerHigh(s, k), peerLow(s, k), number);
    return offset + SESSION_HEADER_BYTES;
  }
  encodeReplyHeader(buffer, offset, peerHigh(s, k), peerLow(s, k), number, s.reply.transcript);
  return offset + REPLY_HEADER_BYTES;
}

function noteSent(s: Session, isInUse: boolean, number: number, length: number, isMtuProbe: boolean): void {
  const { row, context } = s;
  const now = context.clock.now;
  row[NEXT_NUMBER] = number + 1;
  row[SEND_PHASE_BYTES]! += length;
  if (row[SEND_PHASE_SINCE] === Infinity) row[SEND_PHASE_SINCE] = now;
  s.tallyPacket(SessionCounter.PacketsOut, length);
  const { frames } = context;
  if (frames.owes) armProbe(s);
  if (!frames.elicits) return;
  row[ELICITED_AT] = now;
  if (row[ASKED_AT] === 0) row[ASKED_AT] = now;
  const { traffic } = s;
  if (traffic !== undefined) {
    traffic.times[TOUCHED_AT] = now;
    if (isInUse) noteUnderWay(s, traffic, number, length, frames.told, frames.hasChannels, isMtuProbe);
    return;
  }
  s.ledger ??= context.takeLedger();
  s.ledger.sent(number, length);
}
