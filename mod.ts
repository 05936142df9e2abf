/**
 * Ringwire: one transport runtime for Deno.
 *
 * This entry holds the two that stand on sockets alone. Framed TCP (`./reactor`): a {@linkcode Reactor} serves many
 * connections, a {@linkcode Particle} is a client for one producer, {@linkcode ParticleFlux} for many, in other threads
 * too, and {@linkcode ParticleBurst} sends without waiting. Encrypted UDP (`./secure`): a {@linkcode SecureSocket} serves
 * many peers or connects to one, a {@linkcode HybridSocket} has TCP to fall back on. What is built above has entries of
 * its own: `./transport`, `./bus`, `./asset`, `./realtime`.
 *
 * @example
 * ```ts
 * import { Particle, Reactor } from "@ringwire/ringwire";
 *
 * await using reactor = new Reactor({ hostname: "127.0.0.1", onReceived: (connection, data) => connection.return(data) });
 * await reactor.start();
 * await using particle = new Particle({ port: reactor.port, onReceived: (data) => console.log(data.length) });
 * await particle.send(new TextEncoder().encode("Hello"));
 * ```
 *
 * @module
 */
export { type HybridPeerStatistics, HybridSocket } from "./src/api/hybrid_socket.ts";
export { Particle } from "./src/api/particle.ts";
export { type Built, ParticleBuilder, type ParticleKind } from "./src/api/particle_builder.ts";
export { ParticleBurst } from "./src/api/particle_burst.ts";
export { ParticleFlux } from "./src/api/particle_flux.ts";
export { Reactor } from "./src/api/reactor.ts";
export { SecureSocket } from "./src/api/secure_socket.ts";
export type { Delivery, LaneName } from "./src/channel/channel_class.ts";
export type { ChannelOptions, ChannelSetOptions } from "./src/channel/channel_options.ts";
export type { ChannelSendOptions } from "./src/channel/channel_set.ts";
export { CloseCode, type CloseCodeName, closeCodeName } from "./src/error/close_code.ts";
export { SendStatus } from "./src/error/send_status.ts";
export {
  AuthenticationError,
  ClosedError,
  type CloseOrigin,
  ConnectError,
  MisuseError,
  ProtocolError,
  ResourceError,
  TimeoutError,
  TransportError,
  type TransportErrorCode,
} from "./src/error/transport_error.ts";
export type { FecOptions, FecScheme } from "./src/fec/fec_options.ts";
export { pinOf } from "./src/io/tls/certificate_pin.ts";
export {
  type CertificateAlgorithm,
  type DevelopmentCertificate,
  developmentCertificate,
  type DevelopmentCertificateOptions,
} from "./src/io/tls/development_certificate.ts";
export type { TlsConnectOptions } from "./src/io/tls/tls_connect_options.ts";
export type { PeerCertificate } from "./src/io/tls/tls_link.ts";
export type { ClientCertificates } from "./src/io/tls/tls_listen_options.ts";
export type { UdpBackend } from "./src/io/udp/udp_options.ts";
export type { HistogramSnapshot } from "./src/metric/histogram.ts";
export type { ControllerName, ReliabilityOptions } from "./src/reliability/reliability_options.ts";
export type { BurstOptions, FlushReport } from "./src/runtime/burst_runtime.ts";
export type { Connection, DisconnectReason } from "./src/runtime/connection.ts";
export type { FluxOptions } from "./src/runtime/flux_options.ts";
export type { FluxProducer } from "./src/runtime/flux_producer.ts";
export type { ProducerToken } from "./src/runtime/flux_token.ts";
export type { HandlerModule, WorkerContext } from "./src/runtime/handler_module.ts";
export type { HybridConnected, HybridEvent, TransportMode, TransportModeChanged } from "./src/runtime/hybrid_mode.ts";
export type { HybridClientOptions, HybridPathOptions } from "./src/runtime/hybrid_options.ts";
export type { ParticleHandlers, ParticleOptions, ReconnectOptions } from "./src/runtime/particle_options.ts";
export type { ReactorHandlers, ReactorOptions } from "./src/runtime/reactor_options.ts";
export type { SecureClientOptions } from "./src/runtime/secure_client_options.ts";
export type {
  SecureConnected,
  SecureData,
  SecureDisconnected,
  SecureDisconnectReason,
  SecureDrained,
  SecureEvent,
  SecureTicketReceived,
} from "./src/runtime/secure_event.ts";
export type { SecureSendOptions } from "./src/runtime/secure_outbox.ts";
export type { Authorize, SecureQueueOptions, SecureServerOptions } from "./src/runtime/secure_server_options.ts";
export type { SecurePeerStatistics, SecureStatistics } from "./src/runtime/secure_statistics.ts";
export type {
  ConnectionStatistics,
  ParticleStatistics,
  ReactorStatistics,
  StreamStatistics,
} from "./src/runtime/statistics.ts";
export type { Dispatch, WorkerOptions } from "./src/runtime/worker_options.ts";
export type { EndpointOptions } from "./src/session/endpoint_options.ts";
export { SessionCloseCode } from "./src/session/session_close_code.ts";
export type { SessionOptions } from "./src/session/session_options.ts";
export type { SessionStatistics } from "./src/session/session_statistics.ts";
export type { ConflationKey } from "./src/stream/conflation.ts";
export type { FrameCursor } from "./src/stream/frame_cursor.ts";
export type { SendPolicy, StreamOptions } from "./src/stream/stream_options.ts";
export type { Address, MemoryAddress, TcpAddress, UdpAddress, UnixAddress } from "./src/transport/address.ts";
