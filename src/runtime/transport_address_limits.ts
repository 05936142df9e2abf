/**
 * How many connections one host may have and make, and how many messages it may send.
 *
 * Token buckets (as in RFC 2697) by host. Invariants: what was admitted is given back exactly once; beyond 65,536 hosts
 * those without connections are forgotten, the ones that came first before others.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";

/** The limits by host. */
export interface AddressLimitConfig {
  /** How many connections one host may have at the same time. */
  readonly maxConnectionsPerAddressCount: number;
  /** How many connections one host may make a second. */
  readonly connectionsPerSecond: number;
  /** How many messages all connections of one host may send a second. */
  readonly messagesPerSecond: number;
}

/** The longest that a host has to wait for tokens that it has used up early, in seconds of its rate. */
const BURST_SECONDS = 1;
const MAX_HOSTS = 65_536;

/** One host. */
export class HostBook {
  /** How many connections it has. */
  connections = 0;
  /** How many connections it may make at once. */
  connectionTokens: number;
  /** How many messages it may send at once; less than 0 is a debt. */
  messageTokens: number;
  /** When the tokens were counted. */
  countedAt: number;

  /**
   * @param config The limits.
   * @param now The time in ms.
   */
  constructor(config: AddressLimitConfig, now: number) {
    this.connectionTokens = burstOf(config.connectionsPerSecond);
    this.messageTokens = burstOf(config.messagesPerSecond);
    this.countedAt = now;
  }
}

/** The hosts of one server. */
export class AddressLimits {
  /** How many connections were refused because their host had too many. */
  refusedByCount = 0;
  /** How many connections were refused because their host made them too fast. */
  refusedByRate = 0;
  readonly #config: AddressLimitConfig;
  readonly #clock: Clock;
  readonly #hosts = new Map<string, HostBook>();

  /**
   * @param config The limits.
   * @param clock Time.
   */
  constructor(config: AddressLimitConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /**
   * Asks whether a connection may come in.
   *
   * @param host Where it comes from.
   * @returns The host's book, and `leave` follows; `undefined` when it may not.
   */
  admit(host: string): HostBook | undefined {
    const book = this.#bookOf(host);
    if (book.connections >= this.#config.maxConnectionsPerAddressCount) {
      this.refusedByCount++;
      return undefined;
    }
    if (book.connectionTokens < 1) {
      this.refusedByRate++;
      return undefined;
    }
    book.connectionTokens--;
    book.connections++;
    return book;
  }

  /**
   * A connection that was admitted is over.
   *
   * @param book The book of its host.
   */
  leave(book: HostBook): void {
    book.connections--;
  }

  /**
   * Counts a message.
   *
   * @param book The book of its host.
   * @returns How long the host has to wait before the next one, in ms; 0: not at all.
   */
  takeMessage(book: HostBook): number {
    const { messagesPerSecond } = this.#config;
    if (messagesPerSecond === Infinity) return 0;
    this.#refill(book);
    book.messageTokens--;
    return book.messageTokens >= 0 ? 0 : -book.messageTokens * 1000 / messagesPerSecond;
  }

  #bookOf(host: string): HostBook {
    const known = this.#hosts.get(host);
    if (known !== undefined) {
      this.#refill(known);
      return known;
    }
    if (this.#hosts.size >= MAX_HOSTS) this.#forget();
    const book = new HostBook(this.#config, this.#clock.now);
    this.#hosts.set(host, book);
    return book;
  }

  #refill(book: HostBook): void {
    const { connectionsPerSecond, messagesPerSecond } = this.#config;
    const seconds = (this.#clock.now - book.countedAt) / 1000;
    if (seconds <= 0) return;
    book.countedAt = this.#clock.now;
    book.connectionTokens = refilled(book.connectionTokens, connectionsPerSecond, seconds);
    book.messageTokens = refilled(book.messageTokens, messagesPerSecond, seconds);
  }

  /** Forgets hosts without connections, the oldest first, until a quarter is free. */
  #forget(): void {
    for (const [host, book] of this.#hosts) {
      if (this.#hosts.size <= MAX_HOSTS * 3 / 4) return;
      if (book.connections === 0) this.#hosts.delete(host);
    }
  }
}

function burstOf(perSecond: number): number {
  return perSecond === Infinity ? Infinity : Math.max(1, perSecond * BURST_SECONDS);
}

function refilled(tokens: number, perSecond: number, seconds: number): number {
  return perSecond === Infinity ? Infinity : Math.min(burstOf(perSecond), tokens + seconds * perSecond);
}
