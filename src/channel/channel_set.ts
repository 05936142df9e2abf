/**
 * The channels of one connection, both directions, as one machine (STANDARD.md, section 12).
 *
 * The packet layer works it: it gives room in packets, tells what became of them, and brings frames. Invariants: nothing
 * that a peer writes makes it throw; what a packet carried is known by the packet's slot until the slot is settled; state
 * is made on first use, and what only traffic needs is given back a moment after the last of it.
 * Why: it is long because half of it documents the face of the machine.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { MisuseError } from "../error/transport_error.ts";
import { ChannelFrameType, CONNECTION } from "../wire/channel_frame.ts";
import type { ChannelFrameReader } from "../wire/channel_frame_reader.ts";
import { type LaneName, LANES } from "./channel_class.ts";
import { type ChannelContext, copyBytes } from "./channel_context.ts";
import { ChannelCounter } from "./channel_counters.ts";
import { acceptRecovered, acknowledge, forget, giveUp, requeue } from "./channel_fates.ts";
import type { ChannelConfig } from "./channel_options.ts";
import { type ChannelRest, isSilent, loadRest, saveRest } from "./channel_rest.ts";
import { writeMessages, writeOwed, writeRepeats } from "./channel_outflow.ts";
import { ChannelReceiver, type DeliveredMessage } from "./channel_receiver.ts";
import { expire, probe, release } from "./channel_timers.ts";
import { MESSAGE_COST } from "./credit.ts";
import type { OutChannel } from "./out_channel.ts";
import type { OutMessage } from "./out_message.ts";
import { OutState } from "./out_state.ts";
import { takeParity, takeProtected } from "./parity_intake.ts";
import { dropGroups, endTurns, nextTurnEnd } from "./parity_turn.ts";

/** What `handleFrame` returns for a frame that breaks a rule: the close code ProtocolViolation, negative. */
export const CHANNEL_VIOLATION: number = -64;

/** The slot of a packet that has none yet: see `bindPacket`. */
export const NO_PACKET_SLOT: number = -1;

/** What only traffic needs is given back so many ms after the last of it. */
const RELEASE_MS = 1000;

const HANDLE_STEP: number = 2 ** 24;

/** How one message is sent. */
export interface ChannelSendOptions {
  /** Drops the message when it has not been delivered after this many ms; 0: never. @default that of its channel */
  readonly ttlMs?: number;
  /** Another lane than that of its channel; only where messages have no order. @default that of its channel */
  readonly lane?: LaneName;
}

/**
 * The machine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 * import { ChannelContext } from "./channel_context.ts";
 * import { resolveChannelSetOptions } from "./channel_options.ts";
 *
 * const context = new ChannelContext(resolveChannelSetOptions(), new ClockCell());
 * const [here, there] = [new ChannelSet(context, 0), new ChannelSet(context, 1)];
 * here.send(0, Uint8Array.of(1, 2, 3), 0, 3);
 * const packet = new Uint8Array(1200);
 * const end = here.writeFrames(packet, 0, packet.length, 0);
 * for (let at = 0; at < end; at = there.handleFrame(packet, at, end));
 * const message = { channel: 0, buffer: packet, length: 0, credit: 0 };
 * assertEquals([there.pollMessage(message), message.length], [true, 3]);
 * here.handlePacketAcked(0);
 * ```
 */
export class ChannelSet {
  /** The handle of the message that was queued last, for `cancel`. */
  handle = 0;
  readonly #context: ChannelContext;
  #slot: number;
  readonly #out: OutState;
  readonly #in: ChannelReceiver;
  readonly #reader: ChannelFrameReader;
  #releaseAt: number = Infinity;
  #hasFec = false;

  /**
   * Makes a set of which no channel was used.
   *
   * @param context What all connections of the endpoint share.
   * @param slot The connection's slot there: its row of counters.
   */
  constructor(context: ChannelContext, slot: number) {
    this.#context = context;
    this.#slot = slot;
    this.#out = new OutState(context, slot);
    this.#in = new ChannelReceiver(context, slot);
    this.#reader = context.reader;
  }

  /**
   * Writes down what must not be forgotten, if nothing is under way, waits, or is to be told. The set may then serve
   * another connection, or this one again, but only by {@linkcode ChannelSet.wake}.
   *
   * @returns What `wake` takes; `undefined`: not now, and nothing has changed.
   */
  rest(): ChannelRest | undefined {
    const [o, receiver] = [this.#out, this.#in];
    if (!isSilent(o, receiver)) return undefined;
    const rest = saveRest(o, receiver);
    o.clear(this.#slot);
    receiver.clear(this.#slot);
    this.#releaseAt = Infinity;
    this.#hasFec = false;
    this.handle = 0;
    return rest;
  }

  /**
   * Serves a connection.
   *
   * @param slot The connection's slot.
   * @param rest What `rest` wrote down of its channels; `undefined`: none was used.
   */
  wake(slot: number, rest: ChannelRest | undefined): void {
    this.#slot = slot;
    this.#out.clear(slot);
    this.#in.clear(slot);
    if (rest !== undefined) loadRest(rest, this.#out, this.#in);
    this.#touch();
  }

  /** Whether what only traffic needs was given back, and nothing came since. */
  get isReleased(): boolean {
    return this.#releaseAt === Infinity;
  }

  /** Whether `writeFrames` may have something to write. */
  get hasPending(): boolean {
    return this.#out.schedule.active !== 0 || this.#out.isDue || this.#in.isDue;
  }

  /** Whether a message waits for the application. */
  get hasUnread(): boolean {
    return this.#in.hasUnread;
  }

  /** Whether nothing is queued, under way, incomplete or unread. */
  get isIdle(): boolean {
    return this.#out.messages === 0 && this.#out.notes.count === 0 && this.#in.isIdle;
  }

  /** The smoothed round-trip time in ms, which the packet layer tells: losses wait for parity by it. */
  get roundTripMs(): number {
    return this.#out.roundTripMs;
  }

  set roundTripMs(ms: number) {
    this.#out.roundTripMs = ms;
  }

  /**
   * How many bytes the messages of a lane take until they are sent and, on reliable channels, acknowledged.
   *
   * @param lane The lane.
   * @returns The bytes, with what each message costs besides.
   */
  queuedBytes(lane: LaneName): number {
    return this.#out.laneBytes[LANES.indexOf(lane)]!;
  }

  /** How many bytes of unreliable messages wait for the application. */
  get unreadBytes(): number {
    return this.#in.unreadBytes;
  }

  /** How much credit of the peer is held: reliable messages that came and were not consumed. */
  get heldCredit(): number {
    return this.#in.heldCredit;
  }

  /** How many bytes incomplete unreliable messages were announced with. */
  get reassemblyBytes(): number {
    return this.#in.partials.bytes;
  }

  /**
   * Queues a message.
   *
   * @param channel The channel's number.
   * @param bytes Copied.
   * @param start Where the message starts in it.
   * @param end Where it ends.
   * @param options How it is sent.
   * @returns `Queued`, `BackPressured` (offer it again after `pollDrained`) or `TooLarge`.
   * @throws {RangeError} When there is no such channel, or its messages cannot change lanes.
   */
  send(
    channel: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    options: ChannelSendOptions | undefined = undefined,
  ): SendStatus {
    const o = this.#out;
    const { config } = this.#context;
    const channelConfig = config.channels[channel];
    if (channelConfig === undefined) throw new RangeError(`Cannot send on channel ${channel}: there is none`);
    const length = end - start;
    const lane = options?.lane === undefined ? channelConfig.lane : laneOf(channelConfig, options.lane);
    if (length > config.maxMessageBytes) {
      o.count(ChannelCounter.RefusedTooLarge, 1);
      return SendStatus.TooLarge;
    }
    const cost = length + MESSAGE_COST;
    const c = o.channel(channel);
    if (c.queuedBytes + cost > config.maxQueuedBytes) {
      c.isPressed = true;
      o.count(ChannelCounter.RefusedBackPressured, 1);
      return SendStatus.BackPressured;
    }
    const flow = c.flow(lane);
    if (channelConfig.isSequenced) {
      const last = flow.tail;
      if (last !== undefined && !last.isStarted) o.drop(last, ChannelCounter.ReplacedOut);
    }
    if (channelConfig.fec !== undefined) this.#hasFec = true;
    const message = this.#context.takeMessage();
    message.owner = this.#slot;
    message.channel = channel;
    message.lane = lane;
    message.bytes = length;
    message.block = this.#context.takeBlock(length);
    copyBytes(message.block, 0, bytes, start, end);
    o.laneBytes[lane]! += cost;
    c.queuedBytes += cost;
    o.messages++;
    c.messages++;
    this.#setDeadline(c, message, options?.ttlMs ?? channelConfig.ttlMs);
    flow.push(message);
    if (!flow.isHeld) o.schedule.activate(flow);
    this.handle = message.generation * HANDLE_STEP + message.index;
    return SendStatus.Queued;
  }

  /**
   * Takes a message back; of a reliable one that was begun the peer is told, so that later ones do not wait for it.
   *
   * @param handle What `handle` was after the message was queued.
   * @returns Whether it was neither acknowledged nor dropped before. It may have been delivered all the same.
   */
  cancel(handle: number): boolean {
    const message = this.#context.messageAt(handle % HANDLE_STEP);
    if (message === undefined || message.owner !== this.#slot) return false;
    if (message.generation !== Math.floor(handle / HANDLE_STEP) || message.isDone || message.isSkipped) return false;
    this.#out.drop(message, ChannelCounter.Cancelled);
    return true;
  }

  /**
   * Writes frames for one packet; a packet with any of them is to be acknowledged by the peer.
   *
   * @param into The packet's memory.
   * @param at Where the first frame goes.
   * @param limit How many bytes may be written.
   * @param packetSlot The slot of the packet; what a packet before it carried is forgotten. `NO_PACKET_SLOT`: the
   * packet gets one later, by `bindPacket`.
   * @returns How many bytes were written; 0: nothing fits or nothing is due, and the slot stays without content.
   * @throws {MisuseError} When the packet before got no slot.
   */
  writeFrames(into: Uint8Array, at: number, limit: number, packetSlot: number): number {
    const o = this.#out;
    if (o.notes.isPending) throw new MisuseError("Cannot write frames: the packet before was not bound to a slot");
    if (packetSlot >= 0) this.handlePacketForgotten(packetSlot);
    const end = at + limit;
    o.serial = (o.serial + 1) & 0x3fff_ffff;
    let position = this.#in.writeOwed(into, at, end, o.notes);
    position = writeOwed(o, into, position, end);
    position = writeMessages(o, into, at, position, end);
    // That credit is short shows only where a message is to be begun.
    position = writeOwed(o, into, position, end);
    if (position === at) return 0;
    position = writeRepeats(o, into, position, end);
    if (packetSlot >= 0) o.notes.bind(packetSlot);
    this.#touch();
    return position - at;
  }

  /**
   * Gives the packet that was written last its slot.
   *
   * @param packetSlot The slot; `NO_PACKET_SLOT`: nobody will tell what became of the packet, it counts as lost.
   */
  bindPacket(packetSlot: number): void {
    const { notes } = this.#out;
    if (!notes.isPending) return;
    if (packetSlot < 0) {
      forget(this.#out, notes.takePending());
      return this.#tellLostCredits();
    }
    this.handlePacketForgotten(packetSlot);
    notes.bind(packetSlot);
  }

  /**
   * The peer has a packet; its slot is free.
   *
   * @param packetSlot The slot.
   */
  handlePacketAcked(packetSlot: number): void {
    if (this.#hasFec) this.#measure(false);
    acknowledge(this.#out, packetSlot);
    this.#touch();
  }

  /**
   * A packet is given up: what it carried goes out again where that is promised. Its slot keeps what it carried until
   * `handleLateAck`, `handlePacketForgotten` or the next packet in it.
   *
   * @param packetSlot The slot.
   */
  handlePacketLost(packetSlot: number): void {
    if (this.#hasFec) this.#measure(true);
    giveUp(this.#out, packetSlot);
    this.#tellLostCredits();
  }

  /**
   * A packet that was given up has arrived after all: what it carried and is not under way again is not sent again.
   *
   * @param packetSlot The slot, which no other packet was written to since.
   */
  handleLateAck(packetSlot: number): void {
    acknowledge(this.#out, packetSlot);
    this.#touch();
  }

  /**
   * Nothing will be heard of a packet any more; if it was neither acknowledged nor given up, it counts as lost.
   *
   * @param packetSlot The slot.
   */
  handlePacketForgotten(packetSlot: number): void {
    forget(this.#out, this.#out.notes.take(packetSlot));
    this.#tellLostCredits();
  }

  /** Nothing will be heard of any packet any more; what was neither acknowledged nor given up counts as lost. */
  handleAllForgotten(): void {
    const { notes } = this.#out;
    for (let slot = 0; slot < notes.slots && notes.count > 0; slot++) forget(this.#out, notes.take(slot));
    this.#tellLostCredits();
  }

  /**
   * Takes a frame of a type for which `isChannelFrame` is true.
   *
   * @param buffer The packet's memory; borrowed for this call.
   * @param at Where the frame starts.
   * @param end Where the frames of the packet end.
   * @returns The index after the frame, or {@linkcode CHANNEL_VIOLATION}.
   */
  handleFrame(buffer: Uint8Array, at: number, end: number): number {
    const r = this.#reader;
    const length = r.read(buffer, at, end);
    if (length > 0 && this.#act(r, buffer, at + length)) return at + length;
    this.#out.count(ChannelCounter.Violations, 1);
    return CHANNEL_VIOLATION;
  }

  /**
   * Hands a message to the application.
   *
   * @param record Overwritten, unless there is none. Its memory is lent until the next poll.
   * @returns Whether there was one.
   */
  pollMessage(record: DeliveredMessage): boolean {
    const { isLent } = this.#in;
    if (this.#in.pollMessage(record)) return true;
    if (isLent) this.#touch();
    return false;
  }

  /**
   * The application is done with messages, so that the peer may send as much again.
   *
   * @param channel The channel.
   * @param credit The sum of their `credit`.
   */
  handleConsumed(channel: number, credit: number): void {
    if (credit > 0) this.#in.handleConsumed(channel, credit);
  }

  /**
   * Whether a channel that refused messages has room again: half of its queue.
   *
   * @returns True once for each time.
   */
  pollDrained(): boolean {
    const { isDrained } = this.#out;
    this.#out.isDrained = false;
    return isDrained;
  }

  /**
   * When `handleTimeout` is to be called.
   *
   * @returns The time in ms; `Infinity`: not before something else happens.
   */
  pollTimeout(): number {
    const o = this.#out;
    let deadline = Math.min(o.probeAt, this.#releaseAt);
    for (const c of o.channels) {
      if (c === undefined) continue;
      if (c.expiry < deadline) deadline = c.expiry;
      if (c.encoder !== undefined) deadline = Math.min(deadline, c.encoder.pollTimeout(), nextTurnEnd(c));
    }
    const partial = this.#in.partials.head;
    if (partial === undefined) return deadline;
    return Math.min(deadline, partial.since[0]! + this.#context.config.reassemblyTimeoutMs);
  }

  /** Does what time asks for: expiry, parity of groups that do not fill up, probes for credit, and giving back. */
  handleTimeout(): void {
    const o = this.#out;
    const now = this.#context.clock.now;
    for (const c of o.channels) {
      if (c === undefined) continue;
      if (c.expiry <= now) expire(o, c, now);
      if (c.encoder === undefined) continue;
      c.encoder.handleTimeout();
      if (c.encoder.hasParity) o.schedule.activate(c.flow(c.config.lane));
      endTurns(o, c, requeue);
    }
    if (o.probeAt <= now) probe(o, now);
    this.#in.handleTimeout();
    if (this.#releaseAt <= now) this.#releaseAt = release(o, this.#in, now) ? Infinity : now + RELEASE_MS;
  }

  /** Throws everything away, for the end of the connection; nothing may be called afterwards. */
  close(): void {
    const o = this.#out;
    forget(o, o.notes.takePending());
    for (let slot = 0; slot < o.notes.slots; slot++) forget(o, o.notes.take(slot));
    for (const c of o.channels) {
      if (c === undefined) continue;
      for (let lane = 0; lane < LANES.length; lane++) {
        const flow = c.flowAt(lane);
        while (flow?.head !== undefined) o.finish(flow.head);
      }
      while (c.startedHead !== undefined) o.finish(c.startedHead);
      for (let lane = 0; lane < LANES.length; lane++) {
        const flow = c.flowAt(lane);
        while (flow?.lostHead !== undefined) o.letGo(flow.shiftLost());
      }
      for (let message = c.skipHead; message !== undefined;) {
        const { skipNext } = message;
        o.letGo(message);
        message = skipNext;
      }
      dropGroups(o, c);
    }
    o.channels.length = 0;
    o.schedule.clear();
    o.isDue = o.isBlocked = o.isDrained = false;
    o.probeAt = Infinity;
    this.#in.close();
    this.#releaseAt = Infinity;
  }

  #act(r: ChannelFrameReader, buffer: Uint8Array, end: number): boolean {
    switch (r.type) {
      case ChannelFrameType.Credit:
        return this.#raise(r.channel, r.limit);
      case ChannelFrameType.Blocked:
        this.#in.tellAgain(r.channel);
        return r.channel === CONNECTION || this.#in.channel(r.channel)?.credit !== undefined;
    }
    const c = this.#in.channel(r.channel);
    if (c === undefined) return false;
    this.#touch();
    switch (r.type) {
      case ChannelFrameType.Skip:
        return this.#in.handleSkip(c, r);
      case ChannelFrameType.Parity:
        return takeParity(this.#context, this.#in, c, r, buffer);
      case ChannelFrameType.Recovered:
        return this.#takeRecovered(r, buffer);
      default:
        if (!r.isProtected) return this.#in.handleMessage(c, r, buffer);
        return takeProtected(this.#context, this.#in, c, r, buffer, end);
    }
  }

  #raise(channel: number, limit: number): boolean {
    const o = this.#out;
    this.#touch();
    if (channel === CONNECTION) {
      if (!o.credit.raise(limit)) return true;
      o.isBlocked = o.isBlockedDue = false;
      for (const c of o.channels) if (c !== undefined) o.wake(c);
      return true;
    }
    if (!this.#context.config.channels[channel]?.isReliable) return false;
    const c = o.channel(channel);
    if (c.credit.raise(limit)) o.wake(c);
    return true;
  }

  #takeRecovered(r: ChannelFrameReader, buffer: Uint8Array): boolean {
    const c = this.#out.channels[r.channel];
    if (c === undefined || c.config.fec === undefined) return false;
    const { group, offset, length } = r;
    for (let i = 0; i < length; i++) {
      if (!acceptRecovered(this.#out, c, group, buffer[offset + i]!)) return false;
    }
    return true;
  }

  #measure(isLost: boolean): void {
    for (const c of this.#out.channels) {
      const size = c?.encoder?.size;
      if (size === undefined) continue;
      if (isLost) size.handleLost();
      else size.handleAcked();
    }
  }

  #tellLostCredits(): void {
    const { lostCredits } = this.#out;
    while (lostCredits.length > 0) this.#in.tellAgain(lostCredits.pop()!);
  }

  #setDeadline(c: OutChannel, message: OutMessage, ttlMs: number): void {
    const deadline = ttlMs > 0 ? this.#context.clock.now + ttlMs : Infinity;
    message.deadline[0] = deadline;
    if (deadline < c.expiry) c.expiry = deadline;
  }

  #touch(): void {
    this.#releaseAt = this.#context.clock.now + RELEASE_MS;
  }
}

function laneOf(config: ChannelConfig, lane: LaneName): number {
  const number = LANES.indexOf(lane);
  if (number < 0) throw new RangeError(`Cannot send in the lane ${lane}: there is none`);
  if (number !== config.lane && (config.isOrdered || config.isSequenced)) {
    throw new RangeError(`Cannot send in the lane ${lane}: messages of channel ${config.number} keep their order`);
  }
  return number;
}
