/**
 * What a statement changes: the order of SWIM (4.2) with Lifeguard's suspicion, and what holds for two boots of one node.
 *
 * Of one node the higher incarnation wins, whichever boot it is of; at the same incarnation left and failed beat suspected
 * beat alive. A boot that left never comes back. Invariant: nothing changes by a statement that is not newer, so that
 * repeated and overtaken datagrams do no harm, and a member that is lost comes back only by a word of its own.
 *
 * @module
 */
import { ByteReader } from "../../bytes/byte_reader.ts";
import type { DatagramAddress } from "../../wire/datagram_address.ts";
import { MemberState } from "./bus_member.ts";
import { MAX_INCARNATION, MessageKind, StatementKind } from "./gossip_wire.ts";
import { decodeInterest } from "./interest_list.ts";
import { Member } from "./member.ts";
import { MemberCounter } from "./member_counters.ts";
import { drawBelow, type MemberContext, TimerSlot } from "./member_context.ts";
import { MemberEvent } from "./member_event.ts";
import {
  decodeRecord,
  RECORD_BOOT_AT,
  RECORD_HEAD_BYTES,
  RECORD_INCARNATION_AT,
  type RecordFields,
} from "./member_record.ts";
import { hexOf, idKey, sameBytes } from "./node_identity.ts";

const CONFIRMATIONS = 3;
const FETCH_GRACE_MS = 250;
/** How often and how fast a suspected member is asked at the end of its time: its refutation may have been lost. */
const ASKS = 3;
const ASK_EVERY_MS = 200;

/** Applies statements. */
export class MemberRules {
  /** What the last datagram's sender must hear: it has an id that another boot holds. */
  contradiction: Member | undefined = undefined;
  /** Another boot that says it is this node, and where it is; taken by whoever looks whether it lives. */
  rival: { readonly bootId: Uint8Array; readonly address: DatagramAddress } | undefined = undefined;
  /** The other boot whose word as this node came last. */
  claimant: Uint8Array | undefined = undefined;
  /** Whether the last datagram's sender believes something of this node that was refuted. */
  mustAssert = false;
  readonly #context: MemberContext;
  readonly #reader = new ByteReader(new Uint8Array(0));
  /** Members to be probed in the order in which they came. */
  readonly newcomers: Member[] = [];

  /**
   * Makes the rules of one machine.
   *
   * @param context The shared parts.
   */
  constructor(context: MemberContext) {
    this.#context = context;
  }

  /**
   * Applies all statements up to the end of a body.
   *
   * @param reader Stands before the first.
   * @param body The memory that it reads.
   * @param isPage Whether they are old knowledge: a member that failed for others is first suspected here.
   */
  apply(reader: ByteReader, body: Uint8Array, isPage: boolean): void {
    while (reader.remaining > 0) {
      const kind = reader.readUint8();
      if (kind === StatementKind.End) return;
      if (kind === StatementKind.Alive) this.#takeRecord(reader, body);
      else if (kind === StatementKind.Interest) this.#takeInterest(reader);
      else if (kind <= StatementKind.Left) this.#takeVerdict(kind, reader, isPage);
      else return this.#malformed();
      if (reader.failed) return this.#malformed();
    }
  }

  /**
   * This node had no answer from a member.
   *
   * @param member The member.
   */
  suspectOwn(member: Member): void {
    if (member.isPresent) this.#suspect(member, this.#context.self.member.nodeBytes);
  }

  /**
   * The time of a suspected member is nearly over: it is asked directly, and counts as failed when nothing comes.
   *
   * @param slot Its slot.
   */
  handleSuspicionTimeout(slot: number): void {
    const { table, self, timers, time, health, outbox } = this.#context;
    const member = table.at(slot);
    if (member?.state !== MemberState.Suspect) return;
    if (member.asksLeft === 0) {
      if (member.heardAt < member.askedAt) return this.#lose(member, MemberState.Failed, self.member.nodeBytes);
      // It speaks, only its refutation did not come: it gets another time.
      member.suspectedAt = time.now;
      member.suspecters.length = 1;
      member.asksLeft = ASKS;
      return this.#setDeadline(member);
    }
    if (member.asksLeft === ASKS) member.askedAt = time.now;
    member.asksLeft--;
    const { gossipAddress: to, bootId } = member;
    outbox.push({ kind: MessageKind.Ping, to, bootId, about: member });
    timers.set(TimerSlot.FirstMember + slot, time.now + health.stretch(ASK_EVERY_MS));
  }

  /**
   * Puts a list of interest in force.
   *
   * @param member Whose.
   * @param version Its version.
   * @param bytes The list; kept.
   */
  adoptInterest(member: Member, version: number, bytes: Uint8Array): void {
    const lists = decodeInterest(bytes);
    member.interestVersion = version;
    if (lists === undefined) {
      this.#context.counters.add(0, MemberCounter.InterestRefused, 1);
      return;
    }
    member.interestBytes = bytes;
    this.#context.news.pushInterest(member);
    if (!member.isPresent) return;
    this.#context.index.replace(member, lists);
    this.#context.events.push(MemberEvent.InterestChanged, member);
  }

  /** Forgets those that were lost long ago. */
  reap(): void {
    const { table, time, config } = this.#context;
    for (const member of [...table.lost]) {
      if (time.now - member.diedAt >= config.deadRetentionMs) this.#forget(member);
    }
  }

  #malformed(): void {
    this.#context.counters.add(0, MemberCounter.Malformed, 1);
  }

  #stale(): void {
    this.#context.counters.add(0, MemberCounter.Stale, 1);
  }

  #takeRecord(reader: ByteReader, body: Uint8Array): void {
    const length = reader.readUint16();
    const at = reader.offset;
    reader.skip(length);
    if (reader.failed || length < RECORD_HEAD_BYTES) return this.#malformed();
    const { self, table } = this.#context;
    const incarnation = uint32At(body, at + RECORD_INCARNATION_AT);
    if (sameBytes(body, at, self.member.nodeBytes, 0, 16)) return this.#takeOwn(body, at, length, incarnation);
    const member = table.find(body, at);
    if (member !== undefined) {
      const known = member.bootBytesKnown;
      const isSameBoot = sameBytes(body, at + RECORD_BOOT_AT, member.bootId, 0, known);
      if (incarnation <= member.incarnation || (isSameBoot && member.state === MemberState.Left)) {
        if (!isSameBoot) this.contradiction = member;
        return this.#stale();
      }
    }
    this.#reader.reset(body, at, at + length);
    const fields = decodeRecord(this.#reader);
    if (fields === undefined) return this.#malformed();
    const record = body.slice(at, at + length);
    const isSame = member !== undefined && member.bootBytesKnown === 16 &&
      sameBytes(member.bootId, 0, fields.bootId, 0, 16);
    if (isSame) this.#update(member!, fields, record);
    else this.#add(member, fields, record);
  }

  /** Somebody passes on what this node said, or what another boot says that has its id. */
  #takeOwn(body: Uint8Array, at: number, length: number, incarnation: number): void {
    const { self } = this.#context;
    const own = self.member;
    if (sameBytes(body, at + RECORD_BOOT_AT, own.bootId, 0, 16)) {
      const isOther = incarnation === own.incarnation && self.isAddressed &&
        !(length === own.record.length && sameBytes(body, at, own.record, 0, length));
      if (incarnation > own.incarnation || isOther) self.renew(incarnation);
      return;
    }
    this.claimant = body.slice(at + RECORD_BOOT_AT, at + RECORD_BOOT_AT + 16);
    if (incarnation < own.incarnation) return this.#stale();
    this.#reader.reset(body, at, at + length);
    const fields = decodeRecord(this.#reader);
    if (fields === undefined) return this.#malformed();
    self.renew(incarnation);
    this.rival = { bootId: fields.bootId, address: fields.gossipAddress };
  }

  #takeVerdict(kind: number, reader: ByteReader, isPage: boolean): void {
    const node = reader.readBytes(16);
    const boot = reader.readBytes(8);
    const incarnation = reader.readUint32();
    const accuser = reader.readBytes(16);
    if (reader.failed || incarnation > MAX_INCARNATION) return this.#malformed();
    const { self, table } = this.#context;
    if (sameBytes(node, 0, self.member.nodeBytes, 0, 16)) return this.#refute(incarnation, boot);
    const member = table.find(node, 0);
    if (member === undefined) {
      if (kind !== StatementKind.Suspect) this.#bury(kind, node, boot, incarnation, accuser);
      return;
    }
    if (!sameBytes(boot, 0, member.bootId, 0, 8) || incarnation < member.incarnation) return this.#stale();
    if (!member.isPresent) {
      member.incarnation = incarnation;
      if (kind === StatementKind.Left) member.state = MemberState.Left;
      return;
    }
    member.incarnation = incarnation;
    if (kind === StatementKind.Left) this.#lose(member, MemberState.Left, accuser);
    else if (kind === StatementKind.Failed && !isPage) this.#lose(member, MemberState.Failed, accuser);
    else this.#suspect(member, accuser);
  }

  #refute(incarnation: number, boot: Uint8Array): void {
    const { self, health, counters } = this.#context;
    if (incarnation < self.member.incarnation || self.isLeaving) {
      this.mustAssert = !self.isLeaving;
      return this.#stale();
    }
    self.renew(incarnation);
    this.mustAssert = true;
    if (!sameBytes(boot, 0, self.member.bootId, 0, 8)) return;
    counters.add(0, MemberCounter.Refutations, 1);
    health.change(1);
  }

  /** Remembers a node that was never seen alive here, so that nothing old shows it alive. */
  #bury(kind: number, node: Uint8Array, boot: Uint8Array, incarnation: number, accuser: Uint8Array): void {
    const { table, time } = this.#context;
    if (!table.hasRoomFor(node) || table.oldestLost() !== undefined) return;
    const member = new Member(node, boot);
    member.incarnation = incarnation;
    member.state = kind === StatementKind.Left ? MemberState.Left : MemberState.Failed;
    member.accuser = accuser.slice();
    member.diedAt = time.now;
    table.add(member);
  }

  #takeInterest(reader: ByteReader): void {
    const node = reader.readBytes(16);
    const boot = reader.readBytes(8);
    const version = reader.readUint32();
    const list = reader.readBytes(reader.readUint16());
    if (reader.failed) return this.#malformed();
    const member = this.#context.table.find(node, 0);
    if (member === undefined || !sameBytes(boot, 0, member.bootId, 0, 8) || version <= member.interestVersion) {
      return this.#stale();
    }
    this.adoptInterest(member, version, list.slice());
  }

  #add(former: Member | undefined, fields: RecordFields, record: Uint8Array): void {
    const { table, events, senders, counters, random } = this.#context;
    if (former !== undefined) {
      if (former.isPresent) this.#lose(former, MemberState.Failed, former.nodeBytes);
      this.#forget(former);
    } else if (!table.hasRoomFor(fields.nodeId)) {
      counters.add(0, MemberCounter.MembersRefused, 1);
      return;
    } else {
      const oldest = table.oldestLost();
      if (oldest !== undefined) this.#forget(oldest);
    }
    const member = new Member(fields.nodeId, fields.bootId);
    this.#describe(member, fields, record);
    table.add(member);
    senders.adopt(member);
    this.newcomers.splice(drawBelow(random, this.newcomers.length + 1), 0, member);
    this.#scale();
    events.push(MemberEvent.Joined, member);
  }

  #update(member: Member, fields: RecordFields, record: Uint8Array): void {
    const { table, events, timers, index } = this.#context;
    const former = member.state;
    const isOther = !sameDescription(member, fields);
    this.#describe(member, fields, record);
    if (former === MemberState.Alive) {
      if (isOther) events.push(MemberEvent.Updated, member);
      return;
    }
    timers.set(TimerSlot.FirstMember + member.slot, Infinity);
    member.suspecters.length = 0;
    table.move(member, MemberState.Alive);
    if (former === MemberState.Suspect) events.push(MemberEvent.AliveAgain, member);
    else {
      this.newcomers.push(member);
      this.#scale();
      index.replace(member, decodeInterest(member.interestBytes));
      events.push(MemberEvent.Joined, member);
    }
    if (isOther && former === MemberState.Suspect) events.push(MemberEvent.Updated, member);
  }

  #describe(member: Member, fields: RecordFields, record: Uint8Array): void {
    const { self, news, timers, time } = this.#context;
    member.record = record;
    member.incarnation = fields.incarnation;
    member.name = fields.name;
    member.gossipAddress.copyFrom(fields.gossipAddress);
    member.linkAddresses = fields.linkAddresses;
    member.hostId = hexOf(fields.hostId);
    member.isSameHost = member.hostId === self.member.hostId;
    member.cluster = fields.cluster;
    member.isSameCluster = self.clusterProof.covers(fields);
    member.metadata = fields.metadata;
    member.announcedInterest = fields.interestVersion;
    news.pushState(member);
    if (member.announcedInterest > member.interestVersion) {
      const { FetchScan } = TimerSlot;
      if (timers.at(FetchScan) === Infinity) timers.set(FetchScan, time.now + FETCH_GRACE_MS);
    }
  }

  #suspect(member: Member, accuser: Uint8Array): void {
    const { table, events, news, time } = this.#context;
    const key = idKey(accuser, 0);
    const { suspecters } = member;
    if (member.state === MemberState.Alive) {
      table.move(member, MemberState.Suspect);
      suspecters.length = 0;
      member.suspectedAt = time.now;
      member.asksLeft = ASKS;
      events.push(MemberEvent.Suspected, member);
    } else if (suspecters.includes(key) || suspecters.length > CONFIRMATIONS) return;
    suspecters.push(key);
    member.accuser = accuser.slice();
    news.pushState(member);
    this.#setDeadline(member);
  }

  /** Lifeguard, LHA-Suspicion: the more suspect it independently, the less time it has. */
  #setDeadline(member: Member): void {
    const { config, table, time, timers } = this.#context;
    if (member.asksLeft < ASKS) return;
    const nodes = table.present.length + 1;
    const confirmable = Math.min(CONFIRMATIONS, nodes - 2);
    const scaled = config.suspicionMult * Math.log10(Math.max(10, nodes)) * config.probeIntervalMs;
    const min = Math.max(config.suspicionMinMs, scaled);
    const max = min * config.suspicionMaxMult;
    const share = confirmable < 1 ? 1 : Math.log(member.suspecters.length) / Math.log(confirmable + 1);
    const deadline = member.suspectedAt + Math.max(min, max - share * (max - min)) -
      ASKS * ASK_EVERY_MS;
    timers.set(TimerSlot.FirstMember + member.slot, Math.max(time.now, deadline));
  }

  #lose(member: Member, state: MemberState, accuser: Uint8Array): void {
    const { table, events, news, time, timers, index } = this.#context;
    table.move(member, state);
    member.diedAt = time.now;
    member.accuser = accuser.slice();
    member.suspecters.length = 0;
    timers.set(TimerSlot.FirstMember + member.slot, Infinity);
    index.replace(member, undefined);
    news.pushState(member);
    this.#scale();
    events.push(state === MemberState.Left ? MemberEvent.Left : MemberEvent.Failed, member);
  }

  #forget(member: Member): void {
    const { table, news, senders } = this.#context;
    news.remove(member);
    senders.remove(member);
    table.remove(member);
  }

  #scale(): void {
    this.#context.news.scaleTo(this.#context.table.present.length + 1);
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

function sameDescription(member: Member, fields: RecordFields): boolean {
  return member.name === fields.name && member.cluster === fields.cluster && member.hostId === hexOf(fields.hostId) &&
    member.gossipAddress.equals(fields.gossipAddress) &&
    member.linkAddresses.length === fields.linkAddresses.length &&
    member.linkAddresses.every((address, i) => address.equals(fields.linkAddresses[i]!)) &&
    member.metadata.length === fields.metadata.length &&
    sameBytes(member.metadata, 0, fields.metadata, 0, fields.metadata.length);
}
