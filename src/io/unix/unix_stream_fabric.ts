/**
 * A unix socket as a stream fabric of its own: for a path that a user chose, where anything may lie.
 *
 * Invariant: a listener takes a path only when nothing is there, or a socket that refuses: what a process left behind
 * that is dead. A living server is never pushed aside, and a file that is no socket is never removed. Who may connect
 * is decided by the rights of the folder that the path lies in.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ResourceError } from "../../error/transport_error.ts";
import type { UnixAddress } from "../../transport/address.ts";
import type { StreamFabric, StreamListener } from "../../transport/stream_link.ts";
import { unixFabric } from "./unix_fabric.ts";
import type { UnixLink } from "./unix_link.ts";
import { reasonOf, UnixListener } from "./unix_listener.ts";

/** The longest path, with what a socket is called before it listens (`sun_path` of unix(7) less that and the end). */
const MAX_PATH_BYTES = 103;

/**
 * A fabric for one path. Needs the permissions to read and to write it, and `--allow-net`.
 *
 * @param path The path, at most 103 bytes.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When the path is empty or no string.
 * @throws {RangeError} When it is too long for the system.
 */
export function unixStreamFabric(path: string): StreamFabric {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError("The option path must be a string that is not empty");
  }
  const { length } = new TextEncoder().encode(path);
  if (length > MAX_PATH_BYTES) {
    throw new RangeError(`The option path must have at most ${MAX_PATH_BYTES} bytes: got ${length}, ${path}`);
  }
  const { target, connect } = unixFabric(path);
  return { target, listen: () => new UnixPathListener(path), connect };
}

/** Listens once it is known that the path is free. */
class UnixPathListener implements StreamListener {
  readonly address: UnixAddress;
  readonly listening: Promise<void>;
  #listener: UnixListener | undefined = undefined;
  #isClosed = false;

  constructor(path: string) {
    this.address = { transport: "unix", path };
    this.listening = this.#open(path);
    this.listening.catch(() => {});
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  async accept(): Promise<UnixLink> {
    await this.listening;
    return await this.#listener!.accept();
  }

  close(): void {
    this.#isClosed = true;
    this.#listener?.close();
  }

  async #open(path: string): Promise<void> {
    try {
      await clear(path);
      if (!this.#isClosed) this.#listener = new UnixListener(path);
    } catch (error) {
      this.#isClosed = true;
      throw error;
    }
    if (this.#isClosed) throw new ClosedError(CloseCode.GoingAway, "local");
  }
}

/** Takes away the socket of a dead process; anything else that is there is an error. */
async function clear(path: string): Promise<void> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ResourceError(`Cannot listen on unix:${path}: ${reason}`, { cause });
  };
  try {
    if (!(await Deno.lstat(path)).isSocket) refuse("something that is no socket is there");
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
    refuse("another process listens there");
  } catch (cause) {
    if (cause instanceof ResourceError) throw cause;
    if (cause instanceof Deno.errors.NotFound) return;
    if (!(cause instanceof Deno.errors.ConnectionRefused)) refuse(reasonOf(cause), cause);
  }
  await Deno.remove(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) refuse(reasonOf(cause), cause);
  });
}
