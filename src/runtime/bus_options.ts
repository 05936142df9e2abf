/**
 * The options of a message bus: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import {
  type MembershipConfig,
  type MembershipOptions,
  resolveMembershipOptions,
} from "../bus/member/membership_options.ts";
import { atLeast, choice, duration, flag, integer, onlyKnown } from "../error/option_check.ts";
import type { BusFabric, NodeChange } from "../transport/bus_fabric.ts";
import type { BusNode, RegisteredHandler } from "./bus_handlers.ts";
import type { RuntimeHost } from "./system_host.ts";
import { abortSignal, hostName } from "./reactor_options.ts";

/** What happens to an event for which a peer's queue has no room; commands always wait. */
export type QueuePolicy = "wait" | "drop" | "disconnect";

/** What a bus tells its application. All are optional. */
export interface BusCallbacks {
  /** The membership changed: a node joined, is suspected, recovered, left, or failed. */
  readonly onNode?: ((change: NodeChange, node: BusNode) => unknown) | undefined;
  /** A handler threw, or something else failed that no call reports. Without it such errors go to `console.error`. */
  readonly onError?: ((error: unknown) => unknown) | undefined;
}

/** The options of the dispatchers alone. */
export interface DispatchOptions {
  /** How long `send` waits for an answer, in ms, where the call says nothing else. @default 30000 */
  readonly commandTimeoutMs?: number;
  /** How long `publish` waits for room, in ms, where the call says nothing else. @default 30000 */
  readonly publishTimeoutMs?: number;
  /** The longest value in bytes, encoded; 64 to 2^28. Both ends must agree. @default 1048576 */
  readonly maxValueBytes?: number;
  /**
   * From which size in bytes on values are compressed by LZ4, if that makes them shorter. 0: all; `Infinity`: none.
   * @default 1024
   */
  readonly compressFromBytes?: number;
  /** How many events wait for one handler whose promise is pending, 1 to 2^20. @default 1024 */
  readonly maxHandlerBacklogCount?: number;
  /** How many commands may wait for their answer, 1 to 2^24. @default 65536 */
  readonly maxPendingCommandCount?: number;
  /** How many handlers of commands may have their promise pending, 1 to 2^24; more is refused. @default 4096 */
  readonly maxCommandsInProgressCount?: number;
  /** How many subscriptions there may be, and how many commands may be handled; 1 to 65536. @default 1024 */
  readonly maxSubscriptionCount?: number;
}

/** {@linkcode DispatchOptions}, complete and checked. */
export type DispatchConfig = Readonly<Required<DispatchOptions>>;

/** An engine that carries the scopes cluster and network, such as `natsFabric()` of `./bus/nats` returns. */
export interface BusEngine {
  /** What it is called. */
  readonly engine: string;
}

/** An engine as the bus uses it. */
export interface FabricFactory extends BusEngine {
  /**
   * Makes the fabric of one bus.
   *
   * @param self The node.
   * @param limits The limits of queues and times.
   * @param host Time and randomness.
   * @returns The fabric, not open.
   */
  make(self: BusNode, limits: LinkLimits, host: RuntimeHost): BusFabric;
}

/** The options of a bus. */
export interface MessageBusOptions extends DispatchOptions, BusCallbacks {
  /** What this node is called, 1 to 64 characters; need not be unique. @default a random name */
  readonly name?: string;
  /** Handlers that say themselves what they handle. @default none */
  readonly handlers?: readonly RegisteredHandler[];
  /**
   * Whether the processes of this user on this host find each other; a text is the directory of their sockets, which
   * must be nobody else's. It takes the permissions to read and write that directory and to use the network; where
   * nothing is said and they are missing, there is no scope machine. @default true where it is permitted
   */
  readonly machine?: boolean | string;
  /**
   * The key of the mesh: whoever has it is a member. 16 bytes or more that nobody can guess, or a text of 16 characters
   * or more. Without it there are only the scopes local and machine. @default none
   */
  readonly key?: string | Uint8Array;
  /** Keys that are accepted besides, while the key of the mesh is being changed; at most 3. @default none */
  readonly acceptedKeys?: readonly (string | Uint8Array)[];
  /** Opens the mesh to everybody who can reach it, without a key. Whoever does so may do anything. @default false */
  readonly dangerouslyOpenMesh?: boolean;
  /** The cluster within the mesh that this node is in, up to 64 characters. @default none */
  readonly cluster?: string;
  /** The key of the cluster: who has the mesh's key alone is not in it. @default none: every member may say it is */
  readonly clusterKey?: string | Uint8Array;
  /** The address to bind, for gossip and for links. @default "0.0.0.0" */
  readonly hostname?: string;
  /**
   * The first port to try, for gossip by UDP and links by TCP; the next 64 are tried when it is taken. 0: any free
   * ones. @default 10000
   */
  readonly publishPort?: number;
  /** The host under which others reach this node. @default the one that they see */
  readonly advertise?: string;
  /** Nodes to begin with, `host:port` of their gossip. @default none */
  readonly seeds?: readonly string[];
  /** Whether nodes of the host and the subnet find each other, by broadcast and on this host's ports. @default true */
  readonly discovery?: boolean;
  /** The UDP port of discovery; all nodes that shall find each other have the same. @default 10999 */
  readonly discoveryPort?: number;
  /** Times and limits of membership. @default those of `MembershipOptions` */
  readonly membership?: MembershipOptions;
  /** How many bytes may be queued for one peer, 4096 to 2^30. @default 4194304 */
  readonly maxQueuedBytes?: number;
  /** What happens to an event for which a peer's queue has no room. @default "wait" */
  readonly queuePolicy?: QueuePolicy;
  /** After how long without traffic a link is asked whether it lives, in ms; after three times as long it is cut. @default 2000 */
  readonly heartbeatMs?: number;
  /** How long the opening of a link may take, in ms. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** How long `close` may take to send what is queued, in ms. @default 2000 */
  readonly closeTimeoutMs?: number;
  /** Takes the place of the mesh: an engine such as `natsFabric()` of `./bus/nats`. @default none */
  readonly fabric?: BusEngine;
  /** Closes the bus when it fires. @default none */
  readonly signal?: AbortSignal;
}

/** The part about links. */
export interface LinkLimits {
  /** How many bytes may be queued for one peer. */
  readonly maxQueuedBytes: number;
  /** What happens to events without room. */
  readonly queuePolicy: QueuePolicy;
  /** When an idle link is asked. */
  readonly heartbeatMs: number;
  /** The time for opening. */
  readonly connectTimeoutMs: number;
  /** The time for closing. */
  readonly closeTimeoutMs: number;
  /** The longest record. */
  readonly maxRecordBytes: number;
}

/** The part about the mesh. */
export interface MeshConfig {
  /** The keys: the first seals. None in an open mesh. */
  readonly keys: readonly Uint8Array[];
  /** The key of the cluster. */
  readonly clusterKey: Uint8Array | undefined;
  /** What to bind. */
  readonly hostname: string;
  /** The first port to try. */
  readonly port: number;
  /** The host under which others reach this node. */
  readonly advertise: string | undefined;
  /** Nodes to begin with. */
  readonly seeds: readonly { readonly hostname: string; readonly port: number }[];
  /** The port of discovery; 0: none. */
  readonly discoveryPort: number;
  /** Membership. */
  readonly membership: MembershipConfig;
}

/** {@linkcode MessageBusOptions} without callbacks, complete and checked. */
export interface MessageBusConfig {
  /** What this node is called; empty for a random name. */
  readonly name: string;
  /** Its cluster; empty for none. */
  readonly cluster: string;
  /** The dispatchers. */
  readonly dispatch: DispatchConfig;
  /** The directory of sockets, empty for the default one; `undefined` for no scope machine. */
  readonly machine: { readonly path: string; readonly isRequired: boolean } | undefined;
  /** The links. */
  readonly links: LinkLimits;
  /** The mesh; `undefined` where there is none. */
  readonly mesh: MeshConfig | undefined;
  /** Closes the bus. */
  readonly signal: AbortSignal | undefined;
}

const DISPATCH_NAMES = [
  "commandTimeoutMs",
  "publishTimeoutMs",
  "maxValueBytes",
  "compressFromBytes",
  "maxHandlerBacklogCount",
  "maxPendingCommandCount",
  "maxCommandsInProgressCount",
  "maxSubscriptionCount",
];
const OWN_NAMES = [
  "onNode",
  "onError",
  "name",
  "handlers",
  "machine",
  "key",
  "acceptedKeys",
  "dangerouslyOpenMesh",
  "cluster",
  "clusterKey",
  "hostname",
  "publishPort",
  "advertise",
  "seeds",
  "discovery",
  "discoveryPort",
  "membership",
  "maxQueuedBytes",
  "queuePolicy",
  "heartbeatMs",
  "connectTimeoutMs",
  "closeTimeoutMs",
  "fabric",
  "signal",
];
const NAMES: ReadonlySet<string> = new Set([...DISPATCH_NAMES, ...OWN_NAMES]);
const MESH_NAMES = [
  "acceptedKeys",
  "clusterKey",
  "seeds",
  "advertise",
  "membership",
  "hostname",
  "publishPort",
  "discovery",
  "discoveryPort",
] as const;
const MIN_KEY_BYTES = 16;
/** Room for the head of a record. */
const HEAD_BYTES = 1024;

/**
 * Completes and checks the options of a bus.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveMessageBusOptions(options: MessageBusOptions): MessageBusConfig {
  onlyKnown("A message bus", options, NAMES);
  const o = options;
  const name = text("name", o.name, 64);
  const cluster = text("cluster", o.cluster, 64);
  if (cluster !== "" && o.key === undefined && o.fabric === undefined && o.dangerouslyOpenMesh !== true) {
    throw new RangeError("The option cluster needs a key, or a fabric");
  }
  if (o.fabric !== undefined && typeof (o.fabric as Partial<FabricFactory>)?.make !== "function") {
    throw new TypeError("The option fabric must be an engine, such as natsFabric() returns");
  }
  for (const callback of ["onNode", "onError"] as const) {
    if (o[callback] !== undefined && typeof o[callback] !== "function") {
      throw new TypeError(`The option ${callback} must be a function`);
    }
  }
  if (o.handlers !== undefined && !Array.isArray(o.handlers)) {
    throw new TypeError("The option handlers must be an array of objects with handles and handle");
  }
  const dispatch = resolveDispatchOptions(o);
  return Object.freeze({
    name,
    cluster,
    dispatch,
    machine: resolveMachine(o.machine),
    links: resolveLinks(o, dispatch),
    mesh: resolveMesh(o, cluster),
    signal: abortSignal(o.signal),
  });
}

/**
 * Completes and checks the options of the dispatchers.
 *
 * @param o What the caller gave; other options are passed over.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveDispatchOptions(o: DispatchOptions): DispatchConfig {
  return Object.freeze({
    commandTimeoutMs: atLeast("commandTimeoutMs", o.commandTimeoutMs, 30_000, 1),
    publishTimeoutMs: atLeast("publishTimeoutMs", o.publishTimeoutMs, 30_000, 0),
    maxValueBytes: integer("maxValueBytes", o.maxValueBytes, 1 << 20, 64, 2 ** 28),
    compressFromBytes: atLeast("compressFromBytes", o.compressFromBytes, 1024, 0),
    maxHandlerBacklogCount: integer("maxHandlerBacklogCount", o.maxHandlerBacklogCount, 1024, 1, 2 ** 20),
    maxPendingCommandCount: integer("maxPendingCommandCount", o.maxPendingCommandCount, 65_536, 1, 2 ** 24),
    maxCommandsInProgressCount: integer("maxCommandsInProgressCount", o.maxCommandsInProgressCount, 4096, 1, 2 ** 24),
    maxSubscriptionCount: integer("maxSubscriptionCount", o.maxSubscriptionCount, 1024, 1, 65_536),
  });
}

function resolveMachine(machine: boolean | string | undefined): MessageBusConfig["machine"] {
  if (machine === false) return undefined;
  if (machine === undefined || machine === true) return Object.freeze({ path: "", isRequired: machine === true });
  if (typeof machine !== "string" || machine === "") {
    throw new TypeError("The option machine must be true, false or a path");
  }
  return Object.freeze({ path: machine, isRequired: true });
}

function resolveLinks(o: MessageBusOptions, { maxValueBytes }: DispatchConfig): LinkLimits {
  const maxQueuedBytes = integer("maxQueuedBytes", o.maxQueuedBytes, 4 << 20, 4096, 2 ** 30);
  const maxRecordBytes = maxValueBytes + HEAD_BYTES;
  const heartbeatMs = duration("heartbeatMs", o.heartbeatMs, 2000);
  if (heartbeatMs < 10) throw new RangeError(`The option heartbeatMs must be at least 10: got ${heartbeatMs}`);
  return Object.freeze({
    maxQueuedBytes,
    queuePolicy: choice("queuePolicy", o.queuePolicy, "wait", ["wait", "drop", "disconnect"]),
    heartbeatMs,
    connectTimeoutMs: duration("connectTimeoutMs", o.connectTimeoutMs, 5000),
    closeTimeoutMs: duration("closeTimeoutMs", o.closeTimeoutMs, 2000),
    maxRecordBytes,
  });
}

function resolveMesh(o: MessageBusOptions, cluster: string): MeshConfig | undefined {
  const isOpen = flag("dangerouslyOpenMesh", o.dangerouslyOpenMesh, false);
  if (isOpen && o.key !== undefined) throw new RangeError("The options key and dangerouslyOpenMesh exclude each other");
  if (o.key === undefined && !isOpen) {
    const useless = MESH_NAMES.find((name) => o[name] !== undefined);
    if (useless !== undefined && o.fabric === undefined) {
      throw new RangeError(`The option ${useless} needs a key: it is for a mesh`);
    }
    return undefined;
  }
  if (o.fabric !== undefined) throw new RangeError("The option fabric takes the place of the mesh: it needs no key");
  const accepted = o.acceptedKeys ?? [];
  if (!Array.isArray(accepted)) throw new TypeError("The option acceptedKeys must be an array of keys");
  if (accepted.length > 3) throw new RangeError("The option acceptedKeys takes at most 3");
  const seeds = o.seeds ?? [];
  if (!Array.isArray(seeds)) throw new TypeError('The option seeds must be an array of texts such as "10.0.0.7:10000"');
  if (o.clusterKey !== undefined && cluster === "") throw new RangeError("The option clusterKey needs a cluster");
  const discovery = flag("discovery", o.discovery, true);
  return Object.freeze({
    keys: o.key === undefined ? [] : [
      keyBytes("key", o.key),
      ...accepted.map((key) => keyBytes("acceptedKeys", key)),
    ],
    clusterKey: o.clusterKey === undefined ? undefined : keyBytes("clusterKey", o.clusterKey),
    hostname: hostName(o.hostname, "0.0.0.0"),
    port: integer("publishPort", o.publishPort, 10_000, 0, 65_535),
    advertise: o.advertise === undefined ? undefined : hostName(o.advertise, ""),
    seeds: seeds.map(seedOf),
    discoveryPort: discovery ? integer("discoveryPort", o.discoveryPort, 10_999, 1, 65_535) : 0,
    membership: resolveMembershipOptions({
      announceIntervalMs: discovery ? 1000 : 0,
      ...o.membership,
      dangerouslyOpenMesh: isOpen,
    }),
  });
}

/**
 * A key as bytes.
 *
 * @param key What the caller gave.
 * @returns The bytes; a copy.
 * @throws {TypeError} When it is neither a text nor bytes.
 * @throws {RangeError} When it is too short.
 */
export function meshKeyBytes(key: string | Uint8Array): Uint8Array {
  return keyBytes("key", key);
}

function keyBytes(name: string, key: string | Uint8Array): Uint8Array {
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError(`The option ${name} must be a text or a Uint8Array`);
  }
  const bytes = typeof key === "string" ? new TextEncoder().encode(key) : key.slice();
  if (bytes.length >= MIN_KEY_BYTES) return bytes;
  throw new RangeError(`The option ${name} must have at least ${MIN_KEY_BYTES} bytes: it has ${bytes.length}`);
}

function seedOf(seed: string): { readonly hostname: string; readonly port: number } {
  const match = typeof seed === "string" ? /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(seed) : null;
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) {
    throw new RangeError(`A seed must be host:port: got ${String(seed)}`);
  }
  return { hostname: match[1]!, port };
}

function text(name: string, value: string | undefined, most: number): string {
  if (value === undefined) return "";
  if (typeof value !== "string") throw new TypeError(`The option ${name} must be a text`);
  if (value.length < 1 || new TextEncoder().encode(value).length > most) {
    throw new RangeError(`The option ${name} must have 1 to ${most} bytes`);
  }
  return value;
}
