/**
 * Connects by `node:tls`, which shows the server's certificate: it is compared with pins, or taken as it is.
 *
 * Invariant: the module checks nothing here, whatever the environment says, so that all that counts is in this file.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import { AuthenticationError } from "../../error/transport_error.ts";
import { formatAddress } from "../../transport/address.ts";
import { isReadable, pinOf } from "./certificate_pin.ts";
import { NodeTlsLink } from "./node_tls_link.ts";
import { checkAlpn, connectRaw } from "./raw_connect.ts";
import { RawStream } from "./raw_stream.ts";
import type { TlsConnectConfig } from "./tls_connect_options.ts";
import { tcpAddress, type TlsFacts } from "./tls_link.ts";

/**
 * Connects to a server that is known by its pin, or to whoever answers.
 *
 * @param config Where to, and the pins.
 * @param signal Ends the attempt.
 * @returns The link. Rejects with `AuthenticationError` when the certificate has another pin, with the runtime's error
 * otherwise.
 */
export async function openPinned(config: TlsConnectConfig, signal: AbortSignal): Promise<NodeTlsLink> {
  const [{ connect }, { Duplex }] = await Promise.all([import("node:tls"), import("node:stream")]);
  const conn = await connectRaw(config, signal);
  const [local, remote] = [tcpAddress(conn.localAddr), tcpAddress(conn.remoteAddr)];
  const raw = new RawStream(Duplex, conn);
  const socket = connect({ socket: raw.stream, ...options(config) });
  const done = Promise.withResolvers<void>();
  const abort = (): void => raw.cut(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  raw.stream.on("error", done.reject);
  raw.stream.on("close", () => done.reject(new Error("the server closed the connection")));
  socket.on("error", done.reject);
  socket.on("secureConnect", () => {
    raw.hold();
    done.resolve();
  });
  try {
    await done.promise;
    const facts = factsOf(config, socket);
    return new NodeTlsLink(socket, { local, remote, raw, facts });
  } catch (error) {
    socket.destroy();
    raw.cut();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What the handshake told, if the server is the one that was meant. */
function factsOf(config: TlsConnectConfig, socket: TLSSocket): TlsFacts {
  const { pins } = config;
  const der = socket.getPeerX509Certificate()?.raw;
  if (der === undefined) throw distrust(config, "the server showed no certificate");
  const pin = pinOf(der);
  if (pins.length > 0 && !pins.includes(pin)) throw distrust(config, `the server's certificate has the pin ${pin}`);
  if (pins.length > 0 && !isReadable(der)) throw distrust(config, "the server's certificate is no X.509 version 3");
  const alpnProtocol = checkAlpn(config, socket.alpnProtocol);
  return { protocol: "TLSv1.3", alpnProtocol, peerCertificate: { der: Uint8Array.from(der), pin } };
}

function distrust({ hostname, port }: TlsConnectConfig, reason: string): AuthenticationError {
  return new AuthenticationError(`Cannot connect to ${formatAddress({ transport: "tcp", hostname, port })}: ${reason}`);
}

function options({ serverName, alpnProtocols, identity }: TlsConnectConfig) {
  return {
    ...isNumeric(serverName) ? {} : { servername: serverName },
    ...alpnProtocols.length > 0 ? { ALPNProtocols: [...alpnProtocols] } : {},
    ...identity ?? {},
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  } as const;
}

/** An address must not be sent where a name is expected (RFC 6066 section 3). */
function isNumeric(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
