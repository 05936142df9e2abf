/**
 * One open file on Deno: positions instead of a cursor, whole reads and writes, errors as `ResourceError`.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import type { FileStamp, StoredFile } from "../../transport/file_store.ts";

/** A file of the system. */
export class DenoStoredFile implements StoredFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  /** Where the system's cursor is. */
  #cursor = 0;
  #isClosed = false;

  /**
   * Takes over an open file.
   *
   * @param file The file, its cursor at the start; closed with this object.
   * @param path Its path, for messages.
   */
  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    try {
      this.#seek(position);
      while (done < into.length) {
        const count = await this.#file.read(done === 0 ? into : into.subarray(done));
        if (count === null) break;
        done += count;
        this.#cursor += count;
      }
    } catch (cause) {
      throw this.#failed("read", cause);
    }
    return done;
  }

  async write(from: Uint8Array, position: number): Promise<void> {
    try {
      this.#seek(position);
      for (let done = 0; done < from.length;) {
        const count = await this.#file.write(done === 0 ? from : from.subarray(done));
        done += count;
        this.#cursor += count;
      }
    } catch (cause) {
      throw this.#failed("write", cause);
    }
  }

  async stamp(): Promise<FileStamp> {
    try {
      return stampOf(await this.#file.stat());
    } catch (cause) {
      throw this.#failed("look at", cause);
    }
  }

  async truncate(length: number): Promise<void> {
    try {
      await this.#file.truncate(length);
    } catch (cause) {
      throw this.#failed("change the length of", cause);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (cause) {
      throw this.#failed("sync", cause);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }

  #seek(position: number): void {
    if (position === this.#cursor) return;
    this.#cursor = -1;
    this.#file.seekSync(position, Deno.SeekMode.Start);
    this.#cursor = position;
  }

  #failed(what: string, cause: unknown): ResourceError {
    this.#cursor = -1;
    return fileError(what, this.#path, cause);
  }
}

/**
 * What identifies the content of a file.
 *
 * @param info What the system says of it.
 * @returns Length and time.
 */
export function stampOf(info: Deno.FileInfo): FileStamp {
  return { length: info.size, modifiedMs: info.mtime?.getTime() ?? 0 };
}

/**
 * The error of a failed call.
 *
 * @param what What was tried.
 * @param path The file.
 * @param cause The system's error.
 * @returns The error.
 */
export function fileError(what: string, path: string, cause: unknown): ResourceError {
  if (cause instanceof ResourceError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ResourceError(`Cannot ${what} ${path}: ${reason}`, { cause });
}
