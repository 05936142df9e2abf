/**
 * The fetching side of asset transfer.
 *
 * @module
 */
import { assetNameFault } from "../asset/asset_name.ts";
import { AssetClientRuntime } from "../runtime/asset_client_runtime.ts";
import type { AssetInfo } from "../runtime/asset_catalog.ts";
import type { AssetEvent } from "../runtime/asset_event.ts";
import type { AssetAttachment, AssetLink } from "../runtime/asset_link.ts";
import { type AssetClientOptions, filePath, resolveAssetClientOptions } from "../runtime/asset_options.ts";
import type { AssetStatistics } from "../runtime/asset_statistics.ts";
import { AssetConnector } from "../runtime/asset_tcp.ts";
import type { TransferResult } from "../runtime/asset_transfers.ts";
import { abortSignal } from "../runtime/reactor_options.ts";
import { systemHost } from "../runtime/system_host.ts";

/** How one asset is downloaded. */
export interface AssetDownloadOptions {
  /**
   * The root that the asset must have: 32 bytes, or 64 hexadecimal digits as `b3sum` prints them. Without it the root of
   * the first answer is taken, and what arrives is only as good as the link and the server at its end.
   */
  readonly root?: Uint8Array | string;
  /** Ends the download; what was verified stays for a later one. */
  readonly signal?: AbortSignal;
  /** Called when more is verified and on disk: how many bytes of how many. */
  readonly onProgress?: (received: number, total: number) => void;
  /**
   * Whether what an earlier attempt has left, or an earlier version of the file, is used as far as it holds up to the
   * root. @default true
   */
  readonly resume?: boolean;
  /** The bytes that are wanted, from `start` to before `end`; the file then has only those. @default all */
  readonly range?: { readonly start: number; readonly end: number };
}

/** A download or upload under way: wait for it, or stop it by its number. */
export interface AssetTransfer extends PromiseLike<TransferResult> {
  /** The number of the transfer, as in events. */
  readonly id: number;
  /** Settles when it is over. Rejects with `AssetError`, `ResourceError` or the signal's reason. */
  readonly completed: Promise<TransferResult>;
}

/**
 * Downloads assets, verified chunk by chunk against one root before anything is written, and goes on where it was after
 * a lost link or a crash.
 *
 * @example
 * ```ts
 * import { AssetClient, AssetServer } from "@ringwire/ringwire/asset";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/notes.txt`, "hello");
 * await using server = new AssetServer();
 * const { root } = await server.register("notes.txt", `${folder}/notes.txt`);
 * await server.start();
 *
 * await using client = new AssetClient({ port: server.port });
 * await client.download("notes.txt", `${folder}/copy.txt`, {
 *   root,
 *   onProgress: (received, total) => console.log(`${received} of ${total}`),
 * });
 * console.assert(await Deno.readTextFile(`${folder}/copy.txt`) === "hello");
 * ```
 */
export class AssetClient implements AsyncDisposable {
  readonly #runtime: AssetClientRuntime;
  readonly #connectors: readonly AssetConnector[];

  /**
   * Makes a client and begins to connect, where servers are given.
   *
   * @param options Servers, limits, times.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: AssetClientOptions = {}) {
    const config = resolveAssetClientOptions(options);
    const runtime = this.#runtime = new AssetClientRuntime(config, systemHost());
    this.#connectors = config.servers.map((server) =>
      new AssetConnector(server, (link, peer) => runtime.attach(link, peer), systemHost())
    );
  }

  /** Settles when all servers are connected; downloads wait for that by themselves. Rejects when the client is closed. */
  get connected(): Promise<void> {
    return Promise.all(this.#connectors.map((connector) => connector.connected)).then(() => {});
  }

  /**
   * Fetches over a link of the application, too: anything that carries whole messages.
   *
   * @param link How to send.
   * @param peer Who is at the other end, for messages.
   * @returns What the application calls for messages that come, and when the link is gone.
   */
  attach(link: AssetLink, peer = "link"): AssetAttachment {
    return this.#runtime.attach(link, peer);
  }

  /**
   * Downloads a file, or a folder with only the files and chunks that changed. Until it is complete, what stood under the
   * destination's name stays there.
   *
   * @param name The asset.
   * @param destination The path of the file or folder; the folder around a file exists.
   * @param options Root, signal, progress, resume, range.
   * @returns The transfer; await it for the result.
   * @throws {TypeError} When an argument has the wrong type, or the name is none that may be used.
   * @throws {RangeError} When root or range make no sense.
   */
  download(name: string, destination: string, options: AssetDownloadOptions = {}): AssetTransfer {
    checkName(name);
    filePath("destination", destination);
    const { root, signal, onProgress, resume = true, range } = options;
    if (range !== undefined) checkRange(range);
    const request = {
      name,
      destination,
      root: root === undefined ? undefined : rootBytes(root),
      range,
      resume,
      signal: abortSignal(signal),
      onProgress,
    };
    const id = this.#runtime.endpoint.nextTransferId();
    return new Transfer(id, this.#runtime.transfers.run(id, request));
  }

  /**
   * Uploads a file to the first server that is connected, where that allows it.
   *
   * @param path The file.
   * @param name What it is called at the server.
   * @param options A signal.
   * @returns The transfer; it is complete when the server has verified and stored everything.
   * @throws {TypeError} When an argument has the wrong type, or the name is none that may be used.
   */
  upload(path: string, name: string, options: { readonly signal?: AbortSignal } = {}): AssetTransfer {
    checkName(name);
    filePath("path", path);
    const id = this.#runtime.endpoint.nextTransferId();
    return new Transfer(id, this.#runtime.uploadFile(id, path, name, abortSignal(options.signal)));
  }

  /**
   * Stops a download for a while: nothing more is asked for.
   *
   * @param transferId The transfer.
   * @returns Whether it was running.
   */
  pauseTransfer(transferId: number): boolean {
    return this.#runtime.transfers.pause(transferId);
  }

  /**
   * Goes on with a download that was paused. One of an earlier run of the program goes on by `download` with the same
   * destination.
   *
   * @param transferId The transfer.
   * @returns Whether it was paused.
   */
  resumeDownload(transferId: number): boolean {
    return this.#runtime.transfers.resume(transferId);
  }

  /**
   * Ends a transfer with the reason `Cancelled`. What was verified stays for a later one.
   *
   * @param transferId The transfer.
   * @returns Whether it was open.
   */
  cancelTransfer(transferId: number): boolean {
    return this.#runtime.cancel(transferId);
  }

  /**
   * What was counted of a transfer.
   *
   * @param transferId The transfer.
   * @returns The counts, also of one of the last that are over; `undefined` where there is none.
   */
  "getTransferStats"(transferId: number): AssetStatistics | undefined {
    return this.#runtime.transfers.statistics(transferId);
  }

  /**
   * How often a chunk of a download was asked for again.
   *
   * @param transferId The transfer; not over.
   * @param chunk The number of the chunk: its place in the file, divided by 65,536.
   * @returns The count.
   */
  retriesOf(transferId: number, chunk: number): number {
    return this.#runtime.transfers.retriesOf(transferId, chunk);
  }

  /**
   * Begins a download whose chunks the application carries by itself.
   *
   * @param transferId The transfer, from `AssetServer.handleRequest`.
   * @param info What that said of the asset. Its root is what every chunk is held to.
   * @param destination The path of the file.
   * @returns When chunks may come. Rejects with `AssetError` when it is larger than allowed.
   */
  startDownload(transferId: number, info: AssetInfo, destination: string): Promise<void> {
    filePath("destination", destination);
    return this.#runtime.startDownload(transferId, info, destination);
  }

  /**
   * Takes a chunk that the application has carried. Chunks may come in any order, and more than once.
   *
   * @param message What `AssetServer.getNextChunk` gave; borrowed for the call.
   * @returns When it is written: whether it was new and held up to the root.
   */
  receiveChunk(message: Uint8Array): Promise<boolean> {
    return this.#runtime.receiveChunk(message);
  }

  /**
   * The chunks that such a download still lacks, for `AssetServer.requestChunks`.
   *
   * @param transferId The transfer.
   * @param most How many runs are told at most.
   * @returns Runs of chunks.
   */
  missingChunks(transferId: number, most = 64): { first: number; count: number }[] {
    return this.#runtime.missingChunks(transferId, most);
  }

  /**
   * Takes the events that have not been polled. With `onEvent` there are none.
   *
   * @returns The events, oldest first; of progress only the newest of each transfer.
   */
  pollEvents(): AssetEvent[] {
    return this.#runtime.endpoint.events.take();
  }

  /** Ends all transfers and closes the links. */
  async close(): Promise<void> {
    const closed = this.#runtime.close();
    await Promise.all(this.#connectors.map((connector) => connector.close()));
    await closed;
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class Transfer implements AssetTransfer {
  readonly id: number;
  readonly completed: Promise<TransferResult>;

  constructor(id: number, completed: Promise<TransferResult>) {
    this.id = id;
    this.completed = completed;
    // Whoever does not wait learns of it by the event.
    completed.catch(() => {});
  }

  then<A = TransferResult, B = never>(
    onFulfilled?: ((value: TransferResult) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.completed.then(onFulfilled, onRejected);
  }
}

function checkName(name: string): void {
  const fault = typeof name === "string" ? assetNameFault(name) : "is no string";
  if (fault !== undefined) throw new TypeError(`Cannot transfer ${JSON.stringify(name)}: the name ${fault}`);
}

function checkRange({ start, end }: { readonly start: number; readonly end: number }): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end > start) return;
  throw new RangeError(`The option range must have whole numbers, start before end: got ${start} to ${end}`);
}

function rootBytes(root: Uint8Array | string): Uint8Array {
  const bytes = typeof root === "string" ? /^[0-9a-f]{64}$/i.test(root) ? Uint8Array.fromHex(root) : undefined : root;
  if (bytes instanceof Uint8Array && bytes.length === 32) return bytes.slice();
  throw new RangeError("The option root must be 32 bytes or 64 hexadecimal digits");
}
