/**
 * A link over the WebSocket of the platform (WHATWG, "WebSockets Standard"): of Deno and of every browser.
 *
 * It cannot stop reading, and tells by nothing that its buffer drained: so what waits to be sent is looked at again and
 * again while there is any, at every turn as long as a sender waits and the buffer gets shorter; and what is received beyond what is wanted is bounded by whoever uses the link. Invariant:
 * nothing here names Deno or Node.
 *
 * @module
 */
import { SendStatus } from "../../error/send_status.ts";
import type { TcpAddress } from "../../transport/address.ts";
import type { MessageLink, MessageReceiver } from "../../transport/message_link.ts";
import { closeFailure, textRefused, WebSocketCode } from "./web_socket_close.ts";

/**
 * How often the buffer is looked at while there is something in it, in ms. Why not more often where nobody waits for
 * room: a timer that is about to fire makes the system set its clock each time that the thread goes to sleep.
 */
const LOOK_MS = 20;
const LOOK_FOR_ROOM_MS = 2;
/** So many turns of the event loop without progress make a sender that waits for room wait by the clock. */
const EAGER_TURNS = 64;

/** What a native link is made of. */
export interface NativeWebSocketParts {
  /** An open WebSocket whose `binaryType` is `arraybuffer`. */
  readonly socket: WebSocket;
  /** The server's address as it was asked for. */
  readonly remote: TcpAddress;
  /** How many bytes may wait to be sent before a message is refused. */
  readonly maxQueuedBytes: number;
}

/** A message link over the platform's WebSocket. */
export class NativeWebSocketLink implements MessageLink {
  /** The platform does not tell: host and port are empty. */
  readonly local: TcpAddress = Object.freeze({ transport: "tcp", hostname: "", port: 0 });
  readonly remote: TcpAddress;
  /** The platform takes the bytes with the call (WebSockets Standard, "send"). */
  readonly copiesMessages = true;
  /** What the handshake told. */
  readonly facts: { readonly subprotocol: string };
  readonly #socket: WebSocket;
  readonly #maxQueuedBytes: number;
  #receiver: MessageReceiver | undefined = undefined;
  /** What came before the start, in order. */
  #early: (() => void)[] = [];
  #wantsRoom = false;
  #isUnsent = false;
  #isClosed = false;
  #channel: MessageChannel | undefined = undefined;
  #turns = 0;
  #lastQueued = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #look = (): void => this.#lookAtBuffer();

  /** @param parts What it is made of. */
  constructor(parts: NativeWebSocketParts) {
    const { socket, remote, maxQueuedBytes } = parts;
    this.#socket = socket;
    this.remote = remote;
    this.facts = Object.freeze({ subprotocol: socket.protocol });
    this.#maxQueuedBytes = maxQueuedBytes;
    socket.onmessage = (event) => this.#deliver(event.data);
    socket.onclose = (event) => this.#handleClose(event);
    // An error is always followed by a close event, which tells more.
    socket.onerror = (event) => event.preventDefault?.();
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  start(receiver: MessageReceiver): void {
    const early = this.#early;
    queueMicrotask(() => {
      this.#receiver = receiver;
      for (const one of early) one();
      this.#early = [];
    });
  }

  send(message: Uint8Array): SendStatus {
    const socket = this.#socket;
    if (this.#isClosed || socket.readyState !== socket.OPEN) return SendStatus.Closed;
    const queued = socket.bufferedAmount;
    if (queued > 0 && queued + message.length > this.#maxQueuedBytes) {
      this.#wantsRoom = true;
      this.#turns = 0;
      this.#lookNextTurn();
      return SendStatus.BackPressured;
    }
    socket.send(message as Uint8Array<ArrayBuffer>);
    this.#isUnsent = true;
    this.#lookSoon();
    return SendStatus.Queued;
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    if (!this.#isClosed) this.#socket.close(WebSocketCode.Normal);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#finish();
    this.#socket.close();
  }

  #deliver(data: unknown): void {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      if (!this.#isClosed) this.#early.push(() => this.#deliver(data));
    } else if (data instanceof ArrayBuffer) {
      receiver.handleMessage(new Uint8Array(data));
    } else {
      this.#finish();
      this.#socket.close(WebSocketCode.Normal);
      receiver.handleLost(textRefused());
    }
  }

  #handleClose(event: CloseEvent): void {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      if (!this.#isClosed) this.#early.push(() => this.#handleClose(event));
      return;
    }
    if (this.#isClosed) return;
    this.#finish();
    const failure = closeFailure(event.code, event.reason);
    if (failure === undefined) receiver.handleEnd();
    else receiver.handleLost(failure);
  }

  /** Why not a timer: the shortest one takes longer than it takes to send what a full buffer holds. */
  #lookNextTurn(): void {
    if (this.#channel === undefined) {
      this.#channel = new MessageChannel();
      this.#channel.port1.onmessage = () => this.#lookAgain();
    }
    this.#channel.port2.postMessage(null);
  }

  #lookAgain(): void {
    if (this.#isClosed || !this.#wantsRoom) return;
    const queued = this.#socket.bufferedAmount;
    if (queued < this.#lastQueued) this.#turns = 0;
    this.#lastQueued = queued;
    if (queued * 2 <= this.#maxQueuedBytes) return this.#lookAtBuffer();
    if (++this.#turns < EAGER_TURNS) this.#lookNextTurn();
    else this.#lookSoon();
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(this.#look, this.#wantsRoom ? LOOK_FOR_ROOM_MS : LOOK_MS);
  }

  #lookAtBuffer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    const queued = this.#socket.bufferedAmount;
    if (this.#wantsRoom && queued * 2 <= this.#maxQueuedBytes) {
      this.#wantsRoom = false;
      this.#receiver?.handleRoom();
    }
    if (this.#isUnsent && queued === 0) {
      this.#isUnsent = false;
      this.#receiver?.handleSent();
    }
    if (this.#wantsRoom || this.#isUnsent) this.#lookSoon();
  }

  #finish(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#channel?.port1.close();
    this.#channel?.port2.close();
    this.#socket.onmessage = null;
  }
}
