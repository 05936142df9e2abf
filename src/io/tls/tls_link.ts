/**
 * What a TLS link is: a stream link between two known addresses, and what the handshake told.
 *
 * @module
 */
import { type TcpAddress, unmappedHost } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";

/** A certificate that a peer has shown and proven to be its own. */
export interface PeerCertificate {
  /** The certificate, DER. */
  readonly der: Uint8Array;
  /** Its SHA-256: 64 hexadecimal digits. */
  readonly pin: string;
}

/** What a handshake told. */
export interface TlsFacts {
  /**
   * The version of the protocol; `undefined` at a client that has checked its server by the runtime's own rules, which
   * tells neither this nor the certificate. This package's servers speak nothing else.
   */
  readonly protocol: "TLSv1.3" | undefined;
  /** The application protocol that both ends agreed on (RFC 7301); `undefined` where there is none. */
  readonly alpnProtocol: string | undefined;
  /**
   * The peer's certificate. At a server it was checked, whatever is optional; `undefined` where the client has none. At
   * a client it is there where it was pinned or, unchecked, where any certificate is accepted.
   */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** A stream link over TLS; its `remote` is the address that was reached, numeric, whatever name was asked for. */
export interface TlsLink extends StreamLink {
  /** What the handshake told. */
  readonly facts: TlsFacts;
  /** Settles once the link is closed and what TLS runs over, too, at a link for which that is later than `close`. */
  readonly whenClosed?: Promise<void> | undefined;
}

/**
 * A TCP address as a plain value.
 *
 * @param address What the runtime reports of a connection.
 * @returns The same; an IPv4-mapped address becomes one of IPv4.
 */
export function tcpAddress(address: { readonly hostname: string; readonly port: number }): TcpAddress {
  return { transport: "tcp", hostname: unmappedHost(address.hostname), port: address.port };
}
