/**
 * The checks that the options of both sides of TLS are made of.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { duration, integer } from "../../error/option_check.ts";
import { certificatesOf } from "./certificate_pin.ts";

/**
 * Checks a host name and a port.
 *
 * @param options Where they are.
 * @returns Both.
 * @throws {TypeError} When one has the wrong type.
 * @throws {RangeError} When the port is out of range.
 */
export function resolveHost(
  options: { readonly hostname: string; readonly port: number },
): { readonly hostname: string; readonly port: number } {
  const { hostname, port } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("The option hostname must be a string that is not empty");
  }
  if (port === undefined) throw new TypeError("The option port must be a number");
  return { hostname, port: integer("port", port, 0, 0, 65_535) };
}

/**
 * Checks the names of application protocols.
 *
 * @param protocols The names; `undefined` for none.
 * @returns A copy.
 * @throws {TypeError} When they are no array of texts.
 * @throws {RangeError} When a name is empty, too long or not of ASCII.
 */
export function resolveAlpn(protocols: readonly string[] | undefined): readonly string[] {
  const names = textsOf("alpnProtocols", protocols);
  for (const name of names) {
    if (!/^[\x20-\x7e]{1,255}$/.test(name)) {
      throw new RangeError(`The option alpnProtocols must have names of 1 to 255 characters of ASCII: got "${name}"`);
    }
  }
  return names;
}

/**
 * Checks certificates.
 *
 * @param name The option's name, for the message.
 * @param texts Certificates in PEM; `undefined` for none.
 * @returns A copy.
 * @throws {TypeError} When they are no array of texts, or one of these holds no certificate.
 */
export function resolveCaCerts(name: string, texts: readonly string[] | undefined): readonly string[] {
  const certificates = textsOf(name, texts);
  if (!certificates.every((text) => certificatesOf(text).length > 0)) {
    throw new TypeError(`The option ${name} must have certificates in PEM`);
  }
  return certificates;
}

/**
 * Checks that a key belongs to a certificate.
 *
 * @param cert The certificate in PEM.
 * @param key The private key in PEM.
 * @throws {TypeError} When one of them cannot be read, or they do not belong together. What it says holds no part of
 * the key.
 */
export function checkKeyPair(cert: string, key: string): void {
  if (typeof cert !== "string" || certificatesOf(cert).length === 0) {
    throw new TypeError("The option cert must be a certificate in PEM");
  }
  let isPair: boolean;
  try {
    isPair = new X509Certificate(certificatesOf(cert)[0]!).checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new TypeError("The option key must be a private key in PEM, and cert a certificate that can be read");
  }
  if (!isPair) throw new TypeError("The options cert and key do not belong together");
}

/**
 * Checks a time that something may take.
 *
 * @param name The option's name, for the message.
 * @param value The time in ms; `undefined` for 10 s.
 * @returns The time.
 * @throws {TypeError} When it is no number.
 * @throws {RangeError} When it is not above 0, or absurdly large.
 */
export function resolveTimeout(name: string, value: number | undefined): number {
  const timeoutMs = duration(name, value, 10_000);
  if (timeoutMs === 0 || timeoutMs > 2 ** 31 - 1) {
    throw new RangeError(`The option ${name} must be above 0 and below 2^31: got ${timeoutMs}`);
  }
  return timeoutMs;
}

function textsOf(name: string, texts: readonly string[] | undefined): readonly string[] {
  if (texts === undefined) return Object.freeze([]);
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string")) {
    throw new TypeError(`The option ${name} must be an array of strings`);
  }
  return Object.freeze([...texts as readonly string[]]);
}
