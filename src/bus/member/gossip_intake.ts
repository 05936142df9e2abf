/**
 * What a datagram that opened does: messages to their desks, statements to the rules, strangers to a challenge.
 *
 * Invariant: of a stranger only a hello, the answer to a hello of ours, or a valid cookie counts; an answer to an address
 * that was not shown to receive is not longer than what came from there.
 *
 * @module
 */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import type { AddressCookie } from "./address_cookie.ts";
import { MemberState } from "./bus_member.ts";
import { bodyEnd, type DatagramOpener } from "./datagram_opener.ts";
import { COOKIE_BYTES, COUNTER_AT, HEADER_BYTES, MIN_REQUEST_BYTES } from "./gossip_wire.ts";
import { MessageKind, NONCE_BYTES, SENDER_AT } from "./gossip_wire.ts";
import type { InterestFetch } from "./interest_fetch.ts";
import { type JoinDesk, sameBoot } from "./join_desk.ts";
import type { Member } from "./member.ts";
import type { MemberContext } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import { MemberEvent } from "./member_event.ts";
import { readAddress } from "./member_record.ts";
import type { MemberRules } from "./member_rules.ts";
import type { Prober } from "./prober.ts";
import type { RelayDesk } from "./relay_desk.ts";
import type { Sender } from "./sender_table.ts";
import type { SyncDesk } from "./sync_desk.ts";

const ECHO_EVERY_MS = 100;

/** The desks of one machine. */
export interface MemberDesks {
  readonly opener: DatagramOpener;
  readonly cookies: AddressCookie;
  readonly rules: MemberRules;
  readonly prober: Prober;
  readonly relays: RelayDesk;
  readonly sync: SyncDesk;
  readonly join: JoinDesk;
  readonly fetch: InterestFetch;
}

/** Takes datagrams in. */
export class GossipIntake {
  readonly #context: MemberContext;
  readonly #desks: MemberDesks;
  readonly #reader = new ByteReader(new Uint8Array(0));
  readonly #from = new DatagramAddress();
  #wonAgainst: Uint8Array | undefined = undefined;
  #bytes = 0;

  /**
   * Makes the intake of one machine.
   *
   * @param context The shared parts.
   * @param desks The desks.
   */
  constructor(context: MemberContext, desks: MemberDesks) {
    this.#context = context;
    this.#desks = desks;
  }

  /**
   * Takes a datagram.
   *
   * @param address Where it came from; copied.
   * @param buffer The memory; opened in place.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  take(address: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    const { opener, join, rules } = this.#desks;
    if (!opener.open(buffer, start, end)) return;
    this.#from.copyFrom(address);
    this.#bytes = end - start;
    const reader = this.#reader;
    reader.reset(buffer, start + HEADER_BYTES, bodyEnd(end));
    let kind = reader.readUint8();
    if (opener.isOwn) {
      if (kind === MessageKind.Hello && !opener.isBound) join.takeOwnHello(reader);
      return;
    }
    if (kind === MessageKind.Hello) return this.#takeHello(buffer, start);
    if (!opener.isBound) return this.#ignore();
    if (kind === MessageKind.Challenge) return this.#takeChallenge(buffer, start);
    if (kind === MessageKind.Cookie) {
      this.#takeCookie(buffer, start);
      kind = reader.readUint8();
    }
    const { sender } = opener;
    if (sender === undefined) return this.#challenge(buffer, start, undefined);
    rules.contradiction = undefined;
    rules.claimant = undefined;
    rules.mustAssert = false;
    if (this.#takeMessage(kind, sender, buffer, start, bodyEnd(end))) {
      rules.apply(reader, buffer, kind === MessageKind.Page);
    } else this.#context.counters.add(0, MemberCounter.Malformed, 1);
    this.#contradict(sender);
    if (rules.claimant !== undefined && sameBoot(rules.claimant, sender.bootId)) this.#settle(sender.bootId, undefined);
    this.#lookForRival();
  }

  #takeMessage(kind: number, sender: Sender, buffer: Uint8Array, start: number, end: number): boolean {
    const { prober, relays, sync, fetch } = this.#desks;
    const reader = this.#reader;
    const { member } = sender;
    switch (kind) {
      case MessageKind.Ping:
        this.#answerPing(sender, reader.readUint32());
        return !reader.failed;
      case MessageKind.Ack:
      case MessageKind.RelayedAck:
      case MessageKind.Nack: {
        const sequence = reader.readUint32();
        if (reader.failed) return false;
        if (member === undefined) return true;
        if (kind === MessageKind.Nack) prober.handleNack(sequence, member);
        else if (prober.handleAck(sequence, member, kind === MessageKind.RelayedAck)) this.#prove(sender, member, kind);
        else if (kind === MessageKind.Ack) relays.handleAck(sequence, member);
        return true;
      }
      case MessageKind.PingRequest:
        return this.#takePingRequest(member);
      case MessageKind.Gossip:
        return true;
      case MessageKind.Pull:
        return this.#takePull(sender, buffer, start);
      case MessageKind.Page:
        sync.handlePage(sender, reader);
        return !reader.failed;
      case MessageKind.InterestPull:
        if (!this.#isProven(sender)) this.#challenge(buffer, start, undefined);
        else fetch.handlePull(sender, this.#from, reader);
        return !reader.failed;
      case MessageKind.InterestPart:
        fetch.handlePart(buffer, reader.offset, end);
        reader.skip(reader.remaining);
        return true;
      default:
        return false;
    }
  }

  #answerPing(sender: Sender, sequence: number): void {
    if (this.#reader.failed) return;
    const { outbox, config } = this.#context;
    const maxBytes = this.#isProven(sender) ? config.maxDatagramBytes : Math.max(this.#bytes, HEADER_BYTES + 21);
    const out = { kind: MessageKind.Ack, to: this.#from, bootId: sender.bootId, a: sequence, maxBytes };
    if (this.#bytes >= HEADER_BYTES + 21) outbox.push({ ...out, about: gone(sender.member) });
  }

  #takePingRequest(member: Member | undefined): boolean {
    const reader = this.#reader;
    const sequence = reader.readUint32();
    const node = reader.readBytes(16);
    if (reader.failed) return false;
    const target = this.#context.table.find(node, 0);
    if (member !== undefined && target !== undefined && target.isPresent) {
      this.#desks.relays.begin(member, this.#from, sequence, target);
    }
    return true;
  }

  /** A sync: pages are much longer than the question, hence only to an address that is proven. */
  #takePull(sender: Sender, buffer: Uint8Array, start: number): boolean {
    const reader = this.#reader;
    const { self } = this.#context;
    if (!this.#isProven(sender)) {
      this.#challenge(buffer, start, undefined);
      reader.skip(13);
    } else this.#desks.sync.handlePull(sender, this.#from, reader, gone(sender.member));
    const dialed = readAddress(reader);
    if (reader.failed) return false;
    if (this.#isProven(sender)) self.learnHost(dialed);
    return true;
  }

  #takeHello(buffer: Uint8Array, start: number): void {
    const { opener, join } = this.#desks;
    const nonce = join.takeHello(this.#reader, opener.sender?.member?.isPresent ?? false);
    if (nonce === undefined) return this.#ignore();
    this.#challenge(buffer, start, nonce);
  }

  /** Gives a stranger what it needs to show that it is here; nothing is kept. */
  #challenge(buffer: Uint8Array, start: number, nonce: Uint8Array | undefined): void {
    const { outbox, counters } = this.#context;
    if (this.#bytes < MIN_REQUEST_BYTES) return this.#ignore();
    const boot = start + SENDER_AT;
    const cookie = this.#desks.cookies.make(buffer, boot, this.#from);
    const bytes = new Uint8Array(NONCE_BYTES);
    // Without a hello, the counter of the datagram says what this answers.
    if (nonce !== undefined) bytes.set(nonce);
    else bytes.set(buffer.subarray(start + COUNTER_AT, start + HEADER_BYTES), 2);
    const bootId = buffer.slice(boot, boot + 16);
    outbox.push({ kind: MessageKind.Challenge, to: this.#from, bootId, bytes, cookie });
    counters.add(0, MemberCounter.Challenges, 1);
  }

  #takeChallenge(buffer: Uint8Array, start: number): void {
    const { opener, join, sync, prober } = this.#desks;
    const { self, senders, time, outbox } = this.#context;
    const reader = this.#reader;
    const nonce = reader.readBytes(NONCE_BYTES);
    const cookie = reader.readBytes(COOKIE_BYTES).slice();
    const seen = readAddress(reader);
    if (reader.failed || this.#bytes < MIN_REQUEST_BYTES) {
      return this.#context.counters.add(0, MemberCounter.Malformed, 1);
    }
    const bootId = buffer.slice(start + SENDER_AT, start + SENDER_AT + 16);
    const hello = join.takeAnswer(nonce);
    if (hello?.rival !== undefined) {
      if (sameBoot(hello.rival, bootId)) this.#settle(bootId, cookie);
      return;
    }
    if (hello === undefined && opener.sender === undefined) return this.#ignore();
    self.learnHost(seen);
    const member = opener.sender?.member;
    if (hello !== undefined) {
      if (member?.isPresent) return;
      // Whoever answers from elsewhere first shows that it receives there.
      if (!hello.to.equals(this.#from)) return join.follow(hello, this.#from);
      if (opener.sender === undefined) opener.admit(senders.add(buffer, start + SENDER_AT, undefined, time.now));
      if (opener.sender === undefined) return this.#ignore();
      this.#markProven(opener.sender);
      sync.begin(bootId, this.#from, cookie, true);
      return;
    }
    if (sync.peer !== undefined && sameBoot(sync.peer, bootId)) return sync.prove(cookie);
    if (member === undefined || time.now - member.echoedAt < ECHO_EVERY_MS) return this.#ignore();
    member.echoedAt = time.now;
    const to = this.#isProven(opener.sender!) ? this.#from : member.gossipAddress;
    const common = { to, bootId, cookie, withSelf: true };
    if (prober.target === member) outbox.push({ kind: MessageKind.Ping, ...common, a: prober.sequence });
    else outbox.push({ kind: MessageKind.Gossip, ...common });
  }

  /** A valid cookie shows that its sender speaks now, and from where. */
  #takeCookie(buffer: Uint8Array, start: number): void {
    const { opener, cookies } = this.#desks;
    const { senders, time, counters } = this.#context;
    const cookie = this.#reader.readBytes(COOKIE_BYTES);
    if (this.#reader.failed || !cookies.isValid(cookie, buffer, start + SENDER_AT, this.#from)) {
      return counters.add(0, MemberCounter.CookiesInvalid, 1);
    }
    if (opener.sender === undefined) opener.admit(senders.add(buffer, start + SENDER_AT, undefined, time.now));
    if (opener.sender !== undefined) this.#markProven(opener.sender);
  }

  #prove(sender: Sender, member: Member, kind: number): void {
    if (kind === MessageKind.Ack && this.#from.equals(member.gossipAddress)) this.#markProven(sender);
  }

  #markProven(sender: Sender): void {
    sender.proven.copyFrom(this.#from);
    sender.isProven = true;
  }

  #isProven(sender: Sender): boolean {
    return sender.isProven && sender.proven.equals(this.#from);
  }

  /** Tells a sender what is thought of it here, when that is not what it says. */
  #contradict(sender: Sender): void {
    const { time, outbox, config } = this.#context;
    const member = sender.member;
    const { contradiction, mustAssert: withSelf } = this.#desks.rules;
    const about = contradiction ?? gone(member);
    if (about === undefined && !withSelf || (member !== undefined && time.now - member.echoedAt < ECHO_EVERY_MS)) {
      return;
    }
    if (member !== undefined) member.echoedAt = time.now;
    const maxBytes = this.#isProven(sender) ? config.maxDatagramBytes : this.#bytes;
    if (maxBytes < MIN_REQUEST_BYTES) return;
    outbox.push({ kind: MessageKind.Gossip, to: this.#from, bootId: sender.bootId, about, maxBytes, withSelf });
  }

  #lookForRival(): void {
    const { rules, join } = this.#desks;
    if (rules.rival === undefined) return;
    join.hello(rules.rival.address, rules.rival.bootId);
    rules.rival = undefined;
  }

  /** Another process lives under this node's id: the higher boot id stays. */
  #settle(rival: Uint8Array, cookie: Uint8Array | undefined): void {
    const { self, events, outbox } = this.#context;
    const own = self.member.bootId;
    let at = 0;
    while (at < 15 && own[at] === rival[at]) at++;
    if (own[at]! > rival[at]!) {
      if (this.#wonAgainst !== undefined && sameBoot(this.#wonAgainst, rival)) return;
      this.#wonAgainst = rival;
      events.push(MemberEvent.ConflictWon, self.member);
      return;
    }
    // The last word, so that the other one knows too.
    outbox.clear();
    outbox.push({ kind: MessageKind.Gossip, to: this.#from, bootId: rival, cookie, withSelf: true });
    self.isOut = true;
    events.push(MemberEvent.ConflictLost, self.member);
  }

  #ignore(): void {
    this.#context.counters.add(0, MemberCounter.StrangersIgnored, 1);
  }
}

/** A member of which its own word differs from what is thought here. */
function gone(member: Member | undefined): Member | undefined {
  return member === undefined || member.state === MemberState.Alive ? undefined : member;
}
