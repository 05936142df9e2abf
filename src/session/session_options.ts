/**
 * The options of the sessions of one endpoint: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import {
  CHANNEL_SET_OPTION_NAMES,
  type ChannelSetConfig,
  type ChannelSetOptions,
  resolveChannelSetOptions,
} from "../channel/channel_options.ts";
import { MESSAGE_COST } from "../channel/credit.ts";
import { duration, flag, integer } from "../error/option_check.ts";
import {
  RELIABILITY_OPTION_NAMES,
  type ReliabilityConfig,
  type ReliabilityOptions,
  resolveReliabilityOptions,
} from "../reliability/reliability_options.ts";
import { BASE_DATAGRAM_BYTES } from "../wire/packet_header.ts";
import type { SessionLimits } from "../wire/session_limits.ts";

/** Options that a configuration holds in another form. */
export type DerivedSessionOption =
  | "followPeer"
  | Exclude<keyof ReliabilityOptions, "maxAckDelayMs" | "ackEveryPackets" | "initialRttMs">
  | Exclude<keyof ChannelSetOptions, "maxQueuedBytes">;

/** The options of a session, common to clients and servers; those of channels and loss recovery among them. */
export interface SessionOptions
  extends
    Omit<ReliabilityOptions, "maxAckDelayMs" | "ackEveryPackets" | "initialRttMs">,
    Omit<ChannelSetOptions, "maxQueuedBytes"> {
  /**
   * The largest datagram that is sent, in bytes: 1200, which every link carries, to 1452, which fills an Ethernet frame
   * over IPv6. Where a link carries less, larger ones are lost without a word. @default 1200
   */
  readonly maxDatagramBytes?: number;
  /**
   * Ends a session from which nothing authentic came for this many ms; the smaller one of both ends counts. 0: never,
   * unless the peer says so. @default 30000
   */
  readonly idleTimeoutMs?: number;
  /**
   * Sends a ping after this many ms without a packet to or from the peer. Less than 15 s is a burden on mobile devices
   * (RFC 8085), more than 25 s loses bindings of address translators. A server waits a quarter longer, so that the
   * client's ping does for both. 0: never. @default 15000, or half of `idleTimeoutMs`
   */
  readonly keepAliveMs?: number;
  /** Gives a handshake up that did not finish within this many ms, at least 1. @default 10000 */
  readonly handshakeTimeoutMs?: number;
  /**
   * Holds an acknowledgement back for this many ms at most, 0 to 1000. 0: every packet is acknowledged at once.
   * @default 25
   */
  readonly maxAckDelayMs?: number;
  /**
   * Acknowledges at once after this many packets that ask for it, 1 to 128, and whenever one is missing. Fewer make
   * the peer's congestion controller see more, and cost both ends more packets. @default 16
   */
  readonly ackEveryPackets?: number;
  /**
   * The round-trip time in ms that is assumed before the first sample, 1 to 1000; a larger one slows the repetition of
   * lost handshakes, a smaller one repeats without need. @default 100
   */
  readonly initialRttMs?: number;
  /** Takes the next send keys after this many packets, 16 to 2^40. @default 4194304 */
  readonly rotateAfterPackets?: number;
  /** Takes the next send keys after this many bytes, 4096 to 2^50. @default 4294967296 */
  readonly rotateAfterBytes?: number;
  /** Takes the next send keys after this many ms, idle or not. 0: time is no reason. @default 600000 */
  readonly rotateAfterMs?: number;
  /** Closes a session after this many forged packets, 1 to 2^36 (RFC 9001 section 6.6). @default 68719476736 */
  readonly maxForgedPackets?: number;
  /**
   * How many bytes each channel queues, with 64 for each message, until they are sent and, on reliable channels,
   * acknowledged, 2048 to 2^30; a channel that has nothing queued takes any message. @default twice `maxMessageBytes`, at
   * least 262144; of small unreliable messages 262144
   */
  readonly maxQueuedBytes?: number;
  /**
   * Whether a peer that is heard from another address is followed there. A server must, or address translators end
   * sessions; a client's server does not move. @default true for the sessions of a server, false for those of a client
   */
  readonly followPeer?: boolean;
}

/** {@linkcode SessionOptions}, complete and checked. */
export interface SessionConfig extends Required<Omit<SessionOptions, DerivedSessionOption>> {
  /** The channels. */
  readonly channelSet: ChannelSetConfig;
  /** Loss recovery and congestion control. */
  readonly reliability: ReliabilityConfig;
  /** By number: 1 where messages need nothing of what channels keep as long as they fit a packet. */
  readonly plainChannels: Uint8Array;
  /** By number: 1 where whole messages are handed on as they come. */
  readonly unreliableChannels: Uint8Array;
  /** Whether the sessions of clients follow their server. */
  readonly clientFollows: boolean;
  /** Whether the sessions of a server follow their clients. */
  readonly serverFollows: boolean;
  /** What is told to peers. */
  readonly limits: SessionLimits;
}

/** The names of all session options. */
export const SESSION_OPTION_NAMES: readonly (keyof SessionOptions)[] = [
  ...new Set<keyof SessionOptions>([
    ...RELIABILITY_OPTION_NAMES,
    ...CHANNEL_SET_OPTION_NAMES as ReadonlySet<keyof ChannelSetOptions>,
    "maxDatagramBytes",
    "idleTimeoutMs",
    "keepAliveMs",
    "handshakeTimeoutMs",
    "maxAckDelayMs",
    "ackEveryPackets",
    "initialRttMs",
    "rotateAfterPackets",
    "rotateAfterBytes",
    "rotateAfterMs",
    "maxForgedPackets",
    "maxQueuedBytes",
    "followPeer",
  ]),
];

/** The largest datagram that is ever sent: an Ethernet frame less the headers of IPv6 and UDP. */
export const MAX_DATAGRAM_BYTES = 1452;

/** The largest datagram that is taken. */
const MAX_RECEIVED_BYTES = 0xffff;

const MAX_UINT32 = 0xffff_ffff;

const MAX_CHANNELS = 256;

/**
 * Completes and checks session options.
 *
 * @param options What the caller gave.
 * @returns The configuration; the caller freezes it together with its own.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveSessionOptions(options: SessionOptions): SessionConfig {
  const o = options;
  const idleTimeoutMs = duration("idleTimeoutMs", o.idleTimeoutMs, 30_000);
  const keepAliveMs = duration(
    "keepAliveMs",
    o.keepAliveMs,
    idleTimeoutMs === 0 ? 15_000 : Math.min(15_000, idleTimeoutMs / 2),
  );
  if (idleTimeoutMs > MAX_UINT32) throw new RangeError("The option idleTimeoutMs must be below 2^32");
  if (idleTimeoutMs > 0 && keepAliveMs >= idleTimeoutMs) {
    throw new RangeError(`The option keepAliveMs must be below idleTimeoutMs (${idleTimeoutMs}): got ${keepAliveMs}`);
  }
  const handshakeTimeoutMs = duration("handshakeTimeoutMs", o.handshakeTimeoutMs, 10_000);
  if (handshakeTimeoutMs < 1) throw new RangeError("The option handshakeTimeoutMs must be at least 1");
  const maxAckDelayMs = integer("maxAckDelayMs", o.maxAckDelayMs, 25, 0, 1000);
  const ackEveryPackets = integer("ackEveryPackets", o.ackEveryPackets, 16, 1, 128);
  const initialRttMs = integer("initialRttMs", o.initialRttMs, 100, 1, 1000);
  const maxQueuedBytes = integer("maxQueuedBytes", o.maxQueuedBytes, 1 << 18, 2048, 2 ** 30);
  const channelSet = resolveChannels(o);
  return {
    maxDatagramBytes: integer("maxDatagramBytes", o.maxDatagramBytes, BASE_DATAGRAM_BYTES, 1200, MAX_DATAGRAM_BYTES),
    idleTimeoutMs,
    keepAliveMs,
    handshakeTimeoutMs,
    maxAckDelayMs,
    ackEveryPackets,
    initialRttMs,
    rotateAfterPackets: integer("rotateAfterPackets", o.rotateAfterPackets, 2 ** 22, 16, 2 ** 40),
    rotateAfterBytes: integer("rotateAfterBytes", o.rotateAfterBytes, 2 ** 32, 4096, 2 ** 50),
    rotateAfterMs: duration("rotateAfterMs", o.rotateAfterMs, 600_000),
    maxForgedPackets: integer("maxForgedPackets", o.maxForgedPackets, 2 ** 36, 1, 2 ** 36),
    maxQueuedBytes,
    channelSet,
    reliability: resolveReliabilityOptions({
      ...pick(o, RELIABILITY_OPTION_NAMES),
      maxAckDelayMs,
      ackEveryPackets,
      initialRttMs,
    }),
    ...channelsByWay(channelSet),
    clientFollows: flag("followPeer", o.followPeer, false),
    serverFollows: flag("followPeer", o.followPeer, true),
    limits: Object.freeze({
      maxDatagramBytes: MAX_RECEIVED_BYTES,
      maxAckDelayMs,
      idleTimeoutMs: Math.ceil(idleTimeoutMs),
      features: 0,
    }),
  };
}

function resolveChannels(o: SessionOptions): ChannelSetConfig {
  const { maxQueuedBytes, ...others } = pick(o, [...CHANNEL_SET_OPTION_NAMES]) as ChannelSetOptions;
  const config = resolveChannelSetOptions(others);
  if (maxQueuedBytes === undefined) return config;
  // An empty queue takes any message.
  return resolveChannelSetOptions({
    ...others,
    maxQueuedBytes: Math.max(maxQueuedBytes, config.maxMessageBytes + MESSAGE_COST),
  });
}

function channelsByWay({ channels }: ChannelSetConfig): Pick<SessionConfig, "plainChannels" | "unreliableChannels"> {
  const plainChannels = new Uint8Array(MAX_CHANNELS);
  const unreliableChannels = new Uint8Array(MAX_CHANNELS);
  for (const channel of channels) {
    if (channel === undefined || channel.delivery !== "unreliable") continue;
    const { fec, number, redundancyBytes, ttlMs } = channel;
    unreliableChannels[number] = 1;
    plainChannels[number] = fec === undefined && redundancyBytes === 0 && ttlMs === 0 ? 1 : 0;
  }
  return { plainChannels, unreliableChannels };
}

/** The options of these names that were given. */
function pick(options: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
}
