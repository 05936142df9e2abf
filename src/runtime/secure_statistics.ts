/**
 * What secure sockets and their peers report about themselves, made from counters when somebody asks.
 *
 * @module
 */
import type { SessionMachine } from "../session/session_machine.ts";
import type { SessionStatistics } from "../session/session_statistics.ts";
import type { UdpAddress } from "../transport/address.ts";

/**
 * What one peer reports: round-trip times (`rttVariationMs` is the jitter), what is under way and queued, the estimates of
 * the congestion controller, and counters by name: of the session (`counters`) and of its channels (`channels`), with one
 * for each kind of drop.
 */
export interface SecurePeerStatistics extends SessionStatistics {
  /** Where the peer is now. */
  readonly address: UdpAddress;
  /** Whether the session was resumed with a ticket. */
  readonly isResumed: boolean;
  /** The share of packets that were declared lost, of those whose fate is known; 0 to 1. */
  readonly lossRatio: number;
  /** How many frames were sent again because a packet was lost. */
  readonly retransmissions: number;
  /** How many frames that were lost on the way here were recovered by parity. */
  readonly recoveredByParity: number;
}

/** What a secure socket reports, over all its peers, past ones included. */
export interface SecureStatistics {
  /** How many peers are connected. */
  readonly peers: number;
  /** How many sessions there are, those included that are being made or are closing. */
  readonly sessions: number;
  /** How many of them wait for their client's first packet. */
  readonly halfOpen: number;
  /** How many events wait for the application. */
  readonly queuedEvents: number;
  /** How many bytes of messages wait for the application. */
  readonly queuedEventBytes: number;
  /** Messages dropped because too many events waited. */
  readonly droppedMessages: number;
  /** Peers turned away because too many events waited. */
  readonly refusedPeers: number;
  /** Datagrams dropped because they came while what was to be sent found no room. */
  readonly droppedDatagrams: number;
  /** What all sessions counted, by name (see `SessionCounter`). */
  readonly session: Readonly<Record<string, number>>;
  /** What became of datagrams that belong to no session, by name (see `EndpointCounter`). */
  readonly endpoint: Readonly<Record<string, number>>;
  /** What the datagram socket counted, by name. */
  readonly datagrams: Readonly<Record<string, number>>;
  /** What a server counted of its TLS side, by name; empty at a client. */
  readonly handshakes: Readonly<Record<string, number>>;
}

/**
 * Reads the numbers of a peer.
 *
 * @param session The peer's.
 * @param address Where it is.
 * @returns A new object.
 */
export function peerStatisticsOf(session: SessionMachine, address: UdpAddress): SecurePeerStatistics {
  const statistics = session.statistics();
  const { packetsAcked, packetsLost } = statistics.counters;
  const { framesResent, recovered } = statistics.channels;
  return {
    ...statistics,
    address,
    isResumed: session.isResumed,
    lossRatio: packetsLost! / Math.max(1, packetsLost! + packetsAcked!),
    retransmissions: framesResent!,
    recoveredByParity: recovered!,
  };
}
