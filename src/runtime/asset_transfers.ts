/**
 * Starts downloads of files and folders and tells how they end: what servers (for uploads) and clients share.
 *
 * A folder is its manifest, then every file in it that is not there yet, each held to the root in the manifest.
 * Invariant: every transfer ends with exactly one event, `completed` or `failed`.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { AssetKind } from "../asset/asset_wire.ts";
import { decodeManifest, type ManifestEntry, maxManifestBytes } from "../asset/manifest.ts";
import { sameBytes } from "../asset/leaf_row.ts";
import { AssetCatalog } from "./asset_catalog.ts";
import { AssetDestination, type ByteRange, DestinationLocks } from "./asset_destination.ts";
import { AssetDownload } from "./asset_download.ts";
import type { AssetEndpoint } from "./asset_endpoint.ts";
import { AssetError } from "./asset_error.ts";
import type { DownloadRequest } from "./asset_parties.ts";
import { type AssetStatistics, emptyStatistics } from "./asset_statistics.ts";
import { FileTarget } from "./asset_target.ts";

/** What a transfer is asked for. */
export interface TransferRequest {
  /** The asset. */
  readonly name: string;
  /** Where it goes. */
  readonly destination: string;
  /** The root that it must have. */
  readonly root: Uint8Array | undefined;
  /** The bytes that are wanted. */
  readonly range: ByteRange | undefined;
  /** Whether what an earlier attempt or version has left may be used. */
  readonly resume: boolean;
  /** Ends the transfer. */
  readonly signal: AbortSignal | undefined;
  /** Called when more is verified and written. */
  readonly onProgress: ((received: number, total: number) => void) | undefined;
  /** The link whose other end has offered the asset. */
  readonly offer?: DownloadRequest["offer"];
}

/** How a transfer ended. */
export interface TransferResult {
  /** The number of the transfer. */
  readonly transferId: number;
  /** Where the file or folder stands. */
  readonly path: string;
  /** The root: the BLAKE3 hash of the file, or of the folder's manifest, as `b3sum` prints it. */
  readonly root: string;
  /** How many bytes were asked for: those of the file, of the range, or of all files of the folder. */
  readonly length: number;
  /** What was counted. */
  readonly statistics: AssetStatistics;
}

/** One transfer: a file, or a folder with many. */
interface Transfer {
  readonly id: number;
  readonly request: TransferRequest;
  readonly parts: Set<AssetDownload>;
  /** Of the parts that are over, and of files that were there. */
  total: AssetStatistics;
  isFolder: boolean;
  isPaused: boolean;
  /** Why it was ended from here. */
  ending: { readonly code: AssetCode; readonly error: unknown } | undefined;
  resumed: PromiseWithResolvers<void> | undefined;
}

/** How many files of a folder are fetched at once. */
const FOLDER_PARALLEL = 8;
/** How many transfers that are over can still be asked for their statistics. */
const MAX_KEPT = 1024;

/** All transfers into this endpoint. */
export class AssetTransfers {
  readonly #endpoint: AssetEndpoint;
  readonly #locks = new DestinationLocks();
  readonly #files: AssetCatalog;
  readonly #transfers = new Map<number, Transfer>();
  readonly #kept = new Map<number, AssetStatistics>();

  /**
   * Makes an empty list.
   *
   * @param endpoint What all transfers have in common.
   */
  constructor(endpoint: AssetEndpoint) {
    this.#endpoint = endpoint;
    this.#files = new AssetCatalog(endpoint.store, endpoint.hasher, 1, endpoint.files);
  }

  /**
   * Runs a transfer.
   *
   * @param id Its number.
   * @param request What is wanted.
   * @returns How it ended. Rejects with `AssetError`, `ResourceError`, or the signal's reason.
   */
  async run(id: number, request: TransferRequest): Promise<TransferResult> {
    const { signal, name } = request;
    const transfer: Transfer = {
      id,
      request,
      parts: new Set(),
      total: emptyStatistics(name),
      isFolder: false,
      isPaused: false,
      ending: undefined,
      resumed: undefined,
    };
    this.#transfers.set(id, transfer);
    const abort = (): void => this.#end(transfer, AssetCode.Cancelled, signal?.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", abort, { once: true });
      const result = await this.#fetch(id, transfer);
      const { path, root, statistics } = result;
      this.#endpoint.events.push({ type: "completed", transferId: id, name, path, root, statistics });
      return result;
    } catch (error) {
      this.#endpoint.events.push({ type: "failed", transferId: id, name, error });
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#keep(id, this.statistics(id)!);
      this.#transfers.delete(id);
    }
  }

  /** Stops a transfer for a while. */
  pause(id: number): boolean {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined || transfer.isPaused || transfer.request.offer !== undefined) return false;
    transfer.isPaused = true;
    transfer.resumed = Promise.withResolvers<void>();
    for (const part of transfer.parts) part.pause();
    return true;
  }

  /** Goes on with a transfer that was stopped. */
  resume(id: number): boolean {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined || !transfer.isPaused) return false;
    transfer.isPaused = false;
    for (const part of transfer.parts) part.resume();
    transfer.resumed?.resolve();
    return true;
  }

  /** Ends a transfer; what was verified stays for a later one. */
  cancel(id: number): boolean {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined) return false;
    this.#end(transfer, AssetCode.Cancelled, undefined);
    return true;
  }

  /** What was counted of a transfer, also of one of the last that are over. */
  statistics(id: number): AssetStatistics | undefined {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined) return this.#kept.get(id);
    const parts = [...transfer.parts].map((part) => part.statistics());
    if (!transfer.isFolder) return parts[0] ?? transfer.total;
    return { ...parts.reduce(added, transfer.total), totalBytes: transfer.total.totalBytes };
  }

  /** How often a chunk of a transfer was asked for again. */
  retriesOf(id: number, index: number): number {
    for (const part of this.#transfers.get(id)?.parts ?? []) return part.retriesOf(index);
    return 0;
  }

  /** The numbers of the transfers that are not over. */
  get ids(): number[] {
    return [...this.#transfers.keys()];
  }

  #end(transfer: Transfer, code: AssetCode, error: unknown): void {
    transfer.ending ??= { code, error };
    for (const part of transfer.parts) part.cancel(code, error);
    transfer.resumed?.resolve();
  }

  async #fetch(id: number, transfer: Transfer): Promise<TransferResult> {
    const { request } = transfer;
    const { manifest, root } = await this.#fetchOne(id, transfer, request, true);
    if (manifest !== undefined) await this.#fetchFolder(transfer, manifest);
    transfer.total = { ...transfer.total, state: "completed" };
    return {
      transferId: id,
      path: request.destination,
      root: root.toHex(),
      length: transfer.total.totalBytes,
      statistics: transfer.total,
    };
  }

  /** Fetches one file, or the manifest of a folder. */
  async #fetchOne(
    id: number,
    transfer: Transfer,
    request: TransferRequest,
    mayBeFolder: boolean,
  ): Promise<{ readonly manifest: Uint8Array | undefined; readonly root: Uint8Array }> {
    const { destination: path, range, resume, root, name, offer } = request;
    const { store, hasher, config, files } = this.#endpoint;
    this.#locks.take(path);
    try {
      const target = new FileTarget(new AssetDestination(path, store, hasher, files), {
        resume,
        range,
        sync: config.sync,
        maxManifestBytes: mayBeFolder ? maxManifestBytes(config.maxFolderFileCount) : 0,
      });
      const onProgress: DownloadRequest["onProgress"] = (received, total, { kind }) => {
        if (transfer.isFolder) this.#tellFolder(transfer);
        else if (kind === AssetKind.File) this.#tell(transfer, received, total);
      };
      const download = new AssetDownload(id, this.#endpoint, { name, root, range, offer, onProgress }, target);
      await this.#runPart(transfer, download);
      if (target.manifest === undefined) transfer.total = added(transfer.total, download.statistics());
      return { manifest: target.manifest, root: download.root! };
    } finally {
      this.#locks.release(path);
    }
  }

  async #runPart(transfer: Transfer, download: AssetDownload): Promise<void> {
    const { ending } = transfer;
    if (ending !== undefined) throw ending.error ?? new AssetError(download.name, ending.code);
    transfer.parts.add(download);
    if (transfer.isPaused) download.pause();
    try {
      await download.run();
    } finally {
      transfer.parts.delete(download);
      if (!transfer.isFolder && transfer.total.state === "waiting" && download.kind === AssetKind.File) {
        const { state } = download.statistics();
        if (state !== "completed") transfer.total = download.statistics();
      }
    }
  }

  async #fetchFolder(transfer: Transfer, manifest: Uint8Array): Promise<void> {
    const { request } = transfer;
    const entries = decodeManifest(manifest, this.#endpoint.config.maxFolderFileCount);
    if (typeof entries === "string") {
      throw new AssetError(request.name, AssetCode.Malformed, { cause: new Error(`The manifest is bad: ${entries}`) });
    }
    transfer.isFolder = true;
    const totalBytes = entries.reduce((sum, { length }) => sum + length, 0);
    if (totalBytes > this.#endpoint.config.download.maxAssetBytes) {
      throw new AssetError(request.name, AssetCode.TooLarge);
    }
    transfer.total = { ...emptyStatistics(request.name), state: "running", totalBytes };
    const waiting = entries.values();
    const work = async (): Promise<void> => {
      // All workers take from the one list.
      for (const entry of waiting) await this.#fetchEntry(transfer, entry);
    };
    const results = await Promise.allSettled(Array.from({ length: FOLDER_PARALLEL }, work));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    transfer.total = { ...transfer.total, totalBytes };
  }

  async #fetchEntry(transfer: Transfer, entry: ManifestEntry): Promise<void> {
    const { request } = transfer;
    await transfer.resumed?.promise;
    const { ending } = transfer;
    if (ending !== undefined) throw ending.error ?? new AssetError(request.name, ending.code);
    const destination = await this.#endpoint.store.placeIn(request.destination, entry.name);
    if (request.resume && await this.#stands(destination, entry)) {
      const { total } = transfer;
      const [receivedBytes, reusedBytes] = [total.receivedBytes + entry.length, total.reusedBytes + entry.length];
      transfer.total = { ...total, receivedBytes, reusedBytes };
      return this.#tellFolder(transfer);
    }
    try {
      const name = `${request.name}/${entry.name}`;
      const part = { ...request, name, destination, root: entry.root, range: undefined };
      await this.#fetchOne(this.#endpoint.nextTransferId(), transfer, part, false);
    } catch (error) {
      // One file that fails takes the others with it: a folder is whole or it is not.
      this.#end(transfer, AssetCode.Cancelled, error);
      throw error;
    }
  }

  /** Whether a file of a folder is there already. */
  async #stands(path: string, { length, root }: ManifestEntry): Promise<boolean> {
    const stamp = await this.#endpoint.store.stampOf(path);
    if (stamp?.length !== length) return false;
    const { tree } = await this.#files.readFile(path);
    return sameBytes(tree.root, root);
  }

  #tellFolder(transfer: Transfer): void {
    const parts = [...transfer.parts].reduce((sum, part) => sum + part.statistics().receivedBytes, 0);
    const { total } = transfer;
    this.#tell(transfer, total.receivedBytes + parts, total.totalBytes);
  }

  #tell({ id, request }: Transfer, received: number, total: number): void {
    request.onProgress?.(received, total);
    this.#endpoint.events.push({ type: "progress", transferId: id, name: request.name, received, total });
  }

  #keep(id: number, statistics: AssetStatistics): void {
    const state = statistics.state === "completed" ? "completed" : "failed";
    this.#kept.set(id, { ...statistics, state });
    if (this.#kept.size <= MAX_KEPT) return;
    for (const oldest of this.#kept.keys()) return void this.#kept.delete(oldest);
  }
}

function added(a: AssetStatistics, b: AssetStatistics): AssetStatistics {
  return {
    name: a.name,
    state: a.state,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    totalBytes: a.totalBytes + Math.max(0, b.totalBytes),
    reusedBytes: a.reusedBytes + b.reusedBytes,
    wireBytes: a.wireBytes + b.wireBytes,
    chunksReceived: a.chunksReceived + b.chunksReceived,
    retriedChunks: a.retriedChunks + b.retriedChunks,
    badChunks: a.badChunks + b.badChunks,
    timedOutChunks: a.timedOutChunks + b.timedOutChunks,
    duplicateChunks: a.duplicateChunks + b.duplicateChunks,
    malformedMessages: a.malformedMessages + b.malformedMessages,
    elapsedMs: Math.max(a.elapsedMs, b.elapsedMs),
  };
}
