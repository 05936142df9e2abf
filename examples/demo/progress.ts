/**
 * What is shown while the demo runs: a line that moves on a terminal, a plain line a row elsewhere.
 *
 * @module
 */
import { count } from "./table.ts";

const CLEAR_LINE = "\r\x1b[2K";

/** Shows how far the demo is. */
export class Progress {
  readonly #moving = Deno.stdout.isTerminal();
  readonly #total: number;
  #current = 0;
  #name = "";
  #startMs = 0;

  /** @param total How many rows there will be. */
  constructor(total: number) {
    this.#total = total;
  }

  /**
   * A row is begun.
   *
   * @param name Its name.
   */
  begin(name: string): void {
    this.#current++;
    this.#name = name;
    this.#startMs = performance.now();
    this.moved(0);
  }

  /**
   * Messages went.
   *
   * @param messages How many so far.
   */
  moved(messages: number): void {
    if (!this.#moving) return;
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    this.#write(`${CLEAR_LINE}${this.#head()}: ${count(messages)} messages, ${seconds} s`);
  }

  /**
   * Says something in a line of its own.
   *
   * @param text The line.
   */
  say(text: string): void {
    this.#write(`${this.#moving ? CLEAR_LINE : ""}${text}\n`);
  }

  /**
   * A row is done.
   *
   * @param text What came out of it.
   */
  end(text: string): void {
    if (this.#moving) this.#write(CLEAR_LINE);
    else this.say(`[${this.#current}/${this.#total}] ${text}`);
  }

  #head(): string {
    return `[${this.#current}/${this.#total}] ${this.#name}`;
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}
