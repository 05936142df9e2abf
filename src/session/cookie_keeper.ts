/**
 * Cookies: the proof that a client receives at the address that it sends from, without state (RFC 9000 section 8.1.2).
 *
 * Invariant: a cookie holds for one address, one client id and one random, and for a short time; its key is drawn at
 * start and never leaves the process.
 *
 * ```text
 *  0                  8                     24
 *  +------------------+---------------------+
 *  | issued at, in µs | first 16 bytes of   |
 *  | uint64           | HMAC-SHA-256        |
 *  +------------------+---------------------+
 *    HMAC over: issued at | address | client's id | client's random
 * ```
 *
 * @module
 */
import { constantTimeEqual } from "../bytes/constant_time.ts";
import { hmacSha256 } from "../crypto/kdf.ts";
import type { RandomSource } from "../random/random_source.ts";
import type { Clock } from "../time/clock.ts";
import { ADDRESS_BYTES, type DatagramAddress } from "../wire/datagram_address.ts";
import { COOKIE_BYTES, type FirstFlightReader } from "../wire/first_flight.ts";
import { decodeNumber, encodeNumber, encodeWord } from "../wire/packet_header.ts";
import { SECRET_BYTES } from "../wire/session_frame.ts";

const TIME_BYTES = 8;
const MAC_BYTES = COOKIE_BYTES - TIME_BYTES;
const ID_AT = TIME_BYTES + ADDRESS_BYTES;
const RANDOM_AT = ID_AT + 8;

/** Makes and checks cookies. */
export class CookieKeeper {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #key = new Uint8Array(SECRET_BYTES);
  readonly #input = new Uint8Array(RANDOM_AT + SECRET_BYTES);

  /**
   * Makes a keeper with a key of its own.
   *
   * @param clock The endpoint's clock.
   * @param random Where the key comes from.
   * @param lifetimeMs For how long a cookie holds.
   */
  constructor(clock: Clock, random: RandomSource, lifetimeMs: number) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    random.fillSecret(this.#key);
  }

  /**
   * Makes a cookie.
   *
   * @param flight The first flight that is to be repeated with it.
   * @param address Where that came from.
   * @returns New memory with the cookie.
   */
  make(flight: FirstFlightReader, address: DatagramAddress): Uint8Array {
    const cookie = new Uint8Array(COOKIE_BYTES);
    encodeNumber(cookie, 0, Math.floor(this.#clock.now * 1000));
    cookie.set(this.#macOf(cookie, flight, address), TIME_BYTES);
    return cookie;
  }

  /**
   * Checks a cookie.
   *
   * @param cookie What the client repeats.
   * @param flight The first flight that it came with.
   * @param address Where that came from.
   * @returns Whether this keeper made it for these, not too long ago.
   */
  isValid(cookie: Uint8Array, flight: FirstFlightReader, address: DatagramAddress): boolean {
    const mac = this.#macOf(cookie, flight, address);
    if (!constantTimeEqual(mac, cookie.subarray(TIME_BYTES))) return false;
    return this.#clock.now - decodeNumber(cookie, 0) / 1000 <= this.#lifetimeMs;
  }

  #macOf(cookie: Uint8Array, flight: FirstFlightReader, address: DatagramAddress): Uint8Array {
    const input = this.#input;
    input.set(cookie.subarray(0, TIME_BYTES));
    address.encode(input, TIME_BYTES);
    encodeWord(input, ID_AT, flight.idHigh);
    encodeWord(input, ID_AT + 4, flight.idLow);
    input.set(flight.random, RANDOM_AT);
    return hmacSha256(this.#key, input).subarray(0, MAC_BYTES);
  }
}
