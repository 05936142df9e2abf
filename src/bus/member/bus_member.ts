/**
 * What is known of one node of the mesh, as the machine shows it to its driver.
 *
 * One object stands for one boot of one node: when a node starts again, the object of the boot before ends as failed
 * and another one joins. Invariant: `slot` is its own for as long as the object is in the mesh, below `maxMembers`.
 *
 * @module
 */
import type { DatagramAddress } from "../../wire/datagram_address.ts";

/** How many bytes a node id, a boot id and a host id have. */
export const ID_BYTES = 16;

/** What this node thinks of a member. */
export const MemberState = {
  /** It answers, or somebody says so. */
  Alive: 1,
  /** Somebody had no answer from it; it has time to refute. */
  Suspect: 2,
  /** It did not refute in time. */
  Failed: 3,
  /** It said that it goes. */
  Left: 4,
} as const;

/** One of the values of {@linkcode MemberState}. */
export type MemberState = (typeof MemberState)[keyof typeof MemberState];

/** One boot of one node; only read. */
export interface BusMember {
  /** Its place in the table: an index for columns of one's own, given to another member after this one ended. */
  readonly slot: number;
  /** The node's id: 32 hexadecimal digits, the same after a restart where the node keeps it. */
  readonly nodeId: string;
  /** 16 bytes that are drawn anew at each start; not to be changed. */
  readonly bootId: Uint8Array;
  /** What it calls itself; not necessarily unique. */
  readonly name: string;
  /** How often it had to speak for itself; grows. */
  readonly incarnation: number;
  /** What this node thinks of it. */
  readonly state: MemberState;
  /** Where its gossip goes. */
  readonly gossipAddress: DatagramAddress;
  /** Where links to it are opened, best first; at most {@linkcode MAX_LINK_ADDRESSES}. */
  readonly linkAddresses: readonly DatagramAddress[];
  /** The host that it runs on: 32 hexadecimal digits. */
  readonly hostId: string;
  /** Whether that is the host of this node. */
  readonly isSameHost: boolean;
  /** The cluster that it says it is in; "" for none. */
  readonly cluster: string;
  /** Whether it is in the cluster of this node, and proved it where that has a key. */
  readonly isSameCluster: boolean;
  /** What its application says about itself; not to be changed. */
  readonly metadata: Uint8Array;
  /** The version of its interest that is in force here; 0 before the first. */
  readonly interestVersion: number;
}

/** How many addresses for links a member has at most. */
export const MAX_LINK_ADDRESSES = 3;
