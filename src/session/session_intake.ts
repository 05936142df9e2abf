/**
 * A packet comes in: opened, its frames acted upon, its path judged.
 *
 * Order: the replay window is asked before the seal is opened and moved only after (RFC 6479); nothing of a packet
 * counts before it opened. Invariant: no content of a packet makes this throw; what breaks the standard inside an
 * authentic packet closes the session, everything else is dropped under a counter. Plain messages
 * stay where they are in the packet: the endpoint walks them once more when it is polled.
 *
 * @module
 */
import { AEAD_TAG_BYTES, type PacketKey } from "../crypto/aead.ts";
import { isChannelFrame } from "../wire/channel_frame.ts";
import { decodeNumber, NUMBER_OFFSET, PacketType, packetType } from "../wire/packet_header.ts";
import type { InboundPacket } from "./inbound_packet.ts";
import { decodeGrant, elicitsAck, FrameType, isProbing } from "../wire/session_frame.ts";
import { confirmReceive, receiveKeyFor } from "./key_ladder.ts";
import { establish } from "./session_establish.ts";
import { acceptAck, acceptAckRanges, noteReceived, oweAck } from "./session_acks.ts";
import { acceptClose, answerWithClose, closeSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionCounter } from "./session_counters.ts";
import { takeChannelFrame } from "./session_channels.ts";
import { addPeerId, retireLocalId } from "./session_ids.ts";
import { ACK } from "./session_item.ts";
import {
  acceptResponse,
  answerChallenge,
  followTo,
  goBack,
  showsCopying,
  startValidation,
} from "./session_migration.ts";
import { addPath, creditPath, findPath } from "./session_path.ts";
import type { Session } from "./session.ts";
import { ASKED_AT, FORGED, RECEIVED_AT } from "./session_row.ts";
import { accept, isFresh } from "./replay_bits.ts";
import { keepTicket } from "./session_start.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import { heedReturn, trafficOf } from "./session_traffic.ts";
import { TOUCHED_AT } from "./traffic.ts";

/** The channel that early messages are carried on. */
export const EARLY_CHANNEL = 1;

const ELICITS = 1;
const MOVES = 2;
const URGENT = 4;
const CARRIES = 8;
const BROKEN = -1;

const decoder = new TextDecoder();

/**
 * Takes a packet of a session that has keys.
 *
 * @param s The session.
 * @param at Where the packet is and where it came from.
 * @returns How many messages are in it for the application.
 */
export function takePacket(s: Session, at: InboundPacket): number {
  const number = decodeNumber(at.buffer, at.start + NUMBER_OFFSET);
  const from = findPath(s, at.pathId, at.address);
  if (from < 0 && s.path >= 0 && !s.follows) return drop(s, SessionCounter.WrongPath);
  if (s.state >= SessionState.Draining) return drop(s, SessionCounter.LatePackets);
  const fresh = isFresh(s.row, s.words, number);
  if (!fresh && (from < 0 || !showsCopying(s, from, number))) return drop(s, SessionCounter.Replayed);
  const key = receiveKeyFor(s, at.buffer[at.start]! & 1, number);
  if (!key.open(at.buffer, at.start, at.body, at.end, number)) return countForged(s);
  if (fresh) return acceptOpened(s, key, number, from, at);
  goBack(s);
  return drop(s, SessionCounter.Replayed);
}

/**
 * A packet did not open.
 *
 * @param s The session.
 * @returns 0.
 */
export function countForged(s: Session): number {
  if (++s.row[FORGED]! >= s.context.config.maxForgedPackets) {
    closeSession(s, SessionCloseCode.ForgeryLimit, "local", "");
  }
  return drop(s, SessionCounter.Forged);
}

/**
 * Acts on a packet that was opened.
 *
 * @param s The session.
 * @param key The key that opened it.
 * @param number Its number, which is fresh.
 * @param from The path that it came by; -1: one that the session does not know.
 * @param at Where the packet is and where it came from.
 * @returns How many messages are in it for the application.
 */
export function acceptOpened(s: Session, key: PacketKey, number: number, from: number, at: InboundPacket): number {
  const { context } = s;
  const bytes = at.end - at.start;
  accept(s.row, s.words, number);
  confirmReceive(s, key, number);
  const silenceMs = context.clock.now - s.row[RECEIVED_AT]!;
  s.row[RECEIVED_AT] = context.clock.now;
  s.row[ASKED_AT] = 0;
  s.tallyPacket(SessionCounter.PacketsIn, bytes);
  const path = from >= 0 ? from : meetPath(s, at);
  if (path >= 0) creditPath(s, path, bytes);
  const isNewest = noteReceived(s, number);
  if (s.state === SessionState.Confirming) establish(s, path);
  context.cursor.load(at.buffer, at.body, at.end - AEAD_TAG_BYTES);
  const flags = readFrames(s, path, packetType(at.buffer[at.start]!));
  if (flags === BROKEN) closeSession(s, context.violation, "remote", "");
  else finish(s, flags, path, number, isNewest);
  if (s.traffic !== undefined) heedReturn(s, s.traffic, silenceMs);
  if (s.isOpen) return context.messages;
  s.count(SessionCounter.DroppedMessages, context.messages);
  return 0;
}

/** What a packet asks for as a whole. */
function finish(s: Session, flags: number, path: number, number: number, isNewest: boolean): void {
  if (s.state === SessionState.Closing) answerWithClose(s);
  else if (s.isOpen) acknowledge(s, flags, number);
  if ((flags & MOVES) !== 0 && isNewest && path >= 0 && path !== s.path && s.isOpen && s.follows) {
    followTo(s, path, number);
  }
  if (s.due !== 0 || s.queue !== undefined || s.channels !== undefined && s.channels.hasPending) s.wake();
}

/** Sees to it that a packet is acknowledged, if it asks for that. */
function acknowledge(s: Session, flags: number, number: number): void {
  const traffic = s.traffic ?? ((flags & CARRIES) === 0 ? undefined : trafficOf(s, number));
  if (traffic === undefined) {
    if ((flags & ELICITS) !== 0) oweAck(s);
    if ((flags & URGENT) !== 0) s.call(ACK);
    return;
  }
  const { received, times } = traffic;
  const isEliciting = (flags & ELICITS) !== 0;
  times[TOUCHED_AT] = s.context.clock.now;
  received.handlePacket(number, isEliciting, (flags & URGENT) !== 0);
  if (s.context.mark !== 0) received.handleMark(s.context.mark);
  if (!isEliciting) return;
  const { dueAt } = received;
  if (dueAt === -Infinity) s.wake();
  else if (dueAt !== Infinity) s.arm(dueAt);
}

/** A path that the session does not know: the first one is taken, any other has to prove itself. */
function meetPath(s: Session, at: InboundPacket): number {
  const isFirst = s.path < 0;
  const path = addPath(s, at.pathId, at.address, false);
  if (path < 0) s.count(SessionCounter.PathsRefused, 1);
  if (!isFirst) return path;
  s.path = path;
  return path;
}

/** Acts on all frames; `BROKEN` when the packet breaks the standard, which `context.violation` then names. */
function readFrames(s: Session, path: number, type: number): number {
  const { context } = s;
  const { cursor, config } = context;
  const { unreliableChannels } = config;
  context.messages = 0;
  context.earlyMask = 0;
  context.violation = SessionCloseCode.ProtocolViolation;
  let flags = 0;
  while (cursor.next()) {
    if (cursor.type === FrameType.Plain) {
      if (unreliableChannels[cursor.channel] !== 1) return BROKEN;
      flags |= ELICITS | MOVES | CARRIES;
      context.messages++;
      continue;
    }
    if (isChannelFrame(cursor.type)) {
      flags |= ELICITS | MOVES | CARRIES;
      if (s.isOpen && !takeChannelFrame(s, cursor.buffer, cursor.start, cursor.position)) return BROKEN;
      continue;
    }
    if (elicitsAck(cursor.type)) flags |= ELICITS;
    if (!isProbing(cursor.type)) flags |= MOVES;
    if (cursor.type === FrameType.Ping) flags |= URGENT;
    else if (!actOn(s, path, type)) return BROKEN;
    if (s.state >= SessionState.Draining) break;
  }
  return cursor.failed ? BROKEN : flags;
}

/** Acts on one frame that is no message and no ping. */
function actOn(s: Session, path: number, type: number): boolean {
  const { cursor } = s.context;
  const isClient = s.role === SessionRole.Client;
  switch (cursor.type) {
    case FrameType.Ack:
      if (acceptAck(s, cursor.smallest, cursor.largest, cursor.delayMicros)) return true;
      s.context.violation = SessionCloseCode.OptimisticAck;
      return false;
    case FrameType.AckRanges:
    case FrameType.AckRangesEcn:
      if (acceptAckRanges(s, cursor.ranges)) return true;
      s.context.violation = SessionCloseCode.OptimisticAck;
      return false;
    case FrameType.PathChallenge:
      if (path >= 0) {
        answerChallenge(s, path, cursor.high, cursor.low);
        // A peer that probes is about to move: this end proves the path as well.
        if (path !== s.path && s.follows) startValidation(s, path);
      }
      return true;
    case FrameType.PathResponse:
      if (path >= 0) acceptResponse(s, path, cursor.high, cursor.low);
      return true;
    case FrameType.NewConnectionId:
      return addPeerId(s, cursor.sequence, cursor.high, cursor.low, cursor.buffer, cursor.offset);
    case FrameType.RetireConnectionId:
      return retireLocalId(s, cursor.sequence);
    case FrameType.Close:
      acceptClose(s, cursor.code, textOf(cursor.buffer, cursor.offset, cursor.length));
      return true;
    case FrameType.HandshakeDone:
      return isClient;
    case FrameType.Ticket:
      if (isClient) keepTicket(s, decodeGrant(cursor.buffer, cursor.offset, cursor.length));
      return isClient;
    case FrameType.Accept:
      return isClient && type === PacketType.Reply;
    case FrameType.EarlyMessage:
      return !isClient && takeEarly(s);
    default:
      return false;
  }
}

function takeEarly(s: Session): boolean {
  const { context } = s;
  if (context.cursor.channel !== EARLY_CHANNEL) return false;
  const bit = 1 << context.cursor.id;
  if ((s.deliveredEarly & bit) !== 0) {
    s.count(SessionCounter.DroppedMessages, 1);
    return true;
  }
  s.deliveredEarly |= bit;
  context.earlyMask |= bit;
  context.messages++;
  return true;
}

/** What a peer wrote; a sequence that is no UTF-8 becomes replacement characters. */
function textOf(buffer: Uint8Array, offset: number, length: number): string {
  return length === 0 ? "" : decoder.decode(buffer.slice(offset, offset + length));
}

function drop(s: Session, counter: number): number {
  s.count(counter, 1);
  return 0;
}
