/**
 * UDP over `node:dgram`, for programs that run without the unstable network API.
 *
 * Invariants: only public calls; every error has a listener before it can be raised; what came before the owner is
 * there waits, up to {@linkcode MAX_EARLY_COUNT} datagrams. Why addresses are resolved by a function of ours that
 * answers at once: with the default one every send waits for a turn, and a bind that is not permitted throws where
 * nobody can catch it. Why datagrams are copied into one buffer: the module allocates memory for each, and whoever
 * works on them expects to meet the same few buffers again.
 *
 * @module
 */
import type { Socket } from "node:dgram";
import type { UdpAddress } from "../../transport/address.ts";
import type { SendSlot } from "./send_flight.ts";
import type { UdpConfig } from "./udp_options.ts";
import type { UdpSocket, UdpSocketOwner } from "./udp_socket.ts";

/** How many datagrams wait for the owner. */
const MAX_EARLY_COUNT = 64;

interface Sender {
  readonly address: string;
  readonly port: number;
}

/** A socket of `node:dgram`. */
export class NodeUdpSocket implements UdpSocket {
  /** Where it is bound. */
  readonly address: UdpAddress;
  readonly #socket: Socket;
  readonly #inbox: Uint8Array;
  readonly #early: [Uint8Array, Sender][] = [];
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #earlyDroppedCount = 0;
  #owner: UdpSocketOwner | undefined;
  #closed = false;

  /**
   * Binds a socket.
   *
   * @param hostname The numeric address.
   * @param config The port and the sizes.
   * @returns The socket. Rejects with whatever the runtime raises when the address cannot be had.
   */
  static async bind(hostname: string, config: UdpConfig): Promise<NodeUdpSocket> {
    const { createSocket } = await import("node:dgram");
    const socket = createSocket({ type: hostname.includes(":") ? "udp6" : "udp4", lookup: answerAtOnce });
    const bound = Promise.withResolvers<void>();
    socket.on("error", bound.reject);
    try {
      socket.bind({ address: hostname, port: config.port, exclusive: true }, bound.resolve);
      await bound.promise;
      return new NodeUdpSocket(socket, config);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * Takes a bound socket over.
   *
   * @param socket The socket, in the turn in which it was bound.
   * @param config The sizes.
   */
  constructor(socket: Socket, config: UdpConfig) {
    this.#socket = socket;
    this.#inbox = new Uint8Array(config.maxDatagramBytes);
    const { address, port } = socket.address();
    this.address = { transport: "udp", hostname: address, port };
    socket.on("message", (bytes, sender) => this.#take(bytes, sender));
    socket.on("error", (error) => this.#fail(error));
  }

  /** Settles a turn after the socket was closed, when the runtime has given the port back. */
  get whenClosed(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Begins to receive.
   *
   * @param owner Whom to tell.
   */
  start(owner: UdpSocketOwner): void {
    this.#owner = owner;
    if (this.#earlyDroppedCount > 0) owner.handleDroppedEarly(this.#earlyDroppedCount);
    if (this.#early.length > 0) queueMicrotask(() => this.#handOverEarly());
  }

  /**
   * Sends a datagram.
   *
   * @param slot The datagram.
   */
  send(slot: SendSlot): void {
    const settled = (slot.callbacks ??= this.#callbackOf(slot)) as (error: Error | null) => void;
    const { hostname, port } = slot.to.address;
    this.#socket.send(slot.bytes, port, hostname, settled);
  }

  /** Closes the socket now. */
  close(): void {
    this.#closed = true;
    this.#early.length = 0;
    this.#socket.close();
    setTimeout(() => this.#ended.resolve(), 0);
  }

  #callbackOf(slot: SendSlot): (error: Error | null) => void {
    const owner = this.#owner!;
    return (error) => error ? owner.handleSendFailed(slot, error) : owner.handleSent(slot);
  }

  #take(bytes: Uint8Array, sender: Sender): void {
    if (this.#closed) return;
    if (this.#owner !== undefined && this.#early.length === 0) this.#deliver(bytes, sender, this.#owner);
    else if (this.#early.length < MAX_EARLY_COUNT) this.#early.push([bytes, sender]);
    else this.#dropEarly();
  }

  #deliver(bytes: Uint8Array, { address, port }: Sender, owner: UdpSocketOwner): void {
    if (bytes.length <= this.#inbox.length) this.#inbox.set(bytes);
    owner.handleReceived(this.#inbox, bytes.length, address, port);
  }

  #handOverEarly(): void {
    for (const [bytes, sender] of this.#early.splice(0)) this.#deliver(bytes, sender, this.#owner!);
  }

  #dropEarly(): void {
    if (this.#owner === undefined) this.#earlyDroppedCount++;
    else this.#owner.handleDroppedEarly(1);
  }

  #fail(error: Error): void {
    // The runtime receives again by itself, and at once; whoever it tells before the start has nothing to end.
    if (!this.#closed) this.#owner?.handleReceiveFailure(error);
  }
}

/** Takes a numeric address for what it is. */
function answerAtOnce(
  hostname: string,
  options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  const answer = typeof options === "function" ? options as typeof callback : callback;
  answer(null, hostname, hostname.includes(":") ? 6 : 4);
}
