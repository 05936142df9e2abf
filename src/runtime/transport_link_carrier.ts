/**
 * The driver of one link of whole messages: hands packets on, keeps back what its owner does not want yet, and watches
 * over closing and idleness.
 *
 * Invariant: what was received and not wanted yet is bounded in bytes; beyond the bound the connection is closed with
 * `SendQueueFull`, because a link that cannot stop reading would otherwise fill the memory.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { type CloseOrigin, ProtocolError, ResourceError } from "../error/transport_error.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import type { Address } from "../transport/address.ts";
import type { MessageLink, MessageReceiver } from "../transport/message_link.ts";
import type { Timed } from "./stream_endpoint.ts";
import type { CarrierOwner, PacketCarrier } from "./transport_carrier.ts";
import type { TransportEndpoint } from "./transport_endpoint.ts";

/** What keeping a message takes besides its bytes: a flood of empty ones takes memory, too. */
const KEPT_MESSAGE_BYTES = 128;

/** Carries packets over a link of whole messages. */
export class LinkCarrier implements PacketCarrier, MessageReceiver, Timed {
  readonly #endpoint: TransportEndpoint;
  readonly #link: MessageLink;
  readonly #owner: CarrierOwner;
  readonly #slot: number;
  readonly #copies: boolean;
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #isPaused = false;
  #isDelivering = false;
  #draining = false;
  #heardAt: number;
  #closeAt = Infinity;
  #reason: CloseReason | undefined = undefined;
  #isOver = false;
  #unsent = 0;
  /** The peer has ended, and the application has not heard all that came before. */
  #endWaits = false;
  readonly #heard = (): void => this.#hear();

  /**
   * @param endpoint What all connections share.
   * @param link The link; the carrier closes it.
   * @param owner Whom it serves.
   */
  constructor(endpoint: TransportEndpoint, link: MessageLink, owner: CarrierOwner) {
    this.#endpoint = endpoint;
    this.#link = link;
    this.#copies = link.copiesMessages === true;
    this.#owner = owner;
    this.#slot = endpoint.streams.takeSlot();
    this.#heardAt = endpoint.streams.scheduler.clock.now;
  }

  get local(): Address {
    return this.#link.local;
  }

  get remote(): Address {
    return this.#link.remote;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  offer(packet: Uint8Array): SendStatus {
    return this.offerOwned(this.#copies ? packet : packet.slice());
  }

  offerOwned(packet: Uint8Array): SendStatus {
    if (this.#isOver) return SendStatus.Closed;
    const status = this.#link.send(packet);
    if (status === SendStatus.Queued) this.#unsent++;
    return status;
  }

  start(): void {
    this.#link.start(this);
    this.#watch();
  }

  kick(): void {}

  resume(): void {
    if (this.#isDelivering || this.#isOver) return;
    this.#deliver();
    if (!this.#owner.wantsPackets || this.#inbox.length > 0 || !this.#isPaused) return;
    this.#isPaused = false;
    this.#hear();
    this.#link.resume();
  }

  get canPing(): boolean {
    return this.#link.ping !== undefined;
  }

  ping(): void {
    this.#link.ping?.(this.#heard);
  }

  close(code: CloseCode, draining: boolean): void {
    if (this.#isOver) return;
    this.#draining = draining;
    this.#reason ??= { code, origin: "local" };
    if (!draining) {
      this.#inbox.length = this.#inboxBytes = 0;
      // The peer's end stands behind what it has sent: that has to be read, though nobody wants it.
      if (this.#isPaused) this.#link.resume();
      this.#isPaused = false;
    }
    const { scheduler, config } = this.#endpoint.streams;
    this.#closeAt = Math.min(this.#closeAt, scheduler.tick() + config.closeTimeoutMs);
    this.#link.end();
    this.#watch();
  }

  abort(code: CloseCode, origin: CloseOrigin, cause?: unknown): void {
    this.#finish(cause === undefined ? { code, origin } : { code, origin, cause });
  }

  handleMessage(message: Uint8Array): void {
    if (this.#isOver) return;
    this.#hear();
    if (this.#reason !== undefined && !this.#draining) return;
    if (this.#inbox.length === 0 && this.#owner.wantsPackets && !this.#isDelivering) {
      this.#isDelivering = true;
      this.#owner.handlePacket(message, 0, message.length);
      this.#isDelivering = false;
      this.#owner.packetsDone();
    } else {
      this.#inbox.push(message);
      this.#inboxBytes += message.length + KEPT_MESSAGE_BYTES;
    }
    if (!this.#owner.wantsPackets && !this.#isPaused) {
      this.#isPaused = true;
      this.#link.pause();
    }
    const { maxInboxBytes } = this.#endpoint.config;
    if (this.#inboxBytes <= maxInboxBytes) return;
    const held = `${this.#inboxBytes} bytes wait for the application, and ${maxInboxBytes} may`;
    this.abort(CloseCode.SendQueueFull, "local", new ResourceError(`Cannot keep what the peer sends: ${held}`));
  }

  handleRoom(): void {
    this.#owner.handleRoom();
  }

  handleSent(): void {
    this.#unsent = 0;
    this.#owner.handleSent();
  }

  handleEnd(): void {
    // What waits for the application comes first.
    if (this.#inbox.length > 0 && (this.#reason === undefined || this.#draining)) this.#endWaits = true;
    else this.#finish(this.#reason ?? { code: CloseCode.Normal, origin: "remote" });
  }

  handleLost(error: unknown): void {
    if (error instanceof ProtocolError) this.abort(error.closeCode, "remote", error);
    else this.abort(CloseCode.LinkLost, "link", error);
  }

  handleTimeout(): void {
    const { clock } = this.#endpoint.streams.scheduler;
    const { idleTimeoutMs } = this.#endpoint.streams.config;
    if (clock.now >= this.#closeAt) {
      const isFlushed = this.#link.queuedBytes === 0;
      this.#finish(isFlushed ? this.#reason! : { code: CloseCode.CloseTimeout, origin: "local" });
    } else if (idleTimeoutMs > 0 && !this.#isPaused && clock.now >= this.#heardAt + idleTimeoutMs) {
      this.abort(CloseCode.IdleTimeout, "local");
    } else this.#watch();
  }

  #hear(): void {
    this.#heardAt = this.#endpoint.streams.scheduler.tick();
    this.#owner.heard();
  }

  #deliver(): void {
    this.#isDelivering = true;
    let taken = 0;
    while (taken < this.#inbox.length && this.#owner.wantsPackets && !this.#isOver) {
      const message = this.#inbox[taken++]!;
      this.#inboxBytes -= message.length + KEPT_MESSAGE_BYTES;
      this.#owner.handlePacket(message, 0, message.length);
    }
    this.#inbox = this.#inbox.slice(taken);
    this.#isDelivering = false;
    this.#owner.packetsDone();
    if (this.#endWaits && this.#inbox.length === 0) this.#finish({ code: CloseCode.Normal, origin: "remote" });
  }

  #watch(): void {
    const { streams } = this.#endpoint;
    const { idleTimeoutMs } = streams.config;
    const idleAt = idleTimeoutMs === 0 ? Infinity : (this.#isPaused ? streams.scheduler.clock.now : this.#heardAt) +
      idleTimeoutMs;
    streams.watch(this.#slot, this, Math.min(this.#closeAt, Math.ceil(idleAt)));
  }

  #finish(reason: CloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#inbox = [];
    this.#link.close();
    this.#endpoint.streams.freeSlot(this.#slot);
    this.#owner.handleClosed(reason, this.#unsent);
  }
}
