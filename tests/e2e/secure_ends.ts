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
  async messages(count: number): Promise<void> {
    await eventually(`${count} messages came`, () => this.data.length >= count);
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
  readonly #front: Socket;
  #back: Socket;
  #client = 0;

  private constructor(front: Socket, back: Socket) {
    this.#front = front;
    this.#back = back;
    this.port = front.address().port;
    front.on("message", (bytes, { port }) => {
      this.#client = port;
      if (this.tap?.(bytes) ?? true) this.inject(bytes);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([closed(this.#front), closed(this.#back)]);
  }

  #forward(back: Socket): void {
    back.on("message", (bytes) => this.#front.send(bytes, this.#client, HOSTNAME));
  }
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
