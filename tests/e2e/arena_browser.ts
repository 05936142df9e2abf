/**
 * A headless Chromium, driven by the DevTools protocol over its WebSocket (chromedevtools.github.io/devtools-protocol).
 *
 * Invariant: the browser has a profile of its own that is removed with it, and its whole process group ends.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { within } from "./waiting.ts";

/** How long the browser may take to be installed. */
const INSTALL_MS = 120_000;

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
  "--remote-debugging-port=0",
];

/** How long to wait for the browser: on a busy machine it starts slowly. */
const PATIENCE_MS = 30_000;

/** An answer or an event of the protocol. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/**
 * Finds a browser: the one that the variable CHROMIUM names, one on the path, or, where this runs as root with CI set,
 * one that is installed for it.
 *
 * @returns Its path, or why there is none.
 */
export async function findChromium(): Promise<{ readonly path: string } | { readonly reason: string }> {
  const named = Deno.env.get("CHROMIUM");
  if (named) return { path: named };
  const found = await searchPath();
  if (found !== undefined) return { path: found };
  if (!Deno.env.has("CI") || Deno.uid() !== 0) return { reason: `none of ${NAMES.join(", ")} is on the path` };
  const install = new Deno.Command("apt-get", {
    args: ["install", "-y", "chromium"],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(INSTALL_MS),
  });
  const isInstalled = await install.output().then(({ success }) => success, () => false);
  const installed = isInstalled ? await searchPath() : undefined;
  return installed === undefined ? { reason: "apt-get install chromium failed" } : { path: installed };
}

async function searchPath(): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of NAMES) {
      const path = `${folder}/${name}`;
      if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
    }
  }
  return undefined;
}

/** A browser with one page. */
export class BrowserPage implements AsyncDisposable {
  /** What the page said that it should not: errors of its scripts, and what it logged as an error or a warning. */
  readonly complaints: string[] = [];
  /** Everything that it asked a server for. */
  readonly requests: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Message) => void>();
  #sessionId: string | undefined;
  #lastId = 0;

  private constructor(process: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#handle(JSON.parse(data as string) as Message);
  }

  /**
   * Starts a browser.
   *
   * @param path Which one.
   * @returns Its empty page.
   */
  static async open(path: string): Promise<BrowserPage> {
    const profile = await Deno.makeTempDir({ prefix: "arena_browser_" });
    const process = new Deno.Command(path, {
      args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    const socket = new WebSocket(await endpointOf(profile));
    await within("the browser's socket", new Promise<unknown>((resolve) => socket.onopen = resolve), PATIENCE_MS);
    const page = new BrowserPage(process, profile, socket);
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await page.send("Target.attachToTarget", { targetId, flatten: true });
    page.#sessionId = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  /**
   * Sends a command.
   *
   * @param method Its name.
   * @param params Its parameters.
   * @returns Its result.
   */
  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Message>();
    this.#answers.set(id, answer.resolve);
    this.#socket.send(
      JSON.stringify({ id, method, params, ...(this.#sessionId ? { sessionId: this.#sessionId } : {}) }),
    );
    const { result, error } = await within(method, answer.promise, PATIENCE_MS);
    if (error !== undefined) throw new AssertionError(`${method}: ${error.message}`);
    return result ?? {};
  }

  /**
   * Evaluates an expression in the page.
   *
   * @param expression The expression; a promise is awaited.
   * @returns Its value, as JSON has it.
   */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new AssertionError(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value: T }).value;
  }

  /**
   * Waits until something holds in the page.
   *
   * @param what What is waited for, for the message.
   * @param expression What is to be true.
   */
  async until(what: string, expression: string): Promise<void> {
    const look = `new Promise((resolve) => {
      const timer = setInterval(() => { if (${expression}) { clearInterval(timer); resolve(true); } }, 20);
    })`;
    await within(what, this.evaluate(look), PATIENCE_MS);
  }

  /**
   * Takes a picture of the page.
   *
   * @param path Where it goes, as PNG.
   * @returns How many bytes it has.
   */
  async screenshot(path: string): Promise<number> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    const bytes = Uint8Array.fromBase64(data as string);
    await Deno.writeFile(path, bytes);
    return bytes.length;
  }

  /** Ends the browser and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<unknown>((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
    Deno.kill(Deno.build.os === "windows" ? this.#process.pid : -this.#process.pid, "SIGKILL");
    await this.#process.status;
    await removeFolder(this.#profile);
  }

  #handle({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      this.#answers.get(id)?.({ ...(result && { result }), ...(error && { error }) });
      this.#answers.delete(id);
    } else if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(params));
    else if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params!.type as string)) {
      this.complaints.push(JSON.stringify(params));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params!.entry as { readonly level: string; readonly text: string };
      if (level === "error" || level === "warning") this.complaints.push(text);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params!.request as { readonly url: string }).url);
    } else if (method === "Network.webSocketCreated") this.requests.push(params!.url as string);
  }
}

/** Where the browser listens: it writes that into its profile. */
async function endpointOf(profile: string): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const text = await Deno.readTextFile(`${profile}/DevToolsActivePort`).catch(() => "");
    const [port, path] = text.split("\n");
    if (path !== undefined) return `ws://127.0.0.1:${port}${path}`;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new AssertionError(`Waited ${PATIENCE_MS} ms until the browser listens`);
}

/** The last processes of the group may write for a moment after they were killed. */
async function removeFolder(path: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
