/**
 * Encrypted UDP: sessions between a {@linkcode SecureSocket} that serves and many that connect.
 *
 * Keys come out of TLS 1.3 over TCP or out of a ticket; every packet is sealed with ChaCha20-Poly1305. The wire is that
 * of `src/wire/STANDARD.md`, sections 4 to 11. That packets of one session by two paths cannot be linked is not
 * promised.
 *
 * @module
 */
export { type HybridPeerStatistics, HybridSocket } from "./hybrid_socket.ts";
export { SecureSocket } from "./secure_socket.ts";
export type { Delivery, LaneName } from "../channel/channel_class.ts";
export type { ChannelOptions, ChannelSetOptions } from "../channel/channel_options.ts";
export type { ChannelSendOptions } from "../channel/channel_set.ts";
export type { CloseCode } from "../error/close_code.ts";
export { SendStatus } from "../error/send_status.ts";
export {
  AuthenticationError,
  ClosedError,
  type CloseOrigin,
  ConnectError,
  MisuseError,
  ResourceError,
  TimeoutError,
  TransportError,
  type TransportErrorCode,
} from "../error/transport_error.ts";
export type { FecOptions, FecScheme } from "../fec/fec_options.ts";
export { pinOf } from "../io/tls/certificate_pin.ts";
export {
  type CertificateAlgorithm,
  type DevelopmentCertificate,
  developmentCertificate,
  type DevelopmentCertificateOptions,
} from "../io/tls/development_certificate.ts";
export type { PeerCertificate } from "../io/tls/tls_link.ts";
export type { ClientCertificates } from "../io/tls/tls_listen_options.ts";
export type { TlsConnectOptions } from "../io/tls/tls_connect_options.ts";
export type { UdpBackend } from "../io/udp/udp_options.ts";
export type { ControllerName, ReliabilityOptions } from "../reliability/reliability_options.ts";
export type { HybridConnected, HybridEvent, TransportMode, TransportModeChanged } from "../runtime/hybrid_mode.ts";
export type { HybridClientOptions, HybridPathOptions } from "../runtime/hybrid_options.ts";
export type { SecureClientOptions } from "../runtime/secure_client_options.ts";
export type {
  SecureConnected,
  SecureData,
  SecureDisconnected,
  SecureDisconnectReason,
  SecureDrained,
  SecureEvent,
  SecureTicketReceived,
} from "../runtime/secure_event.ts";
export type { SecureSendOptions } from "../runtime/secure_outbox.ts";
export type { Authorize, SecureQueueOptions, SecureServerOptions } from "../runtime/secure_server_options.ts";
export type { SecurePeerStatistics, SecureStatistics } from "../runtime/secure_statistics.ts";
export type { EndpointOptions } from "../session/endpoint_options.ts";
export { SessionCloseCode } from "../session/session_close_code.ts";
export type { SessionOptions } from "../session/session_options.ts";
export type { SessionStatistics } from "../session/session_statistics.ts";
export type { TcpAddress, UdpAddress } from "../transport/address.ts";
