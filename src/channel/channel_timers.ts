/**
 * What time does to the channels of a connection: messages expire, a peer that gives no credit is asked again, and what
 * only traffic needs is given back.
 *
 * @module
 */
import { LANES } from "./channel_class.ts";
import { ChannelCounter } from "./channel_counters.ts";
import type { ChannelReceiver } from "./channel_receiver.ts";
import type { OutChannel } from "./out_channel.ts";
import type { OutState } from "./out_state.ts";
import { dropGroups } from "./parity_turn.ts";

/** The most that a probe for credit waits, in ms. */
const MAX_PROBE_MS = 60_000;

/**
 * Drops what has outlived its time, and finds out when the next message does.
 *
 * @param o The sending side.
 * @param c The channel.
 * @param now The time in ms.
 */
export function expire(o: OutState, c: OutChannel, now: number): void {
  let next = Infinity;
  for (let m = c.startedHead; m !== undefined;) {
    const following = m.next;
    if (!m.isSkipped && m.deadline[0]! <= now) o.drop(m, ChannelCounter.Expired);
    else if (!m.isSkipped) next = Math.min(next, m.deadline[0]!);
    m = following;
  }
  for (let lane = 0; lane < LANES.length; lane++) {
    for (let m = c.flowAt(lane)?.head; m !== undefined;) {
      const following = m.queueNext;
      if (m.deadline[0]! <= now) o.drop(m, ChannelCounter.Expired);
      else next = Math.min(next, m.deadline[0]!);
      m = following;
    }
  }
  c.expiry = next;
}

/**
 * Tells again that credit is short, less and less often, so that a lost word cannot stop the connection.
 *
 * @param o The sending side.
 * @param now The time in ms.
 */
export function probe(o: OutState, now: number): void {
  let isBlocked = o.isBlocked;
  if (o.isBlocked) o.isBlockedDue = true;
  for (const c of o.channels) {
    if (c === undefined || !c.isBlocked) continue;
    c.isBlockedDue = isBlocked = true;
  }
  o.isDue ||= isBlocked;
  o.probeMs = Math.min(2 * o.probeMs, MAX_PROBE_MS);
  o.probeAt = isBlocked ? now + o.probeMs : Infinity;
}

/**
 * Gives back what only traffic needs, where there is none.
 *
 * @param o The sending side.
 * @param receiver The receiving side.
 * @param now The time in ms.
 * @returns Whether nothing is left.
 */
export function release(o: OutState, receiver: ChannelReceiver, now: number): boolean {
  let isLeft = false;
  if (o.messages === 0 && o.notes.count === 0) {
    o.notes.release();
    for (const c of o.channels) {
      if (c === undefined) continue;
      if (c.encoder?.isIdle === false) {
        isLeft = true;
        continue;
      }
      dropGroups(o, c);
      if (o.schedule.active === 0) c.dropFlows();
    }
  } else isLeft = true;
  for (const c of receiver.channels) {
    if (c?.decoder === undefined) continue;
    if (now >= c.decoder.idleAt) c.decoder = undefined;
    else isLeft = true;
  }
  return !isLeft;
}
