/**
 * The child process of bus tests: a node that does what it is told. It reads JSON lines and prints JSON lines.
 *
 * ```text
 * first line: the options of the bus, or {"nats"}   prints {"started": id}, then {"change", "name"} for each change of membership
 * {"send", "scope", "node", "timeoutMs"}   sends the command "echo" with that value: {"answer"} or {"error"}
 * {"wait", "scope"}                        waits until somebody handles "echo": {"ready"}
 * {"publish", "from", "to"}                publishes numbers: {"published"}
 * {"got", "to"}                            {"got", "disordered"}, as soon as so many came
 * ```
 *
 * @module
 */
import { defineCommand, defineEvent, MessageBus, type MessageBusOptions } from "../../src/api/bus_mod.ts";
import { natsFabric, type NatsFabricOptions } from "../../src/api/bus_nats_mod.ts";
import { linesOf } from "../interop/lines_of.ts";

interface Told {
  readonly send?: unknown;
  readonly scope?: "machine" | "cluster" | "network";
  readonly node?: string;
  readonly timeoutMs?: number;
  readonly wait?: boolean;
  readonly publish?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly got?: boolean;
}

const Echo = defineCommand<unknown, unknown>("echo");
const Count = defineEvent<{ n: number }>("program.count");

const say = (line: unknown): void => console.log(JSON.stringify(line));
const lines = linesOf(Deno.stdin.readable);
const { value: first = "{}" } = await lines[Symbol.asyncIterator]().next();
const { silent, nats, ...options } = JSON.parse(first) as MessageBusOptions & {
  readonly silent?: boolean;
  readonly nats?: NatsFabricOptions;
};
const engine = nats === undefined ? {} : { fabric: natsFabric(nats) };
const bus = await MessageBus.start({
  ...options,
  ...engine,
  onNode: (change, { name }) => say({ change, name }),
});
let got = 0;
let next = -1;
let disordered = 0;
if (silent !== true) {
  bus.commandDispatcher.handle(Echo, (value) => value === "never" ? new Promise(() => {}) : [bus.self.name, value]);
  bus.eventDispatcher.subscribe(Count, ({ n }, { from }) => {
    if (from.id === bus.self.id) return;
    if (next >= 0 && n <= next) disordered++;
    next = n;
    got++;
  });
}
say({ started: bus.self.id });
for await (const line of lines) void handle(JSON.parse(line) as Told);
await bus.close();

async function handle(
  { send, scope = "network", node, timeoutMs, wait, publish, from = 0, to = 0 }: Told,
): Promise<void> {
  try {
    if (wait === true) {
      await bus.commandDispatcher[scope].whenHandled(Echo, { timeoutMs: 20_000, count: to || 1 });
      say({ ready: true });
    } else if (send !== undefined) {
      const more = { ...(node === undefined ? {} : { node }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
      say({ answer: await bus.commandDispatcher[scope].send(Echo, send, more) });
    } else if (publish === true) {
      for (let n = from; n < to; n++) await bus.eventDispatcher.publish(Count, { n });
      say({ published: to });
    } else {
      while (got < to) await new Promise((resolve) => setTimeout(resolve, 5));
      say({ got, disordered });
    }
  } catch (error) {
    say({ error: error instanceof Error ? error.name : String(error), of: send });
  }
}
