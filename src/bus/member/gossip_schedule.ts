/**
 * When the parts of the machine run: gossip while there is news, the debounce of the own interest, the way out, and the
 * deadlines of all other parts.
 *
 * Invariant: news that waits has a deadline; a node that leaves says so to many several times and is then silent.
 *
 * @module
 */
import { MessageKind } from "./gossip_wire.ts";
import type { MemberDesks } from "./gossip_intake.ts";
import type { OwnInterest } from "./interest_list.ts";
import type { KeyRing } from "./key_ring.ts";
import { drawMembers, type MemberContext, TimerSlot } from "./member_context.ts";
import { MemberEvent } from "./member_event.ts";

const LEAVE_ROUNDS = 4;
const LEAVE_FANOUT = 8;
/** How many pieces of news make another datagram to the same member worth while. */
const NEWS_PER_DATAGRAM = 8;
const MAX_DATAGRAMS = 4;

/** Runs the parts of a machine. */
export class GossipSchedule {
  readonly #context: MemberContext;
  readonly #desks: MemberDesks;
  readonly #ring: KeyRing;
  readonly #interest: OwnInterest;
  #roundsLeft = 0;

  /**
   * Makes the schedule of one machine.
   *
   * @param context The shared parts.
   * @param desks The parts that have deadlines.
   * @param ring The keys, some of which expire.
   * @param interest What this node wants.
   */
  constructor(context: MemberContext, desks: MemberDesks, ring: KeyRing, interest: OwnInterest) {
    this.#context = context;
    this.#desks = desks;
    this.#ring = ring;
    this.#interest = interest;
  }

  /** Sees to it that news goes out. */
  wake(): void {
    const { timers, news, time, config } = this.#context;
    if (news.size === 0 || timers.at(TimerSlot.Gossip) !== Infinity) return;
    timers.set(TimerSlot.Gossip, time.now + config.gossipIntervalMs * this.#context.random.visibleFraction());
  }

  /** The own interest has changed: it goes out when it has not changed for a moment. */
  spreadInterest(): void {
    const { timers, time, config } = this.#context;
    if (timers.at(TimerSlot.Interest) !== Infinity) return;
    timers.set(TimerSlot.Interest, time.now + config.interestDebounceMs);
  }

  /** This node goes: nothing but that is said any more. */
  beginLeaving(): void {
    const { timers } = this.#context;
    this.#roundsLeft = LEAVE_ROUNDS;
    timers.clear(TimerSlot.Probe);
    timers.clear(TimerSlot.Sync);
    timers.clear(TimerSlot.Reconnect);
    timers.clear(TimerSlot.Announce);
    this.#sayGoodbye();
  }

  /** Runs everything that is due. */
  handleTimeout(): void {
    const { timers, time, table, self } = this.#context;
    for (let slot = timers.popExpired(time.now); slot >= 0; slot = timers.popExpired(time.now)) {
      if (slot >= TimerSlot.FirstMember) this.#desks.rules.handleSuspicionTimeout(slot - TimerSlot.FirstMember);
      else if (slot >= TimerSlot.FirstFetch) this.#desks.fetch.handleRetry(slot - TimerSlot.FirstFetch);
      else if (slot >= TimerSlot.FirstRelay) this.#desks.relays.handleTimeout(slot - TimerSlot.FirstRelay);
      else this.#run(slot);
      if (self.isOut) return;
    }
    if (table.present.length > 0) this.wake();
  }

  #run(slot: number): void {
    const { prober, sync, join, fetch, rules } = this.#desks;
    if (slot === TimerSlot.Probe) prober.handleTimeout();
    else if (slot === TimerSlot.Gossip) this.#gossip();
    else if (slot === TimerSlot.Sync) sync.handleTick();
    else if (slot === TimerSlot.SyncRetry) sync.handleRetry();
    else if (slot === TimerSlot.Announce) join.handleAnnounce();
    else if (slot === TimerSlot.FetchScan) fetch.handleScan();
    else if (slot === TimerSlot.Interest) {
      this.#context.self.updateInterest(this.#interest.encode());
      this.wake();
    } else if (slot === TimerSlot.Leave) this.#sayGoodbye();
    else if (slot === TimerSlot.Reconnect) {
      rules.reap();
      this.#context.senders.expire(this.#context.time.now);
      this.#ring.prune();
      join.handleReconnect();
    }
  }

  #gossip(): void {
    const { timers, news, time, config, outbox, table } = this.#context;
    if (news.size === 0 || table.present.length === 0) return;
    timers.set(TimerSlot.Gossip, time.now + config.gossipIntervalMs);
    const count = Math.min(MAX_DATAGRAMS, Math.ceil(news.size / NEWS_PER_DATAGRAM));
    for (const { gossipAddress: to, bootId } of drawMembers(this.#context, config.gossipFanout)) {
      for (let i = 0; i < count; i++) outbox.push({ kind: MessageKind.Gossip, to, bootId });
    }
  }

  #sayGoodbye(): void {
    const { self, timers, time, config, events, outbox, table } = this.#context;
    if (this.#roundsLeft === 0 || table.present.length === 0) {
      self.isOut = true;
      outbox.clear();
      events.push(MemberEvent.SelfLeft, self.member);
      return;
    }
    this.#roundsLeft--;
    timers.set(TimerSlot.Leave, time.now + config.gossipIntervalMs);
    for (const { gossipAddress: to, bootId } of drawMembers(this.#context, LEAVE_FANOUT)) {
      outbox.push({ kind: MessageKind.Gossip, to, bootId, about: self.member });
    }
  }
}
