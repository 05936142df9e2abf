/**
 * A connection that is not let in yet, as middleware sees it.
 *
 * Invariant: what middleware does not read is kept, in order, and handed to the application once the connection is let
 * in; at most one message is kept, because the reading waits.
 *
 * @module
 */
import { type ClosedError, MisuseError } from "../error/transport_error.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import type { ConnectionInfo } from "./transport_event.ts";
import type { ReceivedMessage } from "./transport_message.ts";

/** What a pending session writes to. */
export interface PendingTarget {
  /** The number of the session. */
  readonly id: number;
  /** Sends a message. */
  send(payload: Uint8Array, fields?: MessageFields): Promise<number>;
}

/** A connection before it is let in. */
export class PendingSession {
  /** The number of the session, if it is let in. */
  readonly sessionId: number;
  /** What is known of the connection. */
  readonly info: ConnectionInfo;
  /** What the application remembers of the session: middleware writes it, `server.session(id)` shows it. */
  readonly data: Map<string, unknown> = new Map();
  readonly #target: PendingTarget;
  #kept: ReceivedMessage | undefined = undefined;
  #release: (() => void) | undefined = undefined;
  #reader: PromiseWithResolvers<ReceivedMessage> | undefined = undefined;
  #end: ClosedError | undefined = undefined;

  /**
   * Made by a server.
   *
   * @param target The connection.
   * @param info What is known of it.
   */
  constructor(target: PendingTarget, info: ConnectionInfo) {
    this.sessionId = target.id;
    this.info = info;
    this.#target = target;
  }

  /**
   * Takes the first message that nobody has taken, which the application then does not see.
   *
   * @returns The message or request. Rejects with `ClosedError` when the connection ends before, and with `MisuseError`
   * while another call waits.
   */
  receive(): Promise<ReceivedMessage> {
    const kept = this.#kept;
    if (kept !== undefined) {
      this.#kept = undefined;
      this.#release?.();
      return Promise.resolve(kept);
    }
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#reader !== undefined) {
      return Promise.reject(new MisuseError("Cannot receive: another call waits already"));
    }
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /**
   * Sends a message.
   *
   * @param payload Copied.
   * @param fields What is added.
   * @returns Its id, when it is queued.
   */
  send(payload: Uint8Array, fields?: MessageFields): Promise<number> {
    return this.#target.send(payload, fields);
  }

  /**
   * Called by the server: a message came.
   *
   * @param message The message.
   * @returns Nothing when it was taken, else a promise that holds up the reading until it is.
   */
  handleMessage(message: ReceivedMessage): Promise<void> | undefined {
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(message);
      return undefined;
    }
    this.#kept = message;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#release = resolve;
    return promise;
  }

  /**
   * Called by the server: the connection is let in.
   *
   * @returns The message that nobody has taken, and what lets the reading go on.
   */
  handleAdmitted(): { readonly kept: ReceivedMessage | undefined; readonly release: () => void } {
    const kept = this.#kept;
    this.#kept = undefined;
    return { kept, release: () => this.#release?.() };
  }

  /**
   * Called by the server: the connection is over.
   *
   * @param error Why.
   */
  handleClosed(error: ClosedError): void {
    this.#end = error;
    this.#release?.();
    this.#reader?.promise.catch(() => {});
    this.#reader?.reject(error);
    this.#reader = undefined;
  }
}
