/**
 * The options of a secure client: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { onlyKnown } from "../error/option_check.ts";
import {
  resolveTlsConnectOptions,
  type TlsConnectConfig,
  type TlsConnectOptions,
} from "../io/tls/tls_connect_options.ts";
import { resolveTimeout } from "../io/tls/tls_option_check.ts";
import type { UdpConfig } from "../io/udp/udp_options.ts";
import { AEAD_TAG_BYTES } from "../crypto/aead.ts";
import { type EndpointConfig, resolveEndpointOptions } from "../session/endpoint_options.ts";
import { SESSION_OPTION_NAMES, type SessionOptions } from "../session/session_options.ts";
import { MAX_TOKEN_BYTES } from "../wire/hello_record.ts";
import { SESSION_HEADER_BYTES } from "../wire/packet_header.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../wire/session_frame.ts";
import { abortSignal } from "./reactor_options.ts";
import type { SecureCoreConfig } from "./secure_core_hooks.ts";
import {
  pick,
  resolveSecureQueueOptions,
  resolveSecureUdpOptions,
  SECURE_QUEUE_OPTION_NAMES,
  type SecureQueueOptions,
} from "./secure_server_options.ts";
import { decodeSecureTicket, type SecureTicket } from "./secure_ticket.ts";

/** What a packet has besides one message: its header, its tag, and the message's own header. */
const PACKET_OVERHEAD_BYTES = SESSION_HEADER_BYTES + AEAD_TAG_BYTES + MESSAGE_OVERHEAD_BYTES;

/** The options of a secure client. */
export interface SecureClientOptions
  extends
    SessionOptions,
    SecureQueueOptions,
    Omit<TlsConnectOptions, "timeoutMs" | "alpnProtocols" | "noDelay" | "keepAlive"> {
  /** How long it may take to connect by TLS and to exchange hellos, in ms, more than 0. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** What the server's `authorize` is shown, at most 1024 bytes. Beyond 256 bytes the server gives no ticket. @default empty */
  readonly token?: Uint8Array;
  /**
   * What the event `ticket` of an earlier connection gave: the session is resumed by UDP alone. Where the ticket has
   * expired, or the server does not take it, a full handshake follows. A ticket is good for one attempt.
   */
  readonly ticket?: Uint8Array;
  /**
   * Messages for channel 1 that are sent ahead of everything else; together they fit `maxQueuedBytes`. With a usable
   * ticket, what fits the first datagram (about 900 bytes, 32 messages) arrives half a round trip after the start, and
   * once, whichever way the handshake takes; the rest, and everything without a ticket, is sent when the session stands.
   * @default none
   */
  readonly earlyData?: readonly Uint8Array[];
}

/** {@linkcode SecureClientOptions}, complete and checked. */
export interface SecureClientConfig extends SecureCoreConfig {
  /** How the server is reached by TLS. */
  readonly tls: TlsConnectConfig;
  /** The datagram socket, but for its address. */
  readonly udp: UdpConfig;
  /** What the server's application is shown. */
  readonly token: Uint8Array;
  /** What to resume with. */
  readonly ticket: SecureTicket | undefined;
  /** What is sent ahead. */
  readonly earlyData: readonly Uint8Array[];
  /** Closes the socket. */
  readonly signal: AbortSignal | undefined;
}

const TLS_NAMES = [
  "hostname",
  "port",
  "caCerts",
  "pin",
  "dangerouslyAcceptAnyCertificate",
  "serverName",
  "cert",
  "key",
] as const;

const OWN_NAMES = ["connectTimeoutMs", "token", "ticket", "earlyData"];

const NO_BYTES = new Uint8Array(0);

/**
 * Completes and checks the options of a secure client.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown, or options exclude each other.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveSecureClientOptions(options: SecureClientOptions): SecureClientConfig {
  const names = [...SESSION_OPTION_NAMES, ...SECURE_QUEUE_OPTION_NAMES, ...TLS_NAMES, ...OWN_NAMES];
  onlyKnown("A secure client", options, new Set(names));
  const o = options;
  const endpoint = resolveEndpointOptions({ ...pick(o, SESSION_OPTION_NAMES), maxSessions: 1 });
  const tls = resolveTlsConnectOptions({
    ...pick(o, TLS_NAMES),
    timeoutMs: resolveTimeout("connectTimeoutMs", o.connectTimeoutMs),
  });
  return Object.freeze({
    ...resolveSecureQueueOptions(o),
    endpoint,
    tls,
    // One of each kind; which one is bound depends on the server's address.
    udp: resolveSecureUdpOptions("0.0.0.0", 0, o.udpBackend),
    token: resolveToken(o.token),
    ticket: o.ticket === undefined ? undefined : decodeSecureTicket(o.ticket),
    earlyData: resolveEarlyData(o.earlyData, endpoint),
    signal: abortSignal(o.signal),
  });
}

function resolveToken(token: Uint8Array | undefined): Uint8Array {
  if (token === undefined) return NO_BYTES;
  if (!(token instanceof Uint8Array)) throw new TypeError("The option token must be a Uint8Array");
  if (token.length > MAX_TOKEN_BYTES) {
    throw new RangeError(`The option token must have at most ${MAX_TOKEN_BYTES} bytes: got ${token.length}`);
  }
  return new Uint8Array(token);
}

function resolveEarlyData(
  messages: readonly Uint8Array[] | undefined,
  { maxDatagramBytes, maxQueuedBytes }: EndpointConfig,
): readonly Uint8Array[] {
  if (messages === undefined) return [];
  if (!Array.isArray(messages) || !messages.every((one) => one instanceof Uint8Array)) {
    throw new TypeError("The option earlyData must be an array of Uint8Array");
  }
  const copies = (messages as readonly Uint8Array[]).map((one) => new Uint8Array(one));
  const maxBytes = maxDatagramBytes - PACKET_OVERHEAD_BYTES;
  let queuedBytes = 0;
  for (const { length } of copies) {
    if (length > maxBytes) {
      throw new RangeError(`The option earlyData must have messages of at most ${maxBytes} bytes: got ${length}`);
    }
    queuedBytes += MESSAGE_OVERHEAD_BYTES + length;
  }
  if (queuedBytes > maxQueuedBytes) {
    throw new RangeError(`The option earlyData must fit maxQueuedBytes (${maxQueuedBytes}): got ${queuedBytes} bytes`);
  }
  return Object.freeze(copies);
}
