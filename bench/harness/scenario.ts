/**
 * What a scenario is: a name, a metric with its target, and two measurements of the same work, one on bare sockets and
 * one on this package.
 *
 * Invariant: `ratio` is always `value / baseline`, both medians of the interleaved rounds of one and the same run.
 *
 * @module
 */

/** What a scenario may report: `rate` and `bytes_rate` per second, `alloc` per message, `resident` per connection. */
export type Metric = "p50" | "p99" | "rate" | "bytes_rate" | "alloc" | "resident" | "share" | "ms";

/** What a figure is held against. */
export interface Target {
  /** The figure that is compared: the value itself, or its ratio to the baseline. */
  readonly of: "value" | "ratio";
  /** Whether the figure must stay below or above the limit. */
  readonly bound: "at most" | "at least";
  /** The limit. */
  readonly limit: number;
}

/** One measurement of one round. */
export interface Sample {
  /** The figure in the unit of the scenario. */
  readonly value: number;
  /** A short remark for the table, such as what else was counted. */
  readonly note?: string;
}

/** What the command line and the machine say about a run. */
export interface RunContext {
  /** Whether a rough figure will do: one round and fewer messages. */
  readonly quick: boolean;
  /** The soft limit of open files of one process. */
  readonly openFilesCount: number;
}

/** One scenario of the bench. */
export interface Scenario {
  /** The name by which `--only` finds it. */
  readonly name: string;
  readonly metric: Metric;
  readonly unit: string;
  /** What the figure is held against; `undefined` where it is only stated. */
  readonly target: Target | undefined;
  /** Rounds of baseline and product when not `--quick`; at least 3. */
  readonly rounds: number;
  /** Whether the baseline is taken off the product's figure: for what is added to a bare loop. */
  readonly lessBaseline: boolean;
  /** Measures bare sockets once. */
  readonly baseline: (context: RunContext) => Promise<Sample>;
  /** Measures this package once. */
  readonly product: (context: RunContext) => Promise<Sample>;
}

/** The medians of one scenario. */
export interface Result {
  readonly scenario: Scenario;
  readonly value: number;
  readonly baseline: number;
  /** `value / baseline`, or `undefined` when the baseline is zero. */
  readonly ratio: number | undefined;
  readonly note: string;
}

/**
 * Runs baseline and product in turn and takes the medians.
 *
 * @param scenario What to measure.
 * @param context How to measure it.
 * @returns The medians.
 * @throws Whatever a measurement throws: a scenario with a lost message has no figure.
 */
export async function measure(scenario: Scenario, context: RunContext): Promise<Result> {
  const rounds = context.quick ? 1 : scenario.rounds;
  const baselines: number[] = [];
  const values: number[] = [];
  let note = "";
  for (let round = 0; round < rounds; round++) {
    const bare = await scenario.baseline(context);
    const ours = await scenario.product(context);
    baselines.push(bare.value);
    values.push(scenario.lessBaseline ? ours.value - bare.value : ours.value);
    note = [ours.note, bare.note && `bare: ${bare.note}`].filter(Boolean).join("; ");
  }
  const baseline = median(baselines);
  const value = median(values);
  return { scenario, value, baseline, ratio: baseline === 0 ? undefined : value / baseline, note };
}

/**
 * Tells whether a result keeps its target.
 *
 * @param result The medians of a scenario.
 * @returns `false` too when the target needs a ratio and there is none; `true` where there is no target.
 */
export function keepsTarget(result: Result): boolean {
  const { target } = result.scenario;
  if (target === undefined) return true;
  const { of, bound, limit } = target;
  const figure = of === "ratio" ? result.ratio : result.value;
  if (figure === undefined) return false;
  return bound === "at most" ? figure <= limit : figure >= limit;
}

/**
 * The middle of a set of figures, or the mean of the two in the middle.
 *
 * @param figures At least one figure; not changed.
 * @returns The median.
 */
export function median(figures: ArrayLike<number>): number {
  const sorted = Float64Array.from(figures).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
