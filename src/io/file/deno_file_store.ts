/**
 * The files of the system, for asset transfer on Deno.
 *
 * Invariants: what is written is a regular file that this store has made or found as one, never the target of a link;
 * a name that comes from a peer reaches the system only through `placeIn`, part by part. Why folders are looked at one
 * by one: no call of the platform refuses links on the way (`O_NOFOLLOW`, `openat2`).
 *
 * @module
 */
import { assetNameFault } from "../../asset/asset_name.ts";
import { ResourceError } from "../../error/transport_error.ts";
import type { FileStamp, FileStore, StoredFile } from "../../transport/file_store.ts";
import { DenoStoredFile, fileError, stampOf } from "./stored_file.ts";

const MAX_FOLDER_DEPTH = 32;
/** Beyond so many bytes a name with a suffix may be too long for a file system. */
const LONG_NAME_BYTES = 200;

/** The files of the system. */
export class DenoFileStore implements FileStore {
  async openToRead(path: string): Promise<StoredFile> {
    return await attempt("open", path, async () => {
      const file = await Deno.open(path, { read: true });
      if ((await file.stat()).isFile) return new DenoStoredFile(file, path);
      file.close();
      throw new ResourceError(`Cannot open ${path}: it is no regular file`);
    });
  }

  async openToWrite(path: string): Promise<StoredFile> {
    return await attempt("open", path, async () => {
      const options = { read: true, write: true } as const;
      const info = await infoOf(path);
      if (info !== undefined && !info.isFile) throw new ResourceError(`Cannot write ${path}: it is no regular file`);
      const file = await Deno.open(path, info === undefined ? { ...options, createNew: true } : options);
      // Where a file system has no locks there is nothing to be asked.
      const isMine = await file.tryLock(true).catch(() => true) && isSameFile(await file.stat(), await infoOf(path));
      if (isMine) return new DenoStoredFile(file, path);
      file.close();
      throw new ResourceError(`Cannot write ${path}: another process does so now`);
    });
  }

  async stampOf(path: string): Promise<FileStamp | undefined> {
    return await attempt("look at", path, async () => {
      const info = await infoOf(path);
      return info?.isFile ? stampOf(info) : undefined;
    });
  }

  async replace(from: string, to: string, sync: boolean): Promise<void> {
    await attempt("replace", to, async () => {
      const info = await infoOf(to);
      if (info?.isDirectory) throw new ResourceError(`Cannot replace ${to}: it is a folder`);
      await Deno.rename(from, to);
      if (sync) await syncFolder(folderOf(to));
    });
  }

  async remove(path: string): Promise<void> {
    await attempt("remove", path, async () => {
      if (await infoOf(path) !== undefined) await Deno.remove(path);
    });
  }

  async readSmall(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const info = await this.stampOf(path);
    if (info === undefined || info.length > maxBytes) return undefined;
    const file = await this.openToRead(path);
    try {
      const bytes = new Uint8Array(info.length);
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      file.close();
    }
  }

  async writeSmall(path: string, bytes: Uint8Array): Promise<void> {
    await this.remove(path);
    const file = await this.openToWrite(path);
    try {
      await file.write(bytes, 0);
    } finally {
      file.close();
    }
  }

  async list(path: string, maxCount: number): Promise<string[]> {
    return await attempt("list", path, async () => {
      const names: string[] = [];
      await listInto(names, path, "", maxCount, MAX_FOLDER_DEPTH);
      return names.sort();
    });
  }

  async placeIn(root: string, name: string): Promise<string> {
    const fault = assetNameFault(name);
    if (fault !== undefined) throw new ResourceError(`Cannot place ${JSON.stringify(name)}: the name ${fault}`);
    return await attempt("place", `${name} in ${root}`, async () => {
      await Deno.mkdir(root, { recursive: true });
      const parts = name.split("/");
      let path = root;
      for (const part of parts.slice(0, -1)) {
        path = `${path}/${part}`;
        // Recursive, because another transfer may make the same folder now; a link in its place shows below.
        const info = await infoOf(path) ?? await Deno.mkdir(path, { recursive: true }).then(() => infoOf(path));
        if (!info?.isDirectory) throw new ResourceError(`Cannot place ${name}: ${path} is no folder`);
      }
      return `${path}/${parts.at(-1)}`;
    });
  }

  async isFolder(path: string): Promise<boolean> {
    return await attempt("look at", path, async () => (await Deno.stat(path)).isDirectory);
  }

  beside(path: string, suffix: string): string {
    const at = path.length - baseOf(path).length;
    const base = path.slice(at);
    if (new TextEncoder().encode(base).length <= LONG_NAME_BYTES) return `${path.slice(0, at)}.${base}.${suffix}`;
    return `${path.slice(0, at)}.${base.slice(0, 40)}~${fingerprint(base)}.${suffix}`;
  }
}

/** Whether a path still leads to the file that was opened by it: whoever had the lock before may have renamed it. */
function isSameFile(open: Deno.FileInfo, now: Deno.FileInfo | undefined): boolean {
  return now?.isFile === true && open.ino === now.ino && open.dev === now.dev;
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function listInto(names: string[], root: string, folder: string, most: number, depth: number): Promise<void> {
  if (depth < 0) throw new ResourceError(`Cannot list ${root}: folders lie deeper than ${MAX_FOLDER_DEPTH}`);
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder === "" ? root : `${root}/${folder}`)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) await listInto(names, root, path, most, depth - 1);
    else if (isFile && names.push(path) > most) {
      throw new ResourceError(`Cannot list ${root}: it has more than ${most} files`);
    }
  }
}

/** Makes a new name outlive a loss of power; systems that cannot are passed over. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

function baseOf(path: string): string {
  const separator = Deno.build.os === "windows" ? /[/\\]/ : /\//;
  return path.split(separator).at(-1)!;
}

function folderOf(path: string): string {
  return path.slice(0, path.length - baseOf(path).length) || ".";
}

/** FNV-1a; tells long names that begin alike apart. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

async function attempt<T>(what: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw fileError(what, path, cause);
  }
}
