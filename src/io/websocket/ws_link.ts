/**
 * A link over a socket of the package `ws`, whose `pause()` stops the reading.
 *
 * Invariants: a text message ends the link; what waits to be sent is bounded in bytes.
 *
 * @module
 */
import type { WebSocket } from "ws";
import { CloseCode } from "../../error/close_code.ts";
import { SendStatus } from "../../error/send_status.ts";
import { ProtocolError } from "../../error/transport_error.ts";
import type { TcpAddress } from "../../transport/address.ts";
import type { MessageLink, MessageReceiver } from "../../transport/message_link.ts";
import { closeFailure, textRefused, WebSocketCode } from "./web_socket_close.ts";

/** What a handshake told a server. */
export interface WebSocketFacts {
  /** The path with its query, as the client asked for it. */
  readonly url: string;
  /** The headers of the handshake, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The subprotocol that was agreed on; empty without. */
  readonly subprotocol: string;
}

/** What a link is made of. */
export interface WsLinkParts {
  /** An open socket. */
  readonly socket: WebSocket;
  /** The address of this end. */
  readonly local: TcpAddress;
  /** The address of the other end. */
  readonly remote: TcpAddress;
  /** What the handshake told. */
  readonly facts: WebSocketFacts;
  /** How many bytes may wait to be sent before a message is refused. */
  readonly maxQueuedBytes: number;
}

/** The errors of `ws` that are the peer's fault begin like this. */
const PEER_FAULT = /^WS_ERR_/;

/** A message link over a socket of `ws`. */
export class WsLink implements MessageLink {
  readonly local: TcpAddress;
  readonly remote: TcpAddress;
  /** What the handshake told. */
  readonly facts: WebSocketFacts;
  readonly #socket: WebSocket;
  readonly #maxQueuedBytes: number;
  #receiver: MessageReceiver | undefined = undefined;
  #heard: (() => void) | undefined = undefined;
  #failure: unknown = undefined;
  #wantsRoom = false;
  #isClosed = false;
  readonly #flushed = (): void => this.#handleFlushed();

  /** @param parts What it is made of; the socket is paused until `start`. */
  constructor(parts: WsLinkParts) {
    this.local = parts.local;
    this.remote = parts.remote;
    this.facts = parts.facts;
    this.#socket = parts.socket;
    this.#maxQueuedBytes = parts.maxQueuedBytes;
    const { socket } = parts;
    socket.on("message", (data, isBinary) => this.#deliver(data as Uint8Array, isBinary));
    socket.on("error", (error) => this.#handleError(error));
    socket.on("close", (code, reason) => this.#handleClose(code, reason.toString()));
    socket.on("pong", () => this.#heard?.());
    socket.pause();
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    queueMicrotask(() => {
      if (this.#failure !== undefined) this.#lose(this.#failure);
      else this.#socket.resume();
    });
  }

  send(message: Uint8Array): SendStatus {
    const socket = this.#socket;
    if (this.#isClosed || socket.readyState !== socket.OPEN) return SendStatus.Closed;
    const queued = socket.bufferedAmount;
    if (queued > 0 && queued + message.length > this.#maxQueuedBytes) {
      this.#wantsRoom = true;
      return SendStatus.BackPressured;
    }
    socket.send(message, this.#flushed);
    return SendStatus.Queued;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (!this.#isClosed) this.#socket.close(WebSocketCode.Normal);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.terminate();
  }

  ping(heard: () => void): void {
    this.#heard = heard;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #deliver(data: Uint8Array, isBinary: boolean): void {
    if (this.#isClosed) return;
    if (isBinary) {
      // Plain: a Buffer behaves unlike other arrays of bytes.
      return this.#receiver!.handleMessage(new Uint8Array(data.buffer, data.byteOffset, data.length));
    }
    this.#socket.close(WebSocketCode.Unsupported);
    this.#lose(textRefused());
  }

  #handleFlushed(): void {
    if (this.#isClosed) return;
    const queued = this.#socket.bufferedAmount;
    if (this.#wantsRoom && queued * 2 <= this.#maxQueuedBytes) {
      this.#wantsRoom = false;
      this.#receiver?.handleRoom();
    }
    if (queued === 0) this.#receiver?.handleSent();
  }

  #handleError(error: Error): void {
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code !== "string" || !PEER_FAULT.test(code)) return this.#lose(error);
    const closeCode = code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
      ? CloseCode.FrameTooLarge
      : CloseCode.ProtocolViolation;
    this.#lose(new ProtocolError(closeCode, "The peer broke the WebSocket protocol", { cause: error }));
  }

  #handleClose(code: number, reason: string): void {
    const failure = closeFailure(code, reason);
    if (failure !== undefined) return this.#lose(failure);
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#receiver === undefined) this.#failure = closeFailure(WebSocketCode.Broken, "");
    else this.#receiver.handleEnd();
  }

  #lose(error: unknown): void {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      this.#failure ??= error;
      return;
    }
    if (this.#isClosed && this.#failure === undefined) return;
    this.#failure = undefined;
    this.#isClosed = true;
    receiver.handleLost(error);
    this.#socket.terminate();
  }
}
