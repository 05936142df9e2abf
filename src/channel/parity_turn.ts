/**
 * Lets what was lost wait until parity had its turn: a protected frame is sent again only when the peer has not said in
 * time that it recovered it.
 *
 * The turn of a group ends a round trip after its last parity was written, earlier when a parity was acknowledged and
 * no word came with it, at once when all parities are lost, and in any case when a newer group needs the record.
 * Invariant: every note that waits is either acknowledged or sent again.
 *
 * @module
 */
import { FecEncoder } from "../fec/fec_encoder.ts";
import type { FecConfig } from "../fec/fec_options.ts";
import { ChannelCounter } from "./channel_counters.ts";
import type { OutChannel } from "./out_channel.ts";
import { type SentFrame, SentGroup, SentKind, SentState } from "./out_message.ts";
import type { OutState } from "./out_state.ts";

/** How many groups are remembered; a power of two. */
const GROUPS = 64;

/** How long the peer may hold back what it owes, in ms. */
const PEER_DELAY_MS = 30;

/** A turn takes this many round trips from the last parity on. */
const TURN_TRIPS = 1.25;

/** What follows an acknowledged parity within this part of a round trip belongs to it. */
const GRACE_TRIPS = 0.125;

/** Requeues what a note is about; `channel_fates.ts` gives it. */
export type Requeue = (o: OutState, frame: SentFrame) => void;

/**
 * The encoder of a channel.
 *
 * @param o The sending side.
 * @param channel The channel.
 * @param config Its forward error correction.
 * @returns The encoder, made on first use.
 */
export function encoderOf(o: OutState, channel: OutChannel, config: FecConfig): FecEncoder {
  return channel.encoder ??= new FecEncoder(config, o.context.clock, o.context.tables, channel.nextGroup);
}

/**
 * Adds a written frame to its group.
 *
 * @param o The sending side.
 * @param channel The channel, which has an encoder.
 * @param into The packet.
 * @param start Where the protected frame starts.
 * @param end Where it ends.
 * @param note What was noted about it; `undefined` for a frame that is not sent again.
 * @param requeue Sends again what waited in an older group.
 */
export function protect(
  o: OutState,
  channel: OutChannel,
  into: Uint8Array,
  start: number,
  end: number,
  note: SentFrame | undefined,
  requeue: Requeue,
): void {
  const encoder = channel.encoder!;
  const group = openGroup(o, channel, encoder.group, requeue);
  const { index } = encoder;
  group.frames[index] = note;
  group.size = index + 1;
  if (note !== undefined) {
    note.group = group;
    note.holders++;
  }
  encoder.add(into, start, end);
  o.count(ChannelCounter.ProtectedBytesOut, end - start);
  if (encoder.hasParity) o.schedule.activate(channel.flow(channel.config.lane));
}

/**
 * Writes the next parity of a channel; there is one, and room for it.
 *
 * @param o The sending side.
 * @param channel The channel.
 * @param into The packet.
 * @param at Where the frame starts.
 * @returns The index after it.
 */
export function writeParity(o: OutState, channel: OutChannel, into: Uint8Array, at: number): number {
  const encoder = channel.encoder!;
  const end = encoder.writeParity(into, at, channel.config.number);
  o.count(ChannelCounter.ParitiesOut, 1);
  o.count(ChannelCounter.ParityBytesOut, end - at);
  const group = groupOf(channel, encoder.writtenGroup);
  if (group === undefined) return end;
  const note = o.notes.add(SentKind.Parity, undefined, group.id, 0);
  note.group = group;
  group.parities++;
  if (encoder.writtenLast) {
    group.isClosed = true;
    group.endsAt[0] = o.context.clock.now + TURN_TRIPS * o.roundTripMs + PEER_DELAY_MS;
  }
  return end;
}

/**
 * Throws a parity away for which no packet has room.
 *
 * @param o The sending side.
 * @param channel The channel.
 */
export function dropParity(o: OutState, channel: OutChannel): void {
  const encoder = channel.encoder!;
  const before = encoder.droppedParities;
  encoder.dropParity();
  o.count(ChannelCounter.ParitiesDropped, encoder.droppedParities - before);
  const group = groupOf(channel, encoder.writtenGroup);
  if (group !== undefined) group.endsAt[0] = o.context.clock.now;
}

/**
 * A parity was acknowledged or is lost.
 *
 * @param o The sending side.
 * @param note What was noted about it.
 * @param isAcked Which of the two.
 */
export function settleParity(o: OutState, note: SentFrame, isAcked: boolean): void {
  const { group } = note;
  if (group === undefined || group.id !== note.first) return;
  group.parities--;
  const now = o.context.clock.now;
  if (isAcked) group.endsAt[0] = Math.min(group.endsAt[0]!, now + GRACE_TRIPS * o.roundTripMs);
  else if (group.isClosed && group.parities === 0) group.endsAt[0] = Math.min(group.endsAt[0]!, now);
}

/**
 * Finds what the peer says it has recovered.
 *
 * @param channel The channel.
 * @param id The group.
 * @param index The place in it.
 * @returns What was noted about it; `undefined`: nothing is known; `null`: no frame was ever sent there.
 */
export function recoveredFrame(channel: OutChannel, id: number, index: number): SentFrame | undefined | null {
  const group = groupOf(channel, id);
  if (group === undefined) return undefined;
  return index < group.size ? group.frames[index] : null;
}

/**
 * Lets a note wait for parity.
 *
 * @param o The sending side.
 * @param note A note whose packet is lost.
 * @returns False when nothing is to be waited for.
 */
export function awaitParity(o: OutState, note: SentFrame): boolean {
  const { group } = note;
  if (group === undefined || !(o.context.clock.now < group.endsAt[0]!)) return false;
  note.state = SentState.Waiting;
  group.waiting++;
  return true;
}

/**
 * When the next turn ends for something that waits.
 *
 * @param channel The channel.
 * @returns The time in ms; `Infinity`: nothing waits.
 */
export function nextTurnEnd(channel: OutChannel): number {
  const { groups } = channel;
  if (groups === undefined) return Infinity;
  let earliest = Infinity;
  for (const group of groups) {
    if (group.waiting > 0) earliest = Math.min(earliest, group.endsAt[0]!);
  }
  return earliest;
}

/**
 * Sends again what has waited long enough.
 *
 * @param o The sending side.
 * @param channel The channel.
 * @param requeue Sends a note again.
 */
export function endTurns(o: OutState, channel: OutChannel, requeue: Requeue): void {
  const { groups } = channel;
  if (groups === undefined) return;
  const now = o.context.clock.now;
  for (const group of groups) {
    if (group.waiting > 0 && group.endsAt[0]! <= now) endTurn(o, group, requeue);
  }
}

/**
 * Forgets all groups and the encoder of a channel.
 *
 * @param o The sending side.
 * @param channel The channel.
 */
export function dropGroups(o: OutState, channel: OutChannel): void {
  if (channel.encoder !== undefined) channel.nextGroup = channel.encoder.nextId;
  channel.encoder = undefined;
  for (const group of channel.groups ?? []) release(o, group);
  channel.groups = undefined;
}

/**
 * A packet or a group lets go of a note.
 *
 * @param o The sending side.
 * @param note The note.
 */
export function releaseNote(o: OutState, note: SentFrame): void {
  if (--note.holders > 0) return;
  const { message } = note;
  o.context.giveFrame(note);
  if (message !== undefined) o.letGo(message);
}

function groupOf(channel: OutChannel, id: number): SentGroup | undefined {
  const group = channel.groups?.[id & (GROUPS - 1)];
  return group !== undefined && group.id === id ? group : undefined;
}

function openGroup(o: OutState, channel: OutChannel, id: number, requeue: Requeue): SentGroup {
  const groups = channel.groups ??= Array.from({ length: GROUPS }, () => new SentGroup());
  const group = groups[id & (GROUPS - 1)]!;
  if (group.id === id) return group;
  endTurn(o, group, requeue);
  release(o, group);
  const { flushMs, interleave } = channel.config.fec!;
  group.id = id;
  group.isClosed = false;
  group.parities = 0;
  // Until the last parity is written: where it never is, losses must not wait for good.
  group.endsAt[0] = o.context.clock.now + 2 * flushMs * interleave + TURN_TRIPS * o.roundTripMs + PEER_DELAY_MS;
  return group;
}

function endTurn(o: OutState, group: SentGroup, requeue: Requeue): void {
  if (group.waiting === 0) return;
  for (let i = 0; i < group.size; i++) {
    const note = group.frames[i];
    if (note === undefined || note.state !== SentState.Waiting) continue;
    note.state = SentState.Lost;
    group.waiting--;
    requeue(o, note);
  }
}

function release(o: OutState, group: SentGroup): void {
  for (let i = 0; i < group.size; i++) {
    const note = group.frames[i];
    group.frames[i] = undefined;
    if (note === undefined) continue;
    note.group = undefined;
    releaseNote(o, note);
  }
  group.id = -1;
  group.size = group.waiting = 0;
}
