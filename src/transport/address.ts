/**
 * Addresses as plain values: a driver makes them, nothing else takes them apart.
 *
 * @module
 */

/** A TCP address; `hostname` is the numeric form where it describes an open link. */
export interface TcpAddress {
  /** Which kind of address this is. */
  readonly transport: "tcp";
  /** A host name or a numeric IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** A UDP address; `hostname` is the numeric form where it describes an open link. */
export interface UdpAddress {
  /** Which kind of address this is. */
  readonly transport: "udp";
  /** A host name or a numeric IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** The address of a listener or a link inside one process. */
export interface MemoryAddress {
  /** Which kind of address this is. */
  readonly transport: "memory";
  /** The name that the listener chose; a connecting end has a generated one. */
  readonly name: string;
}

/** Where a link leads, or where a listener listens. */
export type Address = TcpAddress | UdpAddress | MemoryAddress;

/**
 * The part of an address that stands for the host: limits per address count by it.
 *
 * @param address Any address.
 * @returns The host name, or the name of a memory address.
 */
export function addressHost(address: Address): string {
  return address.transport === "memory" ? address.name : address.hostname;
}

/**
 * An address as people write it.
 *
 * @param address Any address.
 * @returns `127.0.0.1:5555`, `[::1]:5555` or `memory:name`.
 */
export function formatAddress(address: Address): string {
  if (address.transport === "memory") return `memory:${address.name}`;
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${host}:${address.port}`;
}

/**
 * A host as it is reported of a socket that speaks IPv4 and IPv6, in the form of the protocol that it came by.
 *
 * @param hostname A numeric address.
 * @returns The same; `::ffff:192.0.2.1` becomes `192.0.2.1` (RFC 4291 section 2.5.5.2).
 */
export function unmappedHost(hostname: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(hostname) ? hostname.slice("::ffff:".length) : hostname;
}
