/**
 * Which subjects of NATS stand for what.
 *
 * ```text
 * <prefix>.e.n.<topic>            events for the network
 * <prefix>.e.c.<cluster>.<topic>  events for a cluster; its name in hexadecimal
 * <prefix>.i.<node>               records for one node
 * <prefix>.g                      greetings for all
 * <prefix>.x.<asker>.<node>       the server's word to `asker` that `node` is not there
 * ```
 *
 * @module
 */
import { prefixOf } from "../bus/dispatch/topic.ts";

/** The subjects of one bus. */
export class NatsSubjects {
  /** Greetings for all. */
  readonly greetings: string;
  readonly #prefix: string;
  readonly #cluster: string;

  /**
   * @param prefix What all subjects begin with.
   * @param cluster This node's cluster; empty for none.
   */
  constructor(prefix: string, cluster: string) {
    this.#prefix = prefix;
    this.#cluster = new TextEncoder().encode(cluster).toHex();
    this.greetings = `${prefix}.g`;
  }

  /**
   * Where records for a node go.
   *
   * @param node Its id.
   * @returns The subject.
   */
  inbox(node: string): string {
    return `${this.#prefix}.i.${node}`;
  }

  /**
   * Where the server says that a node is not there.
   *
   * @param asker Who wants to know; his id.
   * @param node Which node; `*` to subscribe.
   * @returns The subject.
   */
  absence(asker: string, node: string): string {
    return `${this.#prefix}.x.${asker}.${node}`;
  }

  /**
   * The subject of a topic or a pattern.
   *
   * @param scope How far.
   * @param pattern The topic or the pattern.
   * @returns The subject.
   */
  events(scope: "cluster" | "network", pattern: string): string {
    const head = `${this.#prefix}.e.${scope === "network" ? "n" : `c.${this.#cluster}`}.`;
    const prefix = prefixOf(pattern);
    return prefix === undefined ? head + pattern : `${head}${prefix}>`;
  }
}

/**
 * The patterns that are not covered by others, so that the engine brings each event once.
 *
 * @param patterns All patterns, each once.
 * @returns Those that no wider one of them covers.
 */
export function widestPatterns(patterns: Iterable<string>): Set<string> {
  const all = [...patterns];
  const prefixes = all.map(prefixOf).filter((prefix) => prefix !== undefined);
  return new Set(all.filter((pattern) => {
    const own = prefixOf(pattern);
    return !prefixes.some((prefix) =>
      own === undefined ? pattern.startsWith(prefix) : own !== prefix && own.startsWith(prefix)
    );
  }));
}
