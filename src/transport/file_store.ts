/**
 * The port of files: what asset transfer needs of a file system, and nothing more.
 *
 * @module
 */

/** What tells whether a file is the one that it was. */
export interface FileStamp {
  /** Its length in bytes. */
  readonly length: number;
  /** When it was changed last, in ms since 1970; 0 where the system does not say. */
  readonly modifiedMs: number;
}

/** An open file. At most one call is pending at any time. */
export interface StoredFile {
  /**
   * Reads.
   *
   * @param into Filled from its start; the file may write to it until the promise settles.
   * @param position Where in the file.
   * @returns How many bytes were read; fewer than asked for only at the end of the file. Rejects with `ResourceError`.
   */
  read(into: Uint8Array, position: number): Promise<number>;

  /**
   * Writes all of some bytes.
   *
   * @param from Must not change until the promise settles.
   * @param position Where in the file; it grows where that lies behind its end.
   * @returns When the system has them. Rejects with `ResourceError`, also when the disk is full.
   */
  write(from: Uint8Array, position: number): Promise<void>;

  /** What the file is now. */
  stamp(): Promise<FileStamp>;

  /** Sets the length. */
  truncate(length: number): Promise<void>;

  /** Waits until content and length are on the disk itself. */
  sync(): Promise<void>;

  /** Closes the file. Never throws, and a second call does nothing. */
  close(): void;
}

/** A file system. Every method rejects with `ResourceError` where the system refuses. */
export interface FileStore {
  /**
   * Opens a file to read it.
   *
   * @param path The file; links are followed.
   * @returns The file; rejects when it is no regular one.
   */
  openToRead(path: string): Promise<StoredFile>;

  /**
   * Opens a file to read and write it, and makes it where there is none. A link is never followed.
   *
   * @param path The file; its folder exists.
   * @returns The file, with what it has. Rejects while it is open for writing elsewhere, in another process too.
   */
  openToWrite(path: string): Promise<StoredFile>;

  /** What a file is, without following a link; `undefined` where there is no regular file. */
  stampOf(path: string): Promise<FileStamp | undefined>;

  /**
   * Puts a file in the place of another one, so that whoever looks sees the one or the other.
   *
   * @param from The file.
   * @param to Its new name, in the same folder.
   * @param sync Whether to wait until the new name is on the disk itself.
   */
  replace(from: string, to: string, sync: boolean): Promise<void>;

  /** Removes a file, if there is one. */
  remove(path: string): Promise<void>;

  /**
   * Reads a small file as a whole.
   *
   * @param path The file; a link is not followed.
   * @param maxBytes What it may have at most.
   * @returns Its content; `undefined` where there is none, or more.
   */
  readSmall(path: string, maxBytes: number): Promise<Uint8Array | undefined>;

  /** Writes a small file as a whole; a link in its place is replaced and not followed. */
  writeSmall(path: string, bytes: Uint8Array): Promise<void>;

  /**
   * The files in a folder and in those below; links and what is no regular file are passed over.
   *
   * @param path The folder.
   * @param maxCount How many there may be.
   * @returns Their paths in the folder, with slashes.
   */
  list(path: string, maxCount: number): Promise<string[]>;

  /**
   * The path of a file in a folder; folders between are made, and a link among them is refused.
   *
   * @param root The folder; it exists or is made, and may be a link itself.
   * @param name A name that `assetNameFault` passes.
   * @returns The path.
   */
  placeIn(root: string, name: string): Promise<string>;

  /** Whether a path leads to a folder, links followed. */
  isFolder(path: string): Promise<boolean>;

  /** The path of a file that lies in the same folder as another one. */
  beside(path: string, suffix: string): string;
}
