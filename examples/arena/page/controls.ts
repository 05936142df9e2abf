/**
 * The buttons and sliders: what they are set to, and whom to tell when they are moved.
 *
 * @module
 */
import type { LinkSettings, Request, SightSettings } from "../protocol/control.ts";
import type { Mood } from "../world/arena_trace.ts";
import { browser, type Element, element, type Slider } from "./browser.ts";

const UNITS = { lossPercent: "%", delayMs: "ms", jitterMs: "ms", radius: "units", budgetBytes: "B" } as const;

type Name = keyof typeof UNITS;

/** The controls of the page. */
export class Controls {
  readonly #sliders: ReadonlyMap<Name, Slider>;
  readonly #moods: readonly Element[];

  /**
   * Listens.
   *
   * @param send Called with what the reader asks for.
   */
  constructor(send: (request: Request) => void) {
    this.#sliders = new Map((Object.keys(UNITS) as Name[]).map((name) => [name, element<Slider>(`#${name}`)]));
    this.#moods = [...browser.document.querySelectorAll("[data-mood]")];
    for (const [name, slider] of this.#sliders) {
      slider.addEventListener("input", () => {
        this.#label(name);
        const isLink = name === "lossPercent" || name === "delayMs" || name === "jitterMs";
        send(isLink ? { type: "link", ...this.link } : { type: "sight", ...this.sight });
      });
      // So that the arrow keys steer again.
      slider.addEventListener("pointerup", () => slider.blur());
    }
    for (const button of this.#moods) {
      button.addEventListener("click", () => send({ type: "mood", mood: button.dataset.mood as Mood }));
    }
  }

  /** What the link is set to. */
  get link(): LinkSettings {
    return {
      lossPercent: this.#value("lossPercent"),
      delayMs: this.#value("delayMs"),
      jitterMs: this.#value("jitterMs"),
    };
  }

  /** What sight is set to. */
  get sight(): SightSettings {
    return { radius: this.#value("radius"), budgetBytes: this.#value("budgetBytes") };
  }

  /**
   * Sets all sliders, without telling anybody.
   *
   * @param settings To what.
   */
  show(settings: LinkSettings & SightSettings): void {
    for (const [name, slider] of this.#sliders) {
      slider.value = String(settings[name]);
      this.#label(name);
    }
  }

  /**
   * Marks the mood that the arena is in.
   *
   * @param mood The mood.
   */
  showMood(mood: Mood): void {
    for (const button of this.#moods) button.setAttribute("aria-pressed", String(button.dataset.mood === mood));
  }

  #value(name: Name): number {
    return Number(this.#sliders.get(name)!.value);
  }

  #label(name: Name): void {
    element(`#${name} + output`).textContent = `${this.#value(name)} ${UNITS[name]}`;
  }
}
