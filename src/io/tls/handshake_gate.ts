/**
 * Which connections may begin a handshake, how many may be under way, and for how long: what a stalled or hostile
 * client can hold is bounded, and is taken from itself first.
 *
 * Source: the slow senders of RFC 9000 section 21.6, on the TLS side. Why the one that has been under way for longest
 * makes way for a new one: an honest client needs three round trips, so that those that stay are the others. Why one
 * timer for all: each has the same time, so that they run out in the order in which they came. Invariant: the sums are
 * those of the entries that have not left.
 *
 * @module
 */
import { AddressRate } from "../../session/address_rate.ts";
import { ClockCell } from "../../time/clock.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";

/** The limits of a gate; see `TlsListenOptions`. */
export interface HandshakeLimits {
  /** How long a handshake may take. */
  readonly handshakeTimeoutMs: number;
  /** How many may be under way. */
  readonly maxHandshakesCount: number;
  /** How many of one address. */
  readonly maxHandshakesPerAddressCount: number;
  /** How many connections a second one address may make; `Infinity`: any number. */
  readonly connectionsPerSecond: number;
  /** How many at once after a silence. */
  readonly connectionBurstCount: number;
}

/** Why a handshake that was let in is ended. */
export type HandshakeEnd = "crowded out" | "timed out" | "closed";

/** A handshake under way. */
export interface Handshake {
  /** Called when it is to end, at most once and not after it has left. */
  readonly end: (why: HandshakeEnd) => void;
  /** The address, or the network, that it counts for. */
  readonly group: string;
  /** Until when it may take, in ms. */
  readonly deadlineMs: number;
}

/** Lets handshakes in and watches over them. */
export class HandshakeGate {
  readonly #limits: HandshakeLimits;
  readonly #now: () => number;
  readonly #clock = new ClockCell();
  readonly #rate: AddressRate | undefined;
  readonly #address = new DatagramAddress();
  /** All of them, the oldest first. */
  readonly #all = new Set<Handshake>();
  /** Those of each address, the oldest first. */
  readonly #groups = new Map<string, Set<Handshake>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /**
   * Makes a gate with nobody inside.
   *
   * @param limits The limits.
   * @param hashKey Two random words, so that nobody knows which addresses share a place in the table of rates.
   * @param now Reads a monotonic clock in ms.
   */
  constructor(limits: HandshakeLimits, hashKey: Int32Array, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#clock.advance(now());
    const { connectionsPerSecond: perSecond, connectionBurstCount: burst } = limits;
    if (perSecond < Infinity) this.#rate = new AddressRate(this.#clock, { perSecond, burst }, hashKey[0]!, hashKey[1]!);
  }

  /** How many handshakes are under way. */
  get count(): number {
    return this.#all.size;
  }

  /** How many addresses and networks they come from. */
  get groupCount(): number {
    return this.#groups.size;
  }

  /**
   * Asks for a handshake.
   *
   * @param hostname The numeric address that it comes from.
   * @param end Called when it is to end.
   * @returns The handshake, to be handed back by {@linkcode HandshakeGate.leave}; `undefined` when the address has made
   * too many connections of late.
   */
  enter(hostname: string, end: (why: HandshakeEnd) => void): Handshake | undefined {
    const nowMs = this.#now();
    this.#clock.advance(nowMs);
    const isKnown = this.#address.parse(hostname, 0);
    if (this.#closed || isKnown && this.#rate?.take(this.#address) === false) return undefined;
    const group = isKnown ? groupOf(this.#address.words) : hostname;
    const { maxHandshakesPerAddressCount, maxHandshakesCount, handshakeTimeoutMs } = this.#limits;
    const mates = this.#groups.get(group);
    if (mates !== undefined && mates.size >= maxHandshakesPerAddressCount) this.#end(first(mates), "crowded out");
    if (this.#all.size >= maxHandshakesCount) this.#end(first(this.#all), "crowded out");
    const handshake: Handshake = { end, group, deadlineMs: nowMs + handshakeTimeoutMs };
    this.#all.add(handshake);
    this.#groupFor(group).add(handshake);
    this.#arm();
    return handshake;
  }

  /**
   * A handshake is done, or its connection is gone.
   *
   * @param handshake Which.
   * @returns Whether it was under way until now.
   */
  leave(handshake: Handshake): boolean {
    if (!this.#all.delete(handshake)) return false;
    const mates = this.#groups.get(handshake.group)!;
    mates.delete(handshake);
    if (mates.size === 0) this.#groups.delete(handshake.group);
    if (this.#all.size === 0) this.#disarm();
    return true;
  }

  /** Ends all handshakes and lets none in any more. */
  close(): void {
    this.#closed = true;
    for (const handshake of this.#all) this.#end(handshake, "closed");
  }

  #end(handshake: Handshake, why: HandshakeEnd): void {
    this.leave(handshake);
    handshake.end(why);
  }

  #groupFor(group: string): Set<Handshake> {
    const mates = this.#groups.get(group) ?? new Set();
    this.#groups.set(group, mates);
    return mates;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#all.size === 0) return;
    const delayMs = first(this.#all).deadlineMs - this.#now();
    this.#timer = setTimeout(() => this.#expire(), Math.max(delayMs, 0));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#now();
    for (const handshake of this.#all) {
      if (handshake.deadlineMs > nowMs) break;
      this.#end(handshake, "timed out");
    }
    this.#arm();
  }
}

function first(handshakes: ReadonlySet<Handshake>): Handshake {
  return handshakes.values().next().value!;
}

/** An IPv4 address, or the 64 bits of an IPv6 network, all of which one subscriber may use (RFC 6177). */
function groupOf(words: Int32Array): string {
  const isIpv4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isIpv4 ? `${words[3]}` : `${words[0]} ${words[1]}`;
}
