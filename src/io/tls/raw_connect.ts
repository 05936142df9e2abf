/**
 * What both ways of connecting share: the TCP connection, and what becomes of the application protocol.
 *
 * @module
 */
import { ConnectError } from "../../error/transport_error.ts";
import { formatAddress } from "../../transport/address.ts";
import type { TlsConnectConfig } from "./tls_connect_options.ts";

/**
 * Opens the TCP connection below.
 *
 * @param config Where to, and how the kernel treats it.
 * @param signal Ends the attempt.
 * @returns The connection. Rejects with the runtime's error, or with the signal's reason.
 */
export async function connectRaw(config: TlsConnectConfig, signal: AbortSignal): Promise<Deno.TcpConn> {
  const { hostname, port, noDelay, keepAlive } = config;
  signal.throwIfAborted();
  const attempt = new AbortController();
  // Why a signal that never throws: the runtime asks it once more when the connection stands, and forgets an open
  // connection when it throws.
  attempt.signal.throwIfAborted = () => {};
  const stop = (): void => attempt.abort();
  signal.addEventListener("abort", stop, { once: true });
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname, port, signal: attempt.signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  try {
    signal.throwIfAborted();
    conn.setNoDelay(noDelay);
    if (keepAlive) conn.setKeepAlive(true);
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

/**
 * Checks the application protocol: a server that knows nothing of them answers without one (RFC 7301 section 3.2).
 *
 * @param config Which ones this end speaks.
 * @param agreed What the handshake came to.
 * @returns The protocol; `undefined` where this end asked for none.
 * @throws {ConnectError} When this end asked for some and it is none of them.
 */
export function checkAlpn(config: TlsConnectConfig, agreed: string | null | undefined | false): string | undefined {
  const { hostname, port, alpnProtocols } = config;
  if (alpnProtocols.length === 0) return undefined;
  if (typeof agreed === "string" && alpnProtocols.includes(agreed)) return agreed;
  const target = formatAddress({ transport: "tcp", hostname, port });
  throw new ConnectError(`Cannot connect to ${target}: the server speaks none of ${alpnProtocols.join(", ")}`);
}
