/**
 * Why a session ended: the numbers that stand in its close frames and hello refusals (STANDARD.md, section 6).
 *
 * All are numbers of `error/close_code.ts`, which keeps them: those below 64 are shared with other connections, 64 to 95
 * belong to sessions. From 32768 on they belong to the application, which gives them a meaning.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";

/** The reasons for the end of a session. */
export const SessionCloseCode = {
  /** Either side closed. */
  Normal: CloseCode.Normal,
  /** The endpoint that owns the session stopped. */
  GoingAway: CloseCode.GoingAway,
  /** Nothing authentic was received for longer than the idle timeout. */
  IdleTimeout: CloseCode.IdleTimeout,
  /** The peer was not heard under the session's keys in time. */
  HandshakeTimeout: CloseCode.HandshakeTimeout,
  /** The peer broke a rule of the standard inside an authentic packet. */
  ProtocolViolation: CloseCode.ProtocolViolation,
  /** More packets were forged than the keys allow (RFC 9001 section 6.6). */
  ForgeryLimit: CloseCode.ForgeryLimit,
  /** The peer has lost the session and said so with a stateless reset. */
  StatelessReset: CloseCode.StatelessReset,
  /** The same client has a newer session. */
  Replaced: CloseCode.Replaced,
  /** The peer acknowledged a packet that was never sent. */
  OptimisticAck: CloseCode.OptimisticAck,
  /** Client and server have no version in common. */
  VersionMismatch: CloseCode.VersionMismatch,
  /** The server has no room for another session. */
  Busy: CloseCode.Busy,
  /** The client's hello breaks the format. */
  BadHello: CloseCode.BadHello,
  /** The application refused the client. */
  NotAuthorized: CloseCode.NotAuthorized,
  /** Packet numbers ran out. */
  NumbersExhausted: CloseCode.NumbersExhausted,
} as const;

/** One of the values of {@linkcode SessionCloseCode}. */
export type SessionCloseCode = (typeof SessionCloseCode)[keyof typeof SessionCloseCode];

/** The first code that an application may choose. */
export const FIRST_APPLICATION_CODE = 0x8000;

/**
 * The name of a code.
 *
 * @param code The number.
 * @returns Its name, `Application` from {@linkcode FIRST_APPLICATION_CODE} on, `Unknown` for any other.
 */
export function sessionCloseCodeName(code: number): keyof typeof SessionCloseCode | "Application" | "Unknown" {
  if (code >= FIRST_APPLICATION_CODE) return "Application";
  const found = Object.entries(SessionCloseCode).find(([, number]) => number === code);
  return found === undefined ? "Unknown" : found[0] as keyof typeof SessionCloseCode;
}
