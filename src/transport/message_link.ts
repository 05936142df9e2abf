/**
 * The port of links that carry whole messages and are neither streams nor datagrams: WebSocket, message ports, and whatever
 * a program brings itself. Whoever implements it needs to know nothing else of this package.
 *
 * Messages come by callback, so that nothing is allocated for one on this side; sending never waits.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { Address } from "./address.ts";

/** Where a link hands what it receives; made by whoever uses the link. None of its methods throws. */
export interface MessageReceiver {
  /**
   * A message came.
   *
   * @param message The receiver's from now on.
   */
  handleMessage(message: Uint8Array): void;

  /** There is room again after `send` has refused a message with `BackPressured`; may come more often. */
  handleRoom(): void;

  /** Everything that was sent is out; may come more often. */
  handleSent(): void;

  /** The peer ended the link in order, after everything that it had sent. */
  handleEnd(): void;

  /**
   * The link is of no use any more, and has closed itself.
   *
   * @param error Why; a `ProtocolError` or a `ResourceError` where the link itself gave up on the peer.
   */
  handleLost(error: unknown): void;
}

/** One established link for whole messages: reliable and in order. */
export interface MessageLink {
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end. */
  readonly remote: Address;

  /**
   * Begins to hand over what comes; what came before waits until then.
   *
   * @param receiver Where to. Nothing is handed over within this call.
   */
  start(receiver: MessageReceiver): void;

  /**
   * Sends a message without waiting.
   *
   * @param message The link's from now on when it is queued.
   * @returns `Queued`; `BackPressured` when as much as allowed waits to be sent, and then `handleRoom` follows; `Closed`.
   */
  send(message: Uint8Array): SendStatus;

  /**
   * Whether `send` has copied the message when it returns: then it is only lent for the call. @default false
   */
  readonly copiesMessages?: boolean;

  /** How many bytes wait to be sent. */
  readonly queuedBytes: number;

  /**
   * Stops reading, so that a slow receiver slows the sender down. A few messages may still come. A link that cannot
   * stop hands on what comes; its receiver bounds that.
   */
  pause(): void;

  /** Goes on reading. */
  resume(): void;

  /**
   * Ends the link in order: what is queued is sent, the peer is told, its end follows with `handleEnd`. A second call
   * does nothing.
   */
  end(): void;

  /** Closes now; nothing is handed over any more. Never throws, and a second call does nothing. */
  close(): void;

  /** Asks the peer whether it is there, where the link has means of its own for that; any sign of life is counted. */
  ping?(heard: () => void): void;
}

/** The accepting side of a transport of whole messages. */
export interface MessageListener {
  /** Where it listens; the port that was bound when port 0 was asked for. */
  readonly address: Address;

  /** Settles once it listens, where it does not when it is returned; rejects with `ResourceError` when it cannot. */
  readonly listening?: Promise<void> | undefined;

  /**
   * Waits for the next link.
   *
   * @returns The link. Rejects with any error when accepting failed for now, and with one for which
   * {@linkcode MessageListener.closed} is true when the listener was closed.
   */
  accept(): Promise<MessageLink>;

  /** Whether the listener was closed. */
  readonly closed: boolean;

  /** Stops listening. Links that were accepted stay. Never throws, and a second call does nothing. */
  close(): void;

  /** Settles once nobody is let in any more, where that is later than `close`. Never rejects. */
  readonly whenClosed?: Promise<void> | undefined;
}

/** How to reach or open the ends of a transport of whole messages. */
export interface MessageFabric {
  /** Where `connect` leads or `listen` listens, for messages to people. */
  readonly target: Address;

  /**
   * Opens a listener.
   *
   * @returns The listener. Throws `ResourceError` when the address cannot be had and that shows at once.
   */
  listen(): MessageListener;

  /**
   * Opens a link.
   *
   * @param signal Ends the attempt; the promise then rejects with the signal's reason.
   * @returns The link. Rejects with `ConnectError`.
   */
  connect(signal: AbortSignal): Promise<MessageLink>;
}
