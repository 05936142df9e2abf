/**
 * How many first packets of one host are worked on: token buckets in a table of fixed size.
 *
 * Invariant: the memory is the same for one address and for a million. Hosts share a bucket when a keyed hash says so:
 * who floods may spend the tokens of a few hosts that nobody can choose, and of nobody else. For IPv6 the unit is the
 * /64 that a subscriber has (RFC 6177), because one host may use all of it.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import { halfSipHash } from "./half_sip_hash.ts";

const BUCKETS = 4096;

/** How fast tokens come back and how many there are at most. */
export interface AddressRateConfig {
  /** How many a second. */
  readonly perSecond: number;
  /** How many at once after a silence. */
  readonly burst: number;
}

/** Limits what is done for each host. */
export class AddressRate {
  readonly #clock: Clock;
  readonly #config: AddressRateConfig;
  readonly #key0: number;
  readonly #key1: number;
  readonly #tokens: Float64Array;
  readonly #since = new Float64Array(BUCKETS);
  readonly #words = new Int32Array(4);

  /**
   * Makes a table in which every host has its burst.
   *
   * @param clock The endpoint's clock.
   * @param config The rate.
   * @param key0 The first word of the hash's key.
   * @param key1 The second word.
   */
  constructor(clock: Clock, config: AddressRateConfig, key0: number, key1: number) {
    this.#clock = clock;
    this.#config = config;
    this.#key0 = key0;
    this.#key1 = key1;
    this.#tokens = new Float64Array(BUCKETS).fill(config.burst);
    this.#since.fill(clock.now);
  }

  /**
   * Takes a token of a host.
   *
   * @param address An address of the host; the port is of no account.
   * @returns Whether there was one.
   */
  take(address: DatagramAddress): boolean {
    const bucket = this.#bucketOf(address.words);
    const { perSecond, burst } = this.#config;
    const now = this.#clock.now;
    const tokens = Math.min(burst, this.#tokens[bucket]! + (now - this.#since[bucket]!) * perSecond / 1000);
    this.#since[bucket] = now;
    this.#tokens[bucket] = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
  }

  #bucketOf(address: Int32Array): number {
    const words = this.#words;
    const isIpv4 = address[0] === 0 && address[1] === 0 && address[2] === 0xffff;
    words[0] = address[0]!;
    words[1] = address[1]!;
    words[2] = isIpv4 ? address[3]! : 0;
    words[3] = isIpv4 ? 1 : 0;
    return halfSipHash(this.#key0, this.#key1, words, 4) & (BUCKETS - 1);
  }
}
