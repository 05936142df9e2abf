/**
 * How a session works its channels (src/channel): messages in and out, and the short way of small unreliable ones.
 *
 * A message of an unreliable channel that fits a packet, without repetition, parity or a time to live, needs nothing of
 * what channels keep: it waits as a frame that is ready to be copied (Plain), and its receiver hands it on where it lies
 * in the packet. Invariants: a message takes the short way only while nothing else waits, so that lanes stay fair; it is
 * in one packet ever, and packets are taken once, so that it is delivered once; channels that fall silent are written
 * down in some hundred bytes, and whatever needs them again finds them as they were.
 *
 * @module
 */
import type { ChannelSet } from "../channel/channel_set.ts";
import type { Session } from "./session.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SessionEvent } from "./session_event.ts";

/**
 * The channels of a session, lent to it on use.
 *
 * @param s The session.
 * @returns The channels.
 */
export function channelsOf(s: Session): ChannelSet {
  return s.channels ?? wakeChannels(s);
}

function wakeChannels(s: Session): ChannelSet {
  const channels = s.context.takeChannels(s.slot, s.rest);
  s.rest = undefined;
  s.channels = channels;
  s.arm(channels.pollTimeout());
  return channels;
}

/**
 * Takes the frame of a channel that stands in a packet.
 *
 * @param s A session that is open.
 * @param buffer The packet's memory.
 * @param at Where the frame starts.
 * @param end Where it ends.
 * @returns False when it breaks a rule.
 */
export function takeChannelFrame(s: Session, buffer: Uint8Array, at: number, end: number): boolean {
  const channels = channelsOf(s);
  if (channels.handleFrame(buffer, at, end) < 0) {
    s.context.violation = SessionCloseCode.ProtocolViolation;
    return false;
  }
  if (channels.hasUnread) s.notify(SessionEvent.Message);
  return true;
}

/**
 * The application is done with messages: the peer may send as much again.
 *
 * @param s The session.
 * @param channels Its channels.
 * @param channel The channel of the messages.
 * @param credit The sum of their credit.
 */
export function consume(s: Session, channels: ChannelSet, channel: number, credit: number): void {
  channels.handleConsumed(channel, credit);
  if (channels.hasPending) s.wake();
}

/**
 * Tells the application when channels that refused messages have room again.
 *
 * @param s The session.
 * @param channels Its channels.
 */
export function hasDrained(s: Session, channels: ChannelSet): void {
  if (channels.pollDrained()) s.notify(SessionEvent.Drained);
}

/**
 * When channels ask for something.
 *
 * @param s The session.
 * @returns Milliseconds, or `Infinity`.
 */
export function channelsTimeout(s: Session): number {
  return s.channels === undefined ? Infinity : s.channels.pollTimeout();
}

/**
 * Does what time asks of channels.
 *
 * @param s The session.
 * @param channels Its channels.
 */
export function handleChannelsTimeout(s: Session, channels: ChannelSet): void {
  channels.handleTimeout();
  hasDrained(s, channels);
  if (channels.hasPending) return s.wake();
  const rest = channels.isReleased ? channels.rest() : undefined;
  if (rest === undefined) return;
  s.rest = rest;
  s.channels = undefined;
  s.context.giveChannels(channels);
}
