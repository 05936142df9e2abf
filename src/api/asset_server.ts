/**
 * The serving side of asset transfer.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { AssetInfo } from "../runtime/asset_catalog.ts";
import type { AssetEvent } from "../runtime/asset_event.ts";
import type { AssetAttachment, AssetLink } from "../runtime/asset_link.ts";
import { type AssetServerOptions, filePath, resolveAssetServerOptions } from "../runtime/asset_options.ts";
import { AssetServerRuntime } from "../runtime/asset_server_runtime.ts";
import type { AssetStatistics } from "../runtime/asset_statistics.ts";
import { AssetListener } from "../runtime/asset_tcp.ts";
import { systemHost } from "../runtime/system_host.ts";

/** A transfer that the application carries itself. */
export interface AssetGrant {
  /** The number of the transfer. */
  readonly transferId: number;
  /** What the client needs for `startDownload`. */
  readonly info: AssetInfo;
}

/**
 * Serves files and folders: in chunks of 64 KiB, each with a proof against the one root of its asset.
 *
 * @example
 * ```ts
 * import { AssetClient, AssetServer } from "@ringwire/ringwire/asset";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/forest.pak`, "trees ".repeat(100_000));
 *
 * await using server = new AssetServer();
 * await server.register("map.pak", `${folder}/forest.pak`);
 * await server.start();
 *
 * await using client = new AssetClient({ port: server.port });
 * const { root } = await client.download("map.pak", `${folder}/copy.pak`);
 * console.assert(root.length === 64); // what b3sum prints
 * ```
 */
export class AssetServer implements AsyncDisposable {
  readonly #runtime: AssetServerRuntime;
  readonly #listener: AssetListener;
  #isStarted = false;

  /**
   * Makes a server; it listens once it is started, and needs not listen where links are attached.
   *
   * @param options Where to listen, limits, uploads.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: AssetServerOptions = {}) {
    const config = resolveAssetServerOptions(options);
    const host = systemHost();
    this.#runtime = new AssetServerRuntime(config, host);
    this.#listener = new AssetListener(config, host);
  }

  /**
   * The port that is listened on, also when port 0 was asked for.
   *
   * @throws {MisuseError} Before `start`.
   */
  get port(): number {
    const address = this.#listener.address;
    if (address === undefined) throw new MisuseError("Cannot tell the port: the server is not started");
    return address.port;
  }

  /** What is registered, as it was last seen. */
  get assets(): readonly AssetInfo[] {
    return this.#runtime.catalog.list();
  }

  /**
   * Registers a file, or a folder with all files in it, and hashes it. A file that is changed later gets a new root with
   * the next request for it; transfers that are under way then fail with the reason `Changed`.
   *
   * @param name What clients ask for: a relative path of plain parts, see `assetNameFault`.
   * @param path The file or folder; links in a folder are passed over.
   * @returns Length and root.
   * @throws {TypeError} When the name is none that may be used.
   * @throws {MisuseError} When the name is taken.
   * @throws {ResourceError} When a file cannot be read.
   */
  async register(name: string, path: string): Promise<AssetInfo> {
    const { catalog, endpoint } = this.#runtime;
    filePath("path", path);
    const isFolder = await endpoint.store.isFolder(path);
    return await (isFolder ? catalog.addFolder(name, path) : catalog.addFile(name, path));
  }

  /**
   * Takes a name out. Transfers that are open go on.
   *
   * @param name The name.
   * @returns Whether it was registered.
   */
  unregister(name: string): boolean {
    return this.#runtime.unregister(name);
  }

  /**
   * Starts to listen for framed TCP.
   *
   * @returns When it listens.
   * @throws {MisuseError} When it was started before.
   * @throws {ResourceError} When the address cannot be had.
   */
  async start(): Promise<void> {
    if (this.#isStarted) throw new MisuseError("Cannot start an asset server twice");
    this.#isStarted = true;
    await this.#listener.start((link, peer) => this.#runtime.attach(link, peer));
  }

  /**
   * Serves over a link of the application: anything that carries whole messages.
   *
   * @param link How to send.
   * @param peer Who is at the other end, for the limits per peer.
   * @returns What the application calls for messages that come, and when the link is gone.
   */
  attach(link: AssetLink, peer: string): AssetAttachment {
    return this.#runtime.attach(link, peer);
  }

  /**
   * Opens a transfer whose chunks the application carries by itself: call `getNextChunk` until there is none.
   *
   * @param peer Who asks, for the limits per peer.
   * @param name What was asked for, such as a peer may send.
   * @returns The transfer; `undefined` when there is no such asset, or the limits are reached.
   */
  handleRequest(peer: string, name: string): AssetGrant | undefined {
    return this.#runtime.handleRequest(peer, name);
  }

  /**
   * The next chunk of such a transfer.
   *
   * @param transferId The transfer.
   * @returns A message for `AssetClient.receiveChunk`, the caller's own; `undefined` when there is none now.
   * Rejects with `AssetError` when the file has changed, and with `ResourceError` when it cannot be read.
   */
  "getNextChunk"(transferId: number): Promise<Uint8Array | undefined> {
    return this.#runtime.nextChunk(transferId);
  }

  /**
   * Makes chunks of such a transfer come once more, because they were lost or did not hold up.
   *
   * @param transferId The transfer.
   * @param first The first chunk.
   * @param count How many.
   * @returns Whether there are such chunks.
   */
  requestChunks(transferId: number, first: number, count: number): boolean {
    return this.#runtime.requestChunks(transferId, first, count);
  }

  /**
   * Ends such a transfer, or an upload.
   *
   * @param transferId The transfer.
   * @returns Whether it was open.
   */
  cancelTransfer(transferId: number): boolean {
    return this.#runtime.endTransfer(transferId) || this.#runtime.transfers.cancel(transferId);
  }

  /**
   * What was counted of an upload.
   *
   * @param transferId The transfer, from its events.
   * @returns The counts, also of one of the last that are over; `undefined` where there is none.
   */
  "getTransferStats"(transferId: number): AssetStatistics | undefined {
    return this.#runtime.transfers.statistics(transferId);
  }

  /**
   * Takes the events of uploads that have not been polled. With `onEvent` there are none.
   *
   * @returns The events, oldest first; of progress only the newest of each upload.
   */
  pollEvents(): AssetEvent[] {
    return this.#runtime.endpoint.events.take();
  }

  /** Stops listening and ends all transfers. */
  async stop(): Promise<void> {
    const closed = this.#runtime.close();
    if (this.#isStarted) await this.#listener.stop();
    await closed;
  }

  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
