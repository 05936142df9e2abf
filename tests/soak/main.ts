/**
 * The soak: a reactor and clients of all kinds connect, talk, break and stop, cycle after cycle, for minutes, and so
 * do transports and encrypted UDP; then the ends of asset transfers are killed.
 *
 * `deno task soak [--minutes N] [--kills N] [--seed N]` prints memory and counters while it runs. It exits with 1 when
 * a message came twice, out of order or damaged, when a count does not add up, when memory grows from the first third to
 * the last, or when a transfer that was killed did not go on from what was on disk. Invariant: a cycle depends on its
 * seed alone, apart from the timing of the machine.
 *
 * @module
 */
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { killAndResume } from "./asset_kills.ts";
import { runCycle } from "./cycle.ts";
import { runSessionCycle } from "./session_cycle.ts";
import { MemoryWatch } from "./memory_watch.ts";

const DEFAULT_MINUTES = 5;
/** How many clients and how many servers of asset transfers are killed. */
const DEFAULT_KILLS = 100;
const REPORT_MS = 5000;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const minutes = numberOption(args, "--minutes") ?? DEFAULT_MINUTES;
  const seed = numberOption(args, "--seed") ?? Math.floor(Math.random() * 2 ** 32);
  console.log(`soak: ${minutes} minutes, seed ${seed}`);
  const random = new SeededRandom(seed);
  const watch = new MemoryWatch();
  const end = performance.now() + minutes * 60_000;
  const totals: Record<string, number> = {};
  let nextReport = performance.now() + REPORT_MS;
  let cycles = 0;
  while (cycles === 0 || performance.now() < end) {
    const cycleSeed = random.nextUint32();
    try {
      addTo(totals, await runCycle(cycleSeed, cycles % 2 === 0));
      addTo(totals, await runSessionCycle(cycleSeed));
    } catch (error) {
      console.error(`cycle ${cycles} (seed ${cycleSeed}) failed:`, error);
      return 1;
    }
    cycles++;
    await watch.sample();
    if (performance.now() < nextReport) continue;
    nextReport = performance.now() + REPORT_MS;
    report(cycles, totals, watch);
  }
  report(cycles, totals, watch);
  const growth = watch.growth();
  if (growth !== undefined) console.error(`soak failed: ${growth}`);
  const isResumed = await killTransfers(seed, numberOption(args, "--kills") ?? DEFAULT_KILLS);
  if (growth !== undefined || !isResumed) return 1;
  console.log("soak passed");
  return 0;
}

async function killTransfers(seed: number, kills: number): Promise<boolean> {
  try {
    const { clients, servers, bytesAgain } = await killAndResume(seed, kills);
    console.log(`transfers: ${clients} clients and ${servers} servers killed, ${bytesAgain} bytes fetched again`);
    return true;
  } catch (error) {
    console.error(`soak failed: a transfer that was killed (seed ${seed}) did not go on:`, error);
    return false;
  }
}

function report(cycles: number, totals: Readonly<Record<string, number>>, watch: MemoryWatch): void {
  const counted = Object.entries(totals).map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`${cycles} cycles; ${watch.describe()}; ${counted}`);
}

function addTo(totals: Record<string, number>, counted: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counted)) totals[name] = (totals[name] ?? 0) + count;
}

function numberOption(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const value = Number(args[at + 1]);
  if (!(value >= 0)) {
    throw new RangeError(`The option ${name} takes a number that is not negative: got ${args[at + 1]}`);
  }
  return value;
}
