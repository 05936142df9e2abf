/**
 * A transport server and clients of it inside one thread, for tests.
 *
 * @module
 */
import { memory, MemoryNetwork, TransportClient, TransportServer } from "../../../src/api/transport_mod.ts";
import type { TransportClientOptions } from "../../../src/runtime/transport_client_options.ts";
import type { TransportServerOptions } from "../../../src/runtime/transport_server_options.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";
import { type ForeignPacket, readForeign, writeForeign } from "../../interop/foreign_message_codec.ts";

/** Text as a payload, and back. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A payload as text. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A server by memory, and what connects to it. */
export class TransportPlace implements AsyncDisposable {
  readonly network = new MemoryNetwork();
  server!: TransportServer;
  readonly #clients: TransportClient[] = [];
  readonly #links: StreamLink[] = [];

  /** Listens. */
  static async open(options: Partial<TransportServerOptions> = {}): Promise<TransportPlace> {
    const place = new TransportPlace();
    await place.listen(options);
    return place;
  }

  /** Listens again, after the server was closed. */
  async listen(options: Partial<TransportServerOptions> = {}): Promise<void> {
    this.server = await TransportServer.listen({ protocols: [memory(this.network, "here")], ...options });
  }

  /** A client that is not connected. */
  client(options: Partial<TransportClientOptions> = {}): TransportClient {
    const client = new TransportClient({ protocol: memory(this.network, "here"), ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client that is. */
  async connect(options: Partial<TransportClientOptions> = {}): Promise<TransportClient> {
    const client = this.client(options);
    await client.connect();
    return client;
  }

  /** A peer that knows the published format and nothing of this package. */
  async foreign(): Promise<ForeignPeer> {
    const link = await this.network.fabric("here").connect(new AbortController().signal);
    this.#links.push(link);
    return new ForeignPeer(link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.close();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close();
  }
}

/** A foreign end of a stream. */
export class ForeignPeer {
  readonly link: StreamLink;
  #held = new Uint8Array(0);

  constructor(link: StreamLink) {
    this.link = link;
  }

  /** Writes a packet. */
  async send(packet: Partial<ForeignPacket>): Promise<void> {
    await this.link.write(writeForeign(packet));
  }

  /** Reads the next packet; `undefined` at the end. */
  async receive(): Promise<ForeignPacket | undefined> {
    for (;;) {
      const found = readForeign(this.#held);
      if (found !== undefined) {
        this.#held = this.#held.slice(found.length);
        return found.packet;
      }
      const chunk = new Uint8Array(4096);
      const count = await this.link.read(chunk).catch(() => null);
      if (count === null) return undefined;
      this.#held = Uint8Array.of(...this.#held, ...chunk.subarray(0, count));
    }
  }
}

/** Takes events until one is of a kind. */
export async function eventOf<E extends { readonly type: string }, K extends E["type"]>(
  events: AsyncIterableIterator<E, undefined>,
  type: K,
): Promise<Extract<E, { readonly type: K }>> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error(`The events ended before one was ${type}`);
    if (value.type === type) return value as Extract<E, { readonly type: K }>;
  }
}

/** Waits until something holds, a turn at a time. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5000) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
