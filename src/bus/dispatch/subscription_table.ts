/**
 * Who wants which topic: exact topics and prefix wildcards.
 *
 * A lookup is one map access: the list for a topic is kept until a subscription changes. Why the kept lists are bounded:
 * topics may be made at run time, and one that nobody publishes again must not stay for ever. Invariant: a subscriber is
 * in a topic's list once for each of its patterns that match, in the order of subscription.
 *
 * @module
 */
import { prefixOf } from "./topic.ts";

const MAX_KEPT_LISTS = 4096;

interface Entry<S> {
  readonly pattern: string;
  readonly prefix: string | undefined;
  readonly subscriber: S;
}

/** Subscribers by pattern. */
export class SubscriptionTable<S> {
  readonly #entries: Entry<S>[] = [];
  readonly #counts = new Map<string, number>();
  readonly #lists = new Map<string, readonly S[]>();

  /** How many subscriptions there are. */
  get size(): number {
    return this.#entries.length;
  }

  /** The patterns that somebody subscribes, each once. */
  patterns(): IterableIterator<string> {
    return this.#counts.keys();
  }

  /**
   * Adds a subscription.
   *
   * @param pattern A checked pattern.
   * @param subscriber Who.
   * @returns Whether the pattern is new.
   */
  add(pattern: string, subscriber: S): boolean {
    this.#entries.push({ pattern, prefix: prefixOf(pattern), subscriber });
    this.#lists.clear();
    const count = this.#counts.get(pattern) ?? 0;
    this.#counts.set(pattern, count + 1);
    return count === 0;
  }

  /**
   * Takes a subscription away.
   *
   * @param pattern Its pattern.
   * @param subscriber Who.
   * @returns Whether nobody subscribes the pattern any more because of that.
   */
  remove(pattern: string, subscriber: S): boolean {
    const at = this.#entries.findIndex((entry) => entry.pattern === pattern && entry.subscriber === subscriber);
    if (at < 0) return false;
    this.#entries.splice(at, 1);
    this.#lists.clear();
    const count = this.#counts.get(pattern)! - 1;
    if (count > 0) this.#counts.set(pattern, count);
    else this.#counts.delete(pattern);
    return count === 0;
  }

  /**
   * Who wants a topic.
   *
   * @param topic The topic.
   * @returns The subscribers; the same list until a subscription changes.
   */
  match(topic: string): readonly S[] {
    return this.#lists.get(topic) ?? this.#find(topic);
  }

  #find(topic: string): readonly S[] {
    const list = this.#entries
      .filter(({ pattern, prefix }) => prefix === undefined ? pattern === topic : topic.startsWith(prefix))
      .map(({ subscriber }) => subscriber);
    if (this.#lists.size >= MAX_KEPT_LISTS) this.#lists.clear();
    this.#lists.set(topic, list);
    return list;
  }
}
