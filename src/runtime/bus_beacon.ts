/**
 * How nodes of one host and one subnet find each other without an address: announcements by broadcast.
 *
 * All nodes listen on one port, which they share; what is broadcast reaches each of them. An announcement is a sealed
 * gossip datagram with two bytes before it: the port that the sender's gossip comes from. Why `node:dgram`: the system
 * lets a socket broadcast, and share a port, only when it is asked to, which the runtime's own sockets do not offer.
 *
 * ```text
 * | gossip port u16, little-endian | sealed datagram … |
 * ```
 *
 * @module
 */
import type { Socket } from "node:dgram";
import { ResourceError } from "../error/transport_error.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";

const PORT_BYTES = 2;

/** What a beacon hands on. */
export interface BeaconOwner {
  /**
   * A node announces itself.
   *
   * @param address Where its gossip comes from.
   * @param buffer The datagram's memory, which may be changed during this call.
   * @param start Where the datagram starts.
   * @param end Where it ends.
   */
  handleAnnouncement(address: DatagramAddress, buffer: Uint8Array, start: number, end: number): void;
}

/** The socket of discovery. */
export class BusBeacon {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #targets: readonly string[];
  readonly #owner: BeaconOwner;
  readonly #source = new DatagramAddress();
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;

  private constructor(socket: Socket, port: number, targets: readonly string[], owner: BeaconOwner) {
    this.#socket = socket;
    this.#port = port;
    this.#targets = targets;
    this.#owner = owner;
    socket.on("message", (message, { address }) => this.#handleMessage(message, address));
    socket.on("error", () => this.close());
    socket.on("close", () => this.#closed.resolve());
  }

  /**
   * Opens the socket.
   *
   * @param hostname What gossip is bound to: an address of this host's loopback keeps announcements on the host.
   * @param port The port that all nodes share.
   * @param owner Whom to tell.
   * @returns The beacon. Rejects with `ResourceError` when the port cannot be had.
   */
  static async open(hostname: string, port: number, owner: BeaconOwner): Promise<BusBeacon> {
    const { createSocket } = await import("node:dgram");
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    const isLocal = hostname.startsWith("127.");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (cause) =>
        reject(
          new ResourceError(
            `Cannot find others by the option discoveryPort: ${cause.message}; choose another one everywhere, or seeds`,
            { cause },
          ),
        ));
      socket.bind({ port, address: "0.0.0.0" }, () => {
        socket.removeAllListeners("error");
        resolve();
      });
    });
    socket.setBroadcast(true);
    return new BusBeacon(socket, port, isLocal ? ["127.255.255.255"] : ["255.255.255.255", "127.255.255.255"], owner);
  }

  /**
   * Announces this node.
   *
   * @param gossipPort Where its gossip comes from.
   * @param buffer The datagram's memory; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  announce(gossipPort: number, buffer: Uint8Array, start: number, end: number): void {
    if (this.#isClosed) return;
    const datagram = new Uint8Array(PORT_BYTES + end - start);
    datagram[0] = gossipPort;
    datagram[1] = gossipPort >>> 8;
    datagram.set(buffer.subarray(start, end), PORT_BYTES);
    // A network that is not there takes no broadcast; the other way, or a seed, may still do.
    for (const target of this.#targets) this.#socket.send(datagram, this.#port, target, () => {});
  }

  /**
   * Closes the socket.
   *
   * @returns When it is closed.
   */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#socket.close();
    }
    return this.#closed.promise;
  }

  #handleMessage(message: Uint8Array, hostname: string): void {
    if (this.#isClosed || message.length <= PORT_BYTES) return;
    const bytes = new Uint8Array(message);
    const port = bytes[0]! | bytes[1]! << 8;
    if (port === 0 || !this.#source.parse(hostname, port)) return;
    this.#owner.handleAnnouncement(this.#source, bytes, PORT_BYTES, bytes.length);
  }
}
