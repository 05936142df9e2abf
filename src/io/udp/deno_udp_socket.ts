/**
 * UDP over the runtime's own sockets (`Deno.listenDatagram`, of the unstable network API).
 *
 * Several receives are outstanding, each into a buffer of its own that is one byte longer than the longest datagram:
 * the system cuts a longer one silently, and only the byte more shows it. Invariant: a buffer is not received into
 * while the owner looks at it. Why the next receive waits for one promise job: it costs 2 microseconds on this thread,
 * and whoever waits for the datagram runs before it and sends an answer that much earlier.
 *
 * @module
 */
import type { UdpAddress } from "../../transport/address.ts";
import type { SendSlot } from "./send_flight.ts";
import type { UdpConfig } from "./udp_options.ts";
import type { UdpSocket, UdpSocketOwner } from "./udp_socket.ts";

const SETTLED: Promise<void> = Promise.resolve();

interface Callbacks {
  readonly sent: () => void;
  readonly failed: (error: unknown) => void;
}

/** A socket of `Deno.listenDatagram`. */
export class DenoUdpSocket implements UdpSocket {
  /** Where it is bound. */
  readonly address: UdpAddress;
  readonly #conn: Deno.DatagramConn;
  readonly #config: UdpConfig;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #owner: UdpSocketOwner | undefined;
  #closed = false;

  /**
   * Binds a socket.
   *
   * @param hostname The numeric address.
   * @param config The port and the sizes.
   * @throws Whatever the runtime throws when the address cannot be had.
   */
  constructor(hostname: string, config: UdpConfig) {
    this.#conn = Deno.listenDatagram({ transport: "udp", hostname, port: config.port });
    this.#config = config;
    const bound = this.#conn.addr as Deno.NetAddr;
    this.address = { transport: "udp", hostname: bound.hostname, port: bound.port };
  }

  /** Settles once no receive is outstanding any more. */
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
    const { receiveCount, maxDatagramBytes } = this.#config;
    const loops: Promise<void>[] = [];
    for (let i = 0; i < receiveCount; i++) loops.push(this.#receiveInto(new Uint8Array(maxDatagramBytes + 1), owner));
    Promise.all(loops).then(() => this.#ended.resolve());
  }

  /**
   * Sends a datagram.
   *
   * @param slot The datagram.
   */
  send(slot: SendSlot): void {
    const { sent, failed } = (slot.callbacks ??= this.#callbacksOf(slot)) as Callbacks;
    this.#conn.send(slot.bytes, slot.to.address).then(sent, failed);
  }

  /** Closes the socket now. */
  close(): void {
    this.#closed = true;
    if (this.#owner === undefined) this.#ended.resolve();
    try {
      this.#conn.close();
    } catch {
      // The runtime has closed it before.
    }
  }

  #callbacksOf(slot: SendSlot): Callbacks {
    const owner = this.#owner!;
    return { sent: () => owner.handleSent(slot), failed: (error) => owner.handleSendFailed(slot, error) };
  }

  async #receiveInto(buffer: Uint8Array, owner: UdpSocketOwner): Promise<void> {
    while (!this.#closed) {
      try {
        const [bytes, from] = await this.#conn.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        owner.handleReceived(buffer, bytes.length, hostname, port);
        // Whoever was waiting for the datagram is next.
        await SETTLED;
      } catch (error) {
        const pauseMs = owner.handleReceiveFailure(error);
        if (pauseMs < 0) return;
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}
