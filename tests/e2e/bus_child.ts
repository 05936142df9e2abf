/**
 * Runs bus_program.ts in a process of its own.
 *
 * @module
 */
import type { MessageBusOptions } from "../../src/api/bus_mod.ts";
import type { NatsFabricOptions } from "../../src/api/bus_nats_mod.ts";
import { linesOf } from "../interop/lines_of.ts";
import { eventually, within } from "./waiting.ts";

/** A line that the program prints. */
export type Line = Readonly<Record<string, unknown>>;

/** A node in another process. */
export class BusChild implements AsyncDisposable {
  /** What it printed so far. */
  readonly lines: Line[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #isOver = false;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /**
   * Starts it, and waits until its bus has started.
   *
   * @param options The options of the bus, as JSON can carry them.
   * @param before A command that runs the rest, and its arguments.
   */
  static async start(
    options: MessageBusOptions & { readonly silent?: boolean; readonly nats?: NatsFabricOptions },
    before: readonly string[] = [],
  ): Promise<BusChild> {
    const program = new URL("bus_program.ts", import.meta.url).pathname;
    const run = ["run", "--quiet", "--no-check", "-A", program];
    const [command, ...args] = [...before, Deno.execPath(), ...run];
    const child = new BusChild(
      new Deno.Command(command!, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn(),
    );
    await child.tell(options);
    await child.line("that it has started", ({ started }) => started !== undefined);
    return child;
  }

  /** Tells it something. */
  async tell(line: unknown): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  }

  /** Tells it something and waits for the next line that matches. */
  async ask(line: unknown, matches: (line: Line) => boolean): Promise<Line> {
    const from = this.lines.length;
    await this.tell(line);
    return await this.line(JSON.stringify(line), matches, from);
  }

  /** Waits for a line. */
  async line(what: string, matches: (line: Line) => boolean, from = 0): Promise<Line> {
    await eventually(`the other process told: ${what}`, () => this.lines.slice(from).some(matches));
    return this.lines.slice(from).find(matches)!;
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.#isOver = true;
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    await this.#input.abort().catch(() => {});
  }

  /** Has it close its bus, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    await this.#input.close().catch(() => {});
    await within("the other process's end", this.#child.status);
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) this.lines.push(JSON.parse(line));
  }
}

/** Whether a line is an answer, or the failure of a command. */
export function isAnswer({ answer, error }: Line): boolean {
  return answer !== undefined || error !== undefined;
}
