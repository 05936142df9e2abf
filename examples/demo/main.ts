/**
 * `deno task demo`: moves real messages between real processes, verifies every byte, prints one table.
 *
 * A server process and, for every row, client processes of their own; see `--help` for two machines. Invariant: it ends
 * by itself within 30 s, with exit code 0 only when every byte was right and no message was missing, and leaves no
 * process behind.
 *
 * @module
 */
import { clientProcess } from "./client_process.ts";
import { type Command, type Drive, HELP, readCommandLine, UsageError } from "./command_line.ts";
import { connectHalf } from "./connect_half.ts";
import { type Child, endWithParent, Family } from "./family.ts";
import { listenHalf, LISTENING } from "./listen_half.ts";
import { Progress } from "./progress.ts";
import { type Rows, tableText } from "./table.ts";

/** The bound on everything but a listening half, which waits for the other one. */
const LIMIT_MS = 60_000;

const LEGEND = `Messages and bytes are what arrived and was compared; a round trip counts as one message.
Drops are what a full queue dropped or, in the conflated feed, what a newer message replaced.`;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  try {
    return await run(readCommandLine(Deno.args)) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof UsageError) console.error("See --help.");
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(command: Command): Promise<boolean> {
  switch (command.kind) {
    case "help":
      console.log(HELP);
      return true;
    case "listen":
      if (command.supervised) void endWithParent();
      return await listenHalf(command.at);
    case "client":
      void endWithParent();
      await clientProcess(command.scenario, command.setting);
      return true;
    case "connect":
      return await runWithin((family, progress) => connectHalf(command.to, command.drive, family, progress), command);
    case "demo":
      return await runWithin((family, progress) => bothHalves(command.drive, family, progress), command);
  }
}

async function runWithin(
  play: (family: Family, progress: Progress) => Promise<Rows>,
  { drive }: { readonly drive: Drive },
): Promise<boolean> {
  await using family = new Family();
  const progress = new Progress(drive.scenarios.length);
  const startMs = performance.now();
  const timer = setTimeout(() => {
    console.error(`The demo did not end within ${LIMIT_MS / 1000} s`);
    Deno.exit(1);
  }, LIMIT_MS);
  try {
    const rows = await play(family, progress);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`\n${tableText(rows)}\n\n${LEGEND}\nSeed ${drive.seed}, ${seconds} s.`);
    const left = drive.scenarios.length - rows.length;
    if (left > 0) console.log(`${left} of the transports were not tried any more`);
    return isGood(rows, drive);
  } finally {
    clearTimeout(timer);
  }
}

function isGood(rows: Rows, drive: Drive): boolean {
  return rows.length === drive.scenarios.length && rows.every(([, { faults }]) => faults.length === 0);
}

/** Starts the listening half as a process of its own and connects to it. */
async function bothHalves(drive: Drive, family: Family, progress: Progress): Promise<Rows> {
  const hostname = "127.0.0.1";
  const server = family.start(["--listen", `${hostname}:0`, "--supervised"]);
  const port = await portOf(server);
  progress.say(`server process ${server.pid} listens on ${hostname}:${port}`);
  const rows = await connectHalf({ hostname, port }, drive, family, progress);
  if (!isGood(rows, drive)) return rows;
  const code = await server.ended;
  if (code !== 0) throw new Error(`The server process ended with code ${code}`);
  return rows;
}

/** Reads the server's first line, and whatever else it prints, so that its output never fills. */
async function portOf(server: Child): Promise<number> {
  const lines = server.lines();
  const { value } = await lines.next();
  const port = Number(/:(\d+)$/.exec(value ?? "")?.[1]);
  if (!value?.startsWith(LISTENING) || !(port > 0)) throw new Error("The server process did not start");
  void drain(lines);
  return port;
}

async function drain(lines: AsyncGenerator<string>): Promise<void> {
  for await (const _ of lines);
}
