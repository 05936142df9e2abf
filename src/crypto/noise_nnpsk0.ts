/**
 * The handshake `Noise_NNpsk0_25519_ChaChaPoly_SHA256` (The Noise Protocol Framework, revision 34): two ends that share
 * a key and nothing else agree on fresh ones, with forward secrecy.
 *
 *     -> psk, e        ephemeral key (32) | sealed payload | tag (16)
 *     <- e, ee         ephemeral key (32) | sealed payload | tag (16)
 *
 * Invariants: synchronous; a message that does not open changes nothing that anybody sees and is never answered; each
 * key seals one text, so the nonce is always 0 (5.1). What follows the handshake is not a transport of Noise: the two
 * keys of `split` are secrets that the caller derives its own from.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { RandomSource } from "../random/random_source.ts";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadProvider } from "./aead.ts";
import { HASH_BYTES, hkdfExpand, hkdfExtract, sha256 } from "./kdf.ts";
import { KEY_EXCHANGE_BYTES, type KeyExchange, type KeyPair } from "./key_exchange.ts";

/** The length of the shared key. */
export const NOISE_PSK_BYTES = 32;

/** By how much a message is longer than its payload. */
export const NOISE_OVERHEAD_BYTES: number = KEY_EXCHANGE_BYTES + AEAD_TAG_BYTES;

/** The longest message (section 3). */
export const NOISE_MAX_MESSAGE_BYTES = 65_535;

/** The name is longer than a hash, so what counts is its hash (5.2). */
const PROTOCOL_HASH = sha256(new TextEncoder().encode("Noise_NNpsk0_25519_ChaChaPoly_SHA256"));
const NOTHING = new Uint8Array(0);
const NONCE_ZERO = new Uint8Array(AEAD_NONCE_BYTES);

const Step = { First: 0, Second: 1, Done: 2, Spent: 3 } as const;
type Step = (typeof Step)[keyof typeof Step];

/** What a handshake is made of. */
export interface NoiseSetup {
  /** Whether this end speaks first. */
  readonly isInitiator: boolean;
  /** What both ends must already agree on; only read. */
  readonly prologue: Uint8Array;
  /** The shared key, 32 bytes; only read. */
  readonly psk: Uint8Array;
  /** What seals. */
  readonly aead: AeadProvider;
  /** What agrees. */
  readonly keyExchange: KeyExchange;
  /** Where the ephemeral key comes from. */
  readonly random: RandomSource;
}

/** The secrets that a handshake ends in. */
export interface NoiseSecrets {
  /** 32 bytes for what this end sends; the caller's. */
  readonly send: Uint8Array;
  /** 32 bytes for what it receives; the caller's. */
  readonly receive: Uint8Array;
  /** The hash of all that was said, the same at both ends and in no other handshake; the caller's. */
  readonly handshakeHash: Uint8Array;
}

/**
 * One end of one handshake.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { systemAead } from "../io/system/system_aead.ts";
 * import { SystemRandom } from "../io/system/system_random.ts";
 * import { NobleKeyExchange } from "./noble_key_exchange.ts";
 * import { NoiseNnpsk0 } from "./noise_nnpsk0.ts";
 *
 * const common = {
 *   prologue: new Uint8Array(0),
 *   psk: new Uint8Array(32).fill(7),
 *   aead: systemAead(),
 *   keyExchange: new NobleKeyExchange(),
 *   random: new SystemRandom(),
 * };
 * const left = new NoiseNnpsk0({ ...common, isInitiator: true });
 * const right = new NoiseNnpsk0({ ...common, isInitiator: false });
 * assertEquals(right.readMessage(left.writeMessage(Uint8Array.of(1, 2))), Uint8Array.of(1, 2));
 * assertEquals(left.readMessage(right.writeMessage(Uint8Array.of(3))), Uint8Array.of(3));
 * assertEquals(left.split().send, right.split().receive);
 * ```
 */
export class NoiseNnpsk0 {
  readonly #setup: NoiseSetup;
  #step: Step = Step.First;
  #chainingKey: Uint8Array = PROTOCOL_HASH;
  #hash: Uint8Array = PROTOCOL_HASH;
  #key: Uint8Array = NOTHING;
  #own: KeyPair | undefined = undefined;
  #shared: Uint8Array = NOTHING;

  /**
   * Begins a handshake.
   *
   * @param setup What it is made of.
   * @throws {RangeError} When the shared key has another length.
   */
  constructor(setup: NoiseSetup) {
    if (setup.psk.length !== NOISE_PSK_BYTES) {
      throw new RangeError(`Cannot begin a handshake: the shared key has ${NOISE_PSK_BYTES} bytes`);
    }
    this.#setup = setup;
    this.#mixHash(setup.prologue);
    this.#mixKeyAndHash(setup.psk);
  }

  /**
   * Writes this end's message.
   *
   * @param payload What it carries; only read. In the first message the key alone protects it: no forward secrecy, and
   * anybody who saw it can send it again.
   * @returns The message; the caller's.
   * @throws {MisuseError} When it is not this end's turn.
   * @throws {RangeError} When it would be longer than {@linkcode NOISE_MAX_MESSAGE_BYTES}.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    this.#turn(this.#setup.isInitiator);
    const end = KEY_EXCHANGE_BYTES + payload.length;
    if (end + AEAD_TAG_BYTES > NOISE_MAX_MESSAGE_BYTES) {
      throw new RangeError(`Cannot write a handshake message with ${payload.length} bytes of payload`);
    }
    const own = this.#own ??= this.#setup.keyExchange.keyPair(this.#setup.random);
    const message = new Uint8Array(end + AEAD_TAG_BYTES);
    message.set(own.publicKey);
    message.set(payload, KEY_EXCHANGE_BYTES);
    this.#mixEphemeral(own.publicKey);
    if (this.#step === Step.Second) this.#mixShared();
    this.#seal(message, KEY_EXCHANGE_BYTES, end);
    this.#step = this.#step === Step.First ? Step.Second : Step.Done;
    return message;
  }

  /**
   * Reads the peer's message.
   *
   * @param message Whatever came; only read.
   * @returns The payload, the caller's; `undefined` when the peer has another key, another prologue, or is none. The
   * handshake is then over.
   * @throws {MisuseError} When it is this end's turn.
   */
  readMessage(message: Uint8Array): Uint8Array | undefined {
    this.#turn(!this.#setup.isInitiator);
    const isLast = this.#step === Step.Second;
    this.#step = Step.Spent;
    if (message.length < NOISE_OVERHEAD_BYTES || message.length > NOISE_MAX_MESSAGE_BYTES) return undefined;
    const peerKey = message.slice(0, KEY_EXCHANGE_BYTES);
    this.#mixEphemeral(peerKey);
    if (isLast) {
      if (!this.#agree(peerKey)) return undefined;
      this.#mixShared();
    }
    const payload = this.#open(message);
    if (payload === undefined) return undefined;
    // Why before the answer: only now can a point of low order, which a peer with the key may send, be refused.
    if (!isLast && !this.#agree(peerKey)) return undefined;
    this.#step = isLast ? Step.Done : Step.Second;
    return payload;
  }

  /**
   * Ends a complete handshake.
   *
   * @returns The secrets.
   * @throws {MisuseError} When it is not complete, or was ended.
   */
  split(): NoiseSecrets {
    if (this.#step !== Step.Done) throw new MisuseError("Cannot split: the handshake is not complete");
    this.#step = Step.Spent;
    const keys = hkdfExpand(hkdfExtract(this.#chainingKey, NOTHING), NOTHING, 2 * HASH_BYTES);
    const [first, second] = [keys.slice(0, HASH_BYTES), keys.slice(HASH_BYTES)];
    for (const secret of [keys, this.#chainingKey, this.#key]) secret.fill(0);
    const [send, receive] = this.#setup.isInitiator ? [first, second] : [second, first];
    return { send, receive, handshakeHash: this.#hash };
  }

  /** Checks whose turn it is: the initiator writes the first message and reads the second. */
  #turn(isFirst: boolean): void {
    if (this.#step !== (isFirst ? Step.First : Step.Second)) {
      throw new MisuseError("Cannot go on with the handshake: it is the other end's turn, or over");
    }
  }

  #mixHash(data: Uint8Array): void {
    const both = new Uint8Array(HASH_BYTES + data.length);
    both.set(this.#hash);
    both.set(data, HASH_BYTES);
    this.#hash = sha256(both);
  }

  #mixKey(material: Uint8Array): void {
    const keys = hkdfExpand(hkdfExtract(this.#chainingKey, material), NOTHING, 2 * HASH_BYTES);
    this.#chainingKey = keys.slice(0, HASH_BYTES);
    this.#key = keys.slice(HASH_BYTES);
  }

  #mixKeyAndHash(material: Uint8Array): void {
    const keys = hkdfExpand(hkdfExtract(this.#chainingKey, material), NOTHING, 3 * HASH_BYTES);
    this.#chainingKey = keys.slice(0, HASH_BYTES);
    this.#mixHash(keys.subarray(HASH_BYTES, 2 * HASH_BYTES));
    this.#key = keys.slice(2 * HASH_BYTES);
  }

  /** The token `e` where there is a shared key (9.2). */
  #mixEphemeral(publicKey: Uint8Array): void {
    this.#mixHash(publicKey);
    this.#mixKey(publicKey);
  }

  /** Computes what the token `ee` mixes in; says whether there is a secret. */
  #agree(peerKey: Uint8Array): boolean {
    const { keyExchange, random } = this.#setup;
    this.#own ??= keyExchange.keyPair(random);
    const secret = keyExchange.sharedSecret(this.#own.privateKey, peerKey);
    this.#own.privateKey.fill(0);
    this.#shared = secret ?? NOTHING;
    return secret !== undefined;
  }

  /** The token `ee`. */
  #mixShared(): void {
    this.#mixKey(this.#shared);
    this.#shared.fill(0);
  }

  #seal(message: Uint8Array, start: number, end: number): void {
    const work = new Uint8Array(HASH_BYTES + message.length - start);
    work.set(this.#hash);
    work.set(message.subarray(start, end), HASH_BYTES);
    const key = this.#setup.aead.packetKey(this.#key, NONCE_ZERO);
    key.seal(work, 0, HASH_BYTES, HASH_BYTES + end - start, 0);
    key.destroy();
    const sealed = work.subarray(HASH_BYTES);
    message.set(sealed, start);
    this.#mixHash(sealed);
  }

  #open(message: Uint8Array): Uint8Array | undefined {
    const sealed = message.subarray(KEY_EXCHANGE_BYTES);
    const work = new Uint8Array(HASH_BYTES + sealed.length);
    work.set(this.#hash);
    work.set(sealed, HASH_BYTES);
    const key = this.#setup.aead.packetKey(this.#key, NONCE_ZERO);
    const isAuthentic = key.open(work, 0, HASH_BYTES, work.length, 0);
    key.destroy();
    if (!isAuthentic) return undefined;
    this.#mixHash(sealed);
    return work.slice(HASH_BYTES, work.length - AEAD_TAG_BYTES);
  }
}
