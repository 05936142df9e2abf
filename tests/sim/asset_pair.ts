/**
 * A download and the serving sides that it fetches from, over links in virtual time that lose and change messages.
 *
 * @module
 */
import type { AssetCode } from "../../src/asset/asset_code.ts";
import { AssetKind, AssetMessage, MAX_ASSET_MESSAGE_BYTES } from "../../src/asset/asset_wire.ts";
import { ChunkSlots } from "../../src/asset/chunk_slots.ts";
import type { ChunkTree } from "../../src/asset/chunk_tree.ts";
import { DownloadMachine } from "../../src/asset/download_machine.ts";
import { DownloadEvent } from "../../src/asset/download_setup.ts";
import { type DownloadOptions, resolveDownloadOptions } from "../../src/asset/download_options.ts";
import { ServeMachine } from "../../src/asset/serve_machine.ts";
import { SimdHasher } from "../../src/io/file/simd_hasher.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { treeOf } from "../unit/asset/tree_hash.ts";

export const CHUNK = 65_536;
const hasher = new SimdHasher();

/** One file that is served. */
export interface Served {
  readonly kind: AssetKind;
  readonly tree: ChunkTree;
  bytes: Uint8Array;
}

/** Random bytes. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fillSecret(bytes);
  return bytes;
}

/** A served file. */
export function served(bytes: Uint8Array, kind: AssetKind = AssetKind.File): Served {
  return { kind, tree: treeOf(bytes, hasher), bytes };
}

/** What happens to a message on its way; `undefined`: it is lost. */
export type Fate = (message: Uint8Array, toServer: boolean) => Uint8Array | undefined;

/** One link with its server. */
export class SimSource {
  readonly machine: ServeMachine<Served>;
  readonly name: string;
  file: Served | AssetCode;
  fate: Fate = (message) => message;
  /** Messages under way: when they arrive. */
  readonly toServer: [number, Uint8Array][] = [];
  readonly toClient: [number, Uint8Array][] = [];
  /** How many chunks were sent. */
  sentChunks = 0;

  constructor(name: string, file: Served | AssetCode, clock: ClockCell) {
    this.name = name;
    this.file = file;
    this.machine = new ServeMachine<Served>({ clock, maxTransferCount: 4, idleTimeoutMs: 60_000, compress: true });
  }
}

/** Everything. */
export class AssetPair {
  readonly clock = new ClockCell();
  readonly slots: ChunkSlots;
  readonly download: DownloadMachine;
  readonly sources: SimSource[] = [];
  /** What was written, by chunk. */
  readonly stored = new Map<number, Uint8Array>();
  readonly events: DownloadEvent[] = [];
  /** Done at `Opened`, in place of `begin`. */
  prepare: (pair: AssetPair) => void = (pair) => pair.download.begin();
  readonly #message = new AssetMessage();
  readonly #buffer = new Uint8Array(MAX_ASSET_MESSAGE_BYTES);
  readonly #delayMs: number;

  constructor(
    options: DownloadOptions & { root?: Uint8Array; range?: { start: number; end: number }; slots?: number } = {},
    delayMs = 1,
  ) {
    const { root, range, slots, ...rest } = options;
    this.#delayMs = delayMs;
    this.slots = new ChunkSlots(slots ?? 8, hasher);
    this.download = new DownloadMachine({
      id: 7,
      name: "file",
      root,
      range,
      config: resolveDownloadOptions(rest),
      clock: this.clock,
      hasher,
      slots: this.slots,
    });
  }

  /** Adds a source. */
  source(file: Served | AssetCode): SimSource {
    const source = new SimSource(`source ${this.sources.length}`, file, this.clock);
    this.download.addSource(this.sources.length);
    this.sources.push(source);
    return source;
  }

  /** Runs until it is over, or for so many virtual ms. */
  run(limitMs = 600_000): this {
    const end = this.clock.now + limitMs;
    for (;;) {
      this.#pump();
      if (this.download.over || this.clock.now >= end) return this;
      const next = Math.min(this.#nextMs(), end);
      this.clock.advance(next);
      this.download.handleTimeout();
      for (const { machine } of this.sources) machine.handleTimeout();
    }
  }

  /** The bytes that were stored, in order. */
  content(): Uint8Array {
    const chunks = [...this.stored].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
    const content = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of chunks) {
      content.set(chunk, at);
      at += chunk.length;
    }
    return content;
  }

  /** The number of the event that ended it. */
  get last(): DownloadEvent | undefined {
    return this.events.at(-1);
  }

  #nextMs(): number {
    let next = this.download.pollTimeout();
    for (const { toServer, toClient, machine } of this.sources) {
      next = Math.min(next, toServer[0]?.[0] ?? Infinity, toClient[0]?.[0] ?? Infinity, machine.pollTimeout());
    }
    return Math.max(next, this.clock.now);
  }

  #pump(): void {
    for (let again = true; again;) {
      again = this.#flush();
      this.sources.forEach((source, i) => {
        again = this.#serve(source) || again;
        while ((source.toClient[0]?.[0] ?? Infinity) <= this.clock.now && this.download.hasRoom) {
          const [, bytes] = source.toClient.shift()!;
          if (this.#message.decode(bytes)) this.download.handleMessage(i, this.#message, bytes);
          again = true;
          this.#flush();
        }
      });
    }
  }

  #flush(): boolean {
    let moved = false;
    for (let length = this.download.pollMessage(this.#buffer); length > 0;) {
      const source = this.sources[this.download.messageSource]!;
      this.#put(source, source.toServer, this.#buffer.slice(0, length), true);
      moved = true;
      length = this.download.pollMessage(this.#buffer);
    }
    for (let event = this.download.pollEvent(); event !== undefined; event = this.download.pollEvent()) {
      this.events.push(event);
      if (event <= DownloadEvent.LeavesFailed) this.prepare(this);
      moved = true;
    }
    while (this.download.pollBlock(4)) {
      const { slot, index, count } = this.download.block;
      for (let i = 0; i < count; i++) {
        const start = (slot + i) * CHUNK;
        const length = Math.min(CHUNK, this.download.length - (index + i) * CHUNK);
        if (this.stored.has(index + i)) throw new Error(`chunk ${index + i} is stored twice`);
        this.stored.set(index + i, this.slots.bytes.slice(start, start + length));
      }
      this.download.handleStored(slot, index, count);
      moved = true;
    }
    return moved;
  }

  #serve(source: SimSource): boolean {
    const { machine } = source;
    let moved = false;
    while ((source.toServer[0]?.[0] ?? Infinity) <= this.clock.now) {
      const [, bytes] = source.toServer.shift()!;
      if (this.#message.decode(bytes)) machine.handleMessage(this.#message, bytes);
      moved = true;
    }
    for (let request = machine.pollRequest(); request !== undefined; request = machine.pollRequest()) {
      if (typeof source.file === "number") machine.refuse(request.id, source.file);
      else machine.grant(request.id, source.file);
    }
    for (let length = machine.pollMessage(this.#buffer); length > 0; length = machine.pollMessage(this.#buffer)) {
      this.#put(source, source.toClient, this.#buffer.slice(0, length), false);
    }
    while (machine.pollJob(4)) {
      const { id, asset, first, count } = machine.job;
      for (let i = first; i < first + count; i++) {
        const start = i * CHUNK;
        const end = Math.min(asset!.tree.length, start + CHUNK);
        const length = machine.encodeChunk(id, asset!.tree, i, asset!.bytes, start, end, this.#buffer);
        source.sentChunks++;
        this.#put(source, source.toClient, this.#buffer.slice(0, length), false);
      }
    }
    return moved;
  }

  #put(source: SimSource, queue: [number, Uint8Array][], bytes: Uint8Array, toServer: boolean): void {
    const message = source.fate(bytes, toServer);
    if (message !== undefined) queue.push([this.clock.now + this.#delayMs, message]);
  }
}
