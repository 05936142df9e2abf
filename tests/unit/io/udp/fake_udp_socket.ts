/**
 * A UDP socket without a network: the test hands in what is received and says what becomes of what is sent.
 *
 * @module
 */
import type { SendSlot } from "../../../../src/io/udp/send_flight.ts";
import type { UdpSocket, UdpSocketOwner } from "../../../../src/io/udp/udp_socket.ts";
import type { UdpAddress } from "../../../../src/transport/address.ts";

/** A socket whose network is the test. */
export class FakeUdpSocket implements UdpSocket {
  readonly address: UdpAddress;
  /** What is under way. */
  readonly slots: SendSlot[] = [];
  /** How often it was closed. */
  closeCount = 0;
  /** Whom it tells. */
  owner: UdpSocketOwner | undefined;
  readonly #ended = Promise.withResolvers<void>();

  /** @param hostname Where it is bound. */
  constructor(hostname = "127.0.0.1") {
    this.address = { transport: "udp", hostname, port: 7 };
  }

  get whenClosed(): Promise<void> {
    return this.#ended.promise;
  }

  start(owner: UdpSocketOwner): void {
    this.owner = owner;
  }

  send(slot: SendSlot): void {
    this.slots.push(slot);
  }

  close(): void {
    this.closeCount++;
    this.#ended.resolve();
  }

  /** Hands in a datagram. */
  receive(bytes: Uint8Array, hostname = "192.0.2.1", port = 9): void {
    this.owner!.handleReceived(bytes, bytes.length, hostname, port);
  }

  /** Settles the oldest send. */
  settle(error?: unknown): void {
    const slot = this.slots.shift()!;
    if (error === undefined) this.owner!.handleSent(slot);
    else this.owner!.handleSendFailed(slot, error);
  }
}
