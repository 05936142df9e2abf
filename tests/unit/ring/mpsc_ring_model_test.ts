/**
 * The MPSC ring against a list of claims and positions that never wrap, over seeded lists of operations.
 *
 * The model knows exactly when a claim must fit, where it must lie, and what the consumer must see and skip.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { createMpscRing, MpscConsumer, MpscProducer } from "../../../src/ring/mpsc_ring.ts";

const CAPACITY = 128; // units of 8 bytes
const MAX_PAYLOAD = CAPACITY * 4 - 8;
const OWNERS = 4;
const RUNS = 70;
const OPERATIONS = 250;

interface Claim {
  readonly owner: number;
  readonly kind: number;
  readonly payload: readonly number[];
  /** How long it is, in units. */
  readonly length: number;
  state: "open" | "committed" | "padding" | "gone";
}

/** What the ring must do. */
class Model {
  tail: number;
  head: number;
  position: number;
  skipped = 0;
  refused = 0;
  isHolding = false;
  /** What is claimed at and behind the position. */
  readonly claims: Claim[] = [];

  constructor(start: number) {
    this.tail = this.head = this.position = start;
  }

  /** The payload's offset in bytes, or -1. */
  claim(owner: number, kind: number, payload: readonly number[]): number {
    const length = Math.ceil((payload.length + 8) / 8);
    const room = CAPACITY - (this.tail % CAPACITY);
    const padding = length <= room ? 0 : room;
    if (this.tail + padding + length - this.head > CAPACITY) {
      this.refused++;
      return -1;
    }
    if (padding > 0) this.claims.push({ owner: -1, kind: 0, payload: [], length: padding, state: "padding" });
    this.claims.push({ owner, kind, payload, length, state: "open" });
    this.tail += padding + length;
    return ((this.tail - length) % CAPACITY) * 8 + 8;
  }

  openClaim(owner: number): Claim | undefined {
    return this.claims.find((claim) => claim.owner === owner && claim.state === "open");
  }

  next(): Claim | undefined {
    for (;;) {
      if (this.position - this.head >= CAPACITY / 4) {
        if (this.isHolding) return undefined;
        this.release();
      }
      const claim = this.claims[0];
      if (claim === undefined || claim.state === "open") return undefined;
      this.claims.shift();
      this.position += claim.length;
      if (claim.state === "gone") this.skipped++;
      if (claim.state !== "committed") continue;
      this.isHolding = true;
      return claim;
    }
  }

  release(): void {
    this.head = this.position;
    this.isHolding = false;
  }
}

/** One ring, its ends and its model. */
class Run {
  readonly #random: SeededRandom;
  readonly #model: Model;
  readonly #shared: SharedArrayBuffer;
  readonly #consumer: MpscConsumer;
  readonly #producers: (MpscProducer | undefined)[];
  readonly #eagerness: number;
  #kind = 0;

  constructor(random: SeededRandom, start: number) {
    this.#random = random;
    this.#model = new Model(start);
    this.#shared = createMpscRing(CAPACITY * 8, OWNERS, start);
    this.#consumer = new MpscConsumer(this.#shared);
    this.#producers = Array.from({ length: OWNERS }, (_, owner) => new MpscProducer(this.#shared, owner));
    this.#eagerness = 3 + random.nextInt(5);
  }

  /** Plays all operations; returns how many claims were tried. */
  play(): number {
    for (let i = 0; i < OPERATIONS; i++) {
      if (this.#random.nextInt(10) < this.#eagerness) this.#producerStep(this.#random.nextInt(OWNERS));
      else this.#consumerStep();
      const { skippedCount } = this.#consumer;
      assertEquals([skippedCount, this.#consumer.refusedCount()], [this.#model.skipped, this.#model.refused]);
      assertEquals(this.#consumer.isEmpty(), this.#model.position === this.#model.tail);
    }
    return this.#kind;
  }

  #producerStep(owner: number): void {
    const producer = this.#producers[owner];
    if (producer === undefined) return this.#revive(owner);
    const open = this.#model.openClaim(owner);
    const die = this.#random.nextInt(12) === 0;
    if (open !== undefined && die) {
      open.state = "gone";
    } else if (open !== undefined) {
      open.state = this.#random.nextInt(5) === 0 ? "padding" : "committed";
      if (open.state === "padding") producer.abort();
      else producer.commit();
    } else if (!die) {
      return this.#claim(producer, owner);
    }
    if (!die) return;
    this.#consumer.skipOwner(owner);
    this.#producers[owner] = undefined;
  }

  #claim(producer: MpscProducer, owner: number): void {
    const payload = Array.from({ length: this.#pickLength() }, () => this.#random.nextInt(256));
    const kind = ++this.#kind;
    const offset = producer.claim(kind, payload.length);
    assertEquals(offset, this.#model.claim(owner, kind, payload), `claim of ${payload.length}`);
    if (offset >= 0) producer.data.set(payload, offset);
  }

  /** Puts a new producer in the place of a dead one, as soon as the consumer has passed its claim. */
  #revive(owner: number): void {
    const isPassed = !this.#model.claims.some((claim) => claim.owner === owner && claim.state === "gone");
    if (isPassed && !this.#consumer.isOwnerTaken(owner)) this.#producers[owner] = new MpscProducer(this.#shared, owner);
  }

  #consumerStep(): void {
    if (this.#random.nextInt(4) === 0) {
      this.#consumer.release();
      return this.#model.release();
    }
    const claim = this.#model.next();
    assertEquals(this.#consumer.next(), claim !== undefined);
    if (claim === undefined) return;
    const { kind, owner, offset, length } = this.#consumer;
    assertEquals([kind, owner, length], [claim.kind, claim.owner, claim.payload.length]);
    assertEquals([...this.#consumer.data.subarray(offset, offset + length)], claim.payload);
  }

  /** Lengths that reach every edge: small, the largest, the exact rest of the region, and one unit more or less. */
  #pickLength(): number {
    const room = (CAPACITY - (this.#model.tail % CAPACITY)) * 8;
    const free = (CAPACITY - (this.#model.tail - this.#model.head)) * 8;
    const random = this.#random;
    const edges = [room - 8, room, room - 16, free - 8, free, random.nextInt(16), random.nextInt(200), MAX_PAYLOAD];
    return Math.min(Math.max(edges[random.nextInt(edges.length)]!, 0), MAX_PAYLOAD);
  }
}

for (
  const { name, before } of [
    { name: "from all offsets", before: 2 * CAPACITY },
    { name: "across 2^31", before: 2 ** 31 },
    { name: "across 2^32", before: 2 ** 32 },
  ]
) {
  Deno.test(`MpscProducer and MpscConsumer do what the model does ${name}`, () => {
    let claims = 0;
    for (let i = 0; i < RUNS; i++) {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      try {
        claims += new Run(new SeededRandom(seed), before - (seed % (2 * CAPACITY))).play();
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
    assert(claims > 20 * RUNS, `only ${claims} claims were tried`);
  });
}
