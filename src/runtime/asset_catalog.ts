/**
 * What a server has: names, the files behind them, and their trees.
 *
 * A tree is made when a file is registered and again when the file was found changed at a request: a changed file is
 * another asset with another root. Names of peers are only looked up here and never become paths.
 *
 * @module
 */
import { assetNameFault } from "../asset/asset_name.ts";
import { AssetKind } from "../asset/asset_wire.ts";
import { ChunkTree } from "../asset/chunk_tree.ts";
import { CHUNK_BYTES, type GroupHasher } from "../asset/group_hasher.ts";
import { encodeManifest, type ManifestEntry, maxManifestBytes } from "../asset/manifest.ts";
import { MisuseError, ResourceError } from "../error/transport_error.ts";
import type { ServedAsset } from "../asset/serve_machine.ts";
import type { FileStamp, FileStore, StoredFile } from "../transport/file_store.ts";
import { FileHasher } from "./asset_file_hasher.ts";
import { InlineLanes } from "./asset_hash_lane.ts";

/** An asset that can be served: a file, or bytes in memory. */
export interface CatalogAsset extends ServedAsset {
  /** The file; `undefined` for bytes in memory. */
  readonly path: string | undefined;
  /** The bytes, where there is no file. */
  readonly bytes: Uint8Array | undefined;
  /** What the file was when its tree was made. */
  readonly stamp: FileStamp;
}

/** What is told about an asset. */
export interface AssetInfo {
  /** The name. */
  readonly name: string;
  /** Whether it is a file or a folder. */
  readonly kind: "file" | "folder";
  /** The length in bytes; of a folder, that of its manifest. */
  readonly length: number;
  /** The root, 32 bytes. */
  readonly root: Uint8Array;
}

interface Entry {
  readonly path: string;
  readonly isFolder: boolean;
  asset: CatalogAsset;
  /** The files of a folder, by their paths in it. */
  files: Map<string, CatalogAsset>;
  /** Looks at what is behind it that have not begun: whoever asks meanwhile shares them. */
  readonly looks: Map<string, Promise<void>>;
  /** The end of the last one. */
  last: Promise<void> | undefined;
}

const HASH_TRIES = 3;

/** The assets of one server. */
export class AssetCatalog {
  readonly #store: FileStore;
  readonly #hasher: GroupHasher;
  readonly #maxFileCount: number;
  readonly #entries = new Map<string, Entry>();
  readonly #files: FileHasher;

  /**
   * Makes an empty catalog.
   *
   * @param store Where files are.
   * @param hasher Makes trees.
   * @param maxFileCount How many files a folder may have.
   * @param files Hashes files.
   */
  constructor(
    store: FileStore,
    hasher: GroupHasher,
    maxFileCount: number,
    files: FileHasher = new FileHasher(new InlineLanes(hasher)),
  ) {
    this.#store = store;
    this.#hasher = hasher;
    this.#maxFileCount = maxFileCount;
    this.#files = files;
  }

  /** Registers a file and makes its tree. */
  async addFile(name: string, path: string): Promise<AssetInfo> {
    this.#checkName(name);
    const asset = await this.readFile(path);
    this.#entries.set(name, { path, isFolder: false, asset, files: new Map(), looks: new Map(), last: undefined });
    return infoOf(name, asset);
  }

  /** Registers a folder and makes the trees of all its files. */
  async addFolder(name: string, path: string): Promise<AssetInfo> {
    this.#checkName(name);
    const { asset, files } = await this.#readFolder(path, new Map());
    this.#entries.set(name, { path, isFolder: true, asset, files, looks: new Map(), last: undefined });
    return infoOf(name, asset);
  }

  /** Puts a file under a name, in the place of what is there. */
  async putFile(name: string, path: string): Promise<void> {
    const asset = await this.readFile(path);
    this.#entries.set(name, { path, isFolder: false, asset, files: new Map(), looks: new Map(), last: undefined });
  }

  /** Whether a name, or a folder that it lies in, is taken. */
  covers(name: string): boolean {
    for (let slash = name.length; slash > 0; slash = name.lastIndexOf("/", slash - 1)) {
      if (this.#entries.has(name.slice(0, slash))) return true;
    }
    return false;
  }

  /** Takes a name out; transfers that are open go on. */
  remove(name: string): boolean {
    return this.#entries.delete(name);
  }

  /** All names, with what is behind them as it was last seen. */
  list(): AssetInfo[] {
    return [...this.#entries].map(([name, { asset }]) => infoOf(name, asset));
  }

  /** An asset as it was last seen, without a look at the file. */
  peek(name: string): CatalogAsset | undefined {
    const found = this.#entries.get(name);
    if (found !== undefined) return found.asset;
    for (let slash = name.indexOf("/"); slash > 0; slash = name.indexOf("/", slash + 1)) {
      const file = this.#entries.get(name.slice(0, slash))?.files.get(name.slice(slash + 1));
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /**
   * Finds an asset, and makes its tree anew where the file has changed.
   *
   * @param name The name, such as a peer may send.
   * @returns The asset; `undefined` where there is none.
   */
  async find(name: string): Promise<CatalogAsset | undefined> {
    for (let slash = name.length; slash > 0; slash = name.lastIndexOf("/", slash - 1)) {
      const entry = this.#entries.get(name.slice(0, slash));
      if (entry === undefined) continue;
      const within = name.slice(slash + 1);
      if (!entry.isFolder && within !== "") return undefined;
      if (within === "" || entry.files.has(within)) await this.#refresh(entry, within);
      return slash === name.length ? entry.asset : entry.files.get(name.slice(slash + 1));
    }
    return undefined;
  }

  /**
   * Makes the tree of a file.
   *
   * @param path The file.
   * @returns The asset. Rejects with `ResourceError` when it cannot be read, or does not stay as it is for long enough.
   */
  async readFile(path: string): Promise<CatalogAsset> {
    for (let i = 0; i < HASH_TRIES; i++) {
      const file = await this.#store.openToRead(path);
      try {
        const stamp = await file.stamp();
        const tree = await this.#treeOf(file, stamp.length);
        const after = await file.stamp();
        if (tree !== undefined && sameStamp(stamp, after)) {
          return { kind: AssetKind.File, tree, path, bytes: undefined, stamp };
        }
      } finally {
        file.close();
      }
    }
    throw new ResourceError(`Cannot serve ${path}: it changes all the time`);
  }

  #checkName(name: string): void {
    const fault = typeof name === "string" ? assetNameFault(name) : "is no string";
    if (fault !== undefined) throw new TypeError(`Cannot register ${JSON.stringify(name)}: the name ${fault}`);
    if (this.#entries.has(name)) throw new MisuseError(`Cannot register ${JSON.stringify(name)} twice`);
  }

  /** Looks whether what is behind a name is still what it was; one look at a time, however many ask. */
  #refresh(entry: Entry, within: string): Promise<void> {
    const shared = entry.looks.get(within);
    if (shared !== undefined) return shared;
    const look = (async (before) => {
      await before;
      entry.looks.delete(within);
      await (entry.isFolder ? this.#refreshFolder(entry, within) : this.#refreshFile(entry));
    })(entry.last);
    entry.looks.set(within, look);
    // How it ends is told to those who asked, and not to who comes next.
    entry.last = look.catch(() => {});
    return look;
  }

  async #refreshFile(entry: Entry): Promise<void> {
    if (!await this.#isSame(entry.asset)) entry.asset = await this.readFile(entry.path);
  }

  async #refreshFolder(entry: Entry, within: string): Promise<void> {
    const known = entry.files.get(within);
    if (known !== undefined) {
      if (!await this.#isSame(known)) entry.files.set(within, await this.readFile(known.path!));
      return;
    }
    if (within !== "") return;
    const { asset, files } = await this.#readFolder(entry.path, entry.files);
    entry.asset = asset;
    entry.files = files;
  }

  async #isSame({ path, stamp }: CatalogAsset): Promise<boolean> {
    const file = await this.#store.openToRead(path!);
    try {
      return sameStamp(stamp, await file.stamp());
    } finally {
      file.close();
    }
  }

  async #readFolder(
    path: string,
    known: ReadonlyMap<string, CatalogAsset>,
  ): Promise<{ asset: CatalogAsset; files: Map<string, CatalogAsset> }> {
    const files = new Map<string, CatalogAsset>();
    const entries: ManifestEntry[] = [];
    for (const name of await this.#store.list(path, this.#maxFileCount)) {
      if (name.endsWith(".ringwire-part") || name.endsWith(".ringwire-state")) continue;
      const old = known.get(name);
      const asset = old !== undefined && await this.#isSame(old) ? old : await this.readFile(`${path}/${name}`);
      files.set(name, asset);
      entries.push({ name, length: asset.tree.length, root: asset.tree.root });
    }
    const bytes = encodeManifest(entries);
    if (bytes.length > maxManifestBytes(this.#maxFileCount)) {
      throw new ResourceError(`Cannot serve ${path}: the names of its files are too long, for so many of them`);
    }
    return { asset: memoryAsset(bytes, AssetKind.Folder, this.#hasher), files };
  }

  async #treeOf(file: StoredFile, length: number): Promise<ChunkTree | undefined> {
    const tree = new ChunkTree(length, this.#hasher);
    const span = { length, first: 0, end: tree.chunkCount, offset: 0 };
    const isWhole = await this.#files.hash(file, span, (index, leaves, at) => tree.setLeaf(index, leaves, at));
    if (!isWhole) return undefined;
    tree.finish();
    return tree;
  }
}

/**
 * An asset of bytes in memory.
 *
 * @param bytes The bytes; borrowed for as long as it is served.
 * @param kind What they are.
 * @param hasher Makes the tree.
 * @returns The asset.
 */
export function memoryAsset(bytes: Uint8Array, kind: AssetKind, hasher: GroupHasher): CatalogAsset {
  const tree = new ChunkTree(bytes.length, hasher);
  for (let i = 0; i < tree.chunkCount; i++) {
    tree.addChunk(i, bytes, i * CHUNK_BYTES, Math.min(bytes.length, (i + 1) * CHUNK_BYTES));
  }
  tree.finish();
  return { kind, tree, path: undefined, bytes, stamp: { length: bytes.length, modifiedMs: 0 } };
}

/**
 * Compares two stamps.
 *
 * @param a One.
 * @param b The other.
 * @returns Whether they are of the same content, as far as the system tells.
 */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.length === b.length && a.modifiedMs === b.modifiedMs;
}

function infoOf(name: string, { kind, tree }: ServedAsset): AssetInfo {
  return { name, kind: kind === AssetKind.Folder ? "folder" : "file", length: tree.length, root: tree.root };
}
