/**
 * Two sets of channels over a packet layer that is as simple as can be: packets have numbers, each one repeats which of
 * the last ones came, and one is given up when three later ones came or after two round trips.
 *
 * Time is virtual and moves by a ms. Invariant: a run follows from its seed; whatever is delivered is compared with what
 * was sent, so that a test only says how much must have arrived.
 *
 * @module
 */
import { ChannelContext } from "../../src/channel/channel_context.ts";
import { type ChannelSetOptions, resolveChannelSetOptions } from "../../src/channel/channel_options.ts";
import type { DeliveredMessage } from "../../src/channel/channel_receiver.ts";
import { type ChannelSendOptions, ChannelSet } from "../../src/channel/channel_set.ts";
import type { SendStatus } from "../../src/error/send_status.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";

/** What the network does. */
export interface LinkOptions {
  /** Everything follows from it. */
  readonly seed: number;
  /** The share of packets that are lost or arrive broken. */
  readonly loss?: number;
  /** The share that arrive twice. */
  readonly duplication?: number;
  /** One way, in ms. */
  readonly delayMs?: number;
  /** The most that is added to it, drawn for each packet, so that packets overtake each other. */
  readonly jitterMs?: number;
  /** The room for frames in a packet. */
  readonly mtu?: number;
  /** How many packets may be under way. */
  readonly window?: number;
  /** The options of the channels at both ends. */
  readonly channels?: ChannelSetOptions;
  /** The id of the first message. */
  readonly firstId?: number;
  /** Decides on single packets: true loses the packet. */
  readonly drop?: (from: number, number: number) => boolean;
}

interface Packet {
  readonly from: number;
  readonly number: number;
  readonly at: number;
  readonly frames: Uint8Array;
  readonly acks: readonly number[];
}

interface Sent {
  readonly slot: number;
  readonly sentAt: number;
  isLost: boolean;
}

const ACKS = 512;

/** One end. */
export class LinkEnd {
  /** The machine; another one after a rest. */
  set: ChannelSet;
  /** What the application got, by channel, in order: the numbers of the messages. */
  readonly got = new Map<number, number[]>();
  /** When each of these came. */
  readonly times = new Map<number, number[]>();
  /** Whether the application reads. */
  isReading = true;
  /** The close code, negative; 0: the peer broke no rule. */
  violation = 0;
  /** How many packets it sent. */
  packets = 0;
  /** How many bytes of frames. */
  bytes = 0;
  readonly #slot: number;
  readonly #next = new Map<number, number>();
  readonly #record: DeliveredMessage = { channel: 0, buffer: new Uint8Array(0), length: 0, credit: 0 };

  /** Makes an end. */
  constructor(context: ChannelContext, slot: number) {
    this.set = new ChannelSet(context, slot);
    this.#slot = slot;
  }

  /** Brings the channels to rest if they are silent, and has them go on in another set, which served others before. */
  tryRest(pool: ChannelSet[]): boolean {
    const rest = this.set.rest();
    if (rest === undefined) return false;
    pool.push(this.set);
    this.set = pool.shift()!;
    this.set.wake(this.#slot, rest);
    return true;
  }

  /** Sends the next message of a channel; its content follows from channel, number and size. */
  send(channel: number, size: number, options?: ChannelSendOptions): SendStatus {
    const number = this.#next.get(channel) ?? 0;
    const bytes = contentOf(channel, number, size);
    const status = this.set.send(channel, bytes, 0, size, options);
    if (status === 0) this.#next.set(channel, number + 1);
    return status;
  }

  /** How many messages were queued on a channel. */
  sentOn(channel: number): number {
    return this.#next.get(channel) ?? 0;
  }

  /** What arrived on a channel. */
  on(channel: number): number[] {
    return this.got.get(channel) ?? [];
  }

  /** The application reads all that there is. */
  read(now: number): void {
    const record = this.#record;
    while (this.isReading && this.set.pollMessage(record)) {
      const { channel, buffer, length, credit } = record;
      const number = length >= 4 ? new DataView(buffer.buffer, buffer.byteOffset).getUint32(0) : -1;
      const expected = contentOf(channel, number, length);
      for (let i = 0; i < length; i++) {
        if (buffer[i] !== expected[i]) throw new Error(`channel ${channel}: message ${number} differs at ${i}`);
      }
      push(this.got, channel, number);
      push(this.times, channel, now);
      this.set.handleConsumed(channel, credit);
    }
  }
}

/** Both ends and what is between them. */
export class ChannelLink {
  readonly clock = new ClockCell();
  readonly context: ChannelContext;
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #random: SeededRandom;
  readonly #options: Required<Omit<LinkOptions, "channels" | "firstId">>;
  readonly #sent: readonly Map<number, Sent>[] = [new Map(), new Map()];
  readonly #received: readonly number[][] = [[], []];
  readonly #seen: readonly Set<number>[] = [new Set(), new Set()];
  readonly #free: readonly number[][] = [[], []];
  readonly #slots = [0, 0];
  readonly #numbers = [0, 0];
  readonly #largest = [-1, -1];
  readonly #owesAck = [false, false];
  readonly #memory = new Uint8Array(4096);
  #flying: Packet[] = [];

  /** Makes a link that nothing went over. */
  constructor(options: LinkOptions) {
    const { loss = 0, duplication = 0, delayMs = 25, jitterMs = 0, mtu = 1150, window = 64 } = options;
    const { seed, drop = () => false } = options;
    this.#options = { seed, loss, duplication, delayMs, jitterMs, mtu, window, drop };
    this.#random = new SeededRandom(seed);
    this.context = new ChannelContext(resolveChannelSetOptions(options.channels), this.clock, options.firstId);
    this.ends = [new LinkEnd(this.context, 0), new LinkEnd(this.context, 1)];
    for (const { set } of this.ends) set.roundTripMs = 2 * delayMs + jitterMs;
  }

  /** A counter of an end. */
  counter(end: number, name: string): number {
    return this.context.counters.snapshot(end)[name]!;
  }

  /** Lets time pass; `each` is called every ms, before anything is sent. */
  run(ms: number, each?: (now: number) => void): void {
    const end = this.clock.now + ms;
    while (this.clock.now < end) {
      this.clock.advance(this.clock.now + 1);
      this.#step();
      each?.(this.clock.now);
      this.#flush();
    }
  }

  /** Lets time pass until a condition holds. */
  until(isDone: () => boolean, maxMs: number, each?: (now: number) => void): void {
    const end = this.clock.now + maxMs;
    while (!isDone()) {
      if (this.clock.now >= end) throw new Error(`seed ${this.#options.seed}: not done after ${maxMs} ms`);
      this.run(1, each);
    }
  }

  #step(): void {
    const now = this.clock.now;
    const arrived = this.#flying.filter(({ at }) => at <= now);
    if (arrived.length > 0) this.#flying = this.#flying.filter(({ at }) => at > now);
    arrived.sort((a, b) => a.at - b.at);
    for (const packet of arrived) this.#take(packet);
    for (const from of [0, 1]) {
      this.#judge(from);
      const { set } = this.ends[from]!;
      if (set.pollTimeout() <= now) set.handleTimeout();
      if (set.pollTimeout() <= now) throw new Error(`a timeout that does not move on at ${now}`);
      this.ends[from]!.read(now);
    }
  }

  #take({ from, number, frames, acks }: Packet): void {
    const to = 1 - from;
    const end = this.ends[to]!;
    for (const acked of acks) this.#ack(to, acked);
    if (this.#seen[to]!.has(number)) return;
    this.#seen[to]!.add(number);
    const received = this.#received[to]!;
    received.push(number);
    if (received.length > ACKS) received.shift();
    if (frames.length > 0) this.#owesAck[to] = true;
    for (let at = 0; at < frames.length && at >= 0;) {
      at = end.set.handleFrame(frames, at, frames.length);
      if (at < 0) end.violation = at;
    }
  }

  #ack(end: number, number: number): void {
    const sent = this.#sent[end]!.get(number);
    if (sent === undefined) return;
    if (number > this.#largest[end]!) this.#largest[end] = number;
    const { set } = this.ends[end]!;
    if (sent.isLost) set.handleLateAck(sent.slot);
    else set.handlePacketAcked(sent.slot);
    this.#sent[end]!.delete(number);
    this.#free[end]!.push(sent.slot);
  }

  #judge(end: number): void {
    const { set } = this.ends[end]!;
    const now = this.clock.now;
    const { delayMs, jitterMs } = this.#options;
    const roundTrip = 2 * delayMs + jitterMs + 5;
    for (const [number, sent] of this.#sent[end]!) {
      if (!sent.isLost && (number + 3 <= this.#largest[end]! || now > sent.sentAt + 2 * roundTrip)) {
        sent.isLost = true;
        set.handlePacketLost(sent.slot);
      } else if (sent.isLost && now > sent.sentAt + 6 * roundTrip) {
        set.handlePacketForgotten(sent.slot);
        this.#sent[end]!.delete(number);
        this.#free[end]!.push(sent.slot);
      } else if (number > this.#largest[end]!) break;
    }
  }

  #flush(): void {
    for (const from of [0, 1]) {
      const end = this.ends[from]!;
      const { mtu, window } = this.#options;
      let underWay = 0;
      for (const { isLost } of this.#sent[from]!.values()) underWay += isLost ? 0 : 1;
      for (; underWay < window; underWay++) {
        const slot = this.#free[from]!.pop() ?? this.#slots[from]!++;
        const length = end.set.writeFrames(this.#memory, 7, mtu, slot);
        if (length > mtu) throw new Error(`${length} bytes where ${mtu} are allowed`);
        if (length === 0) {
          this.#free[from]!.push(slot);
          break;
        }
        const number = this.#numbers[from]!++;
        this.#sent[from]!.set(number, { slot, sentAt: this.clock.now, isLost: false });
        this.#transmit(from, number, this.#memory.slice(7, 7 + length));
      }
      if (this.#owesAck[from]) this.#transmit(from, this.#numbers[from]!++, new Uint8Array(0));
    }
  }

  #transmit(from: number, number: number, frames: Uint8Array): void {
    const { loss, duplication, delayMs, jitterMs, drop } = this.#options;
    const end = this.ends[from]!;
    this.#owesAck[from] = false;
    end.packets++;
    end.bytes += frames.length;
    const random = this.#random;
    const copies = 1 + (random.visibleFraction() < duplication ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) {
      const isLost = random.visibleFraction() < loss;
      if (isLost || drop(from, number)) continue;
      const at = this.clock.now + delayMs + Math.floor(random.visibleFraction() * (jitterMs + 1));
      this.#flying.push({ from, number, at, frames, acks: [...this.#received[from]!] });
    }
  }
}

/** What a message holds: its number and bytes that follow from it. */
export function contentOf(channel: number, number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = (channel + 1) * 0x9e3779b1 ^ number;
  for (let i = 4; i < size; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  if (size >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
