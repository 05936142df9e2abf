/**
 * Where the reader wants to go: arrow keys and WASD, or a pointer that is held down on the arena.
 *
 * @module
 */
import { browser, type Canvas, type InputEvent } from "./browser.ts";

/** A direction, each part from -1 to 1. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

const KEYS: Readonly<Record<string, Direction>> = {
  ArrowUp: { x: 0, y: -1 },
  KeyW: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  KeyS: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  KeyA: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  KeyD: { x: 1, y: 0 },
};

/** Held this many pixels from the avatar, the pointer means full speed. */
const FULL_SPEED_PIXELS = 48;
const AT_REST_PIXELS = 6;

/** Reads keys and pointers. */
export class Steering {
  readonly #canvas: Canvas;
  readonly #held = new Set<string>();
  #pointer: { readonly id: number; x: number; y: number } | undefined;

  /**
   * Listens.
   *
   * @param canvas Where a pointer steers.
   */
  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    browser.addEventListener("keydown", (event) => this.#press(event));
    browser.addEventListener("keyup", ({ code }) => this.#held.delete(code));
    browser.addEventListener("blur", () => this.#held.clear());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointer = { id: event.pointerId, x: 0, y: 0 };
      this.#point(event);
    });
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, ({ pointerId }) => {
        if (this.#pointer?.id === pointerId) this.#pointer = undefined;
      });
    }
  }

  /**
   * Where to go now.
   *
   * @param avatarX Where the avatar is on the canvas.
   * @param avatarY As `avatarX`.
   * @returns The direction; zeros to stand.
   */
  direction(avatarX: number, avatarY: number): Direction {
    if (this.#pointer !== undefined) {
      const [dx, dy] = [this.#pointer.x - avatarX, this.#pointer.y - avatarY];
      const distance = Math.hypot(dx, dy);
      if (distance < AT_REST_PIXELS) return { x: 0, y: 0 };
      const speed = Math.min(1, distance / FULL_SPEED_PIXELS);
      return { x: dx / distance * speed, y: dy / distance * speed };
    }
    let [x, y] = [0, 0];
    for (const code of this.#held) {
      x += KEYS[code]!.x;
      y += KEYS[code]!.y;
    }
    const length = Math.max(1, Math.hypot(x, y));
    return { x: Math.max(-1, Math.min(1, x / length)), y: Math.max(-1, Math.min(1, y / length)) };
  }

  #press(event: InputEvent): void {
    const isSlider = (event.target as { readonly tagName?: string } | null)?.tagName === "INPUT";
    if (KEYS[event.code] === undefined || isSlider || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#held.add(event.code);
  }

  #point({ pointerId, clientX, clientY }: InputEvent): void {
    if (this.#pointer?.id !== pointerId) return;
    const { left, top } = this.#canvas.getBoundingClientRect();
    this.#pointer.x = clientX - left;
    this.#pointer.y = clientY - top;
  }
}
