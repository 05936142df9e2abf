/**
 * The connecting side of TLS: reaches a server, knows it or refuses it, and gives up in time.
 *
 * Why two ways inside: a server that is known by a checked certificate is reached by the runtime's own TLS, which
 * checks by RFC 5280 and nothing less (checked_client.ts). `node:tls` of the same runtime takes any certificate of
 * X.509 version 1 whose issuer has the name of an authority, whoever signed it, and skips the proof of the private key
 * with it; so it only serves where the certificate itself is known or nobody asks (pinned_client.ts). Invariant: no
 * link is handed out, and no byte of the caller is sent, before the server is known.
 *
 * @module
 */
import { TimeoutError, TransportError } from "../../error/transport_error.ts";
import { formatAddress, type TcpAddress } from "../../transport/address.ts";
import { openChecked } from "./checked_client.ts";
import { openPinned } from "./pinned_client.ts";
import { resolveTlsConnectOptions, type TlsConnectConfig, type TlsConnectOptions } from "./tls_connect_options.ts";
import { connectFailure } from "./tls_failure.ts";
import type { TlsLink } from "./tls_link.ts";

/**
 * Connects to a TLS server.
 *
 * @param options Where to, and how the server is known.
 * @param signal Ends the attempt; the promise then rejects with the signal's reason.
 * @returns The link. Rejects with `AuthenticationError` when the server is not who it should be or refuses this
 * client's certificate, with `TimeoutError` when it takes too long, and with `ConnectError` otherwise. A server of
 * TLS 1.3 that refuses a client's certificate may say so only at the first read, or just end.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of range.
 * @example
 * ```ts ignore
 * const link = await connectTls({ hostname: "game.example", port: 7778, pin: "5f…c1" });
 * console.log(link.remote, link.facts.alpnProtocol);
 * ```
 */
export function connectTls(options: TlsConnectOptions, signal?: AbortSignal): Promise<TlsLink> {
  return openTlsLink(resolveTlsConnectOptions(options), signal);
}

/**
 * Connects to a TLS server with options that were checked.
 *
 * @param config Where to, and how the server is known.
 * @param signal Ends the attempt.
 * @returns The link; rejects as {@linkcode connectTls} does.
 */
export async function openTlsLink(config: TlsConnectConfig, signal?: AbortSignal): Promise<TlsLink> {
  signal?.throwIfAborted();
  const target: TcpAddress = { transport: "tcp", hostname: config.hostname, port: config.port };
  const attempt = new AbortController();
  const giveUp = (): void => {
    attempt.abort(new TimeoutError(`Cannot connect to ${formatAddress(target)}: not within ${config.timeoutMs} ms`));
  };
  const stop = (): void => attempt.abort(signal!.reason);
  const timer = setTimeout(giveUp, config.timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const isChecked = config.pins.length === 0 && !config.dangerouslyAcceptAnyCertificate;
    return await (isChecked ? openChecked(config, attempt.signal) : openPinned(config, attempt.signal));
  } catch (cause) {
    if (attempt.signal.aborted) throw attempt.signal.reason;
    throw cause instanceof TransportError ? cause : connectFailure(target, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
