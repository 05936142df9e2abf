/**
 * What the machine of a link is made of, and what it comes to know of its peer.
 *
 * @module
 */
import type { Lz4Table } from "../../codec/lz4_table.ts";
import type { AeadProvider } from "../../crypto/aead.ts";
import type { KeyExchange } from "../../crypto/key_exchange.ts";
import type { CounterTable } from "../../metric/counter_table.ts";
import type { RandomSource } from "../../random/random_source.ts";
import type { Clock } from "../../time/clock.ts";
import type { LinkConfig } from "./link_options.ts";

/** How many bytes a node id and a boot id have. */
export const NODE_ID_BYTES = 16;

/** How many bytes the name of a cluster has at most. */
export const MAX_CLUSTER_BYTES = 64;

/** How many shared keys are accepted at most. */
export const MAX_PSKS = 4;

/** Who this node is. */
export interface LinkIdentity {
  /** 16 bytes; only read. */
  readonly nodeId: Uint8Array;
  /** 16 bytes that are drawn anew at each start; only read. */
  readonly bootId: Uint8Array;
  /** The cluster's name, up to 64 bytes of UTF-8; "" for none. */
  readonly cluster: string;
  /** The key of the cluster; without it whoever says so is in it. */
  readonly clusterKey?: Uint8Array | undefined;
}

/** Who the peer is: known to have the key of the mesh, and so believed. */
export interface LinkPeer {
  /** Its node id as 32 hexadecimal digits. */
  readonly nodeId: string;
  /** Its boot id as 32 hexadecimal digits. */
  readonly bootId: string;
  /** The cluster that it says it is in; "" before `Greeted`, and for none. */
  readonly cluster: string;
  /** Whether it is in the cluster of this node, and proved it where that has a key. */
  readonly isSameCluster: boolean;
  /** How many dials its node had begun when it spoke, to whomever; see `LinkDials`. */
  readonly dials: number;
}

/** Counts the dials of one node, to settle which of two links between two nodes stays. */
export class LinkDials {
  #count = 0;

  /** How many dials were begun. */
  get count(): number {
    return this.#count;
  }

  /**
   * Begins a dial; a machine that dials does it.
   */
  begin(): void {
    this.#count++;
  }
}

/** What the machine of a link is made of. */
export interface NodeLinkSetup {
  /** The checked options. */
  readonly config: LinkConfig;
  /** The driver's clock. */
  readonly clock: Clock;
  /** Where ephemeral keys come from. */
  readonly random: RandomSource;
  /** What agrees on keys. */
  readonly keyExchange: KeyExchange;
  /** What seals. */
  readonly aead: AeadProvider;
  /** What compresses; one serves all links of a thread. */
  readonly lz4: Lz4Table;
  /** Where this link is counted. */
  readonly counters: CounterTable;
  /** The row in `counters`. */
  readonly slot: number;
  /** The shared keys, by `linkPsk`: the first dials, each is accepted; 1 to 4. */
  readonly psks: readonly Uint8Array[];
  /**
   * Whether records are sealed. Without it the handshake still demands the key, and what follows is open to whoever can
   * read or write the stream: only for sockets that nobody else can reach. Both ends must agree.
   */
  readonly isSealed: boolean;
  /** Who this node is. */
  readonly self: LinkIdentity;
  /** The dials of this node. */
  readonly dials: LinkDials;
  /** What a dial asks for; without it the link was accepted. */
  readonly dial?: LinkDial | undefined;
}

/** What a dial asks for. */
export interface LinkDial {
  /** The node that is wanted, 16 bytes; `undefined` takes whoever answers. */
  readonly nodeId?: Uint8Array | undefined;
}

/**
 * Checks the lengths of what a link is made of.
 *
 * @param setup The setup.
 * @throws {RangeError} When one is not what it should be.
 */
export function checkLinkSetup(setup: NodeLinkSetup): void {
  const { self, dial, psks } = setup;
  for (const id of [self.nodeId, self.bootId, dial?.nodeId ?? self.nodeId]) {
    if (id.length !== NODE_ID_BYTES) throw new RangeError(`Cannot open a link: an id of ${id.length} bytes`);
  }
  if (psks.length < 1 || psks.length > MAX_PSKS) {
    throw new RangeError(`Cannot open a link with ${psks.length} keys: it takes 1 to ${MAX_PSKS}`);
  }
  if (new TextEncoder().encode(self.cluster).length > MAX_CLUSTER_BYTES) {
    throw new RangeError(`Cannot open a link: the cluster's name has more than ${MAX_CLUSTER_BYTES} bytes`);
  }
}
