/**
 * What the sending side of a connection's channels knows, and how a message ends.
 *
 * `channel_outflow.ts` writes, `channel_fates.ts` hears what became of it, `parity_turn.ts` lets losses wait for parity.
 * Invariants: a message ends once; the bytes of a channel are those of all its messages that hold memory, and never
 * more than the limit; a record goes back when its message has ended and nothing holds it.
 *
 * @module
 */
import type { ChannelContext } from "./channel_context.ts";
import type { ChannelCounter } from "./channel_counters.ts";
import { LANES } from "./channel_class.ts";
import { INITIAL_CONNECTION_CREDIT, MESSAGE_COST, SendCredit } from "./credit.ts";
import { LaneSchedule } from "./lane_schedule.ts";
import { OutChannel } from "./out_channel.ts";
import { NO_BLOCK, type OutMessage } from "./out_message.ts";
import { PacketNotes } from "./packet_notes.ts";

/** The round trip that is assumed before anybody tells. */
const ASSUMED_ROUND_TRIP_MS = 100;

/** The sending side. */
export class OutState {
  /** What all connections share. */
  readonly context: ChannelContext;
  /** The connection's slot. */
  slot: number;
  /** Who writes next. */
  readonly schedule: LaneSchedule;
  /** What the packets under way carried. */
  readonly notes: PacketNotes;
  /** What may still be sent on all reliable channels. */
  readonly credit: SendCredit = new SendCredit(INITIAL_CONNECTION_CREDIT);
  /** The channels that were used, by number. */
  readonly channels: (OutChannel | undefined)[] = [];
  /** How many bytes the messages of each lane take. */
  readonly laneBytes: number[] = LANES.map(() => 0);
  /** The round trip in ms. */
  roundTripMs: number = ASSUMED_ROUND_TRIP_MS;
  /** When the peer is told again that credit is short. */
  probeAt: number = Infinity;
  /** How long that takes the next time, in ms. */
  probeMs = 0;
  /** Whether a channel that refused messages has room again. */
  isDrained = false;
  /** How many messages are not done. */
  messages = 0;
  /** How often packets were written. */
  serial = 0;
  /** Whether a channel owes a frame that is no message: a skip, or that credit is short. */
  isDue = false;
  /** The channels whose credit was in a packet that is lost. */
  readonly lostCredits: number[] = [];
  /** Whether the connection's credit holds messages back. */
  isBlocked = false;
  /** Whether the peer is to be told. */
  isBlockedDue = false;

  /**
   * Makes a side without messages.
   *
   * @param context What all connections share.
   * @param slot The connection's slot.
   */
  constructor(context: ChannelContext, slot: number) {
    this.context = context;
    this.slot = slot;
    this.schedule = new LaneSchedule(context.config.laneWeights);
    this.notes = new PacketNotes(context);
  }

  /**
   * Forgets all channels, of which nothing is under way, and serves another connection.
   *
   * @param slot The connection's slot.
   */
  clear(slot: number): void {
    this.slot = slot;
    this.channels.length = 0;
    this.schedule.reset();
    this.notes.release();
    this.credit.reset(INITIAL_CONNECTION_CREDIT);
    this.roundTripMs = ASSUMED_ROUND_TRIP_MS;
  }

  /**
   * Adds to a counter.
   *
   * @param counter Which.
   * @param n How much.
   */
  count(counter: ChannelCounter, n: number): void {
    this.context.counters.add(this.slot, counter, n);
  }

  /**
   * A channel.
   *
   * @param number A number that is configured.
   * @returns The channel, made on first use.
   */
  channel(number: number): OutChannel {
    const channel = this.channels[number];
    if (channel !== undefined) return channel;
    while (this.channels.length <= number) this.channels.push(undefined);
    const { config, firstId } = this.context;
    return this.channels[number] = new OutChannel(config.channels[number]!, firstId);
  }

  /**
   * Serves the flows of a channel again that were held back.
   *
   * @param channel The channel.
   */
  wake(channel: OutChannel): void {
    channel.isBlocked = channel.isBlockedDue = channel.isOutOfIds = false;
    for (let lane = 0; lane < LANES.length; lane++) {
      const flow = channel.flowAt(lane);
      if (flow === undefined || !flow.isHeld) continue;
      flow.isHeld = false;
      if (!flow.isEmpty) this.schedule.activate(flow);
    }
  }

  /**
   * Ends a message: it is acknowledged, lost for good, or was never begun.
   *
   * @param message The message; the record may be another one's afterwards.
   */
  finish(message: OutMessage): void {
    if (message.isDone) return;
    message.isDone = true;
    this.free(message);
    const channel = this.channels[message.channel]!;
    if (message.isQueued) {
      channel.flowAt(message.lane)!.remove(message);
      message.holders--;
    }
    if (message.isStarted) {
      const wasOldest = channel.startedHead === message;
      channel.end(message);
      if (wasOldest && channel.isOutOfIds) this.wake(channel);
    }
    channel.messages--;
    this.messages--;
    if (message.holders === 0) this.context.giveMessage(message);
  }

  /**
   * Ends a message before it was delivered, and tells the peer where it must know.
   *
   * @param message A message that is neither done nor skipped.
   * @param counter What it is counted as.
   */
  drop(message: OutMessage, counter: ChannelCounter): void {
    this.count(counter, 1);
    const channel = this.channels[message.channel]!;
    if (!message.isStarted || !channel.config.isReliable) return this.finish(message);
    this.free(message);
    message.isSkipped = true;
    if (message.isQueued) {
      channel.flowAt(message.lane)!.remove(message);
      message.holders--;
    }
    this.oweSkip(channel, message);
  }

  /**
   * Lets the peer be told that a message is skipped.
   *
   * @param channel The channel.
   * @param message A skipped message that is not done.
   */
  oweSkip(channel: OutChannel, message: OutMessage): void {
    message.holders++;
    message.skipNext = channel.skipHead;
    this.isDue = true;
    channel.skipHead = message;
  }

  /**
   * A queue or a note lets go of a message.
   *
   * @param message The message.
   */
  letGo(message: OutMessage): void {
    message.holders--;
    if (message.isDone && message.holders === 0) this.context.giveMessage(message);
  }

  /** Gives a message's memory back. */
  free(message: OutMessage): void {
    if (message.isFreed) return;
    message.isFreed = true;
    this.context.giveBlock(message.block);
    message.block = NO_BLOCK;
    const cost = message.bytes + MESSAGE_COST;
    const channel = this.channels[message.channel]!;
    this.laneBytes[message.lane]! -= cost;
    channel.queuedBytes -= cost;
    if (!channel.isPressed || channel.queuedBytes > this.context.config.maxQueuedBytes / 2) return;
    channel.isPressed = false;
    this.isDrained = true;
  }
}
