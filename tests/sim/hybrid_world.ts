/**
 * Hybrid servers and clients in virtual time: datagrams over a network that can be blocked, TLS as streams in memory that
 * can be cut or silenced.
 *
 * @module
 */
import { HybridClientPaths } from "../../src/runtime/hybrid_client_paths.ts";
import { type HybridClientOptions, resolveHybridClientOptions } from "../../src/runtime/hybrid_options.ts";
import type { HybridEvent } from "../../src/runtime/hybrid_mode.ts";
import { HybridServerStreams } from "../../src/runtime/hybrid_server_streams.ts";
import type { TlsLink } from "../../src/io/tls/tls_link.ts";
import { SecureClient } from "../../src/runtime/secure_client.ts";
import type { SecureCore } from "../../src/runtime/secure_core.ts";
import { SecureServer } from "../../src/runtime/secure_server.ts";
import { resolveSecureServerOptions, type SecureServerOptions } from "../../src/runtime/secure_server_options.ts";
import { certificate, NetworkLink, SecureWorld } from "../unit/runtime/secure_ends.ts";

const SERVER_HOST = "192.0.2.1";
const UDP_PORT = 7777;
const TCP_PORT = 7778;

/** A server with its streams. */
export interface ServerEnd {
  readonly server: SecureServer;
  readonly streams: HybridServerStreams;
}

/** A client with its paths. */
export interface ClientEnd {
  readonly client: SecureClient;
  readonly paths: HybridClientPaths;
  readonly connecting: Promise<void>;
}

/** A network, a TLS listener, a server and clients. */
export class HybridWorld extends SecureWorld {
  /** Whether datagrams are dropped: all, those to the server, those from it, or none. */
  blocked: "all" | "up" | "down" | "none" = "none";
  /** Whether clients get UDP sockets. */
  bindable = true;
  /** How many datagrams went out, dropped ones included. */
  datagrams = 0;
  /** How long a client's stream takes each way, in ms; for what is asked and answered in turn. */
  streamDelayMs = 0;
  /** How often a client came by TLS again. */
  reconnections = 0;
  /** What ends the latest of these attempts. */
  attempt: AbortSignal | undefined = undefined;
  #clients = 0;

  /** @param lines What is done to datagrams. */
  constructor(lines: ConstructorParameters<typeof SecureWorld>[0] = { delayMs: 10 }) {
    super(lines);
    this.network.tap = ({ to }) => {
      this.datagrams++;
      if (this.blocked === "none") return true;
      return this.blocked !== "all" && (to.port === UDP_PORT) !== (this.blocked === "up");
    };
  }

  /** Opens a hybrid server. */
  open(options: Partial<SecureServerOptions> = {}): ServerEnd {
    const link = new NetworkLink(this.network, this.scheduler, SERVER_HOST, UDP_PORT);
    const { cert, key } = certificate;
    const streams = new HybridServerStreams(this.scheduler);
    const config = resolveSecureServerOptions({ cert, key, ...options });
    return { server: new SecureServer(config, this.host(), link, this.tls, streams), streams };
  }

  /** Makes a hybrid client that begins to connect. */
  join(options: Partial<HybridClientOptions> = {}): ClientEnd {
    const hostname = `10.1.0.${++this.#clients}`;
    const { secure, paths } = resolveHybridClientOptions({ hostname: "server", port: TCP_PORT, ...options });
    const reconnect = (_: string, signal: AbortSignal) => {
      this.attempt = signal;
      this.reconnections++;
      return this.#reach(hostname);
    };
    const keeper = new HybridClientPaths(paths, this.scheduler, { reconnect, rebind: () => client.rebind() }, TCP_PORT);
    const bind = () =>
      this.bindable
        ? Promise.resolve(new NetworkLink(this.network, this.scheduler, hostname, 4000))
        : Promise.reject(new Error("no socket"));
    const client: SecureClient = new SecureClient(
      secure,
      this.host(),
      { connect: () => this.#reach(hostname), bind },
      keeper,
    );
    const connecting = client.connect();
    connecting.catch(() => {});
    return { client, paths: keeper, connecting };
  }

  /** A stream that hands over late what comes, by a whole round trip. */
  async #reach(hostname: string): Promise<TlsLink> {
    const link = await this.tls.connect(hostname);
    if (this.streamDelayMs === 0) return link;
    const read = link.read.bind(link);
    link.read = async (into) => {
      const count = await read(into);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.scheduler.alarm(resolve).arm(this.scheduler.tick() + 2 * this.streamDelayMs);
      await promise;
      return count;
    };
    return link;
  }

  /** Waits until something holds, in steps of a millisecond; tells how long it took. */
  async until(what: string, holds: () => boolean, withinMs: number): Promise<number> {
    const start = this.scheduler.tick();
    while (!holds()) {
      if (this.scheduler.tick() - start > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
      await this.scheduler.settle(1);
    }
    return this.scheduler.tick() - start;
  }
}

/** Takes all events that wait. */
export function taken(core: SecureCore): HybridEvent[] {
  const list: HybridEvent[] = [];
  for (let event = core.events.poll(); event !== undefined; event = core.events.poll()) list.push(event as HybridEvent);
  return list;
}

/** The modes that events tell of. */
export function modes(events: readonly HybridEvent[]): string[] {
  return events.flatMap((event) => event.type === "transportMode" ? [event.mode] : []);
}

/** The numbers in the first four bytes of messages. */
export function numbers(events: readonly HybridEvent[]): number[] {
  return events.flatMap((event) =>
    event.type === "data" ? [new DataView(event.data.buffer, event.data.byteOffset).getUint32(0)] : []
  );
}

/** A message with a number in front. */
export function numbered(number: number, length = 64): Uint8Array {
  const message = new Uint8Array(length);
  new DataView(message.buffer).setUint32(0, number);
  return message;
}
