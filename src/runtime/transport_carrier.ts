/**
 * What carries the packets of one message connection, and what it tells its owner: streams and message links alike.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { CloseOrigin } from "../error/transport_error.ts";
import type { PacketSink } from "../message/packet_writer.ts";
import type { CloseReason } from "../stream/stream_event.ts";
import type { Address } from "../transport/address.ts";

/** Whom a carrier serves. */
export interface CarrierOwner {
  /** Whether packets are wanted now; asked before each. When it becomes true again, the owner calls `resume`. */
  readonly wantsPackets: boolean;
  /**
   * A packet came.
   *
   * @param buffer Where it lies; borrowed until `packetsDone`, or for as long as `wantsPackets` is false after it.
   * @param offset Where it starts.
   * @param length How long it is.
   */
  handlePacket(buffer: Uint8Array, offset: number, length: number): void;
  /** All packets of one read were brought, or none is wanted for now. */
  packetsDone(): void;
  /** Bytes came, be they a whole packet or not. */
  heard(): void;
  /** There is room after a packet was refused. */
  handleRoom(): void;
  /** Everything that was queued was handed to the link. */
  handleSent(): void;
  /**
   * The framing of the link refused a packet; the end follows.
   *
   * @param code Why.
   * @param buffer Where the header of the packet lies, unless it was refused for its length.
   * @param at Where it starts.
   */
  handleRefused(code: CloseCode, buffer: Uint8Array, at: number): void;
  /**
   * It is over and no memory is in use any more; comes once.
   *
   * @param reason Why.
   * @param unsentCount How many packets were queued and never handed to the link whole, at most.
   */
  handleClosed(reason: CloseReason, unsentCount: number): void;
}

/** Carries packets. */
export interface PacketCarrier extends PacketSink {
  /** The address of this end. */
  readonly local: Address;
  /** The address of the other end. */
  readonly remote: Address;
  /** How many bytes wait to be handed to the link. */
  readonly queuedBytes: number;

  /** Starts reading and writing. */
  start(): void;

  /**
   * Has what is queued written soon.
   *
   * @param isTicked Whether the clock was read just now.
   */
  kick(isTicked?: boolean): void;

  /** Packets are wanted again. */
  resume(): void;

  /** Whether the link has means of its own to ask the peer whether it is there. */
  readonly canPing: boolean;

  /** Asks the peer whether it is there, where the link has means of its own for that. */
  ping(): void;

  /**
   * Closes in order: what is queued is sent, the peer is told, its end is waited for.
   *
   * @param code Why.
   * @param draining Whether packets that still come are brought.
   */
  close(code: CloseCode, draining: boolean): void;

  /**
   * Ends everything now.
   *
   * @param code Why.
   * @param origin Whose doing it is.
   * @param cause The error behind it.
   */
  abort(code: CloseCode, origin: CloseOrigin, cause?: unknown): void;
}
