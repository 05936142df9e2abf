/**
 * What all links and downloads of one asset server or client have in common: memory, hashing, limits, turns.
 *
 * Invariant: a download that has its turn gives it back when it is over or stands still, whatever the reason; a chunk for
 * which there is no room waits until a write has made some.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { type AssetMessage, AssetMessageType, MAX_TRANSFER_ID } from "../asset/asset_wire.ts";
import { ChunkSlots } from "../asset/chunk_slots.ts";
import type { GroupHasher } from "../asset/group_hasher.ts";
import { MisuseError, ResourceError } from "../error/transport_error.ts";
import { DenoFileStore } from "../io/file/deno_file_store.ts";
import { systemHasher } from "../io/file/simd_hasher.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { FileStore } from "../transport/file_store.ts";
import { AssetEventQueue } from "./asset_event.ts";
import { FileHasher } from "./asset_file_hasher.ts";
import { type HashLanes, InlineLanes } from "./asset_hash_lane.ts";
import { HashTeam } from "./asset_hash_team.ts";
import type { AssetConfig } from "./asset_options.ts";
import type { EndpointDownload, EndpointSession } from "./asset_parties.ts";
import { TransferTurns } from "./asset_turns.ts";
import type { RuntimeHost } from "./system_host.ts";

/** What an endpoint is made of, where it is not the system's. */
export interface AssetParts {
  /** Where files are. */
  readonly store?: FileStore;
  /** Hashes and checks. */
  readonly hasher?: GroupHasher;
}

/** A transfer that a peer has offered: its link and its number there. */
export interface OfferKey {
  /** The link. */
  readonly session: EndpointSession;
  /** The number of the transfer on it. */
  readonly id: number;
}

/** The common part of one server or client. */
export class AssetEndpoint {
  readonly config: AssetConfig;
  readonly scheduler: Scheduler;
  readonly store: FileStore;
  readonly hasher: GroupHasher;
  readonly events: AssetEventQueue;
  /** Hashes files, over workers where there are some. */
  readonly files: FileHasher;
  /** Which downloads run. */
  readonly turns: TransferTurns;
  readonly #lanes: HashLanes;
  /** Messages that make no sense, and belong to no transfer. */
  malformedMessages = 0;
  readonly #sessions = new Map<number, EndpointSession>();
  readonly #downloads = new Map<number, EndpointDownload>();
  /** Downloads by the session and the number of a transfer that a peer has offered. */
  readonly #offers = new Map<string, EndpointDownload>();
  readonly #roomWaits: (() => void)[] = [];
  readonly #sessionWaits = new Set<() => void>();
  #slots: ChunkSlots | undefined = undefined;
  #isClosed = false;
  #lastSessionId = 0;
  #lastTransferId = 0;

  /**
   * Makes an endpoint without links.
   *
   * @param config The checked options.
   * @param host Time.
   * @param parts What is not the system's.
   */
  constructor(config: AssetConfig, host: RuntimeHost, parts: AssetParts = {}) {
    this.config = config;
    this.scheduler = host.scheduler;
    this.store = parts.store ?? new DenoFileStore();
    this.hasher = parts.hasher ?? systemHasher();
    this.events = new AssetEventQueue(config.onEvent);
    const { maxActiveCount, maxUploadsPerPeerCount, maxWaitingCount } = config;
    this.turns = new TransferTurns(maxActiveCount, maxUploadsPerPeerCount, maxWaitingCount);
    this.#lanes = config.workers === 0
      ? new InlineLanes(this.hasher)
      : new HashTeam(config.workers, this.hasher, this.scheduler);
    this.files = new FileHasher(this.#lanes);
  }

  /** Memory for chunks; taken with the first download. */
  get slots(): ChunkSlots {
    return this.#slots ??= new ChunkSlots(this.config.slotCount, this.hasher);
  }

  /** The links. */
  get sessions(): Iterable<EndpointSession> {
    return this.#sessions.values();
  }

  /** A link by its number. */
  session(id: number): EndpointSession | undefined {
    return this.#sessions.get(id);
  }

  /** The downloads that are not over. */
  get downloads(): Iterable<EndpointDownload> {
    return this.#downloads.values();
  }

  /** How many transfers are served over all links, and how many to one peer. */
  servedTo(peer: string): { readonly all: number; readonly peer: number } {
    let [all, own] = [0, 0];
    for (const session of this.#sessions.values()) {
      all += session.serving.transferCount;
      if (session.peer === peer) own += session.serving.transferCount;
    }
    return { all, peer: own };
  }

  /** A download by its number. */
  download(id: number): EndpointDownload | undefined {
    return this.#downloads.get(id);
  }

  /** A number for a link. */
  nextSessionId(): number {
    return ++this.#lastSessionId;
  }

  /** A link is there; as a source of all downloads, or not. */
  join<Session extends EndpointSession>(session: Session, isSource: boolean): Session {
    this.#sessions.set(session.id, session);
    for (const resolve of this.#sessionWaits) resolve();
    this.scheduler.tick();
    if (isSource) { for (const download of this.#downloads.values()) download.addSource(session); }
    return session;
  }

  /** The first link; waits for one where there is none. `undefined`: there was none in time. */
  async firstSession(signal: AbortSignal | undefined): Promise<EndpointSession | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const alarm = this.scheduler.alarm(resolve);
    this.#sessionWaits.add(resolve);
    signal?.addEventListener("abort", resolve as () => void, { once: true });
    alarm.arm(this.scheduler.tick() + this.config.download.sourceTimeoutMs);
    if (this.#sessions.size === 0 && !this.#isClosed && signal?.aborted !== true) await promise;
    alarm.disarm();
    this.#sessionWaits.delete(resolve);
    signal?.removeEventListener("abort", resolve as () => void);
    signal?.throwIfAborted();
    for (const session of this.#sessions.values()) return session;
    return undefined;
  }

  /** A link is gone. */
  sessionGone(session: EndpointSession): void {
    this.#sessions.delete(session.id);
    this.scheduler.tick();
    for (const download of this.#downloads.values()) download.removeSource(session);
  }

  /** A number for a transfer that no other one has. */
  nextTransferId(): number {
    if (this.#lastTransferId === MAX_TRANSFER_ID) {
      throw new ResourceError("Cannot start a transfer: all numbers are used");
    }
    return ++this.#lastTransferId;
  }

  /** A download begins. Throws a `MisuseError` after the end, and a `ResourceError` when too many wait already. */
  admit(id: number, download: EndpointDownload, offer?: OfferKey): void {
    this.checkOpen();
    this.turns.checkRoom();
    this.#downloads.set(id, download);
    if (offer !== undefined) this.#offers.set(`${offer.session.id}/${offer.id}`, download);
  }

  /** A download is over, and its turn with it. */
  leave(id: number, offer?: OfferKey): void {
    this.#downloads.delete(id);
    if (offer !== undefined) this.#offers.delete(`${offer.session.id}/${offer.id}`);
    this.turns.leave(id);
  }

  /**
   * Checks that nothing was closed.
   *
   * @throws {MisuseError} When it was.
   */
  checkOpen(): void {
    if (this.#isClosed) throw new MisuseError("Cannot start a transfer: the client or server was closed");
  }

  /** Brings a message to its download, as soon as there is room for what it may carry. */
  deliver(session: EndpointSession, message: AssetMessage, bytes: Uint8Array): Promise<void> | undefined {
    const download = this.#offers.get(`${session.id}/${message.id}`) ?? this.#downloads.get(message.id);
    if (download === undefined) return undefined;
    if (message.type === AssetMessageType.Chunk && this.slots.free === 0) {
      return this.#room().then(() => {
        this.scheduler.tick();
        // Whoever waits for the same room may have taken it: then this one waits on.
        if (session.isDetached || !message.decode(bytes)) return;
        return this.deliver(session, message, bytes);
      });
    }
    download.receive(session, message, bytes);
    return undefined;
  }

  /** Whether a link's other end has an upload under way. */
  hasOfferOf(session: EndpointSession): boolean {
    const start = `${session.id}/`;
    for (const key of this.#offers.keys()) if (key.startsWith(start)) return true;
    return false;
  }

  /** A write has made room. */
  freed(): void {
    for (const resolve of this.#roomWaits.splice(0)) resolve();
  }

  /** Ends everything; settles when no worker is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const download of [...this.#downloads.values()]) download.cancel(AssetCode.Cancelled);
    for (const session of [...this.#sessions.values()]) session.detach();
    for (const resolve of this.#sessionWaits) resolve();
    await this.#lanes.stop();
  }

  async #room(): Promise<void> {
    while (this.slots.free === 0) await new Promise<void>((resolve) => this.#roomWaits.push(resolve));
  }
}
