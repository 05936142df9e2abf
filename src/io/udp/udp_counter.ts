/**
 * What a UDP link counts: every datagram that comes or is to go is in exactly one of these.
 *
 * @module
 */

/** The places of the counters in a link's table. */
export const UdpCounter = {
  /** Datagrams that went out. */
  Sent: 0,
  /** Their bytes. */
  SentBytes: 1,
  /** Datagrams that were handed over. */
  Received: 2,
  /** Their bytes. */
  ReceivedBytes: 3,
  /** Datagrams that were refused because too much was under way. */
  RefusedFull: 4,
  /** Datagrams that were refused because they are longer than `maxDatagramBytes`. */
  RefusedTooLarge: 5,
  /** Datagrams that were refused because the socket cannot have the destination. */
  RefusedDestination: 6,
  /** Datagrams that this process may not send, or that a rule of the system forbids. */
  FailedNotPermitted: 7,
  /** Datagrams that are longer than the path takes. */
  FailedTooLong: 8,
  /** Datagrams whose destination is unreachable, or refused an earlier one. */
  FailedUnreachable: 9,
  /** Datagrams that the system has no memory for. */
  FailedNoBuffers: 10,
  /** Datagrams that did not go out for any other reason. */
  FailedOther: 11,
  /** Datagrams that came longer than `maxDatagramBytes` and were dropped. */
  DroppedTooLarge: 12,
  /** Datagrams whose sender has no numeric address. */
  DroppedSource: 13,
  /** Datagrams that came before the link was started, while as many as are kept were waiting. */
  DroppedEarly: 14,
  /** Receives that failed and were tried again. */
  ReceiveFailures: 15,
} as const;

/** The names of the counters, by place. */
export const UDP_COUNTER_NAMES: readonly string[] = Object.keys(UdpCounter).map((name) =>
  name[0]!.toLowerCase() + name.slice(1)
);
