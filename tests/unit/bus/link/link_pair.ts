/**
 * Two machines of a link and the streams between them, in virtual time: every test says what happens to the bytes.
 *
 * @module
 */
import { Lz4Table } from "../../../../src/codec/lz4_table.ts";
import { decideLink, LinkVerdict } from "../../../../src/bus/link/link_choice.ts";
import { LinkCloseCode } from "../../../../src/bus/link/link_close_code.ts";
import { LINK_COUNTER_NAMES, type LinkCounter } from "../../../../src/bus/link/link_counters.ts";
import { LinkEvent } from "../../../../src/bus/link/link_event.ts";
import { linkPsk } from "../../../../src/bus/link/link_key.ts";
import { type LinkOptions, resolveLinkOptions } from "../../../../src/bus/link/link_options.ts";
import { LinkQueue } from "../../../../src/bus/link/link_queue.ts";
import { LinkDials } from "../../../../src/bus/link/link_setup.ts";
import { LinkState, NodeLinkMachine } from "../../../../src/bus/link/node_link_machine.ts";
import { ChaCha20Poly1305 } from "../../../../src/crypto/chacha20_poly1305.ts";
import { sha256 } from "../../../../src/crypto/kdf.ts";
import type { KeyExchange, KeyPair } from "../../../../src/crypto/key_exchange.ts";
import { TransmitSpan } from "../../../../src/machine/transmit_span.ts";
import { CounterTable } from "../../../../src/metric/counter_table.ts";
import type { RandomSource } from "../../../../src/random/random_source.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

/** Agreement without curves: quick, and good enough where nobody listens. */
class QuickKeyExchange implements KeyExchange {
  readonly name = "quick";

  keyPair(random: RandomSource): KeyPair {
    const privateKey = new Uint8Array(32);
    random.fillSecret(privateKey);
    return { publicKey: sha256(privateKey), privateKey };
  }

  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    const own = sha256(privateKey);
    return sha256(own.map((byte, i) => byte ^ publicKey[i]!));
  }
}

/** What one end differs in. */
export interface EndOptions {
  readonly id?: number;
  readonly boot?: number;
  readonly keys?: readonly string[];
  readonly cluster?: string;
  readonly clusterKey?: string;
  readonly wanted?: number;
  readonly isSealed?: boolean;
  readonly link?: LinkOptions;
  readonly dials?: LinkDials;
  readonly clock?: ClockCell;
  readonly seed?: number;
  /** Left to the test where it is false. */
  readonly admits?: boolean;
}

const aead = new ChaCha20Poly1305();
const lz4 = new Lz4Table();

/** 16 bytes that follow from a number. */
export function idOf(n: number): Uint8Array {
  return new Uint8Array(16).fill(n);
}

/** One end: its machine, its queue, and what happened. */
export class LinkEnd {
  readonly machine: NodeLinkMachine;
  readonly queue: LinkQueue;
  readonly counters: CounterTable = new CounterTable(LINK_COUNTER_NAMES, 1);
  readonly events: LinkEvent[] = [];
  readonly received: Uint8Array[] = [];
  /** What it wrote and nobody read yet. */
  readonly wire: Uint8Array[] = [];
  hasEnded = false;
  /** How many bytes the stream still takes; what is beyond stays lent. */
  takes: number = Infinity;
  readonly #admits: boolean;
  readonly #span = new TransmitSpan();
  #isLent = false;
  #pending: Uint8Array | undefined = undefined;

  constructor(isDialer: boolean, options: EndOptions = {}) {
    const o = options;
    const config = resolveLinkOptions(o.link);
    const id = idOf(o.id ?? (isDialer ? 1 : 2));
    const key = o.clusterKey;
    this.#admits = o.admits ?? true;
    this.queue = new LinkQueue({ config, counters: this.counters, slot: 0 });
    this.machine = new NodeLinkMachine({
      config,
      clock: o.clock ?? new ClockCell(),
      random: new SeededRandom(o.seed ?? (isDialer ? 100 : 200)),
      keyExchange: new QuickKeyExchange(),
      aead,
      lz4,
      counters: this.counters,
      slot: 0,
      psks: (o.keys ?? ["mesh"]).map((name) => linkPsk(new TextEncoder().encode(name.padEnd(16, "-")))),
      isSealed: o.isSealed ?? true,
      self: {
        nodeId: id,
        bootId: idOf(o.boot ?? 9),
        cluster: o.cluster ?? "",
        clusterKey: key === undefined ? undefined : new TextEncoder().encode(key),
      },
      dials: o.dials ?? new LinkDials(),
      dial: isDialer ? { nodeId: o.wanted === undefined ? undefined : idOf(o.wanted) } : undefined,
    });
  }

  count(counter: (typeof LinkCounter)[keyof typeof LinkCounter]): number {
    return this.counters.at(0, counter);
  }

  get isOpen(): boolean {
    return this.machine.state === LinkState.Open;
  }

  get closeCode(): LinkCloseCode | undefined {
    return this.machine.state === LinkState.Closed ? this.machine.reason?.code : undefined;
  }

  /** Offers a message to the queue. */
  offer(payload: Uint8Array): number {
    return this.queue.offer(payload, 0, payload.length);
  }

  /** Works the machine until nothing is left. */
  drain(): void {
    const { machine } = this;
    do {
      this.#push();
      machine.pollTimeout();
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) this.#note(event);
    } while (!machine.drained);
  }

  /** Writes what is due, as far as the stream takes it. */
  #push(): void {
    const { machine } = this;
    for (;;) {
      const length = machine.pollTransmit(this.#isLent ? new TransmitSpan() : this.#span);
      if (this.#isLent && length > 0) throw new Error("Bytes are lent twice");
      if (length === 0 && !this.#isLent) return;
      this.#isLent = true;
      if (this.takes === 0) return;
      const { buffer, offset } = this.#span;
      const count = Math.min(this.#span.length, this.takes);
      this.takes -= count;
      this.wire.push(buffer.slice(offset, offset + count));
      this.#isLent = false;
      machine.handleTransmitted(count);
    }
  }

  /** Takes the memory of the read that is pending, or of a new one. */
  lend(): Uint8Array {
    const span = this.#pending ?? this.machine.receiveSpan();
    this.#pending = undefined;
    return span;
  }

  /** Brings bytes, in pieces as the machine has room; a read is always pending, as that of a driver is. */
  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.machine.state !== LinkState.Closed;) {
      const span = this.lend();
      const count = Math.min(span.length, bytes.length - at);
      span.set(bytes.subarray(at, at + count));
      at += count;
      this.machine.handleReceived(count);
      this.drain();
      if (this.#admits && this.machine.reading) this.#pending = this.machine.receiveSpan();
    }
  }

  /** Takes what was written as one piece. */
  written(): Uint8Array {
    const bytes = new Uint8Array(this.wire.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.wire) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.wire.length = 0;
    return bytes;
  }

  #note(event: LinkEvent): void {
    const { machine } = this;
    this.events.push(event);
    if (event === LinkEvent.Greeted && this.#admits) machine.admit(this.queue);
    if (event === LinkEvent.EndWrite) this.hasEnded = true;
    if (event === LinkEvent.Closed) this.hasEnded = true;
    if (event !== LinkEvent.Messages) return;
    while (machine.nextMessage()) {
      const { messageBuffer, messageOffset, messageLength } = machine;
      this.received.push(messageBuffer.slice(messageOffset, messageOffset + messageLength));
    }
  }
}

/** A dialler and the end that it dials. */
export class LinkPair {
  readonly clock = new ClockCell();
  readonly left: LinkEnd;
  readonly right: LinkEnd;
  /** What is done to each piece on its way. */
  change: (bytes: Uint8Array, from: LinkEnd) => Uint8Array = (bytes) => bytes;
  #ended = new Set<LinkEnd>();

  constructor(left: EndOptions = {}, right: EndOptions = {}, common: EndOptions = {}) {
    this.left = new LinkEnd(true, { clock: this.clock, ...common, ...left });
    this.right = new LinkEnd(false, { clock: this.clock, ...common, ...right });
  }

  /** Carries bytes both ways until all is quiet. */
  run(): void {
    const { left, right } = this;
    left.drain();
    right.drain();
    for (let moved = true; moved;) {
      moved = false;
      for (const [from, to] of [[left, right], [right, left]] as const) {
        if (from.wire.length > 0) {
          moved = true;
          to.receive(this.change(from.written(), from));
        }
        if (from.hasEnded && !this.#ended.has(from)) {
          this.#ended.add(from);
          moved = true;
          if (to.machine.reading) {
            to.machine.handleEnd();
            to.drain();
          }
        }
        from.drain();
      }
    }
  }

  /** Lets time pass and works what is due. */
  pass(ms: number): void {
    this.clock.advance(this.clock.now + ms);
    for (const end of [this.left, this.right]) {
      end.machine.handleTimeout();
      end.drain();
    }
  }
}

/** Does what the verdict says, as a runtime does; returns the link that stays. */
export function settle(selfId: number, present: LinkEnd | undefined, newcomer: LinkEnd, queue: LinkQueue): LinkEnd {
  const selfText = selfId.toString(16).padStart(2, "0").repeat(16);
  const verdict = decideLink(selfText, present?.machine, newcomer.machine);
  if (verdict === LinkVerdict.Refuse) {
    newcomer.machine.refuse(LinkCloseCode.Superseded);
    return present!;
  }
  if (verdict === LinkVerdict.Replace) present!.machine.abort(LinkCloseCode.Superseded);
  newcomer.machine.admit(queue);
  return newcomer;
}
