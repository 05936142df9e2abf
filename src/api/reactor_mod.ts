/**
 * Framed TCP: a reactor that serves many connections, and three kinds of client.
 *
 * The wire is `int32 little-endian length | payload`, byte for byte that of Faster.Transport and, with peer ids, of
 * Zerio.
 *
 * @module
 */
export { Reactor } from "./reactor.ts";
export { Particle } from "./particle.ts";
export { ParticleFlux } from "./particle_flux.ts";
export { ParticleBurst } from "./particle_burst.ts";
export { type Built, ParticleBuilder, type ParticleKind } from "./particle_builder.ts";
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
export type { HistogramSnapshot } from "../metric/histogram.ts";
export type { BurstOptions, FlushReport } from "../runtime/burst_runtime.ts";
export type { Connection, DisconnectReason } from "../runtime/connection.ts";
export type { FluxOptions } from "../runtime/flux_options.ts";
export type { FluxProducer } from "../runtime/flux_producer.ts";
export type { ProducerToken } from "../runtime/flux_token.ts";
export type { HandlerModule, WorkerContext } from "../runtime/handler_module.ts";
export type { ParticleHandlers, ParticleOptions, ReconnectOptions } from "../runtime/particle_options.ts";
export type { ReactorHandlers, ReactorOptions } from "../runtime/reactor_options.ts";
export type {
  ConnectionStatistics,
  ParticleStatistics,
  ReactorStatistics,
  StreamStatistics,
} from "../runtime/statistics.ts";
export type { Dispatch, WorkerOptions } from "../runtime/worker_options.ts";
export type { ConflationKey } from "../stream/conflation.ts";
export type { FrameCursor } from "../stream/frame_cursor.ts";
export type { SendPolicy, StreamOptions } from "../stream/stream_options.ts";
export type { Address, MemoryAddress, TcpAddress } from "../transport/address.ts";
