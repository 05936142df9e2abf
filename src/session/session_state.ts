/**
 * The states of a session and how many times each transition was made (STATE_MACHINE.md).
 *
 * Invariant: every change of state goes through `SessionTransitions.count`, so that what the counts show is all there
 * is. Why counts and not a callback: machines call nobody, and an endpoint's counts are a metric as well.
 *
 * @module
 */

/** The states of a session. */
export const SessionState = {
  /** A client without keys: before TLS, or after a resumption that came to nothing. */
  Idle: 0,
  /** A client whose first flight is out. */
  Resuming: 1,
  /** Both ends should have keys; the peer has not been heard under them. */
  Confirming: 2,
  /** The peer was heard under the session's keys. */
  Established: 3,
  /** This end has closed and repeats its close. */
  Closing: 4,
  /** The peer has closed; nothing is sent any more. */
  Draining: 5,
  /** Over; the slot is free. */
  Closed: 6,
} as const;

/** One of the values of {@linkcode SessionState}. */
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

/** The names of {@linkcode SessionState}. */
export type SessionStateName = keyof typeof SessionState;

/** The names by number. */
export const SESSION_STATE_NAMES: readonly SessionStateName[] = Object.keys(SessionState) as SessionStateName[];

/** Which end of a session this is. */
export const SessionRole = {
  /** It asked for the session. */
  Client: 0,
  /** It gave the keys. */
  Server: 1,
} as const;

/** One of the values of {@linkcode SessionRole}. */
export type SessionRole = (typeof SessionRole)[keyof typeof SessionRole];

/** One transition and how often it was made. */
export interface TransitionCount {
  /** The role's name. */
  readonly role: keyof typeof SessionRole;
  /** The state before. */
  readonly from: SessionStateName;
  /** The state after. */
  readonly to: SessionStateName;
  /** How often. */
  readonly count: number;
}

const STATES = SESSION_STATE_NAMES.length;

/** Counts the transitions of all sessions of an endpoint. */
export class SessionTransitions {
  readonly #counts = new Float64Array(2 * STATES * STATES);

  /**
   * A session changed its state.
   *
   * @param role Which end it is.
   * @param from The state before.
   * @param to The state after.
   */
  count(role: SessionRole, from: SessionState, to: SessionState): void {
    this.#counts[(role * STATES + from) * STATES + to]!++;
  }

  /**
   * The transitions that were made.
   *
   * @returns One entry for each that was made at least once.
   */
  list(): TransitionCount[] {
    const list: TransitionCount[] = [];
    for (let i = 0; i < this.#counts.length; i++) {
      const count = this.#counts[i]!;
      if (count === 0) continue;
      const from = SESSION_STATE_NAMES[Math.floor(i / STATES) % STATES]!;
      const role = i < STATES * STATES ? "Client" : "Server";
      list.push({ role, from, to: SESSION_STATE_NAMES[i % STATES]!, count });
    }
    return list;
  }
}
