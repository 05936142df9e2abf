/**
 * Fetches lists of interest that are too long for gossip, part by part, from the member itself or, when it is silent,
 * from anybody.
 *
 * Invariant: at most 8 lists at once, each with at most `maxInterestBytes` of memory, which grows with what came.
 *
 *     part: node id 16 | boot 8 | version 4 | part 2 | parts 2 | list bytes up to 1000
 *
 * @module
 */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { DatagramAddress } from "../../wire/datagram_address.ts";
import { INTEREST_PART_BYTES, MessageKind } from "./gossip_wire.ts";
import type { Member } from "./member.ts";
import { drawMembers, type MemberContext, TimerSlot } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import type { MemberRules } from "./member_rules.ts";
import { sameBytes } from "./node_identity.ts";
import type { Sender } from "./sender_table.ts";

const MAX_FETCHES = 8;
const RETRY_MS = 300;
const MAX_TRIES = 6;
const AGAIN_MS = 1000;

interface Fetch {
  readonly member: Member;
  version: number;
  readonly parts: Uint8Array[];
  bytes: number;
  tries: number;
}

/** Fetches lists. */
export class InterestFetch {
  readonly #context: MemberContext;
  readonly #rules: MemberRules;
  readonly #fetches: (Fetch | undefined)[] = new Array(MAX_FETCHES).fill(undefined);
  readonly #reader = new ByteReader(new Uint8Array(0));

  /**
   * Makes one that has nothing to fetch.
   *
   * @param context The shared parts.
   * @param rules Who takes whole lists.
   */
  constructor(context: MemberContext, rules: MemberRules) {
    this.#context = context;
    this.#rules = rules;
  }

  /** Looks for lists that were announced and did not come. */
  handleScan(): void {
    const { table, timers, time } = this.#context;
    let isMore = false;
    for (const member of table.present) {
      if (member.announcedInterest <= member.interestVersion) continue;
      if (this.#fetches.some((fetch) => fetch?.member === member)) continue;
      const slot = this.#fetches.indexOf(undefined);
      isMore = true;
      if (slot < 0) break;
      this.#fetches[slot] = { member, version: 0, parts: [], bytes: 0, tries: 0 };
      this.#ask(slot);
    }
    if (isMore) timers.set(TimerSlot.FetchScan, time.now + AGAIN_MS);
  }

  /**
   * A part did not come in time.
   *
   * @param slot Which fetch.
   */
  handleRetry(slot: number): void {
    const fetch = this.#fetches[slot];
    if (fetch === undefined) return;
    const { isPresent, announcedInterest, interestVersion } = fetch.member;
    if (!isPresent || announcedInterest <= interestVersion || ++fetch.tries >= MAX_TRIES) this.#end(slot);
    else this.#ask(slot);
  }

  /**
   * Somebody asks for a part.
   *
   * @param sender Who.
   * @param to Where the part goes, which is proven.
   * @param reader Stands behind the message's kind.
   */
  handlePull(sender: Sender, to: DatagramAddress, reader: ByteReader): void {
    const node = reader.readBytes(16);
    const version = reader.readUint32();
    const part = reader.readUint16();
    if (reader.failed) return;
    const { self, table, outbox } = this.#context;
    const member = sameBytes(node, 0, self.member.nodeBytes, 0, 16) ? self.member : table.find(node, 0);
    if (member === undefined || member.interestVersion < version || member.interestVersion === 0) return;
    const list = member.interestBytes;
    const parts = Math.max(1, Math.ceil(list.length / INTEREST_PART_BYTES));
    // Of a newer list the asker needs the beginning first.
    const index = part < parts ? part : 0;
    const slice = list.subarray(index * INTEREST_PART_BYTES, (index + 1) * INTEREST_PART_BYTES);
    const bytes = new Uint8Array(32 + slice.length);
    const writer = new ByteWriter(bytes);
    writer.writeBytes(member.nodeBytes);
    writer.writeBytes(member.bootId.subarray(0, 8));
    writer.writeUint32(member.interestVersion);
    writer.writeUint16(index);
    writer.writeUint16(parts);
    writer.writeBytes(slice);
    outbox.push({ kind: MessageKind.InterestPart, to, bootId: sender.bootId, bytes });
  }

  /**
   * A part came.
   *
   * @param body The memory.
   * @param at Where the part starts.
   * @param end Where it ends.
   */
  handlePart(body: Uint8Array, at: number, end: number): void {
    const reader = this.#reader;
    reader.reset(body, at, end);
    const node = reader.readBytes(16);
    const boot = reader.readBytes(8);
    const version = reader.readUint32();
    const part = reader.readUint16();
    const parts = reader.readUint16();
    if (reader.failed) return;
    const slot = this.#fetches.findIndex((fetch) =>
      fetch !== undefined && sameBytes(fetch.member.nodeBytes, 0, node, 0, 16) &&
      sameBytes(fetch.member.bootId, 0, boot, 0, 8)
    );
    const fetch = this.#fetches[slot];
    if (fetch === undefined || version <= fetch.member.interestVersion) return;
    if (version !== fetch.version) {
      if (version < fetch.version || part !== 0) return;
      fetch.version = version;
      fetch.parts.length = 0;
      fetch.bytes = 0;
    }
    if (part !== fetch.parts.length) return;
    const bytes = reader.readBytes(reader.remaining).slice();
    fetch.parts.push(bytes);
    fetch.bytes += bytes.length;
    fetch.tries = 0;
    this.#context.counters.add(0, MemberCounter.InterestParts, 1);
    if (fetch.bytes > this.#context.config.maxInterestBytes) this.#refuse(slot, fetch);
    else if (fetch.parts.length >= parts) this.#finish(slot, fetch);
    else this.#ask(slot);
  }

  #ask(slot: number): void {
    const { outbox, timers, time } = this.#context;
    const fetch = this.#fetches[slot]!;
    const { member, tries, parts } = fetch;
    const source = tries % 2 === 0 ? member : drawMembers(this.#context, 1)[0] ?? member;
    const { gossipAddress: to, bootId } = source;
    const version = Math.max(fetch.version, member.announcedInterest);
    const common = { kind: MessageKind.InterestPull, to, bootId, bytes: member.nodeBytes };
    outbox.push({ ...common, b: version, c: parts.length });
    timers.set(TimerSlot.FirstFetch + slot, time.now + RETRY_MS);
  }

  #finish(slot: number, { member, version, parts, bytes }: Fetch): void {
    const list = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      list.set(part, at);
      at += part.length;
    }
    this.#end(slot);
    this.#rules.adoptInterest(member, version, list);
  }

  #refuse(slot: number, { member, version }: Fetch): void {
    this.#end(slot);
    member.interestVersion = version;
    this.#context.counters.add(0, MemberCounter.InterestRefused, 1);
  }

  #end(slot: number): void {
    this.#fetches[slot] = undefined;
    const { timers, time } = this.#context;
    timers.clear(TimerSlot.FirstFetch + slot);
    timers.set(TimerSlot.FetchScan, time.now);
  }
}
