/**
 * One running download: works a `DownloadMachine` over the links of its endpoint and writes what it hands out.
 *
 * It holds no protocol rule. Why: more than 400 lines, as opening, comparing, writing and pausing share one state, and
 * the order of their steps is the point. Invariants: one write is pending at a time; a chunk counts as received once its
 * write is done; when the promise of `run` has settled, no file is open, no slot is held and no alarm is armed.
 *
 * @module
 */
import { AssetCode } from "../asset/asset_code.ts";
import { MAX_NAME_BYTES } from "../asset/asset_name.ts";
import type { AssetKind, AssetMessage } from "../asset/asset_wire.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import { chunkLengthOf, type ChunkTree } from "../asset/chunk_tree.ts";
import { DownloadMachine } from "../asset/download_machine.ts";
import { DownloadEvent } from "../asset/download_setup.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { ChunkCheck } from "./asset_destination.ts";
import type { AssetEndpoint } from "./asset_endpoint.ts";
import { AssetError } from "./asset_error.ts";
import type { DownloadRequest, EndpointDownload, EndpointSession } from "./asset_parties.ts";
import { type AssetStatistics, sharedCounts } from "./asset_statistics.ts";
import type { DownloadTarget } from "./asset_target.ts";

/** How many chunks are written at once. */
const WRITE_CHUNKS = 16;

/** One download. */
export class AssetDownload implements EndpointDownload {
  /** The number of the transfer. */
  readonly id: number;
  readonly #endpoint: AssetEndpoint;
  readonly #request: DownloadRequest;
  readonly #target: DownloadTarget;
  readonly #machine: DownloadMachine;
  readonly #alarm: Alarm;
  readonly #done = Promise.withResolvers<void>();
  readonly #buffer = new Uint8Array(MAX_NAME_BYTES + 128);
  readonly #startMs: number;
  #state: AssetStatistics["state"] = "waiting";
  #received = 0;
  #reused = 0;
  #writing: Promise<void> | undefined = undefined;
  #isSettling = false;
  #failure: unknown = undefined;
  #preparing: Promise<void> = Promise.resolve();
  #epoch = 0;
  /** Counts the times that a turn was waited for. */
  #turn = 0;
  #resumed: PromiseWithResolvers<void> | undefined = undefined;
  #elapsedMs = -1;

  /**
   * Makes a download that does not run yet.
   *
   * @param id The number of the transfer.
   * @param endpoint What all downloads have in common.
   * @param request What is wanted.
   * @param target Where it goes.
   */
  constructor(id: number, endpoint: AssetEndpoint, request: DownloadRequest, target: DownloadTarget) {
    this.id = id;
    this.#endpoint = endpoint;
    this.#request = request;
    this.#target = target;
    const { config, scheduler, hasher } = endpoint;
    this.#startMs = scheduler.tick();
    const maxAssetBytes = Math.min(config.download.maxAssetBytes, request.maxBytes ?? Infinity);
    this.#machine = new DownloadMachine({
      id: request.offer?.id ?? id,
      name: request.name,
      root: request.root,
      range: request.range,
      config: { ...config.download, maxAssetBytes },
      clock: scheduler.clock,
      hasher,
      slots: endpoint.slots,
      link: {
        heardMs: (source) => endpoint.session(source)?.heardMs ?? -Infinity,
        transferCount: () => endpoint.turns.activeCount,
      },
    });
    this.#alarm = scheduler.alarm(() => {
      this.#machine.handleTimeout();
      this.settle();
    });
  }

  /** The root, once it is known. */
  get root(): Uint8Array | undefined {
    return this.#machine.root;
  }

  /** What the asset is, once that is known. */
  get kind(): AssetKind {
    return this.#machine.kind;
  }

  /** How many bytes the asset has, -1 while that is unknown. */
  get length(): number {
    return this.#machine.length;
  }

  /** Who has offered the asset; empty for one that was asked for. */
  get peer(): string {
    return this.#request.offer?.session.peer ?? "";
  }

  /** The name of the asset. */
  get name(): string {
    return this.#request.name;
  }

  /** How often a chunk was asked for again. */
  retriesOf(index: number): number {
    return this.#machine.plan?.retriesOf(index) ?? 0;
  }

  /** What was counted so far. */
  statistics(): AssetStatistics {
    return {
      name: this.#request.name,
      state: this.#state,
      receivedBytes: this.#received,
      totalBytes: this.#wantedBytes(),
      reusedBytes: this.#reused,
      ...sharedCounts(this.#machine.counts),
      elapsedMs: this.#elapsedMs >= 0 ? this.#elapsedMs : this.#endpoint.scheduler.tick() - this.#startMs,
    };
  }

  /**
   * Runs the download, over all links that are there or come.
   *
   * @returns When everything stands in its place. Rejects with `AssetError` or `ResourceError`.
   */
  async run(): Promise<void> {
    const { offer } = this.#request;
    try {
      this.#endpoint.admit(this.id, this, offer);
    } catch (error) {
      this.#close("failed");
      throw error;
    }
    try {
      if (this.#state === "waiting") this.#takeTurn();
      this.settle();
      await this.#done.promise;
    } finally {
      await this.#preparing;
      await this.#writing;
      this.#target.close();
      this.#endpoint.leave(this.id, offer);
      this.#endpoint.freed();
    }
  }

  /** A link is there. */
  addSource(session: EndpointSession): void {
    if (this.#request.offer !== undefined || this.#state === "waiting" || this.#state === "paused") return;
    this.#machine.addSource(session.id);
    this.settle();
  }

  /** A link is gone. */
  removeSource(session: EndpointSession): void {
    this.#machine.removeSource(session.id);
    if (this.#request.offer?.session === session) this.#machine.fail(AssetCode.NoSource);
    this.settle();
  }

  /** A message has come. */
  receive(session: EndpointSession, message: AssetMessage, bytes: Uint8Array): void {
    this.#machine.handleMessage(session.id, message, bytes);
    this.settle();
  }

  /** Stops asking; what is verified stays. */
  pause(): boolean {
    if (this.#machine.over || this.#state === "paused" || this.#request.offer !== undefined) return false;
    this.#state = "paused";
    this.#resumed = Promise.withResolvers<void>();
    this.#machine.pause();
    this.settle();
    // Others may use the turn meanwhile.
    this.#endpoint.turns.leave(this.id);
    return true;
  }

  /** Goes on after a pause, as soon as it has a turn. */
  resume(): boolean {
    if (this.#state !== "paused" || this.#machine.over) return false;
    this.#state = "waiting";
    this.#takeTurn();
    return true;
  }

  /** Ends it now. */
  cancel(code: AssetCode, failure?: unknown): void {
    if (this.#machine.over) return;
    this.#failure = failure;
    this.#machine.fail(code);
    this.settle();
  }

  /** Sends, writes and tells what the machine has. */
  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const machine = this.#machine;
    this.#flush();
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) this.#handle(event);
    this.#flush();
    this.#alarm.arm(this.#state === "waiting" ? Infinity : machine.pollTimeout());
    this.#isSettling = false;
    if (machine.readyCount > 0) this.#writing ??= this.#write();
  }

  #takeTurn(): void {
    const turn = ++this.#turn;
    void this.#endpoint.turns.take(this.id, this.peer).then((isMine) => {
      // Paused again meanwhile, or over: the turn was given back with that.
      if (!isMine || turn !== this.#turn || this.#state !== "waiting" || this.#machine.over) return;
      this.#begin();
      this.settle();
    });
  }

  /** Asks for what is missing: for the first time, or after a pause. */
  #begin(): void {
    const { offer, root } = this.#request;
    const machine = this.#machine;
    this.#state = machine.length < 0 ? "opening" : "running";
    this.#endpoint.scheduler.tick();
    this.#resumed?.resolve();
    machine.resume();
    if (offer !== undefined) machine.addOffer(offer.session.id, offer.length, root!);
    else for (const session of this.#endpoint.sessions) if (!session.isDetached) machine.addSource(session.id);
  }

  #flush(): void {
    const machine = this.#machine;
    for (let length = machine.pollMessage(this.#buffer); length > 0; length = machine.pollMessage(this.#buffer)) {
      this.#endpoint.session(machine.messageSource)?.post(this.#buffer.subarray(0, length));
    }
  }

  #handle(event: DownloadEvent): void {
    switch (event) {
      case DownloadEvent.Opened:
        return this.#prepare((isWanted) => this.#open(isWanted));
      case DownloadEvent.LeavesReady:
        return this.#prepare((isWanted) => this.#compare(isWanted));
      case DownloadEvent.LeavesFailed:
        return this.#fetch();
      case DownloadEvent.Completed:
        return this.#prepare(() => this.#finish());
      case DownloadEvent.Failed:
        return this.#fail();
    }
  }

  /** Runs a step that touches files; a newer one makes an older one's result void. */
  #prepare(step: (isWanted: () => boolean) => Promise<void>): void {
    const epoch = ++this.#epoch;
    this.#preparing = this.#preparing.then(async () => {
      if (epoch !== this.#epoch) return;
      try {
        await step(() => epoch === this.#epoch && !this.#machine.over);
      } catch (error) {
        // Of what has failed already, or is void, nobody needs to hear more.
        if (this.#state !== "failed" && epoch === this.#epoch) this.#storageFailed(error);
      }
      this.#endpoint.scheduler.tick();
      this.settle();
    });
  }

  async #open(isWanted: () => boolean): Promise<void> {
    const machine = this.#machine;
    await this.#resumed?.promise;
    // What is being written belongs to a length that was a lie.
    await this.#writing;
    if (!isWanted()) return;
    this.#received = this.#reused = 0;
    const isWorthwhile = await this.#target.open(machine.kind, machine.root!, machine.length);
    if (!isWanted()) return;
    if (!isWorthwhile) return this.#fetch();
    this.#setState("comparing");
    machine.fetchLeaves();
  }

  async #compare(isWanted: () => boolean): Promise<void> {
    const machine = this.#machine;
    const { plan } = machine;
    const found = (index: number): void => {
      if (!isWanted() || !plan!.isOpen(index)) return;
      machine.markStored(index);
      const bytes = this.#bytesOf(index, 1);
      this.#received += bytes;
      this.#reused += bytes;
    };
    // A download that is over shall not go on reading what may be a large file.
    const tree = (): ChunkTree => {
      if (!isWanted()) throw new AssetError(this.name, machine.code);
      return machine.leaves!;
    };
    const check: ChunkCheck = {
      leaf: (index, leaves, at) => tree().hasLeaf(index, leaves, at),
      bytes: (index, bytes, start, end) => tree().matches(index, bytes, start, end),
    };
    const isThere = await this.#target.compare(check, plan!, found);
    if (!isWanted()) return;
    if (isThere) { for (let index = 0; index < plan!.chunkCount; index++) found(index); }
    if (this.#reused > 0) this.#tell();
    this.#fetch();
  }

  #fetch(): void {
    if (this.#machine.over) return;
    this.#setState("running");
    this.#machine.begin();
    this.settle();
  }

  async #finish(): Promise<void> {
    this.#setState("finishing");
    await this.#target.finish();
    this.#machine.finish();
    this.#flush();
    this.#close("completed");
    this.#done.resolve();
  }

  #fail(): void {
    this.#close("failed");
    this.#resumed?.resolve();
    const error = this.#failure ?? new AssetError(this.#request.name, this.#machine.code);
    this.#done.reject(error);
    // Whoever runs it awaits this; a download that is over before it ran is told by `run`.
    this.#done.promise.catch(() => {});
  }

  #close(state: "completed" | "failed"): void {
    this.#state = state;
    this.#alarm.disarm();
    this.#elapsedMs = this.#endpoint.scheduler.tick() - this.#startMs;
  }

  #storageFailed(error: unknown): void {
    this.#failure = error;
    if (!this.#machine.over) return this.#machine.fail(AssetCode.StorageFailed);
    this.#machine.finish(AssetCode.StorageFailed);
    this.#flush();
    this.#fail();
  }

  async #write(): Promise<void> {
    const machine = this.#machine;
    while (machine.pollBlock(WRITE_CHUNKS)) {
      const { slot, index, count } = machine.block;
      const start = slot * CHUNK_BYTES;
      const last = chunkLengthOf(machine.length, index + count - 1);
      const bytes = this.#endpoint.slots.bytes.subarray(start, start + (count - 1) * CHUNK_BYTES + last);
      try {
        await this.#target.write(index, bytes);
        this.#endpoint.scheduler.tick();
        if (!machine.over) this.#received += this.#bytesOf(index, count);
        machine.handleStored(slot, index, count);
      } catch (error) {
        this.#failure ??= error;
        machine.handleStoreFailed(slot, count);
      }
      this.#endpoint.freed();
      if (machine.code === AssetCode.Done) this.#tell();
      this.settle();
    }
    this.#writing = undefined;
  }

  #tell(): void {
    try {
      this.#request.onProgress?.(this.#received, this.#wantedBytes(), this);
    } catch (error) {
      this.cancel(AssetCode.Cancelled, error);
    }
  }

  #wantedBytes(): number {
    const { range } = this.#request;
    return this.#machine.length < 0 ? -1 : range === undefined ? this.#machine.length : range.end - range.start;
  }

  /** How many bytes of some chunks are wanted. */
  #bytesOf(index: number, count: number): number {
    const { start, end } = this.#request.range ?? { start: 0, end: this.#machine.length };
    const from = index * CHUNK_BYTES;
    return Math.max(0, Math.min(end, from + count * CHUNK_BYTES) - Math.max(start, from));
  }

  #setState(state: AssetStatistics["state"]): void {
    if (this.#state !== "paused" && this.#state !== "waiting") this.#state = state;
  }
}
