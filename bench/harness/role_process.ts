/**
 * The harness's end of a child process that plays one role (a server, a client) of a scenario.
 *
 * Parent and child talk in JSON lines: reports on the child's standard output, commands on its standard input. Every
 * wait has a limit, and `cast` kills by process id whatever is still alive when a measurement ends or fails.
 *
 * @module
 */

/** A line that a role prints: the name of the event and its figures. */
export interface Report {
  readonly event: string;
  readonly [figure: string]: number | string;
}

/** How long any one report may take before the measurement counts as hung, in milliseconds. */
const REPORT_LIMIT_MS = 60_000;

/** One running role. */
export class RoleProcess {
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #name: string;
  #rest = "";

  /**
   * Starts a role program.
   *
   * @param program The `file:` URL of the program.
   * @param role The role it shall play.
   * @param settings Numbers that the role needs; handed over as one JSON argument.
   * @param flags Further arguments of `deno run`.
   */
  constructor(program: string, role: string, settings: Readonly<Record<string, number>>, flags: readonly string[]) {
    this.#name = `${program.slice(program.lastIndexOf("/") + 1)} ${role}`;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", ...flags, program, role, JSON.stringify(settings)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Waits for the next report.
   *
   * @param event The event that must come next.
   * @param limitMs How long it may take.
   * @returns The report.
   * @throws {Error} When another event comes, the process ends, or the time is up.
   */
  async expect(event: string, limitMs = REPORT_LIMIT_MS): Promise<Report> {
    const report = await this.#withLimit(this.#next(), `"${event}"`, limitMs);
    if (report.event === event) return report;
    throw new Error(`${this.#name}: reported ${JSON.stringify(report)} where "${event}" was due`);
  }

  /** Lets the role go on past its next `awaitGo()`. */
  async go(): Promise<void> {
    await this.#commands.write(new TextEncoder().encode("go\n"));
  }

  /** Waits for the process to end by itself with success. */
  async ended(): Promise<void> {
    const { code } = await this.#withLimit(this.#child.status, "its end", REPORT_LIMIT_MS);
    if (code !== 0) throw new Error(`${this.#name}: ended with code ${code}`);
  }

  /** Ends the process whatever its state and waits until it is gone. */
  async kill(): Promise<void> {
    try {
      Deno.kill(this.#child.pid, "SIGKILL");
    } catch { /* It has ended already. */ }
    await this.#child.status;
    await Promise.allSettled([this.#commands.abort(), this.#lines.cancel()]);
  }

  async #next(): Promise<Report> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return JSON.parse(line) as Report;
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`${this.#name}: ended before it reported (its errors are above)`);
      this.#rest += value;
    }
  }

  async #withLimit<T>(work: Promise<T>, what: string, limitMs: number): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<never>((_, reject) => {
      const message = `${this.#name}: ${what} did not come within ${limitMs / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), limitMs);
    });
    try {
      return await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Starts a role of the program at hand; `flags` are further arguments of `deno run`. */
export type Spawn = (
  role: string,
  settings: Readonly<Record<string, number>>,
  flags?: readonly string[],
) => RoleProcess;

/**
 * Runs a measurement with child processes and leaves none behind.
 *
 * @param program The `file:` URL of the role program.
 * @param play The measurement; starts its roles with the function that it is given.
 * @returns What the measurement returned.
 */
export async function cast<T>(program: string, play: (spawn: Spawn) => Promise<T>): Promise<T> {
  const processes: RoleProcess[] = [];
  try {
    return await play((role, settings, flags = []) => {
      const process = new RoleProcess(program, role, settings, flags);
      processes.push(process);
      return process;
    });
  } finally {
    await Promise.all(processes.map((process) => process.kill()));
  }
}
