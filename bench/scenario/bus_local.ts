/**
 * `bus.local.commands` and `bus.local.events`: commands and events a second inside one process, each awaited, beside
 * the bare calls of the same handlers.
 *
 * @module
 */

import { defineCommand, defineEvent, MessageBus } from "../../src/api/bus_mod.ts";
import { cast } from "../harness/role_process.ts";
import { play, report, type Settings, wallClockMs } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const COUNT = 2_000_000;

const scenario = {
  metric: "rate",
  target: { of: "value", bound: "at least", limit: 1_000_000 },
  rounds: 3,
  lessBaseline: false,
} as const;

/** Commands with an answer, one after the other. */
export const busLocalCommands: Scenario = {
  ...scenario,
  name: "bus.local.commands",
  unit: "commands/s",
  baseline: (context) => run("bare", context),
  product: (context) => run("commands", context),
};

/** Events to one handler, one after the other. */
export const busLocalEvents: Scenario = {
  ...scenario,
  name: "bus.local.events",
  unit: "events/s",
  baseline: (context) => run("bare", context),
  product: (context) => run("events", context),
};

function run(role: string, { quick }: RunContext): Promise<Sample> {
  const count = quick ? COUNT / 4 : COUNT;
  return cast(import.meta.url, async (spawn) => {
    const process = spawn(role, { count });
    const { ms } = await process.expect("measured");
    await process.ended();
    return { value: count / (Number(ms) / 1000) };
  });
}

async function time(settings: Settings, call: (n: number) => Promise<number>): Promise<void> {
  const count = settings.of("count");
  let sum = 0;
  for (let i = 0; i < count / 10; i++) sum += await call(i);
  const startedMs = wallClockMs();
  for (let i = 0; i < count; i++) sum += await call(i);
  report("measured", { ms: wallClockMs() - startedMs, sum });
}

if (import.meta.main) {
  const Add = defineCommand<{ readonly n: number }, number>("bench.add");
  const Added = defineEvent<{ readonly n: number }>("bench.added");
  await play({
    bare: (settings) => time(settings, (n) => Promise.resolve(n + 1)),
    commands: async (settings) => {
      await using bus = await MessageBus.start({ machine: false });
      bus.commandDispatcher.handle(Add, ({ n }) => n + 1);
      const { local } = bus.commandDispatcher;
      await time(settings, (n) => local.send(Add, { n }));
    },
    events: async (settings) => {
      await using bus = await MessageBus.start({ machine: false });
      let got = 0;
      bus.eventDispatcher.subscribe(Added, ({ n }) => void (got = n));
      const { eventDispatcher } = bus;
      await time(settings, (n) => eventDispatcher.publish(Added, { n }).then(() => got));
    },
  });
}
