/**
 * Connects by the runtime's own TLS, which checks the server's certificate: its chain, its name, its dates, its use.
 *
 * @module
 */
import { DenoTlsLink } from "./deno_tls_link.ts";
import { checkAlpn, connectRaw } from "./raw_connect.ts";
import type { TlsConnectConfig } from "./tls_connect_options.ts";

/**
 * Connects to a server that is known by its checked certificate.
 *
 * @param config Where to, and whom to trust.
 * @param signal Ends the attempt.
 * @returns The link. Rejects with the runtime's error.
 */
export async function openChecked(config: TlsConnectConfig, signal: AbortSignal): Promise<DenoTlsLink> {
  const conn = await (config.identity === undefined ? start(config, signal) : connect(config, signal));
  let isOpen = true;
  const close = (): void => {
    if (isOpen) conn.close();
    isOpen = false;
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    // It may have fired while the connection was being wrapped.
    signal.throwIfAborted();
    const { alpnProtocol } = await conn.handshake();
    signal.throwIfAborted();
    return new DenoTlsLink(conn, checkAlpn(config, alpnProtocol));
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

async function start(config: TlsConnectConfig, signal: AbortSignal): Promise<Deno.TlsConn> {
  const conn = await connectRaw(config, signal);
  try {
    return await Deno.startTls(conn, { hostname: config.serverName, ...options(config) });
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** With a certificate of the client's; only a call that connects by itself takes one, and it cannot be stopped. */
async function connect(config: TlsConnectConfig, signal: AbortSignal): Promise<Deno.TlsConn> {
  const { hostname, port, identity } = config;
  const connecting = Deno.connectTls({ hostname, port, ...identity!, ...options(config) });
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([connecting, aborted.promise]);
  } catch (error) {
    connecting.then((conn) => conn.close(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function options(
  { caCerts, alpnProtocols }: TlsConnectConfig,
): Pick<Deno.StartTlsOptions, "caCerts" | "alpnProtocols"> {
  return { caCerts: [...caCerts], ...alpnProtocols.length > 0 ? { alpnProtocols: [...alpnProtocols] } : {} };
}
