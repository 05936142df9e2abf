/**
 * The receiving side of a connection's channels: puts fragments together, drops what was there before, keeps order where
 * that is promised, and hands messages out.
 *
 * Invariants: in every class a message is handed out at most once; a message that waits for an earlier one of its channel
 * holds back nothing of another channel; memory is bounded by the credit that was given (reliable) and by limits whose
 * drops are counted (unreliable); nothing is allocated for a size that was only announced.
 * Why: it is long because the classes share their parts, and what one of them promises is to be read in one place.
 *
 * @module
 */
import {
  ChannelFrameType,
  CONNECTION,
  CREDIT_FRAME_BYTES,
  encodeCredit,
  encodeRecovered,
  GRAIN_BYTES,
  MAX_GROUP_PARITIES,
  RECOVERED_OVERHEAD_BYTES,
} from "../wire/channel_frame.ts";
import type { ChannelFrameReader } from "../wire/channel_frame_reader.ts";
import { type ChannelContext, copyBytes } from "./channel_context.ts";
import { ChannelCounter } from "./channel_counters.ts";
import { INITIAL_CONNECTION_CREDIT, MESSAGE_COST, ReceiveCredit } from "./credit.ts";
import { grainsOf } from "./grain_set.ts";
import { Seen } from "./id_window.ts";
import { InChannel, MAX_RECOVERED } from "./in_channel.ts";
import type { InMessage } from "./in_message.ts";
import { ID_WINDOW } from "./out_channel.ts";
import { SentKind } from "./out_message.ts";
import type { PacketNotes } from "./packet_notes.ts";
import { PartialMessages } from "./partial_messages.ts";
import { IdState } from "./receive_window.ts";
import { UnreadMessages } from "./unread_messages.ts";

/** A message handed to the application; one record serves many. */
export interface DeliveredMessage {
  /** The channel. */
  channel: number;
  /** The memory, lent until the next poll; the message starts at index 0. */
  buffer: Uint8Array;
  /** How many bytes the message has. */
  length: number;
  /** What to give to `handleConsumed` when the application is done with the message; 0 on unreliable channels. */
  credit: number;
}

/** The receiving side. */
export class ChannelReceiver {
  /** The channels that were used, by number. */
  readonly channels: (InChannel | undefined)[] = [];
  /** The incomplete messages of unreliable channels. */
  readonly partials: PartialMessages = new PartialMessages();
  /** Whether credit or recovered frames are to be told. */
  isDue = false;
  /** How many messages of reliable channels are incomplete or wait for earlier ones. */
  waiting = 0;
  /** What the peer may send on all reliable channels. */
  readonly credit: ReceiveCredit;
  /** The connection's slot. */
  slot: number;
  readonly #context: ChannelContext;
  readonly #reliable: UnreadMessages = new UnreadMessages();
  readonly #unreliable: UnreadMessages = new UnreadMessages();
  #lent: InMessage | undefined = undefined;
  #tookReliable = false;

  /**
   * Makes a side that nothing came to.
   *
   * @param context What all connections share.
   * @param slot The connection's slot.
   */
  constructor(context: ChannelContext, slot: number) {
    this.#context = context;
    this.slot = slot;
    this.credit = new ReceiveCredit(INITIAL_CONNECTION_CREDIT, context.config.windowBytes);
  }

  /**
   * Forgets all channels, of which nothing waits, and serves another connection.
   *
   * @param slot The connection's slot.
   */
  clear(slot: number): void {
    this.slot = slot;
    this.channels.length = 0;
    this.credit.reset(INITIAL_CONNECTION_CREDIT);
    this.#tookReliable = false;
  }

  /** Whether no message is incomplete, waits or is lent. */
  get isIdle(): boolean {
    return this.waiting === 0 && this.partials.count === 0 && !this.hasUnread && this.#lent === undefined;
  }

  /** Whether the memory of a message is lent. */
  get isLent(): boolean {
    return this.#lent !== undefined;
  }

  /** Whether a message waits for the application. */
  get hasUnread(): boolean {
    return this.#reliable.head !== undefined || this.#unreliable.head !== undefined;
  }

  /** How many bytes of unreliable messages wait for the application. */
  get unreadBytes(): number {
    return this.#unreliable.bytes;
  }

  /** How much of the connection's credit is held: what came and was not consumed. */
  get heldCredit(): number {
    return this.credit.held;
  }

  /**
   * Adds to a counter.
   *
   * @param counter Which.
   * @param n How much.
   */
  count(counter: ChannelCounter, n: number): void {
    this.#context.counters.add(this.slot, counter, n);
  }

  /**
   * A channel.
   *
   * @param number Any number.
   * @returns The channel, made on first use; `undefined`: there is none of this number.
   */
  channel(number: number): InChannel | undefined {
    const channel = this.channels[number];
    if (channel !== undefined) return channel;
    const config = this.#context.config.channels[number];
    if (config === undefined) return undefined;
    while (this.channels.length <= number) this.channels.push(undefined);
    return this.channels[number] = new InChannel(config, this.#context.firstId);
  }

  /**
   * Takes a message or a fragment.
   *
   * @param c Its channel.
   * @param r The frame.
   * @param buffer The memory that the frame is in; copied from.
   * @returns False when it breaks a rule.
   */
  handleMessage(c: InChannel, r: ChannelFrameReader, buffer: Uint8Array): boolean {
    if (r.total > this.#context.config.maxMessageBytes) return false;
    return c.config.isReliable ? this.#takeReliable(c, r, buffer) : this.#takeUnreliable(c, r, buffer);
  }

  /**
   * Takes word that a message will not be completed.
   *
   * @param c Its channel.
   * @param r The frame.
   * @returns False when it breaks a rule.
   */
  handleSkip(c: InChannel, r: ChannelFrameReader): boolean {
    const { window } = c;
    if (window === undefined || r.total > this.#context.config.maxMessageBytes) return false;
    const ahead = window.ahead(r.id);
    if (ahead < 0) return true;
    if (ahead >= ID_WINDOW) return false;
    const state = window.state(r.id);
    if (state === IdState.Complete || state === IdState.Settled) return true;
    const cost = r.total + MESSAGE_COST;
    if (state === IdState.Missing && !this.#charge(c, cost)) return false;
    if (state === IdState.Partial) {
      const message = window.message(r.id);
      if (message.total !== r.total) return false;
      this.waiting--;
      this.#context.giveArrival(message);
    }
    this.count(ChannelCounter.SkippedIn, 1);
    this.handleConsumed(c.config.number, cost);
    this.#settle(c, r.id, ahead);
    return true;
  }

  /**
   * Credit is told again, because the peer asks or because the last word was lost.
   *
   * @param number The channel, or `CONNECTION`.
   */
  tellAgain(number: number): void {
    const credit = number === CONNECTION ? this.credit : this.channel(number)?.credit;
    if (credit === undefined) return;
    credit.isDue = true;
    this.isDue = true;
  }

  /**
   * Notes that a frame was recovered.
   *
   * @param c The channel.
   * @param group Its group.
   * @param index Its place there.
   */
  noteRecovered(c: InChannel, group: number, index: number): void {
    this.count(ChannelCounter.Recovered, 1);
    if (c.recovered.length === 0) c.recovered = new Int32Array(MAX_RECOVERED);
    if (c.recoveredCount === MAX_RECOVERED) return;
    c.recovered[c.recoveredCount++] = (group << 8) | index;
    this.isDue = true;
  }

  /**
   * The application is done with messages.
   *
   * @param number The channel.
   * @param credit The credit of these messages.
   */
  handleConsumed(number: number, credit: number): void {
    const account = this.channels[number]?.credit;
    if (account === undefined) return;
    account.consume(credit);
    this.credit.consume(credit);
    this.isDue ||= account.isDue || this.credit.isDue;
  }

  /**
   * Hands a message out.
   *
   * @param record Overwritten, unless there is none.
   * @returns Whether there was one.
   */
  pollMessage(record: DeliveredMessage): boolean {
    if (this.#lent !== undefined) {
      this.#context.giveArrival(this.#lent);
      this.#lent = undefined;
    }
    // In turn, so that neither kind starves the other where the application reads slowly.
    const isReliable = this.#unreliable.head === undefined ||
      this.#reliable.head !== undefined && !this.#tookReliable;
    const queue = isReliable ? this.#reliable : this.#unreliable;
    if (queue.head === undefined) return false;
    this.#tookReliable = isReliable;
    const message = queue.shift(MESSAGE_COST);
    if (!isReliable) this.#forgetUnread(message);
    this.#lent = message;
    this.count(ChannelCounter.MessagesIn, 1);
    record.channel = message.channel;
    record.buffer = message.block;
    record.length = message.total;
    record.credit = message.cost;
    return true;
  }

  /**
   * Writes what is to be told.
   *
   * @param into The packet.
   * @param at Where the next frame goes.
   * @param end Where the last one must end.
   * @param notes Where credits are noted.
   * @returns The index after the last one.
   */
  writeOwed(into: Uint8Array, at: number, end: number, notes: PacketNotes): number {
    if (!this.isDue) return at;
    let position = at;
    let isDue = false;
    for (const c of this.channels) {
      if (c === undefined) continue;
      position = writeRecovered(c, into, position, end);
      isDue ||= c.recoveredCount > 0;
      if (c.credit === undefined || !c.credit.isDue) continue;
      position = writeCredit(c.credit, c.config.number, into, position, end, notes);
      isDue ||= c.credit.isDue;
    }
    if (this.credit.isDue) position = writeCredit(this.credit, CONNECTION, into, position, end, notes);
    this.isDue = isDue || this.credit.isDue;
    return position;
  }

  /** Drops incomplete messages whose time is over. */
  handleTimeout(): void {
    const { config, clock } = this.#context;
    for (let m = this.partials.head; m !== undefined; m = this.partials.head) {
      if (m.since[0]! + config.reassemblyTimeoutMs > clock.now) return;
      this.#evict(m, ChannelCounter.ReassemblyExpired);
    }
  }

  /** Throws all messages away. */
  close(): void {
    for (const queue of [this.#reliable, this.#unreliable]) {
      while (queue.head !== undefined) this.#context.giveArrival(queue.shift(MESSAGE_COST));
    }
    for (let m = this.partials.head; m !== undefined; m = this.partials.head) {
      this.partials.remove(m);
      this.#context.giveArrival(m);
    }
    for (const c of this.channels) c?.window?.takeAll((message) => this.#context.giveArrival(message));
    if (this.#lent !== undefined) this.#context.giveArrival(this.#lent);
    this.#lent = undefined;
    this.channels.length = this.waiting = 0;
    this.isDue = false;
  }

  #takeReliable(c: InChannel, r: ChannelFrameReader, buffer: Uint8Array): boolean {
    const window = c.window!;
    const ahead = window.ahead(r.id);
    if (ahead >= ID_WINDOW) return false;
    const state = ahead < 0 ? IdState.Settled : window.state(r.id);
    if (state === IdState.Settled || state === IdState.Complete) {
      this.count(ChannelCounter.Duplicates, 1);
      return true;
    }
    let message: InMessage;
    if (state === IdState.Partial) {
      message = window.message(r.id);
      if (message.total !== r.total) return false;
    } else {
      const cost = r.total + MESSAGE_COST;
      if (!this.#charge(c, cost)) return false;
      message = this.#begin(c, r);
      message.cost = cost;
      this.waiting++;
    }
    if (!this.#fill(message, r, buffer)) {
      if (state === IdState.Missing) window.set(r.id, IdState.Partial, message);
      return true;
    }
    if (c.config.isOrdered && ahead > 0) {
      window.set(r.id, IdState.Complete, message);
      return true;
    }
    this.#deliverReliable(message);
    this.#settle(c, r.id, ahead);
    return true;
  }

  /** Whether the peer has credit for another message. */
  #charge(c: InChannel, cost: number): boolean {
    if (!c.credit!.receive(cost) || !this.credit.receive(cost)) return false;
    this.isDue ||= c.credit!.isDue || this.credit.isDue;
    return true;
  }

  /** An id is settled: what waited for it is delivered. */
  #settle(c: InChannel, id: number, ahead: number): void {
    const window = c.window!;
    if (ahead > 0) return window.set(id, IdState.Settled, undefined);
    window.step();
    for (;;) {
      const state = window.state(window.low);
      if (state === IdState.Complete) this.#deliverReliable(window.message(window.low));
      else if (state !== IdState.Settled) return;
      window.step();
    }
  }

  #deliverReliable(message: InMessage): void {
    this.waiting--;
    this.#reliable.push(message, message.total + MESSAGE_COST);
  }

  #takeUnreliable(c: InChannel, r: ChannelFrameReader, buffer: Uint8Array): boolean {
    const { config, seen } = c;
    const look = seen === undefined ? ((r.id - c.deliveredId) | 0) > 0 ? Seen.New : Seen.TooOld : seen.look(r.id);
    if (look !== Seen.New) {
      this.count(look === Seen.Seen ? ChannelCounter.Duplicates : ChannelCounter.Stale, 1);
      return true;
    }
    let message = this.partials.count === 0 ? undefined : this.partials.find(config.number, r.id);
    if (message !== undefined && message.total !== r.total) return false;
    if (message === undefined) {
      message = this.#begin(c, r);
      message.cost = 0;
      if (r.type === ChannelFrameType.Fragment) {
        this.#makeRoom(r.total);
        this.partials.add(message);
      }
    } else if (r.type === ChannelFrameType.Message) this.partials.remove(message);
    if (!this.#fill(message, r, buffer)) return true;
    if (r.type === ChannelFrameType.Fragment) this.partials.remove(message);
    seen?.mark(r.id);
    this.#deliverUnreliable(c, message);
    return true;
  }

  #deliverUnreliable(c: InChannel, message: InMessage): void {
    if (c.config.isSequenced) {
      c.deliveredId = message.id;
      this.#dropOlder(c.config.number, message.id);
      if (c.unread !== undefined) return this.#replace(c.unread, message);
      c.unread = message;
    }
    const queue = this.#unreliable;
    queue.push(message, message.total + MESSAGE_COST);
    const limit = this.#context.config.maxUnreadBytes;
    while (queue.bytes > limit && queue.head !== message) {
      const oldest = queue.shift(MESSAGE_COST);
      this.#forgetUnread(oldest);
      this.count(ChannelCounter.UnreadDropped, 1);
      this.#context.giveArrival(oldest);
    }
  }

  /** Puts a newer sequenced message in the place of one that nobody has read. */
  #replace(old: InMessage, message: InMessage): void {
    this.count(ChannelCounter.ReplacedIn, 1);
    this.#unreliable.bytes += message.total - old.total;
    const { block } = old;
    old.block = message.block;
    old.total = message.total;
    old.id = message.id;
    message.block = block;
    this.#context.giveArrival(message);
  }

  #forgetUnread(message: InMessage): void {
    const c = this.channels[message.channel]!;
    if (c.unread === message) c.unread = undefined;
  }

  /** Drops the incomplete messages of a sequenced channel that are older than the newest. */
  #dropOlder(number: number, id: number): void {
    for (let m = this.partials.head; m !== undefined;) {
      const { next } = m;
      if (m.channel === number && ((m.id - id) | 0) < 0) this.#evict(m, ChannelCounter.ReplacedIn);
      m = next;
    }
  }

  #makeRoom(total: number): void {
    const { maxReassemblyBytes, maxReassemblyMessages } = this.#context.config;
    const { partials } = this;
    while (partials.count >= maxReassemblyMessages || partials.bytes + total > maxReassemblyBytes) {
      this.#evict(partials.head!, ChannelCounter.ReassemblyEvicted);
    }
  }

  #evict(message: InMessage, counter: ChannelCounter): void {
    this.partials.remove(message);
    this.channels[message.channel]!.seen?.mark(message.id);
    this.count(counter, 1);
    this.#context.giveArrival(message);
  }

  #begin(c: InChannel, r: ChannelFrameReader): InMessage {
    const message = this.#context.takeArrival();
    message.channel = c.config.number;
    message.id = r.id;
    message.total = r.total;
    message.since[0] = this.#context.clock.now;
    return message;
  }

  /** Copies what a frame brings; returns whether the message is complete. */
  #fill(message: InMessage, r: ChannelFrameReader, buffer: Uint8Array): boolean {
    if (r.type === ChannelFrameType.Fragment) {
      if (message.missing === 0) message.collect();
      this.#grow(message, r.start + r.length);
      copyBytes(message.block, r.start, buffer, r.offset, r.offset + r.length);
      const added = message.grains!.add(r.start / GRAIN_BYTES, grainsOf(r.length));
      if (added === 0) this.count(ChannelCounter.Duplicates, 1);
      message.missing -= added;
      return message.missing === 0;
    }
    this.#context.giveBlock(message.block);
    message.block = this.#context.takeBlock(r.total);
    message.missing = 0;
    copyBytes(message.block, 0, buffer, r.offset, r.offset + r.length);
    return true;
  }

  /** Makes room for what arrives; memory doubles up to the size of the message. */
  #grow(message: InMessage, end: number): void {
    const { block, total } = message;
    if (block.length >= end) return;
    const larger = this.#context.takeBlock(Math.min(total, Math.max(end, 2 * block.length)));
    larger.set(block);
    message.block = larger;
    this.#context.giveBlock(block);
  }
}

function writeCredit(
  credit: ReceiveCredit,
  number: number,
  into: Uint8Array,
  at: number,
  end: number,
  notes: PacketNotes,
): number {
  if (at + CREDIT_FRAME_BYTES > end) return at;
  notes.add(SentKind.Credit, undefined, number, 0);
  return encodeCredit(into, at, number, credit.tell());
}

/** Tells what was recovered, a frame for the places of one group. */
function writeRecovered(c: InChannel, into: Uint8Array, at: number, end: number): number {
  let position = at;
  while (c.recoveredCount > 0) {
    const group = c.recovered[0]! >> 8;
    let count = 1;
    while (count < c.recoveredCount && count < MAX_GROUP_PARITIES && c.recovered[count]! >> 8 === group) count++;
    if (position + RECOVERED_OVERHEAD_BYTES + count > end) return position;
    position = encodeRecovered(into, position, c.config.number, group, count);
    for (let i = 0; i < count; i++) into[position++] = c.recovered[i]! & 0xff;
    c.recovered.copyWithin(0, count, c.recoveredCount);
    c.recoveredCount -= count;
  }
  return position;
}
