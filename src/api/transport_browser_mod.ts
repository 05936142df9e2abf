/**
 * The client half of the transport for browsers, over WebSocket: nothing in it names Deno or Node.
 *
 * @module
 */
export { TransportClient, webSocket } from "./transport_browser_client.ts";
export { CloseCode, type CloseCodeName, closeCodeName } from "../error/close_code.ts";
export { SendStatus } from "../error/send_status.ts";
export {
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
export type { WebSocketConnectOptions, WebSocketOptions } from "../io/websocket/web_socket_options.ts";
export { RequestErrorCode } from "../message/message_event.ts";
export type { CompressionName, MessageOptions } from "../message/message_options.ts";
export type { MessageFields } from "../message/packet_writer.ts";
export { RequestError } from "../message/request_error.ts";
export type { HistogramSnapshot } from "../metric/histogram.ts";
export type { StreamStatistics } from "../runtime/statistics.ts";
export type {
  ClientEventOf,
  TransportClientHandlers,
  TransportClientOptions,
  TransportReconnectOptions,
} from "../runtime/transport_client_options.ts";
export type { TransportConnectionOptions } from "../runtime/transport_connection_options.ts";
export type { RequestHandler, UnhandledRequest } from "../runtime/transport_delivery.ts";
export type { ClientEvent, ConnectionInfo, TransportCloseReason } from "../runtime/transport_event.ts";
export type { MessageAnswerer, MessageParts, ReceivedMessage } from "../runtime/transport_message.ts";
export type { RequestOptions, TransportResponse } from "../runtime/transport_pending_replies.ts";
export type { ClientPoolOptions } from "../runtime/transport_pool_options.ts";
export {
  messageProtocol,
  type ProtocolLimits,
  type ProtocolLinks,
  type TransportProtocol,
} from "../runtime/transport_protocol.ts";
export type {
  MessageStatistics,
  TransportClientStatistics,
  TransportStatistics,
} from "../runtime/transport_statistics.ts";
export type { Address, MemoryAddress, TcpAddress, UdpAddress, UnixAddress } from "../transport/address.ts";
export type { MessageFabric, MessageLink, MessageListener, MessageReceiver } from "../transport/message_link.ts";
export type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
