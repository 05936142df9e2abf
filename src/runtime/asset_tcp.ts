/**
 * Asset transfer over framed TCP: a link of its own for every pair of client and server.
 *
 * Why large buffers: a chunk is a frame of 64 KiB and more, and many of them in one read or write cost less than each
 * alone. Invariant: what a link has no room for is not read, so that a slow disk slows the sender down.
 *
 * @module
 */
import { MAX_ASSET_MESSAGE_BYTES } from "../asset/asset_wire.ts";
import { addressHost, type TcpAddress } from "../transport/address.ts";
import { clientSource, runSource } from "./stream_source.ts";
import type { AssetAttachment, AssetLink } from "./asset_link.ts";
import type { AssetServerConfig } from "./asset_options.ts";
import type { Connection } from "./connection.ts";
import { openReactor } from "./open_reactor.ts";
import { resolveParticleOptions } from "./particle_options.ts";
import { ParticleRuntime } from "./particle_runtime.ts";
import type { ReactorCore } from "./reactor_core.ts";
import { resolveReactorOptions } from "./reactor_options.ts";
import type { RuntimeHost } from "./system_host.ts";

/** What a side does with a new link. */
export type Attach = (link: AssetLink, peer: string) => AssetAttachment;

const STREAM = {
  maxFrameBytes: MAX_ASSET_MESSAGE_BYTES,
  allowEmptyMessages: false,
  readBufferBytes: 1 << 20,
  maxQueuedBytes: 1 << 19,
  referenceBytes: Infinity,
  // A peer that takes nothing for so long shall not hold memory any longer; it may come back and go on.
  sendStallTimeoutMs: 60_000,
} as const;
/**
 * How fast a server is tried again: a download waits for it only so long. What was meant for a lost link is dropped, because
 * the transfer that it belongs to is gone with that.
 */
const RECONNECT = { baseMs: 50, maxMs: 1000, stableMs: 100, whileDisconnected: "refuse" } as const;

type ConnectionLimits = Pick<AssetServerConfig, "maxConnectionCount" | "maxConnectionsPerAddressCount">;

/** Listens for asset links. */
export class AssetListener {
  readonly #core: ReactorCore;

  /**
   * Makes a listener that is not started.
   *
   * @param config Where to listen, and how many links there may be.
   * @param host Time and randomness.
   */
  constructor(config: Pick<AssetServerConfig, "hostname" | "port"> & ConnectionLimits, host: RuntimeHost) {
    const { hostname, port, maxConnectionCount, maxConnectionsPerAddressCount } = config;
    const limits = { maxConnectionCount, maxConnectionsPerAddressCount };
    this.#core = openReactor(resolveReactorOptions({ ...STREAM, hostname, port, ...limits }), host);
  }

  /** The address that is listened on; `undefined` before `start`. */
  get address(): TcpAddress | undefined {
    const address = this.#core.address;
    return address?.transport === "tcp" ? address : undefined;
  }

  /** Starts to listen. */
  async start(attach: Attach): Promise<void> {
    const attachments = new WeakMap<Connection, AssetAttachment>();
    await this.#core.start({
      onConnected: (connection) => {
        const link = {
          send: (message: Uint8Array) => connection.send(message),
          // How that ends is a matter of the connection, whose end is told below.
          close: () => void connection.close().catch(() => {}),
        };
        attachments.set(connection, attach(link, addressHost(connection.remote)));
      },
      onReceived: (connection, payload) => attachments.get(connection)?.receive(payload),
      onDisconnected: (connection) => attachments.get(connection)?.detach(),
      // A link that fails is a matter of its peer; transfers tell what became of them.
      onError: () => {},
    });
  }

  /** Stops listening and ends all links. */
  stop(): Promise<void> {
    return this.#core.stop();
  }
}

/** Keeps a link to one server, and makes it anew when it is lost. */
export class AssetConnector {
  readonly #runtime: ParticleRuntime;
  readonly #closed: Promise<void>;
  #attachment: AssetAttachment | undefined = undefined;

  /**
   * Begins to connect.
   *
   * @param server The server.
   * @param attach What to do with a link.
   * @param host Time and randomness.
   */
  constructor(server: { hostname: string; port: number }, attach: Attach, host: RuntimeHost) {
    const config = resolveParticleOptions({ ...STREAM, ...server, reconnect: RECONNECT });
    const peer = `${server.hostname}:${server.port}`;
    const source = clientSource(config, 1, host, () => this.#runtime);
    const handlers = {
      onConnected: () => {
        const link = { send: (message: Uint8Array) => this.#runtime.sender.send(message) };
        this.#attachment = attach(link, peer);
      },
      onReceived: (payload: Uint8Array) => this.#attachment?.receive(payload),
      onDisconnected: () => this.#attachment?.detach(),
      onError: () => {},
    };
    this.#runtime = new ParticleRuntime(config, handlers, source.fabric, host);
    this.#runtime.start();
    this.#closed = runSource(source, this.#runtime.whenClosed);
  }

  /** Settles with the first link; with reconnects it only rejects when it is closed before. */
  get connected(): Promise<void> {
    return this.#runtime.whenConnected;
  }

  /** Closes the link in order. */
  async close(): Promise<void> {
    await this.#runtime.close();
    await this.#closed;
  }
}
