/**
 * Conditions of networks that people really have, one way each, as knobs of the datagram conditioner.
 *
 * The figures are round ones of the orders that measurements show; none stands for a certain network. Spread one into
 * the options and change what the test is about.
 *
 * @module
 */
import type { DatagramConditionerOptions } from "./conditioner_datagram_options.ts";

/** The knobs of a preset: all but time and chance. */
export type DatagramPreset = Readonly<Omit<DatagramConditionerOptions, "scheduler" | "random">>;

/**
 * Networks by name, for one direction each.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "../random/seeded_random.ts";
 * import { CONDITIONER_PRESETS } from "./conditioner_presets.ts";
 * import { DatagramConditioner } from "./datagram_conditioner.ts";
 * import { ManualScheduler } from "./manual_scheduler.ts";
 *
 * const scheduler = new ManualScheduler();
 * new DatagramConditioner({ scheduler, random: new SeededRandom(1), ...CONDITIONER_PRESETS.cellular, delayMs: 60 });
 * ```
 */
export const CONDITIONER_PRESETS: Readonly<Record<"wifi" | "cellular" | "satellite" | "congested", DatagramPreset>> =
  Object.freeze({
    /** A room with walls: short delay with spikes, losses in short bursts. */
    wifi: Object.freeze({
      delayMs: 3,
      jitterMs: 6,
      lossShare: 0.005,
      burstStartShare: 0.003,
      burstEndShare: 0.3,
      burstLossShare: 0.8,
      reorderShare: 0.002,
      reorderMs: 8,
      bytesPerSecond: 6_250_000,
      queueBytes: 262_144,
      mtuBytes: 1472,
    }),
    /** A telephone on the move: delay that varies, deep queues, longer bursts. */
    cellular: Object.freeze({
      delayMs: 35,
      jitterMs: 25,
      lossShare: 0.005,
      burstStartShare: 0.002,
      burstEndShare: 0.1,
      burstLossShare: 0.7,
      bytesPerSecond: 1_250_000,
      queueBytes: 524_288,
      mtuBytes: 1400,
    }),
    /** A geostationary satellite: a long way, and a loss now and then. */
    satellite: Object.freeze({
      delayMs: 290,
      jitterMs: 10,
      lossShare: 0.01,
      bytesPerSecond: 2_500_000,
      queueBytes: 1_500_000,
      mtuBytes: 1400,
    }),
    /** An uplink that others fill as well: little room, jitter, loss and copies. */
    congested: Object.freeze({
      delayMs: 40,
      jitterMs: 40,
      lossShare: 0.04,
      burstStartShare: 0.01,
      burstEndShare: 0.2,
      burstLossShare: 0.6,
      reorderShare: 0.01,
      reorderMs: 20,
      duplicateShare: 0.002,
      bytesPerSecond: 125_000,
      queueBytes: 32_768,
      mtuBytes: 1472,
    }),
  });
