/**
 * The options of a secure server: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { choice, duration, integer, onlyKnown } from "../error/option_check.ts";
import type { PeerCertificate } from "../io/tls/tls_link.ts";
import {
  type ClientCertificates,
  resolveTlsListenOptions,
  type TlsListenConfig,
} from "../io/tls/tls_listen_options.ts";
import { resolveUdpOptions, type UdpBackend, type UdpConfig } from "../io/udp/udp_options.ts";
import { type EndpointOptions, resolveEndpointOptions } from "../session/endpoint_options.ts";
import { MAX_WORKER_COUNT } from "../pool/pool_options.ts";
import { RESET_KEY_BYTES } from "../session/reset_tokens.ts";
import { SESSION_OPTION_NAMES } from "../session/session_options.ts";
import { TICKET_KEY_BYTES } from "../session/ticket_keeper.ts";
import type { TcpAddress, UdpAddress } from "../transport/address.ts";
import { abortSignal, hostName } from "./reactor_options.ts";
import { resolveWorkers, WORKER_OPTION_NAMES } from "./worker_options.ts";
import type { SecureCoreConfig, SecureKeys } from "./secure_core_hooks.ts";

/** How much may wait for the application; options of both kinds of socket. */
export interface SecureQueueOptions {
  /**
   * How many events may wait for the application, 16 to 2^22. When that many wait, unreliable messages that come are
   * dropped and counted, and new peers are turned away; reliable ones wait as well, each peer's within the `windowBytes`
   * of its channels, and hold their sender back. @default 65536
   */
  readonly maxQueuedEvents?: number;
  /** How many bytes of messages may wait for the application, 65536 to 2^40; see `maxQueuedEvents`. @default 16777216 */
  readonly maxQueuedEventBytes?: number;
  /** For how many ms `close()` waits for the peers to confirm it. 0: they are told once. @default 2000 */
  readonly closeTimeoutMs?: number;
  /**
   * What the UDP socket is made of: `"deno"` (`Deno.listenDatagram`, faster, needs `--unstable-net`), `"node"`
   * (`node:dgram`), or `"auto"`: the first where it is there. @default "auto"
   */
  readonly udpBackend?: UdpBackend | "auto";
  /** Closes the socket at once when it fires. */
  readonly signal?: AbortSignal;
}

/**
 * Decides whether a client gets a session. It may take its time, within `handshakeTimeoutMs`; nobody else waits for it.
 * It is asked inside TLS, before there is a session; and again when a client resumes with a ticket, whose session stands
 * by then but shows to nobody before the answer.
 *
 * @param token What the client's application shows, at most 1024 bytes; empty when it shows nothing. Of a client that
 * resumes: what it showed when it got the ticket.
 * @param address Where its TLS connection comes from; the UDP address of a client that resumes.
 * @param certificate Its certificate, where it was asked for one and has one; it was checked. A client that resumes
 * shows none.
 * @returns Whether it is let in; anything but `true` refuses it with `NotAuthorized`.
 */
export type Authorize = (
  token: Uint8Array,
  address: TcpAddress | UdpAddress,
  certificate: PeerCertificate | undefined,
) => boolean | Promise<boolean>;

/** The options of a secure server. */
export interface SecureServerOptions extends EndpointOptions, SecureQueueOptions {
  /**
   * How many worker threads have the sessions: 0 for none, so that everything runs on this thread; `"auto"` for one a
   * core. This thread has the sockets and the events in either case. With workers the limits of the endpoint are shared
   * out among them, messages cannot be taken back, and statistics are those of some 200 ms ago. @default 0
   */
  readonly workers?: number | "auto";
  /** The address to bind: `0.0.0.0` for every address of IPv4, `::` for both kinds. @default "0.0.0.0" */
  readonly hostname?: string;
  /** The UDP port of the sessions; 0 takes a free one, see `SecureSocket.udpPort`. @default 0 */
  readonly udp?: number;
  /** The TCP port of the TLS handshakes; 0 takes a free one, see `SecureSocket.tcpPort`. @default 0 */
  readonly tcp?: number;
  /** The UDP port that clients are told, where a translator shows another one than is bound. @default the bound one */
  readonly advertisedUdpPort?: number;
  /** The server's certificate in PEM, followed by those that lead to an authority. */
  readonly cert: string;
  /** The private key of the certificate, in PEM. */
  readonly key: string;
  /**
   * The certificates by which those of clients are trusted, in PEM. Without them clients are not asked for any. With
   * them no tickets are given unless `ticketLifetimeMs` says so: who resumes with a ticket shows no certificate.
   */
  readonly clientCaCerts?: readonly string[];
  /** Whether clients must have a certificate; of account with `clientCaCerts` alone. @default "required" */
  readonly clientCertificates?: Exclude<ClientCertificates, "none">;
  /** Decides whether a client gets a session. @default every client does */
  readonly authorize?: Authorize;
  /**
   * 32 secret bytes that outlive the process: clients of the process before notice at once that their sessions are
   * gone. Without them they notice by their idle timeout.
   */
  readonly resetKey?: Uint8Array;
  /**
   * 32 secret bytes that outlive the process: tickets of the process before are good for a resumption, without early
   * data, until the ticket keys have changed. Without them those clients make a full handshake.
   */
  readonly ticketKey?: Uint8Array;
  /** How many TLS handshakes, and how many hellos inside TLS, may be under way, 1 to 65536. @default 1024 */
  readonly maxHandshakesCount?: number;
  /** How many of either may come from one address, 1 to 65536. @default 256 */
  readonly maxHandshakesPerAddressCount?: number;
  /** How many TCP connections a second one address may make; `Infinity`: any number. @default 100 */
  readonly connectionsPerSecond?: number;
  /** How many TCP connections one address may make at once after a silence, 1 to 2^20. @default 256 */
  readonly connectionBurstCount?: number;
  /** How many TCP connections may wait in the kernel, 1 to 65535. @default 511 */
  readonly backlogCount?: number;
  /**
   * `authorize` threw, or accepting failed for now. Without it such errors go to `console.error`.
   */
  readonly onError?: (error: unknown) => unknown;
}

/** {@linkcode SecureServerOptions}, complete and checked. */
export interface SecureServerConfig extends SecureCoreConfig {
  /** How many worker threads have the sessions. */
  readonly workers: number;
  /** What the endpoint keeps beyond a restart. */
  readonly keys: SecureKeys;
  /** The datagram socket. */
  readonly udp: UdpConfig;
  /** Where TLS is listened for. */
  readonly tcp: { readonly hostname: string; readonly port: number; readonly backlogCount: number };
  /** As whom, and the limits of handshakes. */
  readonly tls: TlsListenConfig;
  /** The UDP port that clients are told; 0: the bound one. */
  readonly advertisedUdpPort: number;
  /** Decides whether a client gets a session. */
  readonly authorize: Authorize | undefined;
  /** Told of errors that belong to no peer. */
  readonly onError: ((error: unknown) => unknown) | undefined;
  /** Closes the socket. */
  readonly signal: AbortSignal | undefined;
}

/** The names of the options of both kinds of socket. */
export const SECURE_QUEUE_OPTION_NAMES: readonly string[] = [
  "maxQueuedEvents",
  "maxQueuedEventBytes",
  "closeTimeoutMs",
  "udpBackend",
  "signal",
];

const UDP_BACKENDS = ["auto", "deno", "node"] as const;

const ENDPOINT_NAMES: readonly (keyof EndpointOptions)[] = [
  ...SESSION_OPTION_NAMES,
  "maxSessions",
  "maxHalfOpen",
  "cookieFromHalfOpen",
  "cookieLifetimeMs",
  "firstFlightsPerSecond",
  "firstFlightsBurst",
  "resetsPerSecond",
  "answersPerSecond",
  "ticketLifetimeMs",
  "ticketRotationMs",
  "maxUsedTickets",
  "acceptEarlyData",
  "earlyFreshnessMs",
];

const TLS_NAMES = [
  "cert",
  "key",
  "clientCaCerts",
  "handshakeTimeoutMs",
  "maxHandshakesCount",
  "maxHandshakesPerAddressCount",
  "connectionsPerSecond",
  "connectionBurstCount",
] as const;

const OWN_NAMES = [
  ...WORKER_OPTION_NAMES,
  "hostname",
  "udp",
  "tcp",
  "advertisedUdpPort",
  "backlogCount",
  "clientCertificates",
  "authorize",
  "resetKey",
  "ticketKey",
  "onError",
];

/**
 * Completes and checks the options of a secure server.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown, or certificate and key are no pair.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveSecureServerOptions(options: SecureServerOptions): SecureServerConfig {
  const names = [...ENDPOINT_NAMES, ...SECURE_QUEUE_OPTION_NAMES, ...TLS_NAMES, ...OWN_NAMES];
  onlyKnown("A secure server", options, new Set(names));
  const o = options;
  const hostname = hostName(o.hostname, "0.0.0.0");
  for (const name of ["authorize", "onError"] as const) {
    if (o[name] !== undefined && typeof o[name] !== "function") throw new TypeError(`${name} must be a function`);
  }
  if (Array.isArray(o.clientCaCerts) && o.clientCaCerts.length === 0) {
    throw new TypeError("The option clientCaCerts must have certificates: without it nobody is asked for one");
  }
  if (o.clientCertificates !== undefined && o.clientCaCerts === undefined) {
    throw new TypeError("The option clientCertificates needs clientCaCerts");
  }
  const clientCertificates = choice("clientCertificates", o.clientCertificates, "required", ["optional", "required"]);
  const asks = o.clientCaCerts === undefined ? {} : { clientCertificates };
  const tickets = o.clientCaCerts === undefined ? {} : { ticketLifetimeMs: 0 };
  return Object.freeze({
    ...resolveSecureQueueOptions(o),
    workers: resolveWorkers(o.workers, MAX_WORKER_COUNT),
    endpoint: resolveEndpointOptions({ ...tickets, ...pick(o, ENDPOINT_NAMES) }),
    keys: { ...secretKey(o, "resetKey", RESET_KEY_BYTES), ...secretKey(o, "ticketKey", TICKET_KEY_BYTES) },
    udp: resolveSecureUdpOptions(hostname, integer("udp", o.udp, 0, 0, 65_535), o.udpBackend),
    tcp: Object.freeze({
      hostname,
      port: integer("tcp", o.tcp, 0, 0, 65_535),
      backlogCount: integer("backlogCount", o.backlogCount, 511, 1, 65_535),
    }),
    tls: resolveTlsListenOptions({ ...pick(o, TLS_NAMES), ...asks }),
    advertisedUdpPort: integer("advertisedUdpPort", o.advertisedUdpPort, 0, 1, 65_535),
    authorize: o.authorize,
    onError: o.onError,
    signal: abortSignal(o.signal),
  });
}

/**
 * Completes and checks the options of both kinds of socket.
 *
 * @param options What the caller gave.
 * @returns The limits.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveSecureQueueOptions(options: SecureQueueOptions): Omit<SecureCoreConfig, "endpoint"> {
  const o = options;
  return {
    events: Object.freeze({
      maxCount: integer("maxQueuedEvents", o.maxQueuedEvents, 65_536, 16, 2 ** 22),
      maxBytes: integer("maxQueuedEventBytes", o.maxQueuedEventBytes, 16 << 20, 65_536, 2 ** 40),
    }),
    closeTimeoutMs: duration("closeTimeoutMs", o.closeTimeoutMs, 2000),
  };
}

/**
 * The options of the datagram socket.
 *
 * Why one receive at a time: the runtime receives on this very thread, so that more of them bring no datagram earlier,
 * and each of them is woken for every datagram, at the price of some microseconds a round trip.
 *
 * @param hostname The address to bind.
 * @param port The port to bind.
 * @param backend What the caller wants it to be made of.
 * @returns The configuration.
 * @throws {TypeError} When the backend is none.
 */
export function resolveSecureUdpOptions(
  hostname: string,
  port: number,
  backend: UdpBackend | "auto" | undefined,
): UdpConfig {
  return resolveUdpOptions({
    hostname,
    port,
    receiveCount: 1,
    backend: choice("udpBackend", backend, "auto", UDP_BACKENDS),
  });
}

/**
 * The options of one part.
 *
 * @param options All options.
 * @param names Those of the part.
 * @returns A new object with those of them that were given.
 */
export function pick<T extends object, K extends keyof T>(options: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  ) as unknown as Pick<T, K>;
}

function secretKey(options: SecureServerOptions, name: "resetKey" | "ticketKey", bytes: number): SecureKeys {
  const key = options[name];
  if (key === undefined) return {};
  if (!(key instanceof Uint8Array)) throw new TypeError(`The option ${name} must be a Uint8Array`);
  if (key.length !== bytes) throw new RangeError(`The option ${name} must have ${bytes} bytes: got ${key.length}`);
  return { [name]: new Uint8Array(key) };
}
