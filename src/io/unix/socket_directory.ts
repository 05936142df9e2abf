/**
 * A directory of unix sockets by which the processes of one user find each other.
 *
 * Its mode is 0700 and it must be no link: nobody else can enter it, so that whoever is found there is the same user. A
 * socket whose process is dead refuses connections; whoever notices takes the file away. Invariant: a file is removed
 * only after its socket has refused, and a living socket never refuses, because it has its name only once it listens.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import { type UnixFabric, unixFabric } from "./unix_fabric.ts";
import { reasonOf } from "./unix_listener.ts";

const SUFFIX = ".sock";
const NAME = /^[0-9a-f]{32}\.sock$/;
/** What is looked at in one scan. */
const MAX_NAME_COUNT = 4096;

/** A directory of sockets that are named by ids of 32 hexadecimal digits. */
export class SocketDirectory {
  /** Its path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the directory, and makes it where it is not there.
   *
   * @param path Its path.
   * @returns The directory.
   * @throws {ResourceError} When it cannot be made, is no directory, or others may enter it.
   */
  static open(path: string): SocketDirectory {
    try {
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
      const { isDirectory, mode, uid } = Deno.lstatSync(path);
      if (!isDirectory) throw new Error("it is no directory");
      if (mode !== null && (mode & 0o077) !== 0) throw new Error("others may enter it; its mode must be 0700");
      if (uid !== ownUser(path)) throw new Error("it belongs to another user");
    } catch (cause) {
      throw new ResourceError(`Cannot use ${path} for sockets: ${reasonOf(cause)}`, { cause });
    }
    return new SocketDirectory(path);
  }

  /**
   * The ids of the sockets that are there, dead ones included.
   *
   * @returns The ids; none when the directory is gone.
   */
  scan(): string[] {
    const ids: string[] = [];
    try {
      for (const { name } of Deno.readDirSync(this.path)) {
        if (NAME.test(name)) ids.push(name.slice(0, -SUFFIX.length));
        if (ids.length >= MAX_NAME_COUNT) break;
      }
    } catch {
      // Somebody took the directory away; it is made again at the next start.
    }
    return ids;
  }

  /**
   * The fabric of one socket.
   *
   * @param id The id.
   * @returns The fabric.
   */
  fabric(id: string): UnixFabric {
    return unixFabric(`${this.path}/${id}${SUFFIX}`);
  }

  /**
   * Takes the socket of a dead process away.
   *
   * @param id The id.
   * @param error Why connecting to it failed; nothing is done unless it was refused.
   */
  clean(id: string, error: unknown): void {
    if (!((error as { readonly cause?: unknown } | null)?.cause instanceof Deno.errors.ConnectionRefused)) return;
    try {
      Deno.removeSync(`${this.path}/${id}${SUFFIX}`);
    } catch {
      // Somebody else was faster.
    }
  }
}

/** The user that this process acts for: the owner of a file that it makes. Why not asked: that takes a permission. */
function ownUser(path: string): number | null {
  const file = Deno.makeTempFileSync({ dir: path });
  try {
    return Deno.lstatSync(file).uid;
  } finally {
    Deno.removeSync(file);
  }
}

/**
 * Where the sockets of this user lie where nobody says anything else: `ringwire-<user>` in the runtime directory of the
 * session, or in `/tmp`.
 *
 * @returns The path; `undefined` where this system has no unix sockets, or this process may not use them.
 */
export async function defaultSocketDirectory(): Promise<string | undefined> {
  if (Deno.build.os === "windows") return undefined;
  const isGranted = async (permission: Deno.PermissionDescriptor): Promise<boolean> =>
    (await Deno.permissions.query(permission)).state === "granted";
  const variable = "XDG_RUNTIME_DIR";
  const session = await isGranted({ name: "env", variable }) ? Deno.env.get(variable) : undefined;
  const user = await isGranted({ name: "sys", kind: "uid" }) ? Deno.uid() : "bus";
  const path = `${session || "/tmp"}/ringwire-${user}`;
  const isUsable = await isGranted({ name: "read", path }) && await isGranted({ name: "write", path }) &&
    await isGranted({ name: "net" });
  return isUsable ? path : undefined;
}
