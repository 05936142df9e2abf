/**
 * What the machine of a link tells its driver: the notifications, and why a link ended.
 *
 * @module
 */
import type { CloseOrigin } from "../../error/transport_error.ts";
import type { LinkCloseCode } from "./link_close_code.ts";

/** What `pollEvent` reports. */
export const LinkEvent = {
  /** The peer has shown that it has the key: answer with `admit` or `refuse` before the next read. */
  Greeted: 1,
  /** Both ends have admitted each other: messages flow. Once. */
  Ready: 2,
  /** Messages wait in `nextMessage`; they are void with the next `pollEvent`. */
  Messages: 3,
  /** The send queue is down at its low mark after it was full or above its high mark. */
  Drained: 4,
  /** Everything was handed to the stream: end this side of it now. */
  EndWrite: 5,
  /** It is over, `reason` says why: close the stream. */
  Closed: 6,
} as const;

/** One of the values of {@linkcode LinkEvent}. */
export type LinkEvent = (typeof LinkEvent)[keyof typeof LinkEvent];

/** Why a link ended. */
export interface LinkCloseReason {
  /** The reason. */
  readonly code: LinkCloseCode;
  /** Who ended it. */
  readonly origin: CloseOrigin;
  /** The error behind it, where there is one. */
  readonly cause?: unknown;
}
