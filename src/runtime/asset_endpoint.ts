/**
 * What all links and downloads of one asset server or client have in common: memory, hashing, limits, turns.
 *
 * Invariant: a download that has its turn gives it back when it is over, whatever the reason; a message that needs room
 * for a chunk waits until a write has made some.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { type AssetMessage, MAX_TRANSFER_ID } from "../asset/asset_wire.ts";
import { ChunkSlots } from "../asset/chunk_slots.ts";
import type { GroupHasher } from "../asset/group_hasher.ts";
import { ResourceError } from "../error/transport_error.ts";
import { DenoFileStore } from "../io/file/deno_file_store.ts";
import { systemHasher } from "../io/file/simd_hasher.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { FileStore } from "../transport/file_store.ts";
import { AssetEventQueue } from "./asset_event.ts";
import type { AssetConfig } from "./asset_options.ts";
import type { EndpointDownload, EndpointSession } from "./asset_parties.ts";
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
  /** Messages that make no sense, and belong to no transfer. */
  malformedMessages = 0;
  readonly #sessions = new Map<number, EndpointSession>();
  readonly #downloads = new Map<number, EndpointDownload>();
  /** Downloads by the session and the number of a transfer that a peer has offered. */
  readonly #offers = new Map<string, EndpointDownload>();
  /** Downloads that wait for their turn, oldest first. */
  readonly #turns = new Map<number, (isTurn: boolean) => void>();
  readonly #roomWaits: (() => void)[] = [];
  readonly #sessionWaits = new Set<() => void>();
  #slots: ChunkSlots | undefined = undefined;
  #activeCount = 0;
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
    signal?.addEventListener("abort", () => resolve(), { once: true });
    alarm.arm(this.scheduler.tick() + this.config.download.sourceTimeoutMs);
    if (this.#sessions.size === 0) await promise;
    alarm.disarm();
    this.#sessionWaits.delete(resolve);
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

  /**
   * A download begins: waits for its turn.
   *
   * @returns Whether it has it; `false` when it was abandoned. Rejects with `ResourceError` when too many wait.
   */
  async admit(id: number, download: EndpointDownload, offer?: OfferKey): Promise<boolean> {
    const { maxActiveCount, maxWaitingCount } = this.config;
    if (this.#activeCount >= maxActiveCount && this.#turns.size >= maxWaitingCount) {
      throw new ResourceError(`Cannot start a transfer: ${this.#activeCount} run and ${this.#turns.size} wait already`);
    }
    this.#downloads.set(id, download);
    if (offer !== undefined) this.#offers.set(`${offer.session.id}/${offer.id}`, download);
    if (this.#activeCount < maxActiveCount) {
      this.#activeCount++;
      return true;
    }
    if (await new Promise<boolean>((resolve) => this.#turns.set(id, resolve))) return true;
    this.#forget(id, offer);
    return false;
  }

  /** A download does not wait for its turn any more. */
  abandon(id: number): void {
    this.#turns.get(id)?.(false);
    this.#turns.delete(id);
  }

  /** A download that had its turn is over. */
  leave(id: number, offer?: OfferKey): void {
    this.#forget(id, offer);
    for (const [next, resolve] of this.#turns) {
      this.#turns.delete(next);
      return resolve(true);
    }
    this.#activeCount--;
  }

  /** Brings a message to its download, as soon as there is room for what it may carry. */
  deliver(session: EndpointSession, message: AssetMessage, bytes: Uint8Array): Promise<void> | undefined {
    const download = this.#offers.get(`${session.id}/${message.id}`) ?? this.#downloads.get(message.id);
    if (download === undefined) return undefined;
    download.receive(session, message, bytes);
    return this.slots.free > 0 ? undefined : this.#room();
  }

  /** A write has made room. */
  freed(): void {
    for (const resolve of this.#roomWaits.splice(0)) resolve();
  }

  /** Ends everything. */
  close(): void {
    for (const download of [...this.#downloads.values()]) download.cancel(AssetCode.Cancelled);
    for (const session of [...this.#sessions.values()]) session.detach();
    for (const resolve of this.#sessionWaits) resolve();
  }

  #forget(id: number, offer: OfferKey | undefined): void {
    this.#downloads.delete(id);
    if (offer !== undefined) this.#offers.delete(`${offer.session.id}/${offer.id}`);
  }

  async #room(): Promise<void> {
    while (this.slots.free === 0) await new Promise<void>((resolve) => this.#roomWaits.push(resolve));
  }
}
