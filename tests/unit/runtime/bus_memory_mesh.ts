/**
 * Buses without sockets: several dispatchers over fabrics that hand records to each other, in virtual time.
 *
 * A record arrives in the next turn. Links can be full, broken, or stop handing on, as a test wants it.
 *
 * @module
 */
import type { RemoteScope } from "../../../src/bus/dispatch/bus_scope.ts";
import { backendOf } from "../../../src/runtime/bus_open.ts";
import { BusCore } from "../../../src/runtime/bus_core.ts";
import { BusDirectory } from "../../../src/runtime/bus_directory.ts";
import { type DispatchOptions, resolveDispatchOptions } from "../../../src/runtime/bus_options.ts";
import { BusOutlet } from "../../../src/runtime/bus_outlet.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { BusFabric, FabricNode, FabricOwner, FabricScope, RoomWait } from "../../../src/transport/bus_fabric.ts";
import { CommandDispatcher } from "../../../src/api/command_dispatcher.ts";
import { EventDispatcher } from "../../../src/api/event_dispatcher.ts";

/** A bus in a memory mesh. */
export interface MemoryBus {
  readonly core: BusCore;
  readonly fabric: MemoryFabric;
  readonly events: EventDispatcher;
  readonly commands: CommandDispatcher;
  /** What was reported by `onError`. */
  readonly errors: unknown[];
}

/** Some buses that know each other. */
export class MemoryMesh {
  readonly scheduler = new ManualScheduler();
  readonly fabrics: MemoryFabric[] = [];

  /** Starts a bus. */
  async start(name: string, options: DispatchOptions & { readonly cluster?: string } = {}): Promise<MemoryBus> {
    const { cluster = "", ...dispatch } = options;
    const id = (this.fabrics.length + 1).toString(16).padStart(32, "0");
    const self = { id, name, cluster };
    const fabric = new MemoryFabric(this, self);
    const errors: unknown[] = [];
    const hooks = { handleNode: () => {}, handleError: (error: unknown) => void errors.push(error) };
    const core = new BusCore(self, resolveDispatchOptions(dispatch), [fabric], this.scheduler, hooks);
    await core.open();
    const backend = backendOf(core);
    return { core, fabric, errors, events: new EventDispatcher(backend), commands: new CommandDispatcher(backend) };
  }
}

class MemoryNode implements FabricNode {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly info: FabricNode["info"];
  readonly fabric: BusFabric;
  readonly outlet: BusOutlet;
  readonly remote: MemoryFabric;
  busyCount = 0;

  constructor(fabric: MemoryFabric, remote: MemoryFabric) {
    this.info = remote.self;
    this.id = remote.self.id;
    this.name = remote.self.name;
    this.cluster = remote.self.cluster;
    this.fabric = fabric;
    this.remote = remote;
    this.outlet = new BusOutlet(fabric, () => {});
  }
}

/** One end of a memory mesh. */
export class MemoryFabric implements BusFabric {
  readonly scopes: readonly FabricScope[] = ["machine", "cluster", "network"];
  readonly maxQueuedBytes = 1 << 20;
  policy: "wait" | "drop" = "wait";
  readonly self: FabricNode["info"];
  readonly mesh: MemoryMesh;
  /** Whether queues to other nodes take nothing. */
  isFull = false;
  /** Whether what arrives is thrown away. */
  isDeaf = false;
  droppedCount = 0;
  readonly directory = new BusDirectory<MemoryNode>();
  #owner: FabricOwner | undefined = undefined;

  constructor(mesh: MemoryMesh, self: FabricNode["info"]) {
    this.mesh = mesh;
    this.self = self;
  }

  get nodeId(): string {
    return this.self.id;
  }

  open(owner: FabricOwner): Promise<void> {
    this.#owner = owner;
    for (const other of this.mesh.fabrics) {
      this.#meet(other);
      other.#meet(this);
    }
    this.mesh.fabrics.push(this);
    return Promise.resolve();
  }

  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void {
    for (const other of this.mesh.fabrics) {
      const node = other.directory.nodes.find(({ remote }) => remote === this);
      if (node === undefined) continue;
      other.directory.set(node, kind, name, isWanted);
      other.#owner!.handleInterest();
    }
  }

  nodes(): readonly FabricNode[] {
    return this.directory.nodes;
  }

  handlersOf(command: string, scope: FabricScope): readonly FabricNode[] {
    return this.directory.handlersOf(command).filter((node) => this.isInScope(node, scope));
  }

  subscriberCount(topic: string): number {
    return this.directory.interestedIn(topic).length;
  }

  isInScope(node: FabricNode, scope: FabricScope): boolean {
    return scope !== "cluster" || node.cluster === this.self.cluster;
  }

  publish(_scope: FabricScope, topic: string, buffer: Uint8Array, length: number): RoomWait | undefined {
    const waits = this.directory.interestedIn(topic).map(({ outlet }) => outlet.offerEvent(buffer, length));
    return waits.find((wait) => wait !== undefined);
  }

  send(node: FabricNode, buffer: Uint8Array, length: number): RoomWait | undefined {
    return (node as MemoryNode).outlet.offer(buffer, length);
  }

  counters(): Record<string, number> {
    return {};
  }

  dropped(): void {
    this.droppedCount++;
  }

  close(): Promise<void> {
    for (const other of this.mesh.fabrics) other.lose(this);
    return Promise.resolve();
  }

  /** Room again: what waited goes out. */
  makeRoom(): void {
    this.isFull = false;
    for (const { outlet } of this.directory.nodes) outlet.flush();
  }

  /** Loses another node. */
  lose(other: MemoryFabric): void {
    const node = this.directory.nodes.find(({ remote }) => remote === other);
    if (node === undefined) return;
    this.directory.remove(node);
    node.outlet.disconnect();
    this.#owner!.handleLost(node, new Error(`lost ${node.name}`));
  }

  /** Hands a record to the owner as if another node had sent it. */
  inject(from: MemoryFabric, record: Uint8Array): void {
    const node = this.directory.nodes.find(({ remote }) => remote === from);
    if (node !== undefined && !this.isDeaf) this.#owner!.handleRecord(node, record, 0, record.length);
  }

  #meet(other: MemoryFabric): void {
    const node = new MemoryNode(this, other);
    this.directory.add(node, [], []);
    node.outlet.connect({
      trySend: (buffer, length) => {
        if (this.isFull) return SendStatus.BackPressured;
        const record = buffer.slice(0, length);
        this.mesh.scheduler.nextTurn(() => other.inject(this, record));
        return SendStatus.Queued;
      },
    });
  }
}

/** The scopes that leave a process. */
export const REMOTE_SCOPES: readonly RemoteScope[] = ["machine", "cluster", "network"];
