/**
 * What a membership machine counts; one row of a `CounterTable`.
 *
 * @module
 */

/** The columns. */
export const MemberCounter = {
  /** Datagrams that opened and were fresh. */
  DatagramsIn: 0,
  /** Datagrams that were sealed. */
  DatagramsOut: 1,
  /** Bytes of datagrams that were sealed. */
  BytesOut: 2,
  /** Datagrams that are none of this protocol's, or too short. */
  Foreign: 3,
  /** Datagrams that did not open: another mesh, a forgery, a bit that flipped. */
  Unsealed: 4,
  /** Datagrams that came before. */
  Replayed: 5,
  /** Datagrams that were sealed for another boot. */
  NotForUs: 6,
  /** Datagrams of unknown senders beyond the rate. */
  StrangersLimited: 7,
  /** Datagrams of unknown senders that had no room for an answer, or were answered elsewhere. */
  StrangersIgnored: 8,
  /** Challenges that were sent. */
  Challenges: 9,
  /** Cookies that were too old or not ours. */
  CookiesInvalid: 10,
  /** Datagrams that opened and whose body or one of its statements is malformed. */
  Malformed: 11,
  /** Datagrams that found no room in the queue. */
  QueueFull: 12,
  /** Members that found no room. */
  MembersRefused: 13,
  /** Statements that were older than what is known. */
  Stale: 14,
  /** Probes that were begun. */
  Probes: 15,
  /** Probes that no answer came to. */
  ProbesFailed: 16,
  /** Suspicions of this node that it refuted. */
  Refutations: 17,
  /** Times that the process was held up. */
  Stalls: 18,
  /** Syncs that came to their end. */
  Syncs: 19,
  /** Lists of interest that were refused. */
  InterestRefused: 20,
  /** Parts of lists that were pulled. */
  InterestParts: 21,
} as const;

/** The names of the counters, in the order of their columns. */
export const MEMBER_COUNTERS: readonly string[] = Object.keys(MemberCounter).map((name) =>
  name.charAt(0).toLowerCase() + name.slice(1)
);
