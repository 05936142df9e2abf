/**
 * The port of the message bus: who is there, what they want, and how a record gets to them. The mesh and the engines
 * that may stand in its place implement it; dispatchers use it and know nothing else of them.
 *
 * A fabric keeps the order of records between two nodes, delivers each at most once, and says when it lost a node.
 *
 * @module
 */

/** The scopes that leave a process. */
export type FabricScope = "machine" | "cluster" | "network";

/** What happened to a node: `suspected` may be followed by `recovered`. */
export type NodeChange = "joined" | "suspected" | "recovered" | "left" | "failed";

/** Another node, one object for as long as it is known. */
export interface FabricNode {
  /** Unique, and new with every start of the process. */
  readonly id: string;
  /** The name that its user gave it. */
  readonly name: string;
  /** The cluster that it has proved to be in; empty for none. */
  readonly cluster: string;
  /** The same three as a record of its own, for applications. */
  readonly info: { readonly id: string; readonly name: string; readonly cluster: string };
  /** The fabric that knows it; `undefined` for this node itself. */
  readonly fabric: BusFabric | undefined;
  /** How many commands are on their way to it; kept by the dispatchers. */
  busyCount: number;
}

/** A record that waits for room in one or more queues. */
export interface RoomWait {
  /** Settles when it is queued everywhere, or dropped where the peer was lost. Rejects with the reason of `cancel`. */
  readonly done: Promise<void>;
  /**
   * Gives up where it still waits.
   *
   * @param reason Why.
   */
  cancel(reason: unknown): void;
}

/** Whom a fabric tells. None of its methods may throw. */
export interface FabricOwner {
  /**
   * A record came.
   *
   * @param from Who sent it.
   * @param buffer Where it lies; lent for this call.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  handleRecord(from: FabricNode, buffer: Uint8Array, start: number, end: number): void;
  /**
   * What was on its way to or from a node is lost: its link broke, could not be opened, or the node is gone.
   *
   * @param node Which.
   * @param error Why.
   */
  handleLost(node: FabricNode, error: Error): void;
  /**
   * The membership changed.
   *
   * @param change How.
   * @param node Whose.
   */
  handleNode(change: NodeChange, node: FabricNode): void;
  /** What another node wants has changed, or may have: the queries show it already. */
  handleInterest(): void;
  /**
   * Something failed that no call reports.
   *
   * @param error What.
   */
  handleError(error: unknown): void;
}

/** One way to other nodes. */
export interface BusFabric {
  /** The scopes that it serves. */
  readonly scopes: readonly FabricScope[];
  /** This node's id in it. */
  readonly nodeId: string;
  /**
   * Joins.
   *
   * @param owner Whom to tell; nothing is told before this returns its promise.
   * @returns When this node can be found. Rejects with what stood in the way.
   */
  open(owner: FabricOwner): Promise<void>;
  /**
   * Says what this node wants, or does not want any more.
   *
   * @param kind An event pattern or a command name.
   * @param name Which.
   * @param isWanted Whether it is wanted.
   */
  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void;
  /**
   * The other nodes of a scope.
   *
   * @param scope The scope.
   * @returns A list, not changed later.
   */
  nodes(scope: FabricScope): readonly FabricNode[];
  /**
   * The other nodes of a scope that handle a command.
   *
   * @param command The command's name.
   * @param scope The scope.
   * @returns A list, not changed later.
   */
  handlersOf(command: string, scope: FabricScope): readonly FabricNode[];
  /**
   * Whether a node may speak for a scope.
   *
   * @param node The node.
   * @param scope The scope.
   * @returns Whether it is in it.
   */
  isInScope(node: FabricNode, scope: FabricScope): boolean;
  /**
   * How many other nodes of a scope subscribe a topic.
   *
   * @param topic The topic.
   * @param scope The scope.
   * @returns How many are known.
   */
  subscriberCount(topic: string, scope: FabricScope): number;
  /**
   * Sends an event to every other node of a scope that wants its topic.
   *
   * @param scope The scope.
   * @param topic The topic.
   * @param buffer Where the record lies, from 0; copied.
   * @param length How long it is.
   * @returns `undefined` when it is queued or dropped by policy everywhere; otherwise the wait for room.
   */
  publish(scope: FabricScope, topic: string, buffer: Uint8Array, length: number): RoomWait | undefined;
  /**
   * Sends a record to one node. It is never dropped by policy: it is queued, waits, or the node is reported as lost.
   *
   * @param node The node.
   * @param buffer Where the record lies, from 0; copied.
   * @param length How long it is.
   * @returns `undefined` when it is queued; otherwise the wait for room.
   */
  send(node: FabricNode, buffer: Uint8Array, length: number): RoomWait | undefined;
  /** What was sent, received, refused and dropped so far, by name. */
  counters(): Record<string, number>;
  /**
   * Leaves: what is queued goes out within bounds, the others are told.
   *
   * @returns When everything is closed. Never rejects.
   */
  close(): Promise<void>;
}
