/**
 * The options of TLS clients: defaults, bounds, and how a server is known.
 *
 * A server is known in one of three ways: by a certificate that is checked (the default), by its pin, or not at all.
 *
 * @module
 */
import { flag, onlyKnown } from "../../error/option_check.ts";
import { parsePin } from "./certificate_pin.ts";
import { checkKeyPair, resolveAlpn, resolveCaCerts, resolveHost, resolveTimeout } from "./tls_option_check.ts";

/** The options of `connectTls`. */
export interface TlsConnectOptions {
  /** The host name or the IPv4 or IPv6 address to connect to, without brackets. */
  readonly hostname: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /**
   * Certificates in PEM by which the server's is trusted besides the ones that the runtime trusts: those of
   * authorities, or the server's own.
   *
   * @default {[]}
   */
  readonly caCerts?: readonly string[];
  /**
   * The SHA-256 of the server's certificate, or of one of several: 64 hexadecimal digits, perhaps with colons. Whose
   * certificate has it is the server, whatever its name, its age and who vouches for it; nobody else is.
   */
  readonly pin?: string | readonly string[];
  /**
   * Switches off that the server is authenticated: whoever answers is taken for the server, and can read and change
   * everything. For experiments on one machine, and for learning a certificate's pin.
   *
   * @default {false}
   */
  readonly dangerouslyAcceptAnyCertificate?: boolean;
  /**
   * The name that the certificate must be for, and that the server is told. Not together with `cert`, unless the server
   * is known by its pin.
   *
   * @default {hostname}
   */
  readonly serverName?: string;
  /** This client's certificate in PEM, for servers that ask for one. */
  readonly cert?: string;
  /** The private key of the certificate, in PEM. */
  readonly key?: string;
  /**
   * The application protocols that are spoken, the preferred one first, each 1 to 255 characters of ASCII. A server
   * that speaks none of them is refused.
   *
   * @default {[]}
   */
  readonly alpnProtocols?: readonly string[];
  /**
   * How long it may take to connect, the handshake included, in ms, more than 0.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
  /**
   * Whether a small write goes out at once; off, the kernel gathers small writes at the price of latency.
   *
   * @default {true}
   */
  readonly noDelay?: boolean;
  /**
   * Whether the kernel probes idle connections at its own intervals, so that one whose peer vanished breaks in the end.
   *
   * @default {true}
   */
  readonly keepAlive?: boolean;
}

/** {@linkcode TlsConnectOptions} with every default in place. */
export interface TlsConnectConfig {
  /** Where to connect to. */
  readonly hostname: string;
  /** The port there. */
  readonly port: number;
  /** Certificates that are trusted besides. */
  readonly caCerts: readonly string[];
  /** In lower case, without colons; none where the server is known otherwise. */
  readonly pins: readonly string[];
  /** Whether whoever answers is taken for the server. */
  readonly dangerouslyAcceptAnyCertificate: boolean;
  /** The name that the certificate must be for. */
  readonly serverName: string;
  /** This client's certificate; `undefined` where it has none. */
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
  /** The application protocols that are spoken. */
  readonly alpnProtocols: readonly string[];
  /** How long it may take to connect. */
  readonly timeoutMs: number;
  /** Whether a small write goes out at once. */
  readonly noDelay: boolean;
  /** Whether the kernel probes idle connections. */
  readonly keepAlive: boolean;
}

const KNOWN: ReadonlySet<string> = new Set([
  "hostname",
  "port",
  "caCerts",
  "pin",
  "dangerouslyAcceptAnyCertificate",
  "serverName",
  "cert",
  "key",
  "alpnProtocols",
  "timeoutMs",
  "noDelay",
  "keepAlive",
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @param options What the caller chose.
 * @returns The complete, frozen configuration.
 * @throws {TypeError} When a field has the wrong type, when fields exclude each other, or when there is a field that
 * nobody knows.
 * @throws {RangeError} When a field is out of range.
 */
export function resolveTlsConnectOptions(options: TlsConnectOptions): TlsConnectConfig {
  onlyKnown("A TLS connection", options, KNOWN);
  const { serverName = options.hostname, cert, key } = options;
  const host = resolveHost(options);
  if (host.port === 0) throw new RangeError("Cannot connect to port 0: it only stands for a free port to listen on");
  if (typeof serverName !== "string" || serverName === "") {
    throw new TypeError("The option serverName must be a string that is not empty");
  }
  const caCerts = resolveCaCerts("caCerts", options.caCerts);
  const pins = resolvePins(options.pin);
  const acceptsAny = flag("dangerouslyAcceptAnyCertificate", options.dangerouslyAcceptAnyCertificate, false);
  if (Number(caCerts.length > 0) + Number(pins.length > 0) + Number(acceptsAny) > 1) {
    throw new TypeError("The options caCerts, pin and dangerouslyAcceptAnyCertificate exclude each other");
  }
  if (cert !== undefined || key !== undefined) checkKeyPair(cert as string, key as string);
  if (cert !== undefined && pins.length === 0 && !acceptsAny && serverName !== host.hostname) {
    throw new TypeError("The options serverName and cert exclude each other where the server is not known by its pin");
  }
  return Object.freeze({
    ...host,
    caCerts,
    pins,
    dangerouslyAcceptAnyCertificate: acceptsAny,
    serverName,
    identity: cert === undefined ? undefined : Object.freeze({ cert, key: key! }),
    alpnProtocols: resolveAlpn(options.alpnProtocols),
    timeoutMs: resolveTimeout("timeoutMs", options.timeoutMs),
    noDelay: flag("noDelay", options.noDelay, true),
    keepAlive: flag("keepAlive", options.keepAlive, true),
  });
}

function resolvePins(pin: string | readonly string[] | undefined): readonly string[] {
  if (pin === undefined) return [];
  const texts = typeof pin === "string" ? [pin] : pin;
  if (!Array.isArray(texts)) throw new TypeError("The option pin must be a string or an array of strings");
  const pins = (texts as readonly string[]).map((text) => typeof text === "string" ? parsePin(text) : undefined);
  if (pins.length === 0 || pins.includes(undefined)) {
    throw new TypeError("The option pin must be the SHA-256 of a certificate: 64 hexadecimal digits");
  }
  return Object.freeze(pins as string[]);
}
