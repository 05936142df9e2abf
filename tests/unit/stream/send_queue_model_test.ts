/**
 * The send queue against a plain array of messages, over seeded lists of operations.
 *
 * The model knows what must be accepted, which bytes must be lent, which message a drop or a lost link takes, how many
 * bytes are queued and what has passed after each step. Two kinds of queue: with borrowed payloads, and with drops of
 * the oldest.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { SendQueue } from "../../../src/stream/send_queue.ts";
import { frameOf, joined } from "./int32_stream.ts";
import { spyingPool } from "./spying_pool.ts";

const RUNS = 300;
const OPERATIONS = 200;
const MAX_BYTES = 600;
const CLASSES = [64, 128, 512];

interface Message {
  readonly frame: Uint8Array;
  readonly position: number;
  sent: number;
}

class Pair {
  readonly spy = spyingPool(CLASSES);
  readonly queue = new SendQueue(INT32_FRAMING, this.spy.pool, MAX_BYTES);
  readonly span = new TransmitSpan();
  readonly random: SeededRandom;
  readonly borrows: boolean;
  messages: Message[] = [];
  accepted = 0;
  /** The most bytes that were taken at a time: an empty queue takes anything. */
  largest = 0;
  passed = 0;
  /** Bytes at the front that are lent, or of which a part was written. */
  pinned = 0;
  started = false;
  lent: Uint8Array | undefined;
  whole = 0;
  counted = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.borrows = this.random.nextInt(2) === 0;
  }

  get queued(): number {
    return this.messages.reduce((sum, { frame, sent }) => sum + frame.length - sent, 0);
  }

  payload(most = 90): Uint8Array {
    const large = this.random.nextInt(12) === 0 ? 700 : most;
    const payload = new Uint8Array(this.random.nextInt(large));
    this.random.fillSecret(payload);
    return payload;
  }

  fits(size: number): boolean {
    return this.queued === 0 || this.queued + size <= MAX_BYTES;
  }

  expect(frames: readonly Uint8Array[], taken: boolean): void {
    const size = frames.reduce((sum, { length }) => sum + length, 0);
    assertEquals(taken, this.fits(size));
    if (!taken) return;
    this.largest = Math.max(this.largest, size);
    for (const frame of frames) {
      this.accepted += frame.length;
      this.messages.push({ frame, position: this.accepted, sent: 0 });
    }
  }

  append(): void {
    const payload = this.payload();
    const taken = this.queue.append(payload);
    const frame = frameOf(payload);
    payload.fill(0xaa);
    this.expect([frame], taken);
  }

  reserve(): void {
    const payload = this.payload();
    const at = this.queue.reserve(payload.length);
    if (at >= 0) this.queue.reserved.set(payload, at);
    this.expect([frameOf(payload)], at >= 0);
  }

  frames(): void {
    const frames = Array.from({ length: 1 + this.random.nextInt(4) }, () => frameOf(this.payload(30)));
    const all = joined([new Uint8Array(3), ...frames, new Uint8Array(2)]);
    this.expect(frames, this.queue.appendFrames(all, 3, all.length - 5, frames.length));
  }

  borrowedFrames(): void {
    const frames = Array.from({ length: 1 + this.random.nextInt(4) }, () => frameOf(this.payload(30)));
    const position = this.queue.appendBorrowedFrames(joined(frames), frames.length);
    this.expect(frames, position >= 0);
    if (position >= 0) assertEquals(position, this.accepted);
  }

  owned(): void {
    const frame = frameOf(this.payload());
    this.expect([frame], this.queue.appendOwned(frame.slice()));
  }

  reference(): void {
    if (!this.borrows) return;
    const payload = joined([this.payload(), Uint8Array.of(1)]);
    const position = this.queue.appendReference(payload);
    this.expect([frameOf(payload)], position >= 0);
    if (position >= 0) assertEquals(position, this.accepted);
  }

  lend(): void {
    const count = this.queue.lend(this.span);
    if (this.lent !== undefined) return assertEquals(count, 0);
    const expected = joined(this.messages.map(({ frame, sent }) => frame.subarray(sent)));
    assertEquals(count > 0, expected.length > 0);
    if (count === 0) return;
    assertEquals(this.span.bytes(), expected.subarray(0, count));
    this.lent = this.span.bytes().slice();
    this.pinned = count;
  }

  confirm(): void {
    if (this.lent === undefined) return;
    assertEquals(this.span.bytes(), this.lent, "lent bytes have changed");
    const count = this.random.nextInt(3) === 0 ? this.lent.length : this.random.nextInt(this.lent.length + 1);
    this.lent = undefined;
    this.queue.confirm(count);
    this.started ||= count > 0;
    this.pinned -= count;
    if (this.pinned === 0) this.started = false;
    for (let left = count; left > 0;) {
      const head = this.messages[0]!;
      const part = Math.min(left, head.frame.length - head.sent);
      head.sent += part;
      left -= part;
      if (head.sent === head.frame.length) {
        this.messages.shift();
        this.whole++;
      }
    }
  }

  dropOldest(): void {
    if (this.borrows) return;
    const safe = this.lent !== undefined || this.started ? this.pinned : 0;
    let at = 0;
    const victim = this.messages.findIndex(({ frame, sent }) => {
      at += frame.length - sent;
      return at > safe;
    });
    assertEquals(this.queue.dropOldest(), victim >= 0);
    if (victim >= 0) this.messages.splice(victim, 1);
  }

  restart(): void {
    const head = this.messages[0];
    const cut = head !== undefined && head.sent > 0;
    assertEquals(this.queue.restart(), cut ? 1 : 0);
    this.lent = undefined;
    this.pinned = 0;
    this.started = false;
    if (!cut) return;
    this.messages.shift();
  }

  clear(): void {
    const written = this.lent === undefined ? undefined : this.span.buffer;
    assertEquals(this.queue.clear(), this.messages.length);
    this.messages = [];
    this.pinned = 0;
    this.started = false;
    this.lent = undefined;
    // Whoever still writes from the lent block keeps it: it must not be handed to another connection.
    for (const block of this.spy.out) assert(block === written);
    (this.spy.out as Set<Uint8Array>).clear();
  }

  check(): void {
    const { queue } = this;
    assertEquals(queue.queuedBytes, this.queued);
    assertEquals(queue.acceptedBytes, this.accepted);
    // Borrowed memory is the caller's again at its position: that must not come before its last byte has gone.
    assert(queue.passedBytes >= this.passed);
    this.passed = queue.passedBytes;
    for (const { position } of this.messages) assert(this.passed < position);
    if (this.queued === 0) assertEquals(this.passed, this.accepted);
    assertEquals(queue.lending, this.lent !== undefined);
    assert(this.queued <= Math.max(MAX_BYTES, this.largest));
    this.counted += queue.takeSentMessages();
    assert(this.counted <= this.whole);
    if (this.queued === 0) assertEquals(this.counted, this.whole);
  }

  step(): void {
    const { random } = this;
    const copies = [this.append, this.append, this.append, this.reserve, this.frames];
    const operations = [...copies, this.owned, this.reference, this.borrowedFrames];
    const others = [this.lend, this.lend, this.confirm, this.confirm, this.dropOldest];
    const rare = [this.restart, this.clear];
    const all = random.nextInt(40) === 0 ? rare : random.nextInt(2) === 0 ? operations : others;
    all[random.nextInt(all.length)]!.call(this);
  }
}

Deno.test("SendQueue does what an array of messages does, under every operation, and gives each block back once", () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const pair = new Pair(seed);
    try {
      for (let i = 0; i < OPERATIONS; i++) {
        pair.step();
        pair.check();
      }
      pair.clear();
      pair.check();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
