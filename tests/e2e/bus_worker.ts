/**
 * A worker that uses the bus of its process: it handles commands, takes events, and publishes what it is told to.
 *
 * @module
 */
import { defineCommand, defineEvent, MessageBus } from "../../src/api/bus_mod.ts";

const Tick = defineEvent<{ n: number; by: string }>("worker.tick");
const Where = defineCommand<{ fail?: boolean }, string>("worker.where");
const Burst = defineCommand<{ count: number; by: string }, number>("worker.burst");
const Got = defineCommand<void, number>("worker.got");
const Wait = defineCommand<void, string>("worker.wait");
const Stopped = defineEvent<string>("worker.stopped");

const scope = self as unknown as { onmessage: (event: MessageEvent) => void; postMessage: (data: unknown) => void };

scope.onmessage = ({ data }) => {
  const { token, name } = data;
  const bus = MessageBus.attach(token);
  let got = 0;
  bus.eventDispatcher.subscribe(Tick, () => void got++);
  bus.commandDispatcher.handle(Where, ({ fail }, { from }) => {
    if (fail === true) throw new RangeError("asked to fail");
    return `${name} asked by ${from.name}`;
  });
  bus.commandDispatcher.handle(Got, () => got);
  bus.commandDispatcher.handle(Burst, async ({ count, by }) => {
    for (let n = 0; n < count; n++) await bus.eventDispatcher.publish(Tick, { n, by });
    return count;
  });
  bus.commandDispatcher.handle(Wait, (_value, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        void bus.eventDispatcher.publish(Stopped, name);
        resolve("stopped");
      });
    }));
  bus.closed.then(() => scope.postMessage("closed"));
  scope.postMessage("attached");
};
