/**
 * The options of loss recovery and congestion control: the one place that defaults and checks them.
 *
 * @module
 */
import { atLeast, choice, duration, integer, onlyKnown } from "../error/option_check.ts";
import type { AckConfig } from "./ack_schedule.ts";

/** The congestion controllers that there are. */
export type ControllerName = "delay-bounded" | "cubic";

/** The options of a connection's reliability. */
export interface ReliabilityOptions {
  /**
   * Which congestion controller decides how much is sent. `delay-bounded` keeps queues short and takes random loss below
   * 10 % for no sign of congestion; `cubic` (RFC 9438) fills queues and slows down at every loss.
   * @default "delay-bounded"
   */
  readonly congestionControl?: ControllerName;
  /**
   * How many ms of queue the delay-bounded controller tolerates, 1 to 1000, before it slows down. More fills links whose
   * delay varies by itself, less keeps the delay of everything else shorter. Without effect on `cubic`.
   * @default 10
   */
  readonly maxQueueDelayMs?: number;
  /** How many packets may be under way at a time, 64 to 65536; 50 bytes of memory each, taken as needed. @default 4096 */
  readonly maxPacketsInFlight?: number;
  /**
   * Holds an acknowledgement back for this many ms at most, 0 to 1000. 0: every packet is acknowledged at once.
   * @default 25
   */
  readonly maxAckDelayMs?: number;
  /** Acknowledges at once after this many packets that ask for it, 1 to 128. @default 2 */
  readonly ackEveryPackets?: number;
  /**
   * How many ranges of received packets are remembered and told, 1 to 256; of more the oldest are forgotten, and what
   * they hold may be sent again without need. @default 64
   */
  readonly maxAckRanges?: number;
  /** The round-trip time in ms that is assumed before the first sample, 1 to 1000. @default 100 */
  readonly initialRttMs?: number;
}

/** {@linkcode ReliabilityOptions}, complete and checked. */
export interface ReliabilityConfig extends Required<ReliabilityOptions>, AckConfig {}

/** The names of all reliability options. */
export const RELIABILITY_OPTION_NAMES: readonly (keyof ReliabilityOptions)[] = [
  "congestionControl",
  "maxQueueDelayMs",
  "maxPacketsInFlight",
  "maxAckDelayMs",
  "ackEveryPackets",
  "maxAckRanges",
  "initialRttMs",
];

const known: ReadonlySet<string> = new Set(RELIABILITY_OPTION_NAMES);
const controllers: readonly ControllerName[] = ["delay-bounded", "cubic"];

/**
 * Completes and checks reliability options.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveReliabilityOptions(options: ReliabilityOptions = {}): ReliabilityConfig {
  onlyKnown("Reliability", options, known);
  const o = options;
  const maxQueueDelayMs = atLeast("maxQueueDelayMs", o.maxQueueDelayMs, 10, 1);
  if (maxQueueDelayMs > 1000) throw new RangeError("The option maxQueueDelayMs must be at most 1000");
  const maxAckDelayMs = duration("maxAckDelayMs", o.maxAckDelayMs, 25);
  if (maxAckDelayMs > 1000) throw new RangeError("The option maxAckDelayMs must be at most 1000");
  return Object.freeze({
    congestionControl: choice("congestionControl", o.congestionControl, "delay-bounded", controllers),
    maxQueueDelayMs,
    maxPacketsInFlight: integer("maxPacketsInFlight", o.maxPacketsInFlight, 4096, 64, 65_536),
    maxAckDelayMs,
    ackEveryPackets: integer("ackEveryPackets", o.ackEveryPackets, 2, 1, 128),
    maxAckRanges: integer("maxAckRanges", o.maxAckRanges, 64, 1, 256),
    initialRttMs: integer("initialRttMs", o.initialRttMs, 100, 1, 1000),
  });
}
