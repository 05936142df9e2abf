/**
 * Endpoint machines without sockets: each packet that one seals is opened by the other in the same memory, in the order of
 * src/machine/CONTRACT.md.
 *
 * @module
 */

import { NodeKeyExchange } from "../../src/io/system/node_key_exchange.ts";
import { systemAead } from "../../src/io/system/system_aead.ts";
import { SystemRandom } from "../../src/io/system/system_random.ts";
import { DatagramTransmit } from "../../src/session/datagram_transmit.ts";
import { EndpointMachine } from "../../src/session/endpoint_machine.ts";
import { type EndpointOptions, resolveEndpointOptions } from "../../src/session/endpoint_options.ts";
import type { EndpointSetup } from "../../src/session/endpoint_setup.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";

const CHANNEL = 1;
const UDP_PORT = 4433;
const DATAGRAM_BYTES = 1500;

/** One machine, its address, and what it has under way. */
export class MachineSide {
  /** The machine. */
  readonly machine: EndpointMachine;
  /** Where it is. */
  readonly address = new DatagramAddress();
  /** How many messages came to it. */
  messages = 0;
  /** How many packets it was handed. */
  packets = 0;
  /** Whether each message goes back by the channel that it came by. */
  answers = false;
  /** Used from the first on, so that few take turns where little is under way: the cipher knows the memory of few. */
  readonly #slots: DatagramTransmit[] = [];
  readonly #lengths: number[] = [];
  #filled = 0;

  /**
   * Makes one.
   *
   * @param setup Time, chance and cryptography.
   * @param hostname Its address.
   * @param options What it differs in.
   */
  constructor(
    setup: Pick<EndpointSetup, "random" | "aead" | "keyExchange"> & { readonly clock: ClockCell },
    hostname: string,
    options: EndpointOptions = {},
  ) {
    this.address.parse(hostname, UDP_PORT);
    const { clock } = setup;
    const config = resolveEndpointOptions(options);
    this.machine = new EndpointMachine({ ...setup, config, wallClock: { wallNow: () => clock.now } });
    this.drain();
  }

  /** Polls until nothing is left; datagrams wait in the slots. */
  drain(): void {
    const { machine } = this;
    do {
      for (;; this.#filled++) {
        const length = machine.pollTransmit(this.#slots[this.#filled] ??= newSlot());
        if (length === 0) break;
        this.#lengths[this.#filled] = length;
      }
      machine.pollTimeout();
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        if (event === SessionEvent.Message) this.#take();
      }
    } while (!machine.drained);
  }

  /** Drains, and hands over what either side has to send until there is nothing any more. */
  exchange(other: MachineSide): void {
    this.drain();
    while (this.#deliver(other) || other.#deliver(this));
  }

  /** Drains, and throws away what goes out. */
  discard(): void {
    this.drain();
    this.#filled = 0;
  }

  #take(): void {
    const { machine } = this;
    this.messages++;
    if (!this.answers) return;
    const start = machine.messageOffset;
    const message = machine.messageBuffer.subarray(start, start + machine.messageLength);
    machine.session!.send(machine.messageChannel, message);
  }

  /** Hands over what is under way; tells whether there was anything. */
  #deliver(other: MachineSide): boolean {
    const count = this.#filled;
    this.#filled = 0;
    other.packets += count;
    for (let i = 0; i < count; i++) {
      other.machine.handleDatagram(0, this.address, this.#slots[i]!.buffer, 0, this.#lengths[i]!);
      other.drain();
    }
    return count > 0;
  }
}

function newSlot(): DatagramTransmit {
  return new DatagramTransmit(new Uint8Array(DATAGRAM_BYTES));
}

/** A server's machine and a client's, which talk by function calls. */
export class MachinePair {
  readonly #clock = new ClockCell();
  readonly #server: MachineSide;
  readonly #client: MachineSide;

  /** Makes both. */
  constructor() {
    const setup = {
      clock: this.#clock,
      random: new SystemRandom(),
      aead: systemAead(),
      keyExchange: new NodeKeyExchange(),
    };
    this.#server = new MachineSide(setup, "192.0.2.1");
    this.#client = new MachineSide(setup, "192.0.2.2");
  }

  /** How many messages came to the server. */
  get arrived(): number {
    return this.#server.messages;
  }

  /** How many packets were opened, on either side. */
  get packets(): number {
    return this.#server.packets + this.#client.packets;
  }

  /**
   * Makes a session: hellos, as if inside TLS, and the packets by which both ends come to know each other.
   *
   * @returns The client's end of it.
   */
  connect(): SessionMachine {
    const [server, client] = [this.#server, this.#client];
    const session = client.machine.openClient();
    const { record } = server.machine.acceptHello(session.writeHello(), client.address, UDP_PORT);
    session.handleHello(record, 0, server.address, 1);
    server.drain();
    client.exchange(server);
    return session;
  }

  /**
   * Sends a message in a packet of its own.
   *
   * @param session The client's end of a session.
   * @param payload The message.
   */
  send(session: SessionMachine, payload: Uint8Array): void {
    session.send(CHANNEL, payload);
    this.#client.exchange(this.#server);
  }

  #turn(side: MachineSide, other: MachineSide): void {
    side.machine.handleTimeout();
    side.exchange(other);
  }

  /**
   * Lets time pass, and both machines do what is due.
   *
   * @param ms How much.
   */
  advance(ms: number): void {
    this.#clock.advance(this.#clock.now + ms);
    // No list of both: what the bench allocates would count.
    this.#turn(this.#server, this.#client);
    this.#turn(this.#client, this.#server);
  }
}
