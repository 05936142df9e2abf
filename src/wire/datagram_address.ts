/**
 * The address of a datagram as seven numbers, so that machines compare, hash and copy it without a string.
 *
 * IPv4 addresses stand in their mapped form (RFC 4291 section 2.5.5.2): an address that a dual-stack socket reports as
 * `::ffff:1.2.3.4` equals `1.2.3.4`. Invariant: what does not parse leaves the record unchanged.
 * Why a class over an `Int32Array`: one record is reused for every datagram of a driver and kept by value elsewhere.
 *
 * ```text
 * words: | 0 … 3: the 128-bit address, big-endian | 4: port | 5: zone (RFC 4007), 0: none |
 * ```
 *
 * @module
 */

/** How many words an address has. */
export const ADDRESS_WORDS = 6;

/** How many bytes an address takes where it is written: 16 of the address, 2 of the port, 4 of the zone. */
export const ADDRESS_BYTES = 22;

const MAPPED_PREFIX = 0xffff;

/**
 * One datagram address, reused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const address = new DatagramAddress();
 * assertEquals(address.parse("::ffff:192.0.2.7", 4433), true);
 * assertEquals([address.hostname, address.port], ["192.0.2.7", 4433]);
 * ```
 */
export class DatagramAddress {
  /** The numbers; see the module. Written by {@linkcode DatagramAddress.parse} or by whoever has them as numbers. */
  readonly words: Int32Array = new Int32Array(ADDRESS_WORDS);

  /** The port, 0 to 65535. */
  get port(): number {
    return this.words[4]!;
  }

  /** The numeric address as text: IPv4 in its own form, IPv6 in full lower-case groups without leading zeros. */
  get hostname(): string {
    const { words } = this;
    if (words[0] === 0 && words[1] === 0 && words[2] === MAPPED_PREFIX) {
      const low = words[3]!;
      return `${low >>> 24}.${(low >>> 16) & 0xff}.${(low >>> 8) & 0xff}.${low & 0xff}`;
    }
    const groups: string[] = [];
    for (let i = 0; i < 8; i++) groups.push(((words[i >> 1]! >>> (i % 2 === 0 ? 16 : 0)) & 0xffff).toString(16));
    return words[5] === 0 ? groups.join(":") : `${groups.join(":")}%${words[5]}`;
  }

  /**
   * Takes over an address in text.
   *
   * @param hostname A numeric IPv4 or IPv6 address, without brackets; a zone must be a number (`fe80::1%2`).
   * @param port The port, 0 to 65535.
   * @returns Whether it is such an address; if not, the record is unchanged.
   */
  parse(hostname: string, port: number): boolean {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) return false;
    const parsed = hostname.includes(":") ? parseIpv6(hostname) : parseIpv4(hostname);
    if (parsed === undefined) return false;
    this.words.set(parsed);
    this.words[4] = port;
    return true;
  }

  /**
   * Takes over another address.
   *
   * @param other The address to copy.
   */
  copyFrom(other: DatagramAddress): void {
    this.words.set(other.words);
  }

  /**
   * Whether both name the same host and port.
   *
   * @param other The address to compare with.
   * @returns Whether all words are the same.
   */
  equals(other: DatagramAddress): boolean {
    return this.sameHost(other) && this.words[4] === other.words[4];
  }

  /**
   * Whether both name the same host, whatever the port.
   *
   * @param other The address to compare with.
   * @returns Whether all words but the port are the same.
   */
  sameHost(other: DatagramAddress): boolean {
    const a = this.words;
    const b = other.words;
    return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && a[5] === b[5];
  }

  /**
   * Writes the address.
   *
   * @param into The memory; {@linkcode ADDRESS_BYTES} bytes from `at` are overwritten.
   * @param at Where it starts.
   */
  encode(into: Uint8Array, at: number): void {
    const { words } = this;
    for (let i = 0; i < 16; i++) into[at + i] = words[i >> 2]! >>> (24 - (i & 3) * 8);
    into[at + 16] = words[4]! >>> 8;
    into[at + 17] = words[4]!;
    for (let i = 0; i < 4; i++) into[at + 18 + i] = words[5]! >>> (24 - i * 8);
  }

  /**
   * Reads an address that {@linkcode DatagramAddress.encode} wrote.
   *
   * @param from The memory; it must hold {@linkcode ADDRESS_BYTES} bytes from `at`.
   * @param at Where it starts.
   */
  decode(from: Uint8Array, at: number): void {
    const { words } = this;
    for (let i = 0; i < 4; i++) words[i] = readInt32(from, at + i * 4);
    words[4] = (from[at + 16]! << 8) | from[at + 17]!;
    words[5] = readInt32(from, at + 18);
  }
}

function readInt32(from: Uint8Array, at: number): number {
  return (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!;
}

/** The words without the port, or `undefined`. */
function parseIpv4(text: string): Int32Array | undefined {
  const low = ipv4Word(text);
  return low === undefined ? undefined : Int32Array.of(0, 0, MAPPED_PREFIX, low, 0, 0);
}

function ipv4Word(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((word, part) => (word << 8) | Number(part), 0);
}

function parseIpv6(text: string): Int32Array | undefined {
  const [host = "", zoneText, ...more] = text.split("%");
  if (more.length > 0 || zoneText !== undefined && !/^\d{1,9}$/.test(zoneText)) return undefined;
  const halves = host.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words = new Int32Array(ADDRESS_WORDS);
  groups.forEach((group, i) => words[i >> 1] = words[i >> 1]! | (group << (i % 2 === 0 ? 16 : 0)));
  words[5] = Number(zoneText ?? 0);
  return words;
}

/** The 16-bit groups of one side of `::`; the last may be an IPv4 address where it ends the whole. */
function groupsOf(text: string, endsWhole: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const word = endsWhole && i === parts.length - 1 && part.includes(".") ? ipv4Word(part) : undefined;
    if (word !== undefined) groups.push(word >>> 16, word & 0xffff);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number(`0x${part}`));
    else return undefined;
  }
  return groups;
}
