/**
 * What a message machine tells its driver, and the codes by which a request may fail.
 *
 * @module
 */

/** What `pollEvent` reports; the details are on the machine's fields. */
export const MessageEvent = {
  /** A one-way message: `packet`. */
  OneWay: 1,
  /** A request: the same, and `slot` names it until it is answered. */
  Request: 2,
  /** The answer to the own request in `slot`: `packet`. */
  Response: 3,
  /** The own request in `slot` failed: `errorCode`, `errorText`. */
  Refused: 4,
  /** The own request in `slot` was not answered in time. */
  Expired: 5,
  /** The own request in `slot` ends because the connection does. */
  Abandoned: 6,
  /** The peer does not want the answer to its request in `slot` any more. */
  Cancelled: 7,
  /** The deadline of the peer's request in `slot` passed, or the connection ended: nobody wants the answer. */
  Unwanted: 8,
  /** The peer closes in `goingAwayMs`. */
  GoingAway: 9,
  /** The peer broke the protocol: close with `closeCode`; `faultText` says what it did. */
  Fault: 10,
  /** Ask the peer by the link's own means whether it is there, and say `heard` when it answers. */
  Ask: 12,
  /** Nothing was heard for `keepAliveTimeoutMs`. */
  Silent: 11,
} as const;

/** One of the values of {@linkcode MessageEvent}. */
export type MessageEvent = (typeof MessageEvent)[keyof typeof MessageEvent];

/** Why a request failed at the other side (PROTOCOL.md in this folder). */
export const RequestErrorCode = {
  /** Nobody handles requests there. */
  NoHandler: 1,
  /** The handler failed. */
  HandlerFailed: 2,
  /** The deadline passed before there was an answer. */
  DeadlinePassed: 3,
  /** As many requests are unanswered there as may be. */
  Busy: 4,
  /** That side closes. */
  GoingAway: 5,
  /** The first code that an application may choose. */
  Application: 256,
} as const;

/** One of the values of {@linkcode RequestErrorCode}, or an application's own from 256 to 65,535. */
export type RequestErrorCode = number;
