/**
 * The processes that this one has started, and their end: whichever way this process ends, none of them is left.
 *
 * On the way out they are killed by process id; where this process is itself killed, they notice the end of their
 * standard input (`endWithParent`).
 *
 * @module
 */

const MAIN = new URL("./main.ts", import.meta.url);

/** What the package `ws` looks at when a WebSocket server starts. */
const WS_ENVIRONMENT = "--allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE";

/** A process that was started. */
export interface Child {
  /** Its process id. */
  readonly pid: number;
  /** What it prints, line by line; ends when it has ended. */
  lines(): AsyncGenerator<string>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number>;
  /** Kills it if it still runs. */
  kill(): void;
}

/** All processes that were started. */
export class Family implements AsyncDisposable {
  readonly #children = new Set<Deno.ChildProcess>();
  readonly #killAll = (): void => {
    for (const child of this.#children) kill(child);
  };
  readonly #leave = (): void => {
    this.#killAll();
    Deno.exit(130);
  };

  /** Makes a family of none that sees to interrupts from now on. */
  constructor() {
    globalThis.addEventListener("unload", this.#killAll);
    for (const signal of endSignals()) Deno.addSignalListener(signal, this.#leave);
  }

  /**
   * Starts this program once more.
   *
   * @param args Its arguments.
   * @returns The process.
   */
  start(args: readonly string[]): Child {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net",
        "--allow-read",
        "--allow-write",
        WS_ENVIRONMENT,
        MAIN.href,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#children.add(child);
    const ended = child.status.then(({ code }) => {
      this.#children.delete(child);
      return code;
    });
    return { pid: child.pid, lines: () => readLines(child.stdout), ended, kill: () => kill(child) };
  }

  /** Kills all that still run and waits for their ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#children].map((child) => child.status);
    this.#killAll();
    await Promise.all(ends);
    globalThis.removeEventListener("unload", this.#killAll);
    for (const signal of endSignals()) Deno.removeSignalListener(signal, this.#leave);
  }
}

/** In a process that was started by a family: ends it when its parent is gone. */
export async function endWithParent(): Promise<never> {
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null);
  Deno.exit(1);
}

function endSignals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch { /* It has ended already. */ }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
