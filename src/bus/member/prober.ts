/**
 * Failure detection: one member after the other is probed, directly and then through others (SWIM 3.1 and 4.3), with
 * Lifeguard's nacks and stretched times.
 *
 * Every member is probed once a pass, in an order that is drawn anew for each; a new member is put at a random place of
 * the pass that is under way. Invariant: at most one probe is open, and one that was open while the process was held up
 * says nothing about anybody.
 *
 * @module
 */
import { MemberState } from "./bus_member.ts";
import { MessageKind } from "./gossip_wire.ts";
import type { Member } from "./member.ts";
import { drawBelow, drawMembers, type MemberContext, TimerSlot } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import type { MemberRules } from "./member_rules.ts";

/** Probes members. */
export class Prober {
  /** The member that an answer is awaited from. */
  target: Member | undefined = undefined;
  /** The number of the open probe. */
  sequence: number;
  readonly #context: MemberContext;
  readonly #rules: MemberRules;
  readonly #order: Member[] = [];
  readonly #helpers: Member[] = [];
  #nacks = 0;
  #startedAt = 0;
  #isIndirect = false;

  /**
   * Makes a prober that has nobody to probe.
   *
   * @param context The shared parts.
   * @param rules Who is told of silence.
   */
  constructor(context: MemberContext, rules: MemberRules) {
    this.#context = context;
    this.#rules = rules;
    this.sequence = drawBelow(context.random, 2 ** 31);
    context.timers.set(
      TimerSlot.Probe,
      context.time.now + context.config.probeIntervalMs * context.random.visibleFraction(),
    );
  }

  /**
   * Takes members that came into this pass already.
   *
   * @returns Whether there were any.
   */
  admitNewcomers(): boolean {
    const { newcomers } = this.#rules;
    if (newcomers.length === 0) return false;
    for (const member of newcomers) {
      this.#order.splice(drawBelow(this.#context.random, this.#order.length + 1), 0, member);
    }
    newcomers.length = 0;
    return true;
  }

  /** A step of the open probe is due, or the next probe. */
  handleTimeout(): void {
    const { time, timers, health, config } = this.#context;
    if (this.target !== undefined && !this.#isIndirect) {
      this.#askOthers(this.target);
      timers.set(TimerSlot.Probe, Math.max(time.now, this.#startedAt + health.stretch(config.probeIntervalMs)));
      return;
    }
    if (this.target !== undefined) this.#fail(this.target);
    this.#begin();
  }

  /**
   * An answer to a probe came.
   *
   * @param sequence The number of the probe.
   * @param member Who answers.
   * @param isRelayed Whether it answers for another one.
   * @returns Whether it answers the open probe itself.
   */
  handleAck(sequence: number, member: Member, isRelayed: boolean): boolean {
    if (this.target === undefined || sequence !== this.sequence) return false;
    if (isRelayed ? !this.#helpers.includes(member) : member !== this.target) return false;
    const { timers, health, config, time } = this.#context;
    this.target = undefined;
    health.change(-1);
    timers.set(TimerSlot.Probe, Math.max(time.now, this.#startedAt + config.probeIntervalMs));
    return true;
  }

  /**
   * A helper had no answer either, but this node has one from the helper.
   *
   * @param sequence The number of the probe.
   * @param member The helper.
   */
  handleNack(sequence: number, member: Member): void {
    const at = this.#helpers.indexOf(member);
    if (this.target === undefined || sequence !== this.sequence || at < 0) return;
    this.#nacks++;
  }

  /** Gives the open probe up without a verdict. */
  cancel(): void {
    this.target = undefined;
    this.#context.timers.set(TimerSlot.Probe, this.#context.time.now);
  }

  #begin(): void {
    const { time, timers, health, config, counters } = this.#context;
    this.#startedAt = time.now;
    this.#isIndirect = false;
    this.#helpers.length = 0;
    this.#nacks = 0;
    const member = this.target = this.#next();
    if (member === undefined) {
      timers.set(TimerSlot.Probe, time.now + config.probeIntervalMs);
      return;
    }
    this.sequence = (this.sequence + 1) >>> 0;
    counters.add(0, MemberCounter.Probes, 1);
    this.#ping(member);
    timers.set(TimerSlot.Probe, time.now + health.stretch(config.probeTimeoutMs));
  }

  #ping(member: Member): void {
    const about = member.state === MemberState.Alive ? undefined : member;
    const { gossipAddress: to, bootId } = member;
    this.#context.outbox.push({ kind: MessageKind.Ping, to, bootId, a: this.sequence, about });
  }

  #askOthers(member: Member): void {
    const { config, outbox } = this.#context;
    this.#isIndirect = true;
    for (const helper of drawMembers(this.#context, config.indirectProbes, member)) {
      this.#helpers.push(helper);
      const { gossipAddress: to, bootId } = helper;
      outbox.push({ kind: MessageKind.PingRequest, to, bootId, a: this.sequence, bytes: member.nodeBytes });
    }
    this.#ping(member);
  }

  #fail(member: Member): void {
    const { counters, health, outbox } = this.#context;
    counters.add(0, MemberCounter.ProbesFailed, 1);
    if (!member.isPresent) return;
    health.change(this.#helpers.length === 0 ? 1 : this.#helpers.length - this.#nacks);
    this.#rules.suspectOwn(member);
    const { gossipAddress: to, bootId } = member;
    outbox.push({ kind: MessageKind.Gossip, to, bootId, about: member });
  }

  #next(): Member | undefined {
    for (let passes = 0; passes < 2; passes++) {
      for (let member = this.#order.pop(); member !== undefined; member = this.#order.pop()) {
        if (member.isPresent) return member;
      }
      this.#shuffle();
    }
    return undefined;
  }

  #shuffle(): void {
    const order = this.#order;
    order.push(...this.#context.table.present);
    for (let i = order.length - 1; i > 0; i--) {
      const j = drawBelow(this.#context.random, i + 1);
      const member = order[i]!;
      order[i] = order[j]!;
      order[j] = member;
    }
  }
}
