/**
 * How to reach or open unix sockets.
 *
 * @module
 */
import { ConnectError } from "../../error/transport_error.ts";
import type { UnixAddress } from "../../transport/address.ts";
import { UnixLink } from "./unix_link.ts";
import { reasonOf, UnixListener } from "./unix_listener.ts";

/** How to open the ends of one unix socket. */
export interface UnixFabric {
  /** Where `connect` leads and `listen` listens. */
  readonly target: UnixAddress;
  /**
   * Opens a listener.
   *
   * @returns The listener. Throws `ResourceError` when the path cannot be had.
   */
  listen(): UnixListener;
  /**
   * Opens a link.
   *
   * @param signal Ends the attempt; the promise then rejects with the signal's reason.
   * @returns The link. Rejects with `ConnectError`.
   */
  connect(signal: AbortSignal): Promise<UnixLink>;
}

/**
 * A fabric for one path. Needs the permissions to read and to write it, and `--allow-net`.
 *
 * @param path The path, shorter than 108 bytes.
 * @returns The fabric; it holds no socket itself.
 */
export function unixFabric(path: string): UnixFabric {
  return {
    target: { transport: "unix", path },
    listen: () => new UnixListener(path),
    connect: (signal) => connect(path, signal),
  };
}

async function connect(path: string, signal: AbortSignal): Promise<UnixLink> {
  signal.throwIfAborted();
  let conn: Deno.UnixConn;
  try {
    conn = await Deno.connect({ transport: "unix", path });
  } catch (cause) {
    throw new ConnectError(`Cannot connect to unix:${path}: ${reasonOf(cause)}`, { cause });
  }
  if (!signal.aborted) return new UnixLink(conn, "", path);
  conn.close();
  throw signal.reason;
}
