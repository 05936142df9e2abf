/**
 * The child's end of a role: reports on standard output, waits for "go" on standard input, ends when told or orphaned.
 *
 * Why standard output and not a socket: the loopback interface shall carry what is measured and nothing else.
 *
 * @module
 */

/** Numbers handed to a role at its start. */
export interface Settings {
  /**
   * Reads one of them.
   *
   * @param name Its name.
   * @returns Its value.
   * @throws {TypeError} When the harness did not pass it.
   */
  of(name: string): number;
}

/** A role: what one process does in a scenario. */
export type Role = (settings: Settings) => Promise<void>;

/**
 * Plays the role that the command line names and ends the process.
 *
 * @param roles The roles of this program by name.
 */
export async function play(roles: Readonly<Record<string, Role>>): Promise<never> {
  const [name = "", json = "{}"] = Deno.args;
  const role = roles[name];
  if (role === undefined) throw new TypeError(`There is no role "${name}" here, only ${Object.keys(roles).join(", ")}`);
  const values = JSON.parse(json) as Record<string, number>;
  void endWithParent();
  await role({
    of(key: string): number {
      const value = values[key];
      if (value === undefined) throw new TypeError(`The role "${name}" was not given "${key}"`);
      return value;
    },
  });
  Deno.exit(0);
}

/**
 * Prints one report.
 *
 * @param event Its name.
 * @param figures Its figures.
 */
export function report(event: string, figures: Readonly<Record<string, number | string>> = {}): void {
  const line = new TextEncoder().encode(JSON.stringify({ event, ...figures }) + "\n");
  for (let sent = 0; sent < line.length;) sent += Deno.stdout.writeSync(line.subarray(sent));
}

let goes = 0;
let waiting: (() => void) | undefined;

/** Waits for the harness's next "go". */
export async function awaitGo(): Promise<void> {
  if (goes === 0) await new Promise<void>((resolve) => waiting = resolve);
  goes--;
}

/**
 * The time of day with fractions, comparable between the processes of one machine.
 *
 * @returns Milliseconds since 1970.
 */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Counts what the harness sends ("go" and a line end: three bytes) and exits when the harness is gone. */
async function endWithParent(): Promise<void> {
  const bytes = new Uint8Array(64);
  for (;;) {
    const read = await Deno.stdin.read(bytes);
    if (read === null) Deno.exit(1);
    for (let i = 0; i < read; i++) if (bytes[i] === 10) goes++;
    if (goes > 0) {
      waiting?.();
      waiting = undefined;
    }
  }
}
