/**
 * Cases that follow from a seed: two ends of a link whose streams are cut, delayed, changed, repeated and broken, with a
 * clock that jumps; sealed or not, and then with records that a peer with the key made up.
 *
 * What must hold: nothing throws; every message arrives at most once, unchanged and in order; what was sealed and changed
 * is never delivered; the drain ends; both ends are over in the end; queues keep their bounds.
 *
 * @module
 */
import type { LinkOptions } from "../../src/bus/link/link_options.ts";
import { LinkState } from "../../src/bus/link/node_link_machine.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { type LinkEnd, LinkPair } from "../unit/bus/link/link_pair.ts";

const MAX_QUEUED_BYTES = 8192;
const MAX_MESSAGE_BYTES = 5000;

/** Runs one case; throws when an invariant is broken. */
export class BusLinkFuzz {
  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    new Case(new SeededRandom(seed)).run();
  }
}

class Case {
  readonly #random: SeededRandom;
  readonly #isSealed: boolean;
  readonly #pair: LinkPair;
  /** Bytes on their way from either end. */
  readonly #flying = new Map<LinkEnd, number[]>();
  readonly #sent = new Map<LinkEnd, number>();
  #isHostile = false;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#isSealed = random.nextInt(3) > 0;
    const link: LinkOptions = {
      maxQueuedBytes: MAX_QUEUED_BYTES,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      queuePolicy: (["wait", "dropNewest", "dropOldest", "disconnect"] as const)[random.nextInt(4)]!,
      compressFromBytes: [0, 300, Infinity][random.nextInt(3)]!,
      rekeyAfterBatches: 2 + random.nextInt(20),
    };
    const keys = random.nextInt(20) === 0 ? ["other"] : ["mesh"];
    this.#pair = new LinkPair({ keys, seed: random.nextInt(1e6) }, { seed: random.nextInt(1e6) }, {
      isSealed: this.#isSealed,
      link,
    });
    for (const end of this.#ends) {
      this.#flying.set(end, []);
      this.#sent.set(end, 0);
    }
  }

  get #ends(): readonly LinkEnd[] {
    return [this.#pair.left, this.#pair.right];
  }

  run(): void {
    for (const end of this.#ends) end.drain();
    const steps = 20 + this.#random.nextInt(80);
    for (let i = 0; i < steps; i++) this.#step(this.#ends[this.#random.nextInt(2)]!);
    for (const end of this.#ends) {
      end.takes = Infinity;
      end.machine.close();
      end.drain();
    }
    this.#pair.pass(1e6);
    for (const end of this.#ends) {
      check(end.machine.state === LinkState.Closed, "a link that does not end");
      check(end.machine.pollTimeout() === Infinity, "a deadline behind the end");
    }
  }

  #step(end: LinkEnd): void {
    const draw = this.#random.nextInt(24);
    if (draw < 9) this.#carry(end);
    else if (draw < 16) this.#offer(end);
    else if (draw < 18) end.takes = this.#random.nextInt(3) === 0 ? this.#random.nextInt(500) : Infinity;
    else if (draw < 20) this.#pair.pass(this.#random.nextInt(this.#random.nextInt(8) === 0 ? 20_000 : 300));
    else if (draw === 20) this.#spoil(end);
    else if (draw === 21 && this.#random.nextInt(8) === 0) end.machine.handleLinkLost("broken");
    else if (draw === 22 && this.#random.nextInt(8) === 0) end.machine.close();
    else if (draw === 23 && this.#random.nextInt(8) === 0 && end.machine.reading) end.machine.handleEnd();
    for (const one of this.#ends) {
      one.drain();
      this.#flying.get(one)!.push(...one.written());
      check(one.queue.queuedBytes <= MAX_QUEUED_BYTES, "a queue beyond its bound");
      this.#checkReceived(one);
    }
  }

  #carry(from: LinkEnd): void {
    const flying = this.#flying.get(from)!;
    const to = this.#ends.find((one) => one !== from)!;
    const bytes = Uint8Array.from(
      flying.splice(0, 1 + this.#random.nextInt(this.#random.nextInt(2) === 0 ? 40 : 9000)),
    );
    if (to.machine.reading) to.receive(bytes);
  }

  /** Changes, repeats or invents bytes on their way. */
  #spoil(from: LinkEnd): void {
    const flying = this.#flying.get(from)!;
    if (this.#random.nextInt(3) > 0) return;
    this.#isHostile = true;
    const at = this.#random.nextInt(flying.length + 1);
    const draw = this.#random.nextInt(4);
    if (draw === 0 && at < flying.length) flying[at]! ^= 1 << this.#random.nextInt(8);
    else if (draw === 1) flying.splice(at, this.#random.nextInt(40));
    else if (draw === 2) flying.splice(at, 0, ...flying.slice(0, 100));
    else {
      const made = Array.from({ length: this.#random.nextInt(60) }, () => this.#random.nextInt(256));
      flying.splice(at, 0, this.#random.nextInt(8), this.#random.nextInt(3), made.length, 0, ...made);
    }
  }

  #offer(end: LinkEnd): void {
    for (let count = this.#random.nextInt(12); count > 0; count--) {
      const long = this.#random.nextInt(8) === 0;
      const bytes = new Uint8Array(8 + this.#random.nextInt(long ? MAX_MESSAGE_BYTES : 200));
      const number = this.#sent.get(end)! + 1;
      this.#sent.set(end, number);
      bytes.fill(number);
      new DataView(bytes.buffer).setUint32(0, number);
      new DataView(bytes.buffer).setUint32(4, bytes.length);
      end.offer(bytes);
    }
  }

  /** What arrived is what the other end sent, in order and once; made-up records of open links are nobody's fault. */
  #checkReceived(end: LinkEnd): void {
    if (this.#isHostile && !this.#isSealed) return;
    let last = this.#last.get(end) ?? 0;
    for (const bytes of end.received.splice(0)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      check(bytes.length >= 8 && view.getUint32(4) === bytes.length, "a message that nobody sent");
      check(bytes.subarray(8).every((byte) => byte === (view.getUint32(0) & 255)), "a message that changed");
      check(view.getUint32(0) > last, "a message out of order, or twice");
      last = view.getUint32(0);
    }
    this.#last.set(end, last);
  }

  readonly #last = new Map<LinkEnd, number>();
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
