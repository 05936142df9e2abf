/**
 * What the simulations of sessions are made of: endpoints on a datagram network in virtual time, each with a driver that
 * keeps the contract to the letter, and hellos that are carried as if inside TLS.
 *
 * @module
 */
import type { AeadProvider } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { sha256 } from "../../src/crypto/kdf.ts";
import type { KeyExchange, KeyPair } from "../../src/crypto/key_exchange.ts";
import type { RandomSource } from "../../src/random/random_source.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { DatagramTransmit } from "../../src/session/datagram_transmit.ts";
import { EndpointMachine } from "../../src/session/endpoint_machine.ts";
import { type EndpointOptions, resolveEndpointOptions } from "../../src/session/endpoint_options.ts";
import type { EndpointSetup } from "../../src/session/endpoint_setup.ts";
import { SessionCloseCode, sessionCloseCodeName } from "../../src/session/session_close_code.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { STREAM_PATH } from "../../src/session/session_path.ts";
import type { DatagramConditionerOptions } from "../../src/testing/datagram_conditioner.ts";
import { type DatagramHost, DatagramNetwork } from "../../src/testing/datagram_network.ts";
import { ManualScheduler } from "../../src/testing/manual_scheduler.ts";
import type { Alarm } from "../../src/time/scheduler.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { checkTransitions } from "./session_allowed.ts";

const SERVER_PORT = 4433;

/** What an endpoint of these tests differs in. */
export type EndOptions =
  & EndpointOptions
  & Partial<Pick<EndpointSetup, "resetKey" | "ticketKey" | "owner" | "routeKey" | "wallClock">>;

/** A message that arrived. */
export interface Arrived {
  /** Whose it is. */
  readonly session: SessionMachine;
  /** The payload; a copy. */
  readonly payload: Uint8Array;
  /** Its channel. */
  readonly channel: number;
  /** Whether it was meant for a first flight. */
  readonly isEarly: boolean;
}

/** A key exchange that takes no time and protects nothing. */
export class QuickKeyExchange implements KeyExchange {
  /** Its name. */
  readonly name = "quick";

  /** Draws a pair. */
  keyPair(random: RandomSource): KeyPair {
    const privateKey = new Uint8Array(32);
    random.fillSecret(privateKey);
    return { publicKey: sha256(privateKey), privateKey };
  }

  /** Mixes both public keys. */
  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    const own = sha256(privateKey);
    const both = new Uint8Array(32);
    for (let i = 0; i < 32; i++) both[i] = own[i]! ^ publicKey[i]!;
    return publicKey.every((byte) => byte === 0) ? undefined : sha256(both);
  }
}

/** An endpoint, its driver and its host. */
export class SimEnd {
  /** The machine. */
  readonly endpoint: EndpointMachine;
  /** Its place on the network. */
  readonly host: DatagramHost;
  /** Every event so far, as `name` or `name id`. */
  readonly events: string[] = [];
  /** Every message so far. */
  readonly arrived: Arrived[] = [];
  /** Every session that an event was about, in order of their first. */
  readonly sessions: SessionMachine[] = [];
  /** Called with every event, before the next is polled; commands are legal in it. */
  onEvent: ((event: SessionEvent, session: SessionMachine) => void) | undefined = undefined;
  readonly #alarm: Alarm;
  readonly #target = new DatagramTransmit(new Uint8Array(2048), 7);
  readonly #inbox = new Uint8Array(2048);
  readonly #links = new Map<number, (bytes: Uint8Array, to: DatagramAddress) => void>();
  #asleep = false;
  #pumping = false;

  constructor(sim: Sim, hostname: string, port: number, options: EndOptions, seed: number) {
    const { resetKey, ticketKey, owner, routeKey, wallClock = sim.scheduler, ...rest } = options;
    this.endpoint = new EndpointMachine({
      config: resolveEndpointOptions(rest),
      clock: sim.scheduler.clock,
      wallClock,
      random: new SeededRandom(seed),
      aead: sim.aead,
      keyExchange: new QuickKeyExchange(),
      ...(resetKey === undefined ? {} : { resetKey }),
      ...(ticketKey === undefined ? {} : { ticketKey }),
      ...(owner === undefined ? {} : { owner }),
      ...(routeKey === undefined ? {} : { routeKey }),
    });
    this.host = sim.network.attach(hostname, port, (bytes, from) => this.receive(0, bytes, from));
    this.#links.set(0, (bytes, to) => this.host.send(bytes, to));
    this.#alarm = sim.scheduler.alarm(() => this.#timeout());
    this.pump();
  }

  /** Adds a link with another number. */
  addLink(pathId: number, send: (bytes: Uint8Array, to: DatagramAddress) => void): void {
    this.#links.set(pathId, send);
  }

  /** Takes a link away. */
  loseLink(pathId: number): void {
    this.#links.delete(pathId);
    this.endpoint.handlePathLost(pathId);
    this.pump();
  }

  /** A datagram came. */
  receive(pathId: number, bytes: Uint8Array, from: DatagramAddress): void {
    if (this.#asleep) return;
    this.#inbox.set(bytes, 3);
    this.endpoint.handleDatagram(pathId, from, this.#inbox, 3, 3 + bytes.length);
    this.pump();
  }

  /** Nothing comes in, goes out or falls due until `wake`. */
  sleep(): void {
    this.#asleep = true;
    this.#alarm.disarm();
  }

  /** Goes on. */
  wake(): void {
    this.#asleep = false;
    this.#timeout();
  }

  /** Drains the machine; call it after every command. */
  pump(): void {
    if (this.#pumping || this.#asleep) return;
    this.#pumping = true;
    for (;;) {
      this.#transmit();
      this.#alarm.arm(this.endpoint.pollTimeout());
      const event = this.endpoint.pollEvent();
      if (event === undefined) break;
      this.#note(event);
    }
    this.#pumping = false;
    checkTransitions(this.endpoint.transitions());
  }

  /** The payloads that arrived, as the number in their first two bytes. */
  get numbers(): number[] {
    return this.arrived.map(({ payload }) => payload[0]! * 256 + payload[1]!);
  }

  /** The counters of datagrams without a session that are not 0. */
  counted(): Record<string, number> {
    return nonZero(this.endpoint.counters());
  }

  /** The counters of all sessions that are not 0. */
  sessionsCounted(): Record<string, number> {
    return nonZero(this.endpoint.sessionCounters());
  }

  #timeout(): void {
    this.endpoint.handleTimeout();
    this.pump();
  }

  #transmit(): void {
    const target = this.#target;
    for (let length = this.endpoint.pollTransmit(target); length > 0; length = this.endpoint.pollTransmit(target)) {
      const bytes = target.buffer.slice(target.offset, target.offset + length);
      this.#links.get(target.pathId)?.(bytes, target.address);
    }
  }

  #note(event: SessionEvent): void {
    const { endpoint } = this;
    const session = endpoint.session!;
    if (!this.sessions.includes(session)) this.sessions.push(session);
    this.events.push(eventName(event));
    if (event === SessionEvent.Message) {
      const { messageBuffer, messageOffset, messageLength, messageIsEarly, messageChannel } = endpoint;
      const payload = messageBuffer.slice(messageOffset, messageOffset + messageLength);
      this.arrived.push({ session, payload, channel: messageChannel, isEarly: messageIsEarly });
    }
    this.onEvent?.(event, session);
  }
}

/** A network with a server and any number of clients. */
export class Sim {
  /** Time. */
  readonly scheduler = new ManualScheduler();
  /** The lines. */
  readonly network: DatagramNetwork;
  /** One for all endpoints. */
  readonly aead: AeadProvider;
  /** The seed, for messages. */
  readonly seed: number;
  /** The first server. */
  readonly server: SimEnd;
  #ends = 0;

  /**
   * @param lines What is done to datagrams.
   * @param server What the server differs in.
   * @param seed Where chance comes from.
   * @param aead Makes packet keys.
   */
  constructor(
    lines: Partial<Omit<DatagramConditionerOptions, "scheduler" | "random">> = {},
    server: EndOptions = {},
    seed = 1,
    aead: AeadProvider = new ChaCha20Poly1305(),
  ) {
    this.seed = seed;
    this.aead = aead;
    this.network = new DatagramNetwork({ ...lines, scheduler: this.scheduler, random: new SeededRandom(seed) });
    this.server = this.addServer(server);
  }

  /** Adds a server at an address of its own, or at that of the first. */
  addServer(options: EndOptions = {}, hostname = "192.0.2.1"): SimEnd {
    return new SimEnd(this, hostname, SERVER_PORT, options, this.seed * 1000 + this.#ends++);
  }

  /** Adds a client. */
  addClient(options: EndOptions = {}): SimEnd {
    const n = this.#ends++;
    return new SimEnd(this, `10.0.${n >> 8}.${n & 255}`, 1000 + n, options, this.seed * 1000 + n);
  }

  /**
   * Exchanges hellos; datagrams follow as time passes.
   *
   * @returns The sessions of both ends.
   */
  shake(client: SimEnd, server: SimEnd = this.server, token = new Uint8Array(0), on?: SessionMachine): Pair {
    const session = on ?? client.endpoint.openClient();
    const { record, session: accepted } = server.endpoint.acceptHello(
      session.writeHello(token),
      client.host.address,
      server.host.address.port,
    );
    const code = session.handleHello(record, 0, server.host.address);
    if (code !== SessionCloseCode.Normal || accepted === undefined) {
      throw new Error(`the hello was refused: ${sessionCloseCodeName(code)}`);
    }
    server.pump();
    client.pump();
    return { client: session, server: accepted };
  }

  /** A client and its session with the server, established. */
  connect(options: EndOptions = {}, waitMs = 1000): Connected {
    const end = this.addClient(options);
    const pair = this.shake(end);
    this.scheduler.advance(waitMs);
    return { ...pair, end };
  }

  /** Carries stream packets between two ends, in order and without loss. */
  addStream(a: SimEnd, b: SimEnd, delayMs: number): number {
    const pathId = STREAM_PATH | ++this.#streams;
    const nowhere = new DatagramAddress();
    for (const [from, to] of [[a, b], [b, a]] as const) {
      from.addLink(pathId, (bytes) => {
        this.scheduler.alarm(() => to.receive(pathId, bytes, nowhere)).arm(this.scheduler.clock.now + delayMs);
      });
    }
    return pathId;
  }

  #streams = 0;
}

/** Both ends of a session. */
export interface Pair {
  /** The client's. */
  readonly client: SessionMachine;
  /** The server's. */
  readonly server: SessionMachine;
}

/** Both ends of a session, and the client's driver. */
export interface Connected extends Pair {
  /** The driver. */
  readonly end: SimEnd;
}

/** A payload with a number in front. */
export function numbered(number: number, length = 16): Uint8Array {
  const payload = new Uint8Array(length).fill(number);
  payload[0] = number >> 8;
  payload[1] = number;
  return payload;
}

/** The name of an event. */
export function eventName(event: SessionEvent): string {
  return Object.entries(SessionEvent).find(([, number]) => number === event)![0];
}

/** Why a session ended: `code (origin)`, or "". */
export function reasonOf({ reason }: SessionMachine): string {
  return reason === undefined ? "" : `${sessionCloseCodeName(reason.code)} (${reason.origin})`;
}

function nonZero(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}
