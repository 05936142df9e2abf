/**
 * What a session has to say besides messages, as bits: what is due in the next packet, and what is owed until the peer
 * has acknowledged a packet that carried it.
 *
 * Invariant: an item that is owed is due again when a packet threshold or a probe timeout says that its packet was
 * lost, and is settled only by the packet that carried it last, so that a late acknowledgement settles nothing newer.
 *
 * @module
 */

/** The numbers of the items that are owed until acknowledged; each has a cell in the session's row. */
export const Item = {
  /** A ping: keepalive, first sign of life, probe. */
  Ping: 0,
  /** HandshakeDone. */
  Done: 1,
  /** The first of `ID_COUNT` local ids that the peer does not have yet. */
  Id: 2,
  /** The peer's ids that are not used any more. */
  Retire: 5,
  /** The ticket for a later resumption. */
  Ticket: 6,
  /** The messages of a first flight that was refused or lost. */
  Early: 7,
  /** The accept in a reply. */
  Accept: 8,
} as const;

/** The bit of a ping. */
export const PING: number = 1 << Item.Ping;
/** The bit of a HandshakeDone. */
export const DONE: number = 1 << Item.Done;
/** The bits of all new connection ids. */
export const IDS: number = 7 << Item.Id;
/** The bit of retired ids. */
export const RETIRE: number = 1 << Item.Retire;
/** The bit of a ticket. */
export const TICKET: number = 1 << Item.Ticket;
/** The bit of early messages. */
export const EARLY: number = 1 << Item.Early;
/** The bit of an accept. */
export const ACCEPT: number = 1 << Item.Accept;
/** All that is owed until acknowledged. */
export const OWED: number = (1 << 9) - 1;
/** Due only: an acknowledgement. */
export const ACK: number = 1 << 9;
/** Due only: a close. */
export const CLOSE: number = 1 << 10;
/** Due only: the first flight. */
export const FLIGHT: number = 1 << 11;
/** Due only: a challenge or a response on some path. */
export const PROBES: number = 1 << 12;
