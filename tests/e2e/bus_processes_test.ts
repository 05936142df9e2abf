/**
 * Nodes in processes of their own: killed, stopped, started again, while the others go on.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BusChild, isAnswer } from "./bus_child.ts";

const membership = {
  gossipIntervalMs: 20,
  probeIntervalMs: 100,
  suspicionMinMs: 300,
  reconnectIntervalMs: 200,
  announceIntervalMs: 200,
} as const;

function meshOptions(name: string, port: number, seeds: readonly string[] = []) {
  return {
    name,
    machine: false,
    key: `the key of the processes of ${Deno.pid}`,
    hostname: "127.0.0.1",
    publishPort: 0,
    discoveryPort: port,
    heartbeatMs: 200,
    membership,
    ...(seeds.length === 0 ? {} : { seeds }),
  };
}

Deno.test("a node of a mesh that is killed fails its commands at once, is told as failed, and comes back", async () => {
  const port = 20_000 + Deno.pid % 10_000;
  await using a = await BusChild.start({ ...meshOptions("a", port), silent: true });
  const b = await BusChild.start(meshOptions("b", port));
  await using c = await BusChild.start(meshOptions("c", port));
  await a.ask({ wait: true, to: 2 }, ({ ready }) => ready === true);
  assertEquals(await a.ask({ send: 1, node: "b" }, isAnswer), { answer: ["b", 1] });
  await a.tell({ send: "never", node: "b", timeoutMs: 60_000 });
  assertEquals(await a.ask({ send: 2, node: "b" }, isAnswer), { answer: ["b", 2] });
  const before = a.lines.length;
  const killedAt = performance.now();
  await b.kill();
  const failed = await a.line("the failure", isAnswer, before);
  assertEquals(failed, { error: "ClosedError", of: "never" });
  const tookMs = performance.now() - killedAt;
  assert(tookMs < 5000, `It took ${tookMs} ms`);
  for (let n = 0; n < 4; n++) {
    assertEquals(await a.ask({ send: n }, isAnswer), { answer: ["c", n] });
  }
  await a.line("b failed", ({ change, name }) => change === "failed" && name === "b");
  await using _again = await BusChild.start(meshOptions("b", port));
  await a.line("b is back", ({ change, name }) => change === "joined" && name === "b", before);
  await a.ask({ wait: true, to: 2 }, ({ ready }) => ready === true);
  assertEquals(await a.ask({ send: 3, node: "b" }, isAnswer), { answer: ["b", 3] });
  assertEquals(await c.ask({ send: 4, node: "b" }, isAnswer), { answer: ["b", 4] });
});

Deno.test("a node of a mesh that is stopped is told as failed, and recovers", async () => {
  const port = 20_000 + (Deno.pid + 1) % 10_000;
  await using a = await BusChild.start({ ...meshOptions("a", port), silent: true });
  await using b = await BusChild.start(meshOptions("b", port));
  await a.ask({ wait: true }, ({ ready }) => ready === true);
  assertEquals(await a.ask({ send: 1 }, isAnswer), { answer: ["b", 1] });
  await a.ask({ publish: true, to: 5000 }, ({ published }) => published === 5000);
  b.signal("SIGSTOP");
  const stopped = await a.ask({ send: 2, timeoutMs: 30_000 }, isAnswer);
  assertEquals(stopped, { error: "ClosedError", of: 2 });
  await a.line("b failed", ({ change }) => change === "failed");
  b.signal("SIGCONT");
  const before = a.lines.findLastIndex(({ change }) => change === "failed");
  await a.line("b is back", ({ change }) => change === "joined" || change === "recovered", before);
  await a.ask({ wait: true }, ({ ready }) => ready === true);
  assertEquals((await a.ask({ send: 3, timeoutMs: 5000 }, isAnswer)).answer, ["b", 3]);
  await a.ask({ publish: true, from: 5000, to: 10_000 }, ({ published }) => published === 10_000);
  const { got, disordered } = await b.ask({ got: true, to: 5000 }, (line) => line.got !== undefined);
  assertEquals([disordered, Number(got) <= 10_000], [0, true]);
});

Deno.test("a process of the host that is killed fails its commands at once, and its socket is taken away", async () => {
  const machine = `${await Deno.makeTempDir({ prefix: "rwbus" })}/bus`;
  await using a = await BusChild.start({ name: "a", machine, silent: true });
  const b = await BusChild.start({ name: "b", machine });
  const scope = "machine";
  await a.ask({ wait: true, scope }, ({ ready }) => ready === true);
  await a.tell({ send: "never", scope, timeoutMs: 60_000 });
  assertEquals(await a.ask({ send: 1, scope }, isAnswer), { answer: ["b", 1] });
  await b.kill();
  await a.line("the failure", ({ error, of }) => error === "ClosedError" && of === "never");
  await a.line("b failed", ({ change, name }) => change === "failed" && name === "b");
  assertEquals(await a.ask({ send: 2, scope }, isAnswer), { error: "NoHandlerError", of: 2 });
  await using c = await BusChild.start({ name: "c", machine });
  await a.ask({ wait: true, scope }, ({ ready }) => ready === true);
  assertEquals(await a.ask({ send: 3, scope }, isAnswer), { answer: ["c", 3] });
  assertEquals((await Array.fromAsync(Deno.readDir(machine))).length, 2);
  assertEquals((await Deno.lstat(machine)).mode! & 0o777, 0o700);
  const published = await a.ask({ publish: true, to: 1000 }, ({ published }) => published === 1000);
  assertEquals(published, { published: 1000 });
  assertEquals(await c.ask({ got: true, to: 1000 }, (line) => line.got !== undefined), { got: 1000, disordered: 0 });
});

Deno.test("a node with another key is invisible", async () => {
  const port = 20_000 + (Deno.pid + 2) % 10_000;
  await using a = await BusChild.start({ ...meshOptions("a", port), silent: true });
  await using stranger = await BusChild.start({ ...meshOptions("x", port), key: "another key of sixteen bytes" });
  await using b = await BusChild.start(meshOptions("b", port));
  await a.ask({ wait: true }, ({ ready }) => ready === true);
  assertEquals(await a.ask({ send: 1, node: "x" }, isAnswer), { error: "NoHandlerError", of: 1 });
  assertEquals([...a.lines, ...b.lines].filter(({ name }) => name === "x"), []);
  assertEquals(stranger.lines.filter(({ change }) => change !== undefined), []);
});
