/**
 * What a server holds of a first flight that it took, until the client has shown that it got the reply.
 *
 * @module
 */
import type { EarlyVerdict } from "../wire/session_frame.ts";

/** The answer to a first flight. */
export interface ServerReply {
  /** The server's connection id and key share, as they stand in every reply. */
  readonly transcript: Uint8Array;
  /** What became of the early data. */
  readonly verdict: EarlyVerdict;
  /** The stateless reset token of the server's id. */
  readonly resetToken: Uint8Array;
}
