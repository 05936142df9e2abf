/**
 * The demo tells right from wrong: it is run as people run it, and with a sender that flips a bit or loses a message.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { SCENARIOS } from "../../examples/demo/catalogue.ts";
import { readCommandLine, UsageError } from "../../examples/demo/command_line.ts";
import { TickCheck } from "../../examples/demo/tick_check.ts";
import { TickFeed } from "../../examples/demo/tick_feed.ts";

const MAIN = new URL("../../examples/demo/main.ts", import.meta.url);
const LIMIT_MS = 90_000;

Deno.test("the demo verifies every byte of every transport and prints a row for each", async () => {
  const { code, output, errors } = await run(["--quick"]);
  assertEquals(code, 0, output + errors);
  assertMatch(output, /^transport +messages +bytes +messages\/s +p50 +p99 +p99\.9 +drops +verified$/m);
  for (const { transport } of SCENARIOS) {
    const [, messages = "0"] = rowOf(output, transport, "every byte");
    assert(Number(messages.replaceAll(",", "")) > 0, `${transport}: no messages`);
  }
  assert(!output.includes("WRONG"), output);
  assertEquals(errors, "");
});

for (const fault of ["--corrupt", "--lose"]) {
  Deno.test(`the demo fails with ${fault}, and so does each of its rows`, async () => {
    const { code, output } = await run(["--quick", fault]);
    assertEquals(code, 1, output);
    for (const { transport } of SCENARIOS) rowOf(output, transport, "WRONG");
    assert(!output.includes("every byte"), output);
  });
}

for (const [fault, expectedCode, verified] of [[[], 0, "every byte"], [["--corrupt"], 1, "WRONG"]] as const) {
  Deno.test(`the halves of the demo end by themselves with code ${expectedCode} ${fault}`, async () => {
    const listening = start(["--listen", "127.0.0.1:0"]);
    const lines = linesOf(listening);
    const port = /^Listening on 127\.0\.0\.1:(\d+)$/.exec((await lines.next()).value ?? "")?.[1];
    assert(port, "the listening half does not say where it listens");
    const only = "tcp.peerid,tcp.burst";
    const { code, output } = await run(["--connect", `127.0.0.1:${port}`, "--quick", "--only", only, ...fault]);
    assertEquals(code, expectedCode, output);
    const rest: string[] = [];
    for await (const line of lines) rest.push(line);
    assertEquals((await listening.status).code, expectedCode, rest.join("\n"));
    assertEquals(rest.filter((line) => line.endsWith(`verified: ${verified}`)).length, 2, rest.join("\n"));
  });
}

Deno.test("a connecting half without a listening one says so", async () => {
  const { code, errors } = await run(["--connect", "127.0.0.1:1"]);
  assertEquals(code, 1);
  assertMatch(errors, /^Cannot connect to 127\.0\.0\.1:1: /);
});

Deno.test({
  name: "the demo leaves no process behind when it is told to end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const demo = start([]);
    const lines = linesOf(demo);
    const first = (await lines.next()).value ?? "";
    const port = Number(/^server process \d+ listens on 127\.0\.0\.1:(\d+)$/.exec(first)?.[1]);
    assert(port > 0, `the demo began with: ${first}`);
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    await lines.next();
    demo.kill("SIGTERM");
    for await (const _ of lines);
    assertEquals((await demo.status).code, 130);
    await assertRejects(() => untilRefused(port), Deno.errors.ConnectionRefused);
  },
});

Deno.test("readCommandLine() refuses what makes no sense", () => {
  for (
    const args of [
      ["--fast"],
      ["--listen"],
      ["--listen", "5555"],
      ["--connect", "host:0"],
      ["--connect", "host:65536"],
      ["--listen", "a:1", "--connect", "b:1"],
      ["--only", "tcp.carrier_pigeon"],
      ["--seed", "-1"],
    ]
  ) assertThrows(() => readCommandLine(args), UsageError);
});

Deno.test("readCommandLine() reads addresses of both families", () => {
  assertEquals(readCommandLine(["--listen=[::1]:5555"]), {
    kind: "listen",
    at: { hostname: "::1", port: 5555 },
    supervised: false,
  });
  const connect = readCommandLine(["--connect", "example.org:5555", "--quick"]);
  assert(connect.kind === "connect");
  assertEquals(connect.to, { hostname: "example.org", port: 5555 });
  assertEquals(connect.drive.scenarios, SCENARIOS);
});

Deno.test("TickCheck.take() notices a change of any one byte, a repetition and a gap", () => {
  const good = new TickFeed(1, 0, 32);
  const records = Array.from({ length: 4 }, () => good.next().slice());
  assertEquals(faultsOf(records), []);
  for (let at = 0; at < 32; at++) {
    const changed = records[2]!.with(at, records[2]![at]! ^ 1);
    assertEquals(faultsOf([records[0]!, records[1]!, changed]).length, 1, `byte ${at}`);
  }
  assertEquals(faultsOf([records[0]!, records[0]!]), ["stream 0: record 2 differs at byte 4 of 32"]);
  assertEquals(faultsOf([records[0]!, records[2]!]), ["stream 0: record 2 differs at byte 4 of 32"]);
  assertEquals(faultsOf([records[0]!.subarray(0, 31)]), ["stream 0: record 1 differs at byte 31 of 31"]);
});

function faultsOf(records: readonly Uint8Array[]): string[] {
  const check = new TickCheck(1, 32);
  for (const record of records) check.take(record, 0, record.length);
  return check.faults;
}

/** Finds the row of a transport in the table; returns its messages in group 1. */
function rowOf(output: string, transport: string, verified: string): RegExpExecArray {
  const name = transport.replace(/[.+]/g, "\\$&");
  const row = new RegExp(`^${name} +([\\d,]+)  .* ${verified}$`, "m").exec(output);
  assert(row, `There is no row of "${transport}" that ends with "${verified}":\n${output}`);
  return row;
}

/** The server was killed before the demo ended, but its port may take a moment to go with it. */
async function untilRefused(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      // The listener went in the very moment of the attempt.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function command(args: readonly string[], errors: "piped" | "inherit", signal: AbortSignal | null): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net",
      "--allow-read",
      "--allow-run",
      "--allow-sys",
      MAIN.href,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: errors,
    env: { NO_COLOR: "1" },
    ...(signal === null ? {} : { signal }),
  });
}

function start(args: readonly string[]): Deno.ChildProcess {
  return command(args, "inherit", null).spawn();
}

async function run(
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  const { code, stdout, stderr } = await command(args, "piped", limit.signal).output();
  clearTimeout(timer);
  return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}

async function* linesOf(child: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
