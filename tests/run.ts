/**
 * The whole suite, as `deno task test` runs it: one type check, then the test folders, each with the permissions that
 * its kind of test may have, then the examples in the docs.
 *
 * Invariant: the last line is `N passed, N failed` (and `, N skipped` where there are any), and the exit code is 0
 * only when something ran and nothing failed. Why the check comes first and once: a worker's script would otherwise be
 * checked again each time that a test starts one. Why examples are not checked: the runner adds imports of its own to
 * each of them, which `noUnusedLocals` refuses.
 *
 * @module
 */

/** One run of `deno test` or `deno check`. */
interface Group {
  readonly name: string;
  /** The folders with tests; the group is skipped when they have none. `undefined`: it runs in any case. */
  readonly folders?: readonly string[];
  readonly args: readonly string[];
  /** What its environment has besides. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface Outcome {
  readonly output: string;
  readonly code: number;
  readonly isTimedOut: boolean;
}

const GROUP_LIMIT_MS = 420_000;
const PARALLEL_JOBS = "2";

const root = new URL("../", import.meta.url);
const test = ["test", "--no-check", "--no-prompt"];

const groups: readonly Group[] = [
  { name: "types", args: ["check"] },
  { name: "unit and sim", folders: ["tests/unit", "tests/sim"], args: [...test, "--parallel"] },
  { name: "arch", folders: ["tests/arch"], args: [...test, "--parallel", "--allow-read", "--ignore-env"] },
  {
    name: "race, interop, e2e and fuzz",
    folders: ["tests/race", "tests/interop", "tests/e2e", "tests/fuzz"],
    args: [...test, "-A"],
  },
  ...["kernel", "ring"].filter((dispatch) => dispatch === "ring" || Deno.build.os === "linux").map((dispatch) => ({
    name: `framed TCP with two workers, ${dispatch} dispatch`,
    args: [...test, "-A", "--parallel", ...framedTcpTests()],
    env: { FRAMED_TCP_DISPATCH: dispatch },
  })),
  {
    name: "encrypted UDP over the runtime's own sockets",
    args: [...test, "-A", "--unstable-net", "--parallel", ...testsNamed("tests/e2e", /^secure_.*_test\.ts$/)],
  },
  { name: "examples in the docs", args: [...test, "-A", "--parallel", "--doc", "src", "mod.ts"] },
];

function testsNamed(folder: string, pattern: RegExp): string[] {
  const names = [...Deno.readDirSync(new URL(`${folder}/`, root))].map(({ name }) => name);
  return names.filter((name) => pattern.test(name)).sort().map((name) => `${folder}/${name}`);
}

/** The tests that make their endpoints by framed_tcp.ts, and so can be run with workers. */
function framedTcpTests(): string[] {
  return ["tests/e2e", "tests/interop"].flatMap((folder) => {
    const names = [...Deno.readDirSync(new URL(`${folder}/`, root))].map(({ name }) => `${folder}/${name}`);
    const tests = names.filter((name) => name.endsWith("_test.ts")).sort();
    return tests.filter((name) => Deno.readTextFileSync(new URL(name, root)).includes('/framed_tcp.ts"'));
  });
}

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  for (const group of groups) {
    const folders = group.folders?.filter((folder) => hasTests(new URL(`${folder}/`, root)));
    if (folders?.length === 0) continue;
    console.log(`\n== ${group.name}`);
    const outcome = await run([...group.args, ...folders ?? []], group.env);
    if (outcome.isTimedOut) console.log(`\n"${group.name}" took longer than ${GROUP_LIMIT_MS / 1000} s and was killed`);
    const tally = group.args[0] === "test" ? tallyOf(outcome.output) : undefined;
    total.passed += tally?.passed ?? 0;
    total.failed += failuresOf(group, outcome, tally);
    total.skipped += tally?.skipped ?? 0;
    failures.push(...failedTests(group, outcome));
  }
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** A run that ended badly counts as one failure where it did not count its own. */
function failuresOf(group: Group, outcome: Outcome, tally: Tally | undefined): number {
  const isTest = group.args[0] === "test";
  const isBroken = outcome.code !== 0 || outcome.isTimedOut || isTest && tally === undefined;
  return Math.max(tally?.failed ?? 0, isBroken ? 1 : 0);
}

/** The names of what failed, as deno lists them at the end of a run. */
function failedTests(group: Group, outcome: Outcome): string[] {
  if (outcome.code === 0 && !outcome.isTimedOut) return [];
  const listed = plainLines(outcome.output).filter((line) => / => \S+:\d+:\d+$/.test(line));
  return listed.length > 0 ? [...new Set(listed)] : [`the group "${group.name}"`];
}

function plainLines(output: string): string[] {
  // deno-lint-ignore no-control-regex
  return output.replace(/\x1b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim());
}

/** Reads the last summary line: `ok | 3 passed (2 steps) | 0 failed | 1 ignored (33ms)`. */
function tallyOf(output: string): Tally | undefined {
  const summary = plainLines(output).findLast((line) => /^(ok|FAILED) \| \d+ passed/.test(line));
  if (summary === undefined) return undefined;
  const count = (word: string): number => Number(new RegExp(`\\| (\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** Runs deno with its output shown and kept; kills it with all that it started when its time is over. */
async function run(args: readonly string[], env: Group["env"] = {}): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { DENO_JOBS: PARALLEL_JOBS, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    detached: true,
  }).spawn();
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    killGroup(child.pid);
  }, GROUP_LIMIT_MS);
  const interrupt = (): void => {
    killGroup(child.pid);
    Deno.exit(130);
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  try {
    const output = await show(child.stdout);
    const { code } = await child.status;
    return { output, code, isTimedOut };
  } finally {
    clearTimeout(timer);
    for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
  }
}

async function show(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** The child leads a process group of its own, so that what a test started goes with it. */
function killGroup(pid: number): void {
  try {
    Deno.kill(Deno.build.os === "windows" ? pid : -pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function hasTests(folder: URL): boolean {
  try {
    for (const entry of Deno.readDirSync(folder)) {
      if (entry.isFile && entry.name.endsWith("_test.ts")) return true;
      if (entry.isDirectory && hasTests(new URL(`${entry.name}/`, folder))) return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return false;
}
