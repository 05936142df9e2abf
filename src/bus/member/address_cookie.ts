/**
 * Cookies: the proof that a boot receives at the address that it sends from, and that it speaks now (RFC 9000 section
 * 8.1.2); nothing is kept for them.
 *
 *     issued at, in ms (6) | first 16 bytes of HMAC-SHA-256 over: issued at | boot id | address
 *
 * Invariant: a cookie holds for one boot at one address for a short time; its key never leaves the process.
 *
 * @module
 */
import { constantTimeEqual } from "../../bytes/constant_time.ts";
import { hmacSha256 } from "../../crypto/kdf.ts";
import type { RandomSource } from "../../random/random_source.ts";
import { ADDRESS_BYTES, type DatagramAddress } from "../../wire/datagram_address.ts";
import { COOKIE_BYTES } from "./gossip_wire.ts";
import type { MachineTime } from "./machine_time.ts";

const LIFETIME_MS = 10_000;
const TIME_BYTES = 6;

/** Makes and checks cookies. */
export class AddressCookie {
  readonly #time: MachineTime;
  readonly #key = new Uint8Array(32);
  readonly #input = new Uint8Array(TIME_BYTES + 16 + ADDRESS_BYTES);

  /**
   * Draws a key.
   *
   * @param time The machine's time.
   * @param random Where the key comes from.
   */
  constructor(time: MachineTime, random: RandomSource) {
    this.#time = time;
    random.fillSecret(this.#key);
  }

  /**
   * Makes a cookie.
   *
   * @param boot The memory of the boot's id.
   * @param at Where it starts.
   * @param address Where the boot was heard from.
   * @returns New memory with the cookie.
   */
  make(boot: Uint8Array, at: number, address: DatagramAddress): Uint8Array {
    const cookie = new Uint8Array(COOKIE_BYTES);
    const now = Math.floor(this.#time.now);
    for (let i = 0, rest = now; i < TIME_BYTES; i++, rest = Math.floor(rest / 256)) cookie[TIME_BYTES - 1 - i] = rest;
    cookie.set(this.#macOf(cookie, boot, at, address), TIME_BYTES);
    return cookie;
  }

  /**
   * Checks a cookie.
   *
   * @param cookie What came back.
   * @param boot The memory of the boot's id.
   * @param at Where it starts.
   * @param address Where it came from.
   * @returns Whether it was made for these, not too long ago.
   */
  isValid(cookie: Uint8Array, boot: Uint8Array, at: number, address: DatagramAddress): boolean {
    if (!constantTimeEqual(this.#macOf(cookie, boot, at, address), cookie.subarray(TIME_BYTES))) return false;
    let issued = 0;
    for (let i = 0; i < TIME_BYTES; i++) issued = issued * 256 + cookie[i]!;
    return this.#time.now - issued <= LIFETIME_MS;
  }

  #macOf(cookie: Uint8Array, boot: Uint8Array, at: number, address: DatagramAddress): Uint8Array {
    const input = this.#input;
    for (let i = 0; i < TIME_BYTES; i++) input[i] = cookie[i]!;
    for (let i = 0; i < 16; i++) input[TIME_BYTES + i] = boot[at + i]!;
    address.encode(input, TIME_BYTES + 16);
    return hmacSha256(this.#key, input).subarray(0, COOKIE_BYTES - TIME_BYTES);
  }
}
