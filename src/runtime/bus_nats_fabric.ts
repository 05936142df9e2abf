/**
 * The scopes cluster and network by way of a NATS server, for those who outgrow a mesh or have an engine already.
 *
 * Events are published once and spread by the server; commands and answers go to the inbox of one node. Who is there,
 * and who wants what, every node says itself, at its start and every heartbeat. A node in whose hands a command is gets
 * an empty message now and then: when it is not connected any more the server says so at once, and the command fails.
 * Why the cluster is only a name here: who may publish what is the server's to decide, with accounts and permissions.
 *
 * @module
 */
import { ConnectError } from "../error/transport_error.ts";
import { SendStatus } from "../error/send_status.ts";
import { NatsEngine, type NatsServerOptions } from "../io/nats/nats_engine.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { BusFabric, FabricNode, FabricOwner, FabricScope, RoomWait } from "../transport/bus_fabric.ts";
import { BusDirectory } from "./bus_directory.ts";
import { BusGreeting, FIRST_GREETING_KIND, GreetingKind, type Hello } from "./bus_greeting.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { LinkLimits, QueuePolicy } from "./bus_options.ts";
import { NatsSubjects, widestPatterns } from "./bus_nats_subjects.ts";
import { BusOutlet, type OutletOwner } from "./bus_outlet.ts";
import type { RuntimeHost } from "./system_host.ts";

const ID_BYTES = 16;
/** How often nodes that have commands in hand are looked after. */
const PROBE_MS = 250;
/** After so many heartbeats of silence a node is suspected, and after so many it has failed. */
const SUSPECT_COUNT = 2.5;
const FAIL_COUNT = 5;
/** How long a start waits for the others to say who they are. */
const GREETING_MS = 100;
const NOTHING = new Uint8Array(0);
const EVERYBODY = "";

interface NatsNode extends FabricNode {
  heardAtMs: number;
  isSuspected: boolean;
}

/** Carries a bus over NATS. */
export class BusNatsFabric implements BusFabric, OutletOwner {
  readonly scopes: readonly FabricScope[];
  readonly maxQueuedBytes: number;
  readonly policy: QueuePolicy;
  readonly #self: BusNode;
  readonly #server: NatsServerOptions;
  readonly #limits: LinkLimits;
  readonly #host: RuntimeHost;
  readonly #subjects: NatsSubjects;
  readonly #idBytes: Uint8Array;
  readonly #greeting = new BusGreeting();
  readonly #directory = new BusDirectory<NatsNode>();
  readonly #byId = new Map<string, NatsNode>();
  readonly #wants = { event: new Set<string>(), command: new Set<string>() };
  readonly #subscribed = new Map<string, () => void>();
  readonly #outlet: BusOutlet;
  readonly #alarm: Alarm;
  readonly #counts = { eventsSent: 0, eventsDropped: 0, recordsSent: 0, recordsReceived: 0, reconnects: 0, refused: 0 };
  #engine: NatsEngine | undefined = undefined;
  #owner: FabricOwner | undefined = undefined;
  #unflushedBytes = 0;
  #flushedBytes = 0;
  #isFlushing = false;
  #heartbeatAt = -Infinity;
  #isClosing = false;

  /**
   * @param self This node.
   * @param server The server.
   * @param prefix What all subjects begin with: buses with another prefix do not see each other.
   * @param limits The limits.
   * @param host Time and randomness.
   */
  constructor(self: BusNode, server: NatsServerOptions, prefix: string, limits: LinkLimits, host: RuntimeHost) {
    this.#self = self;
    this.#server = server;
    this.#limits = limits;
    this.#host = host;
    this.maxQueuedBytes = limits.maxQueuedBytes;
    this.policy = limits.queuePolicy === "disconnect" ? "drop" : limits.queuePolicy;
    this.scopes = self.cluster === "" ? ["network"] : ["network", "cluster"];
    this.#subjects = new NatsSubjects(prefix, self.cluster);
    this.#idBytes = Uint8Array.fromHex(self.id);
    this.#outlet = new BusOutlet(this, () => {});
    this.#alarm = host.scheduler.alarm(() => this.#handleAlarm());
  }

  get nodeId(): string {
    return this.#self.id;
  }

  async open(owner: FabricOwner): Promise<void> {
    this.#owner = owner;
    const engine = this.#engine = await NatsEngine.connect(this.#server, this.#self.name);
    const take = (payload: Uint8Array): void => this.#handlePayload(payload);
    engine.subscribe(this.#subjects.inbox(this.#self.id), take);
    engine.subscribe(this.#subjects.greetings, take);
    engine.subscribe(this.#subjects.absence(this.#self.id, "*"), (_payload, subject, isNobodyThere) => {
      if (isNobodyThere) this.#handleAbsence(subject);
    });
    this.#outlet.connect({ trySend: (buffer, length, subject) => this.#trySend(buffer, length, subject!) });
    void engine.watch((isConnected) => this.#handleConnection(isConnected)).catch(() => {});
    this.#subscribeWidest();
    this.#greet(EVERYBODY, true);
    await engine.flush();
    await this.#pause(GREETING_MS);
    this.#handleAlarm();
  }

  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void {
    if (isWanted) this.#wants[kind].add(name);
    else this.#wants[kind].delete(name);
    if (this.#engine === undefined || this.#isClosing) return;
    if (kind === "event") this.#subscribeWidest();
    this.#say(this.#subjects.greetings, this.#greeting.interest({ kind, name, isWanted }));
  }

  nodes(scope: FabricScope): readonly FabricNode[] {
    return this.#inScope(this.#directory.nodes, scope);
  }

  handlersOf(command: string, scope: FabricScope): readonly FabricNode[] {
    return this.#inScope(this.#directory.handlersOf(command), scope);
  }

  subscriberCount(topic: string, scope: FabricScope): number {
    return this.#inScope(this.#directory.interestedIn(topic), scope).length;
  }

  isInScope(node: FabricNode, scope: FabricScope): boolean {
    return scope === "network" || scope === "cluster" && node.cluster === this.#self.cluster;
  }

  publish(scope: FabricScope, topic: string, buffer: Uint8Array, length: number): RoomWait | undefined {
    this.#checkLength(length);
    this.#counts.eventsSent++;
    const subject = this.#subjects.events(scope === "cluster" ? "cluster" : "network", topic);
    return this.#outlet.offerEvent(buffer, length, subject);
  }

  send(node: FabricNode, buffer: Uint8Array, length: number): RoomWait | undefined {
    this.#checkLength(length);
    return this.#outlet.offer(buffer, length, this.#subjects.inbox(node.id));
  }

  counters(): Record<string, number> {
    return { nodes: this.#byId.size, ...this.#counts };
  }

  dropped(): void {
    this.#counts.eventsDropped++;
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#alarm.disarm();
    this.#say(this.#subjects.greetings, Uint8Array.of(GreetingKind.Bye));
    await this.#engine?.close();
    this.#outlet.disconnect();
  }

  #checkLength(length: number): void {
    const most = this.#engine!.maxPayloadBytes - ID_BYTES;
    if (length > most) {
      throw new RangeError(`Cannot send a record of ${length} bytes: the server takes at most ${most}`);
    }
  }

  #trySend(buffer: Uint8Array, length: number, subject: string): SendStatus {
    if (this.#unflushedBytes - this.#flushedBytes > this.#limits.maxQueuedBytes) return SendStatus.BackPressured;
    const payload = new Uint8Array(ID_BYTES + length);
    payload.set(this.#idBytes);
    payload.set(length === buffer.length ? buffer : buffer.subarray(0, length), ID_BYTES);
    this.#counts.recordsSent++;
    this.#engine!.publish(subject, payload);
    this.#unflushedBytes += payload.length;
    if (!this.#isFlushing && this.#unflushedBytes - this.#flushedBytes > this.#limits.maxQueuedBytes >>> 2) {
      void this.#flush();
    }
    return SendStatus.Queued;
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    const upTo = this.#unflushedBytes;
    try {
      await this.#engine!.flush();
    } catch {
      // The connection is closed: nothing waits any more.
    }
    this.#flushedBytes = upTo;
    this.#isFlushing = false;
    this.#outlet.flush();
  }

  /** Ends what is covered by something wider first, so that no event comes twice. */
  #subscribeWidest(): void {
    const widest = widestPatterns(this.#wants.event);
    for (const [pattern, end] of this.#subscribed) {
      if (widest.has(pattern)) continue;
      this.#subscribed.delete(pattern);
      end();
    }
    for (const pattern of widest) {
      if (this.#subscribed.has(pattern)) continue;
      const ends = this.scopes.map((scope) =>
        this.#engine!.subscribe(
          this.#subjects.events(scope as "cluster" | "network", pattern),
          (payload) => this.#handlePayload(payload),
        )
      );
      this.#subscribed.set(pattern, () => ends.forEach((end) => end()));
    }
  }

  #handlePayload(payload: Uint8Array): void {
    if (payload.length <= ID_BYTES || this.#isClosing) return;
    const id = payload.subarray(0, ID_BYTES).toHex();
    const node = this.#byId.get(id);
    if (payload[ID_BYTES]! >= FIRST_GREETING_KIND) return this.#handleGreeting(id, node, payload);
    if (node === undefined) {
      // A node that was given up, or that started a moment ago: it is asked who it is.
      this.#counts.refused++;
      return this.#greet(id, true);
    }
    this.#counts.recordsReceived++;
    node.heardAtMs = this.#host.scheduler.clock.now;
    this.#owner!.handleRecord(node, payload, ID_BYTES, payload.length);
  }

  #handleGreeting(id: string, node: NatsNode | undefined, payload: Uint8Array): void {
    const kind = payload[ID_BYTES]!;
    if (kind === GreetingKind.Hello || kind === GreetingKind.Ask) {
      const hello = this.#greeting.readHello(payload, ID_BYTES, payload.length);
      if (hello?.id !== id) return void this.#counts.refused++;
      if (node === undefined) this.#add(hello);
      if (kind === GreetingKind.Ask) this.#greet(id, false);
      return;
    }
    if (node === undefined) return kind === GreetingKind.Bye ? undefined : this.#greet(id, true);
    node.heardAtMs = this.#host.scheduler.tick();
    if (node.isSuspected) {
      node.isSuspected = false;
      this.#owner!.handleNode("recovered", node);
    }
    if (kind === GreetingKind.Bye) return this.#remove(node, true);
    const change = kind === GreetingKind.Interest
      ? this.#greeting.readInterest(payload, ID_BYTES, payload.length)
      : undefined;
    if (change === undefined) return;
    this.#directory.set(node, change.kind, change.name, change.isWanted);
    this.#owner!.handleInterest();
  }

  #handleAbsence(subject: string): void {
    const node = this.#byId.get(subject.slice(subject.lastIndexOf(".") + 1));
    if (node !== undefined) this.#remove(node, false);
  }

  #add({ id, name, cluster, events, commands }: Hello): void {
    const info = Object.freeze({ id, name, cluster });
    const heardAtMs = this.#host.scheduler.tick();
    const node: NatsNode = { ...info, info, fabric: this, busyCount: 0, heardAtMs, isSuspected: false };
    this.#byId.set(id, node);
    this.#directory.add(node, events, commands);
    this.#owner!.handleNode("joined", node);
    this.#owner!.handleInterest();
  }

  #remove(node: NatsNode, hasLeft: boolean): void {
    this.#byId.delete(node.id);
    this.#directory.remove(node);
    this.#owner!.handleLost(node, new ConnectError(`The node ${node.name} ${hasLeft ? "has left" : "is gone"}`));
    this.#owner!.handleNode(hasLeft ? "left" : "failed", node);
  }

  /** Says who this node is, to one node or to everybody. */
  #greet(to: string, isAsking: boolean): void {
    const { id, name, cluster } = this.#self;
    const events = [...this.#wants.event];
    const hello = this.#greeting.hello({ id, name, cluster, events, commands: [...this.#wants.command] });
    if (isAsking) hello[0] = GreetingKind.Ask;
    this.#say(to === EVERYBODY ? this.#subjects.greetings : this.#subjects.inbox(to), hello);
  }

  #say(subject: string, greeting: Uint8Array): void {
    const payload = new Uint8Array(ID_BYTES + greeting.length);
    payload.set(this.#idBytes);
    payload.set(greeting, ID_BYTES);
    this.#engine?.publish(subject, payload);
  }

  #handleConnection(isConnected: boolean): void {
    if (!isConnected || this.#isClosing) return;
    this.#counts.reconnects++;
    const now = this.#host.scheduler.tick();
    for (const node of this.#byId.values()) node.heardAtMs = now;
    this.#greet(EVERYBODY, true);
  }

  #handleAlarm(): void {
    if (this.#isClosing) return;
    const now = this.#host.scheduler.tick();
    const { heartbeatMs } = this.#limits;
    this.#alarm.arm(now + Math.min(PROBE_MS, heartbeatMs));
    for (const node of [...this.#byId.values()]) {
      if (node.busyCount > 0) {
        this.#engine!.publish(this.#subjects.inbox(node.id), NOTHING, this.#subjects.absence(this.#self.id, node.id));
      }
      const silentMs = now - node.heardAtMs;
      if (silentMs > heartbeatMs * FAIL_COUNT) this.#remove(node, false);
      else if (silentMs > heartbeatMs * SUSPECT_COUNT && !node.isSuspected) {
        node.isSuspected = true;
        this.#owner!.handleNode("suspected", node);
      }
    }
    if (now - this.#heartbeatAt < heartbeatMs) return;
    this.#heartbeatAt = now;
    this.#say(this.#subjects.greetings, Uint8Array.of(GreetingKind.Heartbeat));
  }

  #inScope(nodes: readonly NatsNode[], scope: FabricScope): readonly NatsNode[] {
    return scope === "network" ? nodes : nodes.filter((node) => this.isInScope(node, scope));
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { scheduler } = this.#host;
    scheduler.alarm(resolve).arm(scheduler.tick() + ms);
    return promise;
  }
}
