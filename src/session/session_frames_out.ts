/**
 * Writes the frames of a session that are no messages: acknowledgements, closes, and what is owed.
 *
 * Invariant: an item leaves `due` when it is written and stays in `owed` until a packet that carried it is acknowledged;
 * one that does not fit stays due for the next packet.
 *
 * @module
 */
import { encodeAckRanges, LEAST_ACK_RANGES_BYTES } from "../wire/ack_frame.ts";
import {
  ACCEPT_FRAME_BYTES,
  ACK_FRAME_BYTES,
  CLOSE_OVERHEAD_BYTES,
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeNewConnectionId,
  encodeRetireConnectionId,
  encodeTicketFrame,
  FrameType,
  MAX_REASON_BYTES,
  NEW_ID_FRAME_BYTES,
  RETIRE_FRAME_BYTES,
  TICKET_OVERHEAD_BYTES,
} from "../wire/session_frame.ts";
import { localHigh, localLow, localSequence, retiredSequence } from "./session_ids.ts";
import { ACCEPT, ACK, CLOSE, DONE, EARLY, IDS, Item, PING, RETIRE, TICKET } from "./session_item.ts";
import type { Session } from "./session.ts";
import {
  ACK_AT,
  GAP_AT,
  GAP_END,
  GAP_START,
  ID_COUNT,
  ITEM_NUMBER,
  LARGEST_AT,
  LARGEST_RECEIVED,
  RANGE_START,
  SMOOTHED_RTT,
} from "./session_row.ts";
import { SessionRole, SessionState } from "./session_state.ts";
import { ASK_AT, type Traffic } from "./traffic.ts";

const MAX_UINT32 = 0xffff_ffff;

/** No acknowledgement takes more of a packet. */
const MAX_ACK_BYTES = 256;

/** From so many ranges on the peer is asked which it knows: who sends nothing else would tell them for ever. */
const MANY_RANGES = 6;

const encoder = new TextEncoder();

/**
 * Acknowledges what was received.
 *
 * @param s The session.
 */
export function writeAck(s: Session): void {
  const { row } = s;
  const { frames } = s.context;
  if (s.traffic !== undefined) return writeRanges(s, s.traffic);
  if (row[LARGEST_RECEIVED]! < 0 || !frames.has(2 * ACK_FRAME_BYTES)) return;
  if (row[GAP_END]! >= 0) {
    writeRange(s, GAP_START, GAP_END, GAP_AT);
    row[GAP_END] = -1;
  }
  writeRange(s, RANGE_START, LARGEST_RECEIVED, LARGEST_AT);
  s.due &= ~ACK;
  s.unacked = 0;
  row[ACK_AT] = Infinity;
}

/** Writes all ranges that fit. */
function writeRanges(s: Session, traffic: Traffic): void {
  const { received } = traffic;
  const { frames } = s.context;
  const { ranges } = received;
  s.due &= ~ACK;
  if (ranges.count === 0) return received.handleAckSent();
  if (!frames.has(LEAST_ACK_RANGES_BYTES)) return s.call(ACK);
  const hasMarks = received.ect0 + received.ect1 + received.ce > 0;
  const limit = Math.min(frames.end, frames.at + MAX_ACK_BYTES);
  frames.at = encodeAckRanges(
    frames.buffer,
    frames.at,
    limit,
    ranges,
    received.delayMs,
    hasMarks ? received : undefined,
  );
  frames.told = ranges.largest;
  received.handleAckSent();
  if (ranges.count < MANY_RANGES || !frames.has(1) || !mayAsk(s, traffic)) return;
  frames.buffer[frames.at++] = FrameType.Ping;
  frames.elicits = true;
}

/** Whether the peer may be asked, once a round trip, to say which ranges it knows: those are not told again then. */
function mayAsk(s: Session, { times }: Traffic): boolean {
  const { now } = s.context.clock;
  if (now < times[ASK_AT]!) return false;
  times[ASK_AT] = now + Math.max(s.row[SMOOTHED_RTT]!, 1);
  return true;
}

/** Writes one range by the places of its ends and of when the larger one came. */
function writeRange(s: Session, start: number, end: number, at: number): void {
  const { row } = s;
  const { frames, clock } = s.context;
  const count = Math.min(row[end]! - row[start]!, MAX_UINT32);
  const delayMicros = Math.min(Math.round((clock.now - row[at]!) * 1000), MAX_UINT32);
  frames.at = encodeAck(frames.buffer, frames.at, row[end]!, count, delayMicros);
}

/**
 * Closes, if that is due.
 *
 * @param s A session that is closing or draining.
 */
export function writeClose(s: Session): void {
  const { frames } = s.context;
  const { reason } = s;
  if ((s.due & CLOSE) === 0 || reason === undefined) return;
  const text = s.state === SessionState.Closing ? encoder.encode(reason.text).subarray(0, MAX_REASON_BYTES) : NO_TEXT;
  if (!frames.has(CLOSE_OVERHEAD_BYTES + text.length)) return;
  frames.at = encodeClose(frames.buffer, frames.at, reason.code, text);
  s.due &= ~CLOSE;
}

/**
 * Writes what is owed and due, as far as it fits.
 *
 * @param s The session.
 * @param number The number of the packet.
 */
export function writeItems(s: Session, number: number): void {
  const { frames } = s.context;
  if (s.reply !== undefined && frames.has(ACCEPT_FRAME_BYTES)) {
    const { verdict, resetToken } = s.reply;
    frames.at = encodeAccept(frames.buffer, frames.at, verdict, resetToken, s.context.config.limits);
    sent(s, ACCEPT, Item.Accept, number);
  }
  if ((s.due & PING) !== 0 && frames.has(1)) {
    frames.buffer[frames.at++] = FrameType.Ping;
    sent(s, PING, Item.Ping, number);
    frames.isPadded = s.role === SessionRole.Client && s.state === SessionState.Confirming;
  }
  if ((s.due & DONE) !== 0 && frames.has(1)) {
    frames.buffer[frames.at++] = FrameType.HandshakeDone;
    sent(s, DONE, Item.Done, number);
  }
  if ((s.due & IDS) !== 0) writeIds(s, number);
  if ((s.due & RETIRE) !== 0) writeRetired(s, number);
  if ((s.due & TICKET) !== 0) writeTicket(s, number);
  if ((s.due & EARLY) !== 0) writeEarly(s, number);
}

function writeIds(s: Session, number: number): void {
  const { frames, resetTokens } = s.context;
  for (let k = 0; k < ID_COUNT; k++) {
    const bit = 1 << (Item.Id + k);
    if ((s.due & bit) === 0 || !frames.has(NEW_ID_FRAME_BYTES)) continue;
    const [high, low] = [localHigh(s, k), localLow(s, k)];
    const token = resetTokens.tokenOf(high, low);
    frames.at = encodeNewConnectionId(frames.buffer, frames.at, localSequence(s, k), high, low, token);
    sent(s, bit, Item.Id + k, number);
  }
}

function writeRetired(s: Session, number: number): void {
  const { frames } = s.context;
  if (!frames.has(ID_COUNT * RETIRE_FRAME_BYTES)) return;
  for (let k = 0; k < ID_COUNT; k++) {
    const sequence = retiredSequence(s, k);
    if (sequence >= 0) frames.at = encodeRetireConnectionId(frames.buffer, frames.at, sequence);
  }
  sent(s, RETIRE, Item.Retire, number);
}

function writeTicket(s: Session, number: number): void {
  const { frames } = s.context;
  const { grant } = s;
  if (grant === undefined) {
    s.due &= ~TICKET;
    return;
  }
  if (!frames.has(TICKET_OVERHEAD_BYTES + grant.ticket.length)) return;
  frames.at = encodeTicketFrame(frames.buffer, frames.at, grant);
  sent(s, TICKET, Item.Ticket, number);
}

function writeEarly(s: Session, number: number): void {
  const { frames } = s.context;
  const messages = s.early?.frames;
  if (messages === undefined) {
    s.due &= ~EARLY;
    return;
  }
  if (!frames.has(messages.length)) return;
  frames.buffer.set(messages, frames.at);
  frames.at += messages.length;
  sent(s, EARLY, Item.Early, number);
}

function sent(s: Session, bit: number, item: number, number: number): void {
  const { frames } = s.context;
  s.due &= ~bit;
  s.owed |= bit;
  s.row[ITEM_NUMBER + item] = number;
  frames.elicits = frames.owes = true;
}

const NO_TEXT = new Uint8Array(0);
