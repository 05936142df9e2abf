/**
 * What a membership machine is made of: its ports, its keys and what it says about itself.
 *
 * @module
 */
import type { AeadProvider } from "../../crypto/aead.ts";
import type { RandomSource } from "../../random/random_source.ts";
import type { Clock } from "../../time/clock.ts";
import type { DatagramAddress } from "../../wire/datagram_address.ts";
import type { MembershipConfig } from "./membership_options.ts";

/** What this node says about itself. */
export interface SelfDescription {
  /** 16 bytes; the same after a restart where the node keeps its identity, otherwise drawn at random. Copied. */
  readonly nodeId: Uint8Array;
  /** What it is called, 1 to 64 bytes of UTF-8. */
  readonly name: string;
  /** 16 bytes that are the same on all nodes of one host, such as a hash of the machine's identity. Copied. */
  readonly hostId: Uint8Array;
  /**
   * Where others reach this node's datagrams; not necessarily what is bound. With the host `0.0.0.0` or `::` it takes
   * the host that the first others see it under. Copied.
   */
  readonly advertise: DatagramAddress;
  /** Where others open links, best first, at most 3; an unspecified host is that of `advertise`. Copied. */
  readonly linkAddresses?: readonly DatagramAddress[];
  /** The cluster, up to 64 bytes of UTF-8; "" for none. @default {""} */
  readonly cluster?: string;
  /** The key of the cluster, at least 16 bytes; without it every member of the mesh may be in the cluster. */
  readonly clusterKey?: Uint8Array;
  /** What the application says about itself, up to 512 bytes. Copied. @default {empty} */
  readonly metadata?: Uint8Array;
}

/** What a machine is made of. */
export interface MembershipSetup {
  /** The options, from `resolveMembershipOptions`. */
  readonly config: MembershipConfig;
  /** The driver's clock. */
  readonly clock: Clock;
  /** Where the boot id, cookies and choices come from. */
  readonly random: RandomSource;
  /** What seals datagrams. */
  readonly aead: AeadProvider;
  /**
   * The keys of the mesh, each at least 16 bytes that nobody can guess, at most 4: the first seals, all are accepted.
   * None, and only then, with `dangerouslyOpenMesh`.
   */
  readonly meshKeys: readonly Uint8Array[];
  /** This node. */
  readonly self: SelfDescription;
}
