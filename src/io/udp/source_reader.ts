/**
 * Reads the text in which the runtime reports a datagram's sender into numbers, without allocating for IPv4.
 *
 * Invariant: what it reads equals what `DatagramAddress.parse` reads; that is the reference, and does the work for the
 * less common forms of IPv6, whose results are kept. The cache is emptied when it is full: what a sender can fill must
 * be bounded.
 *
 * @module
 */
import { DatagramAddress } from "../../wire/datagram_address.ts";

/** The most addresses of IPv6 whose numbers are kept. */
export const MAX_KEPT_COUNT = 1_024;
const MAPPED_PREFIX = 0xffff;
const MAPPED_TEXT = "::ffff:";

/** Reads senders' addresses. */
export class SourceReader {
  readonly #kept = new Map<string, Int32Array>();
  readonly #parsed = new DatagramAddress();

  /** How many addresses are kept. */
  get keptCount(): number {
    return this.#kept.size;
  }

  /**
   * Reads an address.
   *
   * @param hostname A numeric address.
   * @param port The port, 0 to 65535.
   * @param into Six words; overwritten when it is an address.
   * @returns Whether it is an address.
   */
  read(hostname: string, port: number, into: Int32Array): boolean {
    if (!readIpv4(hostname, 0, into)) {
      const isMapped = hostname.startsWith(MAPPED_TEXT) && readIpv4(hostname, MAPPED_TEXT.length, into);
      if (!isMapped && !this.#readAny(hostname, into)) return false;
    }
    into[4] = port;
    return true;
  }

  #readAny(hostname: string, into: Int32Array): boolean {
    let words = this.#kept.get(hostname);
    if (words === undefined) {
      if (!this.#parsed.parse(hostname, 0)) return false;
      if (this.#kept.size >= MAX_KEPT_COUNT) this.#kept.clear();
      words = this.#parsed.words.slice();
      this.#kept.set(hostname, words);
    }
    into.set(words);
    return true;
  }
}

function readIpv4(text: string, start: number, into: Int32Array): boolean {
  let word = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || dots === 3) return false;
      word = (word << 8) | part;
      part = digits = 0;
      dots++;
    } else {
      const digit = code - 0x30;
      if (digit < 0 || digit > 9 || digits === 3) return false;
      part = part * 10 + digit;
      if (part > 255) return false;
      digits++;
    }
  }
  if (dots !== 3 || digits === 0) return false;
  into[0] = into[1] = into[5] = 0;
  into[2] = MAPPED_PREFIX;
  into[3] = (word << 8) | part;
  return true;
}
