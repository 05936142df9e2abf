/**
 * The runtime's form of an address, text and port, for an address in numbers, without making it for every datagram.
 *
 * A table with one place for each value of a hash: whoever comes takes the place over. Invariants: memory is the same
 * for one destination and for a million; an entry never changes, so that it may be held on to. Why IPv4 keeps its own
 * form on a socket for both kinds where the system allows it: permissions are given for addresses as people write them.
 *
 * @module
 */
import { ADDRESS_WORDS, DatagramAddress } from "../../wire/datagram_address.ts";

const PLACES = 1_024;
const MAPPED_PREFIX = 0xffff;

/** What a socket can send to: only IPv4, or IPv6 and IPv4 as its text or as an IPv4-mapped address. */
export type Reach = "ipv4" | "both" | "mapped";

/** One destination; never changes. */
export interface UdpDestination {
  /** The address in numbers. */
  readonly words: Int32Array;
  /** The address as the runtime's sockets take it. */
  readonly address: Deno.NetAddr;
}

/** The destination of a slot that nothing was sent from yet. */
export const NOWHERE: UdpDestination = {
  words: new Int32Array(ADDRESS_WORDS),
  address: { transport: "udp", hostname: "0.0.0.0", port: 0 },
};

/**
 * Whether an address in numbers is one of IPv4.
 *
 * @param words The address.
 * @returns Whether it stands in the mapped form.
 */
export function isIpv4(words: Int32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED_PREFIX;
}

/** Destinations by address. */
export class DestinationCache {
  readonly #reach: Reach;
  readonly #places: UdpDestination[] = new Array(PLACES).fill(NOWHERE);
  #last = NOWHERE;

  /**
   * Makes an empty cache.
   *
   * @param reach What the socket can send to.
   */
  constructor(reach: Reach) {
    this.#reach = reach;
  }

  /**
   * The destination for an address.
   *
   * @param words The address; copied where it is kept.
   * @returns The destination; `undefined` when no datagram of the socket can go there.
   */
  find(words: Int32Array): UdpDestination | undefined {
    const port = words[4]!;
    if (port <= 0 || port > 0xffff) return undefined;
    if (isSame(this.#last.words, words)) return this.#last;
    const place = placeOf(words);
    let found = this.#places[place]!;
    if (!isSame(found.words, words)) {
      if (this.#reach === "ipv4" && !isIpv4(words)) return undefined;
      found = this.#places[place] = this.#make(words);
    }
    this.#last = found;
    return found;
  }

  #make(words: Int32Array): UdpDestination {
    const address = new DatagramAddress();
    for (let i = 0; i < ADDRESS_WORDS; i++) address.words[i] = words[i]!;
    const isMapped = this.#reach === "mapped" && isIpv4(words);
    const hostname = isMapped ? `::ffff:${address.hostname}` : address.hostname;
    return { words: address.words, address: { transport: "udp", hostname, port: address.port } };
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a[3] === b[3] && a[4] === b[4] && a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[5] === b[5];
}

/** Mixes the words; who chooses addresses that share a place wins nothing but that they are made anew. */
function placeOf(words: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < ADDRESS_WORDS; i++) hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) & (PLACES - 1);
}
