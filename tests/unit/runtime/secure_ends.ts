/**
 * Secure servers and clients in virtual time: datagrams over a conditioned network, TLS as a pair of streams in memory.
 *
 * @module
 */
import { SendStatus } from "../../../src/error/send_status.ts";
import { CloseCode } from "../../../src/error/close_code.ts";
import { ClosedError, ConnectError } from "../../../src/error/transport_error.ts";
import { memoryPair } from "../../../src/io/memory/memory_link.ts";
import type { TlsFacts, TlsLink } from "../../../src/io/tls/tls_link.ts";
import { developmentCertificate } from "../../../src/io/tls/development_certificate.ts";
import { NodeKeyExchange } from "../../../src/io/system/node_key_exchange.ts";
import { systemAead } from "../../../src/io/system/system_aead.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { SecureClient } from "../../../src/runtime/secure_client.ts";
import { resolveSecureClientOptions, type SecureClientOptions } from "../../../src/runtime/secure_client_options.ts";
import type { SecureEvent } from "../../../src/runtime/secure_event.ts";
import type { SecureEventQueue } from "../../../src/runtime/secure_event_queue.ts";
import type { SecureHost } from "../../../src/runtime/secure_host.ts";
import { type SecureListener, SecureServer } from "../../../src/runtime/secure_server.ts";
import { resolveSecureServerOptions, type SecureServerOptions } from "../../../src/runtime/secure_server_options.ts";
import type { DatagramConditionerOptions } from "../../../src/testing/datagram_conditioner.ts";
import { type DatagramHost, DatagramNetwork } from "../../../src/testing/datagram_network.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { TcpAddress, UdpAddress } from "../../../src/transport/address.ts";
import type {
  DatagramFailure,
  DatagramLink,
  DatagramReceiver,
  NumericAddress,
} from "../../../src/transport/datagram_link.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

/** One for all tests: to make it takes longer than most of them. */
export const certificate: ReturnType<typeof developmentCertificate> = developmentCertificate();

const SERVER_HOST = "192.0.2.1";
const UDP_PORT = 7777;
const TCP_PORT = 7778;

/** A datagram link on the network; what is sent leaves in the next turn, where a limit on what is under way is set. */
export class NetworkLink implements DatagramLink {
  readonly local: UdpAddress;
  readonly maxDatagramBytes = 65_507;
  readonly dontFragment = false;
  readonly whenClosed: Promise<void>;
  /** How many datagrams may be under way to the network. */
  limit = Infinity;
  /** Whether it was closed. */
  closed = false;
  /** How often a datagram was refused. */
  refused = 0;
  readonly host: DatagramHost;
  readonly #scheduler: ManualScheduler;
  readonly #memory = new Uint8Array(65_507);
  readonly #ended = Promise.withResolvers<void>();
  #receiver: DatagramReceiver | undefined;
  #flying = 0;

  constructor(network: DatagramNetwork, scheduler: ManualScheduler, hostname: string, port: number) {
    this.local = { transport: "udp", hostname, port };
    this.#scheduler = scheduler;
    this.whenClosed = this.#ended.promise;
    this.host = network.attach(hostname, port, (bytes, from) => this.take(bytes, from));
  }

  get hasRoom(): boolean {
    return this.#flying < this.limit;
  }

  start(receiver: DatagramReceiver): void {
    this.#receiver = receiver;
  }

  /** A datagram comes, from wherever. */
  take(bytes: Uint8Array, from: DatagramAddress): void {
    if (this.closed || this.#receiver === undefined) return;
    this.#receiver.source.words.set(from.words);
    this.#memory.set(bytes);
    this.#receiver.handleDatagram(this.#memory, 0, bytes.length);
    // The memory is the link's again.
    this.#memory.fill(0xee, 0, bytes.length);
    this.#receiver.source.words.fill(-1);
  }

  send(buffer: Uint8Array, start: number, end: number, to: NumericAddress): SendStatus {
    if (this.closed) return SendStatus.Closed;
    if (!this.hasRoom) {
      this.refused++;
      return SendStatus.BackPressured;
    }
    const address = new DatagramAddress();
    address.words.set(to.words);
    const bytes = buffer.slice(start, end);
    if (this.limit === Infinity) {
      this.host.send(bytes, address);
      return SendStatus.Queued;
    }
    this.#flying++;
    this.#scheduler.nextTurn(() => {
      this.#flying--;
      this.host.send(bytes, address);
      if (this.refused > 0) this.#receiver?.handleRoom?.();
    });
    return SendStatus.Queued;
  }

  counters(): Record<string, number> {
    return { refused: this.refused };
  }

  /** Lets datagrams go that were held back. */
  open(limit: number): void {
    this.limit = limit;
    this.#receiver?.handleRoom?.();
  }

  /** Breaks, as a socket does that the system takes away. */
  break(error: Error): void {
    this.close();
    this.#receiver?.handleLost?.(error);
  }

  /** Tells the owner that a datagram did not go out. */
  fail(to: DatagramAddress, why: DatagramFailure = "not permitted"): void {
    this.#receiver?.handleSendFailure?.(to, why);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.host.detach();
    this.#ended.resolve();
  }
}

/** TLS in memory: who connects is let in at once. */
export class MemoryTls implements SecureListener {
  readonly address: TcpAddress = { transport: "tcp", hostname: SERVER_HOST, port: TCP_PORT };
  /** What the handshake tells the server. */
  facts: TlsFacts = { protocol: "TLSv1.3", alpnProtocol: undefined, peerCertificate: undefined };
  /** Whether accepting fails. */
  failing = false;
  /** The clients' ends so far. */
  readonly opened: WatchedTls[] = [];
  /** The server's ends so far. */
  readonly accepted: WatchedTls[] = [];
  closed = false;
  readonly #waiting: TlsLink[] = [];
  #accepting: PromiseWithResolvers<TlsLink> | undefined = undefined;

  /** Connects a client. */
  connect(hostname: string): Promise<TlsLink> {
    if (this.closed) return Promise.reject(new ConnectError("Cannot connect: nobody listens"));
    const [ours, theirs] = memoryPair();
    const client: TcpAddress = { transport: "tcp", hostname, port: 50_000 };
    const link = new WatchedTls(theirs, this.address, client, this.facts);
    this.accepted.push(link);
    if (this.#accepting === undefined) this.#waiting.push(link);
    else this.#accepting.resolve(link);
    this.#accepting = undefined;
    const end = new WatchedTls(ours, client, this.address, this.facts);
    this.opened.push(end);
    return Promise.resolve(end);
  }

  accept(): Promise<TlsLink> {
    if (this.closed) return Promise.reject(new ClosedError(CloseCode.GoingAway, "local"));
    if (this.failing) return Promise.reject(new Error("too many open files"));
    const link = this.#waiting.shift();
    if (link !== undefined) return Promise.resolve(link);
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  counters(): Record<string, number> {
    return { established: this.accepted.length };
  }

  close(): void {
    this.closed = true;
    this.#accepting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
  }
}

/** One end of a stream that knows whether it was closed. */
export class WatchedTls implements TlsLink {
  readonly local: TcpAddress;
  readonly remote: TcpAddress;
  readonly facts: TlsFacts;
  /** Whether this end was closed. */
  closed = false;
  readonly #link: StreamLink;

  constructor(link: StreamLink, local: TcpAddress, remote: TcpAddress, facts: TlsFacts) {
    this.#link = link;
    this.local = local;
    this.remote = remote;
    this.facts = facts;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#link.read(into);
  }

  write(from: Uint8Array): Promise<number> {
    return this.#link.write(from);
  }

  closeWrite(): Promise<void> {
    return this.#link.closeWrite();
  }

  close(): void {
    this.closed = true;
    this.#link.close();
  }
}

/** A server, a network, and any number of clients. */
export class SecureWorld {
  readonly scheduler = new ManualScheduler();
  readonly network: DatagramNetwork;
  readonly tls = new MemoryTls();
  #ends = 0;

  /** @param lines What is done to datagrams. */
  constructor(lines: Partial<Omit<DatagramConditionerOptions, "scheduler" | "random">> = {}) {
    this.network = new DatagramNetwork({ ...lines, scheduler: this.scheduler, random: new SeededRandom(1) });
  }

  /** Time, chance and cryptography for one end. */
  host(): SecureHost {
    const random = new SeededRandom(100 + this.#ends++);
    return { scheduler: this.scheduler, random, aead: systemAead(), keyExchange: new NodeKeyExchange() };
  }

  /** Opens a server. */
  serve(
    options: Partial<SecureServerOptions> = {},
    tls: SecureListener = this.tls,
  ): { readonly server: SecureServer; readonly link: NetworkLink } {
    const link = new NetworkLink(this.network, this.scheduler, SERVER_HOST, UDP_PORT);
    const { cert, key } = certificate;
    const config = resolveSecureServerOptions({ cert, key, ...options });
    return { server: new SecureServer(config, this.host(), link, tls), link };
  }

  /** Makes a client; `connecting` settles when it is connected. Its sockets are bound once `bound` has settled. */
  client(
    options: Partial<SecureClientOptions> = {},
    hostname = `10.0.0.${this.#ends}`,
    bound: Promise<void> = Promise.resolve(),
  ): SecureEnd {
    const links: NetworkLink[] = [];
    const config = resolveSecureClientOptions({ hostname: "server", port: TCP_PORT, ...options });
    const client = new SecureClient(config, this.host(), {
      connect: () => this.tls.connect(hostname),
      bind: async () => {
        await bound;
        links.push(new NetworkLink(this.network, this.scheduler, hostname, 4000 + links.length));
        return links.at(-1)!;
      },
    });
    const connecting = client.connect();
    connecting.catch(() => {});
    return { client, links, connecting };
  }

  /** Makes a client and waits until it is connected. */
  async connect(options: Partial<SecureClientOptions> = {}, waitMs = 1000): Promise<SecureEnd> {
    const end = this.client(options);
    await this.scheduler.settle(waitMs);
    await end.connecting;
    return end;
  }
}

/** A client and its links. */
export interface SecureEnd {
  readonly client: SecureClient;
  readonly links: NetworkLink[];
  readonly connecting: Promise<void>;
}

/** Counts who listens to a signal, from now on. */
export function countListeners(signal: AbortSignal): () => number {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return () => listeners.size;
}

/** All events that wait. */
export function drained(events: SecureEventQueue): SecureEvent[] {
  const list: SecureEvent[] = [];
  for (let event = events.poll(); event !== undefined; event = events.poll()) list.push(event);
  return list;
}

/** Events in short: their type, and what matters of them. */
export function shortly(events: readonly SecureEvent[]): string[] {
  return events.map((event) => {
    if (event.type === "data") return `${event.isEarly ? "early" : "data"} ${text(event.data)}`;
    return event.type === "disconnected" ? `disconnected ${event.reason.name} ${event.reason.origin}` : event.type;
  });
}

/** Text as bytes. */
export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** Bytes as text. */
export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
