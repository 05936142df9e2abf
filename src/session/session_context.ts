/**
 * What the sessions of one endpoint share: time, chance, keys, tables and pools.
 *
 * Invariant: pools keep a bounded number of free things; what comes back beyond that is left to the garbage collector.
 *
 * @module
 */
import { ChannelContext } from "../channel/channel_context.ts";
import type { ChannelRest } from "../channel/channel_rest.ts";
import { ChannelSet } from "../channel/channel_set.ts";
import type { AeadProvider } from "../crypto/aead.ts";
import type { KeyExchange } from "../crypto/key_exchange.ts";
import { DrainGuard } from "../machine/drain_guard.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { RandomSource } from "../random/random_source.ts";
import type { Clock, WallClock } from "../time/clock.ts";
import { DeadlineTable } from "../time/deadline_table.ts";
import { FrameCursor } from "../wire/frame_cursor.ts";
import type { ConnectionIdScheme } from "./connection_id_scheme.ts";
import { ConnectionIdTable } from "./connection_id_table.ts";
import type { EndpointConfig } from "./endpoint_options.ts";
import { FrameWriter } from "./frame_writer.ts";
import { MessageQueue } from "./message_queue.ts";
import { PacketLedger } from "./packet_ledger.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import { SESSION_COUNTERS } from "./session_counters.ts";
import type { ResetTokens } from "./reset_tokens.ts";
import { RowPool } from "./session_row.ts";
import { SessionTransitions } from "./session_state.ts";
import { SlotQueue } from "./slot_queue.ts";
import { Traffic } from "./traffic.ts";

const MAX_FREE = 1024;

/** So many records of traffic are kept for others: each is some kilobytes. */
const MAX_FREE_TRAFFIC = 256;

/** So many sets of channels are kept for others: each is about a kilobyte. */
const MAX_FREE_CHANNELS = 256;

/** The first few queues that are free keep the memory of a burst: to take it anew for each costs as much as to seal. */
const LARGE_QUEUES = 16;
const LARGE_QUEUE_BYTES = 1 << 16;

/** What the sessions of an endpoint are made of. */
export interface SessionSetup {
  /** The checked options. */
  readonly config: EndpointConfig;
  /** The endpoint's clock. */
  readonly clock: Clock;
  /** Tells how old tickets are, also after a restart. */
  readonly wallClock: WallClock;
  /** Secrets, and draws that anybody may see. */
  readonly random: RandomSource;
  /** Makes packet keys. */
  readonly aead: AeadProvider;
  /** Makes key shares, for resumptions. */
  readonly keyExchange: KeyExchange;
}

/** The common ground of the sessions of one endpoint. */
export class SessionContext {
  /** The checked options. */
  readonly config: EndpointConfig;
  /** The endpoint's clock. */
  readonly clock: Clock;
  /** Tells how old tickets are, also after a restart. */
  readonly wallClock: WallClock;
  /** Secrets, and draws that anybody may see. */
  readonly random: RandomSource;
  /** Makes packet keys. */
  readonly aead: AeadProvider;
  /** Makes key shares. */
  readonly keyExchange: KeyExchange;
  /** Watches the order of the endpoint's polls; commands to sessions count as commands to it. */
  readonly guard: DrainGuard = new DrainGuard();
  /** Makes the ids by which sessions are reached. */
  readonly scheme: ConnectionIdScheme;
  /** From the ids of this end to slots. */
  readonly localIds: ConnectionIdTable;
  /** From the ids of servers to the slots of clients: a stateless reset names one. */
  readonly resetIds: ConnectionIdTable;
  /** The earliest deadline of each slot. */
  readonly deadlines: DeadlineTable = new DeadlineTable();
  /** What the sessions count. */
  readonly counters: CounterTable = new CounterTable(SESSION_COUNTERS, 64);
  /** How often each change of state was made. */
  readonly transitions: SessionTransitions = new SessionTransitions();
  /** Slots that may have something to transmit. */
  readonly ready: SlotQueue = new SlotQueue();
  /** Slots with events, or that are over. */
  readonly notices: SlotQueue = new SlotQueue();
  /** The numbers of the sessions. */
  readonly rows: RowPool = new RowPool();
  /** Writes the frames of the packet that is being made. */
  readonly frames: FrameWriter = new FrameWriter();
  /** Makes the stateless reset tokens of ids. */
  readonly resetTokens: ResetTokens;
  /** What the channels of the sessions share. */
  readonly channels: ChannelContext;
  /** The largest datagram in bytes of each link that never cuts them into fragments. */
  readonly linkBytes: Map<number, number> = new Map();
  /** Walks the frames of the packet that is being handled. */
  readonly cursor: FrameCursor = new FrameCursor();
  /** How many sessions wait for the first packet under their keys. */
  halfOpen = 0;
  /** When the clock was found to have jumped last. */
  wokeAt: number = -Infinity;
  /** The handle of a session that has a newer one in its place now; 0: none. */
  replaced = 0;
  /** The mark of explicit congestion notification of the packet being handled; 0: none. */
  mark = 0;
  /** How many messages of the packet being handled are for the application. */
  messages = 0;
  /** What rule the packet being handled breaks, when it breaks one. */
  violation: SessionCloseCode = SessionCloseCode.ProtocolViolation;
  /** The ids below 32 of the early messages of the packet being handled that are to be delivered. */
  earlyMask = 0;
  /** The slot of the session whose channels lend a message to the application now; -1: none. */
  lender: number = -1;
  readonly #ledgers: PacketLedger[] = [];
  readonly #traffic: Traffic[] = [];
  readonly #channels: ChannelSet[] = [];
  readonly #queues: MessageQueue[] = [];

  /**
   * Makes the common ground of no sessions.
   *
   * @param setup What the sessions are made of.
   * @param scheme Makes connection ids.
   * @param resetTokens Makes reset tokens.
   * @param seed Spreads tables; peers do not know it.
   */
  constructor(setup: SessionSetup, scheme: ConnectionIdScheme, resetTokens: ResetTokens, seed: number) {
    this.config = setup.config;
    this.clock = setup.clock;
    this.wallClock = setup.wallClock;
    this.random = setup.random;
    this.aead = setup.aead;
    this.keyExchange = setup.keyExchange;
    this.scheme = scheme;
    this.resetTokens = resetTokens;
    this.localIds = new ConnectionIdTable(seed);
    this.resetIds = new ConnectionIdTable(seed);
    this.channels = new ChannelContext(setup.config.channelSet, setup.clock);
  }

  /**
   * Lends a record of traffic to a session.
   *
   * @returns A record as new.
   */
  takeTraffic(): Traffic {
    return this.#traffic.pop() ?? new Traffic(this.config, this.clock, this.random);
  }

  /**
   * Takes a record of traffic back.
   *
   * @param traffic The record.
   */
  giveTraffic(traffic: Traffic): void {
    if (this.#traffic.length >= MAX_FREE_TRAFFIC) return;
    traffic.clear();
    this.#traffic.push(traffic);
  }

  /**
   * Lends a set of channels to a session.
   *
   * @param slot The session's slot.
   * @param rest What was left of its channels; `undefined`: none was used.
   * @returns The set.
   */
  takeChannels(slot: number, rest: ChannelRest | undefined): ChannelSet {
    const channels = this.#channels.pop() ?? new ChannelSet(this.channels, slot);
    channels.wake(slot, rest);
    return channels;
  }

  /**
   * Takes a set of channels back that was brought to rest.
   *
   * @param channels The set.
   */
  giveChannels(channels: ChannelSet): void {
    if (this.#channels.length < MAX_FREE_CHANNELS) this.#channels.push(channels);
  }

  /**
   * Lends a ledger to a session that sends.
   *
   * @returns An empty ledger.
   */
  takeLedger(): PacketLedger {
    return this.#ledgers.pop() ?? new PacketLedger(this.clock);
  }

  /**
   * Takes a ledger back.
   *
   * @param ledger The ledger.
   */
  giveLedger(ledger: PacketLedger): void {
    ledger.clear();
    if (this.#ledgers.length < MAX_FREE) this.#ledgers.push(ledger);
  }

  /**
   * Lends a queue to a session that has a message.
   *
   * @returns An empty queue.
   */
  takeQueue(): MessageQueue {
    return this.#queues.pop() ?? new MessageQueue();
  }

  /**
   * Takes a queue back.
   *
   * @param queue The queue.
   */
  giveQueue(queue: MessageQueue): void {
    queue.clear(this.#queues.length < LARGE_QUEUES ? LARGE_QUEUE_BYTES : undefined);
    if (this.#queues.length < MAX_FREE) this.#queues.push(queue);
  }
}
