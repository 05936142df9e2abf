/**
 * The arena as people start it: a process of its own, on a free port, that ends by itself.
 *
 * @module
 */
import { AssertionError } from "@std/assert";

const MAIN = new URL("../../examples/arena/main.ts", import.meta.url);

/** A bound that only a failing test reaches: the arena ends by itself after this. */
const MOST_SECONDS = 60;

/** A running arena. */
export interface ArenaProcess extends AsyncDisposable {
  /** Where its page is. */
  readonly url: string;
  /**
   * Tells it to end, as Ctrl-C does.
   *
   * @returns Its exit code and everything that it printed.
   */
  end(): Promise<ArenaEnd>;
}

/** How an arena ended. */
export interface ArenaEnd {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Starts an arena and waits until its page is there.
 *
 * @param args More arguments.
 * @returns The arena; dispose of it.
 */
export async function startArena(args: readonly string[] = []): Promise<ArenaProcess> {
  const child = spawn(["--port", "0", "--seconds", String(MOST_SECONDS), ...args]);
  const errors = new Response(child.stderr).text();
  const printed = Promise.withResolvers<string>();
  const output = collect(child.stdout, printed.resolve);
  const url = /http:\S+/.exec(await Promise.race([printed.promise, output]))?.[0];
  const ended = Promise.all([child.status, output, errors]).then(([{ code }, output, errors]) => {
    return { code, output, errors };
  });
  if (url === undefined) throw new AssertionError(`The arena did not start: ${(await ended).errors}`);
  const kill = (signal: Deno.Signal): void => {
    try {
      child.kill(signal);
    } catch { /* It has ended already. */ }
  };
  return {
    url,
    end: () => {
      kill("SIGINT");
      return ended;
    },
    async [Symbol.asyncDispose]() {
      kill("SIGKILL");
      await ended;
    },
  };
}

/**
 * Runs the arena until it ends by itself.
 *
 * @param args Its arguments.
 * @returns How it ended.
 */
export async function runArena(args: readonly string[]): Promise<ArenaEnd> {
  const child = spawn(args);
  const [{ code }, output, errors] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, output, errors };
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--allow-net", "--allow-read", MAIN.href, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** Reads all that is printed, and says when the first line is there. */
async function collect(stream: ReadableStream<Uint8Array>, tell: (text: string) => void): Promise<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes("\n")) tell(text);
  }
  return text;
}
