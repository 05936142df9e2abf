/**
 * `deno task bench [--only NAME] [--quick] [--json]`: measures every scenario against bare sockets in the same run.
 *
 * Ends with 0 when every scenario gave a figure (a missed target is shown, not punished: the machine may be busy), with
 * 1 when one failed, and with 2 when the command line makes no sense.
 *
 * @module
 */

import { type BenchOptions, parseCommandLine, UsageError } from "./harness/command_line.ts";
import { readMachine } from "./harness/machine.ts";
import { measure } from "./harness/scenario.ts";
import { jsonLine, tableHead, tableRow } from "./harness/table.ts";
import { SCENARIOS } from "./scenario/catalogue.ts";

/**
 * Runs the scenarios that the options select, one after the other.
 *
 * @param options What to run and how to show it.
 * @returns Whether every scenario gave a figure.
 */
export async function runBench(options: BenchOptions): Promise<boolean> {
  const machine = readMachine();
  const context = { quick: options.quick, openFilesCount: machine.openFilesCount };
  let complete = true;
  if (!options.json) print(Deno.stdout, tableHead(machine));
  for (const scenario of SCENARIOS) {
    if (!scenario.name.startsWith(options.only)) continue;
    try {
      const result = await measure(scenario, context);
      print(Deno.stdout, options.json ? jsonLine(result) : tableRow(result));
    } catch (error) {
      complete = false;
      print(Deno.stderr, `${scenario.name} FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  return complete;
}

function print(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
}

async function main(): Promise<number> {
  try {
    const options = parseCommandLine(Deno.args, SCENARIOS.map((scenario) => scenario.name));
    return await runBench(options) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(Deno.stderr, error.message);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main());
