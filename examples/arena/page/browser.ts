/**
 * What the page uses of a browser, as types: no more, so that the whole of it can be read here.
 *
 * Why not the compiler's own library of the DOM: it would hold for the whole project, and says other things about the
 * names that browsers and Deno share.
 *
 * @module
 */

/** A rectangle on the screen, in CSS pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What a pointer or a key did. */
export interface InputEvent extends Event {
  readonly key: string;
  readonly code: string;
  readonly repeat: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly pointerId: number;
  readonly clientX: number;
  readonly clientY: number;
}

/** An element of the page. */
export interface Element {
  textContent: string;
  hidden: boolean;
  readonly tagName: string;
  readonly dataset: Record<string, string | undefined>;
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly style: { setProperty(name: string, value: string): void };
  readonly classList: { toggle(name: string, on: boolean): void };
  setAttribute(name: string, value: string): void;
  addEventListener(type: string, listener: (event: InputEvent) => void): void;
  getBoundingClientRect(): Rectangle;
  setPointerCapture(pointerId: number): void;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  blur(): void;
}

/** A slider. */
export interface Slider extends Element {
  value: string;
}

/** A surface to draw on. */
export interface Canvas extends Element {
  width: number;
  height: number;
  getContext(kind: "2d"): Pen | null;
}

/** What draws. */
export interface Pen {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: "left" | "center" | "right";
  textBaseline: "top" | "middle" | "alphabetic" | "bottom";
  lineJoin: "round" | "miter";
  lineCap: "round" | "butt";
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  closePath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  fill(): void;
  stroke(): void;
  clip(): void;
  save(): void;
  restore(): void;
  setLineDash(lengths: readonly number[]): void;
  fillText(text: string, x: number, y: number): void;
}

/** A browser. */
interface Browser {
  readonly document: {
    readonly documentElement: Element;
    querySelector(selector: string): Element | null;
    querySelectorAll(selector: string): Iterable<Element>;
  };
  readonly location: { readonly protocol: string; readonly host: string };
  readonly devicePixelRatio: number;
  requestAnimationFrame(draw: (nowMs: number) => void): number;
  getComputedStyle(element: Element): { getPropertyValue(name: string): string };
  matchMedia(query: string): EventTarget & { readonly matches: boolean };
  addEventListener(type: string, listener: (event: InputEvent) => void): void;
}

/** This browser. */
export const browser: Browser = globalThis as unknown as Browser;

/**
 * Finds an element that the page has.
 *
 * @param selector Which one.
 * @returns The element.
 * @throws {Error} When there is none.
 */
export function element<T extends Element = Element>(selector: string): T {
  const found = browser.document.querySelector(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found as T;
}

/**
 * Makes a canvas as sharp as the screen and as large as it is shown.
 *
 * @param canvas The canvas.
 * @param pen What draws on it; set to draw in CSS pixels.
 * @returns Its size in CSS pixels.
 */
export function fitCanvas(canvas: Canvas, pen: Pen): { readonly width: number; readonly height: number } {
  const ratio = browser.devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { width, height };
}
