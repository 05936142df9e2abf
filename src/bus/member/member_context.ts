/**
 * What the parts of one membership machine share.
 *
 * @module
 */
import type { CounterTable } from "../../metric/counter_table.ts";
import type { RandomSource } from "../../random/random_source.ts";
import type { DeadlineTable } from "../../time/deadline_table.ts";
import type { EventQueue } from "./event_queue.ts";
import type { InterestIndex } from "./interest_index.ts";
import type { LocalHealth } from "./local_health.ts";
import type { MachineTime } from "./machine_time.ts";
import type { Member } from "./member.ts";
import type { MemberTable } from "./member_table.ts";
import type { MembershipConfig } from "./membership_options.ts";
import type { NewsQueue } from "./news_queue.ts";
import type { Outbox } from "./outbox.ts";
import type { SelfDesk } from "./self_desk.ts";
import type { SenderTable } from "./sender_table.ts";

/** Where each part keeps its deadline: members behind all others, by slot. */
export const TimerSlot = {
  Probe: 0,
  Gossip: 1,
  Sync: 2,
  SyncRetry: 3,
  Reconnect: 4,
  Announce: 5,
  Interest: 6,
  Leave: 7,
  FetchScan: 8,
  FirstRelay: 16,
  FirstFetch: 80,
  FirstMember: 96,
} as const;

/** The shared parts. */
export interface MemberContext {
  readonly config: MembershipConfig;
  readonly time: MachineTime;
  readonly random: RandomSource;
  readonly counters: CounterTable;
  readonly timers: DeadlineTable;
  readonly table: MemberTable;
  readonly senders: SenderTable;
  readonly outbox: Outbox;
  readonly news: NewsQueue;
  readonly events: EventQueue;
  readonly health: LocalHealth;
  readonly index: InterestIndex;
  readonly self: SelfDesk;
}

/**
 * Draws an integer below a bound.
 *
 * @param random The source.
 * @param bound At least 1.
 * @returns The integer.
 */
export function drawBelow(random: RandomSource, bound: number): number {
  return Math.floor(random.visibleFraction() * bound);
}

/**
 * Draws some of the present members.
 *
 * @param context The shared parts.
 * @param count How many at most.
 * @param except One that is not to be drawn.
 * @returns Different members.
 */
export function drawMembers(context: MemberContext, count: number, except?: Member): Member[] {
  const { present } = context.table;
  const drawn: Member[] = [];
  for (let tries = 3 * count; tries > 0 && drawn.length < count && present.length > 0; tries--) {
    const member = present[drawBelow(context.random, present.length)]!;
    if (member !== except && !drawn.includes(member)) drawn.push(member);
  }
  return drawn;
}
