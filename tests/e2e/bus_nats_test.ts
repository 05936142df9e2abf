/**
 * The suite of the bus over a real NATS server. Where there is none, and none can be installed, it is skipped and says
 * so.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { natsFabric } from "../../src/api/bus_nats_mod.ts";
import { BusChild, isAnswer } from "./bus_child.ts";
import { startNatsServer } from "./bus_nats_server.ts";
import { testBus } from "./bus_suite.ts";

const server = await startNatsServer();
if (typeof server === "string") console.log(`bus_nats_test.ts is skipped: ${server}`);

let runCount = 0;

testBus({
  name: "NATS",
  scope: "network",
  hasClusters: true,
  options: () => ({
    machine: false,
    heartbeatMs: 500,
    fabric: natsFabric({
      servers: typeof server === "string" ? "" : `127.0.0.1:${server.port}`,
      prefix: `test.${Deno.pid}.${runCount++}`,
    }),
  }),
}, typeof server === "string");

Deno.test({
  name: "NATS: a node that is killed fails its commands at once, and comes back",
  ignore: typeof server === "string",
  fn: async () => {
    const nats = {
      servers: typeof server === "string" ? "" : `127.0.0.1:${server.port}`,
      prefix: `test.${Deno.pid}.killed`,
    };
    // Heartbeats that are missed would tell only much later.
    const options = { machine: false, heartbeatMs: 10_000, nats } as const;
    await using a = await BusChild.start({ ...options, name: "a", silent: true });
    const b = await BusChild.start({ ...options, name: "b" });
    await a.ask({ wait: true }, ({ ready }) => ready === true);
    await a.tell({ send: "never", timeoutMs: 60_000 });
    assertEquals(await a.ask({ send: 1 }, isAnswer), { answer: ["b", 1] });
    await b.kill();
    await a.line("the failure", ({ error, of }) => error === "ConnectError" && of === "never");
    await a.line("b failed", ({ change }) => change === "failed");
    assertEquals(await a.ask({ send: 2 }, isAnswer), { error: "NoHandlerError", of: 2 });
    await using _again = await BusChild.start({ ...options, name: "b" });
    await a.ask({ wait: true }, ({ ready }) => ready === true);
    assertEquals(await a.ask({ send: 3 }, isAnswer), { answer: ["b", 3] });
  },
});

Deno.test({
  name: "the NATS server of these tests is stopped",
  ignore: typeof server === "string",
  // It was started outside of any test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    if (typeof server !== "string") await server.stop();
  },
});
