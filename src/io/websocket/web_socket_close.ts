/**
 * What the close codes of WebSocket (RFC 6455, section 7.4) mean to a link.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ProtocolError } from "../../error/transport_error.ts";

/** The close codes that are used or understood here. */
export const WebSocketCode = {
  /** All is well. */
  Normal: 1000,
  /** The endpoint goes away. */
  GoingAway: 1001,
  /** The peer broke the protocol. */
  ProtocolError: 1002,
  /** The peer sent text, which is no part of the protocol of messages. */
  Unsupported: 1003,
  /** The peer's close frame had no code. */
  None: 1005,
  /** The connection broke; never on the wire. */
  Broken: 1006,
  /** A message was not UTF-8. */
  BadText: 1007,
  /** A message was too large. */
  TooLarge: 1009,
} as const;

/**
 * Judges the end of a WebSocket.
 *
 * @param code The code of its close event.
 * @param reason The text that came with it.
 * @returns `undefined` when it ended in order, else the error.
 */
export function closeFailure(code: number, reason: string): Error | undefined {
  if (code === WebSocketCode.Normal || code === WebSocketCode.GoingAway || code === WebSocketCode.None) {
    return undefined;
  }
  const text = reason === "" ? "" : `: ${reason.slice(0, 123)}`;
  const cause = new Error(`The WebSocket was closed with the code ${code}${text}`);
  return new ClosedError(CloseCode.LinkLost, code === WebSocketCode.Broken ? "link" : "remote", { cause });
}

/**
 * The error of a peer that sent text.
 *
 * @returns The error.
 */
export function textRefused(): ProtocolError {
  return new ProtocolError(
    CloseCode.ProtocolViolation,
    "The peer sent a text message where only binary ones are known",
  );
}
