/**
 * Certificates as tests need them: of authorities, for clients, out of date, of the first version, forged.
 *
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
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
} from "../../../../src/io/tls/der_writer.ts";

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/** Who vouches. */
export interface Authority {
  /** Its name. */
  readonly name: string;
  /** Its private key. */
  readonly privateKey: KeyObject;
}

/** A certificate and its key. */
export interface Issued extends Authority {
  /** The certificate in DER. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** The certificate in PEM. */
  readonly cert: string;
  /** The private key in PEM. */
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateWishes {
  /** The common name of the subject. */
  readonly name: string;
  /** Who signs; itself, when nobody is named. */
  readonly issuer?: Authority;
  /** Whether it may sign others. */
  readonly isAuthority?: boolean;
  /** The version of X.509, 1 or 3. */
  readonly version?: 1 | 3;
  /** The names it is good for. */
  readonly hostnames?: readonly string[];
  /** For how many days from now it is good; negative: it was. */
  readonly validityDays?: number;
}

/**
 * Issues a certificate.
 *
 * @param wishes What it says.
 * @returns The certificate and its key.
 */
export function issueCertificate(wishes: CertificateWishes): Issued {
  const { name, version = 3, isAuthority = false, hostnames = [name], validityDays = 1 } = wishes;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = wishes.issuer ?? { name, privateKey };
  const algorithm = derSequence(derObjectId(ECDSA_WITH_SHA256));
  const now = Date.now();
  const extensions = derSequence(
    extension("2.5.29.19", true, isAuthority ? derSequence(DER_TRUE) : derSequence()),
    extension(
      "2.5.29.17",
      false,
      derSequence(...hostnames.map((host) => derImplicit(2, new TextEncoder().encode(host)))),
    ),
  );
  const body = derSequence(
    ...version === 3 ? [derExplicit(0, derInteger(Uint8Array.of(2)))] : [],
    derInteger(crypto.getRandomValues(new Uint8Array(8)).fill(0x11, 0, 1)),
    algorithm,
    nameOf(issuer.name),
    derSequence(derTime(now - 10 * DAY_MS), derTime(now + validityDays * DAY_MS)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    ...version === 3 ? [derExplicit(3, extensions)] : [],
  );
  const der = derSequence(body, algorithm, derBitString(sign("sha256", body, issuer.privateKey)));
  const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return { name, privateKey, der, cert: pemOf(der), key };
}

/**
 * A certificate in PEM.
 *
 * @param der The certificate.
 * @returns The text.
 */
export function pemOf(der: Uint8Array<ArrayBuffer>): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: string): Uint8Array {
  return derSequence(derSet(derSequence(derObjectId("2.5.4.3"), derUtf8String(name))));
}

function extension(objectId: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return derSequence(derObjectId(objectId), ...isCritical ? [DER_TRUE] : [], derOctetString(value));
}
