/**
 * A live line chart of the last minute: time runs to the left, values are linear or logarithmic.
 *
 * Its legend is part of the page: elements with `data-line` in the same figure take the newest values, or those of the
 * moment that a pointer is over. Invariant: what is drawn is what was pushed; where a value is missing the line has a
 * gap.
 *
 * @module
 */
import { type Canvas, type Element, element, fitCanvas, type InputEvent, type Pen } from "./browser.ts";
import { FONT, type Palette, palette } from "./palette.ts";

/** One line. */
export interface Line {
  /** What its legend is marked with, and the name of its colour. */
  readonly name: keyof Palette;
  /** How thick it is, in pixels. */
  readonly width: number;
}

/** How a chart looks. */
export interface ChartSetup {
  /** A selector of the figure that holds the canvas and the legend. */
  readonly figure: string;
  /** The lines, the last one drawn on top. */
  readonly lines: readonly Line[];
  /** Where the scale begins, for a logarithmic one, and the least that its top may be. */
  readonly scale: { readonly kind: "log"; readonly min: number; readonly leastTop: number } | {
    readonly kind: "linear";
    readonly leastTop: number;
  };
  /** Writes a value into the legend. */
  readonly format: (value: number) => string;
  /** Writes a value at the axis. */
  readonly formatAxis: (value: number) => string;
}

interface Sample {
  readonly atMs: number;
  readonly values: readonly number[];
}

const SPAN_MS = 60_000;
const MARGIN = { left: 34, right: 6, top: 8, bottom: 16 };
const GRID_LINES = 3;

/** A chart on the page. */
export class LineChart {
  readonly #setup: ChartSetup;
  readonly #canvas: Canvas;
  readonly #pen: Pen;
  readonly #legend: readonly (Element | null)[];
  readonly #samples: Sample[] = [];
  #pointerX = NaN;

  /**
   * Takes possession of a figure.
   *
   * @param setup How it looks.
   */
  constructor(setup: ChartSetup) {
    const figure = element(setup.figure);
    this.#setup = setup;
    this.#canvas = element<Canvas>(`${setup.figure} canvas`);
    this.#pen = this.#canvas.getContext("2d")!;
    this.#legend = setup.lines.map(({ name }) => figure.querySelector(`[data-line="${name}"] output`));
    const move = ({ clientX }: InputEvent): void => {
      this.#pointerX = clientX - this.#canvas.getBoundingClientRect().left;
    };
    this.#canvas.addEventListener("pointermove", move);
    this.#canvas.addEventListener("pointerdown", move);
    this.#canvas.addEventListener("pointerleave", () => this.#pointerX = NaN);
  }

  /**
   * Adds values.
   *
   * @param atMs The time; later than the last one.
   * @param values One for each line, NaN for none.
   */
  push(atMs: number, values: readonly number[]): void {
    this.#samples.push({ atMs, values });
    while (this.#samples[0]!.atMs < atMs - SPAN_MS - 2000) this.#samples.shift();
    if (Number.isNaN(this.#pointerX)) this.#tell(values);
  }

  /**
   * Draws.
   *
   * @param nowMs The time at the right end.
   */
  draw(nowMs: number): void {
    const { width, height } = fitCanvas(this.#canvas, this.#pen);
    const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
    const scale = this.#scale();
    const xOf = (atMs: number): number => plot.right - (nowMs - atMs) / SPAN_MS * (plot.right - plot.left);
    const yOf = (value: number): number => plot.bottom - scale.share(value) * (plot.bottom - plot.top);
    this.#drawGrid(plot, scale.marks, yOf);
    this.#pen.save();
    this.#pen.beginPath();
    this.#pen.rect(plot.left, 0, plot.right - plot.left + MARGIN.right, height);
    this.#pen.clip();
    this.#setup.lines.forEach((line, index) => this.#drawLine(line, index, xOf, yOf));
    this.#pen.restore();
    this.#drawPointer(plot, nowMs, xOf, yOf);
  }

  #scale(): { readonly marks: readonly number[]; readonly share: (value: number) => number } {
    const { scale } = this.#setup;
    let most = scale.leastTop;
    for (const { values } of this.#samples) for (const value of values) if (value > most) most = value;
    if (scale.kind === "log") {
      const [low, high] = [Math.log10(scale.min), Math.ceil(Math.log10(most))];
      const marks: number[] = [];
      for (let power = Math.ceil(low); power <= high; power++) marks.push(10 ** power);
      return { marks, share: (value) => clamp((Math.log10(Math.max(value, 1e-9)) - low) / (high - low)) };
    }
    const step = niceStep(most / GRID_LINES);
    const top = step * Math.ceil(most / step - 1e-9);
    const marks: number[] = [];
    for (let mark = 0; mark <= top + step / 2; mark += step) marks.push(mark);
    return { marks, share: (value) => clamp(value / top) };
  }

  #drawGrid(plot: Plot, marks: readonly number[], yOf: (value: number) => number): void {
    const pen = this.#pen;
    const { grid, muted } = palette();
    pen.font = `11px ${FONT}`;
    pen.lineWidth = 1;
    pen.strokeStyle = grid;
    pen.fillStyle = muted;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const mark of marks) {
      const y = Math.round(yOf(mark)) + 0.5;
      pen.beginPath();
      pen.moveTo(plot.left, y);
      pen.lineTo(plot.right, y);
      pen.stroke();
      pen.fillText(this.#setup.formatAxis(mark), plot.left - 6, y);
    }
    if (!Number.isNaN(this.#pointerX)) return;
    pen.textBaseline = "bottom";
    pen.textAlign = "left";
    pen.fillText("60 s ago", plot.left, plot.bottom + MARGIN.bottom);
    pen.textAlign = "right";
    pen.fillText("now", plot.right, plot.bottom + MARGIN.bottom);
  }

  #drawLine(line: Line, index: number, xOf: (atMs: number) => number, yOf: (value: number) => number): void {
    const pen = this.#pen;
    pen.strokeStyle = pen.fillStyle = palette()[line.name];
    pen.lineWidth = line.width;
    pen.lineJoin = "round";
    pen.lineCap = "round";
    pen.beginPath();
    let isDown = false;
    let [x, y] = [0, 0];
    for (const { atMs, values } of this.#samples) {
      const value = values[index]!;
      if (Number.isNaN(value)) {
        isDown = false;
        continue;
      }
      [x, y] = [xOf(atMs), yOf(value)];
      if (isDown) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      isDown = true;
    }
    pen.stroke();
    if (!isDown) return;
    pen.beginPath();
    pen.arc(x, y, line.width + 0.8, 0, 2 * Math.PI);
    pen.fill();
  }

  /** Marks the sample that is under the pointer and says its values in the legend. */
  #drawPointer(plot: Plot, nowMs: number, xOf: (atMs: number) => number, yOf: (value: number) => number): void {
    if (Number.isNaN(this.#pointerX) || this.#samples.length === 0) return;
    const distance = ({ atMs }: Sample): number => Math.abs(xOf(atMs) - this.#pointerX);
    const sample = this.#samples.reduce((best, one) => distance(one) < distance(best) ? one : best);
    const pen = this.#pen;
    const x = Math.max(plot.left, xOf(sample.atMs));
    pen.strokeStyle = palette().muted;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, plot.top);
    pen.lineTo(x, plot.bottom);
    pen.stroke();
    this.#setup.lines.forEach(({ name }, index) => {
      if (Number.isNaN(sample.values[index]!)) return;
      pen.fillStyle = palette()[name];
      pen.beginPath();
      pen.arc(x, yOf(sample.values[index]!), 3.5, 0, 2 * Math.PI);
      pen.fill();
    });
    const agoSeconds = Math.max(0, (nowMs - sample.atMs) / 1000);
    pen.font = `11px ${FONT}`;
    pen.fillStyle = palette().text;
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    pen.fillText(`${agoSeconds.toFixed(0)} s ago`, Math.min(x, plot.right - 20), plot.bottom + MARGIN.bottom);
    this.#tell(sample.values);
  }

  #tell(values: readonly number[]): void {
    this.#legend.forEach((output, index) => {
      const value = values[index]!;
      if (output !== null) output.textContent = Number.isNaN(value) ? "–" : this.#setup.format(value);
    });
  }
}

interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The next of 1, 2, 5, 10, 20, … */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

function clamp(share: number): number {
  return Math.max(0, Math.min(1, share));
}
