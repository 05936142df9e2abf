/**
 * The numbers and charts beside the arena. Everything here was measured: bytes by the server's encoders, the link by
 * this page.
 *
 * @module
 */
import type { ArenaClient } from "../client/arena_client.ts";
import type { Comparison, Status } from "../protocol/control.ts";
import { element } from "./browser.ts";
import { LineChart } from "./line_chart.ts";

/** Over how many statuses the saving is taken: five seconds. */
const SAVING_STATUSES = 10;

/** The numbers of the page, as they are shown. */
export interface Shown {
  readonly bytesPerSecond: Comparison;
  readonly savedShare: number;
  readonly roundTripMs: number;
  readonly jitterMs: number;
  readonly playDelayMs: number;
  readonly lostShare: number;
}

/** All figures of the page. */
export class Figures {
  readonly #bandwidth = new LineChart({
    figure: "#bandwidth",
    lines: [
      { name: "everything", width: 1.75 },
      { name: "interest", width: 1.75 },
      { name: "delta", width: 1.75 },
      { name: "both", width: 2.75 },
    ],
    scale: { kind: "log", min: 100, leastTop: 100_000 },
    format: (bytes) => `${kilobytes(bytes)} kB/s`,
    formatAxis: (bytes) => String(bytes / 1000),
  });
  readonly #roundTrip = new LineChart({
    figure: "#round-trip",
    lines: [{ name: "trip", width: 2 }],
    scale: { kind: "linear", leastTop: 30 },
    format: (ms) => `${milliseconds(ms)} ms`,
    formatAxis: String,
  });
  readonly #jitter = new LineChart({
    figure: "#jitter",
    lines: [{ name: "delay", width: 2 }, { name: "jitter", width: 2 }],
    scale: { kind: "linear", leastTop: 30 },
    format: (ms) => `${milliseconds(ms)} ms`,
    formatAxis: String,
  });
  readonly #recent: Comparison[] = [];
  #shown: Shown | undefined;

  /** What is shown, `undefined` before the first status. */
  get shown(): Shown | undefined {
    return this.#shown;
  }

  /**
   * Shows a status, and what the client has measured until now.
   *
   * @param status The status.
   * @param client The client.
   * @param nowMs The time.
   */
  handleStatus(status: Status, client: ArenaClient, nowMs: number): void {
    const { bytes, spanMs } = status;
    const perSecond = (count: number): number => count * 1000 / spanMs;
    const bytesPerSecond = {
      everything: perSecond(bytes.everything),
      interestOnly: perSecond(bytes.interestOnly),
      deltaOnly: perSecond(bytes.deltaOnly),
      deltaAndInterest: perSecond(bytes.deltaAndInterest),
    };
    const roundTripMs = client.meter.takeRoundTripMs();
    const { jitterMs, lostShare } = client.meter;
    const { playDelayMs } = client;
    this.#recent.push(bytes);
    if (this.#recent.length > SAVING_STATUSES) this.#recent.shift();
    const savedShare = 1 - sum(this.#recent, "deltaAndInterest") / sum(this.#recent, "everything");
    this.#shown = { bytesPerSecond, savedShare, roundTripMs, jitterMs, playDelayMs, lostShare };
    const { everything, interestOnly, deltaOnly, deltaAndInterest } = bytesPerSecond;
    this.#bandwidth.push(nowMs, [everything, interestOnly, deltaOnly, deltaAndInterest]);
    this.#roundTrip.push(nowMs, [roundTripMs]);
    this.#jitter.push(nowMs, [playDelayMs, jitterMs]);
    this.#write(status, client, savedShare, lostShare);
  }

  /**
   * Draws the charts.
   *
   * @param nowMs The time.
   */
  draw(nowMs: number): void {
    this.#bandwidth.draw(nowMs);
    this.#roundTrip.draw(nowMs);
    this.#jitter.draw(nowMs);
  }

  #write(status: Status, client: ArenaClient, savedShare: number, lostShare: number): void {
    const { full = 0, unknownBase = 0 } = client.counters;
    const texts: Readonly<Record<string, string>> = {
      saved: percent(savedShare),
      relevant: String(client.visibleCount),
      entities: `of ${status.entities}`,
      lost: Number.isNaN(lostShare) ? "–" : percent(lostShare),
      full: String(full),
      refused: `${unknownBase} refused`,
      waiting: String(status.waiting),
      players: String(status.players),
      work: status.tickMs.toFixed(status.tickMs < 10 ? 1 : 0),
    };
    for (const [name, text] of Object.entries(texts)) element(`[data-figure="${name}"]`).textContent = text;
  }
}

function sum(statuses: readonly Comparison[], name: keyof Comparison): number {
  return statuses.reduce((total, bytes) => total + bytes[name], 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function kilobytes(bytes: number): string {
  const value = bytes / 1000;
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 10 ? 1 : 0);
}
