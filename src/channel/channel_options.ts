/**
 * The options of the channels of a connection: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { atLeast, choice, duration, integer, onlyKnown } from "../error/option_check.ts";
import { type FecConfig, type FecOptions, resolveFecOptions } from "../fec/fec_options.ts";
import { CONNECTION, MAX_TOTAL_BYTES } from "../wire/channel_frame.ts";
import { DELIVERIES, type Delivery, type LaneName, LANES } from "./channel_class.ts";
import { INITIAL_CHANNEL_CREDIT, INITIAL_CONNECTION_CREDIT, MESSAGE_COST } from "./credit.ts";

/** The options of one channel. Both ends must agree on `delivery`; all else is each sender's or receiver's own. */
export interface ChannelOptions {
  /** What the channel promises. @default that of channel 0 to 3; there is none for further channels */
  readonly delivery?: Delivery;
  /** The lane of its messages. @default "normal" */
  readonly lane?: LaneName;
  /**
   * Drops a message that has not been delivered this many ms after it was sent, reliable or not. 0: never.
   * @default 0
   */
  readonly ttlMs?: number;
  /**
   * How many bytes of reliable messages the peer may send beyond what the application has consumed, at least
   * `maxMessageBytes` and 64 KiB. A small window holds back a sender on a long and fast link. Of no account on the
   * other classes. @default twice `maxMessageBytes`, at least 256 KiB
   */
  readonly windowBytes?: number;
  /**
   * How many bytes of each packet may repeat the newest messages of this channel that are not acknowledged yet, 0 to
   * 1024: for small urgent messages, which then arrive although packets are lost. 0: none. Not together with `fec`.
   * @default 0
   */
  readonly redundancyBytes?: number;
  /** Forward error correction for the frames of this channel; `true` for its defaults. @default false */
  readonly fec?: FecOptions | boolean;
}

/** The options of all channels of a connection. */
export interface ChannelSetOptions {
  /** Channels by number, 0 to 254: changes to 0 to 3, which are always there, and further ones. @default {} */
  readonly channels?: Readonly<Record<number, ChannelOptions>>;
  /** The largest message in bytes, both ways, 1024 to 16777215. Both ends should agree. @default 1048576 */
  readonly maxMessageBytes?: number;
  /**
   * How many bytes each channel queues until they are sent and, on reliable channels, acknowledged; at least
   * `maxMessageBytes` and what a message costs besides. @default twice `maxMessageBytes`, at least 256 KiB
   */
  readonly maxQueuedBytes?: number;
  /**
   * How many bytes of reliable messages the peer may send on all channels beyond what the application has consumed; at
   * least the largest `windowBytes` and 256 KiB. @default twice the largest `windowBytes`
   */
  readonly windowBytes?: number;
  /**
   * How many bytes incomplete messages of unreliable and sequenced channels may take, at least `maxMessageBytes`; the
   * oldest are dropped. @default twice `maxMessageBytes`
   */
  readonly maxReassemblyBytes?: number;
  /** How many incomplete messages of these channels there may be, 1 to 1024. @default 64 */
  readonly maxReassemblyMessages?: number;
  /** Drops such a message, at both ends, when it is not complete after this many ms, at least 1. @default 5000 */
  readonly reassemblyTimeoutMs?: number;
  /**
   * How many bytes of unreliable messages wait for the application, at least `maxMessageBytes`; the oldest are dropped.
   * @default twice `maxMessageBytes`
   */
  readonly maxUnreadBytes?: number;
  /**
   * How the lanes share the link when all have something to send, each 1 to 64.
   * @default { critical: 8, high: 4, normal: 2, low: 1 }
   */
  readonly laneWeights?: Readonly<Partial<Record<LaneName, number>>>;
}

/** {@linkcode ChannelOptions}, complete and checked. */
export interface ChannelConfig {
  /** The channel's number. */
  readonly number: number;
  /** What it promises. */
  readonly delivery: Delivery;
  /** Whether every message is delivered. */
  readonly isReliable: boolean;
  /** Whether messages are delivered in the order of their sending. */
  readonly isOrdered: boolean;
  /** Whether only what is newest is delivered. */
  readonly isSequenced: boolean;
  /** The lane's number, 0 to 3. */
  readonly lane: number;
  /** After how many ms messages are dropped; 0: never. */
  readonly ttlMs: number;
  /** The window of a reliable channel in bytes. */
  readonly windowBytes: number;
  /** How many bytes of each packet may be repetitions. */
  readonly redundancyBytes: number;
  /** Forward error correction, if there is any. */
  readonly fec: FecConfig | undefined;
}

/** {@linkcode ChannelSetOptions}, complete and checked. */
export interface ChannelSetConfig extends Required<Omit<ChannelSetOptions, "channels" | "laneWeights">> {
  /** The channels by number; `undefined` where there is none. */
  readonly channels: readonly (ChannelConfig | undefined)[];
  /** The weights by the number of the lane. */
  readonly laneWeights: readonly number[];
}

const NAMES: readonly (keyof ChannelSetOptions)[] = [
  "channels",
  "maxMessageBytes",
  "maxQueuedBytes",
  "windowBytes",
  "maxReassemblyBytes",
  "maxReassemblyMessages",
  "reassemblyTimeoutMs",
  "maxUnreadBytes",
  "laneWeights",
];

const CHANNEL_NAMES: readonly (keyof ChannelOptions)[] = [
  "delivery",
  "lane",
  "ttlMs",
  "windowBytes",
  "redundancyBytes",
  "fec",
];

const DEFAULT_WEIGHTS: readonly number[] = [8, 4, 2, 1];
const MAX_BYTES = 2 ** 30;

/** The names of all options of channels, for options objects that hold others besides. */
export const CHANNEL_SET_OPTION_NAMES: ReadonlySet<string> = new Set(NAMES);

const KNOWN_CHANNEL: ReadonlySet<string> = new Set(CHANNEL_NAMES);

/**
 * Completes and checks the options of channels.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or a name that nobody knows.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveChannelSetOptions(options: ChannelSetOptions = {}): ChannelSetConfig {
  onlyKnown("A set of channels", options, CHANNEL_SET_OPTION_NAMES);
  const o = options;
  const maxMessageBytes = integer("maxMessageBytes", o.maxMessageBytes, 1 << 20, 1024, MAX_TOTAL_BYTES);
  const least = maxMessageBytes + MESSAGE_COST;
  const twice = 2 * least;
  const channels = resolveChannels(o.channels === undefined ? {} : o.channels, least);
  const widest = channels.reduce((most, channel) => Math.max(most, channel?.windowBytes ?? 0), 0);
  const minWindow = Math.max(widest, INITIAL_CONNECTION_CREDIT);
  const maxQueuedBytes = integer("maxQueuedBytes", o.maxQueuedBytes, Math.max(twice, 1 << 18), least, MAX_BYTES);
  const reassemblyTimeoutMs = duration("reassemblyTimeoutMs", o.reassemblyTimeoutMs, 5000);
  if (reassemblyTimeoutMs < 1) throw new RangeError("The option reassemblyTimeoutMs must be at least 1");
  return Object.freeze({
    channels,
    maxMessageBytes,
    maxQueuedBytes,
    windowBytes: integer("windowBytes", o.windowBytes, Math.max(2 * widest, minWindow), minWindow, 2 * MAX_BYTES),
    maxReassemblyBytes: integer("maxReassemblyBytes", o.maxReassemblyBytes, twice, maxMessageBytes, MAX_BYTES),
    maxReassemblyMessages: integer("maxReassemblyMessages", o.maxReassemblyMessages, 64, 1, 1024),
    reassemblyTimeoutMs,
    maxUnreadBytes: integer("maxUnreadBytes", o.maxUnreadBytes, twice, maxMessageBytes, MAX_BYTES),
    laneWeights: resolveWeights(o.laneWeights === undefined ? {} : o.laneWeights),
  });
}

function resolveChannels(options: Readonly<Record<number, ChannelOptions>>, least: number): ChannelConfig[] {
  if (typeof options !== "object" || options === null) throw new TypeError("The option channels must be an object");
  const numbers = new Set([0, 1, 2, 3]);
  for (const name of Object.keys(options)) {
    const number = Number(name);
    if (!Number.isInteger(number) || number < 0 || number >= CONNECTION || String(number) !== name) {
      throw new RangeError(`The option channels has ${name}: channels are numbers from 0 to ${CONNECTION - 1}`);
    }
    numbers.add(number);
  }
  const channels: ChannelConfig[] = new Array(Math.max(...numbers) + 1).fill(undefined);
  for (const number of numbers) channels[number] = resolveChannel(number, options[number] ?? {}, least);
  return channels;
}

function resolveChannel(number: number, options: ChannelOptions, least: number): ChannelConfig {
  onlyKnown(`Channel ${number}`, options, KNOWN_CHANNEL);
  if (options.delivery === undefined && number >= DELIVERIES.length) {
    throw new TypeError(`Channel ${number} needs the option delivery`);
  }
  const delivery = choice("delivery", options.delivery, DELIVERIES[number] ?? "unreliable", DELIVERIES);
  const lane = LANES.indexOf(choice("lane", options.lane, "normal", LANES));
  const minWindow = Math.max(least, INITIAL_CHANNEL_CREDIT);
  const fec = options.fec === undefined || options.fec === false
    ? undefined
    : resolveFecOptions(options.fec === true ? {} : options.fec);
  const redundancyBytes = integer("redundancyBytes", options.redundancyBytes, 0, 0, 1024);
  if (redundancyBytes > 0 && fec !== undefined) {
    throw new RangeError(`Channel ${number} cannot have both redundancyBytes and fec`);
  }
  return Object.freeze({
    number,
    delivery,
    isReliable: delivery === "reliableOrdered" || delivery === "reliableUnordered",
    isOrdered: delivery === "reliableOrdered",
    isSequenced: delivery === "sequenced",
    lane,
    ttlMs: duration("ttlMs", options.ttlMs, 0),
    windowBytes: integer("windowBytes", options.windowBytes, Math.max(2 * least, 1 << 18), minWindow, MAX_BYTES),
    redundancyBytes,
    fec,
  });
}

function resolveWeights(weights: Readonly<Partial<Record<LaneName, number>>>): readonly number[] {
  onlyKnown("laneWeights", weights, new Set<string>(LANES));
  return Object.freeze(LANES.map((name, lane) => {
    const weight = atLeast(`laneWeights.${name}`, weights[name], DEFAULT_WEIGHTS[lane]!, 1);
    if (!Number.isInteger(weight) || weight > 64) {
      throw new RangeError(`The option laneWeights.${name} must be an integer from 1 to 64: got ${weight}`);
    }
    return weight;
  }));
}
