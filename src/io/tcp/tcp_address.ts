/**
 * How the runtime's addresses and errors read in this package.
 *
 * Why IPv4-mapped IPv6 addresses are taken back to IPv4: one peer must count as one address, whichever kind of socket
 * it came in by (RFC 4291 section 2.5.5.2).
 *
 * @module
 */
import type { TcpAddress } from "../../transport/address.ts";

/**
 * A TCP address as a plain value.
 *
 * @param address What the runtime reports of a socket.
 * @returns The same; `::ffff:192.0.2.1` becomes `192.0.2.1`.
 */
export function tcpAddress(address: { readonly hostname: string; readonly port: number }): TcpAddress {
  return { transport: "tcp", hostname: unmapped(address.hostname), port: address.port };
}

/**
 * The reason inside an error of the operating system, to stand behind a colon.
 *
 * @param error What was thrown, by the runtime's sockets or by those of `node:net`.
 * @returns For example `connection refused`, without the number or the name of the error and without the address.
 */
export function failureReason(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replace(/ \(os error -?\d+\)$/, "")
    .replace(/^listen E[A-Z0-9]+: (.+) \S+$/, "$1");
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}

function unmapped(hostname: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(hostname) ? hostname.slice("::ffff:".length) : hostname;
}
