/**
 * One other node of the mesh as its fabric keeps it: what waits for it, and the link that it is reached by.
 *
 * @module
 */
import type { LinkQueue } from "../bus/link/link_queue.ts";
import type { BusMember } from "../bus/member/bus_member.ts";
import type { BusFabric, FabricNode } from "../transport/bus_fabric.ts";
import type { BusLinkDriver } from "./bus_link_driver.ts";
import { BusOutlet, type OutletOwner, type OutletTarget } from "./bus_outlet.ts";

/** One other node. */
export class MeshNode implements FabricNode {
  /** What membership knows of it. */
  readonly member: BusMember;
  readonly fabric: BusFabric;
  /** What waits for it. */
  readonly queue: LinkQueue;
  /** The line before that. */
  readonly outlet: BusOutlet;
  busyCount = 0;
  /** The link that is open, or is being opened. */
  link: BusLinkDriver | undefined = undefined;
  /** Whether a stream to it is being opened. */
  isDialing = false;
  /** How many dials in a row failed. */
  failureCount = 0;
  /** Before this time it is not dialled again. */
  retryAtMs = -Infinity;
  /** Whether membership has dropped it. */
  isGone = false;
  #info: FabricNode["info"];

  /**
   * @param member What membership knows of it.
   * @param fabric The fabric.
   * @param queue What waits for it.
   * @param owner What its line needs.
   * @param target Takes its records.
   * @param disconnect Closes the link to it.
   */
  constructor(
    member: BusMember,
    fabric: BusFabric,
    queue: LinkQueue,
    owner: OutletOwner,
    target: (node: MeshNode) => OutletTarget,
    disconnect: (node: MeshNode) => void,
  ) {
    this.member = member;
    this.fabric = fabric;
    this.queue = queue;
    this.#info = infoOf(member);
    this.outlet = new BusOutlet(owner, () => disconnect(this));
    this.outlet.connect(target(this));
  }

  get id(): string {
    return this.member.nodeId;
  }

  get name(): string {
    return this.member.name;
  }

  get cluster(): string {
    return this.member.cluster;
  }

  get info(): FabricNode["info"] {
    return this.#info;
  }

  /** What it says about itself has changed. */
  update(): void {
    this.#info = infoOf(this.member);
  }
}

function infoOf({ nodeId, name, cluster }: BusMember): FabricNode["info"] {
  return Object.freeze({ id: nodeId, name, cluster });
}
