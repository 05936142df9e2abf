/**
 * Ringwire: one transport runtime for Deno.
 *
 * This entry holds everything that is finished; subpaths hold one part each. So far that is framed TCP (`./reactor`): a
 * {@linkcode Reactor} serves many connections, a {@linkcode Particle} is a client for one producer,
 * {@linkcode ParticleFlux} for many, in other threads too, and {@linkcode ParticleBurst} sends without waiting.
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
export { Reactor } from "./src/api/reactor.ts";
export { Particle } from "./src/api/particle.ts";
export { ParticleFlux } from "./src/api/particle_flux.ts";
export { ParticleBurst } from "./src/api/particle_burst.ts";
export { type Built, ParticleBuilder, type ParticleKind } from "./src/api/particle_builder.ts";
export { CloseCode, type CloseCodeName, closeCodeName } from "./src/error/close_code.ts";
export { SendStatus } from "./src/error/send_status.ts";
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
} from "./src/error/transport_error.ts";
export type { HistogramSnapshot } from "./src/metric/histogram.ts";
export type { BurstOptions, FlushReport } from "./src/runtime/burst_runtime.ts";
export type { Connection, DisconnectReason } from "./src/runtime/connection.ts";
export type { FluxOptions } from "./src/runtime/flux_options.ts";
export type { FluxProducer } from "./src/runtime/flux_producer.ts";
export type { ProducerToken } from "./src/runtime/flux_token.ts";
export type { HandlerModule, WorkerContext } from "./src/runtime/handler_module.ts";
export type { ParticleHandlers, ParticleOptions, ReconnectOptions } from "./src/runtime/particle_options.ts";
export type { ReactorHandlers, ReactorOptions } from "./src/runtime/reactor_options.ts";
export type {
  ConnectionStatistics,
  ParticleStatistics,
  ReactorStatistics,
  StreamStatistics,
} from "./src/runtime/statistics.ts";
export type { Dispatch, WorkerOptions } from "./src/runtime/worker_options.ts";
export type { ConflationKey } from "./src/stream/conflation.ts";
export type { FrameCursor } from "./src/stream/frame_cursor.ts";
export type { SendPolicy, StreamOptions } from "./src/stream/stream_options.ts";
export type { Address, MemoryAddress, TcpAddress } from "./src/transport/address.ts";
