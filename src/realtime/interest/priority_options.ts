/**
 * The options of priority accumulators: the one place that defaults and checks them.
 *
 * @module
 */
import { integer, onlyKnown } from "../../error/option_check.ts";

/** The options of a priority accumulator. */
export interface PriorityAccumulatorOptions {
  /** How many items may be raised in one tick, 1 to 1,048,576. Memory is taken as they come. @default 1024 */
  readonly maxItems?: number;
  /**
   * After how many ticks an unsent item goes before all that are not overdue, 1 to 2^31 - 1. 1: all take turns and
   * priorities do not count; large: low priorities may wait that long where there is not room for all. @default 128
   */
  readonly maxStaleTicks?: number;
}

/** {@linkcode PriorityAccumulatorOptions}, complete and checked. */
export type PriorityAccumulatorConfig = Readonly<Required<PriorityAccumulatorOptions>>;

const OPTION_NAMES: readonly (keyof PriorityAccumulatorOptions)[] = ["maxItems", "maxStaleTicks"];
const optionNames: ReadonlySet<string> = new Set(OPTION_NAMES);

/**
 * Completes and checks the options of an accumulator.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is not known.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolvePriorityAccumulatorOptions(options: PriorityAccumulatorOptions): PriorityAccumulatorConfig {
  onlyKnown("A priority accumulator", options, optionNames);
  return Object.freeze({
    maxItems: integer("maxItems", options.maxItems, 1024, 1, 2 ** 20),
    maxStaleTicks: integer("maxStaleTicks", options.maxStaleTicks, 128, 1, 2 ** 31 - 1),
  });
}
