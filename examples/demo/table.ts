/**
 * The table at the end, and the one line that stands for a row while it is not there yet.
 *
 * @module
 */
import type { Verdict } from "./account.ts";

const HEAD = ["transport", "messages", "bytes", "messages/s", "p50", "p99", "p99.9", "drops", "verified"];

/** Rows by the names of their transports. */
export type Rows = readonly (readonly [transport: string, verdict: Verdict])[];

/**
 * Draws the table.
 *
 * @param rows The rows in order.
 * @returns Lines, the faults of all rows below them.
 */
export function tableText(rows: Rows): string {
  const cells = [HEAD, ...rows.map(([transport, verdict]) => rowCells(transport, verdict))];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  const faults = rows.flatMap(([transport, { faults }]) => faults.map((fault) => `  ${transport}: ${fault}`));
  return [...lines, ...(faults.length > 0 ? ["", "What was wrong:", ...faults] : [])].join("\n");
}

/**
 * One line about one row.
 *
 * @param transport Its name.
 * @param verdict Its figures.
 * @returns A line without the faults.
 */
export function rowText(transport: string, { messages, bytes, drops, faults }: Verdict): string {
  const what = `${transport}: ${count(messages)} messages, ${byteCount(bytes)}, ${count(drops)} drops`;
  return `${what}, verified: ${verifiedText(faults)}`;
}

/**
 * Writes a count with separators.
 *
 * @param value An integer.
 * @returns For example `1,234,567`.
 */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function rowCells(transport: string, { messages, bytes, seconds, drops, faults, roundTrips }: Verdict): string[] {
  return [
    transport,
    count(messages),
    byteCount(bytes),
    seconds > 0 ? count(messages / seconds) : "–",
    ...[0.5, 0.99, 0.999].map((share) => duration(roundTrips.quantile(share))),
    count(drops),
    verifiedText(faults),
  ];
}

function verifiedText(faults: readonly string[]): string {
  return faults.length === 0 ? "every byte" : "WRONG";
}

function duration(us: number | undefined): string {
  if (us === undefined) return "–";
  return us < 1000 ? `${us.toFixed(us < 100 ? 1 : 0)} µs` : `${(us / 1000).toFixed(us < 100_000 ? 2 : 0)} ms`;
}

function byteCount(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
