/**
 * The tools of real-time games and media, free of any protocol: what to send, how little of it, and when to play it.
 *
 * - **Snapshot delta**: a {@linkcode WorldState} encodes for each {@linkcode WorldObserver} what changed since the newest
 *   snapshot that this observer acknowledged; a {@linkcode WorldReplica} follows it, heals, and blends between ticks.
 *   {@linkcode SnapshotSender} and {@linkcode SnapshotReceiver} do the same for any bytes.
 * - **Interest**: an {@linkcode InterestManager} says which entities concern whom, a {@linkcode PriorityAccumulator} what
 *   of it goes into this datagram.
 * - **Jitter**: a {@linkcode JitterBuffer} turns frames that come when they come into frames at an even cadence.
 *
 * Everything here is a machine: no sockets, no timers, time and randomness come from the caller.
 *
 * @module
 */
export { ByteDelta, DeltaRefusal } from "./delta/byte_delta.ts";
export {
  angle,
  type AngleField,
  type AngleOptions,
  type Blending,
  bool,
  type BoolField,
  bytes,
  type BytesField,
  choice,
  type ChoiceField,
  type Field,
  float,
  type FloatField,
  int,
  type IntegerField,
  type IntegerOptions,
  type RealField,
  type RealOptions,
  text,
  type TextField,
  uint,
  vec2,
  type Vec2Field,
  vec3,
  type Vec3Field,
} from "./delta/field.ts";
export type { BytesWriter, TextWriter } from "./delta/blob_writer.ts";
export type {
  BytesReader,
  ChoiceReader,
  FlagReader,
  NumberReader,
  ReaderOf,
  ReadersOf,
  TextReader,
  Vec2Reader,
  Vec3Reader,
} from "./delta/field_reader.ts";
export type { WriterOf, WritersOf } from "./delta/field_writer.ts";
export type { AngleWriter, ChoiceWriter, FlagWriter, NumberWriter } from "./delta/scalar_writer.ts";
export type { Vec2Writer, Vec3Writer } from "./delta/vector_writer.ts";
export { defineSchema, type FieldSet, type Schema, type SchemaOptions } from "./delta/schema.ts";
export type { SnapshotReceiverOptions, SnapshotSenderOptions } from "./delta/snapshot_options.ts";
export { SnapshotReceiver } from "./delta/snapshot_receiver.ts";
export { MAX_SNAPSHOT_OVERHEAD_BYTES, SnapshotSender } from "./delta/snapshot_sender.ts";
export { SnapshotStatus } from "./delta/snapshot_status.ts";
export { WorldFrame } from "./delta/world_frame.ts";
export { WorldObserver } from "./delta/world_observer.ts";
export type { WorldObserverOptions, WorldReplicaOptions, WorldStateOptions } from "./delta/world_options.ts";
export { WorldReplica } from "./delta/world_replica.ts";
export { WorldState } from "./delta/world_state.ts";
export { type InterestEvent, InterestEventKind } from "./interest/interest_events.ts";
export { InterestManager } from "./interest/interest_manager.ts";
export type { InterestOptions, ObserverOptions, SpatialGridOptions } from "./interest/interest_options.ts";
export { PriorityAccumulator } from "./interest/priority_accumulator.ts";
export type { PriorityAccumulatorOptions } from "./interest/priority_options.ts";
export { SpatialGrid } from "./interest/spatial_grid.ts";
export { JitterBuffer } from "./jitter/jitter_buffer.ts";
export { JitterFrame } from "./jitter/jitter_frame.ts";
export type { JitterOptions } from "./jitter/jitter_options.ts";
export { JitterAdmission, JitterOutcome } from "./jitter/jitter_outcome.ts";
export type { JitterStatistics } from "./jitter/jitter_statistics.ts";
export { type Clock, ClockCell } from "../time/clock.ts";
