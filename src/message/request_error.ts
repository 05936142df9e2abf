/**
 * The error of a request that the other side answered with a refusal.
 *
 * @module
 */
import { TransportError } from "../error/transport_error.ts";
import { RequestErrorCode } from "./message_event.ts";

const REASONS: ReadonlyMap<number, string> = new Map<number, string>([
  [RequestErrorCode.NoHandler, "nobody handles requests there"],
  [RequestErrorCode.HandlerFailed, "the handler there failed"],
  [RequestErrorCode.DeadlinePassed, "it was not answered there in time"],
  [RequestErrorCode.Busy, "too many requests are unanswered there"],
  [RequestErrorCode.GoingAway, "the other side is closing"],
]);

/** The other side answered that the request failed. */
export class RequestError extends TransportError {
  /** Why: a value of `RequestErrorCode`, or the application's own from 256 on. */
  readonly remoteCode: RequestErrorCode;
  /** What the other side said about it; may be empty. */
  readonly remoteText: string;

  /**
   * Makes the error.
   *
   * @param remoteCode Why.
   * @param remoteText What the other side said about it.
   */
  constructor(remoteCode: RequestErrorCode, remoteText: string) {
    const reason = REASONS.get(remoteCode) ?? `code ${remoteCode}`;
    super("REMOTE", `The request failed: ${reason}${remoteText === "" ? "" : ` (${remoteText})`}`);
    this.remoteCode = remoteCode;
    this.remoteText = remoteText;
  }
}
