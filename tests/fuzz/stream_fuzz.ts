/**
 * Seeded fuzzing of the int32 cursor and the stream machine: random bytes, mutated streams, random commands.
 *
 * What must hold: nothing throws; everything delivered is what the reference parser finds, in order and unchanged;
 * memory stays bounded; what goes out is the accepted messages; the counters add up. Pools, counters and buffers are
 * reused from case to case, so that a million cases take minutes and a block that is given twice shows up as damage.
 *
 * @module
 */
import { BlockPool } from "../../src/bytes/block_pool.ts";
import { SendStatus } from "../../src/error/send_status.ts";
import { TransmitSpan } from "../../src/machine/transmit_span.ts";
import { CounterTable } from "../../src/metric/counter_table.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { FrameLimits } from "../../src/stream/frame_cursor.ts";
import { INT32_FRAMING } from "../../src/stream/framing.ts";
import { Int32Cursor } from "../../src/stream/int32_cursor.ts";
import { Outbox } from "../../src/stream/outbox.ts";
import { STREAM_COUNTERS, StreamCounter } from "../../src/stream/stream_counters.ts";
import { StreamEvent, type StreamHandshake, StreamMachine } from "../../src/stream/stream_machine.ts";
import { resolveStreamOptions, type SendPolicy, type StreamConfig } from "../../src/stream/stream_options.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { LIMITS } from "../unit/stream/int32_stream.ts";
import { parseInt32 } from "../unit/stream/reference_parser.ts";

const MAX_STREAM_BYTES = 6000;
const READ_BLOCK_BYTES = 128;
const POLICIES: readonly SendPolicy[] = ["wait", "dropNewest", "dropOldest", "conflate", "close"];
const ID = Uint8Array.of(0x61, 0x62);
const HANDSHAKES: readonly StreamHandshake[] = [
  { kind: "none" },
  { kind: "none" },
  { kind: "accept" },
  { kind: "announce", peerId: "ab" },
];

/** Runs one case; throws when an invariant is broken. */
export class StreamFuzz {
  readonly #stream = new Uint8Array(MAX_STREAM_BYTES);
  readonly #view = new DataView(this.#stream.buffer);
  readonly #sendBlocks = new BlockPool({ classBytes: [256, 2048], retainBytes: 1 << 20 });
  readonly #readBlocks = new BlockPool({ classBytes: [32, 64, READ_BLOCK_BYTES], retainBytes: 1 << 20 });
  readonly #counters = new CounterTable(STREAM_COUNTERS, 1);
  readonly #configs = configs();
  readonly #pools = { sendBlocks: this.#sendBlocks, readBlocks: this.#readBlocks, counters: this.#counters };

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const config = this.#configs[random.nextInt(this.#configs.length)]!;
    const handshake = HANDSHAKES[random.nextInt(HANDSHAKES.length)]!;
    const length = this.#fill(random, config, handshake.kind !== "none" && random.nextInt(10) > 0);
    if (random.nextInt(3) === 0) return walk(random, this.#stream, length);
    new Case(random, this.#stream.subarray(0, length), config, handshake, this.#pools).run();
  }

  /** Fills the stream with frames, in part broken ones, or with noise. */
  #fill(random: SeededRandom, config: StreamConfig, introduced: boolean): number {
    const stream = this.#stream;
    const size = random.nextInt(random.nextInt(20) === 0 ? MAX_STREAM_BYTES : 900);
    if (random.nextInt(12) === 0) {
      random.fillSecret(stream.subarray(0, size));
      return size;
    }
    const least = (config.timestamps ? 8 : 0) + (config.allowEmptyMessages ? 0 : 1);
    let at = 0;
    while (at + 4 <= size) {
      const room = size - at - 4;
      const length = at === 0 && introduced ? ID.length : lengthOf(random, least, config.maxFrameBytes, room);
      this.#view.setInt32(at, length, true);
      at += 4;
      const noise = at === 4 && introduced ? undefined : random.nextInt(256);
      for (let end = at + Math.min(length, size - at), i = 0; at < end; at++, i++) {
        stream[at] = noise === undefined ? ID[i]! : noise + at;
      }
    }
    for (let flips = random.nextInt(40) === 0 ? 1 + random.nextInt(3) : 0; flips > 0 && at > 0; flips--) {
      stream[random.nextInt(at)]! ^= 1 << random.nextInt(8);
    }
    return at;
  }
}

/** The length of the next frame: mostly a legal one that fits the room, now and then one at or beyond a limit. */
function lengthOf(random: SeededRandom, least: number, most: number, room: number): number {
  if (random.nextInt(80) === 0) {
    return [-1, -0x8000_0000, 0x7fff_ffff, 0, 7, 8, most, most + 1, most + 9][random.nextInt(9)]!;
  }
  const length = least + random.nextInt(random.nextInt(6) === 0 ? most : 30);
  return length <= room || random.nextInt(4) === 0 ? length : Math.max(least, room);
}

function configs(): StreamConfig[] {
  const all: StreamConfig[] = [];
  for (const sendPolicy of POLICIES) {
    for (const timestamps of [false, true]) {
      for (const allowEmptyMessages of [false, true]) {
        const limits = { maxFrameBytes: allowEmptyMessages ? 1000 : 100, maxQueuedBytes: 1024, readBufferBytes: 1024 };
        const timeouts = { idleTimeoutMs: 900, frameGraceMs: 300, closeTimeoutMs: 400, sendStallTimeoutMs: 700 };
        all.push(resolveStreamOptions({ sendPolicy, timestamps, allowEmptyMessages, ...limits, ...timeouts }));
      }
    }
  }
  return all;
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The cursor against the reference, chunk by chunk. */
function walk(random: SeededRandom, stream: Uint8Array, length: number): void {
  const bytes = stream.subarray(0, length);
  const limits = LIMITS[random.nextInt(LIMITS.length)]!;
  const expected = parseInt32(bytes, limits);
  const cursor = new Int32Cursor(limits);
  let found = 0;
  let position = 0;
  for (let end = 0; end < length;) {
    end = Math.min(length, end + 1 + random.nextInt(200));
    cursor.load(bytes, position, end);
    while (cursor.next()) {
      const payload = expected.payloads[found++];
      check(payload?.[0] === cursor.offset && payload[1] === cursor.offset + cursor.length, "another payload");
    }
    position = cursor.position;
  }
  check(found === expected.payloads.length, "fewer payloads");
  check(cursor.fault === expected.fault && position === expected.position, "another end");
}

interface Pools {
  readonly sendBlocks: BlockPool;
  readonly readBlocks: BlockPool;
  readonly counters: CounterTable;
}

/** One machine, a peer that sends a given stream, and an application that does anything. */
class Case {
  readonly #random: SeededRandom;
  readonly #stream: Uint8Array;
  readonly #config: StreamConfig;
  readonly #counters: CounterTable;
  readonly #clock = new ClockCell();
  readonly #outbox: Outbox;
  readonly #machine: StreamMachine;
  readonly #shakes: boolean;
  readonly #span = new TransmitSpan();
  readonly #written: number[] = [];
  readonly #limits: FrameLimits;
  readonly #expected: readonly (readonly [number, number])[];
  #read = 0;
  #delivered = 0;
  #passedOver = 0;
  #lent = 0;
  #held = false;
  #closed = false;
  #queued = 0;

  constructor(
    random: SeededRandom,
    stream: Uint8Array,
    config: StreamConfig,
    handshake: StreamHandshake,
    pools: Pools,
  ) {
    const peerEnd = (["flush", "stay", "drop"] as const)[random.nextInt(3)]!;
    const { sendBlocks, readBlocks, counters } = pools;
    const shared = { config, framing: INT32_FRAMING, counters, slot: 0 };
    counters.reset(0);
    this.#random = random;
    this.#stream = stream;
    this.#config = config;
    this.#counters = counters;
    this.#shakes = handshake.kind !== "none";
    this.#outbox = new Outbox({ ...shared, blocks: sendBlocks, wallClock: { wallNow: () => 1 }, mayWait: true });
    this.#machine = new StreamMachine({
      ...shared,
      handshake,
      peerEnd,
      outbox: this.#outbox,
      readBlocks,
      clock: this.#clock,
    });
    const prefixBytes = config.timestamps ? 8 : 0;
    const minBytes = prefixBytes + (config.allowEmptyMessages ? 0 : 1);
    this.#limits = { minBytes, maxBytes: prefixBytes + config.maxFrameBytes, prefixBytes };
    const start = this.#shakes ? handshakeBytes(stream) : 0;
    const { payloads } = parseInt32(stream.subarray(start), this.#limits);
    this.#expected = payloads.map(([from, to]) => [from + start, to + start]);
  }

  run(): void {
    this.#drain();
    for (let steps = 0; steps < 400 && !this.#closed; steps++) {
      this.#step();
      if (!this.#closed) this.#drain();
      check(this.#outbox.queuedBytes <= Math.max(1024, 4 + this.#limits.maxBytes), "the send queue passed its bound");
    }
    if (!this.#closed) this.#end();
    this.#checkCounters();
  }

  #step(): void {
    const { sendPolicy } = this.#config;
    switch (this.#random.nextInt(12)) {
      case 0:
      case 1:
        return this.#send(sendPolicy === "conflate" ? this.#random.nextInt(4) : undefined);
      case 2:
      case 3:
        if (this.#lent > 0) this.#transmitted();
        return;
      case 4:
        this.#clock.advance(this.#clock.now + this.#random.nextInt(this.#random.nextInt(40) === 0 ? 800 : 30));
        return this.#machine.handleTimeout();
      case 5:
        if (this.#held) this.#resume();
        return;
      case 6:
        return this.#rare();
      default:
        return this.#receive();
    }
  }

  #rare(): void {
    const draw = this.#random.nextInt(60);
    if (draw === 0) this.#machine.close();
    else if (draw === 1) this.#machine.abort(2, "local");
    else if (draw === 2) this.#machine.handleLinkLost("gone");
  }

  #send(key: number | undefined): void {
    const empty = this.#random.nextInt(8) === 0 && this.#config.allowEmptyMessages;
    const payload = empty ? new Uint8Array(0) : new Uint8Array(1 + this.#random.nextInt(150)).fill(this.#queued);
    const status = this.#outbox.offer(payload, key);
    if (status === SendStatus.Queued) this.#queued++;
  }

  #transmitted(): void {
    const count = this.#random.nextInt(2) === 0 ? this.#lent : this.#random.nextInt(this.#lent + 1);
    const { buffer, offset } = this.#span;
    for (let i = 0; i < count; i++) this.#written.push(buffer[offset + i]!);
    this.#lent = 0;
    this.#machine.handleTransmitted(count);
  }

  #receive(): void {
    const machine = this.#machine;
    if (this.#held || !machine.reading) return;
    if (this.#read === this.#stream.length) return machine.handleEnd();
    const span = machine.receiveSpan();
    check(span.length > 0, "an empty span");
    check(span.buffer.byteLength <= 4 * this.#read + READ_BLOCK_BYTES, "memory for what was only announced");
    const most = this.#random.nextInt(3) === 0 ? span.length : 1 + this.#random.nextInt(span.length);
    const count = Math.min(most, this.#stream.length - this.#read);
    span.set(this.#stream.subarray(this.#read, this.#read + count));
    this.#read += count;
    machine.handleReceived(count);
  }

  #resume(): void {
    this.#held = false;
    this.#deliver();
    this.#machine.resumeReading();
  }

  #drain(): void {
    const machine = this.#machine;
    for (;;) {
      const count = machine.pollTransmit(this.#span);
      if (count > 0) {
        check(this.#lent === 0, "lent twice");
        this.#lent = count;
      }
      const at = machine.pollTimeout();
      check(!Number.isNaN(at), "no time");
      const event = machine.pollEvent();
      if (event === undefined) return;
      if (event === StreamEvent.Closed) return this.#finish();
      if (event === StreamEvent.PeerAnnounced) this.#answer();
      if (event === StreamEvent.Frames) this.#frames();
    }
  }

  #answer(): void {
    if (this.#random.nextInt(10) === 0) this.#machine.abort(12, "local");
    else this.#machine.acceptPeer();
  }

  #frames(): void {
    if (this.#random.nextInt(6) !== 0) return this.#deliver();
    this.#held = true;
    this.#machine.holdReading();
  }

  /** Takes the frames of an event, mostly all of them, and compares each with the stream. */
  #deliver(): void {
    const { frames } = this.#machine;
    const most = this.#random.nextInt(10) === 0 ? this.#random.nextInt(3) : Infinity;
    for (let i = 0; i < most && this.#machine.delivering && frames.next(); i++) {
      const unread = this.#counters.at(0, StreamCounter.Unread);
      const [from, to] = this.#expected[this.#delivered + unread] ?? [0, -1];
      check(frames.length === to - from, "another payload");
      for (let j = 0; j < frames.length; j++) {
        check(frames.buffer[frames.offset + j] === this.#stream[from + j], "a changed payload");
      }
      this.#delivered++;
    }
    this.#passedOver += most === Infinity ? 0 : 1;
  }

  /** Brings the case to its end: everything is taken and read, then time passes. */
  #end(): void {
    if (this.#held) {
      this.#resume();
      this.#drain();
    }
    for (let i = 0; i < 2000 && !this.#closed; i++) {
      if (this.#lent > 0) this.#transmitted();
      else if (this.#machine.reading && !this.#held) this.#receive();
      else this.#machine.close();
      this.#drain();
      if (this.#held && !this.#closed) {
        this.#resume();
        this.#drain();
      }
    }
    this.#clock.advance(this.#clock.now + 1e6);
    if (!this.#closed) {
      this.#machine.handleTimeout();
      this.#drain();
    }
    check(this.#closed, "it does not end");
  }

  #finish(): void {
    this.#closed = true;
    check(this.#machine.reason !== undefined, "closed for no reason");
    check(this.#machine.pollTimeout() === Infinity, "a deadline behind the end");
    check(this.#machine.pollEvent() === undefined, "an event behind the end");
    this.#machine.release();
    if (this.#lent > 0) this.#transmitted();
    this.#outbox.shut(SendStatus.Closed);
    this.#outbox.clear();
  }

  #checkCounters(): void {
    const at = (counter: number): number => this.#counters.at(0, counter);
    check(at(StreamCounter.BytesIn) === this.#read, "BytesIn");
    check(at(StreamCounter.BytesOut) === this.#written.length, "BytesOut");
    check(at(StreamCounter.MessagesIn) === this.#delivered, "MessagesIn");
    check(this.#passedOver > 0 || at(StreamCounter.Unread) === 0, "Unread");
    const gone = at(StreamCounter.MessagesOut) + at(StreamCounter.Unsent) + at(StreamCounter.DroppedOldest) +
      at(StreamCounter.Conflated);
    check(gone === this.#queued, `${gone} of ${this.#queued} messages accounted for`);
    this.#checkBytes(at(StreamCounter.DiscardedBytes));
    this.#checkWritten(at(StreamCounter.MessagesOut));
  }

  /** Every byte that was read is of a message, of the handshake, or discarded. */
  #checkBytes(discarded: number): void {
    const messages = this.#delivered + this.#counters.at(0, StreamCounter.Unread);
    let bytes = discarded;
    for (let i = 0; i < messages; i++) {
      bytes += 4 + this.#limits.prefixBytes + this.#expected[i]![1] - this.#expected[i]![0];
    }
    const hello = this.#read - bytes;
    check(hello === 0 || (this.#shakes && hello === handshakeBytes(this.#stream)), `${hello} bytes are nowhere`);
  }

  /** What went out is whole frames in order, and one at the end that may be cut. */
  #checkWritten(messages: number): void {
    const start = this.#shakes ? Math.min(this.#written.length, 4 + handshakeLength(this.#written)) : 0;
    const { payloads, fault } = parseInt32(Uint8Array.from(this.#written.slice(start)), this.#limits);
    check(fault === undefined, "a frame that breaks the rules went out");
    check(payloads.length === messages, `${messages} messages written, ${payloads.length} found`);
  }
}

function handshakeLength(written: readonly number[]): number {
  return written[0] ?? 0;
}

/** How many bytes the first frame of a stream takes, when it is a frame at all. */
function handshakeBytes(stream: Uint8Array): number {
  if (stream.length < 4) return 0;
  const length = new DataView(stream.buffer, stream.byteOffset).getInt32(0, true);
  return length < 0 || length > 127 ? 0 : Math.min(stream.length, 4 + length);
}
