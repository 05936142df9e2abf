/**
 * One TLS connection of the runtime's own as a stream link: calls pass straight through and return its promises.
 *
 * @module
 */
import type { TcpAddress } from "../../transport/address.ts";
import { linkFailure } from "./tls_failure.ts";

import { tcpAddress, type TlsFacts, type TlsLink } from "./tls_link.ts";

/** A stream link over `Deno.TlsConn`. */
export class DenoTlsLink implements TlsLink {
  /** The address of this end. */
  readonly local: TcpAddress;
  /** The address that was reached. */
  readonly remote: TcpAddress;
  /** What the handshake told. */
  readonly facts: TlsFacts;
  readonly #conn: Deno.TlsConn;
  readonly #fail = (error: unknown): never => {
    throw linkFailure(this.remote, error);
  };

  /**
   * Takes a connection over.
   *
   * @param conn The connection, after its handshake; it belongs to the link from here on.
   * @param alpnProtocol The application protocol that was agreed on.
   */
  constructor(conn: Deno.TlsConn, alpnProtocol: string | undefined) {
    this.#conn = conn;
    this.local = tcpAddress(conn.localAddr as Deno.NetAddr);
    this.remote = tcpAddress(conn.remoteAddr as Deno.NetAddr);
    this.facts = { protocol: undefined, alpnProtocol, peerCertificate: undefined };
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param into Written from its start; the link may write to it until the promise settles.
   * @returns How many bytes were read, or `null` at the end of the peer's stream. Rejects with `AuthenticationError`
   * when the peer refused this end's certificate, and with the runtime's error when the connection broke, was cut short
   * or was closed here.
   */
  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into).catch(this.#fail);
  }

  /**
   * Encrypts bytes and hands them to the kernel, waiting for room.
   *
   * @param from Must not change until the promise settles.
   * @returns How many bytes were taken, from the start. Rejects with the runtime's error when the connection broke or
   * was closed.
   */
  write(from: Uint8Array): Promise<number> {
    return this.#conn.write(from).catch(this.#fail);
  }

  /**
   * Ends this side's stream after what was written; the peer's stream stays open.
   *
   * @returns When the kernel has been told. Rejects when the connection is closed.
   */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite().catch(this.#fail);
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
