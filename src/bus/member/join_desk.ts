/**
 * How nodes that do not know one another meet: hellos to seeds, to lost members and to everyone nearby, and challenges.
 *
 * A hello says nothing and is answered by a challenge, which is not longer and leaves nothing behind; the cookie in it
 * opens a sync. Invariant: a challenge counts only while its hello is remembered, so that its sender speaks now.
 *
 * @module
 */
import type { ByteReader } from "../../bytes/byte_reader.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { HELLO_ANNOUNCED, MessageKind, NONCE_BYTES } from "./gossip_wire.ts";
import { drawBelow, type MemberContext, TimerSlot } from "./member_context.ts";
import { idKey, sameBytes } from "./node_identity.ts";

const MAX_HELLOS = 512;
const HELLO_MS = 10_000;
/** How many of those that hear an announcement are listened to. */
const ANNOUNCED_ANSWERS = 3;
/** How many members of a mesh answer an announcement, on average. */
const ANSWERING = 8;
const COMPANY = 6;

/** A hello that waits for its answers. */
export interface Hello {
  readonly nonce: Uint8Array;
  readonly to: DatagramAddress;
  readonly isAnnounced: boolean;
  /** Whether it follows an answer that came from elsewhere. */
  readonly isFollowing: boolean;
  readonly until: number;
  /** The boot whose life is in question; none where any answer is welcome. */
  readonly rival: Uint8Array | undefined;
  answersLeft: number;
}

/** Finds other nodes. */
export class JoinDesk {
  readonly #context: MemberContext;
  readonly #seeds: DatagramAddress[] = [];
  readonly #hellos: Hello[] = [];
  #nextSeed = 0;

  /**
   * Makes a desk without seeds.
   *
   * @param context The shared parts.
   */
  constructor(context: MemberContext) {
    this.#context = context;
    this.#armReconnect();
    this.#armAnnounce(true);
  }

  /**
   * Adds a seed and says hello to it.
   *
   * @param seed Its address; copied.
   * @returns Whether it is known or found room.
   */
  addSeed(seed: DatagramAddress): boolean {
    if (!this.#seeds.some((known) => known.equals(seed))) {
      if (this.#seeds.length >= this.#context.config.maxSeeds) return false;
      const copy = new DatagramAddress();
      copy.copyFrom(seed);
      this.#seeds.push(copy);
    }
    this.hello(seed, undefined);
    this.#armReconnect();
    return true;
  }

  /** Says hello to everyone nearby. */
  announce(): void {
    this.#send(undefined, ANNOUNCED_ANSWERS, undefined, false);
  }

  /**
   * Says hello to an address.
   *
   * @param to The address.
   * @param rival A boot whose life is in question.
   */
  hello(to: DatagramAddress, rival: Uint8Array | undefined): void {
    this.#send(to, 1, rival, false);
  }

  /**
   * Says hello to the address that an answer came from, which is not the one that was asked.
   *
   * @param hello What was answered.
   * @param from Where the answer came from.
   */
  follow(hello: Hello, from: DatagramAddress): void {
    if (!hello.isFollowing) this.#send(from, 1, undefined, true);
  }

  /** Tries seeds that are not members, and one of the lost; all seeds while this node is alone. */
  handleReconnect(): void {
    const { table, random } = this.#context;
    this.#armReconnect();
    const isAlone = table.present.length === 0;
    for (let i = 0; i < this.#seeds.length; i++) {
      const seed = this.#seeds[this.#nextSeed++ % this.#seeds.length]!;
      if (table.present.some((member) => member.gossipAddress.equals(seed))) continue;
      this.hello(seed, undefined);
      if (!isAlone) break;
    }
    if (table.lost.length === 0) return;
    const lost = table.lost[drawBelow(random, table.lost.length)]!;
    if (lost.record.length > 0) this.hello(lost.gossipAddress, undefined);
  }

  /** The time to announce this node has come. */
  handleAnnounce(): void {
    this.announce();
    this.#armAnnounce(false);
  }

  /**
   * Whether a hello is to be answered.
   *
   * @param reader Stands behind the message's kind.
   * @param isPresent Whether its sender is a member already.
   * @returns The nonce to give back, borrowed; `undefined` for no.
   */
  takeHello(reader: ByteReader, isPresent: boolean): Uint8Array | undefined {
    const nonce = reader.readBytes(NONCE_BYTES);
    const flags = reader.readUint8();
    if (reader.failed) return undefined;
    if ((flags & HELLO_ANNOUNCED) === 0) return nonce;
    const nodes = this.#context.table.present.length + 1;
    if (isPresent || this.#context.random.visibleFraction() * nodes > ANSWERING) return undefined;
    return nonce;
  }

  /**
   * Finds the hello that a challenge answers.
   *
   * @param nonce What it gave back.
   * @returns What the hello was for, `undefined` where there is none.
   */
  takeAnswer(nonce: Uint8Array): Hello | undefined {
    const { now } = this.#context.time;
    const hello = this.#hellos.find((known) => known.until > now && sameBytes(known.nonce, 0, nonce, 0, NONCE_BYTES));
    if (hello === undefined || hello.answersLeft <= 0) return undefined;
    hello.answersLeft--;
    return hello;
  }

  /**
   * A hello came back to its sender: that seed is this node.
   *
   * @param reader Stands behind the message's kind.
   */
  takeOwnHello(reader: ByteReader): void {
    const nonce = reader.readBytes(NONCE_BYTES);
    const hello = this.#hellos.find((known) => sameBytes(known.nonce, 0, nonce, 0, NONCE_BYTES));
    if (reader.failed || hello === undefined || hello.isAnnounced) return;
    const at = this.#seeds.findIndex((seed) => seed.equals(hello.to));
    if (at >= 0) this.#seeds.splice(at, 1);
  }

  #send(
    to: DatagramAddress | undefined,
    answersLeft: number,
    rival: Uint8Array | undefined,
    isFollowing: boolean,
  ): void {
    const { outbox, random, time } = this.#context;
    const nonce = new Uint8Array(NONCE_BYTES);
    random.fillSecret(nonce);
    const copy = new DatagramAddress();
    if (to !== undefined) copy.copyFrom(to);
    if (this.#hellos.length >= MAX_HELLOS) this.#hellos.shift();
    while (this.#hellos.length > 0 && this.#hellos[0]!.until <= time.now) this.#hellos.shift();
    const until = time.now + HELLO_MS;
    this.#hellos.push({ nonce, to: copy, isAnnounced: to === undefined, isFollowing, until, rival, answersLeft });
    const common = { kind: MessageKind.Hello, bytes: nonce };
    outbox.push(to === undefined ? { ...common, a: HELLO_ANNOUNCED } : { ...common, to, a: 0 });
  }

  #armReconnect(): void {
    const { timers, time, config, random, table } = this.#context;
    const every = table.present.length === 0 ? config.reconnectIntervalMs / 10 : config.reconnectIntervalMs;
    timers.set(TimerSlot.Reconnect, time.now + every * (0.75 + random.visibleFraction() / 2));
  }

  #armAnnounce(isFirst: boolean): void {
    const { timers, time, config, random, table } = this.#context;
    if (config.announceIntervalMs === 0) return;
    const every = config.announceIntervalMs * (table.present.length === 0 ? 1 : COMPANY);
    timers.set(TimerSlot.Announce, isFirst ? time.now : time.now + every * (0.75 + random.visibleFraction() / 2));
  }
}

/** Whether two boots are the same. */
export function sameBoot(a: Uint8Array, b: Uint8Array): boolean {
  return idKey(a, 0) === idKey(b, 0) && sameBytes(a, 0, b, 0, 16);
}
