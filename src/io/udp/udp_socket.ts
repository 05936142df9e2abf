/**
 * What a backend of UDP links is: a bound socket that sends and receives and decides nothing.
 *
 * @module
 */
import type { UdpAddress } from "../../transport/address.ts";
import type { SendSlot } from "./send_flight.ts";

/** A bound socket. */
export interface UdpSocket {
  /** Where it is bound. */
  readonly address: UdpAddress;

  /**
   * Begins to receive.
   *
   * @param owner Whom to tell, of sends too.
   */
  start(owner: UdpSocketOwner): void;

  /**
   * Sends a datagram and tells the owner what became of it, once and not within this call.
   *
   * @param slot The datagram; unchanged until then.
   */
  send(slot: SendSlot): void;

  /** Closes the socket now; called once. */
  close(): void;

  /** Settles once nothing is received any more and the port is free. */
  readonly whenClosed: Promise<void>;
}

/** Whom a socket tells what happens. None of this is called after the owner has closed it, but for sends. */
export interface UdpSocketOwner {
  /**
   * A datagram came.
   *
   * @param buffer The memory that it was received into; anything where `length` is more than the owner takes.
   * @param length How long it is.
   * @param hostname The sender's numeric address.
   * @param port The sender's port.
   */
  handleReceived(buffer: Uint8Array, length: number, hostname: string, port: number): void;

  /** Datagrams were dropped because the owner was not there yet. */
  handleDroppedEarly(count: number): void;

  /**
   * Receiving failed.
   *
   * @param error What was thrown.
   * @returns After how many ms to try again; -1: never.
   */
  handleReceiveFailure(error: unknown): number;

  /** A datagram went out. */
  handleSent(slot: SendSlot): void;

  /** A datagram did not go out. */
  handleSendFailed(slot: SendSlot, error: unknown): void;
}
