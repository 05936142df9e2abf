/**
 * What secure sockets and their peers report about themselves, made from counters when somebody asks.
 *
 * @module
 */
import type { SessionStatistics } from "../session/session_statistics.ts";
import type { UdpAddress } from "../transport/address.ts";

/** What one peer reports: round-trip times, queue, and counters by name (see `SessionCounter`). */
export interface SecurePeerStatistics extends SessionStatistics {
  /** Where the peer is now. */
  readonly address: UdpAddress;
  /** Whether the session was resumed with a ticket. */
  readonly isResumed: boolean;
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
