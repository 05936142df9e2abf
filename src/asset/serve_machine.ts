/**
 * The serving side of one link: answers requests for assets, keeps what each transfer still wants, and makes chunks.
 *
 * It reads no file: `pollJob` says which chunks of which asset are to be read, and `encodeChunk` makes a message of
 * each. Invariants: transfers, ranges and answers are bounded whatever the peer sends; transfers take turns, so that a
 * large one does not hold up the others; a message that makes no sense ends its transfer and nothing else.
 *
 * @module
 */
import { lz4CompressBlock } from "../codec/lz4_block.ts";
import { Lz4Table } from "../codec/lz4_table.ts";
import type { Clock } from "../time/clock.ts";
import { AssetCode, wireCode } from "./asset_code.ts";
import {
  type AssetKind,
  type AssetMessage,
  AssetMessageType,
  AssetWriter,
  chunkHeadBytes,
  MAX_LEAVES,
} from "./asset_wire.ts";
import { type ChunkTree, NODE_BYTES } from "./chunk_tree.ts";

/** What can be served. */
export interface ServedAsset {
  /** A file or a folder. */
  readonly kind: AssetKind;
  /** Its tree, finished. */
  readonly tree: ChunkTree;
}

/** A request that the driver answers with `grant` or `refuse`. */
export interface AssetRequest {
  /** The transfer. */
  readonly id: number;
  /** The name, as the peer has sent it. */
  readonly name: string;
  /** The root that it must have; `undefined`: any. */
  readonly root: Uint8Array | undefined;
}

/** What the driver is to read next. */
export interface ServeJob<Asset> {
  /** The transfer. */
  id: number;
  /** The asset; `undefined` between jobs. */
  asset: Asset | undefined;
  /** The first chunk. */
  first: number;
  /** How many. */
  count: number;
  /** Whether an earlier copy was bad at the other end. */
  isAgain: boolean;
}

/** What a serving side is made of. */
export interface ServeSetup {
  /** The time. */
  readonly clock: Clock;
  /** How many transfers this link may have at once. */
  readonly maxTransferCount: number;
  /** How long a transfer may want nothing before it is closed, in ms. */
  readonly idleTimeoutMs: number;
  /** Whether chunks are compressed where that makes them shorter. */
  readonly compress: boolean;
}

interface Range {
  first: number;
  count: number;
  readonly isAgain: boolean;
}

interface Transfer<Asset> {
  readonly asset: Asset;
  /** What it was asked for by; asking once more is no fault, because the answer may be lost. */
  readonly name: string;
  readonly wanted: Range[];
  readonly leaves: Range[];
  idleSinceMs: number;
}

/** How many chunks a turn has at least, where many transfers want some. */
const MIN_TURN = 2;
const MAX_RANGES = 256;
const MAX_ANSWERS = 1024;
const MAX_REQUESTS = 256;
/** After so many chunks in a row that did not shrink, ever more are sent as they are before one is tried again. */
const MAX_SKIP_BITS = 6;

/** Serves one link. */
export class ServeMachine<Asset extends ServedAsset> {
  /** The job of the last `pollJob`. */
  readonly job: ServeJob<Asset> = { id: 0, asset: undefined, first: 0, count: 0, isAgain: false };
  /** Messages that made no sense. */
  malformedMessages = 0;
  readonly #setup: ServeSetup;
  readonly #writer = new AssetWriter();
  readonly #table = new Lz4Table(13);
  readonly #transfers = new Map<number, Transfer<Asset>>();
  /** Requests that the driver has not answered, polled or not. */
  readonly #asking = new Map<number, string>();
  readonly #requests: AssetRequest[] = [];
  readonly #answers: { type: 3 | 9; id: number; code: AssetCode }[] = [];
  readonly #opened: number[] = [];
  readonly #ends: { readonly id: number; readonly code: AssetCode }[] = [];
  /** The order in which transfers take turns. */
  #turns: number[] = [];
  #misses = 0;
  #skip = 0;

  /**
   * Makes a serving side without transfers.
   *
   * @param setup What it is made of.
   */
  constructor(setup: ServeSetup) {
    this.#setup = setup;
  }

  /** How many transfers are open or asked for. */
  get transferCount(): number {
    return this.#transfers.size + this.#asking.size;
  }

  /** Whether a transfer has this number. */
  has(id: number): boolean {
    return this.#transfers.has(id) || this.#asking.has(id);
  }

  /** The asset of a transfer. */
  assetOf(id: number): Asset | undefined {
    return this.#transfers.get(id)?.asset;
  }

  /**
   * A message of the peer.
   *
   * @param message The decoded message.
   * @param bytes The memory that it was decoded from; borrowed.
   * @returns Whether the peer may go on; `false` when it asks faster than it takes answers, and the link is to be cut.
   */
  handleMessage(message: AssetMessage, bytes: Uint8Array): boolean {
    switch (message.type) {
      case AssetMessageType.Open:
        this.#request(message, bytes);
        break;
      case AssetMessageType.Want:
        this.#want(message);
        break;
      case AssetMessageType.WantLeaves:
        this.#wantLeaves(message);
        break;
      case AssetMessageType.Close:
      case AssetMessageType.Refused:
        this.#ended(message.id, wireCode(message.code));
        break;
      default:
        this.malformedMessages++;
    }
    return this.#answers.length + this.#opened.length < MAX_ANSWERS;
  }

  /** Since when a transfer wants nothing new, in ms; -1 where there is none. */
  idleSince(id: number): number {
    return this.#transfers.get(id)?.idleSinceMs ?? -1;
  }

  /** The next transfer that the peer has ended, or that was idle for too long (`TimedOut`). */
  pollEnd(): { readonly id: number; readonly code: AssetCode } | undefined {
    return this.#ends.shift();
  }

  /** The next request to be answered. */
  pollRequest(): AssetRequest | undefined {
    return this.#requests.shift();
  }

  /** Opens a transfer that was asked for. */
  grant(id: number, asset: Asset): void {
    const name = this.#asking.get(id);
    if (name === undefined) return;
    this.#asking.delete(id);
    this.#add(id, asset, name);
    this.#opened.push(id);
  }

  /** Opens a transfer that this side has offered: chunks may be asked for at once. */
  offer(id: number, asset: Asset): void {
    this.#add(id, asset, "");
  }

  /** Refuses a transfer that was asked for. */
  refuse(id: number, code: AssetCode): void {
    if (this.#asking.delete(id)) this.#answer(AssetMessageType.Refused, id, code);
  }

  /** Ends a transfer; the peer is told. */
  end(id: number, code: AssetCode): void {
    if (this.#transfers.delete(id)) this.#answer(AssetMessageType.Close, id, code);
  }

  /** Wants chunks as if the peer had asked for them. */
  push(id: number, first: number, count: number): void {
    this.#transfers.get(id)?.wanted.push({ first, count, isAgain: false });
  }

  /** Closes what has been idle for too long. */
  handleTimeout(): void {
    const since = this.#setup.clock.now - this.#setup.idleTimeoutMs;
    for (const [id, transfer] of this.#transfers) {
      if (transfer.idleSinceMs > since || transfer.wanted.length > 0) continue;
      this.end(id, AssetCode.Cancelled);
      this.#ends.push({ id, code: AssetCode.TimedOut });
    }
  }

  /** When `handleTimeout` is due, in ms; `Infinity`: never. */
  pollTimeout(): number {
    let due = Infinity;
    for (const { idleSinceMs, wanted } of this.#transfers.values()) {
      if (wanted.length === 0) due = Math.min(due, idleSinceMs + this.#setup.idleTimeoutMs);
    }
    return due;
  }

  /**
   * The next message that needs no file: answers and leaves.
   *
   * @param target Memory for it, `MAX_ASSET_MESSAGE_BYTES` long.
   * @returns Its length, 0: none.
   */
  pollMessage(target: Uint8Array): number {
    const answer = this.#answers.shift();
    if (answer !== undefined) return this.#writer.end(target, answer.type, answer.id, answer.code);
    for (let id = this.#opened.shift(); id !== undefined; id = this.#opened.shift()) {
      const asset = this.#transfers.get(id)?.asset;
      if (asset === undefined) continue;
      return this.#writer.opened(target, id, asset.kind, asset.tree.length, asset.tree.root);
    }
    for (const [id, { leaves, asset }] of this.#transfers) {
      const range = leaves[0];
      if (range === undefined) continue;
      const count = Math.min(range.count, MAX_LEAVES);
      const at = this.#writer.leaves(target, id, range.first);
      asset.tree.writeLeaves(range.first, count, target, at);
      advance(leaves, count);
      return at + count * NODE_BYTES;
    }
    return 0;
  }

  /**
   * The next chunks to be read, into `job`: of the transfers in turn.
   *
   * @param most How many chunks at most.
   * @returns Whether there are any.
   */
  pollJob(most: number): boolean {
    for (let turn = this.#turns.length; turn > 0; turn--) {
      const id = this.#turns.shift()!;
      const transfer = this.#transfers.get(id);
      if (transfer === undefined) continue;
      this.#turns.push(id);
      const range = transfer.wanted[0];
      if (range === undefined) continue;
      const { job } = this;
      job.id = id;
      job.asset = transfer.asset;
      job.first = range.first;
      const turn = Math.max(MIN_TURN, Math.floor(most / Math.max(1, this.#wantingCount())));
      job.count = Math.min(range.count, most, turn);
      job.isAgain = range.isAgain;
      advance(transfer.wanted, job.count);
      transfer.idleSinceMs = this.#setup.clock.now;
      return true;
    }
    return false;
  }

  /**
   * Makes the message of one chunk.
   *
   * @param id The transfer.
   * @param tree The tree of its asset.
   * @param index The number of the chunk.
   * @param data Memory with the chunk.
   * @param start Where it starts.
   * @param end Where it ends.
   * @param into Memory for the message, `MAX_ASSET_MESSAGE_BYTES` long.
   * @returns The length of the message.
   */
  encodeChunk(
    id: number,
    tree: ChunkTree,
    index: number,
    data: Uint8Array,
    start: number,
    end: number,
    into: Uint8Array,
  ): number {
    const head = chunkHeadBytes(id, index, tree.chunkCount);
    const packed = this.#compressed(data, start, end, into, head);
    const proofAt = this.#writer.chunk(into, id, index, packed > 0);
    tree.writeProof(index, into, proofAt);
    if (packed > 0) return head + packed;
    into.set(data.subarray(start, end), head);
    return head + end - start;
  }

  #wantingCount(): number {
    let count = 0;
    for (const { wanted } of this.#transfers.values()) if (wanted.length > 0) count++;
    return count;
  }

  /** What a chunk takes when it is compressed; 0: it does not shrink, or that was not tried. */
  #compressed(data: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
    if (!this.#setup.compress || end - start < 64) return 0;
    if (this.#skip > 0) {
      this.#skip--;
      return 0;
    }
    const limit = end - start - (end - start >> 5);
    const length = lz4CompressBlock(data, start, end, into, at, limit, this.#table);
    if (length > 0) this.#misses = 0;
    else this.#skip = (1 << Math.min(this.#misses++, MAX_SKIP_BITS)) - 1;
    return length;
  }

  #request(message: AssetMessage, bytes: Uint8Array): void {
    const { id, name, at, flag } = message;
    const open = this.#transfers.get(id);
    if (open !== undefined && open.name === name) return void this.#opened.push(id);
    if (this.#asking.has(id)) return;
    if (open !== undefined) {
      this.malformedMessages++;
      return this.end(id, AssetCode.Malformed);
    }
    if (this.#requests.length >= MAX_REQUESTS || this.transferCount >= this.#setup.maxTransferCount) {
      return this.#answer(AssetMessageType.Refused, id, AssetCode.Busy);
    }
    this.#asking.set(id, name);
    this.#requests.push({ id, name, root: flag ? bytes.slice(at, at + NODE_BYTES) : undefined });
  }

  #ended(id: number, code: AssetCode): void {
    this.#asking.delete(id);
    if (this.#transfers.delete(id)) this.#ends.push({ id, code });
  }

  #want(message: AssetMessage): void {
    const transfer = this.#rangeFor(message);
    if (transfer === undefined) return;
    const { first, count, flag } = message;
    transfer.wanted.push({ first, count, isAgain: flag });
    if (transfer.wanted.length > MAX_RANGES) this.end(message.id, AssetCode.Malformed);
  }

  #wantLeaves(message: AssetMessage): void {
    const transfer = this.#rangeFor(message);
    if (transfer === undefined) return;
    transfer.leaves.push({ first: message.first, count: message.count, isAgain: false });
    if (transfer.leaves.length > MAX_RANGES) this.end(message.id, AssetCode.Malformed);
  }

  #rangeFor({ id, first, count }: AssetMessage): Transfer<Asset> | undefined {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined) {
      // A transfer that was closed here while the message was under way: the peer is told again.
      this.malformedMessages++;
      this.#answer(AssetMessageType.Close, id, AssetCode.Cancelled);
      return undefined;
    }
    transfer.idleSinceMs = this.#setup.clock.now;
    if (first + count <= transfer.asset.tree.chunkCount) return transfer;
    this.malformedMessages++;
    this.end(id, AssetCode.Malformed);
    return undefined;
  }

  #add(id: number, asset: Asset, name: string): void {
    this.#transfers.set(id, { asset, name, wanted: [], leaves: [], idleSinceMs: this.#setup.clock.now });
    if (!this.#turns.includes(id)) this.#turns.push(id);
  }

  #answer(type: 3 | 9, id: number, code: AssetCode): void {
    if (this.#answers.length < MAX_ANSWERS) this.#answers.push({ type, id, code });
  }
}

/** Takes chunks off the front of a list of ranges. */
function advance(ranges: Range[], count: number): void {
  const range = ranges[0]!;
  range.first += count;
  range.count -= count;
  if (range.count === 0) ranges.shift();
}
