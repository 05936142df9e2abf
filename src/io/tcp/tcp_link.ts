/**
 * One TCP connection as a stream link: calls pass straight through to the runtime's socket and return its promises.
 *
 * Invariant: nothing is allocated per call here, and an idle link holds no address record until somebody asks.
 *
 * @module
 */
import type { TcpAddress } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";
import { tcpAddress } from "./tcp_address.ts";

/** How the kernel treats a connection. */
export interface TcpLinkOptions {
  /** Whether a small write goes out at once instead of waiting for the acknowledgement of the one before. */
  readonly noDelay: boolean;
  /** Whether the kernel probes an idle connection, at its own intervals, and breaks it when nobody answers. */
  readonly keepAlive: boolean;
}

/**
 * A stream link over a TCP connection.
 *
 * @example
 * ```ts ignore
 * const link = new TcpLink(await Deno.connect({ port: 5555 }), { noDelay: true, keepAlive: true });
 * await link.write(new TextEncoder().encode("hello"));
 * link.close();
 * ```
 */
export class TcpLink implements StreamLink {
  readonly #conn: Deno.TcpConn;
  #local: TcpAddress | undefined;
  #remote: TcpAddress | undefined;

  /**
   * Takes a connection over and sets its options.
   *
   * @param conn The connection; it belongs to the link from here on.
   * @param options How the kernel treats it.
   */
  constructor(conn: Deno.TcpConn, options: TcpLinkOptions) {
    this.#conn = conn;
    try {
      conn.setNoDelay(options.noDelay);
      if (options.keepAlive) conn.setKeepAlive(true);
    } catch {
      // Some systems refuse options on a connection that the peer has reset already: the first read reports that.
    }
  }

  /** The address of this end. */
  get local(): TcpAddress {
    return this.#local ??= tcpAddress(this.#conn.localAddr);
  }

  /** The address of the other end; a peer that came by IPv4 has an IPv4 address here. */
  get remote(): TcpAddress {
    return this.#remote ??= tcpAddress(this.#conn.remoteAddr);
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start; the link may write to it until the promise settles.
   * @returns How many bytes were read, or `null` at the end of the peer's stream. Rejects with the runtime's error
   * when the connection broke or was closed.
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
