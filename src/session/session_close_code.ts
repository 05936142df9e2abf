/**
 * Why a session ended: the numbers that stand in its close frames and hello refusals (STANDARD.md, section 6).
 *
 * Numbers below 64 are those of `error/close_code.ts`; 64 to 95 belong to sessions; from 32768 on they belong to the
 * application, which gives them a meaning. The list is append-only.
 *
 * @module
 */

/** The reasons for the end of a session. */
export const SessionCloseCode = {
  /** Either side closed. */
  Normal: 0,
  /** The endpoint that owns the session stopped. */
  GoingAway: 1,
  /** Nothing authentic was received for longer than the idle timeout. */
  IdleTimeout: 8,
  /** The peer was not heard under the session's keys in time. */
  HandshakeTimeout: 10,
  /** The peer broke a rule of the standard inside an authentic packet. */
  ProtocolViolation: 64,
  /** More packets were forged than the keys allow (RFC 9001 section 6.6). */
  ForgeryLimit: 65,
  /** The peer has lost the session and said so with a stateless reset. */
  StatelessReset: 66,
  /** The same client has a newer session. */
  Replaced: 67,
  /** The peer acknowledged a packet that was never sent. */
  OptimisticAck: 68,
  /** Client and server have no version in common. */
  VersionMismatch: 69,
  /** The server has no room for another session. */
  Busy: 70,
  /** The client's hello breaks the format. */
  BadHello: 71,
  /** The application refused the client. */
  NotAuthorized: 72,
  /** Packet numbers ran out. */
  NumbersExhausted: 73,
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
