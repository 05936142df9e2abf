/**
 * Runs secure_program.ts in a process of its own.
 *
 * @module
 */
import { linesOf } from "../interop/lines_of.ts";
import { eventually, within } from "./waiting.ts";

/** A line that the program prints. */
export type Line = Readonly<Record<string, unknown>>;

/** A server or a client in another process. */
export class SecureChild implements AsyncDisposable {
  /** What it printed so far. */
  readonly lines: Line[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /**
   * Starts it.
   *
   * @param role `server` or `client`.
   * @param options Options of the socket; keys in hexadecimal digits.
   * @param flags Further arguments of `deno run`.
   * @param before A command that runs the rest, and its arguments.
   */
  static async start(
    role: "server" | "client",
    options: Readonly<Record<string, unknown>>,
    flags: readonly string[] = [],
    before: readonly string[] = [],
  ): Promise<SecureChild> {
    const program = new URL("secure_program.ts", import.meta.url).pathname;
    const run = ["run", "--quiet", "--no-check", "--allow-net", ...flags, program, role];
    const [command, ...args] = [...before, Deno.execPath(), ...run];
    const child = new SecureChild(
      new Deno.Command(command!, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn(),
    );
    await child.write(JSON.stringify(options));
    return child;
  }

  /** Gives it a line. */
  async write(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Waits for a line. */
  async line(what: string, matches: (line: Line) => boolean): Promise<Line> {
    await eventually(`the other process told: ${what}`, () => this.lines.some(matches));
    return this.lines.find(matches)!;
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    await this.#input.abort().catch(() => {});
  }

  /** Has it close its socket, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await within("the other process's end", this.#child.status);
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) this.lines.push(JSON.parse(line));
  }
}

/** Whether a line tells of a message. */
export function says(text: string): (line: Line) => boolean {
  return (line) => line.event === "data" && line.text === text;
}
