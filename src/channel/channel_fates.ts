/**
 * What became of a packet, and what that means for the messages in it.
 *
 * Invariants: whatever a packet carried is settled at most once as acknowledged; what is lost goes out again in new
 * frames, unless it has expired, was taken back, is unreliable and of one frame, or is under way in another packet as
 * well. A packet that was given up may still be acknowledged: what has arrived by it is then not sent again.
 *
 * @module
 */
import { ChannelCounter } from "./channel_counters.ts";
import type { OutChannel } from "./out_channel.ts";
import { type OutMessage, type SentFrame, SentKind, SentState } from "./out_message.ts";
import type { OutState } from "./out_state.ts";
import { awaitParity, recoveredFrame, releaseNote, settleParity } from "./parity_turn.ts";

/**
 * The packet of a slot was acknowledged, in time or after it had been given up; the slot is free then.
 *
 * @param o The sending side.
 * @param slot The slot.
 */
export function acknowledge(o: OutState, slot: number): void {
  for (let note = o.notes.take(slot); note !== undefined;) {
    const { next } = note;
    settleAcked(o, note);
    releaseNote(o, note);
    note = next;
  }
}

/**
 * The packet of a slot is given up; its notes stay.
 *
 * @param o The sending side.
 * @param slot The slot.
 */
export function giveUp(o: OutState, slot: number): void {
  for (let note = o.notes.first(slot); note !== undefined; note = note.next) settleLost(o, note);
}

/**
 * Forgets notes; what is still under way counts as lost.
 *
 * @param o The sending side.
 * @param first The first note, which nobody else has.
 */
export function forget(o: OutState, first: SentFrame | undefined): void {
  for (let note = first; note !== undefined;) {
    const { next } = note;
    settleLost(o, note);
    releaseNote(o, note);
    note = next;
  }
}

/**
 * The peer has recovered a frame by parity.
 *
 * @param o The sending side.
 * @param channel The channel.
 * @param group The group.
 * @param index The frame's place in it.
 * @returns False when no frame was sent there.
 */
export function acceptRecovered(o: OutState, channel: OutChannel, group: number, index: number): boolean {
  const note = recoveredFrame(channel, group, index);
  if (note === null) return false;
  o.count(ChannelCounter.RecoveredByPeer, 1);
  if (note !== undefined) settle(o, note);
  return true;
}

/**
 * Sends again what a note is about.
 *
 * @param o The sending side.
 * @param note A note whose packet is lost, and parity too.
 */
export function requeue(o: OutState, note: SentFrame): void {
  const message = note.message!;
  if (message.isDone || message.isSkipped) return;
  const channel = o.channels[message.channel]!;
  const { config } = channel;
  if (note.kind === SentKind.Whole) {
    if (message.isFragmented || message.inFlight > 0) return;
    if (!config.isReliable) {
      o.count(ChannelCounter.LostUnreliable, 1);
      return o.finish(message);
    }
    message.lostCount = 1;
  } else {
    if (config.isSequenced && channel.startedTail !== message) return o.drop(message, ChannelCounter.ReplacedOut);
    markLost(message, note.first, note.first + note.count);
    if (message.lostCount === 0) return;
  }
  const flow = channel.flow(message.lane);
  flow.pushLost(message);
  o.schedule.activate(flow);
}

function settleAcked(o: OutState, note: SentFrame): void {
  if (note.state === SentState.Lost || note.state === SentState.Waiting) o.count(ChannelCounter.SpuriousFrames, 1);
  settle(o, note);
}

/** The peer has what a note is about. */
function settle(o: OutState, note: SentFrame): void {
  const { message, state } = note;
  if (state === SentState.Acked) return;
  note.state = SentState.Acked;
  if (state === SentState.Waiting) note.group!.waiting--;
  if (note.kind === SentKind.Parity && state === SentState.InFlight) settleParity(o, note, true);
  if (message === undefined) return;
  if (state === SentState.InFlight) message.inFlight--;
  if (message.isDone) return;
  if (note.kind === SentKind.Range) {
    message.unacked -= message.acked!.add(note.first, note.count);
    if (message.lostCount > 0) message.lostCount -= message.lost!.remove(note.first, note.count);
    if (message.unacked > 0) return;
  }
  o.finish(message);
}

function settleLost(o: OutState, note: SentFrame): void {
  if (note.state !== SentState.InFlight) return;
  note.state = SentState.Lost;
  const { message, kind } = note;
  if (message !== undefined) message.inFlight--;
  switch (kind) {
    case SentKind.Parity:
      return settleParity(o, note, false);
    case SentKind.Credit:
      o.lostCredits.push(note.first);
      return;
    case SentKind.Skip:
      if (!message!.isDone) o.oweSkip(o.channels[message!.channel]!, message!);
      return;
    default:
      if (message!.isDone || message!.isSkipped || awaitParity(o, note)) return;
      requeue(o, note);
  }
}

/** Marks the grains of a range as lost that are not acknowledged. */
function markLost(message: OutMessage, first: number, end: number): void {
  const acked = message.acked!;
  for (let at = acked.find(false, first, end); at < end;) {
    const stop = acked.find(true, at, end);
    message.lostCount += message.lost!.add(at, stop - at);
    at = acked.find(false, stop, end);
  }
}
