/**
 * One API over every link: servers and clients for messages and requests, whatever protocol carries them.
 *
 * The wire is that of msgtrans 1.x, byte for byte; two ends of this package add cancel, deadlines, typed refusals and
 * keepalive in a way that a foreign end never sees.
 *
 * @example An echo server for two protocols, and a client
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tcp, TransportClientBuilder, TransportServerBuilder, webSocket } from "./transport_mod.ts";
 *
 * const server = await new TransportServerBuilder()
 *   .withProtocol(tcp("127.0.0.1:0"))
 *   .withProtocol(webSocket({ hostname: "127.0.0.1", port: 0, path: "/ws" }))
 *   .build();
 * const serving = (async () => {
 *   for await (const event of server.events()) {
 *     if (event.type === "messageReceived") await event.message.respond(event.message.data);
 *   }
 * })();
 *
 * const client = new TransportClientBuilder().withProtocol(tcp(`127.0.0.1:${server.port("tcp")}`)).build();
 * await client.connect();
 * const { data } = await client.request(new TextEncoder().encode("hello"));
 * assertEquals(new TextDecoder().decode(data), "hello");
 * await client.close();
 * await server.close();
 * await serving;
 * ```
 *
 * @module
 */
export { type BroadcastOptions, type SessionView, TransportServer } from "./transport_server.ts";
export { type OtherServerOptions, TransportServerBuilder } from "./transport_server_builder.ts";
export { TransportClient } from "./transport_client.ts";
export { type OtherClientOptions, TransportClientBuilder } from "./transport_client_builder.ts";
export {
  memory,
  quic,
  type QuicProtocolOptions,
  secure,
  type SecureProtocolOptions,
  tcp,
  type TcpProtocolOptions,
  tls,
  type TlsProtocolOptions,
  unix,
  type UnixProtocolOptions,
  webSocket,
  type WebSocketProtocolOptions,
} from "./transport_protocols.ts";
export {
  type ProtocolConfig,
  QuicConfig,
  QuicConfig as QuicClientConfig,
  QuicConfig as QuicServerConfig,
  TcpConfig,
  TcpConfig as TcpClientConfig,
  TcpConfig as TcpServerConfig,
  WebSocketConfig,
  WebSocketConfig as WebSocketClientConfig,
  WebSocketConfig as WebSocketServerConfig,
} from "./transport_configs.ts";
export {
  framedStreamProtocol,
  messageProtocol,
  type ProtocolLimits,
  type ProtocolLinks,
  streamProtocol,
  type TransportProtocol,
} from "../runtime/transport_protocol.ts";
export { ConnectionPresets, PoolPresets } from "../runtime/transport_presets.ts";
export { CloseCode, type CloseCodeName, closeCodeName } from "../error/close_code.ts";
export { SendStatus } from "../error/send_status.ts";
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
} from "../error/transport_error.ts";
export { RequestError } from "../message/request_error.ts";
export { RequestErrorCode } from "../message/message_event.ts";
export type { CompressionName, MessageOptions } from "../message/message_options.ts";
export type { MessageFields } from "../message/packet_writer.ts";
export type { HistogramSnapshot } from "../metric/histogram.ts";
export { MemoryNetwork, type MemoryNetworkOptions } from "../io/memory/memory_network.ts";
export {
  type CertificateAlgorithm,
  type DevelopmentCertificate,
  developmentCertificate,
  type DevelopmentCertificateOptions,
} from "../io/tls/development_certificate.ts";
export type { TcpFabricOptions } from "../io/tcp/tcp_fabric.ts";
export type { TlsConnectOptions } from "../io/tls/tls_connect_options.ts";
export type { ClientCertificates, TlsListenOptions } from "../io/tls/tls_listen_options.ts";
export type { SecureFabricOptions } from "../runtime/transport_secure_fabric.ts";
export type { SecureLinkFacts } from "../runtime/transport_secure_link.ts";
export type { Authorize } from "../runtime/secure_server_options.ts";
export type { PeerCertificate } from "../io/tls/tls_link.ts";
export type { UdpBackend } from "../io/udp/udp_options.ts";
export type { Delivery, LaneName } from "../channel/channel_class.ts";
export type { FecOptions, FecScheme } from "../fec/fec_options.ts";
export type { ChannelOptions, ChannelSetOptions } from "../channel/channel_options.ts";
export type { ControllerName, ReliabilityOptions } from "../reliability/reliability_options.ts";
export type { SessionOptions } from "../session/session_options.ts";
export type { QuicFabricOptions } from "../io/quic/quic_options.ts";
export type { WebSocketFabricOptions } from "../io/websocket/web_socket_fabric.ts";
export type {
  WebSocketConnectOptions,
  WebSocketListenOptions,
  WebSocketOptions,
} from "../io/websocket/web_socket_options.ts";
export type { StreamStatistics } from "../runtime/statistics.ts";
export type {
  ClientEventOf,
  TransportClientHandlers,
  TransportClientOptions,
  TransportReconnectOptions,
} from "../runtime/transport_client_options.ts";
export type { TransportConnectionOptions } from "../runtime/transport_connection_options.ts";
export type { RequestHandler, UnhandledRequest } from "../runtime/transport_delivery.ts";
export type { ClientEvent, ConnectionInfo, ServerEvent, TransportCloseReason } from "../runtime/transport_event.ts";
export type { MessageAnswerer, MessageParts, ReceivedMessage } from "../runtime/transport_message.ts";
export type { RequestOptions, TransportResponse } from "../runtime/transport_pending_replies.ts";
export type { PendingSession, PendingTarget } from "../runtime/transport_pending_session.ts";
export type { ClientPoolOptions, ServerPoolOptions } from "../runtime/transport_pool_options.ts";
export type {
  ServerEventOf,
  SessionMiddleware,
  TransportServerHandlers,
  TransportServerOptions,
} from "../runtime/transport_server_options.ts";
export type { ShutdownReport, UnfinishedSession } from "../runtime/transport_shutdown.ts";
export type {
  MessageStatistics,
  TransportClientStatistics,
  TransportServerStatistics,
  TransportStatistics,
} from "../runtime/transport_statistics.ts";
export type { Address, MemoryAddress, TcpAddress, UdpAddress, UnixAddress } from "../transport/address.ts";
export type { MessageFabric, MessageLink, MessageListener, MessageReceiver } from "../transport/message_link.ts";
export type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
export type { Alarm, Scheduler } from "../time/scheduler.ts";
export type { Clock, WallClock } from "../time/clock.ts";
