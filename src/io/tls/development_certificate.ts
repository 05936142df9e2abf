/**
 * A certificate for development, made when the program starts: self-signed, for the names of this machine, gone with
 * the process.
 *
 * Source: RFC 5280 (certificates), RFC 5758 and RFC 8410 (what ECDSA and Ed25519 are called in them). Why it is no
 * authority (CA:FALSE): clients that check by RFC 5280 refuse an authority where a server is expected, and take a
 * server's own certificate for trusted when they are given it. Why it begins a day ago: clocks differ.
 *
 * @module
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { integer, onlyKnown } from "../../error/option_check.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { pinOf } from "./certificate_pin.ts";
import {
  DER_TRUE,
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derObjectId,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from "./der_writer.ts";

/** With what the key signs. */
export type CertificateAlgorithm = "p256" | "ed25519";

/** The options of {@linkcode developmentCertificate}. */
export interface DevelopmentCertificateOptions {
  /**
   * Names and IP addresses that it is good for besides `localhost`, `127.0.0.1` and `::1`; at most 100.
   *
   * @default {[]}
   */
  readonly hostnames?: readonly string[];
  /**
   * For how many days it is good, 1 to 36500.
   *
   * @default {30}
   */
  readonly validityDays?: number;
  /**
   * With what the key signs: ECDSA over P-256, which everything understands, or Ed25519.
   *
   * @default {"p256"}
   */
  readonly algorithm?: CertificateAlgorithm;
}

/** A certificate and what belongs to it. */
export interface DevelopmentCertificate {
  /** The certificate in PEM, for a server's `cert` and a client's `caCerts`. */
  readonly cert: string;
  /** The private key in PEM (PKCS #8), for a server's `key`. */
  readonly key: string;
  /** The SHA-256 of the certificate in hexadecimal digits, for a client's `pin`. */
  readonly pin: string;
  /** When it ceases to be good, in ms since 1970. */
  readonly expiresAtMs: number;
}

const DAY_MS = 86_400_000;
const SERIAL_BYTES = 16;
const MAX_HOSTNAMES_COUNT = 100;
const OWN_HOSTNAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];
const KNOWN: ReadonlySet<string> = new Set(["hostnames", "validityDays", "algorithm"]);

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const ED25519 = "1.3.101.112";
const COMMON_NAME = "2.5.4.3";
const KEY_USAGE = "2.5.29.15";
const SUBJECT_ALT_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** The first bit of `KeyUsage`: the key signs handshakes and nothing else. */
const DIGITAL_SIGNATURE = Uint8Array.of(0x80);
const DIGITAL_SIGNATURE_UNUSED_BITS = 7;

/** The tags of a `GeneralName` (RFC 5280 section 4.2.1.6). */
const GeneralName = { Dns: 2, IpAddress: 7 } as const;

/** Labels of letters, digits and hyphens, the first perhaps a star. */
const DNS_NAME =
  /^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/**
 * Makes a certificate for development. Each call makes another key.
 *
 * @param options Further names, validity, algorithm.
 * @returns The certificate, its key and its pin.
 * @throws {TypeError} When an option has the wrong type, or a name is neither a host name nor an IP address.
 * @throws {RangeError} When an option is out of range.
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { developmentCertificate } from "./development_certificate.ts";
 *
 * const { cert, pin } = developmentCertificate({ hostnames: ["game.local", "192.0.2.7"] });
 * assertMatch(cert, /^-----BEGIN CERTIFICATE-----\n/);
 * assertMatch(pin, /^[0-9a-f]{64}$/);
 * ```
 */
export function developmentCertificate(options: DevelopmentCertificateOptions = {}): DevelopmentCertificate {
  onlyKnown("A development certificate", options, KNOWN);
  const { hostnames = [], algorithm = "p256" } = options;
  const validityDays = integer("validityDays", options.validityDays, 30, 1, 36_500);
  if (!Array.isArray(hostnames)) throw new TypeError("The option hostnames must be an array");
  if (hostnames.length > MAX_HOSTNAMES_COUNT) {
    throw new RangeError(
      `The option hostnames must have at most ${MAX_HOSTNAMES_COUNT} names: got ${hostnames.length}`,
    );
  }
  const names = [...new Set([...OWN_HOSTNAMES, ...hostnames as readonly string[]])].map(generalName);
  const { publicKey, privateKey } = keyPair(algorithm);
  const now = Date.now();
  const expiresAtMs = Math.floor((now + validityDays * DAY_MS) / 1_000) * 1_000;
  const signed = derSequence(objectIdOf(algorithm));
  const body = derSequence(
    derExplicit(0, derInteger(Uint8Array.of(2))), // version 3
    derInteger(serialNumber()),
    signed,
    OWN_NAME,
    derSequence(derTime(now - DAY_MS), derTime(expiresAtMs)),
    OWN_NAME,
    publicKey.export({ type: "spki", format: "der" }),
    derExplicit(3, extensions(names)),
  );
  const signature = sign(algorithm === "p256" ? "sha256" : null, body, privateKey);
  const certificate = derSequence(body, signed, derBitString(signature));
  return Object.freeze({
    cert: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    pin: pinOf(certificate),
    expiresAtMs,
  });
}

/** The name of subject and issuer; who checks names looks at the alternative ones. */
const OWN_NAME = derSequence(derSet(derSequence(derObjectId(COMMON_NAME), derUtf8String("localhost"))));

function extensions(names: readonly Uint8Array[]): Uint8Array {
  return derSequence(
    extension(BASIC_CONSTRAINTS, true, derSequence()),
    extension(KEY_USAGE, true, derBitString(DIGITAL_SIGNATURE, DIGITAL_SIGNATURE_UNUSED_BITS)),
    extension(EXTENDED_KEY_USAGE, false, derSequence(derObjectId(SERVER_AUTH), derObjectId(CLIENT_AUTH))),
    extension(SUBJECT_ALT_NAME, false, derSequence(...names)),
  );
}

function extension(objectId: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return derSequence(derObjectId(objectId), ...isCritical ? [DER_TRUE] : [], derOctetString(value));
}

function generalName(name: string): Uint8Array {
  const address = new DatagramAddress();
  if (typeof name === "string" && !name.includes("%") && address.parse(name, 0)) {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < 16; i++) bytes[i] = address.words[i >> 2]! >>> (24 - (i & 3) * 8);
    return derImplicit(GeneralName.IpAddress, name.includes(":") ? bytes : bytes.subarray(12));
  }
  if (typeof name === "string" && DNS_NAME.test(name)) {
    return derImplicit(GeneralName.Dns, new TextEncoder().encode(name));
  }
  throw new TypeError(`Cannot make a certificate for ${String(name)}: it is neither a host name nor an IP address`);
}

function keyPair(algorithm: CertificateAlgorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (algorithm === "p256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === "ed25519") return generateKeyPairSync("ed25519");
  throw new TypeError(`The option algorithm must be one of p256, ed25519: got ${String(algorithm)}`);
}

function objectIdOf(algorithm: CertificateAlgorithm): Uint8Array {
  return derObjectId(algorithm === "p256" ? ECDSA_WITH_SHA256 : ED25519);
}

/** 126 random bits in a number that is positive and always as long (RFC 5280 section 4.1.2.2). */
function serialNumber(): Uint8Array {
  const serial = Uint8Array.from(randomBytes(SERIAL_BYTES));
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
