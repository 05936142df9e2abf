/**
 * Hosts that exchange datagrams over conditioned lines, with addresses that may change under them.
 *
 * Invariants: a datagram reaches who has its destination when it arrives, or nobody; what one host sends carries the
 * address that it has then, as behind an address translator. Everything that is sent shows to a tap, and a test may put
 * in what nobody sent.
 *
 * @module
 */
import { DatagramAddress } from "../wire/datagram_address.ts";
import { DatagramConditioner, type DatagramConditionerOptions } from "./datagram_conditioner.ts";

/** A datagram on its way. */
export interface TappedDatagram {
  /** Its bytes; a copy. */
  readonly bytes: Uint8Array;
  /** Where it came from. */
  readonly from: DatagramAddress;
  /** Where it goes. */
  readonly to: DatagramAddress;
}

/** What takes datagrams: borrowed bytes that it may change, and where they came from. */
export type DatagramTaker = (bytes: Uint8Array, from: DatagramAddress) => void;

/** Hosts and the lines between them. */
export class DatagramNetwork {
  /** Called with every datagram that is sent, before anything is done to it; returns whether it goes on. */
  tap: ((datagram: TappedDatagram) => boolean) | undefined = undefined;
  readonly #hosts = new Map<string, DatagramTaker>();
  readonly #line: DatagramConditioner;

  /**
   * Makes a network without hosts.
   *
   * @param options What is done to every datagram.
   * @throws {RangeError} When an option is out of range.
   */
  constructor(options: DatagramConditionerOptions) {
    this.#line = new DatagramConditioner(options);
  }

  /** What became of the datagrams so far. */
  get tally(): DatagramConditioner["tally"] {
    return this.#line.tally;
  }

  /**
   * Attaches a host.
   *
   * @param hostname Its numeric address.
   * @param port Its port.
   * @param receive Called with what arrives for it.
   * @returns The host.
   */
  attach(hostname: string, port: number, receive: DatagramTaker): DatagramHost {
    return new DatagramHost(this, this.#hosts, hostname, port, receive);
  }

  /**
   * Sends a datagram, whoever sends it.
   *
   * @param bytes Copied.
   * @param from Where it seems to come from.
   * @param to Where it goes.
   */
  send(bytes: Uint8Array, from: DatagramAddress, to: DatagramAddress): void {
    const datagram = { bytes: bytes.slice(), from: copyOf(from), to: copyOf(to) };
    if (this.tap === undefined || this.tap(datagram)) this.inject(datagram);
  }

  /**
   * Puts a datagram on the line, past the tap.
   *
   * @param datagram The datagram.
   */
  inject({ bytes, from, to }: TappedDatagram): void {
    this.#line.send(bytes, (arrived) => this.#hosts.get(keyOf(to))?.(arrived, from));
  }
}

/** One host. */
export class DatagramHost {
  /** The address that others see. */
  readonly address: DatagramAddress = new DatagramAddress();
  readonly #network: DatagramNetwork;
  readonly #hosts: Map<string, DatagramTaker>;
  readonly #receive: DatagramTaker;

  /**
   * Attaches a host; see {@linkcode DatagramNetwork.attach}.
   *
   * @param network Where it lives.
   * @param hosts All hosts by address.
   * @param hostname Its numeric address.
   * @param port Its port.
   * @param receive Called with what arrives for it.
   */
  constructor(
    network: DatagramNetwork,
    hosts: Map<string, DatagramTaker>,
    hostname: string,
    port: number,
    receive: DatagramTaker,
  ) {
    this.#network = network;
    this.#hosts = hosts;
    this.#receive = receive;
    this.rebind(hostname, port);
  }

  /**
   * Gives the host another address; datagrams for the former one reach nobody.
   *
   * @param hostname The numeric address.
   * @param port The port.
   * @throws {RangeError} When it is no address.
   */
  rebind(hostname: string, port: number): void {
    this.#hosts.delete(keyOf(this.address));
    if (!this.address.parse(hostname, port)) throw new RangeError(`Cannot bind to ${hostname} port ${port}`);
    this.#hosts.set(keyOf(this.address), this.#receive);
  }

  /** Takes the host off the network. */
  detach(): void {
    this.#hosts.delete(keyOf(this.address));
  }

  /**
   * Sends a datagram.
   *
   * @param bytes Copied.
   * @param to Where it goes.
   */
  send(bytes: Uint8Array, to: DatagramAddress): void {
    this.#network.send(bytes, this.address, to);
  }
}

function keyOf(address: DatagramAddress): string {
  return address.words.join(" ");
}

function copyOf(address: DatagramAddress): DatagramAddress {
  const copy = new DatagramAddress();
  copy.copyFrom(address);
  return copy;
}
