/**
 * One link of asset transfer: routes messages to the serving side and to the downloads, and runs the serving side.
 *
 * It holds no protocol rule. Invariants: at most one file is read at a time for this link, and one message is on its way
 * into the link, so that a slow peer costs one block of memory; whatever fails ends this link, or one transfer of it,
 * and nothing else.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { AssetMessage, AssetMessageType, AssetWriter, MAX_ASSET_MESSAGE_BYTES } from "../asset/asset_wire.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import { type ServeJob, ServeMachine } from "../asset/serve_machine.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { StoredFile } from "../transport/file_store.ts";
import { type CatalogAsset, sameStamp } from "./asset_catalog.ts";
import type { AssetEndpoint } from "./asset_endpoint.ts";
import type { AssetAttachment, AssetLink } from "./asset_link.ts";
import type { AssetHost, EndpointSession } from "./asset_parties.ts";

/** How many chunks are read at once. */
const READ_CHUNKS = 8;
/** How many small messages may wait for the link before the peer's offers do. */
const MAX_POSTED = 64;

/** One link. */
export class AssetSession implements AssetAttachment, EndpointSession {
  /** The number of the link at its endpoint. */
  readonly id: number;
  /** Who is at the other end, for limits. */
  readonly peer: string;
  /** The serving side. */
  readonly serving: ServeMachine<CatalogAsset>;
  readonly #endpoint: AssetEndpoint;
  readonly #host: AssetHost;
  readonly #link: AssetLink;
  readonly #message = new AssetMessage();
  readonly #alarm: Alarm;
  readonly #files = new Map<number, StoredFile>();
  readonly #buffer = new Uint8Array(MAX_ASSET_MESSAGE_BYTES);
  readonly #small = new Uint8Array(16);
  #block: Uint8Array | undefined = undefined;
  #sending: Promise<unknown> = Promise.resolve();
  #pumping = false;
  #again = false;
  #isDetached = false;
  #heardMs = -Infinity;
  /** Since when it has no transfer. */
  #idleSinceMs: number;
  /** Small messages that the link has not taken yet. */
  #postedCount = 0;
  readonly #detached = Promise.withResolvers<void>();

  /**
   * Takes over a link.
   *
   * @param peer Who is at the other end.
   * @param link The link.
   * @param endpoint What all links have in common.
   * @param host Answers requests.
   */
  constructor(peer: string, link: AssetLink, endpoint: AssetEndpoint, host: AssetHost) {
    this.id = endpoint.nextSessionId();
    this.peer = peer;
    this.#link = link;
    this.#endpoint = endpoint;
    this.#host = host;
    const { config, scheduler } = endpoint;
    this.serving = new ServeMachine<CatalogAsset>({
      clock: scheduler.clock,
      maxTransferCount: config.maxTransfersPerPeerCount,
      idleTimeoutMs: config.idleTimeoutMs,
      compress: config.compress,
    });
    this.#idleSinceMs = scheduler.tick();
    this.#alarm = scheduler.alarm(() => this.#handleAlarm());
    this.#alarm.arm(this.#idleDueMs());
  }

  /** When the link last brought a chunk, in ms. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Whether the link is gone. */
  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** Settles when the link is gone. */
  get whenDetached(): Promise<void> {
    return this.#detached.promise;
  }

  /** A message has come, see {@linkcode AssetAttachment.receive}. */
  receive(message: Uint8Array): Promise<void> | undefined {
    if (this.#isDetached) return undefined;
    const decoded = this.#message;
    this.#endpoint.scheduler.tick();
    if (!decoded.decode(message)) {
      this.#endpoint.malformedMessages++;
      return undefined;
    }
    const { type, id } = decoded;
    if (type === AssetMessageType.Chunk) this.#heardMs = this.#endpoint.scheduler.clock.now;
    if (this.#isForDownload(type, id)) return this.#endpoint.deliver(this, decoded, message);
    let mayGoOn = true;
    if (type === AssetMessageType.Offer) {
      this.#host.offered(this, id, decoded.name, decoded.length, message.slice(decoded.at));
      mayGoOn = this.#postedCount < MAX_POSTED;
    } else {
      mayGoOn = this.serving.handleMessage(decoded, message);
      this.serve();
    }
    // A peer that asks and takes no answer waits until it does.
    return mayGoOn ? undefined : this.#sending.then(() => {}, () => {});
  }

  /** The link is gone. */
  detach(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    this.#alarm.disarm();
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#endpoint.sessionGone(this);
    this.#detached.resolve();
  }

  /** Sends a small message; it is copied. */
  post(message: Uint8Array): void {
    // A link that fails is detached by that; there is nobody here to tell.
    this.#postedCount++;
    this.#send(message.slice()).catch(() => {}).finally(() => this.#postedCount--);
  }

  /** Refuses or ends a transfer that the serving side does not know. */
  postEnd(type: 3 | 9, id: number, code: AssetCode): void {
    const length = new AssetWriter().end(this.#small, type, id, code);
    this.post(this.#small.subarray(0, length));
  }

  /** Works off what the peer wants, if that is not going on already. */
  serve(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    void this.#pump();
  }

  #isForDownload(type: number, id: number): boolean {
    switch (type) {
      case AssetMessageType.Opened:
      case AssetMessageType.Chunk:
      case AssetMessageType.Leaves:
        return true;
      case AssetMessageType.Refused:
      case AssetMessageType.Close:
        return !this.serving.has(id);
      default:
        return false;
    }
  }

  async #pump(): Promise<void> {
    try {
      do {
        this.#again = false;
        this.#answerRequests();
        this.#tellEnds();
        await this.#sendAnswers();
        while (!this.#isDetached && this.serving.pollJob(READ_CHUNKS)) {
          await this.#serveJob({ ...this.serving.job });
          this.#tellEnds();
          await this.#sendAnswers();
        }
      } while (this.#again && !this.#isDetached);
    } catch {
      // Only sending rejects here: the link is of no use any more.
      this.detach();
    }
    this.#pumping = false;
    if (this.#isUsed()) this.#idleSinceMs = this.#endpoint.scheduler.clock.now;
    if (!this.#isDetached) this.#alarm.arm(Math.min(this.serving.pollTimeout(), this.#idleDueMs()));
  }

  #handleAlarm(): void {
    const { now } = this.#endpoint.scheduler.clock;
    this.serving.handleTimeout();
    if (this.#isUsed()) this.#idleSinceMs = now;
    else if (now >= this.#idleDueMs()) return this.#link.close?.();
    this.serve();
  }

  #isUsed(): boolean {
    return this.serving.transferCount > 0 || this.#endpoint.hasOfferOf(this);
  }

  #idleDueMs(): number {
    const { linkIdleTimeoutMs } = this.#endpoint.config;
    return linkIdleTimeoutMs === 0 ? Infinity : Math.max(this.#idleSinceMs, this.#heardMs) + linkIdleTimeoutMs;
  }

  #answerRequests(): void {
    const { serving } = this;
    for (let request = serving.pollRequest(); request !== undefined; request = serving.pollRequest()) {
      void this.#answer(request.id, request.name, request.root);
    }
  }

  async #answer(id: number, name: string, root: Uint8Array | undefined): Promise<void> {
    const found = await this.#host.find(this, name, root).catch((): AssetCode => AssetCode.StorageFailed);
    this.#endpoint.scheduler.tick();
    if (typeof found === "number") this.serving.refuse(id, found);
    else this.serving.grant(id, found);
    if (!this.#isDetached) this.serve();
  }

  #tellEnds(): void {
    for (let end = this.serving.pollEnd(); end !== undefined; end = this.serving.pollEnd()) {
      this.#host.ended(this, end.id, end.code);
    }
    for (const id of this.#files.keys()) if (!this.serving.has(id)) this.#closeFile(id);
  }

  async #sendAnswers(): Promise<void> {
    const buffer = this.#buffer;
    for (let length = this.serving.pollMessage(buffer); length > 0; length = this.serving.pollMessage(buffer)) {
      await this.#send(buffer.subarray(0, length));
    }
  }

  /** Reads the chunks of a job and sends them. */
  async #serveJob({ id, asset, first, count, isAgain }: ServeJob<CatalogAsset>): Promise<void> {
    const { tree } = asset!;
    const start = first * CHUNK_BYTES;
    const end = Math.min(tree.length, (first + count) * CHUNK_BYTES);
    let block: Uint8Array;
    try {
      block = await this.#read(id, asset!, start, end);
      if (isAgain) this.#checkChunks(asset!, first, count, block, end - start);
    } catch (error) {
      this.#closeFile(id);
      return this.serving.end(id, error instanceof ChangedFile ? AssetCode.Changed : AssetCode.StorageFailed);
    }
    for (let i = 0; i < count && this.serving.has(id) && !this.#isDetached; i++) {
      const from = i * CHUNK_BYTES;
      const to = Math.min(end - start, from + CHUNK_BYTES);
      const length = this.serving.encodeChunk(id, tree, first + i, block, from, to, this.#buffer);
      await this.#send(this.#buffer.subarray(0, length));
    }
  }

  async #read(id: number, asset: CatalogAsset, start: number, end: number): Promise<Uint8Array> {
    if (asset.path === undefined) return asset.bytes!.subarray(start, end);
    const block = this.#block ??= new Uint8Array(READ_CHUNKS * CHUNK_BYTES);
    let file = this.#files.get(id);
    if (file === undefined) {
      file = await this.#endpoint.store.openToRead(asset.path);
      if (this.#isDetached || !this.serving.has(id)) {
        file.close();
        throw new ChangedFile();
      }
      this.#files.set(id, file);
    }
    const count = await file.read(block.subarray(0, end - start), start);
    if (count !== end - start || !sameStamp(asset.stamp, await file.stamp())) throw new ChangedFile();
    return block;
  }

  /** The other end did not believe a chunk: it is the link's fault, or the file is not the one any more. */
  #checkChunks({ tree }: CatalogAsset, first: number, count: number, block: Uint8Array, length: number): void {
    for (let i = 0; i < count; i++) {
      const from = i * CHUNK_BYTES;
      if (!tree.matches(first + i, block, from, Math.min(length, from + CHUNK_BYTES))) throw new ChangedFile();
    }
  }

  #closeFile(id: number): void {
    this.#files.get(id)?.close();
    this.#files.delete(id);
  }

  #send(message: Uint8Array): Promise<unknown> {
    return this.#sending = Promise.try(() => this.#link.send(message)).catch((error) => {
      this.detach();
      throw error;
    });
  }
}

/** The file is not the one any more that its tree was made of. */
class ChangedFile extends Error {}
