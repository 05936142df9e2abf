/**
 * The fetching side of asset transfer: downloads, uploads, and the links to servers.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { AssetMessage, AssetWriter } from "../asset/asset_wire.ts";
import { MAX_NAME_BYTES } from "../asset/asset_name.ts";
import { DownloadMachine } from "../asset/download_machine.ts";
import { DownloadEvent } from "../asset/download_setup.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import { chunkLengthOf, NODE_BYTES } from "../asset/chunk_tree.ts";
import type { Alarm } from "../time/scheduler.ts";
import { MisuseError } from "../error/transport_error.ts";
import { AssetCatalog, type AssetInfo, type CatalogAsset } from "./asset_catalog.ts";
import { AssetDestination } from "./asset_destination.ts";
import { AssetEndpoint, type AssetParts } from "./asset_endpoint.ts";
import { AssetError } from "./asset_error.ts";
import type { AssetAttachment, AssetLink } from "./asset_link.ts";
import type { AssetClientConfig } from "./asset_options.ts";
import type { AssetHost, EndpointSession } from "./asset_parties.ts";
import { AssetSession } from "./asset_session.ts";
import { emptyStatistics, sharedCounts } from "./asset_statistics.ts";
import { AssetTransfers, type TransferResult } from "./asset_transfers.ts";
import type { RuntimeHost } from "./system_host.ts";

/** An upload that is not over. */
interface Upload {
  readonly done: PromiseWithResolvers<void>;
  readonly stop: AbortController;
  readonly name: string;
}

/** A download whose chunks the application carries. */
interface Carried {
  readonly machine: DownloadMachine;
  readonly destination: AssetDestination;
  readonly info: AssetInfo;
  received: number;
  work: Promise<void>;
}

/** Fetches and offers assets. */
export class AssetClientRuntime implements AssetHost {
  /** What all links have in common. */
  readonly endpoint: AssetEndpoint;
  /** The downloads. */
  readonly transfers: AssetTransfers;
  readonly #catalog: AssetCatalog;
  readonly #uploads = new Map<number, Upload>();
  readonly #carried = new Map<number, Carried>();
  readonly #message = new AssetMessage();

  /**
   * Makes a client without links.
   *
   * @param config The checked options.
   * @param host Time.
   * @param parts What is not the system's.
   */
  constructor(config: AssetClientConfig, host: RuntimeHost, parts: AssetParts = {}) {
    this.endpoint = new AssetEndpoint(config.common, host, parts);
    this.transfers = new AssetTransfers(this.endpoint);
    this.#catalog = new AssetCatalog(this.endpoint.store, this.endpoint.hasher, 1, this.endpoint.files);
  }

  /** A link is there. */
  attach(link: AssetLink, peer: string): AssetAttachment {
    return this.endpoint.join(new AssetSession(peer, link, this.endpoint, this), true);
  }

  /** A client serves nothing but what it has offered. */
  find(): Promise<AssetCode> {
    return Promise.resolve(AssetCode.Forbidden);
  }

  offered(session: EndpointSession, id: number): void {
    session.postEnd(3, id, AssetCode.Forbidden);
  }

  ended(_session: EndpointSession, id: number, code: AssetCode): void {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return;
    this.#uploads.delete(id);
    if (code === AssetCode.Done) upload.done.resolve();
    else upload.done.reject(new AssetError(upload.name, code));
  }

  /** Offers a file to the first server, and tells how that ended. */
  async uploadFile(id: number, path: string, name: string, signal: AbortSignal | undefined): Promise<TransferResult> {
    const startMs = this.endpoint.scheduler.tick();
    const { events } = this.endpoint;
    try {
      const { tree } = await this.#upload(id, path, name, signal);
      const root = tree.root.toHex();
      const statistics = { ...emptyStatistics(name), state: "completed" as const, totalBytes: tree.length };
      const elapsedMs = this.endpoint.scheduler.tick() - startMs;
      const result = { transferId: id, path, root, length: tree.length, statistics: { ...statistics, elapsedMs } };
      events.push({ type: "completed", name, ...result });
      return result;
    } catch (error) {
      events.push({ type: "failed", transferId: id, name, error });
      throw error;
    }
  }

  /** Ends a transfer of any kind. */
  cancel(id: number): boolean {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return this.transfers.cancel(id) || this.endCarried(id);
    upload.stop.abort(new AssetError(upload.name, AssetCode.Cancelled));
    return true;
  }

  async #upload(id: number, path: string, name: string, signal: AbortSignal | undefined): Promise<CatalogAsset> {
    signal?.throwIfAborted();
    this.endpoint.checkOpen();
    const done = Promise.withResolvers<void>();
    const stop = new AbortController();
    const relay = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", relay, { once: true });
    stop.signal.addEventListener("abort", () => done.reject(stop.signal.reason), { once: true });
    // It may be rejected while a file is hashed and nobody waits for it yet.
    done.promise.catch(() => {});
    this.#uploads.set(id, { done, stop, name });
    try {
      const asset = await Promise.race([this.#catalog.readFile(path), done.promise.then(() => undefined)]);
      const session = await this.endpoint.firstSession(stop.signal);
      if (asset === undefined || session === undefined) throw new AssetError(name, AssetCode.NoSource);
      await this.#offer(session, id, name, asset, done.promise);
      return asset;
    } finally {
      signal?.removeEventListener("abort", relay);
      this.#uploads.delete(id);
    }
  }

  async #offer(
    session: EndpointSession,
    id: number,
    name: string,
    asset: CatalogAsset,
    done: Promise<void>,
  ): Promise<void> {
    session.serving.offer(id, asset);
    session.serve();
    const message = new Uint8Array(MAX_NAME_BYTES + 128);
    const { tree } = asset;
    const length = new AssetWriter().offer(message, id, name, tree.length, tree.root);
    const alarm = this.#repeatOffer(session, id, message.subarray(0, length));
    const isLost = session.whenDetached.then(() => {
      throw new AssetError(name, AssetCode.NoSource);
    });
    try {
      await Promise.race([done, isLost]);
    } finally {
      alarm.disarm();
      session.serving.end(id, AssetCode.Cancelled);
      session.serve();
    }
  }

  /** Offers, and offers again while the server asks for nothing: the offer or its end may have been lost. */
  #repeatOffer(session: EndpointSession, id: number, message: Uint8Array): Alarm {
    const { scheduler, config } = this.endpoint;
    const { chunkTimeoutMs } = config.download;
    session.post(message);
    const alarm = scheduler.alarm(() => {
      const dueMs = session.serving.idleSince(id) + chunkTimeoutMs;
      if (scheduler.clock.now >= dueMs) session.post(message);
      alarm.arm(Math.max(dueMs, scheduler.clock.now + chunkTimeoutMs));
    });
    alarm.arm(scheduler.tick() + chunkTimeoutMs);
    return alarm;
  }

  /** Begins a download whose chunks the application carries; see `AssetClient.startDownload`. */
  async startDownload(id: number, info: AssetInfo, path: string): Promise<void> {
    checkInfo(info);
    if (this.#carried.has(id)) throw new MisuseError(`Cannot start transfer ${id} twice`);
    if (info.kind === "folder") throw new MisuseError("Cannot carry a folder: carry its files");
    const { endpoint } = this;
    endpoint.checkOpen();
    const machine = new DownloadMachine({
      id,
      name: info.name,
      root: info.root,
      config: { ...endpoint.config.download, maxRetriesCount: 254, maxBadCount: 1000 },
      clock: endpoint.scheduler.clock,
      hasher: endpoint.hasher,
      slots: endpoint.slots,
    });
    machine.addOffer(0, info.length, info.root);
    if (machine.over) throw new AssetError(info.name, machine.code);
    const destination = new AssetDestination(path, endpoint.store, endpoint.hasher);
    this.#carried.set(id, { machine, destination, info, received: 0, work: Promise.resolve() });
    try {
      await destination.open(info.root, info.length, { start: 0, end: info.length }, false);
    } catch (error) {
      this.#carried.delete(id);
      throw error;
    }
    machine.begin();
  }

  /** Takes a chunk that the application has carried. */
  async receiveChunk(bytes: Uint8Array): Promise<boolean> {
    const message = this.#message;
    if (!message.decode(bytes)) return false;
    const { id } = message;
    const carried = this.#carried.get(id);
    if (carried === undefined) return false;
    const { machine, destination } = carried;
    const before = machine.readyCount;
    machine.handleMessage(0, message, bytes);
    const isGood = machine.readyCount > before;
    const work = carried.work = carried.work.then(async () => {
      while (machine.pollBlock(16)) {
        const { slot, index, count } = machine.block;
        const start = slot * CHUNK_BYTES;
        const last = chunkLengthOf(machine.length, index + count - 1);
        const end = start + (count - 1) * CHUNK_BYTES + last;
        try {
          await destination.write(index, this.endpoint.slots.bytes.subarray(start, end));
        } catch (error) {
          machine.handleStoreFailed(slot, count);
          return this.#failCarried(id, carried, error);
        }
        carried.received += end - start;
        machine.handleStored(slot, index, count);
        this.#tell(id, carried);
      }
      await this.#settle(id, carried);
    });
    await work;
    return isGood;
  }

  /** The chunks that such a download still lacks, as runs. */
  missingChunks(id: number, most: number): { first: number; count: number }[] {
    const plan = this.#carried.get(id)?.machine.plan;
    const runs: { first: number; count: number }[] = [];
    for (let index = 0; plan !== undefined && index < plan.chunkCount; index++) {
      if (!plan.isOpen(index)) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.first + last.count === index) last.count++;
      else if (runs.length === most) break;
      else runs.push({ first: index, count: 1 });
    }
    return runs;
  }

  /** Ends such a download; what was verified stays beside its name. */
  endCarried(id: number): boolean {
    const carried = this.#carried.get(id);
    if (carried === undefined) return false;
    carried.machine.fail(AssetCode.Cancelled);
    void carried.work.then(() => this.#settle(id, carried));
    return true;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const id of [...this.#carried.keys()]) this.endCarried(id);
    for (const id of [...this.#uploads.keys()]) this.cancel(id);
    await this.endpoint.close();
  }

  async #settle(id: number, carried: Carried): Promise<void> {
    const { machine, destination, info } = carried;
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
      if (event === DownloadEvent.Failed) {
        return this.#failCarried(id, carried, new AssetError(info.name, machine.code));
      }
      if (event !== DownloadEvent.Completed || !this.#carried.delete(id)) continue;
      try {
        await destination.finish(this.endpoint.config.sync);
      } catch (error) {
        return this.#failCarried(id, carried, error);
      }
      const { path } = destination;
      const statistics = {
        ...emptyStatistics(info.name),
        ...sharedCounts(machine.counts),
        state: "completed" as const,
        receivedBytes: carried.received,
        totalBytes: info.length,
      };
      const root = info.root.toHex();
      this.endpoint.events.push({ type: "completed", transferId: id, name: info.name, path, root, statistics });
    }
  }

  #failCarried(id: number, { destination, info }: Carried, error: unknown): void {
    this.#carried.delete(id);
    destination.close();
    this.endpoint.events.push({ type: "failed", transferId: id, name: info.name, error });
  }

  #tell(id: number, { info, received }: Carried): void {
    const progress = { type: "progress", transferId: id, name: info.name, received, total: info.length } as const;
    this.endpoint.events.push(progress);
  }
}

/** What the application has carried by itself is as good as its source: it is checked before anything is made of it. */
function checkInfo({ length, root, name }: AssetInfo): void {
  if (typeof name !== "string" || !(root instanceof Uint8Array) || root.length !== NODE_BYTES) {
    throw new TypeError("Cannot start a download: its info needs a name and a root of 32 bytes");
  }
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`Cannot start a download of ${length} bytes`);
}
