/**
 * Encrypted UDP under the port of message links: each link is a session of its own, and each message one of channel 0.
 *
 * Invariant: a session takes any packet whose payload the protocol allows, with the longest header extension.
 *
 * @module
 */
import { choice, integer, onlyKnown } from "../error/option_check.ts";
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, ResourceError } from "../error/transport_error.ts";
import type { UdpBackend } from "../io/udp/udp_options.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { SessionOptions } from "../session/session_options.ts";
import type { MessageFabric, MessageLink } from "../transport/message_link.ts";
import { MESSAGE_HEADER_BYTES } from "../wire/message_packet.ts";
import { resolveSecureClientOptions, type SecureClientOptions } from "./secure_client_options.ts";
import { secureSystemHost } from "./secure_host.ts";
import { openSecureClient } from "./secure_open.ts";
import { type Authorize, resolveSecureServerOptions, type SecureServerConfig } from "./secure_server_options.ts";
import { SecureHub } from "./transport_secure_hub.ts";
import type { SecureLink } from "./transport_secure_link.ts";
import { SecureLinkListener } from "./transport_secure_listener.ts";

/** What a packet may have besides its payload: its header and the longest extension. */
const PACKET_OVERHEAD_BYTES: number = MESSAGE_HEADER_BYTES + 0xffff;

const DEFAULT_PAYLOAD_BYTES: number = 1 << 20;
const MAX_PAYLOAD_BYTES: number = 1 << 28;

const UDP_BACKENDS = ["auto", "deno", "node"] as const;

/** The options of {@linkcode secureFabric}: those of both sides. */
export interface SecureFabricOptions {
  /** The address to listen on or to connect to. */
  readonly hostname: string;
  /** The TCP port of the TLS handshake, from which the client learns the UDP port; 0 takes a free one. */
  readonly port: number;
  /** The UDP port of a server's sessions; 0 takes a free one. @default the same as `port` */
  readonly udp?: number;
  /** The UDP port that clients are told, where a translator shows another one than is bound. @default the bound one */
  readonly advertisedUdpPort?: number;
  /** A server's certificate in PEM, followed by those that lead to an authority. @default it only connects */
  readonly cert?: string;
  /** The private key of the certificate, in PEM. */
  readonly key?: string;
  /** Decides whether a client gets a session, by the token that it shows. @default every client does */
  readonly authorize?: Authorize;
  /** What a client shows to the server's `authorize`, at most 1024 bytes. @default empty */
  readonly token?: Uint8Array;
  /** The certificates in PEM by which a client trusts the server besides those that the runtime trusts. @default none */
  readonly caCerts?: readonly string[];
  /** The SHA-256 of the server's certificate, or of several, in place of checking it. */
  readonly pin?: string | readonly string[];
  /** Takes whoever answers for the server; for experiments on one machine. @default false */
  readonly dangerouslyAcceptAnyCertificate?: boolean;
  /** The name that the server's certificate must be for. @default `hostname` */
  readonly serverName?: string;
  /** What the UDP socket is made of; `"auto"`: `"deno"` where the flag `--unstable-net` is given. @default "auto" */
  readonly udpBackend?: UdpBackend | "auto";
  /**
   * The options of the sessions themselves, as of `SecureSocket`: congestion, acknowledgements, idle timeout (30 s, and
   * a ping after 15). A channel's window and queue follow the largest payload.
   */
  readonly session?: Omit<SessionOptions, "channels" | "maxMessageBytes">;
}

/** The names of {@linkcode SecureFabricOptions}. */
export const SECURE_FABRIC_NAMES: readonly (keyof SecureFabricOptions)[] = [
  "hostname",
  "port",
  "udp",
  "advertisedUdpPort",
  "cert",
  "key",
  "authorize",
  "token",
  "caCerts",
  "pin",
  "dangerouslyAcceptAnyCertificate",
  "serverName",
  "udpBackend",
  "session",
];

/**
 * A fabric for one address of encrypted UDP.
 *
 * @param options The address, as whom to listen, and how to know the server.
 * @param maxPayloadBytes The largest payload of a packet, 1 to 2^28.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When an option has the wrong type, nobody knows it, or certificate and key are no pair.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function secureFabric(options: SecureFabricOptions, maxPayloadBytes?: number): MessageFabric {
  onlyKnown("secure()", options, new Set(SECURE_FABRIC_NAMES));
  const { hostname, port, session, udpBackend } = options;
  const payloadBytes = integer("maxPayloadBytes", maxPayloadBytes, DEFAULT_PAYLOAD_BYTES, 1, MAX_PAYLOAD_BYTES);
  integer("port", port, 0, 0, 65_535);
  if (typeof hostname !== "string" || hostname === "") throw new TypeError("The option hostname must be a string");
  for (const name of ["channels", "maxMessageBytes"]) {
    if (session !== undefined && name in session) throw new TypeError(`secure() sets the option ${name} itself`);
  }
  const common = {
    ...session,
    hostname,
    maxMessageBytes: payloadBytes + PACKET_OVERHEAD_BYTES,
    udpBackend: choice("udpBackend", udpBackend, "auto", UDP_BACKENDS),
  };
  const listening = serverConfig(options, common);
  const client = { ...common, port, ...given(options, ["token", "caCerts", "pin", "serverName"]) };
  const accepting = given(options, ["dangerouslyAcceptAnyCertificate"]);
  // Port 0 is somewhere to listen, and nowhere to connect to.
  resolveSecureClientOptions({ ...client, ...accepting, port: port || 1 });
  return {
    target: { transport: "udp", hostname, port },
    listen: () => {
      if (listening === undefined) {
        throw new ResourceError("Cannot listen for secure sessions: there is no certificate to listen with");
      }
      return new SecureLinkListener(listening);
    },
    connect: (signal) => connectSecureLink({ ...client, ...accepting }, signal),
  };
}

/** A client of its own for one link; a signal that fires later does nothing to it. */
async function connectSecureLink(options: SecureClientOptions, signal: AbortSignal): Promise<MessageLink> {
  signal.throwIfAborted();
  const attempt = new AbortController();
  const abort = (): void => attempt.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const host = secureSystemHost();
    const { core } = await openSecureClient(resolveSecureClientOptions({ ...options, signal: attempt.signal }), host);
    let opened: SecureLink | undefined;
    // The socket serves this link alone: its end is told when the socket is gone.
    const owner = {
      handleLink: (link: SecureLink) => void (opened = link),
      handleEmpty: () => {},
      whenReleased: core.whenClosed,
    };
    new SecureHub(core, owner, host.scheduler).pump();
    if (opened !== undefined) return opened;
    await core.close(SessionCloseCode.Normal, 0);
    throw new ClosedError(CloseCode.GoingAway, "remote");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function serverConfig(
  options: SecureFabricOptions,
  common: Partial<SecureClientOptions> & { readonly hostname: string },
): SecureServerConfig | undefined {
  const { cert, key, port, udp } = options;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new TypeError("The options cert and key belong together");
  return resolveSecureServerOptions({
    ...common,
    ...given(options, ["authorize", "advertisedUdpPort"]),
    cert,
    key,
    tcp: port,
    udp: udp ?? port,
    // Links are made anew: nobody would show a ticket.
    ticketLifetimeMs: 0,
  });
}

/** The options of those names that were given. */
function given<T extends object, K extends keyof T>(options: T, names: readonly K[]): { [N in K]?: NonNullable<T[N]> } {
  const present = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return Object.fromEntries(present) as { [N in K]?: NonNullable<T[N]> };
}
