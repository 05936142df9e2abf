/**
 * The scope machine: the processes of one user on one host, each linked to each other by a unix socket.
 *
 * Who starts connects to everybody whose socket is in the directory; two that start together may connect to each other,
 * and then the link of the one with the lower id stays. A dead process is noticed when the kernel closes its sockets, a
 * stopped one by its silence. Why no key: the directory can be entered by this user alone.
 * Why: a little more than 300 lines, because links, greetings and the directory decide together who is a node.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, TimeoutError } from "../error/transport_error.ts";
import type { SocketDirectory } from "../io/unix/socket_directory.ts";
import type { UnixListener } from "../io/unix/unix_listener.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { FrameCursor } from "../stream/frame_cursor.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import { resolveStreamOptions } from "../stream/stream_options.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { BusFabric, FabricNode, FabricOwner, FabricScope, RoomWait } from "../transport/bus_fabric.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import { BusDirectory } from "./bus_directory.ts";
import { BusGreeting, FIRST_GREETING_KIND, GreetingKind } from "./bus_greeting.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { LinkLimits, QueuePolicy } from "./bus_options.ts";
import { bothWaits, BusOutlet, type OutletOwner, type OutletTarget } from "./bus_outlet.ts";
import { Sender } from "./sender.ts";
import { StreamConnection } from "./stream_connection.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";
import type { OwnedConnection, StreamOwner, StreamRole } from "./stream_role.ts";
import type { RuntimeHost } from "./system_host.ts";

/** Every how often the directory is looked through for processes that were missed. */
const SCAN_MS = 2000;
/** After so many heartbeats without a sign of life a link is cut. */
const MAX_MISSED_COUNT = 3;
const MAX_NODE_COUNT = 1024;
/** How many patterns, and how many commands, of at most 202 bytes stand in a hello, which fits the smallest frame. */
const HELLO_INTEREST_COUNT = 2048;
const HEARTBEAT = Uint8Array.of(GreetingKind.Heartbeat);
const BYE = Uint8Array.of(GreetingKind.Bye);
const NAMES = ["linksOpened", "linksLost", "linksDoubled", "greetingsRefused", "eventsSent", "eventsDropped"];
const Count = { Opened: 0, Lost: 1, Doubled: 2, Refused: 3, EventsSent: 4, EventsDropped: 5 } as const;

interface MachineNode extends FabricNode {
  readonly outlet: BusOutlet;
  /** The link that it is reached by. */
  connection: OwnedConnection;
  /** The end that dialled that link. */
  dialer: string;
  hasLeft: boolean;
}

interface Peer {
  readonly sender: Sender;
  readonly isDialed: boolean;
  readonly greeted: PromiseWithResolvers<void>;
  node: MachineNode | undefined;
}

/** Links the processes of one host. */
export class BusMachineFabric implements BusFabric, StreamOwner, OutletOwner {
  readonly scopes: readonly FabricScope[] = ["machine"];
  readonly received = undefined;
  readonly batch: StreamOwner["batch"] = (connection, frames) => this.#handleFrames(connection, frames);
  readonly maxQueuedBytes: number;
  readonly policy: QueuePolicy;
  readonly #self: BusNode;
  readonly #limits: LinkLimits;
  readonly #sockets: SocketDirectory;
  readonly #endpoint: StreamEndpoint;
  readonly #role: StreamRole;
  readonly #greeting = new BusGreeting();
  readonly #directory = new BusDirectory<MachineNode>();
  readonly #byId = new Map<string, MachineNode>();
  readonly #peers = new Map<OwnedConnection, Peer>();
  readonly #dialing = new Map<string, Promise<void>>();
  readonly #wants = { event: new Set<string>(), command: new Set<string>() };
  readonly #counters = new CounterTable(NAMES, 1);
  readonly #heartbeat: Alarm;
  readonly #scan: Alarm;
  readonly #ended = new AbortController();
  #owner: FabricOwner | undefined = undefined;
  #listener: UnixListener | undefined = undefined;
  #accepting: Promise<void> | undefined = undefined;
  #nextId = 1;

  /**
   * @param self This node.
   * @param sockets The directory of sockets.
   * @param limits The limits of links.
   * @param host Time and randomness.
   */
  constructor(self: BusNode, sockets: SocketDirectory, limits: LinkLimits, host: RuntimeHost) {
    this.#self = self;
    this.#sockets = sockets;
    this.#limits = limits;
    this.maxQueuedBytes = limits.maxQueuedBytes;
    this.policy = limits.queuePolicy;
    const config = resolveStreamOptions({
      maxFrameBytes: Math.max(limits.maxRecordBytes, 1 << 20),
      maxQueuedBytes: limits.maxQueuedBytes,
      closeTimeoutMs: limits.closeTimeoutMs,
      idleTimeoutMs: limits.heartbeatMs * MAX_MISSED_COUNT,
      readBufferBytes: 256 << 10,
    });
    this.#endpoint = new StreamEndpoint(config, host);
    this.#role = { endpoint: this.#endpoint, owner: this, handshake: { kind: "none" }, peerEnd: "flush" };
    this.#heartbeat = host.scheduler.alarm(() => this.#sendHeartbeats());
    this.#scan = host.scheduler.alarm(() => this.#handleScan());
  }

  get nodeId(): string {
    return this.#self.id;
  }

  async open(owner: FabricOwner): Promise<void> {
    this.#owner = owner;
    this.#listener = this.#sockets.fabric(this.#self.id).listen();
    this.#accepting = this.#accept(this.#listener);
    this.#sendHeartbeats();
    await this.#dialAll();
    this.#handleScan();
  }

  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void {
    if (isWanted) this.#wants[kind].add(name);
    else this.#wants[kind].delete(name);
    const record = this.#greeting.interest({ kind, name, isWanted });
    for (const peer of this.#peers.values()) void peer.sender.send(record).catch(() => {});
  }

  nodes(): readonly FabricNode[] {
    return this.#directory.nodes;
  }

  handlersOf(command: string): readonly FabricNode[] {
    return this.#directory.handlersOf(command);
  }

  subscriberCount(topic: string): number {
    return this.#directory.interestedIn(topic).length;
  }

  isInScope(): boolean {
    return true;
  }

  publish(_scope: FabricScope, topic: string, buffer: Uint8Array, length: number): RoomWait | undefined {
    const nodes = this.#directory.interestedIn(topic);
    let wait: RoomWait | undefined;
    for (let i = 0; i < nodes.length; i++) {
      const one = nodes[i]!.outlet.offerEvent(buffer, length);
      if (one !== undefined) wait = bothWaits(wait, one);
    }
    this.#counters.add(0, Count.EventsSent, nodes.length);
    return wait;
  }

  send(node: FabricNode, buffer: Uint8Array, length: number): RoomWait | undefined {
    return (node as MachineNode).outlet.offer(buffer, length);
  }

  counters(): Record<string, number> {
    return { ...this.#counters.snapshot(0), nodes: this.#byId.size, ...this.#endpoint.totals() };
  }

  dropped(): void {
    this.#counters.add(0, Count.EventsDropped, 1);
  }

  async close(): Promise<void> {
    this.#ended.abort(new ClosedError(CloseCode.Normal, "local"));
    this.#heartbeat.disarm();
    this.#scan.disarm();
    this.#listener?.close();
    for (const { sender } of this.#peers.values()) void sender.send(BYE).catch(() => {});
    await Promise.all([...this.#peers.keys()].map((connection) => connection.shut(CloseCode.GoingAway, true)));
    await Promise.all(this.#dialing.values());
    await this.#accepting;
  }

  peerAnnounced(connection: OwnedConnection): void {
    connection.refuse(CloseCode.HandshakeMismatch);
  }

  ready(connection: OwnedConnection): void {
    const { id, name, cluster } = this.#self;
    const { sender } = this.#peers.get(connection)!;
    const send = (record: Uint8Array): void => void sender.send(record).catch(() => {});
    const events = [...this.#wants.event];
    const commands = [...this.#wants.command];
    // What a hello has no room for follows it piece by piece.
    const more = [events.splice(HELLO_INTEREST_COUNT), commands.splice(HELLO_INTEREST_COUNT)] as const;
    send(this.#greeting.hello({ id, name, cluster, events, commands }));
    for (const event of more[0]) send(this.#greeting.interest({ kind: "event", name: event, isWanted: true }));
    for (const command of more[1]) send(this.#greeting.interest({ kind: "command", name: command, isWanted: true }));
  }

  drained(connection: OwnedConnection): void {
    const node = this.#peers.get(connection)?.node;
    if (node?.connection === connection) node.outlet.flush();
  }

  closed(connection: OwnedConnection, reason: CloseReason): void {
    const peer = this.#peers.get(connection)!;
    this.#peers.delete(connection);
    const error = new ClosedError(reason.code, reason.origin, { cause: reason.cause });
    peer.sender.end(error);
    peer.greeted.resolve();
    connection.keepStatistics();
    this.#endpoint.freeSlot(connection.slot);
    const { node } = peer;
    if (node?.connection === connection) this.#removeNode(node, error);
  }

  failed(_connection: OwnedConnection, error: unknown): void {
    this.#owner?.handleError(error);
  }

  #removeNode(node: MachineNode, error: Error): void {
    this.#counters.add(0, Count.Lost, 1);
    this.#byId.delete(node.id);
    this.#directory.remove(node);
    node.outlet.disconnect();
    this.#owner!.handleLost(node, error);
    this.#owner!.handleNode(node.hasLeft ? "left" : "failed", node);
  }

  async #accept(listener: UnixListener): Promise<void> {
    while (!listener.closed) {
      try {
        this.#run(await listener.accept(), false);
      } catch (error) {
        if (listener.closed) return;
        this.#owner!.handleError(error);
        await new Promise<void>((resolve) => this.#endpoint.scheduler.nextTurn(resolve));
      }
    }
  }

  #handleScan(): void {
    if (this.#ended.signal.aborted) return;
    this.#scan.arm(this.#endpoint.scheduler.tick() + SCAN_MS);
    void this.#dialAll();
  }

  async #dialAll(): Promise<void> {
    for (const id of this.#sockets.scan()) {
      if (id === this.#self.id || this.#byId.has(id) || this.#dialing.has(id)) continue;
      const dialing = this.#dial(id).finally(() => this.#dialing.delete(id));
      this.#dialing.set(id, dialing);
    }
    await Promise.all(this.#dialing.values());
  }

  async #dial(id: string): Promise<void> {
    const { scheduler } = this.#endpoint;
    const late = new AbortController();
    const alarm = scheduler.alarm(() => late.abort(new TimeoutError(`The process ${id} does not answer`)));
    alarm.arm(scheduler.tick() + this.#limits.connectTimeoutMs);
    const signal = AbortSignal.any([late.signal, this.#ended.signal]);
    try {
      const link = await this.#sockets.fabric(id).connect(signal);
      const peer = this.#run(link, true);
      if (peer === undefined) return;
      const { promise: aborted, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await Promise.race([peer.greeted.promise, aborted]);
    } catch (error) {
      this.#sockets.clean(id, error);
    } finally {
      alarm.disarm();
    }
  }

  #run(link: StreamLink, isDialed: boolean): Peer | undefined {
    if (this.#ended.signal.aborted || this.#peers.size >= MAX_NODE_COUNT) return void link.close();
    const endpoint = this.#endpoint;
    endpoint.scheduler.tick();
    const slot = endpoint.takeSlot();
    const sender = new Sender(endpoint.outbox(slot), endpoint);
    const connection = new StreamConnection(this.#role, this.#nextId++, slot, link, sender);
    const peer: Peer = { sender, isDialed, greeted: Promise.withResolvers(), node: undefined };
    this.#peers.set(connection, peer);
    this.#counters.add(0, Count.Opened, 1);
    connection.start();
    return peer;
  }

  #handleFrames(connection: OwnedConnection, frames: FrameCursor): void {
    const owner = this.#owner!;
    const peer = this.#peers.get(connection)!;
    const { buffer } = frames;
    while (frames.next()) {
      const start = frames.offset;
      const end = start + frames.length;
      if (frames.length > 0 && buffer[start]! >= FIRST_GREETING_KIND) {
        this.#handleGreeting(connection, buffer, start, end);
      } else if (peer.node !== undefined) owner.handleRecord(peer.node, buffer, start, end);
      else return this.#refuse(connection);
    }
  }

  #handleGreeting(connection: OwnedConnection, buffer: Uint8Array, start: number, end: number): void {
    const { node } = this.#peers.get(connection)!;
    const kind = buffer[start]!;
    if (kind === GreetingKind.Hello && node === undefined) return this.#handleHello(connection, buffer, start, end);
    if (kind === GreetingKind.Heartbeat) return;
    if (kind === GreetingKind.Bye && node !== undefined) return void (node.hasLeft = true);
    const change = kind === GreetingKind.Interest ? this.#greeting.readInterest(buffer, start, end) : undefined;
    if (change === undefined || node === undefined) return this.#refuse(connection);
    if (node.connection !== connection) return;
    this.#directory.set(node, change.kind, change.name, change.isWanted);
    this.#owner!.handleInterest();
  }

  #handleHello(connection: OwnedConnection, buffer: Uint8Array, start: number, end: number): void {
    const peer = this.#peers.get(connection)!;
    const hello = this.#greeting.readHello(buffer, start, end);
    if (hello === undefined || hello.id === this.#self.id) return this.#refuse(connection);
    const { id, name, cluster, events, commands } = hello;
    const dialer = peer.isDialed ? this.#self.id : id;
    const before = this.#byId.get(id);
    if (before !== undefined) {
      this.#counters.add(0, Count.Doubled, 1);
      peer.node = before;
      peer.greeted.resolve();
      if (before.dialer < dialer) return void connection.shut(CloseCode.Normal, true);
      const loser = before.connection;
      before.connection = connection;
      before.dialer = dialer;
      before.outlet.connect(targetOf(peer.sender));
      return void loser.shut(CloseCode.Normal, true);
    }
    const node: MachineNode = {
      id,
      name,
      cluster,
      info: Object.freeze({ id, name, cluster }),
      fabric: this,
      busyCount: 0,
      outlet: new BusOutlet(this, () => node.connection.refuse(CloseCode.SendQueueFull)),
      connection,
      dialer,
      hasLeft: false,
    };
    peer.node = node;
    node.outlet.connect(targetOf(peer.sender));
    this.#byId.set(id, node);
    this.#directory.add(node, events, commands);
    peer.greeted.resolve();
    this.#owner!.handleNode("joined", node);
    this.#owner!.handleInterest();
  }

  #refuse(connection: OwnedConnection): void {
    this.#counters.add(0, Count.Refused, 1);
    connection.refuse(CloseCode.HandshakeRefused);
  }

  #sendHeartbeats(): void {
    this.#heartbeat.arm(this.#endpoint.scheduler.tick() + this.#limits.heartbeatMs);
    for (const { sender } of this.#peers.values()) sender.trySend(HEARTBEAT);
  }
}

function targetOf(sender: Sender): OutletTarget {
  return { trySend: (buffer, length) => sender.trySend(buffer.subarray(0, length)) };
}
