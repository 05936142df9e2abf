/**
 * What is left of the channels of a silent connection: the numbers that must not be forgotten, in one small list.
 *
 * ```text
 * | sent, limit | received, consumed, told | round trip | of each channel: key | sending side | receiving side | …
 *   ^ credit of the connection                                             ^ number * 4 + sides (1: out, 2: in)
 * ```
 *
 * Invariant: channels that were written down and read again go on exactly where they were: ids, what came before, and
 * credit. Why a list and no typed array: a list of numbers has a header of some 50 bytes, a typed array one of some 300.
 *
 * @module
 */
import type { ChannelReceiver } from "./channel_receiver.ts";
import type { OutState } from "./out_state.ts";

/** The channels of a silent connection. */
export type ChannelRest = readonly number[];

const OUT = 1;
const IN = 2;

/** What comes before the first channel. */
const ROUND_TRIP_AT = 5;

/**
 * Whether nothing is under way, waits, or is to be told, so that what {@linkcode saveRest} writes down is everything.
 *
 * @param o The sending side.
 * @param receiver The receiving side.
 * @returns Whether that is so.
 */
export function isSilent(o: OutState, receiver: ChannelReceiver): boolean {
  if (o.messages > 0 || o.notes.count > 0 || o.notes.isPending || o.schedule.active !== 0) return false;
  if (o.isDue || o.isDrained || o.isBlocked || o.probeAt !== Infinity) return false;
  if (receiver.isDue || receiver.credit.isDue || !receiver.isIdle) return false;
  for (const c of o.channels) if (c !== undefined && !c.isSilent) return false;
  for (const c of receiver.channels) if (c !== undefined && !c.isSilent) return false;
  return true;
}

/**
 * Writes silent channels down.
 *
 * @param o The sending side.
 * @param receiver The receiving side.
 * @returns A list without spare room.
 */
export function saveRest(o: OutState, receiver: ChannelReceiver): ChannelRest {
  const cells: number[] = [];
  o.credit.save(cells);
  receiver.credit.save(cells);
  cells.push(o.roundTripMs);
  const count = Math.max(o.channels.length, receiver.channels.length);
  for (let number = 0; number < count; number++) {
    const [out, incoming] = [o.channels[number], receiver.channels[number]];
    const sides = (out === undefined ? 0 : OUT) | (incoming === undefined ? 0 : IN);
    if (sides === 0) continue;
    cells.push(number * 4 + sides);
    out?.save(cells);
    incoming?.save(cells);
  }
  return cells.slice();
}

/**
 * Has channels go on that were written down.
 *
 * @param rest The list.
 * @param o A sending side of which no channel was used.
 * @param receiver Such a receiving side.
 */
export function loadRest(rest: ChannelRest, o: OutState, receiver: ChannelReceiver): void {
  receiver.credit.load(rest, o.credit.load(rest, 0));
  o.roundTripMs = rest[ROUND_TRIP_AT]!;
  for (let at = ROUND_TRIP_AT + 1; at < rest.length;) {
    const key = rest[at++]!;
    const number = key >>> 2;
    if ((key & OUT) !== 0) at = o.channel(number).load(rest, at);
    if ((key & IN) !== 0) at = receiver.channel(number)!.load(rest, at);
  }
}
