/**
 * One connection over a unix socket as a stream link: calls pass straight through to the runtime's socket.
 *
 * @module
 */
import type { StreamLink } from "../../transport/stream_link.ts";
import type { UnixAddress } from "../../transport/address.ts";

/** A stream link over a unix socket. */
export class UnixLink implements StreamLink {
  /** The address of this end. */
  readonly local: UnixAddress;
  /** The address of the other end. */
  readonly remote: UnixAddress;
  readonly #conn: Deno.UnixConn;

  /**
   * Takes a connection over. Why it is told the addresses: the runtime reports the name that a socket was bound under,
   * which is not the one that it has now.
   *
   * @param conn The connection; it belongs to the link from here on.
   * @param local The path of this end; empty for the connecting one.
   * @param remote The path of the other end; empty for the connecting one.
   */
  constructor(conn: Deno.UnixConn, local: string, remote: string) {
    this.#conn = conn;
    this.local = { transport: "unix", path: local };
    this.remote = { transport: "unix", path: remote };
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start; the link may write to it until the promise settles.
   * @returns How many bytes were read, or `null` at the end of the peer's stream. Rejects with the runtime's error when
   * the connection broke or was closed.
   */
  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  /**
   * Hands bytes to the kernel, waiting for room for at least one.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start. Rejects with the runtime's error when the connection broke or
   * was closed.
   */
  write(from: Uint8Array): Promise<number> {
    return this.#conn.write(from);
  }

  /**
   * Ends this side's stream after what was written; the peer's stream stays open.
   *
   * @returns When the kernel has been told. Rejects when the connection is closed.
   */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Closes both directions now; a pending call rejects. A second call does nothing. */
  close(): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }
}
