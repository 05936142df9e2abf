/**
 * Cases that follow from a seed: the reader of channel frames on noise, a set of channels before a peer that breaks the
 * rules, and two sets worked by a random list of operations, with packets that are lost, repeated, held back, given up
 * too early and acknowledged too late.
 *
 * Invariants: nothing throws; a message arrives at most once and unchanged, in order where that is promised; queues stay
 * within their limits; when the network heals everything reliable that was not taken back has arrived, and after the end
 * no memory is held.
 *
 * @module
 */
import { ChannelContext } from "../../src/channel/channel_context.ts";
import { type ChannelSetOptions, resolveChannelSetOptions } from "../../src/channel/channel_options.ts";
import { CHANNEL_VIOLATION, ChannelSet, NO_PACKET_SLOT } from "../../src/channel/channel_set.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { ChannelFrameType } from "../../src/wire/channel_frame.ts";
import { ChannelFrameReader } from "../../src/wire/channel_frame_reader.ts";
import { contentOf } from "../sim/channel_link.ts";

const TYPES = Object.values(ChannelFrameType);
const SIZES = [0, 1, 15, 16, 17, 100, 900, 1100, 1200, 3000, 9000];

/** Runs one case; throws when an invariant is broken. */
export class ChannelFuzz {
  readonly #memory = new Uint8Array(4096);

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const draw = random.nextInt(4);
    if (draw === 0) return readNoise(random, this.#memory);
    const options = optionsOf(random);
    if (draw === 1) return bearNoise(random, options, this.#memory);
    new Case(random, options).run();
  }
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function optionsOf(random: SeededRandom): ChannelSetOptions {
  const fec = () => {
    const draw = random.nextInt(6);
    if (draw === 0) return { fec: true };
    if (draw === 1) return { fec: { scheme: "reedSolomon" as const, interleave: 1 + random.nextInt(3), flushMs: 5 } };
    if (draw === 2) return { fec: { sources: 1 + random.nextInt(6), maxOverhead: 1, adaptive: false } };
    return draw === 3 ? { redundancyBytes: 200 } : {};
  };
  return {
    maxMessageBytes: 10_000,
    maxQueuedBytes: 20_000 + random.nextInt(100_000),
    maxReassemblyMessages: 1 + random.nextInt(4),
    maxReassemblyBytes: 10_000 + random.nextInt(20_000),
    maxUnreadBytes: 10_000 + random.nextInt(20_000),
    reassemblyTimeoutMs: 50 + random.nextInt(1000),
    channels: {
      0: { windowBytes: 1 << 16, ...fec() },
      1: { lane: "low", ttlMs: random.nextInt(3) * 50, ...fec() },
      2: { windowBytes: 1 << 16, lane: "high", ...fec() },
      3: { lane: "critical", ...fec() },
      9: { delivery: "reliableOrdered", ttlMs: 200, windowBytes: 1 << 16, ...fec() },
    },
  };
}

/** The reader on noise that begins like something. */
function readNoise(random: SeededRandom, memory: Uint8Array): void {
  random.fillSecret(memory);
  const reader = new ChannelFrameReader();
  const end = 20 + random.nextInt(2000);
  for (let at = 0; at < end; at++) {
    if (random.nextInt(2) === 0) memory[at] = TYPES[random.nextInt(TYPES.length)]!;
    if (random.nextInt(3) === 0) memory[at + 1] = random.nextInt(4);
    const length = reader.read(memory, at, end);
    check(length >= 0 && at + length <= end, "a frame outside of its range");
    const isMessage = reader.type === ChannelFrameType.Message || reader.type === ChannelFrameType.Fragment;
    if (length === 0 || !isMessage) continue;
    check(reader.offset + reader.length === at + length, "a payload outside of its frame");
    check(reader.start + reader.length <= reader.total, "a fragment outside of its message");
  }
}

/** A set before frames that are well formed or nearly so and mean nothing. */
function bearNoise(random: SeededRandom, options: ChannelSetOptions, memory: Uint8Array): void {
  const clock = new ClockCell();
  const context = new ChannelContext(resolveChannelSetOptions(options), clock);
  const set = new ChannelSet(context, 0);
  const record = { channel: 0, buffer: memory, length: 0, credit: 0 };
  const ids = [0, 1, 2, 3, 100, 4095, 4096, -1, 0x7fff_ffff];
  for (let round = 0; round < 60; round++) {
    random.fillSecret(memory.subarray(0, 600));
    memory[0] = TYPES[random.nextInt(TYPES.length)]!;
    const inner = memory[0] === ChannelFrameType.Protected ? 4 : 0;
    if (inner > 0) {
      memory.set([0, random.nextInt(3), random.nextInt(10)], 1);
      memory[4] = random.nextInt(2) === 0 ? ChannelFrameType.Message : ChannelFrameType.Fragment;
    }
    memory[inner + 1] = random.nextInt(4);
    new DataView(memory.buffer).setUint32(inner + 2, ids[random.nextInt(ids.length)]!);
    if (memory[inner] === ChannelFrameType.Message) memory.set([0, random.nextInt(100)], inner + 6);
    if (memory[inner] === ChannelFrameType.Fragment) {
      memory.set([0, 1, random.nextInt(256), 0, 0, 16 * random.nextInt(16), 0, 16 * random.nextInt(10)], inner + 6);
    }
    if (memory[0] === ChannelFrameType.Parity) {
      memory.set([0, random.nextInt(3), random.nextInt(3), 1 + random.nextInt(8), 3, 0, 10 + random.nextInt(60)], 2);
    }
    if (memory[0] === ChannelFrameType.Recovered) memory[4] = 1 + random.nextInt(3);
    const next = set.handleFrame(memory, 0, 600);
    check(next === CHANNEL_VIOLATION || next > 0 && next <= 600, "a frame that leads nowhere");
    clock.advance(clock.now + random.nextInt(100));
    if (set.pollTimeout() <= clock.now) set.handleTimeout();
    check(set.pollTimeout() > clock.now, "a timeout that does not move on");
    while (random.nextInt(3) > 0 && set.pollMessage(record)) set.handleConsumed(record.channel, record.credit);
    while (set.writeFrames(memory, 700, 1000, 0) > 0) set.handlePacketAcked(0);
    check(set.unreadBytes <= context.config.maxUnreadBytes + 64 + 10_000, "too much unread");
    check(set.reassemblyBytes <= context.config.maxReassemblyBytes, "too much incomplete");
    check(set.heldCredit <= context.config.windowBytes, "too much credit");
  }
  set.close();
  check(context.lentBytes === 0, "memory that is held after the end");
}

interface Packet {
  readonly from: number;
  readonly slot: number;
  readonly serial: number;
  readonly frames: Uint8Array;
}

/** What a ledger knows of a slot. */
const Fate = { Free: 0, UnderWay: 1, GivenUp: 2 } as const;
type Fate = (typeof Fate)[keyof typeof Fate];

/** Two sets and a network between them. */
class Case {
  readonly #random: SeededRandom;
  readonly #clock = new ClockCell();
  readonly #context: ChannelContext;
  readonly #sets: [ChannelSet, ChannelSet];
  readonly #resting: ChannelSet[];
  readonly #memory = new Uint8Array(1300);
  readonly #record = { channel: 0, buffer: this.#memory, length: 0, credit: 0 };
  readonly #fates: Fate[][] = [[], []];
  readonly #serials: number[][] = [[], []];
  readonly #handles: number[][] = [[], []];
  readonly #sent = new Map<string, number>();
  readonly #got = new Map<string, number[]>();
  /** How many messages came that are too short to tell their number, by end and channel. */
  readonly #tiny = new Map<string, number>();
  #flying: Packet[] = [];
  #serial = 0;

  constructor(random: SeededRandom, options: ChannelSetOptions) {
    this.#random = random;
    const firstId = [0, -5, 0x7fff_fff0][random.nextInt(3)]!;
    this.#context = new ChannelContext(resolveChannelSetOptions(options), this.#clock, firstId);
    this.#sets = [new ChannelSet(this.#context, 0), new ChannelSet(this.#context, 1)];
    this.#resting = [new ChannelSet(this.#context, 2)];
  }

  run(): void {
    const random = this.#random;
    const rounds = 100 + random.nextInt(300);
    const parts = random.nextInt(4);
    for (let part = 0; part <= parts; part++) {
      for (let i = 0; i < rounds / (parts + 1); i++) this.#operate(random.nextInt(12), random.nextInt(2));
      this.#heal();
    }
    for (const set of this.#sets) set.close();
    check(this.#context.lentBytes === 0, "memory that is held after the end");
    check(this.#context.lentRecords === 0, "records that are held after the end");
  }

  /** Brings a silent end to rest and has it go on in a set that served the other end, perhaps. */
  #rest(end: number): void {
    const rest = this.#sets[end]!.rest();
    if (rest === undefined) return;
    this.#resting.push(this.#sets[end]!);
    this.#sets[end] = this.#resting.shift()!;
    this.#sets[end]!.wake(end, rest);
  }

  #operate(draw: number, end: number): void {
    const random = this.#random;
    const set = this.#sets[end]!;
    if (draw < 3) this.#send(end);
    else if (draw < 6) this.#write(end, random.nextInt(4) === 0 ? random.nextInt(200) : 400 + random.nextInt(800));
    else if (draw < 8) this.#deliver(random.nextInt(5) > 0, random.nextInt(5) === 0);
    else if (draw === 8) this.#read(end, random.nextInt(4));
    else if (draw === 9) this.#pass(random.nextInt(40));
    else if (draw === 10) this.#giveUp(end);
    else if (this.#handles[end]!.length > 0) {
      const at = random.nextInt(this.#handles[end]!.length);
      set.cancel(this.#handles[end]![at]!);
      check(!set.cancel(this.#handles[end]![at]!), "taken back twice");
    }
  }

  #send(end: number): void {
    const random = this.#random;
    const channel = [0, 1, 2, 3, 9][random.nextInt(5)]!;
    const key = `${end}:${channel}`;
    const number = this.#sent.get(key) ?? 0;
    const size = SIZES[random.nextInt(SIZES.length)]!;
    const options = channel === 1 || channel === 2
      ? { lane: (["critical", "high", "normal", "low"] as const)[random.nextInt(4)]!, ttlMs: random.nextInt(2) * 100 }
      : undefined;
    const content = contentOf(channel, number, size);
    const set = this.#sets[end]!;
    if (set.send(channel, content, 0, size, options) !== 0) return;
    this.#sent.set(key, number + 1);
    this.#handles[end]!.push(set.handle);
  }

  #write(end: number, limit: number): number {
    const fates = this.#fates[end]!;
    let slot = fates.indexOf(Fate.Free);
    if (slot < 0) slot = fates.length;
    const set = this.#sets[end]!;
    const isBoundLater = this.#random.nextInt(2) === 0;
    const length = set.writeFrames(this.#memory, 3, limit, isBoundLater ? NO_PACKET_SLOT : slot);
    check(length >= 0 && length <= limit, "more than the limit");
    if (length === 0) return 0;
    if (isBoundLater) set.bindPacket(slot);
    fates[slot] = Fate.UnderWay;
    this.#serials[end]![slot] = this.#serial;
    this.#flying.push({ from: end, slot, serial: this.#serial++, frames: this.#memory.slice(3, 3 + length) });
    return length;
  }

  #deliver(arrives: boolean, again: boolean): void {
    if (this.#flying.length === 0) return;
    const at = this.#random.nextInt(3) === 0 ? this.#random.nextInt(this.#flying.length) : 0;
    const packet = this.#flying[at]!;
    this.#flying.splice(at, 1);
    const { from, slot, serial, frames } = packet;
    if (!arrives) return;
    for (let copy = 0; copy < (again ? 2 : 1); copy++) {
      for (let next = 0; next < frames.length;) {
        next = this.#sets[1 - from]!.handleFrame(frames, next, frames.length);
        check(next > 0, "a violation");
      }
    }
    const fate = this.#fates[from]![slot];
    if (this.#serials[from]![slot] !== serial || this.#random.nextInt(4) === 0) return;
    if (fate === Fate.UnderWay) this.#sets[from]!.handlePacketAcked(slot);
    else if (fate === Fate.GivenUp) this.#sets[from]!.handleLateAck(slot);
    if (fate !== Fate.Free) this.#fates[from]![slot] = Fate.Free;
  }

  #giveUp(end: number): void {
    const fates = this.#fates[end]!;
    for (let slot = 0; slot < fates.length; slot++) {
      if (fates[slot] === Fate.Free || this.#random.nextInt(3) > 0) continue;
      if (fates[slot] === Fate.UnderWay) {
        this.#sets[end]!.handlePacketLost(slot);
        fates[slot] = Fate.GivenUp;
      } else {
        this.#sets[end]!.handlePacketForgotten(slot);
        fates[slot] = Fate.Free;
        this.#serials[end]![slot] = -1;
      }
    }
  }

  #pass(ms: number): void {
    this.#clock.advance(this.#clock.now + ms);
    for (const set of this.#sets) {
      if (set.pollTimeout() <= this.#clock.now) set.handleTimeout();
      check(set.pollTimeout() > this.#clock.now, "a timeout that does not move on");
    }
  }

  #read(end: number, most: number): void {
    const set = this.#sets[end]!;
    const record = this.#record;
    for (let i = 0; i < most && set.pollMessage(record); i++) {
      const { channel, buffer, length, credit } = record;
      const number = length >= 4 ? new DataView(buffer.buffer).getUint32(0) : -1;
      const expected = contentOf(channel, number, length);
      for (let at = 0; at < length; at++) check(length < 4 || buffer[at] === expected[at], "a message that changed");
      const key = `${end}:${channel}`;
      if (!this.#got.has(key)) this.#got.set(key, []);
      if (number >= 0) this.#got.get(key)!.push(number);
      else this.#tiny.set(key, (this.#tiny.get(key) ?? 0) + 1);
      check(set.unreadBytes <= this.#context.config.maxUnreadBytes + 10_064, "too much unread");
      set.handleConsumed(channel, credit);
    }
  }

  /** The network works again: what is reliable arrives. */
  #heal(): void {
    const random = this.#random;
    for (const end of [0, 1]) this.#handles[end] = [];
    for (let round = 0; round < 400; round++) {
      for (const end of [0, 1]) {
        this.#giveUp(end);
        while (this.#write(end, 1200) > 0);
        this.#read(end, 1e9);
      }
      while (this.#flying.length > 0) this.#deliver(true, false);
      this.#pass(100);
      if (random.nextInt(2) === 0) this.#rest(random.nextInt(2));
      if (this.#sets.every((set) => set.isIdle)) break;
    }
    for (const end of [0, 1]) this.#read(end, 1e9);
    this.#pass(2000);
    for (const end of [0, 1]) this.#rest(end);
    check(this.#sets.every((set) => set.isIdle), "something that never ends");
    for (const [key, got] of this.#got) {
      const channel = Number(key.split(":")[1]);
      check(new Set(got).size === got.length, `channel ${channel} delivered twice`);
      const isInOrder = got.every((number, i) => i === 0 || number > got[i - 1]!);
      check(channel === 1 || channel === 2 || isInOrder, `channel ${channel} lost its order`);
    }
    for (const end of [0, 1]) {
      const { cancelled, expired } = this.#context.counters.snapshot(1 - end);
      let missing = 0;
      for (const channel of [0, 2, 9]) {
        const tiny = this.#tiny.get(`${end}:${channel}`) ?? 0;
        missing += (this.#sent.get(`${1 - end}:${channel}`) ?? 0) - (this.#got.get(`${end}:${channel}`)?.length ?? 0) -
          tiny;
      }
      check(missing <= cancelled! + expired!, "reliable messages that are gone");
    }
  }
}
