/**
 * `deno task arena`: a few hundred that move, and a page that shows what it takes to let others see them.
 *
 *     deno run --allow-net --allow-read examples/arena/main.ts [--help]
 *
 * How it works. The server owns a `WorldState` and moves it twenty times a second (`world/`). Each player, a browser
 * over WebSocket or a bot over framed TCP, has a `WorldObserver`; an `InterestManager` says what is near it, a
 * `PriorityAccumulator` what of that is most urgent, and the snapshot holds what changed since the newest one that this
 * player acknowledged (`server/snapshot_maker.ts`). Snapshots and inputs then pass a simulated link that loses, delays
 * and reorders them as the sliders say (`server/shaky_link.ts`). The player puts snapshots into a `WorldReplica` and
 * shows it at the time that a `JitterBuffer` picks (`client/`). The page runs these same sources: the server takes the
 * types out of them and serves them, without a bundler and without a network.
 *
 * What to try. Steer with the arrow keys, WASD, or a finger. Press calm, busy and chaotic and watch the four lines: the
 * same ticks are really encoded in all four ways. Pull loss to 30 %: all still move evenly, a little later, and no full
 * snapshot is needed. Pull it to 100 % for some seconds and back: a full one heals it. Pull jitter up: the play-out
 * delay follows within a second or two, and falls slowly when it is gone. Make the budget small: what is far is updated
 * less often, and nothing starves. See far and near. Open a second window, or `--host 0.0.0.0` and a phone.
 *
 * @module
 */
import { type Command, HELP, readCommandLine, UsageError } from "./command_line.ts";
import { Arena } from "./server/arena.ts";

const USUAL_PORT = 8000;

if (import.meta.main) Deno.exitCode = await main();

async function main(): Promise<number> {
  try {
    const command = readCommandLine(Deno.args);
    if (command === undefined) console.log(HELP);
    else await run(command);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${HELP}`);
    else if (error instanceof Deno.errors.AddrInUse) console.error("Somebody else listens on this port; try --port 0");
    else throw error;
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(command: Command): Promise<void> {
  const arena = await start(command);
  const host = command.hostname === "0.0.0.0" || command.hostname === "127.0.0.1" ? "localhost" : command.hostname;
  console.log(`The arena is at http://${host.includes(":") ? `[${host}]` : host}:${arena.port}/`);
  console.log("Open it, steer with the arrow keys or a finger, and pull the sliders. Ctrl-C ends it.");
  await whenToEnd(command.seconds);
  await arena.stop();
  console.log("The arena is closed.");
}

async function start({ hostname, port, entities, bots }: Command): Promise<Arena> {
  try {
    return await Arena.start({ hostname, port: port ?? USUAL_PORT, entities, bots });
  } catch (error) {
    if (port !== undefined || !(error instanceof Deno.errors.AddrInUse)) throw error;
    return await Arena.start({ hostname, port: 0, entities, bots });
  }
}

/** Settles after a time, or when the process is told to end. */
async function whenToEnd(seconds: number): Promise<void> {
  const end = Promise.withResolvers<void>();
  const timer = seconds === Infinity ? undefined : setTimeout(end.resolve, seconds * 1000);
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, end.resolve);
  await end.promise;
  clearTimeout(timer);
  for (const signal of signals) Deno.removeSignalListener(signal, end.resolve);
}
