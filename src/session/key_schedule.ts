/**
 * From secrets to packet keys (STANDARD.md, section 11; modelled on RFC 8446 section 7.1 and RFC 9001 sections 5 and 6).
 *
 * Every derivation is HKDF-Expand-Label over SHA-256 with a label of its own. Invariant: the two directions, the phases
 * of each, early data and every session have different keys, because each enters the derivation.
 *
 * ```text
 *   TLS:          client secret ── "client" ──▶ traffic secret of the client     context: hash of both hellos
 *                 server secret ── "server" ──▶ traffic secret of the server
 *   resumption:   early root = Extract(salt: client random, ticket secret)
 *                 early root ── "early" ──▶ early secret                         context: hash of the first flight
 *                 main = Extract(salt: early root ── "derived", X25519)
 *                 main ── "client", "server" ──▶ traffic secrets                 context: hash of first flight and reply
 *   every phase:  traffic secret ── "key" ──▶ key, "iv" ──▶ IV, "next" ──▶ traffic secret of the next phase
 * ```
 *
 * @module
 */
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, type AeadProvider, type PacketKey } from "../crypto/aead.ts";
import { hkdfExpandLabel, hkdfExtract, sha256 } from "../crypto/kdf.ts";
import { SECRET_BYTES } from "../wire/session_frame.ts";

const NO_CONTEXT = new Uint8Array(0);

/** The traffic secrets of the first phase of both directions. */
export interface TrafficSecrets {
  /** Of the packets that the client sends. */
  readonly client: Uint8Array;
  /** Of the packets that the server sends. */
  readonly server: Uint8Array;
}

/**
 * Makes the packet key of a phase.
 *
 * @param aead The provider.
 * @param secret The traffic secret; only read.
 * @returns The key.
 */
export function packetKeyOf(aead: AeadProvider, secret: Uint8Array): PacketKey {
  const key = hkdfExpandLabel(secret, "key", NO_CONTEXT, AEAD_KEY_BYTES);
  const iv = hkdfExpandLabel(secret, "iv", NO_CONTEXT, AEAD_NONCE_BYTES);
  const made = aead.packetKey(key, iv);
  key.fill(0);
  iv.fill(0);
  return made;
}

/**
 * Derives the traffic secret of the next phase.
 *
 * @param secret The traffic secret of a phase; only read.
 * @returns 32 bytes from which the former cannot be found.
 */
export function nextSecret(secret: Uint8Array): Uint8Array {
  return hkdfExpandLabel(secret, "next", NO_CONTEXT, SECRET_BYTES);
}

/**
 * Derives the traffic secrets of a session that TLS began.
 *
 * @param clientSecret What the server drew for the client's packets.
 * @param serverSecret What it drew for its own.
 * @param clientHello The client's whole record.
 * @param serverHello The server's whole record.
 * @returns The traffic secrets.
 */
export function helloSecrets(
  clientSecret: Uint8Array,
  serverSecret: Uint8Array,
  clientHello: Uint8Array,
  serverHello: Uint8Array,
): TrafficSecrets {
  const hash = hashOf(clientHello, serverHello);
  return {
    client: hkdfExpandLabel(clientSecret, "client", hash, SECRET_BYTES),
    server: hkdfExpandLabel(serverSecret, "server", hash, SECRET_BYTES),
  };
}

/**
 * Derives the root of a resumption.
 *
 * @param ticketSecret What both ends kept of the session before.
 * @param clientRandom What the client drew for this attempt.
 * @returns 32 bytes.
 */
export function earlyRoot(ticketSecret: Uint8Array, clientRandom: Uint8Array): Uint8Array {
  return hkdfExtract(clientRandom, ticketSecret);
}

/**
 * Derives the secret under which a first flight is sealed.
 *
 * @param root The root of the resumption.
 * @param firstFlight The transcript of the first flight.
 * @returns 32 bytes.
 */
export function earlySecret(root: Uint8Array, firstFlight: Uint8Array): Uint8Array {
  return hkdfExpandLabel(root, "early", sha256(firstFlight), SECRET_BYTES);
}

/**
 * Derives the proof with which a client names an attempt in its hello.
 *
 * @param root The root of the resumption.
 * @returns 32 bytes.
 */
export function referenceProof(root: Uint8Array): Uint8Array {
  return hkdfExpandLabel(root, "reference", NO_CONTEXT, SECRET_BYTES);
}

/**
 * Derives the traffic secrets of a resumed session.
 *
 * @param root The root of the resumption.
 * @param shared What X25519 gave.
 * @param firstFlight The transcript of the first flight.
 * @param reply The transcript of the reply.
 * @returns The traffic secrets.
 */
export function resumedSecrets(
  root: Uint8Array,
  shared: Uint8Array,
  firstFlight: Uint8Array,
  reply: Uint8Array,
): TrafficSecrets {
  const salt = hkdfExpandLabel(root, "derived", NO_CONTEXT, SECRET_BYTES);
  const main = hkdfExtract(salt, shared);
  const hash = hashOf(firstFlight, reply);
  const client = hkdfExpandLabel(main, "client", hash, SECRET_BYTES);
  const server = hkdfExpandLabel(main, "server", hash, SECRET_BYTES);
  salt.fill(0);
  main.fill(0);
  return { client, server };
}

function hashOf(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return sha256(both);
}
