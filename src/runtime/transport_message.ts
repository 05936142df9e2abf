/**
 * What a handler gets: one received message or request, and the means to answer it.
 *
 * @module
 */
import type { MessageFields } from "../message/packet_writer.ts";
import { MessageFlag } from "../wire/message_packet.ts";

/** What answers requests; a connection. */
export interface MessageAnswerer {
  /** The number of the session that the message came by. */
  readonly id: number;
  /** Answers; see {@linkcode ReceivedMessage.respond}. */
  answer(slot: number, message: ReceivedMessage, payload: Uint8Array, fields?: MessageFields): Promise<void>;
  /** Refuses; see {@linkcode ReceivedMessage.refuse}. */
  refuse(slot: number, message: ReceivedMessage, code: number, text: string): Promise<void>;
}

/** The parts of a message as they came. */
export interface MessageParts {
  /** The payload. */
  readonly data: Uint8Array;
  /** The application's own header. */
  readonly extension: Uint8Array;
  /** The sender's number of the message. */
  readonly messageId: number;
  /** The application's own number. */
  readonly businessType: number;
  /** The flags of the packet. */
  readonly flags: number;
  /** When it came. */
  readonly receivedAtMs: number;
}

const decoder = new TextDecoder();

/** A message or a request that was received. */
export class ReceivedMessage {
  /** The number of the session that it came by. */
  readonly sessionId: number;
  /** The payload. Whether it may be kept says `copyPayloads`. */
  readonly data: Uint8Array;
  /** The application's own header; empty without. */
  readonly extension: Uint8Array;
  /** The sender's number of the message. */
  readonly messageId: number;
  /** The application's own number, 0 to 255. */
  readonly businessType: number;
  /** When it came, on the clock of its connection. */
  readonly receivedAtMs: number;
  readonly #flags: number;
  readonly #answerer: MessageAnswerer;
  readonly #slot: number;
  #controller: AbortController | undefined = undefined;
  #unwanted: unknown = undefined;
  #isUnwanted = false;
  #isAnswered = false;

  /**
   * Made by a connection.
   *
   * @param answerer The connection.
   * @param slot The slot of a request; -1 for a one-way message.
   * @param parts The message.
   */
  constructor(answerer: MessageAnswerer, slot: number, parts: MessageParts) {
    this.sessionId = answerer.id;
    this.data = parts.data;
    this.extension = parts.extension;
    this.messageId = parts.messageId;
    this.businessType = parts.businessType;
    this.receivedAtMs = parts.receivedAtMs;
    this.#flags = parts.flags;
    this.#answerer = answerer;
    this.#slot = slot;
  }

  /** Whether the sender waits for an answer. */
  get isRequest(): boolean {
    return this.#slot >= 0;
  }

  /** Whether the sender calls it urgent. */
  get isHighPriority(): boolean {
    return (this.#flags & MessageFlag.HighPriority) !== 0;
  }

  /** Whether the extension begins with a route tag. */
  get hasRouteTag(): boolean {
    return (this.#flags & MessageFlag.RouteTag) !== 0;
  }

  /** Whether it was answered or refused. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The payload as UTF-8 text. */
  get text(): string {
    return decoder.decode(this.data);
  }

  /** Fires when the sender does not want the answer any more: it cancelled, its deadline passed, or it is gone. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isUnwanted) this.#controller.abort(this.#unwanted);
    }
    return this.#controller.signal;
  }

  /**
   * Answers a request.
   *
   * @param payload Copied.
   * @param fields What is added.
   * @returns When the answer is queued. Rejects with `MisuseError` when this is no request or it was answered before, and
   * with `ClosedError` or `TimeoutError` when nobody waits for the answer any more.
   */
  respond(payload: Uint8Array, fields?: MessageFields): Promise<void> {
    return this.#answerer.answer(this.#slot, this, payload, fields);
  }

  /**
   * Says that the request failed. A foreign peer is told nothing: it waits for its own timeout.
   *
   * @param code Why: 256 to 65,535.
   * @param text The same in words; at most 1024 bytes of it are sent.
   * @returns As {@linkcode ReceivedMessage.respond}.
   */
  refuse(code: number, text = ""): Promise<void> {
    return this.#answerer.refuse(this.#slot, this, code, text);
  }

  /** Called by the connection: an answer was queued. */
  handleAnswered(): void {
    this.#isAnswered = true;
  }

  /**
   * Called by the connection: nobody wants the answer any more.
   *
   * @param reason Why.
   */
  handleUnwanted(reason: unknown): void {
    this.#isUnwanted = true;
    this.#unwanted = reason;
    this.#controller?.abort(reason);
  }

  /** Why nobody wants the answer any more; `undefined` while somebody may. */
  get unwantedReason(): unknown {
    return this.#unwanted;
  }
}
