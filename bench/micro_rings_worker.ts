/**
 * The other thread of `micro_rings.ts`: one function for each side of each measurement, so that each is compiled for
 * itself.
 *
 * @module
 */
import { Doorbell } from "../src/ring/doorbell.ts";
import { MpscProducer } from "../src/ring/mpsc_ring.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../src/ring/spsc_records.ts";
import { openWaitStrategy, resolveWaitOptions, type WaitStrategy } from "../src/ring/wait_strategy.ts";
import { ANSWERED, ASKED, BareRing, fillRecord, GO, PAYLOAD_BYTES, PUBLISH_EVERY, READY } from "./micro_rings_bare.ts";

/** What such a worker is started with. */
export interface MicroRingInit {
  /** What it does. */
  readonly role: keyof typeof ROLES;
  /** The ring that it writes, or reads. */
  readonly shared: SharedArrayBuffer;
  /** The ring or the words for its answers. */
  readonly answers: SharedArrayBuffer;
  /** The words of {@linkcode READY} and {@linkcode GO}. */
  readonly start: SharedArrayBuffer;
  /** The doorbell of the main thread. */
  readonly bell: SharedArrayBuffer;
  /** The doorbell of this thread. */
  readonly ownBell: SharedArrayBuffer;
  /** Its number among the producers. */
  readonly owner: number;
  /** Records to write, or questions to answer. */
  readonly count: number;
}

const ROLES = { spscRecords, spscBare, mpscRecords, mpscBare, handoffRecords, handoffBare, wakeRecords, wakeBare };
const KIND = 7;

const scope = self as unknown as { onmessage: (event: MessageEvent<MicroRingInit>) => void };
scope.onmessage = ({ data: init }): void => {
  const start = new Int32Array(init.start);
  Atomics.add(start, READY, 1);
  Atomics.notify(start, READY);
  while (Atomics.load(start, GO) === 0) Atomics.wait(start, GO, 0, 50);
  ROLES[init.role](init);
};

function spscRecords(init: MicroRingInit): void {
  const producer = new SpscRecordProducer(init.shared);
  const waiting = yielding(init);
  const { words } = producer;
  for (let i = 0; i < init.count; i++) {
    let offset = producer.claim(KIND, PAYLOAD_BYTES);
    while (offset < 0) {
      waiting.idle(0);
      offset = producer.claim(KIND, PAYLOAD_BYTES);
    }
    fillRecord(words, offset >> 2, i);
    producer.stage();
    if (i % PUBLISH_EVERY === 0) producer.publish();
  }
  producer.publish();
}

function spscBare(init: MicroRingInit): void {
  const { words, data, mask, slots } = new BareRing(init.shared);
  const waiting = yielding(init);
  let head = 0;
  for (let i = 0; i < init.count; i++) {
    while (i - head === slots) {
      head = Atomics.load(words, BareRing.HEAD);
      if (i - head === slots) waiting.idle(0);
    }
    fillRecord(data, ((i & mask) << 4) + 1, i);
    if (i % PUBLISH_EVERY === 0) Atomics.store(words, BareRing.TAIL, i + 1);
  }
  Atomics.store(words, BareRing.TAIL, init.count);
}

function mpscRecords(init: MicroRingInit): void {
  const producer = new MpscProducer(init.shared, init.owner);
  const waiting = yielding(init);
  const { words } = producer;
  for (let i = 0; i < init.count; i++) {
    let offset = producer.claim(KIND, PAYLOAD_BYTES);
    while (offset < 0) {
      waiting.idle(0);
      offset = producer.claim(KIND, PAYLOAD_BYTES);
    }
    fillRecord(words, offset >> 2, i);
    producer.commit();
  }
}

function mpscBare(init: MicroRingInit): void {
  const { words, data, mask, slots } = new BareRing(init.shared);
  const waiting = yielding(init);
  let head = 0;
  for (let i = 0; i < init.count; i++) {
    const ticket = Atomics.add(words, BareRing.TAIL, 1);
    while (ticket - head >= slots) {
      head = Atomics.load(words, BareRing.HEAD);
      if (ticket - head >= slots) waiting.idle(0);
    }
    const slot = (ticket & mask) << 4;
    fillRecord(data, slot + 1, i);
    data[slot + 14] = init.owner;
    Atomics.store(data, slot, ticket + 1);
  }
}

function handoffRecords(init: MicroRingInit): void {
  const questions = new SpscRecordConsumer(init.shared);
  const answers = new SpscRecordProducer(init.answers);
  for (let i = 0; i < init.count; i++) {
    while (!questions.next());
    const number = questions.words[questions.offset >> 2]!;
    questions.release();
    answers.words[answers.claim(KIND, 4) >> 2] = number;
    answers.commit();
  }
}

function handoffBare(init: MicroRingInit): void {
  const questions = new Int32Array(init.shared);
  const answers = new Int32Array(init.answers);
  for (let i = 1; i <= init.count; i++) {
    while (Atomics.load(questions, ASKED) !== i);
    Atomics.store(answers, ANSWERED, i);
  }
}

function wakeRecords(init: MicroRingInit): void {
  const questions = new SpscRecordConsumer(init.shared);
  const answers = new SpscRecordProducer(init.answers);
  const bell = new Doorbell(init.bell);
  const config = resolveWaitOptions({ wait: "block", spinCount: 0 });
  const waiting = openWaitStrategy(config, { doorbell: new Doorbell(init.ownBell), isMainThread: false });
  for (let i = 0; i < init.count;) {
    let count = 0;
    for (; questions.next(); count++) {
      answers.words[answers.claim(KIND, 4) >> 2] = questions.words[questions.offset >> 2]!;
      answers.commit();
      bell.ring();
    }
    questions.release();
    i += count;
    waiting.idle(count);
  }
}

function wakeBare(init: MicroRingInit): void {
  const questions = new Int32Array(init.shared);
  const answers = new Int32Array(init.answers);
  for (let i = 1; i <= init.count; i++) {
    while (Atomics.load(questions, ASKED) !== i) Atomics.wait(questions, ASKED, i - 1, 50);
    Atomics.store(answers, ANSWERED, i);
    Atomics.notify(answers, ANSWERED);
  }
}

/** The way to wait of all who measure rates, so that they differ in nothing but their rings. */
function yielding(init: MicroRingInit): WaitStrategy {
  const config = resolveWaitOptions({ wait: "yield" });
  return openWaitStrategy(config, { doorbell: new Doorbell(init.ownBell), isMainThread: false });
}
