/**
 * Secure sockets on the loopback address for tests: a server and clients that know its certificate, readers that keep
 * every event, and a relay by which a client's address changes under it.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import {
  developmentCertificate,
  type SecureClientOptions,
  type SecureEvent,
  type SecureServerOptions,
  SecureSocket,
} from "../../src/api/secure_mod.ts";
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { DatagramConditioner } from "../../src/testing/datagram_conditioner.ts";
import type { DatagramConditionerOptions } from "../../src/testing/conditioner_datagram_options.ts";
import { eventually } from "./waiting.ts";

const HOSTNAME = "127.0.0.1";

/** The certificate of every server here. */
export const certificate: ReturnType<typeof developmentCertificate> = developmentCertificate();

/** A socket and all that it has told so far. */
export class Told implements AsyncDisposable {
  readonly socket: SecureSocket;
  /** The events in order. */
  readonly events: SecureEvent[] = [];
  /** Called with every event. */
  onEvent: ((event: SecureEvent) => unknown) | undefined = undefined;
  readonly #reading: Promise<void>;

  constructor(socket: SecureSocket) {
    this.socket = socket;
    this.#reading = this.#read();
  }

  /** Settles when the socket is closed and everything was read. */
  get whenDone(): Promise<void> {
    return this.#reading;
  }

  /** The messages so far. */
  get data(): Uint8Array[] {
    return this.events.flatMap((event) => event.type === "data" ? [event.data] : []);
  }

  /** The messages so far, as text. */
  get texts(): string[] {
    return this.data.map((data) => new TextDecoder().decode(data));
  }

  /** The types of the events so far. */
  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** Why peers are gone so far: name and origin. */
  get ends(): string[] {
    return this.events.flatMap((event) =>
      event.type === "disconnected" ? [`${event.reason.name} ${event.reason.origin}`] : []
    );
  }

  /** Waits until so many messages came. */
  async messages(count: number, patienceMs?: number): Promise<void> {
    await eventually(`${count} messages came`, () => this.data.length >= count, patienceMs);
  }

  /** Waits for an event of a type. */
  async event(type: SecureEvent["type"]): Promise<void> {
    await eventually(`"${type}" came`, () => this.types.includes(type));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const event of this.socket) {
      this.events.push(event);
      this.onEvent?.(event);
    }
  }
}

/** Opens a server. */
export async function openServer(options: Partial<SecureServerOptions> = {}): Promise<Told> {
  const { cert, key } = certificate;
  return new Told(await SecureSocket.bindServer({ hostname: HOSTNAME, cert, key, ...options }));
}

/** Opens a server that sends every message back. */
export async function openEcho(options: Partial<SecureServerOptions> = {}): Promise<Told> {
  const server = await openServer(options);
  server.onEvent = (event) => {
    if (event.type === "data") server.socket.send(event.peerId, event.channel, event.data);
  };
  return server;
}

/** Connects a client. */
export async function openClient(port: number, options: Partial<SecureClientOptions> = {}): Promise<Told> {
  return new Told(await connect(port, options));
}

/** Connects a socket that nobody reads. */
export function connect(port: number, options: Partial<SecureClientOptions> = {}): Promise<SecureSocket> {
  return SecureSocket.connect({ hostname: HOSTNAME, port, pin: certificate.pin, ...options });
}

/** Stands between a client and a server; what the server sees as the client's address is the relay's to choose. */
export class UdpRelay implements AsyncDisposable {
  /** The port that the client sends to. */
  readonly port: number;
  /** The port that the server is bound to. */
  serverPort = 0;
  /** Called with every datagram of the client; returns whether it goes on. */
  tap: ((bytes: Uint8Array) => boolean) | undefined = undefined;
  /** What is done to datagrams on their way to the server and back. */
  lines: Lines | undefined = undefined;
  readonly #front: Socket;
  #back: Socket;
  #client = 0;

  private constructor(front: Socket, back: Socket) {
    this.#front = front;
    this.#back = back;
    this.port = front.address().port;
    front.on("message", (bytes, { port }) => {
      this.#client = port;
      if (!(this.tap?.(bytes) ?? true)) return;
      if (this.lines === undefined) this.inject(bytes);
      else sendBy(this.lines, "up", bytes, (late) => this.inject(late));
    });
    this.#forward(back);
  }

  /** Opens a relay; say which port the server has before a client sends. */
  static async open(): Promise<UdpRelay> {
    return new UdpRelay(await boundSocket(), await boundSocket());
  }

  /** The port that the server sees. */
  get seenPort(): number {
    return this.#back.address().port;
  }

  /** Sends a datagram to the server from the address that it sees. */
  inject(bytes: Uint8Array): void {
    this.#back.send(bytes, this.serverPort, HOSTNAME);
  }

  /** From now on the server sees another port; what goes to the former one reaches nobody. */
  async rebind(): Promise<void> {
    const before = this.#back;
    this.#back = await boundSocket();
    this.#forward(this.#back);
    await closed(before);
  }

  /**
   * Opens a server behind a relay that treats datagrams both ways as asked, and a client before it.
   *
   * @param options What is done to datagrams.
   * @param ends Options of the server and of the client.
   */
  static async between(
    options: Omit<DatagramConditionerOptions, "scheduler" | "random">,
    ends: {
      readonly server?: Partial<SecureServerOptions>;
      readonly client?: Partial<SecureClientOptions>;
      readonly echo?: boolean;
    } = {},
  ): Promise<Between> {
    const relay = await UdpRelay.open();
    const scheduler = new SystemScheduler();
    const [up, down] = [7, 8].map((seed) =>
      new DatagramConditioner({ ...options, scheduler, random: new SeededRandom(seed) })
    );
    relay.lines = { scheduler, up: up!, down: down! };
    const serve = ends.echo === true ? openEcho : openServer;
    const server = await serve({ ...ends.server, advertisedUdpPort: relay.port });
    relay.serverPort = server.socket.udpPort;
    const client = await openClient(server.socket.tcpPort, ends.client);
    return {
      relay,
      server,
      client,
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
        await eventually("the lines are empty", () => isEmpty(up!) && isEmpty(down!));
        await relay[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([closed(this.#front), closed(this.#back)]);
  }

  #forward(back: Socket): void {
    const forward = (bytes: Uint8Array): void => this.#front.send(bytes, this.#client, HOSTNAME);
    back.on("message", (bytes) => {
      if (this.lines === undefined) forward(bytes);
      else sendBy(this.lines, "down", bytes, forward);
    });
  }
}

interface Lines {
  readonly scheduler: SystemScheduler;
  readonly up: DatagramConditioner;
  readonly down: DatagramConditioner;
}

function sendBy(lines: Lines, way: "up" | "down", bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
  lines.scheduler.tick();
  lines[way].send(bytes, deliver);
}

function isEmpty({ tally }: DatagramConditioner): boolean {
  const { sent, lost, oversize, overflowed, duplicated, delivered } = tally;
  return sent - lost - oversize - overflowed + duplicated === delivered;
}

/** What {@linkcode UdpRelay.between} opens; closed together. */
export interface Between extends AsyncDisposable {
  readonly relay: UdpRelay;
  readonly server: Told;
  readonly client: Told;
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.bind(0, HOSTNAME, resolve));
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
