/**
 * How results are shown: rows of a table for people, or one JSON object a line for programs.
 *
 * @module
 */

import type { Machine } from "./machine.ts";
import { keepsTarget, type Result, type Scenario } from "./scenario.ts";

const WIDTHS = [20, 11, 16, 16, 7, 22, 7] as const;

/**
 * The facts of the machine and the head of the table.
 *
 * @param machine The facts.
 * @returns Several lines.
 */
export function tableHead(machine: Machine): string {
  const facts = `Deno ${machine.denoVersion} (V8 ${machine.v8Version}), ${machine.system}, ` +
    `${machine.coresCount} cores, at most ${machine.openFilesCount} open files`;
  return [facts, "", row(["scenario", "metric", "value", "baseline", "ratio", "target", "kept"]) + "note"].join("\n");
}

/**
 * One row of the table.
 *
 * @param result The medians of a scenario.
 * @returns One line.
 */
export function tableRow(result: Result): string {
  const { scenario, value, baseline, ratio, note } = result;
  return row([
    scenario.name,
    scenario.metric,
    quantity(value, scenario.unit),
    quantity(baseline, scenario.unit),
    ratio === undefined ? "-" : ratio.toFixed(2),
    targetText(scenario),
    keepsTarget(result) ? "yes" : "NO",
  ]) + note;
}

/**
 * One result as a line of JSON.
 *
 * @param result The medians of a scenario.
 * @returns One line; `ratio` is `null` when the baseline is zero.
 */
export function jsonLine(result: Result): string {
  const { scenario, value, baseline, ratio } = result;
  const { name, metric, unit } = scenario;
  return JSON.stringify({ scenario: name, metric, value, unit, baseline, ratio: ratio ?? null });
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padEnd(WIDTHS[i]!)).join(" ") + " ";
}

function targetText({ target, unit }: Scenario): string {
  if (target === undefined) return "stated";
  const limit = target.of === "ratio" ? target.limit.toFixed(2) : quantity(target.limit, unit);
  return `${target.of === "ratio" ? "ratio " : ""}${target.bound} ${limit}`;
}

/** Four significant digits with a decimal prefix: `12.34 M/s`. */
function quantity(value: number, unit: string): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toPrecision(4)} G${unit}`;
  if (size >= 1e6) return `${(value / 1e6).toPrecision(4)} M${unit}`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(4)} k${unit}`;
  return `${size >= 1 ? value.toPrecision(4) : value.toFixed(3)} ${unit}`;
}
