/**
 * The links of one node of a mesh: accepted, opened on demand, settled to one for each pair of nodes.
 *
 * What waited for a lost link is lost with it: a sender who was told so must not find that his command runs later.
 * Only where two links were opened at once nothing is lost, because nothing travels before both ends have agreed which
 * one stays.
 * Why: a little more than 400 lines, because who dials, who is taken in and what is told as lost are one decision.
 *
 * @module
 */
import { decideLink, LinkVerdict } from "../bus/link/link_choice.ts";
import { LinkCloseCode, linkCloseCodeName } from "../bus/link/link_close_code.ts";
import { LINK_COUNTER_NAMES } from "../bus/link/link_counters.ts";
import type { LinkCloseReason } from "../bus/link/link_event.ts";
import { type LinkConfig, resolveLinkOptions } from "../bus/link/link_options.ts";
import { LinkQueue } from "../bus/link/link_queue.ts";
import { type LinkDial, LinkDials, type LinkIdentity } from "../bus/link/link_setup.ts";
import { LinkState, NodeLinkMachine } from "../bus/link/node_link_machine.ts";
import type { BusMember } from "../bus/member/bus_member.ts";
import { Lz4Table } from "../codec/lz4_table.ts";
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, ConnectError, TimeoutError } from "../error/transport_error.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { BusFabric } from "../transport/bus_fabric.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
import { BusLinkDriver, type LinkOwner } from "./bus_link_driver.ts";
import { BusLinkHub } from "./bus_link_hub.ts";
import { MeshNode } from "./bus_mesh_node.ts";
import type { LinkLimits } from "./bus_options.ts";
import type { OutletOwner, OutletTarget } from "./bus_outlet.ts";
import type { SecureHost } from "./secure_host.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** How many links may be open or opening; what is above is not dialled. */
const MAX_LINK_COUNT = 4096;
/** How many accepted links may have no node yet: their peer has not shown the key, or membership does not know it. */
const MAX_STRANGER_COUNT = 512;
const ROW = 0;
/** How often a closing node looks whether its queues are empty. */
const FLUSH_CHECK_MS = 5;

/** Who has the links. */
export interface MeshLinksOwner extends OutletOwner {
  /** The fabric. */
  readonly fabric: BusFabric;
  /**
   * How to reach an address.
   *
   * @param hostname The host.
   * @param port The port.
   * @returns What opens streams to it.
   */
  streamsTo(hostname: string, port: number): StreamFabric;
  /**
   * The node of a peer.
   *
   * @param nodeId Its id.
   * @param bootId Its boot.
   * @returns The node; `undefined` while membership does not know it.
   */
  nodeOf(nodeId: string, bootId: string): MeshNode | undefined;
  /** A record came; see `FabricOwner.handleRecord`. */
  handleRecord(from: MeshNode, buffer: Uint8Array, start: number, end: number): void;
  /** What was on its way to or from a node is lost. */
  handleLost(node: MeshNode, error: Error): void;
  /** Something failed that no call reports. */
  handleError(error: unknown): void;
}

/** The links of one node. */
export class BusMeshLinks implements LinkOwner {
  readonly #owner: MeshLinksOwner;
  readonly #host: SecureHost;
  readonly #config: LinkConfig;
  readonly #hub: BusLinkHub;
  readonly #identity: LinkIdentity;
  readonly #isSealed: boolean;
  readonly #counters = new CounterTable(LINK_COUNTER_NAMES, 1);
  readonly #lz4 = new Lz4Table();
  readonly #dials = new LinkDials();
  readonly #links = new Map<BusLinkDriver, MeshNode | undefined>();
  /** Links whose peer has shown the key and is not known to membership yet. */
  readonly #waiting = new Set<BusLinkDriver>();
  /** Links that were accepted and have no node yet, the first that came first. */
  readonly #strangers = new Set<BusLinkDriver>();
  readonly #ended = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #psks: readonly Uint8Array[];
  #listener: StreamListener | undefined = undefined;
  #emptied = Promise.withResolvers<void>();

  /**
   * @param owner Who has the links.
   * @param identity Who this node is.
   * @param psks The keys of handshakes: the first dials, all are accepted.
   * @param isSealed Whether records are sealed.
   * @param limits The limits.
   * @param host Time, chance, cryptography.
   */
  constructor(
    owner: MeshLinksOwner,
    identity: LinkIdentity,
    psks: readonly Uint8Array[],
    isSealed: boolean,
    limits: LinkLimits,
    host: SecureHost,
  ) {
    this.#owner = owner;
    this.#identity = identity;
    this.#psks = psks;
    this.#isSealed = isSealed;
    this.#host = host;
    this.#hub = new BusLinkHub(host.scheduler);
    this.#config = resolveLinkOptions({
      maxMessageBytes: limits.maxRecordBytes,
      maxQueuedBytes: limits.maxQueuedBytes,
      compressFromBytes: Infinity,
      handshakeTimeoutMs: limits.connectTimeoutMs,
      closeTimeoutMs: limits.closeTimeoutMs,
      heartbeatIntervalMs: limits.heartbeatMs,
    });
  }

  /**
   * Takes other keys for the links that are opened from now on; those that are open stay.
   *
   * @param psks The keys.
   */
  useKeys(psks: readonly Uint8Array[]): void {
    this.#psks = psks;
  }

  /**
   * Accepts links.
   *
   * @param listener Where they come from; it is closed with the links.
   */
  listen(listener: StreamListener): void {
    this.#listener = listener;
    this.#track(this.#accept(listener));
  }

  /**
   * Makes what is kept of a new member.
   *
   * @param member What membership knows of it.
   * @returns The node.
   */
  makeNode(member: BusMember): MeshNode {
    const queue = new LinkQueue({ config: this.#config, counters: this.#counters, slot: ROW });
    const target = (node: MeshNode): OutletTarget => ({
      trySend: (buffer, length) => {
        const status = queue.offer(buffer, 0, length);
        if (status === SendStatus.Queued) this.#kick(node);
        return status;
      },
    });
    const disconnect = (node: MeshNode): void => node.link?.abort(LinkCloseCode.QueueFull);
    return new MeshNode(member, this.#owner.fabric, queue, this.#owner, target, disconnect);
  }

  /** Membership has learnt of a node: links that waited for that are decided on. */
  handleKnown(): void {
    for (const link of [...this.#waiting]) this.#decide(link);
  }

  /**
   * Membership has dropped a node.
   *
   * @param node Which.
   * @param hasLeft Whether it said so itself: then a link that is open closes by itself, and what is in flight may still
   * arrive. One that is not open yet will never be: its peer waits for an answer that nobody would give.
   */
  handleGone(node: MeshNode, hasLeft: boolean): void {
    node.isGone = true;
    if (hasLeft && node.link !== undefined && node.link.machine.state >= LinkState.Open) return;
    if (node.link === undefined) this.#lose(node, new ClosedError(CloseCode.LinkLost, "remote"));
    else node.link.abort(LinkCloseCode.NotWanted);
  }

  /** What was counted, over all links. */
  counters(): Record<string, number> {
    return { ...this.#counters.snapshot(ROW), links: this.#links.size };
  }

  /**
   * Waits until nothing waits for a link any more that is open or being opened.
   *
   * @param nodes The nodes.
   * @returns When it is so; bounded by `closeTimeoutMs`.
   */
  async flush(nodes: Iterable<MeshNode>): Promise<void> {
    const all = [...nodes];
    const { scheduler } = this.#hub;
    const untilMs = scheduler.tick() + this.#config.closeTimeoutMs;
    const isBusy = ({ queue, isDialing, link }: MeshNode): boolean =>
      queue.queuedMessages > 0 && (isDialing || link !== undefined);
    while (all.some(isBusy) && scheduler.tick() < untilMs) await this.#pause(FLUSH_CHECK_MS);
  }

  /**
   * Closes all links in order.
   *
   * @returns When they are closed.
   */
  async close(): Promise<void> {
    this.#ended.abort(new ClosedError(CloseCode.GoingAway, "local"));
    this.#listener?.close();
    for (const link of [...this.#links.keys()]) link.close(LinkCloseCode.GoingAway);
    if (this.#links.size > 0) await this.#emptied.promise;
    await Promise.all(this.#pending);
  }

  greeted(link: BusLinkDriver): void {
    this.#waiting.add(link);
    this.#decide(link);
  }

  messages(link: BusLinkDriver): void {
    const node = this.#links.get(link)!;
    const { machine } = link;
    while (machine.nextMessage()) {
      const start = machine.messageOffset;
      this.#owner.handleRecord(node, machine.messageBuffer, start, start + machine.messageLength);
    }
  }

  drained(link: BusLinkDriver): void {
    this.#links.get(link)?.outlet.flush();
  }

  closed(link: BusLinkDriver, reason: LinkCloseReason): void {
    const node = this.#links.get(link);
    this.#links.delete(link);
    this.#waiting.delete(link);
    this.#strangers.delete(link);
    if (this.#links.size === 0) this.#emptied.resolve();
    if (node === undefined || node.link !== link) return;
    node.link = undefined;
    // The peer prefers the link that it has opened itself: what waits goes there.
    const isSuperseded = reason.code === LinkCloseCode.Superseded && reason.origin === "remote";
    if (isSuperseded && !node.isGone) return this.#retryLater(node);
    const text = `The link to ${node.name} is closed: ${linkCloseCodeName(reason.code)} (${reason.origin})`;
    const cause = reason.cause ?? new Error(text);
    this.#lose(node, new ClosedError(CloseCode.LinkLost, reason.origin, { cause }));
  }

  #decide(link: BusLinkDriver): void {
    const { machine } = link;
    const peer = machine.peer!;
    const node = this.#owner.nodeOf(peer.nodeId, peer.bootId);
    if (node === undefined) return;
    this.#waiting.delete(link);
    this.#strangers.delete(link);
    const present = node.link === link ? undefined : node.link;
    const verdict = decideLink(this.#owner.fabric.nodeId, present?.machine, machine);
    if (verdict === LinkVerdict.Refuse) {
      machine.refuse(LinkCloseCode.Superseded);
      return link.resume();
    }
    const wasOpen = present !== undefined && present.machine.state === LinkState.Open;
    node.link = link;
    this.#links.set(link, node);
    if (verdict === LinkVerdict.Replace) present?.abort(LinkCloseCode.Superseded);
    if (wasOpen) this.#owner.handleLost(node, new ClosedError(CloseCode.LinkLost, "remote"));
    node.failureCount = 0;
    machine.admit(node.queue);
    link.resume();
  }

  #kick(node: MeshNode): void {
    if (node.link !== undefined) return node.link.kick();
    if (node.isDialing || this.#ended.signal.aborted) return;
    node.isDialing = true;
    const waitMs = node.retryAtMs - this.#hub.scheduler.tick();
    this.#track(waitMs > 0 ? this.#dialLater(node, waitMs) : this.#dial(node));
  }

  #retryLater(node: MeshNode): void {
    node.retryAtMs = this.#hub.scheduler.tick() + FIRST_PAUSE_MS;
    if (node.queue.queuedMessages > 0) this.#kick(node);
  }

  async #dialLater(node: MeshNode, waitMs: number): Promise<void> {
    await this.#pause(waitMs);
    await this.#dial(node);
  }

  /** Waits, until the links are closed at most. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { scheduler } = this.#hub;
    const { signal } = this.#ended;
    const alarm = scheduler.alarm(resolve);
    const end = (): void => resolve();
    alarm.arm(scheduler.tick() + ms);
    signal.addEventListener("abort", end, { once: true });
    await promise;
    alarm.disarm();
    signal.removeEventListener("abort", end);
  }

  async #dial(node: MeshNode): Promise<void> {
    let failure: unknown;
    for (const { hostname, port } of node.member.linkAddresses) {
      try {
        const stream = await this.#connect(hostname, port);
        node.isDialing = false;
        if (node.link !== undefined || node.isGone || this.#ended.signal.aborted) return stream.close();
        const link = this.#run(stream, { nodeId: Uint8Array.fromHex(node.id) });
        if (link === undefined) break;
        node.link = link;
        this.#links.set(link, node);
        return;
      } catch (error) {
        failure = error;
        if (node.link !== undefined) break;
      }
    }
    node.isDialing = false;
    if (node.link === undefined) {
      this.#lose(node, new ConnectError(`Cannot open a link to ${node.name}`, { cause: failure }));
    }
  }

  async #connect(hostname: string, port: number): Promise<StreamLink> {
    const { scheduler } = this.#hub;
    const late = new AbortController();
    const limitMs = this.#config.handshakeTimeoutMs;
    const alarm = scheduler.alarm(() =>
      late.abort(new TimeoutError(`No link to ${hostname}:${port} in ${limitMs} ms`))
    );
    alarm.arm(scheduler.tick() + limitMs);
    try {
      return await this.#owner.streamsTo(hostname, port).connect(AbortSignal.any([late.signal, this.#ended.signal]));
    } finally {
      alarm.disarm();
    }
  }

  async #accept(listener: StreamListener): Promise<void> {
    while (!listener.closed) {
      try {
        this.#run(await listener.accept(), undefined);
      } catch (error) {
        if (listener.closed) return;
        this.#owner.handleError(error);
        await new Promise<void>((resolve) => this.#hub.scheduler.nextTurn(resolve));
      }
    }
  }

  #run(stream: StreamLink, dial: LinkDial | undefined): BusLinkDriver | undefined {
    const isFull = dial !== undefined && this.#links.size >= MAX_LINK_COUNT;
    if (this.#ended.signal.aborted || isFull) {
      stream.close();
      return undefined;
    }
    const { scheduler, random, keyExchange, aead } = this.#host;
    scheduler.tick();
    const link = new BusLinkDriver(this.#hub, this, stream);
    this.#links.set(link, undefined);
    if (dial === undefined) this.#welcome(link);
    link.start(
      new NodeLinkMachine({
        config: this.#config,
        clock: scheduler.clock,
        random,
        keyExchange,
        aead,
        lz4: this.#lz4,
        counters: this.#counters,
        slot: ROW,
        psks: this.#psks,
        isSealed: this.#isSealed,
        self: this.#identity,
        dials: this.#dials,
        dial,
      }),
    );
    return link;
  }

  /** Takes a stranger in. Who comes when too many are there takes the place of the first, so that none shuts others out. */
  #welcome(link: BusLinkDriver): void {
    this.#strangers.add(link);
    if (this.#strangers.size <= MAX_STRANGER_COUNT) return;
    const [first] = this.#strangers;
    this.#strangers.delete(first!);
    first!.abort(LinkCloseCode.NotWanted);
  }

  #lose(node: MeshNode, error: Error): void {
    node.queue.clear();
    node.outlet.flush();
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** node.failureCount++, LONGEST_PAUSE_MS);
    node.retryAtMs = this.#hub.scheduler.tick() + pauseMs;
    if (node.isGone) node.outlet.disconnect();
    this.#owner.handleLost(node, error);
  }

  #track(running: Promise<void>): void {
    this.#pending.add(running);
    void running.finally(() => this.#pending.delete(running));
  }
}
