/**
 * The colours that canvases draw with: those of the style sheet, light or dark as the reader has it.
 *
 * @module
 */
import { browser } from "./browser.ts";

const NAMES = [
  "ground",
  "grid",
  "border",
  "text",
  "muted",
  "surface",
  "everything",
  "interest",
  "delta",
  "both",
  "player",
  "trip",
  "jitter",
  "delay",
] as const;

/** Colours by the names that they have in the style sheet. */
export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

/** The font of everything that is drawn. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

let current = read();
browser.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  current = read();
});

/**
 * The colours as they are now.
 *
 * @returns The colours.
 */
export function palette(): Palette {
  return current;
}

function read(): Palette {
  const style = browser.getComputedStyle(browser.document.documentElement);
  const entries = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()] as const);
  return Object.fromEntries(entries) as Palette;
}
