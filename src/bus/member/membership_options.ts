/**
 * The options of membership: times, limits and who takes part.
 *
 * The defaults find a crash within six seconds in a mesh of 200 nodes and keep members through 20 % loss; they are meant
 * for round trips up to 200 ms. Invariant: what `resolveMembershipOptions` returns is complete, checked and frozen.
 *
 * @module
 */
import { duration, flag, integer, onlyKnown } from "../../error/option_check.ts";

/** The options of a membership machine. */
export interface MembershipOptions {
  /** Every how many ms one member is probed, 50 to 60000. Less finds crashes sooner and costs more. @default 500 */
  readonly probeIntervalMs?: number;
  /**
   * After how many ms without an answer others are asked to probe too; 10 to `probeIntervalMs`.
   * @default two fifths of `probeIntervalMs`
   */
  readonly probeTimeoutMs?: number;
  /** How many others are asked, 0 to 16. 0: a lossy path to one node is enough for a suspicion. @default 3 */
  readonly indirectProbes?: number;
  /**
   * For how many probe intervals a suspected member may refute, times log10 of the mesh's size, when others suspect it
   * too; 1 to 32. @default 2
   */
  readonly suspicionMult?: number;
  /** How many times longer that is while nobody else suspects it, 1 to 32. @default 4 */
  readonly suspicionMaxMult?: number;
  /** The least time for a refutation in ms, 100 to 600000. @default 2000 */
  readonly suspicionMinMs?: number;
  /** How far slowness of this node stretches its own times, 0 to 32; 0: never. @default 8 */
  readonly maxLocalHealth?: number;
  /** Every how many ms news is sent while there is any, 10 to 60000. @default 200 */
  readonly gossipIntervalMs?: number;
  /** To how many members news is sent each time, 1 to 16. @default 3 */
  readonly gossipFanout?: number;
  /** How often each piece of news is sent, times log10 of the mesh's size; 1 to 32. @default 4 */
  readonly retransmitMult?: number;
  /** Every how many ms the state is compared with that of one member, 1000 to 3600000. @default 30000 */
  readonly syncIntervalMs?: number;
  /** Every how many ms a seed or a lost member is tried again, 100 to 3600000. @default 5000 */
  readonly reconnectIntervalMs?: number;
  /** For how many ms those that left or failed are remembered, 10000 to 604800000. @default 3600000 */
  readonly deadRetentionMs?: number;
  /** Every how many ms a node that is alone announces itself nearby; 0: never. Six times rarer in company. @default 0 */
  readonly announceIntervalMs?: number;
  /** How long changes of the own interest wait for further ones, in ms, up to 60000. @default 20 */
  readonly interestDebounceMs?: number;
  /** How many bytes the interest of one member may have, 256 to 262144; 2 and the name for each entry. @default 65536 */
  readonly maxInterestBytes?: number;
  /** How many members are kept, lost ones included, 2 to 65536. @default 4096 */
  readonly maxMembers?: number;
  /** How many seeds are kept, 1 to 256. @default 32 */
  readonly maxSeeds?: number;
  /** How many datagrams of unknown senders are looked at in a second, 1 to 10^6. @default 200 */
  readonly strangersPerSecond?: number;
  /** The longest datagram that is sent, 1200 to 1400 bytes. @default 1200 */
  readonly maxDatagramBytes?: number;
  /** How many datagrams wait to be polled, 64 to 65536; what is beyond is dropped and counted. @default 1024 */
  readonly maxQueuedDatagrams?: number;
  /** A timeout that comes later than this shows that the process was held up: that time is taken out. @default 1000 */
  readonly stallMs?: number;
  /** For how many ms a mesh key is still accepted after another came in its place. @default 3600000 */
  readonly keyOverlapMs?: number;
  /** Whether anybody may be a member: the key is then a public constant. @default false */
  readonly dangerouslyOpenMesh?: boolean;
}

/** {@linkcode MembershipOptions}, complete and checked. */
export type MembershipConfig = Readonly<Required<MembershipOptions>>;

/** All names of {@linkcode MembershipOptions}. */
export const MEMBERSHIP_OPTION_NAMES: ReadonlySet<string> = new Set<string>([
  "probeIntervalMs",
  "probeTimeoutMs",
  "indirectProbes",
  "suspicionMult",
  "suspicionMaxMult",
  "suspicionMinMs",
  "maxLocalHealth",
  "gossipIntervalMs",
  "gossipFanout",
  "retransmitMult",
  "syncIntervalMs",
  "reconnectIntervalMs",
  "deadRetentionMs",
  "announceIntervalMs",
  "interestDebounceMs",
  "maxInterestBytes",
  "maxMembers",
  "maxSeeds",
  "strangersPerSecond",
  "maxDatagramBytes",
  "maxQueuedDatagrams",
  "stallMs",
  "keyOverlapMs",
  "dangerouslyOpenMesh",
]);

/**
 * Completes and checks the options of membership.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveMembershipOptions(options: MembershipOptions = {}): MembershipConfig {
  onlyKnown("Membership", options, MEMBERSHIP_OPTION_NAMES);
  const o = options;
  const probeIntervalMs = integer("probeIntervalMs", o.probeIntervalMs, 500, 50, 60_000);
  const probeTimeoutMs = Math.max(10, Math.floor(probeIntervalMs * 2 / 5));
  return Object.freeze({
    probeIntervalMs,
    probeTimeoutMs: integer("probeTimeoutMs", o.probeTimeoutMs, probeTimeoutMs, 10, probeIntervalMs),
    indirectProbes: integer("indirectProbes", o.indirectProbes, 3, 0, 16),
    suspicionMult: integer("suspicionMult", o.suspicionMult, 2, 1, 32),
    suspicionMaxMult: integer("suspicionMaxMult", o.suspicionMaxMult, 4, 1, 32),
    suspicionMinMs: integer("suspicionMinMs", o.suspicionMinMs, 2000, 100, 600_000),
    maxLocalHealth: integer("maxLocalHealth", o.maxLocalHealth, 8, 0, 32),
    gossipIntervalMs: integer("gossipIntervalMs", o.gossipIntervalMs, 200, 10, 60_000),
    gossipFanout: integer("gossipFanout", o.gossipFanout, 3, 1, 16),
    retransmitMult: integer("retransmitMult", o.retransmitMult, 4, 1, 32),
    syncIntervalMs: integer("syncIntervalMs", o.syncIntervalMs, 30_000, 1000, 3_600_000),
    reconnectIntervalMs: integer("reconnectIntervalMs", o.reconnectIntervalMs, 5000, 100, 3_600_000),
    deadRetentionMs: integer("deadRetentionMs", o.deadRetentionMs, 3_600_000, 10_000, 604_800_000),
    announceIntervalMs: integer("announceIntervalMs", o.announceIntervalMs, 0, 0, 3_600_000),
    interestDebounceMs: integer("interestDebounceMs", o.interestDebounceMs, 20, 0, 60_000),
    maxInterestBytes: integer("maxInterestBytes", o.maxInterestBytes, 65_536, 256, 262_144),
    maxMembers: integer("maxMembers", o.maxMembers, 4096, 2, 65_536),
    maxSeeds: integer("maxSeeds", o.maxSeeds, 32, 1, 256),
    strangersPerSecond: integer("strangersPerSecond", o.strangersPerSecond, 200, 1, 1e6),
    maxDatagramBytes: integer("maxDatagramBytes", o.maxDatagramBytes, 1200, 1200, 1400),
    maxQueuedDatagrams: integer("maxQueuedDatagrams", o.maxQueuedDatagrams, 1024, 64, 65_536),
    stallMs: integer("stallMs", o.stallMs, 1000, 50, 600_000),
    keyOverlapMs: duration("keyOverlapMs", o.keyOverlapMs, 3_600_000),
    dangerouslyOpenMesh: flag("dangerouslyOpenMesh", o.dangerouslyOpenMesh, false),
  });
}
