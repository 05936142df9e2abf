/**
 * Pins: the SHA-256 of a whole certificate, by which a client knows a server that no authority vouches for.
 *
 * Why the whole certificate and not its public key: the runtime's `node:tls` skips the proof that the peer has the
 * private key where it cannot read the certificate around it, so that anybody could wrap a known public key in a
 * certificate of his own. The bytes of a pinned certificate are known; {@linkcode isReadable} sees to it that they are
 * of the kind for which the proof is asked.
 *
 * @module
 */
import { createHash } from "node:crypto";

const Tag = { Integer: 0x02, Sequence: 0x30, Version: 0xa0, Constructed: 0x20 } as const;
const VERSION_3 = 2;
const MAX_DEPTH = 16;

/**
 * The pin of a certificate.
 *
 * @param certificate Its DER, or one certificate in PEM.
 * @returns The SHA-256 of its DER: 64 hexadecimal digits in lower case.
 * @throws {TypeError} When a text holds no certificate.
 */
export function pinOf(certificate: Uint8Array | string): string {
  const der = typeof certificate === "string" ? certificatesOf(certificate)[0] : certificate;
  if (der === undefined) throw new TypeError("Cannot make a pin: the text holds no certificate in PEM");
  return createHash("sha256").update(der).digest("hex");
}

/**
 * Reads a pin as people write it.
 *
 * @param text 64 hexadecimal digits in either case, perhaps with colons between the bytes.
 * @returns The digits in lower case; `undefined` for any other text.
 */
export function parsePin(text: string): string | undefined {
  const hasColons = /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i.test(text);
  const digits = hasColons ? text.replaceAll(":", "") : text;
  return /^[0-9a-f]{64}$/i.test(digits) ? digits.toLowerCase() : undefined;
}

/**
 * The certificates in a text.
 *
 * @param text PEM, one block after the other; what lies between them is passed over.
 * @returns The DER of each in order; empty where there is none or one of them is damaged.
 */
export function certificatesOf(text: string): Uint8Array<ArrayBuffer>[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  try {
    return [...blocks].map(([, base64]) => Uint8Array.fromBase64(base64!.replace(/\s/g, "")));
  } catch {
    return [];
  }
}

/**
 * Whether a certificate is of version 3 and strict DER throughout: definite lengths, as short as can be, that add up.
 *
 * @param der The certificate.
 * @returns Whether it is; a certificate that is not may be one that the runtime takes without asking for the key.
 */
export function isReadable(der: Uint8Array): boolean {
  if (der[0] !== Tag.Sequence || !areElements(der, 0, der.length, 0)) return false;
  const [bodyAt] = contentOf(der, 0)!;
  if (bodyAt + contentOf(der, 0)![1] !== der.length || der[bodyAt] !== Tag.Sequence) return false;
  const [versionAt] = contentOf(der, bodyAt)!;
  if (der[versionAt] !== Tag.Version) return false;
  const [numberAt, versionLength] = contentOf(der, versionAt)!;
  return versionLength === 3 && der[numberAt] === Tag.Integer && der[numberAt + 1] === 1 &&
    der[numberAt + 2] === VERSION_3;
}

/** Whether a stretch is whole elements, those inside of them included. */
function areElements(der: Uint8Array, start: number, end: number, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  for (let at = start; at < end;) {
    const content = contentOf(der, at);
    if (content === undefined || content[0] + content[1] > end) return false;
    const [contentAt, length] = content;
    const isConstructed = (der[at]! & Tag.Constructed) !== 0;
    if (isConstructed && !areElements(der, contentAt, contentAt + length, depth + 1)) return false;
    at = contentAt + length;
  }
  return true;
}

/** Where the content of an element starts and how long it is; `undefined` where that is not said as DER wants it. */
function contentOf(der: Uint8Array, at: number): readonly [number, number] | undefined {
  const hasLongTag = (der[at]! & 0x1f) === 0x1f;
  const first = der[at + 1];
  if (hasLongTag || first === undefined) return undefined;
  if (first < 0x80) return [at + 2, first];
  const count = first - 0x80;
  if (count === 0 || count > 3 || at + 2 + count > der.length || der[at + 2] === 0) return undefined;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + der[at + 2 + i]!;
  return length < 0x80 ? undefined : [at + 2 + count, length];
}
