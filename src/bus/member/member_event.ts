/**
 * What the membership machine tells its driver.
 *
 * @module
 */

/** What `pollEvent` reports; which member it is about is on the machine. */
export const MemberEvent = {
  /** A member came, or came back after it had left or failed. */
  Joined: 1,
  /** A member is suspected; nothing is to be done yet. */
  Suspected: 2,
  /** A suspected member showed that it lives. */
  AliveAgain: 3,
  /** A member said that it goes. */
  Left: 4,
  /** A member failed, or its node started again and this boot is over. */
  Failed: 5,
  /** A member's name, addresses, cluster or metadata changed. */
  Updated: 6,
  /** What a member subscribes or handles changed; the queries show it already. */
  InterestChanged: 7,
  /** Another process has this node's id; it gave way, this one stays. */
  ConflictWon: 8,
  /** Another process has this node's id; this one gave way and takes no further part. */
  ConflictLost: 9,
  /** This node's going has been said; nothing goes out any more. */
  SelfLeft: 10,
} as const;

/** One of the values of {@linkcode MemberEvent}. */
export type MemberEvent = (typeof MemberEvent)[keyof typeof MemberEvent];
