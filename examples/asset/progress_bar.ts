/**
 * A bar, a rate and the time that is left, on one line of a terminal.
 *
 * @module
 */

const WIDTH = 30;
const UPDATE_MS = 100;
/** How much of the past a rate remembers. */
const SMOOTHING_MS = 2000;

/** Draws progress; on something that is no terminal it only draws the end. */
export class ProgressBar {
  readonly #isTerminal: boolean = Deno.stderr.isTerminal();
  readonly #startMs: number = performance.now();
  #lastMs: number = performance.now();
  #lastBytes = -1;
  #rate = 0;

  /** Draws where things stand, ten times a second at most. */
  update(received: number, total: number): void {
    const now = performance.now();
    // What was there already is no rate.
    if (this.#lastBytes < 0) this.#lastBytes = received;
    const pastMs = now - this.#lastMs;
    if (pastMs < UPDATE_MS) return;
    const rate = (received - this.#lastBytes) / pastMs * 1000;
    this.#rate = this.#rate === 0 ? rate : this.#rate + (rate - this.#rate) * Math.min(1, pastMs / SMOOTHING_MS);
    this.#lastMs = now;
    this.#lastBytes = received;
    if (this.#isTerminal) this.#draw(received, total);
  }

  /** Draws the end. */
  finish(bytes: number): void {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const rate = seconds === 0 ? "" : `, ${formatBytes(bytes / seconds)}/s`;
    write(`${this.#isTerminal ? "\r\x1b[K" : ""}${formatBytes(bytes)} in ${formatTime(seconds)}${rate}\n`);
  }

  #draw(received: number, total: number): void {
    const share = total > 0 ? received / total : 1;
    const full = Math.round(share * WIDTH);
    const left = this.#rate > 0 ? `, ${formatTime((total - received) / this.#rate)} left` : "";
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    const amount = `${formatBytes(received)} of ${formatBytes(total)}`;
    write(`\r\x1b[K${bar} ${(share * 100).toFixed(1)} %  ${amount}  ${formatBytes(this.#rate)}/s${left}`);
  }
}

/**
 * Bytes as people read them.
 *
 * @param bytes How many.
 * @returns Such as `1.5 MiB`.
 */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

/**
 * A time as people read it.
 *
 * @param seconds How many.
 * @returns Such as `3.2 s` or `5:07`.
 */
export function formatTime(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, i) => i === 0 ? `${part}` : `${part}`.padStart(2, "0")).join(":");
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stderr.writeSync(bytes.subarray(done));
}
