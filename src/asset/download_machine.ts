/**
 * The fetching side of one transfer: asks one or more sources for chunks, checks each one against the root, and says
 * what is to be written.
 *
 * Invariants: nothing is handed out for writing that was not checked; a chunk is counted once its write is confirmed;
 * memory for chunks is that of the shared slots; every wait has an end. A source that sends what does not hold up, or
 * nothing, is asked less and in the end not at all; its chunks are fetched from another one.
 * Why: more than 400 lines, because opening, asking, checking and giving up share the state of all sources, and parts of
 * their own would only hand it to and fro.
 *
 * @module
 */
import { AssetCode, wireCode } from "./asset_code.ts";
import { AssetKind, type AssetMessage, AssetMessageType, AssetWriter, MAX_LEAVES } from "./asset_wire.ts";
import { BlockQueue } from "./block_queue.ts";
import { ChunkIntake } from "./chunk_intake.ts";
import { ChunkPatience } from "./chunk_patience.ts";
import { ChunkPlan } from "./chunk_plan.ts";
import { chunkCountOf, type ChunkTree, NODE_BYTES } from "./chunk_tree.ts";
import { type DownloadCounts, DownloadEvent, type DownloadSetup } from "./download_setup.ts";
import { DownloadSource, SourceState } from "./download_source.ts";
import { CHUNK_BYTES } from "./group_hasher.ts";
import { LeafRow, sameBytes } from "./leaf_row.ts";

const [OPENING, PREPARING, ROW, FETCHING, OVER] = [0, 1, 2, 3, 4] as const;
/** How many chunks one `Want` has at most; how many fewer than the window may be under way before more are asked for. */
const WANT_COUNT = 16;
const BUSY_PAUSE_MS = 250;
const MAX_BUSY_PAUSE_MS = 4000;
const MAX_BUSY_COUNT = 64;
const MAX_STALL_COUNT = 3;

/** Fetches one asset. */
export class DownloadMachine {
  /** What was counted. */
  readonly counts: DownloadCounts = {
    chunksReceived: 0,
    bytesReceived: 0,
    badChunks: 0,
    duplicateChunks: 0,
    timedOutChunks: 0,
    retriedChunks: 0,
    malformedMessages: 0,
  };
  /** The source that the message of the last `pollMessage` is for. */
  messageSource = -1;
  /** Why it failed. */
  code: AssetCode = AssetCode.Done;
  readonly #setup: DownloadSetup;
  readonly #writer = new AssetWriter();
  readonly #intake: ChunkIntake;
  readonly #sources = new Map<number, DownloadSource>();
  readonly #events: DownloadEvent[] = [];
  readonly #blocks: BlockQueue;
  readonly #patience: ChunkPatience;
  /** From whom a chunk came bad: it is asked of others first. */
  readonly #avoided = new Map<number, number>();
  #phase: number = OPENING;
  #root: Uint8Array | undefined;
  #kind: AssetKind = AssetKind.File;
  #length = -1;
  #plan: ChunkPlan | undefined = undefined;
  #row: LeafRow | undefined = undefined;
  #rowSource: DownloadSource | undefined = undefined;
  #rowDueMs = Infinity;
  #rowFailures = 0;
  #lastCode: AssetCode = AssetCode.NoSource;
  #aloneSinceMs: number;
  #isPaused = false;

  /**
   * Makes a download without sources.
   *
   * @param setup What it is made of.
   */
  constructor(setup: DownloadSetup) {
    this.#setup = setup;
    this.#root = setup.root?.slice();
    this.#intake = new ChunkIntake(setup.hasher, setup.slots);
    this.#blocks = new BlockQueue(setup.slots);
    this.#patience = new ChunkPatience(setup);
    this.#aloneSinceMs = setup.clock.now;
  }

  /** The root, once it is known. */
  get root(): Uint8Array | undefined {
    return this.#root;
  }

  /** The length in bytes as the sources say it; -1 while it is unknown. It is proven once the last chunk is stored. */
  get length(): number {
    return this.#length;
  }

  /** What the asset is, once that is known. */
  get kind(): AssetKind {
    return this.#kind;
  }

  /** The plan, once the length is known. */
  get plan(): ChunkPlan | undefined {
    return this.#plan;
  }

  /** The block of the last `pollBlock`: its slot, the number of its first chunk, how many follow one another. */
  get block(): BlockQueue["block"] {
    return this.#blocks.block;
  }

  /** How many checked chunks wait to be written. */
  get readyCount(): number {
    return this.#blocks.length;
  }

  /** Whether it has completed or failed. */
  get over(): boolean {
    return this.#phase === OVER;
  }

  /** Whether there is a slot for one more chunk; without one, messages of sources must wait. */
  get hasRoom(): boolean {
    return this.#setup.slots.free > 0;
  }

  /** How many sources serve or may yet. */
  get sourceCount(): number {
    let count = 0;
    for (const source of this.#sources.values()) if (source.hopeful) count++;
    return count;
  }

  /** Stops asking: all sources are told, and forgotten. What was handed out for writing may still be confirmed. */
  pause(): void {
    if (this.over) return;
    this.#isPaused = true;
    this.#rowSource = undefined;
    this.#rowDueMs = Infinity;
    for (const source of this.#sources.values()) {
      this.#takeBack(source);
      if (source.hopeful) source.closing = AssetCode.Cancelled;
      source.state = SourceState.Gone;
    }
  }

  /** Begins, or goes on after a pause: time runs, and sources are added anew. */
  resume(): void {
    this.#isPaused = false;
    this.#sources.clear();
    this.#aloneSinceMs = this.#setup.clock.now;
    this.#patience.renew();
  }

  /** A link is there: it is asked for the asset. */
  addSource(id: number): void {
    if (this.over || this.#isPaused) return;
    const { config, clock } = this.#setup;
    this.#sources.set(id, new DownloadSource(id, config.windowCount, clock.now + config.openTimeoutMs));
  }

  /**
   * A link whose other end has offered the asset: it serves without being asked.
   *
   * @param id The number of the link.
   * @param length How long the asset is, as it says.
   * @param root Its root, as it says.
   */
  addOffer(id: number, length: number, root: Uint8Array): void {
    this.addSource(id);
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.isOffer = true;
    this.#opened(source, AssetKind.File, length, root);
  }

  /** A link is gone. */
  removeSource(id: number, code: AssetCode = AssetCode.NoSource): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    this.#dismiss(source, code, false);
    this.#sources.delete(id);
  }

  /**
   * A message of a source for this transfer.
   *
   * @param id The number of the link.
   * @param message The decoded message.
   * @param bytes The memory that it was decoded from; borrowed.
   */
  handleMessage(id: number, message: AssetMessage, bytes: Uint8Array): void {
    const source = this.#sources.get(id);
    if (source === undefined || this.over) return;
    switch (message.type) {
      case AssetMessageType.Opened:
        if (source.state !== SourceState.Asked) return this.#malformed(source);
        return this.#opened(source, message.kind, message.length, bytes.slice(message.at, message.at + NODE_BYTES));
      case AssetMessageType.Refused:
        return this.#refused(source, wireCode(message.code));
      case AssetMessageType.Close:
        // Before the answer it can only be about an earlier transfer of this number.
        if (source.length < 0) return;
        return this.#refused(source, wireCode(message.code));
      case AssetMessageType.Chunk:
        return this.#chunk(source, message, bytes);
      case AssetMessageType.Leaves:
        return this.#leaves(source, message, bytes);
      default:
        return this.#malformed(source);
    }
  }

  /** The tree with the leaves, to compare chunks with; after `LeavesReady` and before `begin` only. */
  get leaves(): ChunkTree | undefined {
    return this.#row?.tree;
  }

  /** Asks for the leaves, in order to compare what is there already; after `Opened`, before `begin`. */
  fetchLeaves(): void {
    if (this.#phase !== PREPARING) return;
    this.#phase = ROW;
    this.#patience.renew();
    this.#row = new LeafRow(this.#length, this.#setup.hasher);
  }

  /** A chunk is on disk already, and was compared with its leaf. */
  markStored(index: number): void {
    this.#plan?.markStored(index);
  }

  /** Everything is prepared: chunks may be asked for. */
  begin(): void {
    if (this.#phase !== PREPARING && this.#phase !== ROW) return;
    this.#phase = FETCHING;
    this.#patience.renew();
    this.#row = this.#rowSource = undefined;
    this.#completeIfDone();
  }

  /** The write of a block is confirmed; in the order in which they were polled. */
  handleStored(slot: number, index: number, count: number): void {
    const counts = this.#blocks.takeBack(slot, count);
    for (let i = 0; counts && i < count; i++) {
      this.#plan?.markStored(index + i);
      this.#avoided.delete(index + i);
    }
    this.#patience.renew();
    this.#completeIfDone();
  }

  /** The write of a block has failed: the download fails. */
  handleStoreFailed(slot: number, count: number, code: AssetCode = AssetCode.StorageFailed): void {
    this.#blocks.takeBack(slot, count);
    this.fail(code);
  }

  /** What has completed is in its place: sources are told that we are done with them. */
  finish(code: AssetCode = AssetCode.Done): void {
    if (!this.over) return;
    for (const source of this.#sources.values()) if (source.hopeful) source.closing = code;
  }

  /** Ends it now; sources are told. */
  fail(code: AssetCode): void {
    if (this.over) return;
    this.code = code;
    this.#end(DownloadEvent.Failed);
    this.finish(code < AssetCode.Corrupt && code !== AssetCode.Done ? code : AssetCode.Cancelled);
  }

  /** A deadline may have passed. */
  handleTimeout(): void {
    if (this.#isPaused || this.over) return;
    const { clock: { now }, config } = this.#setup;
    for (const source of this.#sources.values()) {
      const isAsking = source.state === SourceState.Busy || source.state === SourceState.Asked;
      if (isAsking && now >= source.dueMs) source.state = SourceState.New;
      if (!source.ready && source.hopeful && now >= source.giveUpMs) this.#dismiss(source, AssetCode.TimedOut, true);
      if (source.ready) this.#missOverdue(source);
      if (this.over) return;
    }
    if (this.#isWaiting() && now >= this.#patience.stallMs()) return this.fail(AssetCode.TimedOut);
    if (now >= this.#rowDueMs) this.#rowFailed();
    if (this.sourceCount > 0) this.#aloneSinceMs = now;
    else if (now >= this.#aloneSinceMs + config.sourceTimeoutMs) this.fail(this.#lastCode);
  }

  /** When `handleTimeout` is due next, in ms; `Infinity`: never. */
  pollTimeout(): number {
    if (this.over || this.#isPaused) return Infinity;
    const { config } = this.#setup;
    let due = this.sourceCount === 0 ? this.#aloneSinceMs + config.sourceTimeoutMs : this.#rowDueMs;
    if (this.#isWaiting()) due = Math.min(due, this.#patience.stallMs());
    for (const source of this.#sources.values()) {
      if (source.ready) due = Math.min(due, this.#patience.overdueMs(source));
      else if (source.hopeful) due = Math.min(due, source.dueMs, source.giveUpMs);
    }
    return due;
  }

  /**
   * The next message to send.
   *
   * @param target Memory for it.
   * @returns Its length, 0: none; `messageSource` says which link it is for.
   */
  pollMessage(target: Uint8Array): number {
    for (const source of this.#sources.values()) {
      const length = this.#messageFor(source, target);
      if (length === 0) continue;
      this.messageSource = source.id;
      return length;
    }
    return 0;
  }

  /** The next notification. */
  pollEvent(): DownloadEvent | undefined {
    return this.#events.shift();
  }

  /**
   * The next run of checked chunks to be written, into `block`; its slots are held until the write is confirmed.
   *
   * @param most How many chunks it may have at most.
   * @returns Whether there is one.
   */
  pollBlock(most: number): boolean {
    return this.#blocks.poll(most);
  }

  #messageFor(source: DownloadSource, target: Uint8Array): number {
    const { id, name, root } = this.#setup;
    if (source.closing !== undefined) {
      const code = source.closing;
      source.closing = undefined;
      return this.#writer.end(target, AssetMessageType.Close, id, code);
    }
    if (source.state === SourceState.New) {
      source.state = SourceState.Asked;
      // On a link that loses messages the question, or the answer, may be lost.
      source.dueMs = this.#setup.clock.now + this.#setup.config.chunkTimeoutMs;
      return this.#writer.open(target, id, name, root);
    }
    if (!source.ready) return 0;
    if (this.#phase === ROW && this.#rowSource === undefined && !this.#row!.full) {
      return this.#askLeaves(source, target);
    }
    return this.#phase === FETCHING ? this.#askChunks(source, target) : 0;
  }

  #askLeaves(source: DownloadSource, target: Uint8Array): number {
    const row = this.#row!;
    this.#rowSource = source;
    this.#rowDueMs = this.#setup.clock.now + this.#setup.config.chunkTimeoutMs;
    const count = Math.min(row.tree.chunkCount - row.filled, 64 * MAX_LEAVES);
    return this.#writer.wantLeaves(target, this.#setup.id, row.filled, count);
  }

  #askChunks(source: DownloadSource, target: Uint8Array): number {
    const { window } = source;
    const plan = this.#plan!;
    const size = this.#setup.config.windowCount;
    if (plan.missingCount === 0 || window.room === 0) return 0;
    if (window.count > 0 && window.room < Math.min(WANT_COUNT, Math.ceil(size / 4))) return 0;
    const first = this.#nextFor(source);
    if (first < 0) return 0;
    const now = this.#setup.clock.now;
    const most = Math.min(WANT_COUNT, window.room);
    const isAgain = plan.retriesOf(first) > 0;
    let count = 0;
    for (; count < most && first + count < plan.chunkCount; count++) {
      const index = first + count;
      if (!plan.isMissing(index) || this.#avoids(index, source) || plan.retriesOf(index) > 0 !== isAgain) break;
      plan.ask(index);
      window.add(index, now);
    }
    return this.#writer.want(target, this.#setup.id, first, count, isAgain);
  }

  #nextFor(source: DownloadSource): number {
    const plan = this.#plan!;
    let index = plan.nextMissing();
    while (index >= 0 && this.#avoids(index, source)) {
      index = index === plan.chunkCount - 1 ? plan.nextMissing(1) : plan.nextMissing(index + 1);
      if (index === plan.chunkCount - 1 && this.#avoids(index, source)) return -1;
    }
    return index;
  }

  /** Whether a chunk came bad from a source and another one could be asked. */
  #avoids(index: number, source: DownloadSource): boolean {
    if (this.#avoided.get(index) !== source.id) return false;
    for (const other of this.#sources.values()) if (other !== source && other.ready) return true;
    return false;
  }

  #opened(source: DownloadSource, kind: AssetKind, length: number, root: Uint8Array): void {
    source.dueMs = Infinity;
    if (length > this.#setup.config.maxAssetBytes) return this.#dismiss(source, AssetCode.TooLarge, true);
    if (this.#root !== undefined && !sameBytes(this.#root, root)) {
      return this.#dismiss(source, AssetCode.OtherRoot, true);
    }
    source.length = length;
    source.kind = kind;
    this.#root ??= root.slice();
    if (this.#length < 0) return this.#adopt(source);
    if (length === this.#length && kind === this.#kind) return void (source.state = SourceState.Ready);
    // Of two lengths for one root one is a lie; the one in hand shows it with the last chunk.
    if (this.#plan!.isStored(this.#plan!.chunkCount - 1)) return this.#dismiss(source, AssetCode.Corrupt, true);
    if ([...this.#sources.values()].some((other) => other.ready)) source.state = SourceState.Doubted;
    else this.#adopt(source);
  }

  /** Takes a source at its word about the length, until the last chunk has shown it. */
  #adopt(source: DownloadSource): void {
    const { range } = this.#setup;
    const { length, kind } = source;
    const count = chunkCountOf(length);
    let [first, end] = [0, count];
    if (range !== undefined) {
      if (range.end > length) return this.#dismiss(source, AssetCode.TooLarge, true);
      first = Math.min(count - 1, Math.floor(range.start / CHUNK_BYTES));
      end = Math.max(first + 1, Math.ceil(range.end / CHUNK_BYTES));
    }
    this.#kind = kind;
    this.#length = length;
    this.#blocks.drop();
    this.#plan = new ChunkPlan(count, first, end);
    this.#patience.renew();
    this.#row = this.#rowSource = undefined;
    this.#rowDueMs = Infinity;
    this.#phase = PREPARING;
    source.state = SourceState.Ready;
    this.#events.push(DownloadEvent.Opened);
  }

  #refused(source: DownloadSource, code: AssetCode): void {
    // One that has closed for want of requests, or was started anew, is asked again; one that offered is not.
    const mayReopen = code === AssetCode.Busy || code === AssetCode.Cancelled && source.length >= 0 && !source.isOffer;
    if (!mayReopen || source.busyCount > MAX_BUSY_COUNT) return this.#dismiss(source, code, false);
    if (source.ready) source.giveUpMs = this.#setup.clock.now + this.#setup.config.openTimeoutMs;
    this.#takeBack(source);
    source.state = SourceState.Busy;
    const pauseMs = Math.min(BUSY_PAUSE_MS * 2 ** source.busyCount++, MAX_BUSY_PAUSE_MS);
    source.dueMs = this.#setup.clock.now + pauseMs;
  }

  #chunk(source: DownloadSource, message: AssetMessage, bytes: Uint8Array): void {
    const plan = this.#plan;
    const { slots, clock } = this.#setup;
    const { first: index } = message;
    this.counts.chunksReceived++;
    this.counts.bytesReceived += bytes.length;
    // What was under way when a transfer was paused or a link came back is nobody's fault.
    if (!source.ready || plan === undefined) return void this.counts.duplicateChunks++;
    if (index >= plan.chunkCount) return this.#malformed(source);
    const wasAsked = source.window.arrive(index, clock.now);
    if (wasAsked) source.stallCount = 0;
    if (this.#phase !== FETCHING || !plan.isOpen(index)) return void this.counts.duplicateChunks++;
    const slot = slots.take();
    // Without a slot it is as if it had not come: whoever brings messages without room pays with a retry.
    if (slot < 0) return wasAsked ? void this.#missed(index) : undefined;
    if (!this.#intake.take(message, bytes, slot, this.#root!, this.#length)) {
      slots.release(slot);
      return this.#bad(source, index, wasAsked);
    }
    if (!wasAsked) this.#takeFromOthers(index);
    plan.store(index);
    source.chunkCount++;
    this.#patience.renew();
    this.#blocks.push(slot, index);
  }

  #bad(source: DownloadSource, index: number, wasAsked: boolean): void {
    this.counts.badChunks++;
    this.#avoided.set(index, source.id);
    if (++source.badCount >= this.#setup.config.maxBadCount) this.#dismiss(source, AssetCode.Corrupt, true);
    if (!wasAsked || this.over) return;
    this.counts.retriedChunks++;
    if (this.#plan!.giveBack(index, true) > this.#setup.config.maxRetriesCount) this.fail(AssetCode.Corrupt);
  }

  #missed(index: number): void {
    this.counts.retriedChunks++;
    if (this.#plan!.giveBack(index, true) > this.#setup.config.maxRetriesCount) this.fail(AssetCode.TimedOut);
  }

  /** What has come unasked is not awaited from anybody else any more. */
  #takeFromOthers(index: number): void {
    for (const source of this.#sources.values()) source.window.arrive(index, this.#setup.clock.now);
  }

  #missOverdue(source: DownloadSource): void {
    const before = source.window.count;
    if (this.#setup.clock.now < this.#patience.overdueMs(source)) return;
    const time = this.#patience.overdueSince(source);
    for (let index = source.window.takeOlder(time); index >= 0; index = source.window.takeOlder(time)) {
      this.counts.timedOutChunks++;
      this.#avoided.set(index, source.id);
      this.#missed(index);
      if (this.over) return;
    }
    if (source.window.count > 0 || before === 0) return;
    if (++source.stallCount >= MAX_STALL_COUNT && this.sourceCount > 1) {
      this.#dismiss(source, AssetCode.TimedOut, true);
    }
  }

  #leaves(source: DownloadSource, message: AssetMessage, bytes: Uint8Array): void {
    const row = this.#row;
    if (this.#phase !== ROW || row === undefined || source !== this.#rowSource) return;
    if (!row.add(message.first, bytes, message.at)) return this.#malformed(source);
    this.#rowDueMs = this.#setup.clock.now + this.#setup.config.chunkTimeoutMs;
    // A source that sends them one by one does not keep the download for as long as that takes.
    if (bytes.length - message.at === MAX_LEAVES * NODE_BYTES || row.full) this.#patience.renew();
    if (!row.full) {
      if (row.filled % (64 * MAX_LEAVES) === 0) this.#rowSource = undefined;
      return;
    }
    if (row.check(this.#root!)) {
      // Whatever becomes of the source now, they are right.
      this.#rowSource = undefined;
      this.#rowDueMs = Infinity;
      this.#events.push(DownloadEvent.LeavesReady);
      return;
    }
    this.#rowFailed();
    if (++source.badCount >= this.#setup.config.maxBadCount) this.#dismiss(source, AssetCode.Corrupt, true);
  }

  #rowFailed(): void {
    this.#rowDueMs = Infinity;
    this.#rowSource = undefined;
    if (this.#phase !== ROW) return;
    if (++this.#rowFailures <= this.#setup.config.maxRetriesCount) return;
    this.#phase = PREPARING;
    this.#events.push(DownloadEvent.LeavesFailed);
  }

  #malformed(source: DownloadSource): void {
    this.counts.malformedMessages++;
    if (++source.badCount >= this.#setup.config.maxBadCount) this.#dismiss(source, AssetCode.Malformed, true);
  }

  /** A source is of no use any more: what it owes is asked of others. */
  #dismiss(source: DownloadSource, code: AssetCode, isToldSo: boolean): void {
    if (!source.hopeful) return;
    source.state = SourceState.Gone;
    source.code = this.#lastCode = code;
    if (isToldSo) source.closing = AssetCode.Done;
    this.#takeBack(source);
    if (this.sourceCount > 0) return this.#believeDoubted();
    this.#aloneSinceMs = this.#setup.clock.now;
    // What a source said for good is no matter of waiting; a link that was lost may come back.
    if (code !== AssetCode.NoSource && code !== AssetCode.TimedOut) this.fail(code);
  }

  /** What a source owes is missing again. */
  #takeBack(source: DownloadSource): void {
    const { window } = source;
    for (let index = window.takeOlder(Infinity); index >= 0; index = window.takeOlder(Infinity)) {
      this.#plan?.giveBack(index, false);
    }
    if (source === this.#rowSource) this.#rowFailed();
  }

  /** Where nobody stands by the length in hand any more, another one is taken. */
  #believeDoubted(): void {
    const sources = [...this.#sources.values()];
    if (sources.some(({ ready }) => ready)) return;
    const doubted = sources.find(({ state }) => state === SourceState.Doubted);
    if (doubted === undefined) return;
    this.#adopt(doubted);
    for (const other of sources) {
      const isOfOneMind = other.length === doubted.length && other.kind === doubted.kind;
      if (other.state === SourceState.Doubted && isOfOneMind) other.state = SourceState.Ready;
    }
  }

  /** Whether what happens next is up to sources, and not to files. */
  #isWaiting(): boolean {
    if (this.#phase === ROW) return this.#row?.full === false;
    return this.#phase === OPENING || this.#phase === FETCHING && !this.#blocks.busy;
  }

  #completeIfDone(): void {
    if (this.#phase === FETCHING && this.#plan!.complete) this.#end(DownloadEvent.Completed);
  }

  #end(event: DownloadEvent): void {
    this.#phase = OVER;
    this.#blocks.drop();
    this.#row = this.#rowSource = undefined;
    this.#rowDueMs = Infinity;
    this.#events.push(event);
  }
}
