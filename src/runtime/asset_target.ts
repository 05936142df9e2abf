/**
 * Where a download goes: a file, memory for a manifest, or what its first answer makes of it.
 *
 * @module
 */
import { AssetKind } from "../asset/asset_wire.ts";
import type { ChunkPlan } from "../asset/chunk_plan.ts";
import { CHUNK_BYTES } from "../asset/group_hasher.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { AssetDestination, ByteRange, ChunkCheck } from "./asset_destination.ts";

/** Where a download goes. One call is pending at a time. */
export interface DownloadTarget {
  /**
   * The asset is known.
   *
   * @returns Whether something is there that is worth comparing.
   */
  open(kind: AssetKind, root: Uint8Array, length: number): Promise<boolean>;

  /**
   * Compares what is there.
   *
   * @returns Whether all of it stands in its place already.
   */
  compare(check: ChunkCheck, plan: ChunkPlan, found: (index: number) => void): Promise<boolean>;

  /** Writes checked chunks that follow one another; the bytes must not change until the promise settles. */
  write(index: number, bytes: Uint8Array): Promise<void>;

  /** Everything is there. */
  finish(): Promise<void>;

  /** Lets go of what is open and keeps what is there. */
  close(): void;
}

/** How a file is made. */
export interface FileTargetOptions {
  /** Whether what an earlier attempt or version has left may be used. */
  readonly resume: boolean;
  /** The bytes that are wanted; `undefined`: all. */
  readonly range: ByteRange | undefined;
  /** Whether the finished file is synced. */
  readonly sync: boolean;
  /** What the manifest may have at most where the asset is a folder; 0: folders are refused. */
  readonly maxManifestBytes: number;
}

/** A file; or the manifest of a folder, which stays in memory. */
export class FileTarget implements DownloadTarget {
  /** The manifest, where the asset is a folder. */
  manifest: Uint8Array | undefined = undefined;
  readonly #destination: AssetDestination;
  readonly #options: FileTargetOptions;
  #existingBytes = 0;
  #isStanding = false;
  /** Whether all of it stood in its place already. */
  #isUnchanged = false;

  /**
   * Makes a target; nothing is touched yet.
   *
   * @param destination The file.
   * @param options How it is made.
   */
  constructor(destination: AssetDestination, options: FileTargetOptions) {
    this.#destination = destination;
    this.#options = options;
  }

  async open(kind: AssetKind, root: Uint8Array, length: number): Promise<boolean> {
    const { range, resume, maxManifestBytes } = this.#options;
    if (kind === AssetKind.Folder) {
      if (length > maxManifestBytes || range !== undefined) {
        throw new ResourceError(`Cannot take a manifest of ${length} bytes: ${maxManifestBytes} are allowed`);
      }
      this.manifest = new Uint8Array(length);
      return false;
    }
    this.#existingBytes = await this.#destination.open(root, length, range ?? { start: 0, end: length }, resume);
    this.#isStanding = resume && range === undefined && await this.#destination.standing() !== undefined;
    return this.#existingBytes > 0 || this.#isStanding;
  }

  async compare(check: ChunkCheck, plan: ChunkPlan, found: (index: number) => void): Promise<boolean> {
    const destination = this.#destination;
    if (this.#existingBytes > 0) await destination.comparePart(check, 0, plan.chunkCount, found);
    if (!this.#isStanding) return false;
    const isWanted = (index: number): boolean => plan.isOpen(index);
    const isSame = await destination.compareStanding(check, plan.chunkCount, isWanted, found);
    if (isSame) await destination.discard();
    this.#isUnchanged = isSame;
    return isSame;
  }

  async write(index: number, bytes: Uint8Array): Promise<void> {
    if (this.manifest !== undefined) this.manifest.set(bytes, index * CHUNK_BYTES);
    else await this.#destination.write(index, bytes);
  }

  async finish(): Promise<void> {
    if (this.manifest === undefined && !this.#isUnchanged) await this.#destination.finish(this.#options.sync);
  }

  close(): void {
    this.#destination.close();
  }
}
