/**
 * Who wants what, where nodes tell each other directly: nodes by event pattern and by command.
 *
 * Invariant: the lists that it hands out never change; a later question gets a new one.
 *
 * @module
 */
import { SubscriptionTable } from "../bus/dispatch/subscription_table.ts";

const NOBODY: readonly never[] = [];
/** What one node may want. */
const MAX_INTEREST_COUNT = 65_536;

interface Wants {
  readonly events: Set<string>;
  readonly commands: Set<string>;
}

/** The interests of other nodes. */
export class BusDirectory<N> {
  readonly #wants = new Map<N, Wants>();
  readonly #events = new SubscriptionTable<N>();
  readonly #commands = new Map<string, readonly N[]>();
  readonly #interested = new Map<string, readonly N[]>();
  #nodes: readonly N[] = NOBODY;

  /** All nodes, in the order in which they came. */
  get nodes(): readonly N[] {
    return this.#nodes;
  }

  /**
   * Adds a node.
   *
   * @param node Which.
   * @param events The patterns that it subscribes.
   * @param commands The commands that it handles.
   */
  add(node: N, events: readonly string[], commands: readonly string[]): void {
    this.#wants.set(node, { events: new Set(), commands: new Set() });
    this.#nodes = [...this.#nodes, node];
    for (const name of events) this.set(node, "event", name, true);
    for (const name of commands) this.set(node, "command", name, true);
  }

  /**
   * Takes a node out.
   *
   * @param node Which.
   */
  remove(node: N): void {
    const wants = this.#wants.get(node);
    if (wants === undefined) return;
    for (const name of wants.events) this.set(node, "event", name, false);
    for (const name of wants.commands) this.set(node, "command", name, false);
    this.#wants.delete(node);
    this.#nodes = this.#nodes.filter((other) => other !== node);
  }

  /**
   * A node wants something, or does not want it any more.
   *
   * @param node Which.
   * @param kind An event pattern or a command name.
   * @param name Which.
   * @param isWanted Whether it is wanted.
   */
  set(node: N, kind: "event" | "command", name: string, isWanted: boolean): void {
    const wants = this.#wants.get(node);
    const names = kind === "event" ? wants?.events : wants?.commands;
    if (names === undefined || names.has(name) === isWanted) return;
    if (!isWanted) names.delete(name);
    else if (names.size < MAX_INTEREST_COUNT) names.add(name);
    else return;
    this.#interested.clear();
    if (kind === "event") {
      if (isWanted) this.#events.add(name, node);
      else this.#events.remove(name, node);
      return;
    }
    const before = this.#commands.get(name) ?? NOBODY;
    const after = isWanted ? [...before, node] : before.filter((other) => other !== node);
    if (after.length > 0) this.#commands.set(name, after);
    else this.#commands.delete(name);
  }

  /**
   * Who subscribes a topic, each once.
   *
   * @param topic The topic.
   * @returns The nodes.
   */
  interestedIn(topic: string): readonly N[] {
    const kept = this.#interested.get(topic);
    if (kept !== undefined) return kept;
    const found = [...new Set(this.#events.match(topic))];
    if (this.#interested.size >= MAX_INTEREST_COUNT) this.#interested.clear();
    this.#interested.set(topic, found);
    return found;
  }

  /**
   * Who handles a command.
   *
   * @param command The command's name.
   * @returns The nodes.
   */
  handlersOf(command: string): readonly N[] {
    return this.#commands.get(command) ?? NOBODY;
  }
}
