/**
 * The options of TLS listeners: defaults, bounds, and what they mean together.
 *
 * @module
 */
import { atLeast, choice, integer, onlyKnown } from "../../error/option_check.ts";
import { certificatesOf, isReadable } from "./certificate_pin.ts";
import { checkKeyPair, resolveAlpn, resolveCaCerts, resolveTimeout } from "./tls_option_check.ts";

/** Whether clients show certificates: never, if they have one, or always. */
export type ClientCertificates = "none" | "optional" | "required";

/** The options of `listenTls`. */
export interface TlsListenOptions {
  /** The server's certificate in PEM, followed by those that lead to an authority, if there are any. */
  readonly cert: string;
  /** The private key of the certificate, in PEM. */
  readonly key: string;
  /**
   * The application protocols that are spoken, the preferred one first, each 1 to 255 characters of ASCII. A client
   * that names protocols and none of these is refused; one that names none is not.
   *
   * @default {[]}
   */
  readonly alpnProtocols?: readonly string[];
  /**
   * Whether clients show certificates. One that is shown must be trusted by `clientCaCerts`, optional or not.
   *
   * @default {"none"}
   */
  readonly clientCertificates?: ClientCertificates;
  /**
   * The certificates that clients' certificates are trusted by, in PEM: of authorities, or of the clients themselves.
   *
   * @default {[]}
   */
  readonly clientCaCerts?: readonly string[];
  /**
   * How long a client may take from connecting to the end of its handshake, in ms, more than 0; it is cut off then,
   * whatever it has sent.
   *
   * @default {10000}
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * How many handshakes may be under way, 1 to 65536. One more ends the one that has been under way for longest.
   *
   * @default {1024}
   */
  readonly maxHandshakesCount?: number;
  /**
   * How many of them may come from one address, or from one IPv6 network of 64 bits, 1 to 65536. One more ends the one
   * of the same address that has been under way for longest.
   *
   * @default {256}
   */
  readonly maxHandshakesPerAddressCount?: number;
  /**
   * How many connections a second one address may make, or one IPv6 network of 64 bits, more than 0; `Infinity`: any
   * number. Those beyond are reset before any work is done for them.
   *
   * @default {100}
   */
  readonly connectionsPerSecond?: number;
  /**
   * How many connections one address may make at once after a silence, 1 to 2^20.
   *
   * @default {256}
   */
  readonly connectionBurstCount?: number;
  /**
   * How many links whose handshake is done may wait to be accepted, 1 to 65535; those beyond are closed.
   *
   * @default {511}
   */
  readonly maxWaitingLinksCount?: number;
}

/** {@linkcode TlsListenOptions} with every default in place. */
export type TlsListenConfig = Readonly<Required<TlsListenOptions>>;

const KNOWN: ReadonlySet<string> = new Set([
  "cert",
  "key",
  "alpnProtocols",
  "clientCertificates",
  "clientCaCerts",
  "handshakeTimeoutMs",
  "maxHandshakesCount",
  "maxHandshakesPerAddressCount",
  "connectionsPerSecond",
  "connectionBurstCount",
  "maxWaitingLinksCount",
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @param options What the caller chose.
 * @returns The complete, frozen configuration.
 * @throws {TypeError} When a field has the wrong type, when certificate and key cannot be read or do not belong
 * together, or when there is a field that nobody knows.
 * @throws {RangeError} When a field is out of range.
 */
export function resolveTlsListenOptions(options: TlsListenOptions): TlsListenConfig {
  onlyKnown("A TLS listener", options, KNOWN);
  const o = options;
  checkKeyPair(o.cert, o.key);
  const clientCertificates = choice("clientCertificates", o.clientCertificates, "none", [
    "none",
    "optional",
    "required",
  ]);
  return Object.freeze({
    cert: o.cert,
    key: o.key,
    alpnProtocols: resolveAlpn(o.alpnProtocols),
    clientCertificates,
    clientCaCerts: resolveClientCaCerts(o.clientCaCerts, clientCertificates),
    handshakeTimeoutMs: resolveTimeout("handshakeTimeoutMs", o.handshakeTimeoutMs),
    maxHandshakesCount: integer("maxHandshakesCount", o.maxHandshakesCount, 1_024, 1, 65_536),
    maxHandshakesPerAddressCount: integer(
      "maxHandshakesPerAddressCount",
      o.maxHandshakesPerAddressCount,
      256,
      1,
      65_536,
    ),
    connectionsPerSecond: atLeast("connectionsPerSecond", o.connectionsPerSecond, 100, Number.MIN_VALUE),
    connectionBurstCount: integer("connectionBurstCount", o.connectionBurstCount, 256, 1, 2 ** 20),
    maxWaitingLinksCount: integer("maxWaitingLinksCount", o.maxWaitingLinksCount, 511, 1, 65_535),
  });
}

/** Why certificates of the first version are refused: the runtime would not ask for the key of a client that shows one. */
function resolveClientCaCerts(
  texts: readonly string[] | undefined,
  clientCertificates: ClientCertificates,
): readonly string[] {
  const certificates = resolveCaCerts("clientCaCerts", texts);
  if ((certificates.length > 0) !== (clientCertificates !== "none")) {
    throw new TypeError("The options clientCertificates and clientCaCerts need each other");
  }
  if (!certificates.flatMap(certificatesOf).every(isReadable)) {
    throw new TypeError("The option clientCaCerts must have certificates of X.509 version 3");
  }
  return certificates;
}
