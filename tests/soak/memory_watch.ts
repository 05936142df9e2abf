/**
 * Decides whether memory grows: the median of the last third of all samples against that of the first third.
 *
 * The first samples are thrown away, because compilers and caches warm up. What counts is the heap after a collection
 * where the process was started so that it can ask for one, and the lowest heap of a few cycles otherwise.
 *
 * @module
 */

/** Samples that only warm up. */
const WARM_UP_SAMPLES = 5;
/** Fewer samples than this say nothing. */
const LEAST_SAMPLES = 12;
/** How much more the last third may hold, in bytes and as a factor. */
const SLACK_BYTES = 24 << 20;
const SLACK_FACTOR = 1.5;
/** Of how many cycles the lowest value makes one sample. */
const CYCLES_PER_SAMPLE = 3;

interface Sample {
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
}

/** Watches the memory of this process. */
export class MemoryWatch {
  readonly #samples: Sample[] = [];
  #recent: Sample[] = [];

  /** Notes the memory in use, after a collection where one can be had. */
  async sample(): Promise<void> {
    const { gc } = globalThis as { gc?: () => void };
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { heapUsed, external, rss } = Deno.memoryUsage();
    this.#recent.push({ heap: heapUsed, external, resident: rss });
    if (this.#recent.length < CYCLES_PER_SAMPLE) return;
    this.#samples.push({
      heap: Math.min(...this.#recent.map((one) => one.heap)),
      external: Math.min(...this.#recent.map((one) => one.external)),
      resident: Math.min(...this.#recent.map((one) => one.resident)),
    });
    this.#recent = [];
  }

  /**
   * The memory of the last sample in words.
   *
   * @returns For example `heap 12.0 MiB, external 3.1 MiB, resident 95.0 MiB`.
   */
  describe(): string {
    const last = this.#samples.at(-1) ?? this.#recent.at(-1);
    if (last === undefined) return "no sample";
    return Object.entries(last).map(([name, bytes]) => `${name} ${(bytes / 2 ** 20).toFixed(1)} MiB`).join(", ");
  }

  /**
   * Looks for growth.
   *
   * @returns What has grown and by how much, or `undefined` where nothing has or there are too few samples to tell.
   */
  growth(): string | undefined {
    const samples = this.#samples.slice(WARM_UP_SAMPLES);
    if (samples.length < LEAST_SAMPLES) return undefined;
    const third = Math.floor(samples.length / 3);
    for (const name of ["heap", "external"] as const) {
      const first = median(samples.slice(0, third).map((sample) => sample[name]));
      const last = median(samples.slice(-third).map((sample) => sample[name]));
      if (last > first * SLACK_FACTOR && last > first + SLACK_BYTES) {
        return `${name} grew from ${first} to ${last} bytes`;
      }
    }
    return undefined;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1] ?? 0;
}
