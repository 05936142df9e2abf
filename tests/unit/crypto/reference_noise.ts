/**
 * `Noise_NNpsk0_25519_ChaChaPoly_SHA256` written down as sections 5 and 9 of the Noise specification say it, on the
 * primitives of another library: the reference that ours is held equal to.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The objects `SymmetricState` and `CipherState` in one. */
class SymmetricState {
  ck: Uint8Array;
  h: Uint8Array;
  #k = new Uint8Array(32);
  #n = 0;

  constructor(name: string) {
    this.h = this.ck = sha256(new TextEncoder().encode(name));
  }

  hkdf(material: Uint8Array, outputs: number): Uint8Array[] {
    const temp = hmac(sha256, this.ck, material);
    const all: Uint8Array[] = [];
    for (let i = 1; i <= outputs; i++) {
      all.push(hmac(sha256, temp, concat(all.at(-1) ?? new Uint8Array(0), Uint8Array.of(i))));
    }
    return all;
  }

  mixKey(material: Uint8Array): void {
    [this.ck, this.#k] = this.hkdf(material, 2) as [Uint8Array, Uint8Array<ArrayBuffer>];
    this.#n = 0;
  }

  mixHash(data: Uint8Array): void {
    this.h = sha256(concat(this.h, data));
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [ck, hash, key] = this.hkdf(material, 3);
    this.ck = ck!;
    this.mixHash(hash!);
    this.#k = key as Uint8Array<ArrayBuffer>;
    this.#n = 0;
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setUint32(4, this.#n++, true);
    const sealed = chacha20poly1305(this.#k, nonce, this.h).encrypt(plaintext);
    this.mixHash(sealed);
    return sealed;
  }
}

/** All that a handshake says and ends in. */
export interface ReferenceHandshake {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly toResponder: Uint8Array;
  readonly toInitiator: Uint8Array;
}

/** Runs a handshake from both private keys. */
export function referenceHandshake(
  prologue: Uint8Array,
  psk: Uint8Array,
  initiatorKey: Uint8Array,
  responderKey: Uint8Array,
  payloads: readonly [Uint8Array, Uint8Array],
): ReferenceHandshake {
  const state = new SymmetricState("Noise_NNpsk0_25519_ChaChaPoly_SHA256");
  state.mixHash(prologue);
  const message = (privateKey: Uint8Array, payload: Uint8Array, shared?: Uint8Array): Uint8Array => {
    const e = x25519.getPublicKey(privateKey);
    state.mixHash(e);
    state.mixKey(e);
    if (shared !== undefined) state.mixKey(shared);
    return concat(e, state.encryptAndHash(payload));
  };
  state.mixKeyAndHash(psk);
  const first = message(initiatorKey, payloads[0]);
  const shared = x25519.getSharedSecret(responderKey, x25519.getPublicKey(initiatorKey));
  const second = message(responderKey, payloads[1], shared);
  const [toResponder, toInitiator] = state.hkdf(new Uint8Array(0), 2);
  return { first, second, handshakeHash: state.h, toResponder: toResponder!, toInitiator: toInitiator! };
}
