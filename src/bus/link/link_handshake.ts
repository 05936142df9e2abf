/**
 * The handshake of a link (../LINKS.md, "Handshake"): who dials whom, under a key of the mesh.
 *
 *     prologue:         "ringwire bus link" | version (1) | sealed (1)
 *     first payload:    node id (16) | boot id (16) | wanted node id, zeros for any (16)
 *     second payload:   node id (16) | boot id (16)
 *
 * Invariant: what does not open under one of the keys is answered by nothing, so that a node is invisible to whoever
 * has none of them.
 *
 * @module
 */
import { NoiseNnpsk0, type NoiseSecrets, type NoiseSetup } from "../../crypto/noise_nnpsk0.ts";
import { LinkCloseCode } from "./link_close_code.ts";
import { LinkCounter } from "./link_counters.ts";
import { HANDSHAKE_HEADER_BYTES } from "./link_record.ts";
import { NODE_ID_BYTES, type NodeLinkSetup } from "./link_setup.ts";

const VERSION = 1;
const PROLOGUE = new TextEncoder().encode("ringwire bus link");
const BOOT_AT = NODE_ID_BYTES;
const WANTED_AT = BOOT_AT + NODE_ID_BYTES;
const FIRST_BYTES = WANTED_AT + NODE_ID_BYTES;
const SECOND_BYTES = WANTED_AT;

/** One end of the handshake of one link. */
export class LinkHandshake {
  /** The peer's node id, once it is known. */
  peerNodeId: Uint8Array = new Uint8Array(0);
  /** Its boot id. */
  peerBootId: Uint8Array = new Uint8Array(0);
  readonly #setup: NodeLinkSetup;
  #noise: NoiseNnpsk0 | undefined = undefined;

  /** @param setup What the link is made of. */
  constructor(setup: NodeLinkSetup) {
    this.#setup = setup;
  }

  /**
   * Makes the dialler's message.
   *
   * @returns Header and message.
   */
  begin(): Uint8Array {
    const { self, dial, psks } = this.#setup;
    const payload = new Uint8Array(FIRST_BYTES);
    payload.set(self.nodeId);
    payload.set(self.bootId, BOOT_AT);
    if (dial?.nodeId !== undefined) payload.set(dial.nodeId, WANTED_AT);
    this.#noise = new NoiseNnpsk0(this.#noiseSetup(psks[0]!, true));
    return framed(this.#noise.writeMessage(payload));
  }

  /**
   * Reads the peer's message.
   *
   * @param message Whatever came; only read.
   * @returns Why the link must end; `undefined` when all is well.
   */
  read(message: Uint8Array): LinkCloseCode | undefined {
    const isDialer = this.#setup.dial !== undefined;
    const payload = isDialer ? this.#noise!.readMessage(message) : this.#readFirst(message);
    if (payload === undefined) return this.#refuse(LinkCounter.HandshakesRefused, LinkCloseCode.HandshakeFailed);
    if (payload.length !== (isDialer ? SECOND_BYTES : FIRST_BYTES)) {
      return this.#refuse(LinkCounter.HandshakesBad, LinkCloseCode.BadRecord);
    }
    this.peerNodeId = payload.subarray(0, BOOT_AT);
    this.peerBootId = payload.subarray(BOOT_AT, WANTED_AT);
    const fault = this.#judge(isDialer ? this.#setup.dial?.nodeId : payload.subarray(WANTED_AT));
    return fault === undefined ? undefined : this.#refuse(LinkCounter.HandshakesBad, fault);
  }

  /**
   * Makes the answer of the end that was dialled.
   *
   * @returns Header and message.
   */
  answer(): Uint8Array {
    const { self } = this.#setup;
    const payload = new Uint8Array(SECOND_BYTES);
    payload.set(self.nodeId);
    payload.set(self.bootId, BOOT_AT);
    return framed(this.#noise!.writeMessage(payload));
  }

  /**
   * Ends the handshake.
   *
   * @returns Its secrets.
   */
  split(): NoiseSecrets {
    return this.#noise!.split();
  }

  #readFirst(message: Uint8Array): Uint8Array | undefined {
    for (const psk of this.#setup.psks) {
      this.#noise = new NoiseNnpsk0(this.#noiseSetup(psk, false));
      const payload = this.#noise.readMessage(message);
      if (payload !== undefined) return payload;
    }
    return undefined;
  }

  /** Checks that the two ends are who they should be. */
  #judge(wanted: Uint8Array | undefined): LinkCloseCode | undefined {
    const { self, dial } = this.#setup;
    if (isEqual(this.peerNodeId, self.nodeId)) return LinkCloseCode.SameNode;
    if (wanted === undefined) return undefined;
    const isRight = isEqual(wanted, dial === undefined ? self.nodeId : this.peerNodeId);
    return isRight || (dial === undefined && wanted.every((byte) => byte === 0)) ? undefined : LinkCloseCode.WrongNode;
  }

  #noiseSetup(psk: Uint8Array, isInitiator: boolean): NoiseSetup {
    const { aead, keyExchange, random, isSealed } = this.#setup;
    const prologue = Uint8Array.of(...PROLOGUE, VERSION, isSealed ? 1 : 0);
    return { isInitiator, prologue, psk, aead, keyExchange, random };
  }

  #refuse(counter: number, code: LinkCloseCode): LinkCloseCode {
    this.#setup.counters.add(this.#setup.slot, counter, 1);
    return code;
  }
}

function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HANDSHAKE_HEADER_BYTES + message.length);
  frame[0] = message.length;
  frame[1] = message.length >>> 8;
  frame.set(message, HANDSHAKE_HEADER_BYTES);
  return frame;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
