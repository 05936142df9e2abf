/**
 * One secure session as a link of whole messages: reliable and in order, by channel 0.
 *
 * Invariants: the credit of a message goes back to its sender when the receiver was handed it, and not before, so that a
 * receiver that pauses holds its sender up within the channel's window; an end in order waits until the peer has
 * acknowledged what was sent, and stands behind all messages that came; nothing is handed over after `close`.
 * Why there is no half-close: the close of a session ends both ways.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ProtocolError } from "../error/transport_error.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { Address } from "../transport/address.ts";
import type { MessageLink, MessageReceiver } from "../transport/message_link.ts";
import { secureClosedError, type SecureDisconnectReason } from "./secure_event.ts";

/** The channel of all messages: reliable and ordered. */
export const LINK_CHANNEL = 0;

/** What the peer did wrong; any other end is a loss. */
const FAULTS: ReadonlySet<number> = new Set([
  SessionCloseCode.ProtocolViolation,
  SessionCloseCode.ForgeryLimit,
  SessionCloseCode.OptimisticAck,
]);

const SOON: Promise<void> = Promise.resolve();

/** What middleware and events are told of a link. */
export interface SecureLinkFacts {
  /** What the client showed when it asked for the session; a copy, and empty at a client. */
  readonly token: Uint8Array;
}

/** The socket that a link is served by. */
export interface SecureLinkOwner {
  /**
   * Offers a message.
   *
   * @param link Whose.
   * @param message Copied.
   * @returns What became of it.
   */
  send(link: SecureLink, message: Uint8Array): SendStatus;
  /**
   * The receiver of a link has a message.
   *
   * @param link Which.
   * @param credit The message's.
   */
  giveCredit(link: SecureLink, credit: number): void;
  /**
   * Ends a session in order, when all that was sent by it was acknowledged.
   *
   * @param link Whose.
   */
  end(link: SecureLink): void;
  /**
   * Closes a session now.
   *
   * @param link Whose.
   * @param code What the peer is told.
   */
  drop(link: SecureLink, code: number): void;
}

interface HeldMessage {
  readonly data: Uint8Array;
  readonly credit: number;
}

/** One end of a session; its owner feeds it. */
export class SecureLink implements MessageLink {
  readonly local: Address;
  readonly remote: Address;
  readonly copiesMessages = true;
  /** What is known of the peer. */
  readonly facts: SecureLinkFacts;
  /** Credit of messages that the receiver has, and the sender does not know of; its owner's. */
  owedCredit = 0;
  readonly #hub: SecureLinkOwner;
  readonly #session: SessionMachine;
  #receiver: MessageReceiver | undefined = undefined;
  #held: HeldMessage[] = [];
  #taken = 0;
  #isPaused = false;
  #isDue = false;
  #isEnding = false;
  #isOver = false;
  #reason: SecureDisconnectReason | undefined = undefined;
  #hasTold = false;
  readonly #deliverSoon = (): void => {
    this.#isDue = false;
    this.#deliver();
  };

  /**
   * @param hub By whom it is served.
   * @param session The session.
   * @param ends The addresses of both ends.
   * @param facts What is known of the peer.
   */
  constructor(
    hub: SecureLinkOwner,
    session: SessionMachine,
    { local, remote }: { readonly local: Address; readonly remote: Address },
    facts: SecureLinkFacts,
  ) {
    this.#hub = hub;
    this.#session = session;
    this.local = local;
    this.remote = remote;
    this.facts = facts;
  }

  /** The number of the peer. */
  get peerId(): number {
    return this.#session.id;
  }

  get queuedBytes(): number {
    if (this.#reason !== undefined) return 0;
    const { critical, high, normal, low } = this.#session.statistics().laneBytes;
    return critical + high + normal + low;
  }

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    this.#schedule();
  }

  send(message: Uint8Array): SendStatus {
    if (this.#isOver || this.#isEnding || this.#reason !== undefined) return SendStatus.Closed;
    const status = this.#hub.send(this, message);
    return status === SendStatus.NotConnected ? SendStatus.Closed : status;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    this.#hub.end(this);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#hub.drop(this, SessionCloseCode.GoingAway);
  }

  /**
   * A message came.
   *
   * @param data The receiver's from now on.
   * @param credit What its sender gets back when the receiver has it.
   */
  handleMessage(data: Uint8Array, credit: number): void {
    if (this.#isOver) return;
    if (this.#receiver === undefined || this.#isPaused || this.#held.length > 0) {
      this.#held.push({ data, credit });
      return this.#schedule();
    }
    this.#receiver.handleMessage(data);
    this.#hub.giveCredit(this, credit);
  }

  /** There may be room again. */
  handleRoom(): void {
    if (!this.#isOver) this.#receiver?.handleRoom();
  }

  /** Everything that was sent was acknowledged. */
  handleSent(): void {
    if (!this.#isOver) this.#receiver?.handleSent();
  }

  /**
   * The session is over.
   *
   * @param reason Why.
   */
  handleGone(reason: SecureDisconnectReason): void {
    this.#reason ??= reason;
    // A loss does not wait for a receiver that reads nothing.
    if (reason.code !== CloseCode.Normal) this.#held = [];
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue || this.#receiver === undefined) return;
    this.#isDue = true;
    void SOON.then(this.#deliverSoon);
  }

  #deliver(): void {
    const receiver = this.#receiver!;
    while (this.#taken < this.#held.length && !this.#isPaused && !this.#isOver) {
      const { data, credit } = this.#held[this.#taken++]!;
      receiver.handleMessage(data);
      this.#hub.giveCredit(this, credit);
    }
    this.#held = this.#held.slice(this.#taken);
    this.#taken = 0;
    if (this.#reason === undefined || this.#held.length > 0 || this.#isOver || this.#hasTold) return;
    this.#hasTold = true;
    const { code, message } = this.#reason;
    if (code === CloseCode.Normal) receiver.handleEnd();
    else if (FAULTS.has(code)) receiver.handleLost(new ProtocolError(code as CloseCode, message));
    else receiver.handleLost(secureClosedError(this.#reason));
  }
}
