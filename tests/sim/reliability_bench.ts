/**
 * What the simulations of loss recovery and congestion control are made of: connections over one narrow place, in virtual
 * time, with no bytes and no sessions, so that a transfer of many megabytes takes a moment.
 *
 * @module
 */
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { AckSchedule } from "../../src/reliability/ack_schedule.ts";
import { PacketFlag } from "../../src/reliability/packet_flag.ts";
import { Recovery, wasAcked } from "../../src/reliability/recovery.ts";
import { type ReliabilityOptions, resolveReliabilityOptions } from "../../src/reliability/reliability_options.ts";
import { Bottleneck } from "../../src/testing/conditioner_bottleneck.ts";
import { ClockCell } from "../../src/time/clock.ts";

/** What stands in a datagram besides the application's bytes. */
export const OVERHEAD_BYTES = 45;

/** What a link is like. */
export interface PathOptions {
  /** Its rate in bytes per second. */
  readonly bytesPerSecond: number;
  /** How long a datagram is under way each way, in ms. */
  readonly delayMs: number;
  /** How many bytes may wait before it. */
  readonly queueBytes: number;
  /** Which share is lost behind it, 0 to 1, now. */
  readonly lossShare?: () => number;
  /** What delays vary by at most, in ms, each way; datagrams are overtaken. */
  readonly jitterMs?: number;
}

/** The link of the measurements: 10 Mbit/s, 50 ms, a queue of one bandwidth-delay product. */
export const STANDARD_PATH: PathOptions = { bytesPerSecond: 1_250_000, delayMs: 25, queueBytes: 62_500 };

/** A piece of bulk, which may be sent more than once. */
interface Chunk {
  readonly bytes: number;
  /** When it went out first, in ms. */
  readonly since: number;
  hasArrived: boolean;
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** Virtual time. */
export class SimWorld {
  /** The clock of everybody. */
  readonly clock: ClockCell = new ClockCell();
  /** Chance. */
  readonly random: SeededRandom;
  /** The narrow place. */
  readonly bottleneck: Bottleneck;
  /** How many datagrams its queue had no room for. */
  overflowed = 0;
  /** What the link is like. */
  readonly path: PathOptions;
  readonly #heap: Pending[] = [];
  #order = 0;

  constructor(path: PathOptions, seed: number) {
    this.path = path;
    this.random = new SeededRandom(seed);
    this.bottleneck = new Bottleneck(this.clock, path.bytesPerSecond, path.queueBytes);
  }

  /** Has something done at a time. */
  at(at: number, act: () => void): void {
    const heap = this.#heap;
    const item = { at, order: this.#order++, act };
    let i = heap.push(item) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!isBefore(item, heap[up]!)) break;
      heap[i] = heap[up]!;
      i = up;
    }
    heap[i] = item;
  }

  /** Lets time pass until a moment, or until something is true. */
  run(until: number, isDone: () => boolean = () => false): void {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= until && !isDone()) {
      const { at, act } = this.#pop();
      this.clock.advance(at);
      act();
    }
    if (!isDone()) this.clock.advance(until);
  }

  /** Sends a datagram through the narrow place. */
  forward(bytes: number, arrive: () => void): void {
    const { delayMs, jitterMs = 0, lossShare } = this.path;
    const isLost = lossShare !== undefined && this.random.visibleFraction() < lossShare();
    const passed = this.bottleneck.admit(bytes);
    if (passed < 0) this.overflowed++;
    else if (!isLost) this.at(passed + delayMs + this.random.visibleFraction() * jitterMs, arrive);
  }

  /** Sends an acknowledgement back, where nothing is narrow. */
  back(arrive: () => void): void {
    const { delayMs, jitterMs = 0, lossShare } = this.path;
    if (lossShare !== undefined && this.random.visibleFraction() < lossShare()) return;
    this.at(this.clock.now + delayMs + this.random.visibleFraction() * jitterMs, arrive);
  }

  #pop(): Pending {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

/** One connection: a sender with its bulk and its inputs, and the receiver. */
export class SimFlow {
  /** The sender. */
  readonly recovery: Recovery;
  /** The receiver. */
  readonly received: AckSchedule;
  /** How many bytes of bulk wait to be sent. */
  backlogBytes = 0;
  /** How many came, each counted once. */
  deliveredBytes = 0;
  /** How many packets were sent. */
  sent = 0;
  /** How long each input took in ms. */
  readonly inputDelays: number[] = [];
  /** How long each piece of bulk took in ms, from its first packet on. */
  readonly bulkDelays: number[] = [];
  /** The largest number of bytes under way so far. */
  mostInFlight = 0;
  readonly #world: SimWorld;
  readonly #bulkOf: Chunk[] = [];
  readonly #lost: Chunk[] = [];
  readonly #inputs: number[] = [];
  #number = 0;
  #timerAt = Infinity;
  #ackTimerAt = Infinity;

  constructor(world: SimWorld, options: ReliabilityOptions = {}, recovery?: Recovery) {
    this.#world = world;
    const config = resolveReliabilityOptions(options);
    this.recovery = recovery ?? new Recovery(config, world.clock, world.random);
    this.recovery.rtt.peerAckDelayMs = config.maxAckDelayMs;
    this.received = new AckSchedule(world.clock, config);
  }

  /** Queues bytes of bulk. */
  send(bytes: number): void {
    this.backlogBytes += bytes;
    this.pump();
  }

  /** Queues an input, which goes out before bulk and is not repeated. */
  input(): void {
    this.#inputs.push(this.#world.clock.now);
    this.pump();
  }

  /** Sends as much as there is leave for. */
  pump(): void {
    const { recovery } = this;
    for (;;) {
      const isProbe = recovery.losses.probes > 0;
      if (!this.hasBulk && this.#inputs.length === 0 && !isProbe) {
        recovery.handleAppLimited();
        break;
      }
      if (recovery.allowance() === 0) break;
      this.#sendOne();
    }
    this.#arm();
  }

  #sendOne(): void {
    const { recovery } = this;
    const world = this.#world;
    const inputs = this.#inputs.splice(0);
    const room = recovery.datagramBytes - OVERHEAD_BYTES - 72 * inputs.length;
    const bulk = this.#takeBulk(room);
    const bytes = OVERHEAD_BYTES + 72 * inputs.length + bulk.bytes;
    const number = this.#number++;
    const slot = recovery.handleSent(number, bytes, PacketFlag.Eliciting);
    this.#bulkOf[slot] = bulk;
    this.sent++;
    this.mostInFlight = Math.max(this.mostInFlight, recovery.packets.bytesInFlight);
    world.forward(bytes, () => this.#arrive(number, bulk, inputs));
  }

  /** Whether there is bulk to send, for the first time or again. */
  get hasBulk(): boolean {
    return this.backlogBytes > 0 || this.#lost.length > 0;
  }

  #takeBulk(room: number): Chunk {
    if (this.#lost.length > 0 && this.#lost[0]!.bytes <= room) return this.#lost.shift()!;
    const bytes = Math.min(room, this.backlogBytes);
    this.backlogBytes -= bytes;
    return { bytes, since: this.#world.clock.now, hasArrived: false };
  }

  #arrive(number: number, bulk: Chunk, inputs: readonly number[]): void {
    const { clock } = this.#world;
    if (!bulk.hasArrived && bulk.bytes > 0) {
      this.deliveredBytes += bulk.bytes;
      this.bulkDelays.push(clock.now - bulk.since);
    }
    bulk.hasArrived = true;
    for (const at of inputs) this.inputDelays.push(clock.now - at);
    this.received.handlePacket(number, true, false);
    this.#acknowledge();
  }

  #acknowledge(): void {
    const world = this.#world;
    const { received } = this;
    if (!received.isDue) {
      if (received.dueAt < this.#ackTimerAt) {
        this.#ackTimerAt = received.dueAt;
        world.at(received.dueAt, () => {
          this.#ackTimerAt = Infinity;
          this.#acknowledge();
        });
      }
      return;
    }
    const { ranges, delayMs } = received;
    const ends: number[] = [];
    for (let i = 0; i < ranges.count; i++) ends.push(ranges.smallestAt(i), ranges.largestAt(i));
    received.handleAckSent();
    world.back(() => this.#handleAck(ends, delayMs));
  }

  #handleAck(ends: readonly number[], delayMs: number): void {
    const { recovery } = this;
    recovery.beginAck();
    for (let i = 0; i < ends.length; i += 2) recovery.ackRange(ends[i]!, ends[i + 1]!);
    this.#settle(recovery.endAck(delayMs));
    this.pump();
  }

  #settle(count: number): void {
    const { recovery } = this;
    for (let i = 0; i < count; i++) {
      const slot = recovery.losses.settled[i]!;
      const bulk = this.#bulkOf[slot]!;
      if (!wasAcked(recovery, slot) && bulk.bytes > 0) this.#lost.push(bulk);
    }
  }

  /** Timers are no finer than a millisecond. */
  #arm(): void {
    const at = Math.ceil(this.recovery.pollTimeout());
    if (at >= this.#timerAt || at === Infinity) return;
    this.#timerAt = at;
    this.#world.at(at, () => {
      if (this.#timerAt !== at) return;
      this.#timerAt = Infinity;
      this.#settle(this.recovery.handleTimeout());
      this.pump();
    });
  }
}

/** A transfer alone on a link: which share of the link its payload fills. */
export function goodput(path: PathOptions, options: ReliabilityOptions, bytes: number, seed: number): number {
  const world = new SimWorld(path, seed);
  const flow = new SimFlow(world, options);
  flow.send(bytes);
  world.run(600_000, () => flow.deliveredBytes >= bytes);
  return bytes / (world.clock.now * path.bytesPerSecond / 1000);
}

/** Jain's index of fairness. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum * sum / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}

/** A quantile of some values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
