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

/** Where a unix socket lies. */
export interface UnixAddress {
  /** Which kind of address this is. */
  readonly transport: "unix";
  /** The path of the socket; empty for the connecting end, which has none. */
  readonly path: string;
}

/** Where a link leads, or where a listener listens. */
export type Address = TcpAddress | UdpAddress | MemoryAddress | UnixAddress;

/**
 * The part of an address that stands for the host: limits per address count by it.
 *
 * @param address Any address.
 * @returns The host name, the name of a memory address, or nothing for a unix socket, which is one host alone.
 */
export function addressHost(address: Address): string {
  if (address.transport === "unix") return "";
  return address.transport === "memory" ? address.name : address.hostname;
}

/**
 * An address as people write it.
 *
 * @param address Any address.
 * @returns `127.0.0.1:5555`, `[::1]:5555`, `memory:name` or `unix:/path`.
 */
export function formatAddress(address: Address): string {
  if (address.transport === "memory") return `memory:${address.name}`;
  if (address.transport === "unix") return `unix:${address.path}`;
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
