/**
 * How the end of a stream is told to the application.
 *
 * @module
 */
import { closeCodeName } from "../error/close_code.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { CloseReason } from "../stream/stream_machine.ts";
import type { DisconnectReason } from "./connection.ts";

/**
 * Describes the end of a connection.
 *
 * @param reason What the machine says.
 * @param unsentCount How many messages were never written whole.
 * @returns The description for the application.
 */
export function describeReason(reason: CloseReason, unsentCount: number): DisconnectReason {
  const text = reason.cause instanceof Error ? `: ${reason.cause.message}` : "";
  const message = `${closeCodeName(reason.code)} (${reason.origin})${text}`;
  return Object.freeze({ ...reason, message, unsentCount });
}

/**
 * The error that sends are rejected with after the end of a connection.
 *
 * @param reason What the machine says.
 * @returns The error.
 */
export function closedError(reason: CloseReason): ClosedError {
  return new ClosedError(reason.code, reason.origin, reason.cause === undefined ? undefined : { cause: reason.cause });
}
