/**
 * One UDP link under test, with what it received.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { udpFabric } from "../../src/io/udp/udp_fabric.ts";
import type { UdpLink } from "../../src/io/udp/udp_link.ts";
import type { UdpBackend, UdpOptions } from "../../src/io/udp/udp_options.ts";
import type { DatagramReceiver } from "../../src/transport/datagram_link.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { eventually } from "./waiting.ts";

/** A datagram that was received. */
export interface ReceivedDatagram {
  /** Its bytes; a copy. */
  readonly bytes: Uint8Array;
  /** Where it came from. */
  readonly from: DatagramAddress;
}

/** A started link and its book. */
export class UdpEnd implements AsyncDisposable {
  /** The link. */
  readonly link: UdpLink;
  /** What it received. */
  readonly received: ReceivedDatagram[] = [];
  /** What its receiver was told besides. */
  readonly notices: string[] = [];

  /**
   * Opens and starts a link.
   *
   * @param backend What its socket is made of.
   * @param options Its options, where they are not those of a free port of the loopback interface.
   * @param methods Methods of the receiver, in place of those that keep the book.
   * @returns The end.
   */
  static async open(
    backend: UdpBackend,
    options: Partial<UdpOptions> = {},
    methods: Partial<DatagramReceiver> = {},
  ): Promise<UdpEnd> {
    return new UdpEnd(await udpFabric({ hostname: "127.0.0.1", port: 0, backend, ...options }).open(), methods);
  }

  /**
   * Starts a link.
   *
   * @param link The link.
   * @param methods Methods of the receiver, in place of those that keep the book.
   */
  constructor(link: UdpLink, methods: Partial<DatagramReceiver> = {}) {
    this.link = link;
    const source = new DatagramAddress();
    link.start({
      source,
      handleDatagram: (buffer, start, end) => {
        const from = new DatagramAddress();
        from.copyFrom(source);
        this.received.push({ bytes: buffer.slice(start, end), from });
      },
      handleRoom: () => void this.notices.push("room"),
      handleSendFailure: (_, failure) => void this.notices.push(failure),
      handleLost: (error) => void this.notices.push(`lost: ${error.message}`),
      ...methods,
    });
  }

  /** Its address as others send to it; on the loopback interface where it is bound to all. */
  get address(): DatagramAddress {
    const { hostname, port } = this.link.local;
    const here = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
    const address = new DatagramAddress();
    assertEquals(address.parse(here, port), true);
    return address;
  }

  /**
   * Sends, and wants it to be taken.
   *
   * @param bytes The datagram.
   * @param to Whose address it goes to.
   */
  send(bytes: Uint8Array, to: UdpEnd | DatagramAddress): void {
    const address = to instanceof UdpEnd ? to.address : to;
    assertEquals(this.link.send(bytes, 0, bytes.length, address), SendStatus.Queued);
  }

  /**
   * Waits until it has received as much.
   *
   * @param count How many datagrams.
   */
  async has(count: number): Promise<void> {
    await eventually(`${count} datagrams were received`, () => this.received.length >= count);
  }

  /** Closes the link and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.link.close();
    await this.link.whenClosed;
  }
}
