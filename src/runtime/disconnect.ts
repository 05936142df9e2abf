/**
 * How the end of a stream is told to the application.
 *
 * @module
 */
import { CloseCode, closeCodeName } from "../error/close_code.ts";
import { ClosedError, ProtocolError } from "../error/transport_error.ts";
import type { CloseReason } from "../stream/stream_machine.ts";
import type { DisconnectReason } from "./connection.ts";

/** What a peer did to end a connection by breaking the protocol. */
const PROTOCOL_FAULTS: ReadonlyMap<CloseCode, string> = new Map([
  [CloseCode.Truncated, "The peer ended its stream inside a frame"],
  [CloseCode.NegativeLength, "The peer announced a frame of negative length"],
  [CloseCode.FrameTooLarge, "The peer announced a frame larger than maxFrameBytes"],
  [CloseCode.EmptyFrame, "The peer sent an empty message where none is allowed"],
  [CloseCode.MissingTimestamp, "The peer sent a message without the timestamp that was agreed on"],
  [CloseCode.BadPeerId, "The peer announced no valid peer id"],
  [CloseCode.HandshakeMismatch, "The peer answered the handshake with something other than the announced id"],
]);

/**
 * Describes the end of a connection.
 *
 * @param reason What the machine says.
 * @param unsentCount How many messages were never written whole.
 * @param isFinal Whether nothing follows.
 * @returns The description for the application.
 */
export function describeReason(reason: CloseReason, unsentCount: number, isFinal = true): DisconnectReason {
  const cause = causeOf(reason);
  const text = cause instanceof Error ? `: ${cause.message}` : "";
  const message = `${closeCodeName(reason.code)} (${reason.origin})${text}`;
  const { code, origin } = reason;
  return Object.freeze({ code, origin, message, unsentCount, isFinal, ...(cause === undefined ? {} : { cause }) });
}

/**
 * The error that sends are rejected with after the end of a connection.
 *
 * @param reason What the machine says.
 * @returns The error.
 */
export function closedError(reason: CloseReason): ClosedError {
  const cause = causeOf(reason);
  return new ClosedError(reason.code, reason.origin, cause === undefined ? undefined : { cause });
}

function causeOf({ code, cause }: CloseReason): unknown {
  const fault = PROTOCOL_FAULTS.get(code);
  return cause ?? (fault === undefined ? undefined : new ProtocolError(code, fault));
}
