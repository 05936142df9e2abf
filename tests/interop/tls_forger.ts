/**
 * A server of TLS 1.3 that shows any certificate and signs with any key: the one who has copied a certificate and not
 * its key. Only what a handshake takes (RFC 8446 sections 4 and 7): X25519, AES-128-GCM, SHA-256, ECDSA over P-256.
 *
 * @module
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { createPublicKey } from "node:crypto";
import { concat } from "@std/bytes";

const encoder = new TextEncoder();

const Handshake = {
  ServerHello: 2,
  EncryptedExtensions: 8,
  Certificate: 11,
  CertificateVerify: 15,
  Finished: 20,
} as const;
const Content = { ChangeCipherSpec: 20, Handshake: 22, ApplicationData: 23 } as const;
const KEY_SHARE = 51;
const SUPPORTED_VERSIONS = 43;
const X25519 = 0x001d;
const HASH_BYTES = 32;

/**
 * Makes one handshake, as far as a server speaks.
 *
 * @param conn The connection of a client.
 * @param certificate The certificate that is shown, DER.
 * @param privateKey The key that signs.
 */
export async function forgeHandshake(conn: Deno.Conn, certificate: Uint8Array, privateKey: KeyObject): Promise<void> {
  const hello = await readMessage(conn);
  const { sessionId, share } = parseClientHello(hello);
  const pair = generateKeyPairSync("x25519");
  const publicKey = rawPublicKey(pair.publicKey);
  const serverHello = message(
    Handshake.ServerHello,
    Uint8Array.of(3, 3),
    crypto.getRandomValues(new Uint8Array(32)),
    Uint8Array.of(sessionId.length),
    sessionId,
    Uint8Array.of(0x13, 0x01, 0),
    block(
      2,
      number(2, SUPPORTED_VERSIONS),
      block(2, number(2, 0x0304)),
      number(2, KEY_SHARE),
      block(2, number(2, X25519), block(2, publicKey)),
    ),
  );
  await writeAll(conn, record(Content.Handshake, serverHello));
  await writeAll(conn, record(Content.ChangeCipherSpec, Uint8Array.of(1)));
  const secret = diffieHellman({ privateKey: pair.privateKey, publicKey: publicKeyOf(share) });
  const trafficSecret = serverHandshakeSecret(secret, [hello, serverHello]);
  const flight = [
    message(Handshake.EncryptedExtensions, block(2)),
    message(Handshake.Certificate, Uint8Array.of(0), block(3, block(3, certificate), block(2))),
  ];
  const soFar = (): Uint8Array => hash([hello, serverHello, ...flight]);
  flight.push(message(Handshake.CertificateVerify, number(2, 0x0403), block(2, signTranscript(soFar(), privateKey))));
  flight.push(
    message(Handshake.Finished, hmac(expand(trafficSecret, "finished", new Uint8Array(0), HASH_BYTES), soFar())),
  );
  await writeAll(conn, seal(trafficSecret, concat(flight)));
}

/** What a server signs (RFC 8446 section 4.4.3). */
function signTranscript(transcript: Uint8Array, privateKey: KeyObject): Uint8Array {
  const context = encoder.encode("TLS 1.3, server CertificateVerify");
  return sign("sha256", concat([new Uint8Array(64).fill(0x20), context, Uint8Array.of(0), transcript]), privateKey);
}

/** The key schedule down to the secret that the server's handshake messages are sealed with. */
function serverHandshakeSecret(shared: Uint8Array, transcript: Uint8Array[]): Uint8Array {
  const zeros = new Uint8Array(HASH_BYTES);
  const early = hmac(zeros, zeros);
  const handshake = hmac(expand(early, "derived", hash([]), HASH_BYTES), shared);
  return expand(handshake, "s hs traffic", hash(transcript), HASH_BYTES);
}

/** Seals the first record under a traffic secret. */
function seal(secret: Uint8Array, messages: Uint8Array): Uint8Array {
  const [key, iv] = [expand(secret, "key", new Uint8Array(0), 16), expand(secret, "iv", new Uint8Array(0), 12)];
  const plaintext = concat([messages, Uint8Array.of(Content.Handshake)]);
  const header = concat([Uint8Array.of(Content.ApplicationData, 3, 3), number(2, plaintext.length + 16)]);
  const cipher = createCipheriv("aes-128-gcm", key, iv);
  cipher.setAAD(header);
  return concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function expand(secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
  const info = concat([number(2, length), block(1, encoder.encode(`tls13 ${label}`)), block(1, context)]);
  return hmac(secret, concat([info, Uint8Array.of(1)])).subarray(0, length);
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac("sha256", key).update(data).digest());
}

function hash(messages: readonly Uint8Array[]): Uint8Array {
  const sha = createHash("sha256");
  for (const one of messages) sha.update(one);
  return Uint8Array.from(sha.digest());
}

function message(type: number, ...parts: Uint8Array[]): Uint8Array {
  return concat([Uint8Array.of(type), block(3, ...parts)]);
}

function record(type: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(type, 3, 3), block(2, content)]);
}

/** Parts behind their length. */
function block(lengthBytes: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concat(parts);
  return concat([number(lengthBytes, content.length), content]);
}

function number(bytes: number, value: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => value >>> (8 * (bytes - 1 - i)));
}

/** The first message of the handshake, whole. */
async function readMessage(conn: Deno.Conn): Promise<Uint8Array> {
  const header = await readExactly(conn, 5);
  return await readExactly(conn, header[3]! * 256 + header[4]!);
}

async function readExactly(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error("The client hung up");
    at += count;
  }
  return bytes;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function parseClientHello(hello: Uint8Array): { readonly sessionId: Uint8Array; readonly share: Uint8Array } {
  const view = new DataView(hello.buffer, hello.byteOffset, hello.length);
  let at = 4 + 2 + 32;
  const sessionId = hello.slice(at + 1, at + 1 + hello[at]!);
  at += 1 + sessionId.length;
  at += 2 + view.getUint16(at);
  at += 1 + hello[at]!;
  for (at += 2; at < hello.length; at += 4 + view.getUint16(at + 2)) {
    if (view.getUint16(at) !== KEY_SHARE) continue;
    const end = at + 6 + view.getUint16(at + 4);
    for (let entry = at + 6; entry < end; entry += 4 + view.getUint16(entry + 2)) {
      if (view.getUint16(entry) === X25519) return { sessionId, share: hello.slice(entry + 4, entry + 36) };
    }
  }
  throw new Error("The client offers no X25519");
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return Uint8Array.from(key.export({ type: "spki", format: "der" })).subarray(-32);
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  const head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
  return createPublicKey({ key: Uint8Array.of(...head, ...raw) as never, format: "der", type: "spki" });
}
