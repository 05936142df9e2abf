/**
 * Probes on behalf of others: pings whom another member cannot reach, and says in time when there is no answer.
 *
 * Invariant: at most 64 at once; each ends with one answer.
 *
 * @module
 */
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { MessageKind } from "./gossip_wire.ts";
import type { Member } from "./member.ts";
import { drawBelow, type MemberContext, TimerSlot } from "./member_context.ts";

const MAX_RELAYS = 64;
/** Lifeguard: the nack is on its way before the asker's time is over. */
const NACK_SHARE = 0.8;

interface Relay {
  readonly sequence: number;
  readonly asker: Member;
  readonly askerSequence: number;
  readonly to: DatagramAddress;
  readonly target: Member;
}

/** Probes for others. */
export class RelayDesk {
  readonly #context: MemberContext;
  readonly #relays: (Relay | undefined)[] = new Array(MAX_RELAYS).fill(undefined);
  #sequence: number;
  #next = 0;

  /**
   * Makes a desk.
   *
   * @param context The shared parts.
   */
  constructor(context: MemberContext) {
    this.#context = context;
    this.#sequence = drawBelow(context.random, 2 ** 31);
  }

  /**
   * Probes for a member; the probe that was begun longest ago makes room.
   *
   * @param asker Who asks.
   * @param address Where its answer goes.
   * @param askerSequence The number of its probe.
   * @param target Whom to probe.
   */
  begin(asker: Member, address: DatagramAddress, askerSequence: number, target: Member): void {
    const { outbox, timers, time, config } = this.#context;
    const to = new DatagramAddress();
    to.copyFrom(address);
    const slot = this.#next;
    this.#next = (slot + 1) % MAX_RELAYS;
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    this.#relays[slot] = { sequence, asker, askerSequence, to, target };
    const { gossipAddress, bootId } = target;
    outbox.push({ kind: MessageKind.Ping, to: gossipAddress, bootId, a: sequence });
    timers.set(TimerSlot.FirstRelay + slot, time.now + config.probeTimeoutMs * NACK_SHARE);
  }

  /**
   * An answer came that may be for another one.
   *
   * @param sequence The number of the probe.
   * @param member Who answers.
   */
  handleAck(sequence: number, member: Member): void {
    const slot = this.#relays.findIndex((relay) => relay?.sequence === sequence && relay.target === member);
    if (slot >= 0) this.#end(slot, MessageKind.RelayedAck);
  }

  /**
   * No answer came in time.
   *
   * @param slot Which relay.
   */
  handleTimeout(slot: number): void {
    if (this.#relays[slot] !== undefined) this.#end(slot, MessageKind.Nack);
  }

  #end(slot: number, kind: typeof MessageKind.RelayedAck | typeof MessageKind.Nack): void {
    const { asker, askerSequence, to } = this.#relays[slot]!;
    this.#relays[slot] = undefined;
    this.#context.timers.clear(TimerSlot.FirstRelay + slot);
    this.#context.outbox.push({ kind, to, bootId: asker.bootId, a: askerSequence });
  }
}
