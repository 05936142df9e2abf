/**
 * The scopes cluster and network without a broker: who is there by gossip, records by direct links.
 *
 * @module
 */
import { linkPsk } from "../bus/link/link_key.ts";
import type { BusMember } from "../bus/member/bus_member.ts";
import { openMeshKey } from "../bus/member/key_ring.ts";
import { MemberEvent } from "../bus/member/member_event.ts";
import { MembershipMachine } from "../bus/member/membership_machine.ts";
import { MisuseError } from "../error/transport_error.ts";
import { tcpFabric } from "../io/tcp/tcp_fabric.ts";
import type { BusFabric, FabricNode, FabricOwner, FabricScope, NodeChange, RoomWait } from "../transport/bus_fabric.ts";
import type { StreamFabric } from "../transport/stream_link.ts";
import { BusBeacon } from "./bus_beacon.ts";
import { BusGossipDriver, type GossipOwner } from "./bus_gossip_driver.ts";
import type { BusNode } from "./bus_handlers.ts";
import { BusMeshLinks, type MeshLinksOwner } from "./bus_mesh_links.ts";
import type { MeshNode } from "./bus_mesh_node.ts";
import { bindMeshSockets, hostIdOf, type MeshSockets, resolveAddress } from "./bus_mesh_sockets.ts";
import type { LinkLimits, MeshConfig, QueuePolicy } from "./bus_options.ts";
import { bothWaits } from "./bus_outlet.ts";
import type { SecureHost } from "./secure_host.ts";

const ID_BYTES = 16;
const MAX_KEPT_LISTS = 4096;
/** Nodes by what they want, in each scope. */
type NodeLists = Readonly<Record<FabricScope, Map<string, readonly MeshNode[]>>>;

const CHANGES: Readonly<Record<number, NodeChange>> = {
  [MemberEvent.Suspected]: "suspected",
  [MemberEvent.AliveAgain]: "recovered",
};

/** One node's end of a mesh. */
export class BusMeshFabric implements BusFabric, GossipOwner, MeshLinksOwner {
  readonly scopes: readonly FabricScope[];
  readonly fabric: BusFabric = this;
  readonly maxQueuedBytes: number;
  readonly policy: QueuePolicy;
  readonly #self: BusNode;
  readonly #config: MeshConfig;
  readonly #limits: LinkLimits;
  readonly #host: SecureHost;
  readonly #wants = { event: new Set<string>(), command: new Set<string>() };
  readonly #nodes = new Map<BusMember, MeshNode>();
  /** By scope, and what is asked for: one text for both would have to be made for each command. */
  readonly #handlers: NodeLists = { network: new Map(), cluster: new Map(), machine: new Map() };
  readonly #subscribers: NodeLists = { network: new Map(), cluster: new Map(), machine: new Map() };
  readonly #found: BusMember[] = [];
  readonly #left = Promise.withResolvers<void>();
  #keys: readonly Uint8Array[];
  #epoch = -1;
  #eventsDropped = 0;
  #isClosing = false;
  #owner: FabricOwner | undefined = undefined;
  #machine: MembershipMachine | undefined = undefined;
  #driver: BusGossipDriver | undefined = undefined;
  #links: BusMeshLinks | undefined = undefined;
  #sockets: MeshSockets | undefined = undefined;
  #beacon: BusBeacon | undefined = undefined;

  /**
   * @param self This node.
   * @param config The mesh.
   * @param limits The limits of links.
   * @param host Time, chance, cryptography.
   */
  constructor(self: BusNode, config: MeshConfig, limits: LinkLimits, host: SecureHost) {
    this.#self = self;
    this.#config = config;
    this.#limits = limits;
    this.#host = host;
    this.#keys = config.keys;
    this.maxQueuedBytes = limits.maxQueuedBytes;
    this.policy = limits.queuePolicy;
    this.scopes = self.cluster === "" ? ["network"] : ["network", "cluster"];
  }

  get nodeId(): string {
    return this.#self.id;
  }

  /** The port of gossip, for seeds; 0 before `open`. */
  get gossipPort(): number {
    return this.#sockets?.gossipPort ?? 0;
  }

  async open(owner: FabricOwner): Promise<void> {
    this.#owner = owner;
    const { hostname, port, seeds, discoveryPort } = this.#config;
    const { scheduler } = this.#host;
    const sockets = this.#sockets = await bindMeshSockets(hostname, port);
    const machine = this.#machine = await this.#makeMachine(sockets);
    this.#links = this.#makeLinks(machine);
    const driver = this.#driver = new BusGossipDriver(machine, sockets.gossip, sockets.gossipPort, scheduler, this);
    for (const pattern of this.#wants.event) machine.subscribe(pattern);
    for (const command of this.#wants.command) machine.offer(command);
    driver.start();
    this.#links.listen(sockets.listener);
    if (discoveryPort !== 0) {
      this.#beacon = await BusBeacon.open(hostname, discoveryPort, driver);
      driver.useBeacon(this.#beacon);
      machine.announce();
    }
    const addresses = await Promise.all(seeds.map((seed) => resolveAddress(seed.hostname, seed.port)));
    for (const address of addresses) if (address !== undefined) machine.join(address);
    driver.drain();
  }

  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void {
    if (isWanted) this.#wants[kind].add(name);
    else this.#wants[kind].delete(name);
    const machine = this.#machine;
    if (machine === undefined || this.#isClosing) return;
    if (kind === "event") isWanted ? machine.subscribe(name) : machine.unsubscribe(name);
    else isWanted ? machine.offer(name) : machine.withdraw(name);
    this.#driver!.drain();
  }

  nodes(scope: FabricScope): readonly FabricNode[] {
    const nodes = this.#machine?.members().map((member) => this.#nodes.get(member)) ?? [];
    return nodes.filter((node) => node !== undefined && this.isInScope(node, scope)) as MeshNode[];
  }

  handlersOf(command: string, scope: FabricScope): readonly FabricNode[] {
    this.#forgetLists();
    const all = this.#handlers[scope].get(command) ?? this.#find(this.#handlers, command, scope);
    if (all.length < 2) return all;
    const now = this.#host.scheduler.clock.now;
    const reachable = all.filter(({ link, retryAtMs }) => link !== undefined || retryAtMs <= now);
    return reachable.length > 0 ? reachable : all;
  }

  subscriberCount(topic: string, scope: FabricScope): number {
    return this.#interestedIn(topic, scope).length;
  }

  isInScope(node: FabricNode, scope: FabricScope): boolean {
    return scope === "network" || scope === "cluster" && (node as MeshNode).member.isSameCluster;
  }

  publish(scope: FabricScope, topic: string, buffer: Uint8Array, length: number): RoomWait | undefined {
    const nodes = this.#interestedIn(topic, scope);
    let wait: RoomWait | undefined;
    for (let i = 0; i < nodes.length; i++) {
      const one = nodes[i]!.outlet.offerEvent(buffer, length);
      if (one !== undefined) wait = bothWaits(wait, one);
    }
    return wait;
  }

  send(node: FabricNode, buffer: Uint8Array, length: number): RoomWait | undefined {
    return (node as MeshNode).outlet.offer(buffer, length);
  }

  counters(): Record<string, number> {
    return {
      nodes: this.#nodes.size,
      eventsDropped: this.#eventsDropped,
      ...this.#links?.counters(),
      ...this.#machine?.counters(),
    };
  }

  /**
   * Accepts a further key of the mesh: the first step of a change of keys, at every node.
   *
   * @param key At least 16 bytes.
   */
  acceptKey(key: Uint8Array): void {
    this.#checkKeyed().installKey(key);
    this.#takeKeys([...this.#keys.filter((one) => !isSame(one, key)), key]);
  }

  /**
   * Uses an accepted key from now on: the second step. The one before is still accepted.
   *
   * @param key The key.
   */
  useKey(key: Uint8Array): void {
    this.#checkKeyed().useKey(key);
    this.#takeKeys([key, ...this.#keys.filter((one) => !isSame(one, key))]);
  }

  /**
   * Does not accept a key any more: the last step.
   *
   * @param key The key.
   */
  removeKey(key: Uint8Array): void {
    this.#checkKeyed().removeKey(key);
    this.#takeKeys(this.#keys.filter((one) => !isSame(one, key)));
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.#links?.flush(this.#nodes.values());
    this.#machine?.leave();
    this.#driver?.drain();
    await this.#links?.close();
    if (this.#driver !== undefined) await this.#hasLeft();
    this.#driver?.stop();
    await this.#beacon?.close();
    this.#sockets?.listener.close();
    this.#sockets?.gossip.close();
    await this.#sockets?.gossip.whenClosed;
  }

  handleMember(event: MemberEvent): void {
    const member = this.#machine!.member!;
    const node = this.#nodes.get(member);
    switch (event) {
      case MemberEvent.Joined:
        return node === undefined ? this.#add(member) : undefined;
      case MemberEvent.Left:
      case MemberEvent.Failed:
        return node === undefined ? undefined : this.#remove(node, event === MemberEvent.Left);
      case MemberEvent.Updated:
        this.#epoch = -1;
        return node?.update();
      case MemberEvent.InterestChanged:
        return this.#owner!.handleInterest();
      case MemberEvent.SelfLeft:
        return this.#left.resolve();
      case MemberEvent.ConflictLost:
        this.#left.resolve();
        return this.#owner!.handleError(
          new MisuseError("Another node of the mesh has this node's id: it stays, this one goes"),
        );
      default: {
        const change = CHANGES[event];
        if (change !== undefined && node !== undefined) this.#owner!.handleNode(change, node);
      }
    }
  }

  handleGossipLost(error: Error): void {
    this.#left.resolve();
    if (!this.#isClosing) this.#owner!.handleError(error);
  }

  streamsTo(hostname: string, port: number): StreamFabric {
    return tcpFabric({ hostname, port });
  }

  nodeOf(nodeId: string, bootId: string): MeshNode | undefined {
    const member = this.#machine!.memberById(nodeId);
    if (member === undefined || member.bootId.toHex() !== bootId) return undefined;
    return this.#nodes.get(member);
  }

  handleRecord(from: MeshNode, buffer: Uint8Array, start: number, end: number): void {
    this.#owner!.handleRecord(from, buffer, start, end);
  }

  handleLost(node: MeshNode, error: Error): void {
    this.#owner!.handleLost(node, error);
  }

  handleError(error: unknown): void {
    this.#owner!.handleError(error);
  }

  dropped(): void {
    this.#eventsDropped++;
  }

  #add(member: BusMember): void {
    const node = this.#links!.makeNode(member);
    this.#nodes.set(member, node);
    this.#epoch = -1;
    this.#owner!.handleNode("joined", node);
    this.#links!.handleKnown();
  }

  #remove(node: MeshNode, hasLeft: boolean): void {
    this.#nodes.delete(node.member);
    this.#epoch = -1;
    this.#links!.handleGone(node, hasLeft);
    this.#owner!.handleNode(hasLeft ? "left" : "failed", node);
  }

  #interestedIn(topic: string, scope: FabricScope): readonly MeshNode[] {
    this.#forgetLists();
    return this.#subscribers[scope].get(topic) ?? this.#find(this.#subscribers, topic, scope);
  }

  /** Lists of nodes are kept until somebody's interest changes. */
  #forgetLists(): void {
    const epoch = this.#machine?.interestEpoch ?? -1;
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    for (const lists of [this.#handlers, this.#subscribers]) {
      lists.network.clear();
      lists.cluster.clear();
    }
  }

  #find(lists: NodeLists, name: string, scope: FabricScope): readonly MeshNode[] {
    const machine = this.#machine;
    if (machine === undefined) return [];
    const found = this.#found;
    const count = lists === this.#handlers ? machine.handlersOf(name, found) : machine.interestedIn(name, found);
    const list: MeshNode[] = [];
    for (let i = 0; i < count; i++) {
      const node = this.#nodes.get(found[i]!);
      if (node !== undefined && this.isInScope(node, scope)) list.push(node);
    }
    found.length = 0;
    const kept = lists[scope];
    if (kept.size >= MAX_KEPT_LISTS) kept.clear();
    kept.set(name, list);
    return list;
  }

  async #makeMachine({ gossipPort, linkPort }: MeshSockets): Promise<MembershipMachine> {
    const { hostname, advertise, membership, clusterKey } = this.#config;
    const { scheduler, random, aead } = this.#host;
    const host = advertise ?? hostname;
    const gossipAt = await resolveAddress(host, gossipPort);
    const linksAt = await resolveAddress(host, linkPort);
    if (gossipAt === undefined || linksAt === undefined) {
      throw new RangeError(`Cannot advertise ${host}: it is no address of this machine`);
    }
    const hostId = new Uint8Array(ID_BYTES);
    random.fillSecret(hostId);
    scheduler.tick();
    return new MembershipMachine({
      config: membership,
      clock: scheduler.clock,
      random,
      aead,
      meshKeys: this.#keys,
      self: {
        nodeId: Uint8Array.fromHex(this.#self.id),
        name: this.#self.name,
        hostId: await hostIdOf(hostId),
        advertise: gossipAt,
        linkAddresses: [linksAt],
        cluster: this.#self.cluster,
        ...(clusterKey === undefined ? {} : { clusterKey }),
      },
    });
  }

  #makeLinks(machine: MembershipMachine): BusMeshLinks {
    const { clusterKey, membership } = this.#config;
    const identity = {
      nodeId: Uint8Array.fromHex(this.#self.id),
      bootId: machine.self.bootId,
      cluster: this.#self.cluster,
      clusterKey,
    };
    const isOpen = membership.dangerouslyOpenMesh;
    const psks = (isOpen ? [openMeshKey()] : this.#keys).map(linkPsk);
    return new BusMeshLinks(this, identity, psks, !isOpen, this.#limits, this.#host);
  }

  #checkKeyed(): MembershipMachine {
    if (this.#machine === undefined || this.#keys.length === 0) throw new MisuseError("This mesh has no key");
    return this.#machine;
  }

  #takeKeys(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
    this.#links!.useKeys(keys.map(linkPsk));
    this.#driver!.drain();
  }

  async #hasLeft(): Promise<void> {
    const { scheduler } = this.#host;
    const alarm = scheduler.alarm(() => this.#left.resolve());
    alarm.arm(scheduler.tick() + this.#limits.closeTimeoutMs);
    await this.#left.promise;
    alarm.disarm();
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
