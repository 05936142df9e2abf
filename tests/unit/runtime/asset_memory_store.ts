/**
 * Files in memory, with faults: what unit tests of asset runtimes run on.
 *
 * @module
 */
import { ResourceError } from "../../../src/error/transport_error.ts";
import type { FileStamp, FileStore, StoredFile } from "../../../src/transport/file_store.ts";

/** Files by path. */
export class MemoryStore implements FileStore {
  readonly files = new Map<string, Uint8Array>();
  /** What happened, in order. */
  readonly calls: string[] = [];
  /** How many bytes may be written before the disk is full. */
  freeBytes = Infinity;
  /** How many files are open. */
  openCount = 0;
  /** Called before every write. */
  beforeWrite: (path: string) => void | Promise<void> = () => {};

  openToRead(path: string): Promise<StoredFile> {
    if (!this.files.has(path)) return Promise.reject(new ResourceError(`Cannot open ${path}: there is none`));
    return Promise.resolve(this.#open(path));
  }

  openToWrite(path: string): Promise<StoredFile> {
    if (!this.files.has(path)) this.files.set(path, new Uint8Array(0));
    return Promise.resolve(this.#open(path));
  }

  stampOf(path: string): Promise<FileStamp | undefined> {
    const file = this.files.get(path);
    return Promise.resolve(file === undefined ? undefined : { length: file.length, modifiedMs: 0 });
  }

  replace(from: string, to: string, sync: boolean): Promise<void> {
    this.calls.push(`replace ${from} ${to} ${sync}`);
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  readSmall(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const file = this.files.get(path);
    return Promise.resolve(file === undefined || file.length > maxBytes ? undefined : file.slice());
  }

  writeSmall(path: string, bytes: Uint8Array): Promise<void> {
    this.files.set(path, bytes.slice());
    return Promise.resolve();
  }

  list(path: string, _maxCount: number): Promise<string[]> {
    const names = [...this.files.keys()].filter((name) => name.startsWith(`${path}/`));
    return Promise.resolve(names.map((name) => name.slice(path.length + 1)).sort());
  }

  placeIn(root: string, name: string): Promise<string> {
    return Promise.resolve(`${root}/${name}`);
  }

  isFolder(path: string): Promise<boolean> {
    return Promise.resolve([...this.files.keys()].some((name) => name.startsWith(`${path}/`)));
  }

  beside(path: string, suffix: string): string {
    return `${path}.${suffix}`;
  }

  #open(path: string): StoredFile {
    this.openCount++;
    let isOpen = true;
    const content = (): Uint8Array => this.files.get(path) ?? new Uint8Array(0);
    return {
      read: (into, position) => {
        const part = content().subarray(position, position + into.length);
        into.set(part);
        return Promise.resolve(part.length);
      },
      write: async (from, position) => {
        await this.beforeWrite(path);
        if (!isOpen) throw new ResourceError(`Cannot write ${path}: it was closed`);
        if (from.length > this.freeBytes) throw new ResourceError(`Cannot write ${path}: no space left on device`);
        this.freeBytes -= from.length;
        const grown = new Uint8Array(Math.max(content().length, position + from.length));
        grown.set(content());
        grown.set(from, position);
        this.files.set(path, grown);
      },
      stamp: () => Promise.resolve({ length: content().length, modifiedMs: 0 }),
      truncate: (length) => {
        const cut = new Uint8Array(length);
        cut.set(content().subarray(0, length));
        this.files.set(path, cut);
        return Promise.resolve();
      },
      sync: () => {
        this.calls.push(`sync ${path}`);
        return Promise.resolve();
      },
      close: () => {
        if (isOpen) this.openCount--;
        isOpen = false;
      },
    };
  }
}
