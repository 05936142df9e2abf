/**
 * The serving side of asset transfer: the catalog, limits, uploads, and the links.
 *
 * Invariant: a peer gets assets by registered names only; what it offers is stored only where the application said.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { assetNameFault } from "../asset/asset_name.ts";
import { AssetKind, AssetMessageType, MAX_ASSET_MESSAGE_BYTES } from "../asset/asset_wire.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import { sameBytes } from "../asset/leaf_row.ts";
import { ServeMachine } from "../asset/serve_machine.ts";
import { MisuseError, ResourceError } from "../error/transport_error.ts";
import type { StoredFile } from "../transport/file_store.ts";
import { AssetCatalog, type AssetInfo, type CatalogAsset, sameStamp } from "./asset_catalog.ts";
import { AssetEndpoint, type AssetParts } from "./asset_endpoint.ts";
import { AssetError } from "./asset_error.ts";
import type { AssetAttachment, AssetLink } from "./asset_link.ts";
import type { AssetServerConfig } from "./asset_options.ts";
import type { AssetHost, EndpointSession } from "./asset_parties.ts";
import { AssetSession } from "./asset_session.ts";
import { AssetTransfers } from "./asset_transfers.ts";
import type { RuntimeHost } from "./system_host.ts";

/** A transfer whose chunks the application carries itself. */
interface Pushed {
  readonly asset: CatalogAsset;
  readonly peer: string;
  readonly serving: ServeMachine<CatalogAsset>;
  file: StoredFile | undefined;
  isReading: boolean;
}

/** Serves assets. */
export class AssetServerRuntime implements AssetHost {
  /** What was registered. */
  readonly catalog: AssetCatalog;
  /** What all links have in common. */
  readonly endpoint: AssetEndpoint;
  /** The uploads. */
  readonly transfers: AssetTransfers;
  readonly #config: AssetServerConfig;
  /** The peers whose offers are being taken, by link and transfer. */
  readonly #offers = new Map<string, string>();
  readonly #pushed = new Map<number, Pushed>();
  /** What uploads have taken, by their destinations. */
  readonly #uploadBytes = new Map<string, number>();
  #uploadTotal = 0;
  /** The names that uploads are served under. */
  readonly #uploaded = new Set<string>();

  /**
   * Makes a server without assets and links.
   *
   * @param config The checked options.
   * @param host Time.
   * @param parts What is not the system's.
   */
  constructor(config: AssetServerConfig, host: RuntimeHost, parts: AssetParts = {}) {
    this.#config = config;
    this.endpoint = new AssetEndpoint(config.common, host, parts);
    this.catalog = new AssetCatalog(
      this.endpoint.store,
      this.endpoint.hasher,
      config.common.maxFolderFileCount,
      this.endpoint.files,
    );
    this.transfers = new AssetTransfers(this.endpoint);
  }

  /** A link is there. */
  attach(link: AssetLink, peer: string): AssetAttachment {
    return this.endpoint.join(new AssetSession(peer, link, this.endpoint, this), false);
  }

  async find(session: EndpointSession, name: string, root: Uint8Array | undefined): Promise<CatalogAsset | AssetCode> {
    if (assetNameFault(name) !== undefined) return AssetCode.BadName;
    // What asks is counted already.
    if (this.#isCrowded(session.peer, 0)) return AssetCode.Busy;
    const asset = await this.catalog.find(name);
    if (asset === undefined) return AssetCode.NotFound;
    return root === undefined || sameBytes(root, asset.tree.root) ? asset : AssetCode.OtherRoot;
  }

  offered(session: EndpointSession, id: number, name: string, length: number, root: Uint8Array): void {
    const refuse = (code: AssetCode): void => session.postEnd(AssetMessageType.Refused, id, code);
    const { onOffer, uploadFolder, serveUploads, common } = this.#config;
    if (onOffer === undefined && uploadFolder === undefined) return refuse(AssetCode.Forbidden);
    if (assetNameFault(name) !== undefined) return refuse(AssetCode.BadName);
    if (length > common.download.maxAssetBytes) return refuse(AssetCode.TooLarge);
    const key = `${session.id}/${id}`;
    if (this.#offers.has(key)) return;
    if (serveUploads && this.catalog.covers(name) && !this.#uploaded.has(name)) return refuse(AssetCode.Forbidden);
    if (this.#offers.size >= common.maxTransferCount) return refuse(AssetCode.Busy);
    let open = 0;
    for (const peer of this.#offers.values()) if (peer === session.peer) open++;
    if (open >= common.maxTransfersPerPeerCount) return refuse(AssetCode.Busy);
    this.#offers.set(key, session.peer);
    void this.#take(session, id, name, length, root).finally(() => this.#offers.delete(key));
  }

  ended(): void {}

  /** Takes a name out. */
  unregister(name: string): boolean {
    this.#uploaded.delete(name);
    return this.catalog.remove(name);
  }

  /** Opens a transfer whose chunks the application carries; see `AssetServer.handleRequest`. */
  handleRequest(peer: string, name: string): { transferId: number; info: AssetInfo } | undefined {
    const asset = assetNameFault(name) === undefined ? this.catalog.peek(name) : undefined;
    const { common } = this.#config;
    if (asset === undefined || this.#isCrowded(peer, 1)) return undefined;
    const transferId = this.endpoint.nextTransferId();
    const serving = new ServeMachine<CatalogAsset>({
      clock: this.endpoint.scheduler.clock,
      maxTransferCount: 1,
      idleTimeoutMs: common.idleTimeoutMs,
      compress: common.compress,
    });
    serving.offer(transferId, asset);
    serving.push(transferId, 0, asset.tree.chunkCount);
    this.#pushed.set(transferId, { asset, peer, serving, file: undefined, isReading: false });
    const { tree, kind } = asset;
    const info = { name, kind: kind === AssetKind.Folder ? "folder" : "file", length: tree.length, root: tree.root };
    return { transferId, info: info as AssetInfo };
  }

  /** Wants chunks of such a transfer once more. */
  requestChunks(transferId: number, first: number, count: number): boolean {
    const pushed = this.#pushed.get(transferId);
    const isRange = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count > 0;
    if (pushed === undefined || !isRange || first + count > pushed.asset.tree.chunkCount) return false;
    pushed.serving.push(transferId, first, count);
    return true;
  }

  /** The next chunk of such a transfer. */
  async nextChunk(transferId: number): Promise<Uint8Array | undefined> {
    const pushed = this.#pushed.get(transferId);
    if (pushed === undefined) return undefined;
    if (pushed.isReading) throw new MisuseError("Cannot read two chunks of one transfer at a time");
    if (!pushed.serving.pollJob(1)) return undefined;
    const { first } = pushed.serving.job;
    const { asset } = pushed;
    const { tree } = asset;
    const [start, end] = [first * CHUNK_BYTES, Math.min(tree.length, (first + 1) * CHUNK_BYTES)];
    let bytes = asset.bytes?.subarray(start, end);
    pushed.isReading = true;
    try {
      if (bytes === undefined) {
        const file = pushed.file ??= await this.endpoint.store.openToRead(asset.path!);
        bytes = new Uint8Array(end - start);
        if (await file.read(bytes, start) !== bytes.length || !sameStamp(asset.stamp, await file.stamp())) {
          throw new AssetError(asset.path!, AssetCode.Changed);
        }
      }
    } catch (error) {
      this.endTransfer(transferId);
      throw error;
    } finally {
      pushed.isReading = false;
    }
    const message = new Uint8Array(MAX_ASSET_MESSAGE_BYTES);
    const length = pushed.serving.encodeChunk(transferId, tree, first, bytes, 0, bytes.length, message);
    return message.subarray(0, length);
  }

  /** Ends such a transfer. */
  endTransfer(transferId: number): boolean {
    this.#pushed.get(transferId)?.file?.close();
    return this.#pushed.delete(transferId);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const id of [...this.#pushed.keys()]) this.endTransfer(id);
    await this.endpoint.close();
  }

  #isCrowded(peer: string, more: number): boolean {
    const { common } = this.#config;
    const served = this.endpoint.servedTo(peer);
    let own = served.peer;
    for (const pushed of this.#pushed.values()) if (pushed.peer === peer) own++;
    const all = served.all + this.#pushed.size;
    return all + more > common.maxTransferCount || own + more > common.maxTransfersPerPeerCount;
  }

  /** Whether an upload fits into what all may take; then it counts, whatever becomes of it. */
  #reserve(destination: string, length: number): boolean {
    const bytes = Math.max(length, CHUNK_BYTES);
    const more = bytes - (this.#uploadBytes.get(destination) ?? 0);
    if (this.#uploadTotal + more > this.#config.maxUploadBytes) return false;
    this.#uploadTotal += more;
    this.#uploadBytes.set(destination, bytes);
    return true;
  }

  /** Fetches what a peer has offered. */
  async #take(session: EndpointSession, id: number, name: string, length: number, root: Uint8Array): Promise<void> {
    const { onOffer, uploadFolder, serveUploads } = this.#config;
    try {
      const destination = uploadFolder === undefined
        ? await onOffer!({ peer: session.peer, name, length, root: root.slice() })
        : await this.endpoint.store.placeIn(uploadFolder, name);
      if (destination === undefined) return session.postEnd(AssetMessageType.Refused, id, AssetCode.Forbidden);
      if (session.isDetached) return;
      if (!this.#reserve(destination, length)) {
        return session.postEnd(AssetMessageType.Refused, id, AssetCode.TooLarge);
      }
      const offer = { session, id, length };
      const common = { range: undefined, resume: true, signal: undefined, onProgress: undefined };
      await this.transfers.run(this.endpoint.nextTransferId(), { name, destination, root, offer, ...common });
      if (!serveUploads) return;
      // A name that was registered meanwhile stays what it is.
      if (this.catalog.covers(name) && !this.#uploaded.has(name)) return;
      this.#uploaded.add(name);
      await this.catalog.putFile(name, destination);
    } catch (error) {
      // The event has told; the peer is told where the download did not get as far as doing that itself.
      const code = error instanceof ResourceError ? AssetCode.StorageFailed : AssetCode.Forbidden;
      if (!(error instanceof AssetError)) session.postEnd(AssetMessageType.Close, id, code);
    }
  }
}
