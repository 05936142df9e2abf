/**
 * What a TLS listener counts: every connection that comes is in exactly one of these in the end.
 *
 * @module
 */

/** The places of the counters in a listener's table. */
export const TlsCounter = {
  /** Links that were handed out or wait to be accepted. */
  Established: 0,
  /** Connections that were reset at once because their address makes too many. */
  TooMany: 1,
  /** Handshakes that made way for newer ones. */
  CrowdedOut: 2,
  /** Handshakes that took too long. */
  TimedOut: 3,
  /** Handshakes that failed, or whose client went away. */
  Failed: 4,
  /** Clients whose certificate is missing, not trusted, or was not checked in this handshake. */
  Unauthorized: 5,
  /** Links that were closed because too many waited to be accepted. */
  Overflowed: 6,
  /** Handshakes that were under way when the listener was closed. */
  Closed: 7,
} as const;

/** The names of the counters, by place. */
export const TLS_COUNTER_NAMES: readonly string[] = Object.keys(TlsCounter).map((name) =>
  name[0]!.toLowerCase() + name.slice(1)
);
