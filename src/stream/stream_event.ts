/**
 * What a stream machine tells its driver: the notifications, and why a stream ended.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { CloseOrigin } from "../error/transport_error.ts";

/** What `pollEvent` reports. */
export const StreamEvent = {
  /** The stream is open for messages; comes first, once. */
  Ready: 1,
  /** The peer announced `peerId`: answer with `acceptPeer` or `abort` before the next read. */
  PeerAnnounced: 2,
  /** Complete frames wait in `frames`; they are done with the next `pollEvent`. */
  Frames: 3,
  /** The send queue is down at its low mark after it was full or above its high mark. */
  Drained: 4,
  /** The peer ended its stream; what it had sent was delivered before. */
  Ended: 5,
  /** Everything was handed to the link: end this side's stream now. */
  EndWrite: 6,
  /** It is over, `reason` says why: close the link. */
  Closed: 7,
} as const;

/** One of the values of {@linkcode StreamEvent}. */
export type StreamEvent = (typeof StreamEvent)[keyof typeof StreamEvent];

/** Why a stream ended. */
export interface CloseReason {
  /** The reason. */
  readonly code: CloseCode;
  /** Who ended it. */
  readonly origin: CloseOrigin;
  /** The error behind it, where there is one. */
  readonly cause?: unknown;
}
