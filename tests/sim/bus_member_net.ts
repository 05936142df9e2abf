/**
 * What the simulations of membership are made of: nodes on a network in virtual time, each with a driver that keeps the
 * contract to the letter, and a cipher that costs next to nothing.
 *
 * Why a queue of its own and not the manual scheduler: hundreds of nodes send hundreds of thousands of datagrams, and
 * a heap finds the next in a fraction of the time.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { MemberState } from "../../src/bus/member/bus_member.ts";
import { GossipTransmit } from "../../src/bus/member/gossip_transmit.ts";
import { MemberEvent } from "../../src/bus/member/member_event.ts";
import { MembershipMachine } from "../../src/bus/member/membership_machine.ts";
import { type MembershipOptions, resolveMembershipOptions } from "../../src/bus/member/membership_options.ts";
import type { SelfDescription } from "../../src/bus/member/membership_setup.ts";
import type { AeadProvider, PacketKey } from "../../src/crypto/aead.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";

/** The mesh key of these tests. */
export const MESH_KEY: Uint8Array = new Uint8Array(32).fill(7);

const NAMES = new Map<number, string>(Object.entries(MemberEvent).map(([name, value]) => [value, name]));

/** A cipher that authenticates and hides nothing. */
export class QuickAead implements AeadProvider {
  /** Its name. */
  readonly name = "quick";

  /** Makes a key. */
  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    const seed = hash(iv, 0, iv.length, hash(key, 0, key.length, 1));
    const tagOf = (buffer: Uint8Array, from: number, to: number, number: number): number =>
      hash(buffer, from, to, (seed ^ number) | 0);
    return {
      seal: (buffer, aadStart, _start, end, number) => {
        const tag = tagOf(buffer, aadStart, end, number);
        for (let i = 0; i < 16; i++) buffer[end + i] = tag >>> (8 * (i & 3));
      },
      open: (buffer, aadStart, start, end, number) => {
        if (end - start < 16) return false;
        const tag = tagOf(buffer, aadStart, end - 16, number);
        for (let i = 0; i < 16; i++) if (buffer[end - 16 + i] !== ((tag >>> (8 * (i & 3))) & 255)) return false;
        return true;
      },
      destroy: () => {},
    };
  }
}

function hash(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let sum = seed;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193);
  return sum ^ (sum >>> 15);
}

/** An address of these networks. */
export function addressOf(index: number, port = 7000): DatagramAddress {
  const address = new DatagramAddress();
  assert(address.parse(`10.0.${index >> 8}.${index & 255}`, port));
  return address;
}

/** What a node of these tests differs in. */
export interface NodeOptions extends MembershipOptions {
  readonly self?: Partial<SelfDescription>;
  readonly meshKeys?: readonly Uint8Array[];
  readonly aead?: AeadProvider;
}

/** One node, its driver and its place. */
export class SimNode {
  readonly index: number;
  readonly machine: MembershipMachine;
  readonly address: DatagramAddress;
  /** Every event so far: time, name of the event, name of the member. */
  readonly events: { readonly at: number; readonly what: string; readonly who: string }[] = [];
  /** Whether it runs. */
  isUp = true;
  /** Whether it is stopped: datagrams wait, the clock goes on. */
  isStopped = false;
  armedAt = Infinity;
  readonly waiting: Parcel[] = [];
  readonly #net: SimNet;
  readonly #clock = new ClockCell();
  readonly #target = new GossipTransmit(new Uint8Array(1500), 3);

  constructor(net: SimNet, index: number, boot: number, options: NodeOptions) {
    const { self, meshKeys, aead, ...config } = options;
    this.#net = net;
    this.index = index;
    this.address = addressOf(index);
    const nodeId = new Uint8Array(16).fill(index & 255);
    nodeId[0] = index >> 8;
    this.#clock.advance(net.now);
    this.machine = new MembershipMachine({
      config: resolveMembershipOptions(config),
      clock: this.#clock,
      random: new SeededRandom(net.seed * 1_000_003 + index * 1009 + boot),
      aead: aead ?? net.aead,
      meshKeys: meshKeys ?? [MESH_KEY],
      self: { nodeId, hostId: new Uint8Array(16).fill(index), name: `n${index}`, advertise: this.address, ...self },
    });
    this.drain();
  }

  /** Runs a command of the application. */
  do(command: (machine: MembershipMachine) => void): void {
    this.#clock.advance(this.#net.now);
    command(this.machine);
    this.drain();
  }

  /** Hands a datagram over. */
  receive(parcel: Parcel): void {
    if (this.isStopped) {
      this.waiting.push(parcel);
      return;
    }
    this.#clock.advance(this.#net.now);
    this.machine.handleDatagram(parcel.from, parcel.bytes, 0, parcel.bytes.length);
    this.drain();
  }

  /** An alarm fired. */
  tick(): void {
    this.armedAt = Infinity;
    if (!this.isUp || this.isStopped) return;
    this.#clock.advance(this.#net.now);
    this.machine.handleTimeout();
    this.drain();
  }

  /** Wakes a stopped node, timers first or datagrams first. */
  resume(datagramsFirst: boolean): void {
    this.isStopped = false;
    if (!datagramsFirst) this.tick();
    for (const parcel of this.waiting.splice(0)) this.receive(parcel);
    this.tick();
  }

  /** The events of a kind since a time. */
  count(what: keyof typeof MemberEvent, since = 0): number {
    return this.events.filter((event) => event.what === what && event.at >= since).length;
  }

  /** When it was told something of somebody, from a time on; `Infinity` if never. */
  toldAt(what: keyof typeof MemberEvent, who: string, since = 0): number {
    return this.events.find((event) => event.what === what && event.who === who && event.at >= since)?.at ?? Infinity;
  }

  /** The names of the present members, sorted. */
  present(): string[] {
    return this.machine.members().map((member) => member.name).sort();
  }

  /** What it thinks of a node. */
  stateOf(index: number): MemberState | undefined {
    const nodeId = this.#net.nodes[index]!.machine.self.nodeId;
    return this.machine.memberById(nodeId)?.state;
  }

  /** Polls in the order of the contract until nothing is left. */
  drain(): void {
    const { machine } = this;
    const target = this.#target;
    do {
      for (let length = machine.pollTransmit(target); length > 0; length = machine.pollTransmit(target)) {
        const bytes = target.buffer.slice(target.offset, target.offset + length);
        this.#net.send(this, bytes, target.isAnnouncement ? undefined : target.address);
      }
      const at = machine.pollTimeout();
      if (at < this.armedAt) {
        this.armedAt = at;
        this.#net.wake(this, Math.max(at, this.#net.now));
      }
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        this.events.push({ at: this.#net.now, what: NAMES.get(event)!, who: machine.member!.name });
      }
    } while (!machine.drained);
  }
}

/** A datagram on its way. */
export interface Parcel {
  readonly bytes: Uint8Array;
  readonly from: DatagramAddress;
  readonly to: number;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly node: SimNode | undefined;
  readonly parcel: Parcel | undefined;
}

/** A network and its nodes. */
export class SimNet {
  readonly seed: number;
  readonly nodes: SimNode[] = [];
  readonly aead: AeadProvider = new QuickAead();
  now = 0;
  /** Which share of the datagrams is lost. */
  loss = 0;
  /** How long a datagram is under way at least, and how much more at most. */
  delayMs = 2;
  jitterMs = 3;
  /** Whether a datagram from one node reaches another. */
  passes: (from: number, to: number) => boolean = () => true;
  /** Sees every datagram that is sent. */
  tap: ((from: SimNode, bytes: Uint8Array, to: DatagramAddress | undefined) => void) | undefined = undefined;
  readonly #random: SeededRandom;
  readonly #heap: Entry[] = [];
  #order = 0;
  #boots = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.#random = new SeededRandom(seed);
  }

  /** Starts a node at a place; whoever is there is gone. */
  start(index: number, options: NodeOptions = {}): SimNode {
    const former = this.nodes[index];
    if (former !== undefined) former.isUp = false;
    return this.nodes[index] = new SimNode(this, index, this.#boots++, options);
  }

  /** Starts nodes that join the first, and runs until all know all. */
  mesh(count: number, options: NodeOptions = {}, limitMs = 60_000): SimNode[] {
    for (let i = 0; i < count; i++) {
      const node = this.start(i, options);
      if (i > 0) node.do((machine) => machine.join(addressOf(0)));
      this.run(20);
    }
    this.until(() => this.isWhole(), limitMs);
    return this.nodes;
  }

  /** Whether every node that runs has every other one that runs, and nobody else. */
  isWhole(): boolean {
    const up = this.nodes.filter((node) => node.isUp && !node.isStopped);
    return up.every((node) => node.machine.memberCount === up.length - 1);
  }

  /** Kills a node. */
  kill(index: number): void {
    this.nodes[index]!.isUp = false;
  }

  /** Lets time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    for (let entry = this.#heap[0]; entry !== undefined && entry.at <= end; entry = this.#heap[0]) {
      this.#pop();
      this.now = Math.max(this.now, entry.at);
      if (entry.node !== undefined) {
        if (entry.node.armedAt <= this.now) entry.node.tick();
      } else this.#arrive(entry.parcel!);
    }
    this.now = end;
  }

  /** Lets time pass until something holds, and returns how long that took. */
  until(holds: () => boolean, limitMs: number, stepMs = 10): number {
    const start = this.now;
    while (!holds()) {
      assert(this.now - start < limitMs, `not within ${limitMs} ms (seed ${this.seed})`);
      this.run(stepMs);
    }
    return this.now - start;
  }

  /** Sends a datagram; without an address, to all others. */
  send(from: SimNode, bytes: Uint8Array, to: DatagramAddress | undefined): void {
    this.tap?.(from, bytes, to);
    if (to === undefined) {
      for (const node of this.nodes) {
        if (node !== undefined && node !== from) {
          this.#post({ bytes: bytes.slice(), from: from.address, to: node.index }, from.index);
        }
      }
    } else this.#post({ bytes, from: from.address, to: to.words[3]! & 0xffff }, from.index);
  }

  /** Puts a datagram on the way that nobody sent, or sent before. */
  inject(parcel: Parcel): void {
    this.#push({ at: this.now, order: this.#order++, node: undefined, parcel });
  }

  wake(node: SimNode, at: number): void {
    this.#push({ at, order: this.#order++, node, parcel: undefined });
  }

  #post(parcel: Parcel, from: number): void {
    const isLost = this.#random.visibleFraction() < this.loss;
    const delay = this.delayMs + this.#random.visibleFraction() * this.jitterMs;
    if (isLost || !this.passes(from, parcel.to)) return;
    this.#push({ at: this.now + delay, order: this.#order++, node: undefined, parcel });
  }

  #arrive(parcel: Parcel): void {
    const node = this.nodes[parcel.to];
    if (node?.isUp) node.receive(parcel);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const entry = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
