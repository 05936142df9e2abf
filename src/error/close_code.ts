/**
 * Why a connection ended, as numbers that never change their meaning.
 *
 * The list is append-only: a code that was published is never reused, because logs, counters and wire formats carry the
 * number. 64 to 95 belong to sessions (`session/session_close_code.ts`), from 32768 on the application's own. A plain frozen object and not an `enum`: it erases to what is written here.
 *
 * @module
 */

/** The numeric reasons for the end of a connection. */
export const CloseCode = {
  /** Either side closed and everything that was accepted before had been handed to the link. */
  Normal: 0,
  /** The endpoint that owns the connection stopped. */
  GoingAway: 1,
  /** The caller's `AbortSignal` fired. */
  Aborted: 2,
  /** The link broke: reset, unreachable, or any other error of the operating system. */
  LinkLost: 3,
  /** The peer ended its stream inside a header or a payload. */
  Truncated: 4,
  /** A frame announced a negative length. */
  NegativeLength: 5,
  /** A frame announced more than `maxFrameBytes`. */
  FrameTooLarge: 6,
  /** A frame announced length 0 where empty messages are not allowed. */
  EmptyFrame: 7,
  /** Nothing was received for longer than `idleTimeoutMs`. */
  IdleTimeout: 8,
  /** A frame in progress arrived slower than `minFrameBytesPerSecond`. */
  TooSlow: 9,
  /** The peer did not complete its handshake within `handshakeTimeoutMs`. */
  HandshakeTimeout: 10,
  /** The peer announced an id that is empty, too long or not printable ASCII. */
  BadPeerId: 11,
  /** The peer announced an id that a live connection already holds. */
  DuplicatePeerId: 12,
  /** The server answered the handshake with something other than the announced id. */
  HandshakeMismatch: 13,
  /** A handler of the application threw or its promise was rejected. */
  HandlerFailed: 14,
  /** The send queue was full and its policy is `close`. */
  SendQueueFull: 15,
  /** Closing did not finish within `closeTimeoutMs`; what was queued was lost. */
  CloseTimeout: 16,
  /** A connection could not be established. */
  ConnectFailed: 17,
  /** A frame lacks the timestamp that both ends agreed on. */
  MissingTimestamp: 18,
  /** The peer ended the stream before the handshake was complete: it refused, or went away. */
  HandshakeRefused: 19,
  /** The peer took no byte of what was queued for longer than `sendStallTimeoutMs`. */
  SendStalled: 20,
  /** No live connection has the peer id that was to be sent to. */
  UnknownPeer: 21,
  /** A session's peer broke a rule of the standard inside an authentic packet. */
  ProtocolViolation: 64,
  /** More packets of a session were forged than its keys allow (RFC 9001 section 6.6). */
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
  /** The packet numbers of a session ran out. */
  NumbersExhausted: 73,
} as const;

/** One of the values of {@linkcode CloseCode}. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The names of {@linkcode CloseCode}, as they stand in messages and statistics. */
export type CloseCodeName = keyof typeof CloseCode;

const names = new Map<number, CloseCodeName>(
  Object.entries(CloseCode).map(([name, code]) => [code, name as CloseCodeName]),
);

/**
 * The name of a close code.
 *
 * @param code The number.
 * @returns Its name, or `"Unknown"` for a number that this version does not know.
 */
export function closeCodeName(code: number): CloseCodeName | "Unknown" {
  return names.get(code) ?? "Unknown";
}
