/**
 * What the dispatchers of one bus share: memory for records, counters, and the way to other nodes.
 *
 * @module
 */
import type { RecordWriter } from "../bus/dispatch/record_writer.ts";
import type { ValueCodec } from "../bus/dispatch/value_codec.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { FabricNode } from "../transport/bus_fabric.ts";
import type { BusFabrics } from "./bus_fabrics.ts";
import type { DispatchConfig } from "./bus_options.ts";

/** What events, commands and handlers of commands share. */
export interface BusContext {
  /** The checked limits. */
  readonly config: DispatchConfig;
  /** Time. */
  readonly scheduler: Scheduler;
  /** The ways to other nodes. */
  readonly fabrics: BusFabrics;
  /** Encodes and decodes values. */
  readonly codec: ValueCodec;
  /** Makes records. */
  readonly writer: RecordWriter;
  /** This node, as handlers and the choice among several nodes see it. */
  readonly self: FabricNode;

  /**
   * Says what this node wants, to itself and to others.
   *
   * @param kind An event pattern or a command name.
   * @param name Which.
   * @param isWanted Whether it is wanted.
   */
  setInterest(kind: "event" | "command", name: string, isWanted: boolean): void;
  /** Throws `ClosedError` when the bus is closed. */
  checkOpen(): void;
  /**
   * Counts one more.
   *
   * @param counter What.
   */
  count(counter: number): void;
  /**
   * Sends the record that the writer holds; one that finds no room waits for it.
   *
   * @param node Where to.
   * @param length How long it is.
   */
  send(node: FabricNode, length: number): void;
  /**
   * Hands an error on that no call reports.
   *
   * @param error What.
   */
  report(error: unknown): void;
}
