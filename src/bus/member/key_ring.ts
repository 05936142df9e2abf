/**
 * The keys of the mesh: one seals, at most four are accepted, so that a key is replaced without a restart.
 *
 * The key of a sender's datagrams is HKDF-Expand-Label(HKDF-Extract(label, mesh key), "bus gossip", boot id): each boot
 * of each node counts its nonces from 0 under a key that nobody else seals with. Invariant: no mesh key itself is kept.
 *
 * @module
 */
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, type AeadProvider, type PacketKey } from "../../crypto/aead.ts";
import { hkdfExpandLabel, hkdfExtract, sha256 } from "../../crypto/kdf.ts";
import { constantTimeEqual } from "../../bytes/constant_time.ts";
import { MisuseError, ResourceError } from "../../error/transport_error.ts";
import type { MachineTime } from "./machine_time.ts";

const MAX_KEYS = 4;
const MIN_KEY_BYTES = 16;
const TEXT = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** One accepted key. */
export interface MeshKey {
  /** What sender keys are derived from. */
  readonly secret: Uint8Array;
  /** The byte by which datagrams say that they are under it. */
  readonly id: number;
  /** The key that this boot seals with. */
  readonly own: PacketKey;
  /** When it is dropped. */
  expiresAt: number;
}

/** The key of an open mesh: a public constant, which keeps nobody out. */
export function openMeshKey(): Uint8Array {
  return sha256(TEXT.encode("ringwire open mesh"));
}

/** The mesh keys of one node. */
export class KeyRing {
  /** The key that seals is first. */
  readonly keys: MeshKey[] = [];
  readonly #aead: AeadProvider;
  readonly #time: MachineTime;
  readonly #bootId: Uint8Array;
  readonly #overlapMs: number;

  /**
   * Makes a ring.
   *
   * @param aead What seals.
   * @param time The machine's time.
   * @param bootId This boot.
   * @param overlapMs For how long a key that was replaced is accepted.
   * @param keys The mesh keys, the one that seals first.
   */
  constructor(
    aead: AeadProvider,
    time: MachineTime,
    bootId: Uint8Array,
    overlapMs: number,
    keys: readonly Uint8Array[],
  ) {
    this.#aead = aead;
    this.#time = time;
    this.#bootId = bootId;
    this.#overlapMs = overlapMs;
    for (const key of keys) this.install(key);
  }

  /**
   * Accepts a key besides the others.
   *
   * @param key At least 16 bytes; only read.
   * @throws {RangeError} When it is shorter.
   * @throws {ResourceError} When there are four already.
   */
  install(key: Uint8Array): void {
    const secret = secretOf(key);
    const present = this.#find(secret);
    if (present !== undefined) {
      present.expiresAt = Infinity;
      return;
    }
    if (this.keys.length >= MAX_KEYS) throw new ResourceError(`Cannot install a mesh key: there are ${MAX_KEYS}`);
    const id = hkdfExpandLabel(secret, "bus key id", NO_BYTES, 1)[0]!;
    this.keys.push({ secret, id, own: this.packetKey(secret, this.#bootId), expiresAt: Infinity });
  }

  /**
   * Seals with an installed key from now on.
   *
   * @param key The key.
   * @throws {MisuseError} When it is not installed.
   */
  use(key: Uint8Array): void {
    const next = this.#find(secretOf(key));
    if (next === undefined) throw new MisuseError("Cannot use a mesh key that is not installed");
    const former = this.keys[0]!;
    if (former === next) return;
    this.keys.splice(this.keys.indexOf(next), 1);
    this.keys.unshift(next);
    next.expiresAt = Infinity;
    former.expiresAt = this.#time.now + this.#overlapMs;
  }

  /**
   * Stops accepting a key.
   *
   * @param key The key; nothing happens where it is not installed.
   * @throws {MisuseError} When it is the one that seals.
   */
  remove(key: Uint8Array): void {
    const gone = this.#find(secretOf(key));
    if (gone === undefined) return;
    if (gone === this.keys[0]) throw new MisuseError("Cannot remove the mesh key that seals: use another one first");
    this.#drop(gone);
  }

  /** Drops the keys whose time is over. */
  prune(): void {
    for (const key of [...this.keys]) if (this.#time.now >= key.expiresAt) this.#drop(key);
  }

  /**
   * The key of a sender.
   *
   * @param secret Of the mesh key.
   * @param bootId 16 bytes of the sender; only read.
   * @returns A new packet key.
   */
  packetKey(secret: Uint8Array, bootId: Uint8Array): PacketKey {
    const material = hkdfExpandLabel(secret, "bus gossip", bootId, AEAD_KEY_BYTES + AEAD_NONCE_BYTES);
    const key = this.#aead.packetKey(material.subarray(0, AEAD_KEY_BYTES), material.subarray(AEAD_KEY_BYTES));
    material.fill(0);
    return key;
  }

  #find(secret: Uint8Array): MeshKey | undefined {
    return this.keys.find((key) => constantTimeEqual(key.secret, secret));
  }

  #drop(key: MeshKey): void {
    this.keys.splice(this.keys.indexOf(key), 1);
    key.own.destroy();
    key.secret.fill(0);
  }
}

function secretOf(key: Uint8Array): Uint8Array {
  if (!(key instanceof Uint8Array)) throw new TypeError("A mesh key must be a Uint8Array");
  if (key.length < MIN_KEY_BYTES) {
    throw new RangeError(`A mesh key must have at least ${MIN_KEY_BYTES} bytes: got ${key.length}`);
  }
  return hkdfExtract(TEXT.encode("ringwire bus mesh"), key);
}
