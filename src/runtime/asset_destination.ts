/**
 * The file that a download makes: a temporary one beside its final name, what is told beside that, and the change of
 * names at the end.
 *
 * Invariants: under the final name stands what stood there before, or all of the asset; existing bytes count only after
 * they were compared with leaves that hold up to the root. What stands beside the temporary file only says which asset
 * and which range it was for: it is checked and never trusted.
 *
 *     state:  | "RWS1" | root 32 | length 8 | range start 8 | range end 8 | first 8 bytes of BLAKE3 of what is before |
 *
 * @module
 */
import { ByteWriter } from "../bytes/byte_writer.ts";
import { ByteReader } from "../bytes/byte_reader.ts";
import { CHUNK_BYTES, type GroupHasher } from "../asset/group_hasher.ts";
import { chunkCountOf, chunkLengthOf } from "../asset/chunk_tree.ts";
import { sameBytes } from "../asset/leaf_row.ts";
import { MisuseError, ResourceError } from "../error/transport_error.ts";
import type { FileStamp, FileStore, StoredFile } from "../transport/file_store.ts";
import { FileHasher } from "./asset_file_hasher.ts";
import { InlineLanes } from "./asset_hash_lane.ts";

const MAGIC = Uint8Array.of(0x52, 0x57, 0x53, 0x31);
const STATE_BYTES = 4 + 32 + 3 * 8 + 8;

/** Which bytes of the asset the file has. */
export interface ByteRange {
  /** The first. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
}

/** Tells what is right. */
export interface ChunkCheck {
  /** Whether a leaf is that of a chunk: eight words from `at`. */
  leaf(index: number, leaves: Int32Array, at: number): boolean;
  /** Whether bytes are those of a chunk. */
  bytes(index: number, bytes: Uint8Array, start: number, end: number): boolean;
}

/** The destinations of this process: two downloads to one file would spoil each other's work. */
export class DestinationLocks {
  readonly #paths = new Set<string>();

  /** Takes a path; throws where it is taken. */
  take(path: string): void {
    if (this.#paths.has(path)) throw new MisuseError(`Cannot download to ${path}: another transfer does so now`);
    this.#paths.add(path);
  }

  /** Gives a path back. */
  release(path: string): void {
    this.#paths.delete(path);
  }
}

/** One destination. */
export class AssetDestination {
  /** The final name. */
  readonly path: string;
  readonly #store: FileStore;
  readonly #hasher: GroupHasher;
  readonly #files: FileHasher;
  readonly #partPath: string;
  readonly #statePath: string;
  #file: StoredFile | undefined = undefined;
  #length = 0;
  #range: ByteRange = { start: 0, end: 0 };

  /**
   * Makes a destination; nothing is touched yet.
   *
   * @param path The final name.
   * @param store Where files are.
   * @param hasher Checks the state.
   * @param files Hashes what is there.
   */
  constructor(
    path: string,
    store: FileStore,
    hasher: GroupHasher,
    files: FileHasher = new FileHasher(new InlineLanes(hasher)),
  ) {
    this.path = path;
    this.#store = store;
    this.#hasher = hasher;
    this.#files = files;
    this.#partPath = store.beside(path, "ringwire-part");
    this.#statePath = store.beside(path, "ringwire-state");
  }

  /**
   * Opens the temporary file.
   *
   * @param root The asset's root.
   * @param length Its length.
   * @param range The bytes that are wanted.
   * @param resume Whether bytes of an earlier attempt may be used.
   * @returns How many bytes of an earlier attempt there are to be compared.
   */
  async open(root: Uint8Array, length: number, range: ByteRange, resume: boolean): Promise<number> {
    this.close();
    if (await this.#store.isFolder(this.path).catch(() => false)) {
      throw new ResourceError(`Cannot write ${this.path}: it is a folder`);
    }
    this.#length = length;
    this.#range = range;
    const state = this.#encodeState(root);
    const known = resume ? await this.#store.readSmall(this.#statePath, STATE_BYTES) : undefined;
    const mayResume = known !== undefined && this.#sameRange(known);
    const file = this.#file = await this.#store.openToWrite(this.#partPath);
    const { length: existing } = await file.stamp();
    if (!mayResume && existing > 0) await file.truncate(0);
    if (known === undefined || !sameBytes(known, state)) await this.#store.writeSmall(this.#statePath, state);
    return mayResume ? existing : 0;
  }

  /** What stands under the final name. */
  async standing(): Promise<FileStamp | undefined> {
    return await this.#store.stampOf(this.path);
  }

  /**
   * Compares the temporary file with the asset.
   *
   * @param check Tells what is right.
   * @param first The first chunk that is wanted.
   * @param end The chunk after the last one.
   * @param found Called for every chunk that is there and right.
   */
  async comparePart(check: ChunkCheck, first: number, end: number, found: (index: number) => void): Promise<void> {
    await this.#compare(this.#file!, check, first, end, this.#range.start, (index) => void found(index));
  }

  /**
   * Compares what stands under the final name with the asset, and copies what is right into the temporary file.
   *
   * @param check Tells what is right.
   * @param count How many chunks the asset has.
   * @param isWanted Whether a chunk is still missing.
   * @param found Called for every chunk that was copied.
   * @returns Whether all of it is right and nothing was copied: it need not be made again.
   */
  async compareStanding(
    check: ChunkCheck,
    count: number,
    isWanted: (index: number) => boolean,
    found: (index: number) => void,
  ): Promise<boolean> {
    const file = await this.#store.openToRead(this.path);
    try {
      const right: number[] = [];
      await this.#compare(file, check, 0, count, 0, (index) => void right.push(index));
      if (right.length === count && (await file.stamp()).length === this.#length) return true;
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (const index of right) {
        if (!isWanted(index)) continue;
        const bytes = chunk.subarray(0, chunkLengthOf(this.#length, index));
        // It may have been changed since it was compared.
        if (await file.read(bytes, index * CHUNK_BYTES) !== bytes.length) continue;
        if (!check.bytes(index, bytes, 0, bytes.length)) continue;
        await this.#file!.write(bytes, index * CHUNK_BYTES);
        found(index);
      }
      return false;
    } finally {
      file.close();
    }
  }

  /**
   * Writes checked chunks that follow one another.
   *
   * @param index The first chunk.
   * @param bytes Their bytes; must not change until the promise settles.
   */
  async write(index: number, bytes: Uint8Array): Promise<void> {
    const { start, end } = this.#range;
    const from = index * CHUNK_BYTES;
    const [first, last] = [Math.max(start, from), Math.min(end, from + bytes.length)];
    if (first >= last) return;
    const isWhole = first === from && last === from + bytes.length;
    await this.#file!.write(isWhole ? bytes : bytes.subarray(first - from, last - from), first - start);
  }

  /** Everything is there: gives the file its name. */
  async finish(sync: boolean): Promise<void> {
    const file = this.#file!;
    await file.truncate(this.#range.end - this.#range.start);
    if (sync) await file.sync();
    // The file is held until it has its name: nobody else may take it for a part that was left behind.
    await this.#store.replace(this.#partPath, this.path, sync);
    await this.#store.remove(this.#statePath);
    this.close();
  }

  /** Closes the temporary file and keeps it. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Removes the temporary file and what is told beside it. */
  async discard(): Promise<void> {
    this.close();
    await this.#store.remove(this.#partPath);
    await this.#store.remove(this.#statePath);
  }

  async #compare(
    file: StoredFile,
    check: ChunkCheck,
    first: number,
    end: number,
    offset: number,
    found: (index: number) => void,
  ): Promise<void> {
    const { length } = await file.stamp();
    // Chunks at the ends of a range lie in the file in part and cannot be checked.
    const firstWhole = Math.max(first, Math.ceil(offset / CHUNK_BYTES));
    const isAll = this.#length - offset <= length;
    const endWhole = Math.min(end, isAll ? chunkCountOf(this.#length) : Math.floor((length + offset) / CHUNK_BYTES));
    const span = { length: this.#length, first: firstWhole, end: endWhole, offset };
    await this.#files.hash(file, span, (index, leaves, at) => {
      if (check.leaf(index, leaves, at)) found(index);
    });
  }

  #encodeState(root: Uint8Array): Uint8Array {
    const state = new Uint8Array(STATE_BYTES);
    const writer = new ByteWriter(state);
    writer.writeBytes(MAGIC);
    writer.writeBytes(root);
    writer.writeUint64(this.#length);
    writer.writeUint64(this.#range.start);
    writer.writeUint64(this.#range.end);
    state.set(this.#sumOf(state), STATE_BYTES - 8);
    return state;
  }

  /** Whether a state is whole and of the same range; its root may be that of an earlier version. */
  #sameRange(state: Uint8Array): boolean {
    if (state.length !== STATE_BYTES || !sameBytes(state.subarray(STATE_BYTES - 8), this.#sumOf(state))) return false;
    const reader = new ByteReader(state);
    reader.skip(4 + 32);
    const length = reader.readUint64();
    const [start, end] = [reader.readUint64(), reader.readUint64()];
    if (reader.failed || !sameBytes(state.subarray(0, 4), MAGIC)) return false;
    const wasWhole = start === 0 && end === length;
    const isWhole = this.#range.start === 0 && this.#range.end === this.#length;
    return wasWhole === isWhole && (isWhole || start === this.#range.start && end === this.#range.end);
  }

  #sumOf(state: Uint8Array): Uint8Array {
    const words = new Int32Array(8);
    this.#hasher.hashGroup(state, 0, STATE_BYTES - 8, 0, true, words, 0);
    return new Uint8Array(words.buffer, 0, 8);
  }
}
