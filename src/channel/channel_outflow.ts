/**
 * Fills packets with the frames of channels.
 *
 * Order inside a packet: skips and the word that credit is short, then lanes as the schedule has it, and of each flow
 * parity, what is sent again, what is new; repetitions last. Invariants: a message that fits a packet of its own is not
 * cut to fill another one; nothing new is begun without an id and, on reliable channels, credit for the whole of it.
 *
 * @module
 */
import {
  BLOCKED_FRAME_BYTES,
  CONNECTION,
  encodeBlocked,
  encodeFragment,
  encodeProtected,
  encodeSkip,
  encodeWhole,
  FRAGMENT_OVERHEAD_BYTES,
  GRAIN_BYTES,
  PROTECTED_OVERHEAD_BYTES,
  SKIP_FRAME_BYTES,
  WHOLE_OVERHEAD_BYTES,
} from "../wire/channel_frame.ts";
import { copyBytes } from "./channel_context.ts";
import { ChannelCounter } from "./channel_counters.ts";
import { requeue } from "./channel_fates.ts";
import { MESSAGE_COST } from "./credit.ts";
import { grainsOf } from "./grain_set.ts";
import { ALL_LANES } from "./lane_schedule.ts";
import type { OutChannel } from "./out_channel.ts";
import type { OutFlow } from "./out_flow.ts";
import { type OutMessage, type SentFrame, SentKind } from "./out_message.ts";
import type { OutState } from "./out_state.ts";
import { dropParity, encoderOf, protect, writeParity } from "./parity_turn.ts";

/** A flow has nothing to write, or may not. */
const NOTHING = -1;

/** So many flows of a lane may have nothing that fits before the lane is passed over for the packet. */
const MAX_MISSES = 8;

/** A packet that has something in it already gets no shorter fragment than this, but for the last one. */
const MIN_FRAGMENT_BYTES = 64;

/** The largest frame that is protected: its parity fits a packet that holds acknowledgements as well. */
const MAX_PROTECTED_BYTES = 1056;

const MAX_PAYLOAD_BYTES = 0xffff;

/** So many messages are looked at for repetition. */
const MAX_REPEATS = 32;

/** The least time in ms between two frames that say that credit is short. */
const MIN_PROBE_MS = 200;

/**
 * Writes what is owed besides messages.
 *
 * @param o The sending side.
 * @param into The packet.
 * @param at Where the next frame goes.
 * @param end Where the last one must end.
 * @returns The index after the last one.
 */
export function writeOwed(o: OutState, into: Uint8Array, at: number, end: number): number {
  if (!o.isDue) return at;
  let position = at;
  let isDue = false;
  for (const channel of o.channels) {
    if (channel === undefined) continue;
    position = writeSkips(o, channel, into, position, end);
    if (channel.isBlockedDue && position + BLOCKED_FRAME_BYTES <= end) {
      position = encodeBlocked(into, position, channel.config.number);
      channel.isBlockedDue = false;
    }
    isDue ||= channel.skipHead !== undefined || channel.isBlockedDue;
  }
  if (o.isBlockedDue && position + BLOCKED_FRAME_BYTES <= end) {
    position = encodeBlocked(into, position, CONNECTION);
    o.isBlockedDue = false;
  }
  o.isDue = isDue || o.isBlockedDue;
  return position;
}

/**
 * Writes messages, as many as fit.
 *
 * @param o The sending side.
 * @param into The packet.
 * @param start Where the room of the packet starts.
 * @param at Where the next frame goes.
 * @param end Where the last one must end.
 * @returns The index after the last one.
 */
export function writeMessages(o: OutState, into: Uint8Array, start: number, at: number, end: number): number {
  const { schedule } = o;
  let mask = ALL_LANES;
  let position = at;
  let misses = 0;
  // The first flow of a lane that had nothing that fits keeps its turn.
  let missed: OutFlow | undefined;
  for (let lane = schedule.pick(mask); lane >= 0; lane = schedule.pick(mask)) {
    const flow = schedule.first(lane);
    const next = writeOne(o, flow, into, start, position, end);
    if (next === NOTHING) {
      schedule.deactivateFirst(lane);
      continue;
    }
    schedule.rotate(lane, next - position);
    if (next > position) {
      position = next;
      continue;
    }
    if (missed !== undefined && missed.lane !== lane) {
      schedule.turnTo(missed);
      missed = undefined;
      misses = 0;
    }
    missed ??= flow;
    if (++misses < MAX_MISSES && schedule.first(lane) !== missed) continue;
    mask &= ~(1 << lane);
  }
  if (missed !== undefined) schedule.turnTo(missed);
  return position;
}

/**
 * Repeats the newest messages that are not acknowledged, on channels that want it.
 *
 * @param o The sending side.
 * @param into The packet, which holds something already.
 * @param at Where the next frame goes.
 * @param end Where the last one must end.
 * @returns The index after the last one.
 */
export function writeRepeats(o: OutState, into: Uint8Array, at: number, end: number): number {
  let position = at;
  for (const channel of o.channels) {
    if (channel === undefined || channel.config.redundancyBytes === 0) continue;
    const stop = Math.min(end, position + channel.config.redundancyBytes);
    let looked = 0;
    for (let m = channel.startedTail; m !== undefined && looked < MAX_REPEATS; m = m.previous, looked++) {
      const fits = position + WHOLE_OVERHEAD_BYTES + m.bytes <= stop;
      if (fits && m.packetSerial !== o.serial && m.inFlight > 0 && !m.isFragmented && !m.isSkipped) {
        position = writeWhole(o, channel, m, into, position);
        o.count(ChannelCounter.FramesRepeated, 1);
        o.count(ChannelCounter.BytesRepeated, m.bytes);
      }
      if (channel.config.isSequenced) break;
    }
  }
  return position;
}

function writeSkips(o: OutState, channel: OutChannel, into: Uint8Array, at: number, end: number): number {
  let position = at;
  while (channel.skipHead !== undefined && position + SKIP_FRAME_BYTES <= end) {
    const message = channel.skipHead;
    channel.skipHead = message.skipNext;
    message.skipNext = undefined;
    if (!message.isDone) {
      position = encodeSkip(into, position, channel.config.number, message.id, message.bytes);
      o.notes.add(SentKind.Skip, message, 0, 0);
    }
    o.letGo(message);
  }
  return position;
}

/** Writes one frame of a flow: the index after it, `at` when nothing fits, or `NOTHING`. */
function writeOne(o: OutState, flow: OutFlow, into: Uint8Array, start: number, at: number, end: number): number {
  const channel = o.channels[flow.channel]!;
  const carriesParity = flow.lane === channel.config.lane;
  const encoder = carriesParity ? channel.encoder : undefined;
  if (encoder !== undefined) encoder.packet = o.serial;
  for (let bytes = encoder?.parityBytes ?? 0; bytes > 0; bytes = encoder!.parityBytes) {
    if (at + bytes <= end) return writeParity(o, channel, into, at);
    if (at > start) break;
    dropParity(o, channel);
  }
  for (let message = flow.lostHead; message !== undefined; message = flow.lostHead) {
    const isOld = channel.config.isSequenced && channel.startedTail !== message;
    if (isOld && !message.isDone) o.drop(message, ChannelCounter.ReplacedOut);
    if (!message.isDone && !message.isSkipped && message.lostCount > 0) {
      return writeAgain(o, channel, flow, message, into, start, at, end);
    }
    o.letGo(flow.shiftLost());
  }
  const message = flow.isHeld ? undefined : flow.head;
  if (message !== undefined) {
    if (message.isStarted || mayStart(o, channel, message)) {
      return writeNext(o, channel, flow, message, into, start, at, end);
    }
    flow.isHeld = true;
  }
  return carriesParity && channel.hasParity ? at : NOTHING;
}

/** Whether there are an id and credit for a message. */
function mayStart(o: OutState, channel: OutChannel, message: OutMessage): boolean {
  if (!channel.config.isReliable) return true;
  if (!channel.hasIds) {
    channel.isOutOfIds = true;
    return false;
  }
  const cost = message.bytes + MESSAGE_COST;
  const isShort = !channel.credit.allows(cost);
  if (!isShort && o.credit.allows(cost)) return true;
  o.count(ChannelCounter.CreditBlocked, 1);
  o.isDue = true;
  if (isShort) channel.isBlocked = channel.isBlockedDue = true;
  else o.isBlocked = o.isBlockedDue = true;
  if (o.probeAt === Infinity) {
    o.probeMs = Math.max(MIN_PROBE_MS, 2 * o.roundTripMs);
    o.probeAt = o.context.clock.now + o.probeMs;
  }
  return false;
}

function begin(o: OutState, channel: OutChannel, message: OutMessage): void {
  channel.start(message);
  if (!channel.config.isReliable) return;
  const cost = message.bytes + MESSAGE_COST;
  channel.credit.spend(cost);
  o.credit.spend(cost);
}

/** How large a frame may be between two places of a packet. */
function roomOf(channel: OutChannel, from: number, end: number): number {
  if (channel.config.fec === undefined) return end - from;
  return Math.min(end - from - PROTECTED_OVERHEAD_BYTES, MAX_PROTECTED_BYTES);
}

/** Whether a message goes into a packet as a whole now (1), into the next one (0), or in fragments (-1). */
function placeWhole(channel: OutChannel, message: OutMessage, start: number, at: number, end: number): number {
  const bytes = WHOLE_OVERHEAD_BYTES + message.bytes;
  if (message.isFragmented || message.bytes > MAX_PAYLOAD_BYTES) return -1;
  if (bytes <= roomOf(channel, at, end)) return 1;
  // Nothing has no fragments.
  if (message.bytes === 0) return 0;
  return bytes <= roomOf(channel, start, end) ? 0 : -1;
}

/** Writes what is new of a message. */
function writeNext(
  o: OutState,
  channel: OutChannel,
  flow: OutFlow,
  message: OutMessage,
  into: Uint8Array,
  start: number,
  at: number,
  end: number,
): number {
  const place = placeWhole(channel, message, start, at, end);
  if (place === 0) return at;
  if (place === 1) {
    const { isReliable, redundancyBytes } = channel.config;
    const isTracked = isReliable || redundancyBytes > 0;
    if (isTracked) begin(o, channel, message);
    else channel.name(message);
    const position = writeWhole(o, channel, message, into, at);
    endQueued(o, flow, message);
    if (!isTracked) o.finish(message);
    return position;
  }
  const rest = message.bytes - message.sentEnd;
  const bytes = fragmentBytes(roomOf(channel, at, end), rest, at === start);
  if (bytes === 0) return at;
  if (!message.isStarted) {
    begin(o, channel, message);
    message.fragment(grainsOf(message.bytes));
    limitLife(o, channel, message);
  }
  const position = writeRange(o, channel, message, into, at, message.sentEnd, bytes);
  message.sentEnd += bytes;
  if (bytes === rest) endQueued(o, flow, message);
  return position;
}

/** An unreliable message in fragments is of no use after the receiver has given it up. */
function limitLife(o: OutState, channel: OutChannel, message: OutMessage): void {
  if (channel.config.isReliable) return;
  const latest = o.context.clock.now + o.context.config.reassemblyTimeoutMs;
  if (latest >= message.deadline[0]!) return;
  message.deadline[0] = latest;
  channel.expiry = Math.min(channel.expiry, latest);
}

function endQueued(o: OutState, flow: OutFlow, message: OutMessage): void {
  flow.remove(message);
  message.holders--;
  o.count(ChannelCounter.MessagesOut, 1);
}

/** Writes what is lost of a message. */
function writeAgain(
  o: OutState,
  channel: OutChannel,
  flow: OutFlow,
  message: OutMessage,
  into: Uint8Array,
  start: number,
  at: number,
  end: number,
): number {
  const place = placeWhole(channel, message, start, at, end);
  if (place === 0) return at;
  if (place === 1) {
    message.lostCount = 0;
    o.letGo(flow.shiftLost());
    countResent(o, message.bytes);
    return writeWhole(o, channel, message, into, at);
  }
  if (!message.isFragmented) {
    const grains = grainsOf(message.bytes);
    message.fragment(grains);
    message.lostCount = message.lost!.add(0, grains);
  }
  const { lost } = message;
  const grains = grainsOf(message.bytes);
  const first = lost!.find(true, 0, grains);
  const stop = lost!.find(false, first, grains);
  const offset = first * GRAIN_BYTES;
  const rest = Math.min(stop * GRAIN_BYTES, message.bytes) - offset;
  const bytes = fragmentBytes(roomOf(channel, at, end), rest, at === start);
  if (bytes === 0) return at;
  message.lostCount -= lost!.remove(first, grainsOf(bytes));
  countResent(o, bytes);
  return writeRange(o, channel, message, into, at, offset, bytes);
}

function countResent(o: OutState, bytes: number): void {
  o.count(ChannelCounter.FramesResent, 1);
  o.count(ChannelCounter.BytesResent, bytes);
}

/** How many bytes a fragment has that is at most so long; 0: it is not worth its header. */
function fragmentBytes(room: number, rest: number, isFirst: boolean): number {
  const most = Math.min(room - FRAGMENT_OVERHEAD_BYTES, MAX_PAYLOAD_BYTES);
  if (rest <= most) return rest;
  const bytes = most - most % GRAIN_BYTES;
  return bytes >= (isFirst ? GRAIN_BYTES : MIN_FRAGMENT_BYTES) ? bytes : 0;
}

function writeWhole(o: OutState, channel: OutChannel, message: OutMessage, into: Uint8Array, at: number): number {
  const { number, isReliable, redundancyBytes } = channel.config;
  const inner = openFrame(o, channel, into, at);
  const payload = encodeWhole(into, inner, number, message.id, message.bytes);
  copyBytes(into, payload, message.block, 0, message.bytes);
  message.packetSerial = o.serial;
  const isTracked = isReliable || redundancyBytes > 0;
  const note = isTracked ? o.notes.add(SentKind.Whole, message, 0, 1) : undefined;
  return closeFrame(o, channel, into, inner, payload + message.bytes, note);
}

function writeRange(
  o: OutState,
  channel: OutChannel,
  message: OutMessage,
  into: Uint8Array,
  at: number,
  offset: number,
  bytes: number,
): number {
  const inner = openFrame(o, channel, into, at);
  const payload = encodeFragment(into, inner, channel.config.number, message.id, message.bytes, offset, bytes);
  copyBytes(into, payload, message.block, offset, offset + bytes);
  const note = o.notes.add(SentKind.Range, message, offset / GRAIN_BYTES, grainsOf(bytes));
  return closeFrame(o, channel, into, inner, payload + bytes, note);
}

/** Writes what stands before a frame that is to be protected. */
function openFrame(o: OutState, channel: OutChannel, into: Uint8Array, at: number): number {
  const { fec } = channel.config;
  if (fec === undefined) return at;
  const encoder = encoderOf(o, channel, fec);
  encoder.packet = o.serial;
  return encodeProtected(into, at, encoder.group, encoder.index);
}

function closeFrame(
  o: OutState,
  channel: OutChannel,
  into: Uint8Array,
  inner: number,
  end: number,
  note: SentFrame | undefined,
): number {
  if (channel.config.fec !== undefined) protect(o, channel, into, inner, end, note, requeue);
  return end;
}
