/**
 * What tests of programs on Ringwire need: virtual time, seeded randomness, links inside one process, and bad networks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualScheduler } from "@ringwire/ringwire/testing";
 *
 * const scheduler = new ManualScheduler();
 * let rang = false;
 * scheduler.alarm(() => rang = true).arm(1000);
 * scheduler.advance(1000);
 * assertEquals(rang, true);
 * ```
 *
 * @module
 */
export { CloseCode } from "../error/close_code.ts";
export {
  ClosedError,
  type CloseOrigin,
  ConnectError,
  MisuseError,
  ResourceError,
  TransportError,
  type TransportErrorCode,
} from "../error/transport_error.ts";
export { DEFAULT_BUFFER_BYTES, MemoryLink, memoryPair, type MemoryPairOptions } from "../io/memory/memory_link.ts";
export { MemoryNetwork, type MemoryNetworkOptions } from "../io/memory/memory_network.ts";
export type { RandomSource } from "../random/random_source.ts";
export { SeededRandom } from "../random/seeded_random.ts";
export type { Clock, WallClock } from "../time/clock.ts";
export type { Alarm, Scheduler } from "../time/scheduler.ts";
export type { Address, MemoryAddress, TcpAddress, UdpAddress, UnixAddress } from "../transport/address.ts";
export type { DatagramFailure, DatagramLink, DatagramReceiver, NumericAddress } from "../transport/datagram_link.ts";
export type { MessageFabric, MessageLink, MessageListener, MessageReceiver } from "../transport/message_link.ts";
export type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
export { DatagramAddress } from "../wire/datagram_address.ts";
export { conditionDatagramLink } from "./conditioner_datagram_link.ts";
export type { StreamConditionerOptions } from "./conditioner_options.ts";
export { CONDITIONER_PRESETS, type DatagramPreset } from "./conditioner_presets.ts";
export {
  DatagramConditioner,
  type DatagramConditionerConfig,
  type DatagramConditionerOptions,
  type DatagramTally,
} from "./datagram_conditioner.ts";
export { DatagramHost, DatagramNetwork, type DatagramTaker, type TappedDatagram } from "./datagram_network.ts";
export { MachineEnd, type MachineEndOptions, type MachineSink } from "./machine_end.ts";
export { MachinePair, type MachinePairOptions } from "./machine_pair.ts";
export { ManualScheduler } from "./manual_scheduler.ts";
export {
  type ConformanceCase,
  type ConformancePlace,
  type ConformanceSubject,
  transportConformance,
} from "./transport_conformance.ts";
export { conditionFabric, conditionLink } from "./stream_conditioner.ts";
// What it takes to build a stream machine for a MachinePair.
export { BlockPool, type BlockPoolConfig } from "../bytes/block_pool.ts";
export { SendStatus } from "../error/send_status.ts";
export { TransmitSpan } from "../machine/transmit_span.ts";
export { CounterTable } from "../metric/counter_table.ts";
export { Histogram, type HistogramSnapshot } from "../metric/histogram.ts";
export type { ConflationKey } from "../stream/conflation.ts";
export type { FrameCursor, FrameLimits, FrameParser } from "../stream/frame_cursor.ts";
export { type Framing, INT32_FRAMING } from "../stream/framing.ts";
export { Outbox, type OutboxSetup } from "../stream/outbox.ts";
export type { StreamHandshake } from "../stream/peer_handshake.ts";
export { STREAM_COUNTERS } from "../stream/stream_counters.ts";
export { type CloseReason, StreamEvent } from "../stream/stream_event.ts";
export { StreamMachine } from "../stream/stream_machine.ts";
export {
  resolveStreamOptions,
  type SendPolicy,
  type StreamConfig,
  type StreamOptions,
} from "../stream/stream_options.ts";
export type { StreamSetup } from "../stream/stream_setup.ts";
